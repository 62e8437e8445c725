-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/irqchip-creation", arch = "x86", needs = {cap.IRQCHIP, cap.SPLIT_IRQCHIP},
	title = "The in-kernel and the split irqchip: each once, not both, and before the first vCPU",
	seen_failing = "asked for ENOENT of a PIT without a PIC, x86svm-6.1 and 5.10 give 0; " ..
		"fails with the limit on routes taken out: lab/revert x86/irqchip-creation",
}

local function split(routes)
	return {cap = KVM_CAP_SPLIT_IRQCHIP, args = {routes}}
end

-- The whole chip in the kernel.
local vm = kvm.vm()
expect_errno("ENXIO", vm.irq_line, vm, {irq = 4, level = 1}, "there is no irqchip yet")
expect_errno("ENXIO", vm.get_irqchip, vm, {chip_id = KVM_IRQCHIP_IOAPIC}, "there is no irqchip yet")
expect_ok(vm.create_irqchip, vm, "the first one")
expect_errno("EEXIST", vm.create_irqchip, vm, "there is one")
expect_errno("EEXIST", vm.enable_cap, vm, split(24), "there is a whole one")
for _, chip in ipairs {KVM_IRQCHIP_PIC_MASTER, KVM_IRQCHIP_PIC_SLAVE, KVM_IRQCHIP_IOAPIC} do
	expect_ok(vm.get_irqchip, vm, {chip_id = chip}, "its three parts can be read")
end
expect_errno("EINVAL", vm.get_irqchip, vm, {chip_id = 3}, "there are three parts")
expect_errno("EINVAL", vm.set_irqchip, vm, {chip_id = 3}, "there are three parts")
expect_ok(vm.irq_line, vm, {irq = 4, level = 1}, "a line that exists")
expect_ok(vm.irq_line, vm, {irq = 4, level = 0}, "and down again")
expect_ok(vm.create_pit2, vm, {}, "now there is a PIC for the PIT")
expect_errno("EEXIST", vm.create_pit2, vm, {}, "there is one")

expect_errno("EFAULT", vm.create_pit2, vm, NULL, "there is nothing at NULL")
vm = kvm.vm()
vm:create_irqchip()
expect_ok(vm.create_pit, vm, "the older ioctl makes one too")
expect_errno("EEXIST", vm.create_pit2, vm, {}, "which is the VM's only one")
expect_errno("EEXIST", vm.create_pit, vm, "by either ioctl")

-- A PIT alone: since 6.12 (6.1 has no such check) it wants a PIC that its interrupt goes to.
local function without_pic(errno)
	return host.at_least("6.12") and errno or "OK"
end
vm = kvm.vm()
expect_errno(without_pic("ENOENT"), vm.create_pit2, vm, {}, "the PIT's interrupt ends in the PIC, which is not there")

-- After a vCPU it is too late.
vm = kvm.vm()
vm:vcpu(0)
expect_errno("EINVAL", vm.create_irqchip, vm, "the vCPU has been made without a local APIC in the kernel")
expect_errno("EEXIST", vm.enable_cap, vm, split(24), "the same for the split one, by another errno")

-- The local APICs in the kernel, the rest in user space.
vm = kvm.vm()
for _, routes in ipairs {4097, 1 << 16, 1 << 32, -1} do
	expect_errno("EINVAL", vm.enable_cap, vm, split(routes), "there are at most 4096 routes")
end
local flagged = split(24)
flagged.flags = 1
expect_errno("EINVAL", vm.enable_cap, vm, flagged, "no flag of KVM_ENABLE_CAP has a meaning")
for _, routes in ipairs {0, 4096} do
	local another = kvm.vm()
	expect_ok(another.enable_cap, another, split(routes), ("%d routes are allowed"):format(routes))
end
expect_ok(vm.enable_cap, vm, split(24), "24 pins of an I/O APIC in user space")
expect_errno("EEXIST", vm.enable_cap, vm, split(24), "there is one")
expect_errno("EINVAL", vm.enable_cap, vm, split(4097), "the number is looked at first")
expect_errno("EEXIST", vm.create_irqchip, vm, "there is a split one")
expect_errno(without_pic("ENOENT"), vm.create_pit2, vm, {}, "there is no PIC in the kernel")
expect_errno("ENXIO", vm.get_irqchip, vm, {chip_id = KVM_IRQCHIP_IOAPIC}, "the I/O APIC is not in the kernel")
local vcpu = vm:vcpu(0)
expect_ok(vcpu.get_lapic, vcpu, "the local APIC is")
