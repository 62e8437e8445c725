-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/hyperv-cpuid", arch = "x86", needs = cap.HYPERV_CPUID,
	title = "KVM_GET_SUPPORTED_HV_CPUID gives Hyper-V's leaves, and E2BIG for a list that is too short",
	seen_failing = "absent natively, where KVM has no Hyper-V; fails with the test of the length taken out: lab/revert x86/hyperv-cpuid",
}

local vcpu = kvm.vm():vcpu(0)
local FIRST, VENDOR = 0x40000000, {"Linu", "x KV", "M Hv"}

local function list(room, nent)
	return struct("kvm_cpuid2", room, {nent = nent})
end

local function check(name, object)
	local ask = object.get_supported_hv_cpuid
	-- How many there are: one less is too few.
	local whole = list(64, 64)
	expect_ok(ask, object, whole, name .. ": there is room for all")
	local count = whole.nent
	expect(count > 3 and count < 64, name .. ": nent tells how many there are")
	for nent = 0, count - 1 do
		local short = list(nent, nent)
		expect_errno("E2BIG", ask, object, short, ("%s: %d are fewer than %d"):format(name, nent, count))
		expect_eq(short.nent, nent, name .. ": nent is left as it was")
	end
	expect_ok(ask, object, list(count, count), name .. ": just enough room")
	expect_errno("EFAULT", ask, object, list(count - 1, count), name .. ": the list ends before nent does")
	expect_errno("EFAULT", ask, object, NULL, name .. ": there is nothing at NULL")

	local first = whole.entries[0]
	expect_eq(first["function"], FIRST, name .. ": the hypervisor's leaves begin there")
	expect(first.eax >= FIRST + 5, name .. ": the first one has the last one's number")
	for i, register in ipairs {"ebx", "ecx", "edx"} do
		expect_eq(string.pack("<I4", first[register]), VENDOR[i], name .. ": the vendor's name, which is KVM's own")
	end
	expect_eq(string.pack("<I4", whole.entries[1].eax), "Hv#1", name .. ": the interface's name")
end

check("of a vCPU", vcpu)
if host.has "cap:SYS_HYPERV_CPUID" then
	check("of the system", kvm.system)
end
