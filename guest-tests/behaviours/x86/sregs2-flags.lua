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

for bit = 1, 63 do
	s.flags = 1 << bit
	expect_errno("EINVAL", vcpu.set_sregs2, vcpu, s, ("bit %d of flags has no meaning"):format(bit))
end
expect_errno("EFAULT", vcpu.set_sregs2, vcpu, NULL, "there is nothing at NULL")
expect_errno("EFAULT", vcpu.set_sregs2, vcpu, bytes(s, 0, sizeof(s) - 1), "the last byte is missing")
