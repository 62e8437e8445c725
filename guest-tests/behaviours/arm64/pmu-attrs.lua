-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/pmu-attrs", arch = "arm64", needs = cap.ARM_PMU_V3,
	title = "The PMU's attributes of a vCPU: interrupt, filter, hardware PMU and INIT, in their order, each misuse with its errno",
	seen_failing = "fails with the test of the vCPUs' interrupts taken out: lab/revert arm64/pmu-attrs; arm64-7.2, which takes " ..
		"SET_NR_COUNTERS of a VM that has run; asked for what 6.1 gives, arm64-5.10 fails 6 expectations (SET_PMU, a run " ..
		"without INIT, a filter after a run); absent on arm64-6.1-nopmu; fails with --inject of EBADF into KVM_SET_DEVICE_ATTR " ..
		"and KVM_RUN, arm64-6.1",
}

local PMU <const>, IRQ <const>, INIT <const>, FILTER <const>, SET_PMU <const> = KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ,
	KVM_ARM_VCPU_PMU_V3_INIT, KVM_ARM_VCPU_PMU_V3_FILTER, KVM_ARM_VCPU_PMU_V3_SET_PMU
local v3 = host.has "device:ARM_VGIC_V3"
local newer = host.at_least("6.1")

-- A VM with vCPUs that have a PMU; @gic: "none", "made" or "ready".
local function fresh(gic, vcpus, features)
	local vm = kvm.vm()
	local device = gic ~= "none" and vm:device(v3 and KVM_DEV_TYPE_ARM_VGIC_V3 or KVM_DEV_TYPE_ARM_VGIC_V2)
	local list = {}
	for id = 0, (vcpus or 1) - 1 do
		list[id + 1] = vm:vcpu(id, {features = features or {KVM_ARM_VCPU_PMU_V3}})
	end
	if gic == "ready" then
		device:set_attr(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT)
	end
	return table.unpack(list)
end

local function set(errno, vcpu, attr, value, reason)
	expect_errno(errno, vcpu.set_attr, vcpu, PMU, attr, value, reason)
end

local function filter(errno, vcpu, base, number, action, reason)
	set(errno, vcpu, FILTER, struct("kvm_pmu_event_filter", {base_event = base, nevents = number, action = action}), reason)
end

-- ---- a vCPU that is to have none ----

local vcpu = fresh("ready", 1, {})
for _, attr in ipairs {IRQ, INIT, FILTER, SET_PMU} do
	expect(not vcpu:has_attr(PMU, attr), "the vCPU has no PMU")
	set("ENODEV", vcpu, attr, 23, "the vCPU has no PMU")
end

-- ---- INIT and the interrupt, by what GIC there is ----

vcpu = fresh "none"
for _, attr in ipairs {IRQ, INIT, FILTER} do
	expect(vcpu:has_attr(PMU, attr), "every kernel has it")
end
expect_eq(vcpu:has_attr(PMU, SET_PMU), newer, "6.1 has it, 5.10 has not")
expect(not vcpu:has_attr(PMU, 99), "there is no such attribute")
set("ENXIO", vcpu, 99, 0, "there is no such attribute")
set("EINVAL", vcpu, IRQ, 23, "there is no GIC to take the interrupt")
expect_errno("EINVAL", vcpu.get_attr, vcpu, PMU, IRQ, "u32", "there is no GIC to take the interrupt")
set("OK", vcpu, INIT, nil, "without a GIC the overflow is user space's")
for _, attr in ipairs {IRQ, INIT, FILTER} do
	set("EBUSY", vcpu, attr, 23, "the PMU is initialised")
end

vcpu = fresh "made"
set("ENODEV", vcpu, INIT, nil, "the GIC is not initialised")
set("OK", vcpu, IRQ, 23, "it may be told before that")
set("ENODEV", vcpu, INIT, nil, "the GIC is still not initialised")

vcpu = fresh "ready"
set("ENXIO", vcpu, INIT, nil, "there is a GIC, and no interrupt")
expect_errno("ENXIO", vcpu.get_attr, vcpu, PMU, IRQ, "u32", "none has been set")
expect_errno("EFAULT", vcpu.set_device_attr, vcpu, {group = PMU, attr = IRQ}, "there is nothing at NULL")
for _, number in ipairs {0, 15, 1020, 1 << 20, 1 << 31} do
	set("EINVAL", vcpu, IRQ, number, ("%d is neither a PPI nor an SPI"):format(number))
