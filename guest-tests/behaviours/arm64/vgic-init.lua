-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/vgic-init", arch = "arm64",
	title = "Timers without a vgic, with one that is not ready and with one that is; vCPUs that enter for the first time at once",
	fixes = "KVM: arm64: arch_timer: Remove VGIC initialization check; Move double-checked lock to kvm_vgic_map_resources()",
	seen_failing = "arm64-6.1-debug, where a vCPU entered before the distributor was on the bus, now and then, and always with a pause there; fails " ..
		"where nobody looks at the timers' lines: lab/revert arm64/vgic-init",
}

local CTRL <const>, INIT <const> = KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT
local TIMER <const>, VTIMER <const>, PTIMER <const> = KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER, KVM_ARM_VCPU_TIMER_IRQ_PTIMER
local DIST_AT <const>, SECOND_AT <const>, HOLE <const> = 0x8000000, 0x8010000, 0x50000
local newer = host.at_least("6.1")

-- What a GIC's model has of its own: `second` are the redistributors, or the CPU interface.
local GICS <const> = {
	{key = "device:ARM_VGIC_V3", name = "GICv3", type = KVM_DEV_TYPE_ARM_VGIC_V3, dist = KVM_VGIC_V3_ADDR_TYPE_DIST,
		second = KVM_VGIC_V3_ADDR_TYPE_REDIST, enable = {KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 0x10100}, group = 2, acknowledge = "v3"},
	{key = "device:ARM_VGIC_V2", name = "GICv2", type = KVM_DEV_TYPE_ARM_VGIC_V2, dist = KVM_VGIC_V2_ADDR_TYPE_DIST,
		second = KVM_VGIC_V2_ADDR_TYPE_CPU, enable = {KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0x100}, group = 1, acknowledge = "v2"},
}

