-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/sregs2-flags",
	title = "KVM_SET_SREGS2 takes the PDPTRS_VALID flag in PAE paging only, and no other flag",
	arch = "x86", needs = cap.SREGS2,
	fixes = "KVM: x86: Introduce KVM_GET_SREGS2 / KVM_SET_SREGS2", since = "5.14",
	seen_failing = "absent on x86svm-5.10; fails with the test for PAE paging taken out: lab/revert x86/sregs2-flags",
}

local vm = kvm.vm()
vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0)

local s = vcpu:get_sregs2()
expect_eq(s.flags, 0, "a vCPU begins without paging, so there are no PDPTRs")
expect_ok(vcpu.set_sregs2, vcpu, s, "what was read can be written back")

s.flags = KVM_SREGS2_FLAGS_PDPTRS_VALID
expect_errno("EINVAL", vcpu.set_sregs2, vcpu, s, "paging is off, so there are no PDPTRs to be valid")

-- All ways to have no PAE paging.
local PE, PG, PAE, LME, LMA = 1 << 0, 1 << 31, 1 << 5, 1 << 8, 1 << 10
local function mode(cr0, cr4, efer)
	local new = copy(s)
	new.cr0, new.cr4, new.efer = s.cr0 | cr0, s.cr4 | cr4, s.efer | efer
	return new
end
for _, case in ipairs {
	{mode(PE, PAE, 0), "CR4.PAE alone is no paging"},
	{mode(PE | PG, 0, 0), "paging without PAE has two levels"},
	{mode(PE | PG, PAE, LME | LMA), "in long mode the third level has no registers of its own"},
	{mode(0, PAE, 0), "paging is off, and protected mode too"},
} do
	expect_errno("EINVAL", vcpu.set_sregs2, vcpu, case[1], case[2])
end
for _, case in ipairs {{PE | PG, 0, 0, "paging without PAE"}, {PE | PG, PAE, LME | LMA, "long mode"}} do
	local new = mode(case[1], case[2], case[3])
	new.flags = 0
	expect_ok(vcpu.set_sregs2, vcpu, new, case[4] .. " without the flag")
	expect_eq(vcpu:get_sregs2().flags, 0, case[4] .. " has no PDPTRs to be read")
end
local pae = mode(PE | PG, PAE, 0)
for i = 0, 3 do
	pae.pdptrs[i] = -1
end
expect_ok(vcpu.set_sregs2, vcpu, pae, "PAE paging has them; what they hold is not looked at")
local off = copy(s)
off.flags = 0
expect_ok(vcpu.set_sregs2, vcpu, off, "and back, without the flag")

for bit = 1, 63 do
	s.flags = 1 << bit
	expect_errno("EINVAL", vcpu.set_sregs2, vcpu, s, ("bit %d of flags has no meaning"):format(bit))
end
expect_errno("EFAULT", vcpu.set_sregs2, vcpu, NULL, "there is nothing at NULL")
expect_errno("EFAULT", vcpu.set_sregs2, vcpu, bytes(s, 0, sizeof(s) - 1), "the last byte is missing")