end
set("OK", vcpu, IRQ, 23, "the PPI that the architecture recommends")
set("EBUSY", vcpu, IRQ, 23, "it can be set once")
expect_eq(vcpu:get_attr(PMU, IRQ, "u32"), 23, "it can be read")
set("OK", vcpu, INIT, nil, "all is there")
set("EBUSY", vcpu, INIT, nil, "it is done")
expect_eq(vcpu:get_attr(PMU, IRQ, "u32"), 23, "it can still be read")

-- ---- the interrupts of several vCPUs ----

local one, two = fresh("ready", 2)
set("OK", one, IRQ, 23, "a PPI")
set("EINVAL", two, IRQ, 24, "a PPI is the same for all")
set("OK", two, IRQ, 23, "a PPI is the same for all")
one, two = fresh("ready", 2)
set("OK", one, IRQ, 40, "an SPI")
set("EINVAL", two, IRQ, 40, "an SPI belongs to one vCPU")
set("OK", two, IRQ, 41, "an SPI belongs to one vCPU")

-- The GIC has 256 interrupts; one behind them is taken by IRQ and refused when the PMU wants to own it.
vcpu = fresh "ready"
set("OK", vcpu, IRQ, 1000, "it may be an SPI")
set("EINVAL", vcpu, INIT, nil, "the GIC has no such one")

-- The virtual timer has PPI 27, which is the PMU's or the timer's, whoever comes first: the timer's claim is at the first KVM_RUN,
-- even if that fails because the PMU is not initialised (5.10 lets it pass).
local function with_addresses()
	local vm = kvm.vm()
	local gic = vm:device(v3 and KVM_DEV_TYPE_ARM_VGIC_V3 or KVM_DEV_TYPE_ARM_VGIC_V2)
	local v = vm:vcpu(0, {features = {KVM_ARM_VCPU_PMU_V3}})
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, v3 and KVM_VGIC_V3_ADDR_TYPE_DIST or KVM_VGIC_V2_ADDR_TYPE_DIST, 0x8000000)
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, v3 and KVM_VGIC_V3_ADDR_TYPE_REDIST or KVM_VGIC_V2_ADDR_TYPE_CPU, 0x80a0000)
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT)
	v.kvm_run.immediate_exit = 1
	set("OK", v, IRQ, 27, "it is a PPI")
	return v
end
vcpu = with_addresses()
set("OK", vcpu, INIT, nil, "nobody has it yet")
expect_errno("EINVAL", vcpu.run, vcpu, "the timer's PPI is the PMU's")
vcpu = with_addresses()
expect_errno(newer and "EINVAL" or "EINTR", vcpu.run, vcpu, "the PMU is not initialised")
set("EEXIST", vcpu, INIT, nil, "the PMU's PPI is the timer's")

-- ---- filter ----

vcpu = fresh "none"
expect_errno("EFAULT", vcpu.set_device_attr, vcpu, {group = PMU, attr = FILTER}, "there is nothing at NULL")
for _, action in ipairs {2, 255} do
	filter("EINVAL", vcpu, 0, 1, action, "an event is allowed (0) or denied (1)")
end
filter("EINVAL", vcpu, 0xffff, 2, KVM_PMU_EVENT_DENY, "events have 16 bits at most")
filter("OK", vcpu, 0x11, 1, KVM_PMU_EVENT_DENY, "cycles are an event of every PMU")
filter("OK", vcpu, 0, 0x10, KVM_PMU_EVENT_ALLOW, "filters add up")

-- Another vCPU of the VM runs; 5.10 looks only at whether the PMU is initialised.
local function beside_one_that_ran()
	local v, other = fresh("none", 2)
	other:set_attr(PMU, INIT)
	other.kvm_run.immediate_exit = 1
	expect_errno("EINTR", other.run, other, "nothing is missing")
	return v
end
filter(newer and "EBUSY" or "OK", beside_one_that_ran(), 0x11, 1, KVM_PMU_EVENT_DENY, "a VM that has run keeps its filter")