local code = asm {
	at = 0x1000,
	arm64 = [[
	// Each of these leaves a timer so, and goes on for ever.
	v_fire:	msr cntv_cval_el0, xzr
		mov x0, #1
		msr cntv_ctl_el0, x0
		isb
		b .
	v_mask:	mov x0, #3
		msr cntv_ctl_el0, x0
		isb
		b .
	v_off:	msr cntv_ctl_el0, xzr
		isb
		b .
	p_fire:	msr cntp_cval_el0, xzr
		mov x0, #1
		msr cntp_ctl_el0, x0
		isb
		b .
	p_mask:	mov x0, #3
		msr cntp_ctl_el0, x0
		isb
		b .
	p_off:	msr cntp_ctl_el0, xzr
		isb
		b .
	// A five-hundredth of a second on.
	wait:	mrs x0, cntfrq_el0
		mov x1, #500
		udiv x0, x0, x1
		msr cntv_tval_el0, x0
		mov x0, #1
		msr cntv_ctl_el0, x0
		isb
		wfi
		b .
	// Where its number is to be had from a GIC; x2 says which timer.
	v3:	mov x0, #7
		msr icc_sre_el1, x0
		isb
		mov x0, #0xf0
		msr icc_pmr_el1, x0
		mov x0, #1
		msr icc_igrpen1_el1, x0
		isb
		bl fire
	1:	mrs x1, icc_iar1_el1
		cmp x1, #1020
		b.ge 1b
		b told
	v2:	mov x3, #0x8010000
		mov w0, #0xf0
		str w0, [x3, #4]
		mov w0, #1
		str w0, [x3]
		bl fire
	2:	ldr w1, [x3, #0xc]
		cmp w1, #1020
		b.ge 2b
	told:	mov x9, #0x50000
		str x1, [x9]
		b .
	fire:	mov x0, #1
		cbnz x2, 3f
		msr cntv_cval_el0, xzr
		msr cntv_ctl_el0, x0
		isb
		ret
	3:	msr cntp_cval_el0, xzr
		msr cntp_ctl_el0, x0
		isb
		ret
	// GICD_TYPER.
	typer:	mov x3, #0x8000000
		ldr w1, [x3, #4]
		b told
	store:	mov x9, #0x50000
		str x0, [x9]
		b .
	]],
}

local function with_code(vm)
	vm:memory({gpa = 0, size = 0x4000}):load(code)
	return vm
end

-- The next KVM_RUN begins at one of these.
local function begin(vcpu, entry)
	if vcpu.kvm_run.exit_reason == KVM_EXIT_MMIO then
		vcpu:settle()
	end
	return vcpu:start(code[entry])
end

local function runs_to(vcpu, address, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	return expect_eq(exit.mmio.phys_addr, address, reason)
end

-- ---- no vgic: the timers' lines are told to user space ----

-- KVM_RUN returns when a line has changed, by EINTR if nothing else comes; what comes shows the lines, too.
local V <const>, P <const> = KVM_ARM_DEV_EL1_VTIMER, KVM_ARM_DEV_EL1_PTIMER

expect(kvm.system:check_extension(cap.ARM_USER_IRQ) >= 1, "every kernel from 4.12 on tells the lines of timers and PMU")

local vm = with_code(kvm.vm())
local vcpu = vm:vcpu(0)

local function level()
	return vcpu.kvm_run.s.regs.device_irq_level
end

local function changes(entry, wanted, reason)
	begin(vcpu, entry)
	expect_errno("EINTR", vcpu.run, vcpu, reason)
	expect_eq(vcpu.kvm_run.exit_reason, KVM_EXIT_INTR, "it is no error, but a change of lines")
	expect_eq(level(), wanted, reason)
end

expect_eq(level(), 0, "nothing has run")
begin(vcpu, "store")
runs_to(vcpu, HOLE, "no timer is on")
expect_eq(level(), 0, "no timer is on")
changes("v_fire", V, "the virtual timer has expired")
begin(vcpu, "store")
runs_to(vcpu, HOLE, "the line is known, and the guest goes on with it")
expect_eq(level(), V, "the line is still up")
changes("p_fire", V | P, "the physical one has expired as well")
changes("v_mask", P, "the virtual one is masked (CNTV_CTL.IMASK)")
changes("v_fire", V | P, "it is not any more")
changes("p_mask", V, "the physical one is masked (CNTP_CTL.IMASK)")
changes("p_fire", V | P, "it is not any more")
changes("v_off", P, "the virtual one is off")
changes("p_off", 0, "the physical one is off, too")
changes("wait", V, "the timer expires while the guest waits, WFI blocks no longer than that")
changes("v_off", 0, "the virtual one is off")

-- User space can set a timer, too.
vcpu:reg("CNTV_CVAL_EL0", 0)
vcpu:reg("CNTV_CTL_EL0", 1)
changes("store", V, "the timer that user space has set has expired before the guest's first instruction")
expect_eq(vcpu:reg("PC"), code.store, "the guest has done nothing yet")

-- ---- the timers' interrupts, as attributes of a vCPU ----

local function set(errno, of, attr, value, reason)
	expect_errno(errno, of.set_attr, of, TIMER, attr, value, reason)
end

local function is(of, v, p, reason)
	expect_eq(of:get_attr(TIMER, VTIMER, "u32"), v, reason)
	expect_eq(of:get_attr(TIMER, PTIMER, "u32"), p, reason)
end

is(vcpu, 27, 30, "those are the defaults, with a vgic or without")
for _, attr in ipairs {VTIMER, PTIMER} do
	expect(vcpu:has_attr(TIMER, attr), "every kernel has it")
	set("EINVAL", vcpu, attr, 20, "there is no vgic to take the interrupt")
end
local el2 = host.at_least("6.12")
for attr, number in pairs {[KVM_ARM_VCPU_TIMER_IRQ_HVTIMER] = 28, [KVM_ARM_VCPU_TIMER_IRQ_HPTIMER] = 26} do
	if el2 then
		expect(vcpu:has_attr(TIMER, attr), "the timers of EL2 came with 6.4")
		expect_eq(vcpu:get_attr(TIMER, attr, "u32"), number, "that is the default, whether or not the guest has EL2")
	elseif not host.at_least("6.4") then
		expect(not vcpu:has_attr(TIMER, attr), "the timers of EL2 came with 6.4")
		expect_errno("ENXIO", vcpu.get_attr, vcpu, TIMER, attr, "u32", "there is no such attribute")
	end
end
expect(not vcpu:has_attr(TIMER, 99), "there is no such attribute")
expect_errno("ENXIO", vcpu.get_attr, vcpu, TIMER, 99, "u32", "there is no such attribute")
expect_errno("EFAULT", vcpu.get_device_attr, vcpu, {group = TIMER, attr = VTIMER}, "there is nothing at NULL")

local function fresh(model, vcpus)
	local of = with_code(kvm.vm())
	local gic = of:device(model.type)
	local list = {}
	for id = 0, vcpus - 1 do
		list[id + 1] = of:vcpu(id)
		list[id + 1].kvm_run.immediate_exit = 1
	end
	return gic, of, table.unpack(list)
end

local function ready(model, gic)
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, model.dist, DIST_AT)
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, model.second, SECOND_AT)
	gic:set_attr(CTRL, INIT)
end

local function attributes(model)
	local gic, of, one, two = fresh(model, 2)
	-- The vgic is neither placed nor initialised.
	for _, number in ipairs {0, 15, 32, 1023, 0xffffffff} do
		set("EINVAL", one, VTIMER, number, ("%d is no PPI, 16 to 31"):format(number))
	end
	expect_errno("EFAULT", one.set_device_attr, one, {group = TIMER, attr = VTIMER}, "there is nothing at NULL")
	set("ENXIO", one, 99, 20, "there is no such attribute")
	set("OK", one, VTIMER, 20, "any PPI will do")
	set("OK", two, PTIMER, 21, "any PPI will do")
	is(one, 20, 21, "they are the same for all vCPUs")
	is(two, 20, 21, "they are the same for all vCPUs")
	set("OK", one, PTIMER, 20, "whether they differ is looked at when a vCPU runs")
	local three = of:vcpu(2)
	is(three, el2 and 20 or 27, el2 and 20 or 30, "they belong to the VM since 6.4, to the vCPUs that were there before that")
	if not newer then
		return
	end
	ready(model, gic)
	for _ = 1, 2 do
		expect_errno("EINVAL", one.run, one, "two timers cannot have one interrupt")
	end
	-- Neither is left where it was: the first one looked at, not the same in all versions, has got the interrupt, and keeps it.
	set("OK", one, VTIMER, 21, "nothing has run")
	set("OK", one, PTIMER, 22, "nothing has run")
	expect_errno("EINTR", one.run, one, "now they differ")
	set("EBUSY", one, VTIMER, 27, "a vCPU that has run keeps its interrupts")
	set("EINVAL", one, VTIMER, 32, "that is looked at before")
	set(el2 and "EBUSY" or "OK", two, VTIMER, 27, "they belong to the VM since 6.4, to a vCPU before that")
	is(one, el2 and 21 or 27, 22, "what is refused changes nothing; before 6.4 it was not refused")
end

-- The guest gets its timer's interrupt by the number that it was given.
local function delivered(model, numbers, timer)
	local gic, _, one = fresh(model, 1)
	one:set_attr(TIMER, VTIMER, numbers[1])
	one:set_attr(TIMER, PTIMER, numbers[2])
	ready(model, gic)
	gic:set_attr(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, model.group)
	local group, offset = table.unpack(model.enable)
	gic:set_attr(group, offset, 1 << numbers[1] | 1 << numbers[2])
	one.kvm_run.immediate_exit = 0
	begin(one, model.acknowledge):reg("X2", timer - 1)
	runs_to(one, HOLE, "the timer expires, and its interrupt is pending in the GIC")
	expect_eq(one:data() & 0x3ff, numbers[timer], "that is the number of its interrupt")
	expect_eq(one.kvm_run.s.regs.device_irq_level, 0, "the lines are the vgic's")
end

-- ---- two vCPUs that enter for the first time at once ----

local ROUNDS <const> = 20

-- Both ways into a VM that lacks something. Since 5.12 the VM is dead, whoever finds out first; 5.10 takes the GIC away.
local function both_fail(model, errno, missing)
	for _ = 1, ROUNDS do
		local gic, _, one, two = fresh(model, 2)
		for _, kind in ipairs(missing == "addresses" and {} or {"dist", "second"}) do
			gic:set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, model[kind], kind == "dist" and DIST_AT or SECOND_AT)
		end
		if missing ~= "init" then
			gic:set_attr(CTRL, INIT)
		end
		local a, b = race(1, {one, "KVM_RUN"}, {two, "KVM_RUN"})
		local reason = ("%s without %s: one vCPU finds out"):format(model.name, missing)
		expect((a[errno] or 0) + (b[errno] or 0) >= 1, reason)
		if newer then
			expect((a[errno] or 0) + (b[errno] or 0) + (a.EIO or 0) + (b.EIO or 0) == 2, reason .. ", the other too, or that the VM is dead")
		end
	end
end

-- Both find the distributor, by the kernel, with their first instruction.
local function both_enter(model)
	local outside = 0
	for _ = 1, ROUNDS do
		local gic, _, one, two = fresh(model, 2)
		ready(model, gic)
		local wanted = gic:get_attr(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, "u32")
		for _, v in ipairs {one, two} do
			v.kvm_run.immediate_exit = 0
			begin(v, "typer")
		end
		local a, b = race(1, {one, "KVM_RUN"}, {two, "KVM_RUN"})
		expect(a.OK == 1 and b.OK == 1, model.name .. ": both vCPUs enter")
		for _, v in ipairs {one, two} do
			local exit = v.kvm_run
			if exit.exit_reason == KVM_EXIT_MMIO and exit.mmio.phys_addr == DIST_AT + 4 then
				outside = outside + 1
			else
				expect_eq(v:data(), wanted, "a vCPU reads GICD_TYPER of the GIC in the kernel")
			end
		end
	end
	-- Here and there one does where the vgic is ready before its distributor is on the bus: kvm_vgic_map_resources() since
	-- config_lock came (in Debian's 6.1; not in 5.10), until 6.12, whose comment there says why.
	local too_early = newer and not host.at_least("6.12")
	expect(outside == 0 or too_early, model.name .. ": no vCPU enters the guest before the distributor is where it belongs")
end

for _, model in ipairs(GICS) do
	if host.has(model.key) then
		attributes(model)
		for _, numbers in ipairs {{27, 30}, {30, 27}, {16, 31}} do
			delivered(model, numbers, 1)
			delivered(model, numbers, 2)
		end
		both_fail(model, "ENXIO", "addresses")
		if model.type == KVM_DEV_TYPE_ARM_VGIC_V3 then
			both_fail(model, "EBUSY", "init")
		end
		both_enter(model)
	end
end
