-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/irq-line",
	title = "KVM_IRQ_LINE wants an interrupt controller in the kernel that is ready, and a line that it has",
	seen_failing = "arm64-5.10, where an SPI that the GIC does not have makes the kernel warn: vgic_get_irq() has a WARN() that 6.1 has not",
}

local vm = kvm.vm()
local vcpu = vm:vcpu(0, {bare = true})

-- A line up and down again.
local function line(errno, irq, reason)
	for level = 1, 0, -1 do
		expect_errno(errno, vm.irq_line, vm, {irq = irq, level = level}, reason)
	end
end

expect_errno("EFAULT", vm.irq_line, vm, NULL, "there is nothing at NULL")

if host.arch == "x86" then
	line("ENXIO", 4, "there is no irqchip")
	expect_errno("ENXIO", vm.irq_line_status, vm, {irq = 4, level = 1}, "there is no irqchip")
	for _, chip in ipairs {
		{"the whole chip in the kernel", function(of) of:create_irqchip() end},
		{"a split one", function(of) of:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {24}} end},
	} do
		local name, create = table.unpack(chip)
		vm = kvm.vm()
		create(vm)
		line("OK", 4, name .. ": a line")
		-- kvm_set_irq() looks the routes up, and does nothing where none are.
		for _, gsi in ipairs {5000, 1 << 31, -1 & 0xffffffff} do
			line("OK", gsi, name .. ": a number without a route is no error")
			expect_eq(vm:irq_line_status {irq = gsi, level = 1}.status, -1, name .. ": but the status tells that nobody got it")
		end
	end
	return
end

if host.arch == "riscv" then
	line("ENXIO", 1, "there is no AIA")
	if not kvm.ioctl(vm, KVM_CREATE_DEVICE, struct("kvm_create_device", {type = KVM_DEV_TYPE_RISCV_AIA, flags = KVM_CREATE_DEVICE_TEST})) then
		skip("this host has no AIA")
	end
	vm:device(KVM_DEV_TYPE_RISCV_AIA)
	line("EBUSY", 1, "the AIA is there, but not initialised")
	return
end

-- arm64: type, vCPU and number in one.
local CPU, SPI, PPI = KVM_ARM_IRQ_TYPE_CPU, KVM_ARM_IRQ_TYPE_SPI, KVM_ARM_IRQ_TYPE_PPI
local function irq(kind, number, of)
	return kind << KVM_ARM_IRQ_TYPE_SHIFT | (of or 0) << KVM_ARM_IRQ_VCPU_SHIFT | number
end

line("ENXIO", irq(SPI, 32), "there is no GIC")
line("ENXIO", irq(PPI, 16), "there is no GIC")
line("OK", irq(CPU, KVM_ARM_IRQ_CPU_IRQ), "the vCPU's own line, for a GIC in user space")
line("OK", irq(CPU, KVM_ARM_IRQ_CPU_FIQ), "and the other one")
line("EINVAL", irq(CPU, 2), "it has two")
line("EINVAL", irq(CPU, 0, 1), "there is no vCPU 1")
for kind = 3, 15 do
	line("EINVAL", irq(kind, 32), "there are three types")
end

vm = kvm.vm()
local v3 = host.has "device:ARM_VGIC_V3"
local gic = vm:device(v3 and KVM_DEV_TYPE_ARM_VGIC_V3 or KVM_DEV_TYPE_ARM_VGIC_V2)
vcpu = vm:vcpu(0)
line("ENXIO", irq(CPU, KVM_ARM_IRQ_CPU_IRQ), "the GIC drives that one")
if v3 then
	-- A GICv2 is initialised by the first interrupt.
	line("EBUSY", irq(SPI, 32), "the GIC has not been initialised")
	line("EBUSY", irq(PPI, 16), "the GIC has not been initialised")
	-- 7.2 looks at that first, 6.12 and older ones at the number.
	if not host.at_least("6.13") then
		line("EINVAL", irq(SPI, 31), "SPIs begin at 32")
	elseif host.at_least("7.2") then
		line("EBUSY", irq(SPI, 31), "the GIC has not been initialised")
	end
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT)
end
line("OK", irq(SPI, 32), "the first SPI")
line("EINVAL", irq(SPI, 31), "SPIs begin at 32")
line("EINVAL", irq(SPI, 1000), "the GIC has fewer lines")
line("OK", irq(PPI, 16), "the first PPI")
line("OK", irq(PPI, 31), "the last PPI")
line("EINVAL", irq(PPI, 15), "that is an SGI, which software sends")
line("EINVAL", irq(PPI, 32), "PPIs end at 31")
line("EINVAL", irq(PPI, 16, 1), "there is no vCPU 1")
