-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/smm-absent", arch = "x86",
	title = "A KVM without SMM: KVM_SMI is ENOTTY, and there is one address space",
	seen_failing = "absent on x86svm-* and x86vmx-*, which have SMM: there KVM_SMI succeeds",
}

if host.has(cap.X86_SMM) then
	skip("this KVM has SMM: x86/smm-rsm is for it")
end
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0)
expect_errno("ENOTTY", vcpu.smi, vcpu, "KVM_SMI of a kernel that is built without SMM (CONFIG_KVM_SMM)")
expect(vm:check_extension(cap.MULTI_ADDRESS_SPACE) <= 1, "SMM has the second one")
expect_errno("EINVAL", ram.set, ram, {slot = 1 << 16}, "SMM has the second one")
