-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tsc-aux-access", arch = "x86",
	title = "A guest has the MSR TSC_AUX if its CPUID has RDTSCP or RDPID; user space has it always",
	seen_failing = "fails with the test of the guest's CPUID taken out: lab/revert x86/tsc-aux-access; " ..
		"x86svm-5.10 asked for the MSR by RDPID alone gives #GP",
}

if host.backend == "pvm" then
	skip("PVM's guests have CPUID bits of the host beside what KVM_SET_CPUID2 says")
end

local TSC_AUX = 0xc0000103
-- Where CPUID has them, and the vendor: leaf, register, bit.
local RDTSCP, RDPID = {0x80000001, "edx", 27}, {7, "ecx", 22}
local supported = kvm.system:get_supported_cpuid()

local function leaf(cpuid, number)
	for i = 0, cpuid.nent - 1 do
		if cpuid.entries[i]["function"] == number and cpuid.entries[i].index == 0 then
			return cpuid.entries[i]
		end
	end
end
local function has(bit)
	local entry = leaf(supported, bit[1])
	return entry and entry[bit[2]] & 1 << bit[3] ~= 0
end
local function with(...)
	local cpuid = copy(supported)
	for _, bit in ipairs {RDTSCP, RDPID} do
		local entry = leaf(cpuid, bit[1])
		entry[bit[2]] = entry[bit[2]] & ~(1 << bit[3])
	end
	for _, bit in ipairs {...} do
		local entry = leaf(cpuid, bit[1])
		entry[bit[2]] = entry[bit[2]] | 1 << bit[3]
	end
	return cpuid
end
if not has(RDTSCP) then
	skip("the processor has no RDTSCP")
end

-- Reads the MSR, then writes ESI to it; each time it tells whether that was #GP.
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0x8000, %sp
		again:	mov $0xc0000103, %ecx
			mov $1, %bl
			rdmsr
			call tell
			mov $1, %bl
			mov %esi, %eax
			xor %edx, %edx
			wrmsr
			call tell
			jmp again
		tell:	mov %bl, %al
			out %al, $0x80
			ret
		on_gp:	mov $13, %bl		# RDMSR and WRMSR have 2 bytes
			mov %sp, %bp
			addw $2, (%bp)
			iret
	]],
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
ram:load(code)
ram:u16(13 * 4, code.on_gp)

local number = 0
local function check(allowed, name, ...)
	local vcpu = vm:vcpu(number, {bare = true})
	number = number + 1
	vcpu:set_cpuid2(with(...))
	vcpu:start(code.start)
	vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	expect_ok(vcpu.msr, vcpu, TSC_AUX, 0x1234, name .. ": user space may write it, whatever the guest's CPUID has")
	expect_eq(vcpu:msr(TSC_AUX), 0x1234, name .. ": and reads what it has written")
	local r = vcpu:get_regs()
	r.rsi = 0x5678
	vcpu:set_regs(r)
	for _, access in ipairs {"RDMSR", "WRMSR"} do
		vcpu:run("KVM_EXIT_IO", "the guest tells how it went")
		expect_eq(vcpu:data(), allowed and 1 or 13, ("%s: the guest's %s %s"):format(name, access, allowed and "works" or "is #GP"))
	end
	expect_eq(vcpu:msr(TSC_AUX), allowed and 0x5678 or 0x1234, name .. ": a write that is refused changes nothing")
	return vcpu
end

local vcpu = check(true, "RDTSCP", RDTSCP)
check(false, "neither")
-- 5.10 looks at RDTSCP alone. A processor without RDPID is no reason to refuse it: KVM emulates the instruction.
check(host.at_least("6.1"), "RDPID", RDPID)
check(true, "both", RDTSCP, RDPID)

-- Its upper half: reserved on Intel's processors, ignored on AMD's. 5.10's SVM keeps it.
local INTEL = 0x756e6547 -- "Genu"
if host.at_least("6.1") then
	local intel = leaf(supported, 0).ebx == INTEL
	expect_errno(intel and "EINVAL" or "OK", vcpu.msr, vcpu, TSC_AUX, 1 << 32 | 0x77, "the MSR has 32 bits")
	expect_eq(vcpu:msr(TSC_AUX), intel and 0x5678 or 0x77, "the upper half is never there")
end