-- What a filter does: the guest tells its events (PMCEID0_EL0), its cycle counter, and a counter of software increments.
local code = asm {
	at = 0x1000,
	arm64 = [[
			mov x0, #0xd0000
			mrs x1, pmceid0_el0
			str x1, [x0]
			mov x1, #-1
			msr pmintenclr_el1, x1
			msr pmovsclr_el0, x1
			msr pmcntenclr_el0, x1
			msr pmccfiltr_el0, xzr
			msr pmccntr_el0, xzr
			msr pmevtyper0_el0, xzr
			msr pmevcntr0_el0, xzr
			mov x1, #1
			orr x1, x1, #1 << 31
			msr pmcntenset_el0, x1
			mov x1, #0x41
			msr pmcr_el0, x1
			isb
			mov x2, #1
			msr pmswinc_el0, x2
			mov x3, #2000
		1:	subs x3, x3, #1
			b.ne 1b
			mrs x1, pmccntr_el0
			str x1, [x0, #8]
			mrs x1, pmevcntr0_el0
			str x1, [x0, #16]
	]],
}
local function filtered(filters)
	local v = fresh "none"
	for _, one in ipairs(filters) do
		filter("OK", v, one[1], one[2], one[3], "events can be allowed and denied")
	end
	v:set_attr(PMU, INIT)
	v.vm:memory({gpa = 0, size = 0x10000}):load(code)
	v:start(code.at)
	local values = {}
	for i = 1, 3 do
		v:run("KVM_EXIT_MMIO", "the guest tells of its PMU")
		values[i] = v:data()
	end
	return table.unpack(values)
end
local ALLOW <const>, DENY <const>, CYCLES <const> = KVM_PMU_EVENT_ALLOW, KVM_PMU_EVENT_DENY, 0x11
local all, counted = filtered {}
expect(all >> CYCLES & 1 == 1 and counted > 0, "without a filter cycles are counted")
for _, one in ipairs {
	{{{CYCLES, 1, DENY}}, all & ~(1 << CYCLES), false},
	{{{CYCLES, 1, ALLOW}}, all & 1 << CYCLES, true},
	{{{0, CYCLES, ALLOW}}, all & ((1 << CYCLES) - 1), false},
	{{{0, 0x20, DENY}}, all & ~0xffffffff, false},
	{{{0, 0x20, DENY}, {CYCLES, 1, ALLOW}}, all & (~0xffffffff | 1 << CYCLES), true},
	{{{0, 0x20, ALLOW}, {CYCLES, 1, DENY}}, all & 0xffffffff & ~(1 << CYCLES), false},
	{{{0, 0, ALLOW}}, 0, false},
	{{{0, 0, DENY}}, all, true},
} do
	local events, cycles, increments = filtered(one[1])
	expect_eq(("0x%x"):format(events), ("0x%x"):format(one[2]), "the guest is told of the events that it has; the first filter decides on the rest")
	expect_eq(cycles > 0, one[3], "the cycle counter goes with event 0x11")
	expect_eq(increments, 1, "software increments cannot be denied")
end

-- ---- which PMU of the hardware ----

set("ENXIO", fresh "none", SET_PMU, 1 << 20, "there is no such PMU, in 5.10 not even the attribute")
local number
for _, name in ipairs {"armv8_pmuv3_0", "armv8_pmuv3"} do
	number = number or tonumber(host.read("/sys/bus/event_source/devices/" .. name .. "/type") or nil)
end
if newer then
	vcpu = fresh "none"
	expect_errno("EFAULT", vcpu.set_device_attr, vcpu, {group = PMU, attr = SET_PMU}, "there is nothing at NULL")
end
if newer and number then
	vcpu = fresh "none"
	set("OK", vcpu, SET_PMU, number, "perf has a PMU of that number")
	filter("OK", vcpu, 0x11, 1, KVM_PMU_EVENT_DENY, "its events can be filtered")
	set("OK", vcpu, SET_PMU, number, "the filter is of the same PMU")
	set("EBUSY", beside_one_that_ran(), SET_PMU, number, "a VM that has run keeps its PMU")
end

-- ---- how many counters ----

vcpu = fresh "none"
if host.at_least("7.2") then
	local most = vcpu:reg("PMCR_EL0") >> 11 & 0x1f
	set("EINVAL", vcpu, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, most + 1, "the hardware has fewer")
	for _, n in ipairs {0, 1, most} do
		set("OK", vcpu, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, n, "the hardware has as many")
		expect_eq(vcpu:reg("PMCR_EL0") >> 11 & 0x1f, n, "the guest is told (PMCR_EL0.N)")
	end
	-- kvm_arm_pmu_v3_set_nr_counters() does not look.
	set("EBUSY", beside_one_that_ran(), KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, 1, "a VM that has run keeps its counters, says Documentation/virt/kvm/devices/vcpu.rst")
	expect_errno("EFAULT", vcpu.set_device_attr, vcpu, {group = PMU, attr = KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS}, "there is nothing at NULL")
elseif not host.at_least("6.13") then
	set("ENXIO", vcpu, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, 1, "6.12 and older ones have no such attribute")
end
