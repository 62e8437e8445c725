-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/pmu-counters", arch = "arm64", needs = cap.ARM_PMU_V3,
	title = "A guest's PMU: counters, chains, filters by exception level, PMCR_EL0, overflow interrupts by the GIC and by user space",
	seen_failing = "fails with PMCR_EL0.P's exception of the cycle counter taken out: lab/revert arm64/pmu-counters; arm64-5.10 lacks a " ..
		"fix of chained counters, on arm64-7.2-pkvm cycles do not count; absent on arm64-6.1-nopmu; fails with the guest's " ..
		"filters, its PMCR_EL0.P or its chain left out, and with another interrupt than it waits for, arm64-6.1",
}

local PMU <const> = KVM_ARM_VCPU_PMU_V3_CTRL
local guest = program "pmu-counters.c"

local function fresh()
	local vm = kvm.vm()
	return vm, vm:vcpu(0, {features = {KVM_ARM_VCPU_PMU_V3}})
end

local function counters(vcpu)
	return vcpu:reg("PMCR_EL0") >> 11 & 0x1f
end

-- ---- all of it, with a GIC ----

local vm, vcpu = fresh()
local _, args = vm:gic()
vcpu:set_attr(PMU, KVM_ARM_VCPU_PMU_V3_IRQ, 23)
vcpu:set_attr(PMU, KVM_ARM_VCPU_PMU_V3_INIT)
local all = counters(vcpu)
vm:boot(guest, {memory = 4 << 20, args = args, vcpu = vcpu})
local told = vcpu:finish("the guest has looked at its PMU")
expect_eq(told.counters, all, "the guest has as many counters as user space reads (PMCR_EL0.N)")

-- ---- fewer counters ----

-- By PMCR_EL0.N since 6.7, before the VM has run.
if host.at_least("6.7") then
	for _, n in ipairs {1, 0} do
		vm, vcpu = fresh()
		vcpu:set_attr(PMU, KVM_ARM_VCPU_PMU_V3_INIT)
		vcpu:reg("PMCR_EL0", vcpu:reg("PMCR_EL0") & ~(0x1f << 11) | n << 11)
		vm:boot(guest, {memory = 4 << 20, args = "part=registers", vcpu = vcpu})
		told = vcpu:finish("the guest has looked at its registers")
		expect_eq(told.counters, n, "the guest has as many as user space has written")
		vcpu:reg("PMCR_EL0", vcpu:reg("PMCR_EL0") & ~(0x1f << 11) | all << 11)
		expect_eq(counters(vcpu), n, "a VM that has run keeps its counters")
	end
end

-- ---- the line without a GIC ----

if host.has "cap:ARM_USER_IRQ" then
	vm, vcpu = fresh()
	vcpu:set_attr(PMU, KVM_ARM_VCPU_PMU_V3_INIT)
	vm:boot(guest, {memory = 4 << 20, args = "part=line", vcpu = vcpu})
	local function line()
		return vcpu.kvm_run.s.regs.device_irq_level & KVM_ARM_DEV_PMU
	end
	vcpu:hear("version", "the guest has a PMU")
	vcpu:hear("counters", "the guest has a PMU")
	vcpu:hear("down", "it has enabled an interrupt")
	expect_eq(line(), 0, "nothing has overflowed")
	expect_errno("EINTR", vcpu.run, vcpu, "a counter overflows, and the line is user space's")
	expect_eq(vcpu.kvm_run.exit_reason, KVM_EXIT_INTR, "the exit says nothing, the line does")
	expect_eq(line(), KVM_ARM_DEV_PMU, "it is up")
	vcpu:hear("up", "the guest goes on")
	expect_eq(line(), KVM_ARM_DEV_PMU, "it is still up")
	expect_errno("EINTR", vcpu.run, vcpu, "the guest clears the flag")
	expect_eq(line(), 0, "the line follows")
	vcpu:hear("down again", "the guest goes on")
	vcpu:finish("the guest is done")
end
