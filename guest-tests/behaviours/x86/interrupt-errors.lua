-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/interrupt-errors", arch = "x86", needs = {cap.IRQCHIP, cap.SPLIT_IRQCHIP},
	title = "KVM_INTERRUPT is for user space's PIC: ENXIO with the kernel's, one at a time with a split irqchip",
	seen_failing = "fails with the test for a waiting vector taken out: lab/revert x86/interrupt-errors",
}

local vm = kvm.vm()
vm:create_irqchip()
local vcpu = vm:vcpu(0)
expect_errno("ENXIO", vcpu.interrupt, vcpu, {irq = 0x40}, "the kernel's PIC decides what comes")

vm = kvm.vm()
vm:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {24}}
vcpu = vm:vcpu(0)
expect_ok(vcpu.interrupt, vcpu, {irq = 0x40}, "user space's PIC hands on a vector")
expect_errno("EEXIST", vcpu.interrupt, vcpu, {irq = 0x41}, "the one before has not been taken")
expect_errno("EINVAL", vcpu.interrupt, vcpu, {irq = 0x100}, "vectors are 0 to 255")
