-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/user-gic", arch = "arm64", needs = cap.ARM_USER_IRQ, timeout = 60,
	title = "A GICv2 in user space, with the timer's and the PMU's lines from KVM: the guest sees what it sees with the kernel's GIC",
	seen_failing = "fails without the timer's line, without the PMU's, and with an output that is carried once only, arm64-6.1; " ..
		"protected KVM of 7.2 does not know the vCPU's lines: arm64-7.2-pkvm",
}

local DIST <const>, CPU <const>, IRQS <const> = 0x08000000, 0x08020000, 64
local TIMER <const>, PMU <const> = 27, 23
local guest = program "user-gic.c"
local has_pmu = host.has "cap:ARM_PMU_V3"

-- What was wanted of the guest's five kinds of interrupts.
local wanted = {
	timer = 20, ["timer stopped"] = 0, ["timer withdrawn"] = 0, SGI = 10, ["SGIs merged"] = 1,
	SPI = 5, ["SPI disabled"] = 0, ["SPI enabled again"] = 1, PMU = has_pmu and 5 or nil,
}

local function fresh()
	local vm = kvm.vm()
	local vcpu = vm:vcpu(0, {features = has_pmu and {KVM_ARM_VCPU_PMU_V3} or {}})
	return vm, vcpu
end

local function init_pmu(vcpu, irq)
	if not has_pmu then return end
	if irq then
		vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, irq)
	end
	vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT)
end

-- Boots the guest and gives what it counted; pulse(SPI) is its wish.
local function counts(vm, vcpu, args, pulse)
	vm:boot(guest, {memory = 4 << 20, args = args, vcpu = vcpu})
	local told = {}
	repeat
		local value, name = vcpu:hear(nil, "the guest goes on")
		if name == "pulse" then pulse(value) else told[name] = value end
	until name == "done"
	vcpu:finish("the guest has told all")
	return told
end

local function judge(told, whose)
	for name, n in pairs(wanted) do
		expect_eq(told[name], n, ("%s, %s: so often the guest makes it come"):format(whose, name))
	end
end

-- ---- the kernel's ----

local vm, vcpu = fresh()
local _, args = vm:gic()
init_pmu(vcpu, PMU)
judge(counts(vm, vcpu, args, function(id)
	for _, level in ipairs {1, 0} do
		vm:irq_line {irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | id, level = level}
	end
end), "the kernel's GIC")
vm:close()

-- ---- the vCPU's two lines ----

-- ISR_EL1 shows what waits, IRQ in bit 7 and FIQ in bit 6.
local IRQ <const>, FIQ <const> = 1 << 7, 1 << 6
vm = kvm.vm()
local looks = vm:vcpu(0):start(vm:memory({gpa = 0, size = 0x10000}):load(asm {
	at = 0x1000,
	arm64 = [[
		mov x1, #0x50000
	again:	mrs x0, isr_el1
		str x0, [x1]
		b again
	]],
}))
local function line(v, which, level)
	v.vm:irq_line {irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT | which, level = level and 1 or 0}
end
local lines = true
for _, step in ipairs {
	{KVM_ARM_IRQ_CPU_IRQ, true, IRQ}, {KVM_ARM_IRQ_CPU_FIQ, true, IRQ | FIQ}, {KVM_ARM_IRQ_CPU_IRQ, false, FIQ},
	{KVM_ARM_IRQ_CPU_FIQ, false, 0},
} do
	line(looks, step[1], step[2])
	looks:run("KVM_EXIT_MMIO", "the guest tells its ISR_EL1")
	lines = expect_eq(looks:data() & (IRQ | FIQ), step[3], "KVM_IRQ_LINE of this type is the vCPU's IRQ or FIQ line") and lines
end
vm:close()
if not lines then
	return
end

-- ---- ours ----

vm, vcpu = fresh()
init_pmu(vcpu)
local gic = model("gicv2", {cpus = 1, irqs = IRQS})
vm:attach(gic, {gpa = DIST, size = 0x1000}):attach(gic, {gpa = CPU, size = 0x2000, offset = 0x10000})
local irq, tells = false, 0
vm:wire(function(v)
	local levels = v.kvm_run.s.regs.device_irq_level
	gic:input(TIMER, levels & KVM_ARM_DEV_EL1_VTIMER ~= 0)
	gic:input(PMU, levels & KVM_ARM_DEV_PMU ~= 0)
	if gic:output(0) ~= irq then
		irq, tells = not irq, tells + 1
		line(v, KVM_ARM_IRQ_CPU_IRQ, irq)
	end
end)
judge(counts(vm, vcpu, ("gicv2=0x%x,0x%x"):format(DIST, CPU), function(id)
	gic:input(id, true)
	gic:input(id, false)
end), "our GICv2")
expect(not irq and tells >= 2 * (20 + 10 + 1 + 5 + 1), "each interrupt has raised the vCPU's IRQ line, and its acknowledge lowered it")
