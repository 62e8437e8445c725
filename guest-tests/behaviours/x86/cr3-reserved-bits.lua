-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/cr3-reserved-bits", arch = "x86",
	title = "CR3 has no bits above the guest's physical addresses: KVM_SET_SREGS refuses them in long mode",
	fixes = "KVM: x86: Introduce cr3_lm_rsvd_bits in kvm_vcpu_arch", since = "5.11",
	seen_failing = "fails with the test of CR3 taken out: lab/revert x86/cr3-reserved-bits",
}

local PE, PG, PAE = 1 << 0, 1 << 31, 1 << 5
local LME, LMA = 1 << 8, 1 << 10

local vm = kvm.vm()
vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0)

-- The width that this vCPU's CPUID says: leaf 0x80000008, EAX bits 7 to 0.
local width = 36
local cpuid = kvm.system:get_supported_cpuid()
for i = 0, cpuid.nent - 1 do
	if cpuid.entries[i]["function"] == 0x80000008 then
		width = cpuid.entries[i].eax & 0xff
	end
end
print("physical addresses have", width, "bits")

local function long_mode(cr3)
	local s = vcpu:get_sregs()
	s.cr0, s.cr4, s.efer, s.cr3 = s.cr0 | PE | PG, s.cr4 | PAE, s.efer | LME | LMA, cr3
	s.cs.l, s.cs.db = 1, 0
	return s
end

expect_ok(vcpu.set_sregs, vcpu, long_mode(0x1000), "a page table in RAM")
for bit = 12, width - 1 do
	expect_ok(vcpu.set_sregs, vcpu, long_mode(1 << bit), ("bit %d is one of an address"):format(bit))
end
-- 63 is the "no flush" bit of MOV to CR3, which the register does not keep; 62 and 61 are LAM's where that exists.
for bit = width, 60 do
	expect_errno("EINVAL", vcpu.set_sregs, vcpu, long_mode(1 << bit), ("bit %d is beyond %d bits of address"):format(bit, width))
end
