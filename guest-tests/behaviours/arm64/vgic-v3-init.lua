-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/vgic-v3-init", arch = "arm64", needs = "device:ARM_VGIC_V3", timeout = 60,
	title = "A GICv3's set-up in every order: each step, and the first KVM_RUN, is taken or refused with its errno; GICR_TYPER.Last",
	fixes = "KVM/ARM: Some vgic fixes and init sequence KVM selftests",
	seen_failing = "without the alternatives for 5.10, which lacks the fixes, arm64-5.10 fails 82 of 938 expectations; fails with --inject " ..
		"of EBADF into KVM_RUN, KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_CREATE_DEVICE and KVM_IRQ_LINE here and there, arm64-6.1; lab/revert arm64/vgic-v3-init",
}

local V3 <const> = KVM_DEV_TYPE_ARM_VGIC_V3
local ADDR <const>, CTRL <const>, NR_IRQS <const> = KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_GRP_NR_IRQS
local INIT <const> = KVM_DEV_ARM_VGIC_CTRL_INIT
local DIST <const>, REDIST <const>, REGION <const> =
	KVM_VGIC_V3_ADDR_TYPE_DIST, KVM_VGIC_V3_ADDR_TYPE_REDIST, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION
local DIST_AT <const>, REDIST_AT <const> = 0x8000000, 0x80a0000
-- Where guests' addresses end: at 40 bits for a VM that says nothing, at the host's limit if that is less, and always under
-- protected KVM (kvm_init_ipa_range()).
local limit = kvm.system:check_extension(cap.ARM_VM_IPA_SIZE)
local END <const> = 1 << ((host.backend == "protected" or limit < 40) and limit or 40)
local FRAMES <const> = 0x20000 -- of one redistributor
-- The fixes of 5.13 (5.10 lacks them): a region that fails leaves nothing behind, user space reads Last, ends are looked at.
local fixed = host.at_least("6.1")

-- A region of redistributors, as KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION has it; bits 15:12 are flags.
local function region(index, address, count, flags)
	return count << 52 | address | (flags or 0) << 12 | index
end

local function fresh(vcpus)
	local vm = kvm.vm()
	local gic = vm:device(V3)
	for id = 0, (vcpus or 0) - 1 do
		vm:vcpu(id)
	end
	return gic, vm
end

local function address(errno, gic, kind, value, reason)
	return expect_errno(errno, gic.set_attr, gic, ADDR, kind, value, reason)
end

-- KVM_RUN as far as the guest's first instruction: EINTR says that all is there.
local function run(errno, vcpu, reason)
	vcpu.kvm_run.immediate_exit = 1
	return expect_errno(errno, vcpu.run, vcpu, reason)
end

-- ---- every order ----

-- What KVM must say to a step, by what there is, and what there is then. A vCPU comes before INIT; addresses may come later.
-- The first KVM_RUN wants redistributors, distributor and INIT, and looks in that order.
local RULES <const> = {
	vcpu = function(is)
		if is.init then
			return "EBUSY"
		end
		is.vcpus = is.vcpus + 1
	end,
	dist = function(is)
		is.dist = true
	end,
	redist = function(is)
		is.redist = true
	end,
	init = function(is)
		is.init = true
	end,
	run = function(is)
		local errno = is.device and ((not is.redist or not is.dist) and "ENXIO" or not is.init and "EBUSY")
		is.dead = errno
		is.ran = not errno
		return errno or "EINTR"
	end,
	typer = function(is)
		return is.vcpus == 0 and "EINVAL" or not is.init and "EBUSY" or nil
	end,
	-- The first KVM_RUN is the last time that a VM can get a GIC.
	device = function(is)
		if is.device or is.ran then
			return is.device and "EEXIST" or "EBUSY"
		end
		is.device = true
	end,
	line = function(is)
		return not is.init and "EBUSY" or nil
	end,
	irqs = function(is)
		if is.irqs or is.init then
			return "EBUSY"
		end
		is.irqs = true
	end,
}

local STEPS <const> = {
	vcpu = function(at)
		return function()
			at.vcpus[#at.vcpus + 1] = at.vm:vcpu(#at.vcpus)
		end
	end,
	dist = function(at)
		return at.gic.set_attr, at.gic, ADDR, DIST, DIST_AT
	end,
	redist = function(at)
		return at.gic.set_attr, at.gic, ADDR, REDIST, REDIST_AT
	end,
	init = function(at)
		return at.gic.set_attr, at.gic, CTRL, INIT
	end,
	run = function(at)
		at.vcpus[1].kvm_run.immediate_exit = 1
		return at.vcpus[1].run, at.vcpus[1]
	end,
	typer = function(at)
		return at.gic.get_attr, at.gic, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 8, "u32"
	end,
	device = function(at)
		return function()
			at.gic = at.vm:device(V3)
		end
	end,
	line = function(at)
		return at.vm.irq_line, at.vm, {irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 32, level = 0}
	end,
	irqs = function(at)
		return at.gic.set_attr, at.gic, NR_IRQS, 0, 128
	end,
}

-- The ioctl of a step, what it says, and what it should.
local function take(step, at, errno, reason)
	local call = table.pack(STEPS[step](at))
	call[call.n + 1] = reason
	expect_errno(errno, table.unpack(call, 1, call.n + 1))
end

local function follow(order, with_device)
	local vm <close> = kvm.vm()
	local at, is = {vm = vm, vcpus = {}}, {vcpus = 0}
	if with_device then
		STEPS.device(at)()
		RULES.device(is)
	end
	for n, step in ipairs(order) do
		local reason = ("step %d of %s"):format(n, table.concat(order, ", "))
		if is.dead then
			-- 5.10 takes the GIC away and lets the VM live, with what is left of it.
			if fixed then
				take(step, at, "EIO", "the VM is dead since KVM_RUN failed: " .. reason)
			end
			break
		elseif step ~= "run" or is.vcpus > 0 then
			take(step, at, RULES[step](is) or "OK", reason)
		end
	end
	for _, vcpu in ipairs(at.vcpus) do
		vcpu:close()
	end
	if at.gic then
		at.gic:close()
	end
end

-- What is left of an order when the VM is dead after a KVM_RUN: one step more. Many orders are alike then, and VMs cost time.
local function until_dead(order, with_device)
	local is, left = {vcpus = 0, device = with_device}, {}
	for _, step in ipairs(order) do
		left[#left + 1] = step
		if is.dead then
			break
		elseif step ~= "run" or is.vcpus > 0 then
			RULES[step](is)
		end
	end
	return left
end

local function each_order(steps, with_device)
	local done = {}
	for order in permutations(steps) do
		order = until_dead(order, with_device)
		local name = table.concat(order, " ")
		if not done[name] then
			done[name] = true
			follow(order, with_device)
		end
	end
end

each_order({"vcpu", "dist", "redist", "init", "run"}, true)
each_order({"vcpu", "vcpu", "redist", "init"}, true)
each_order({"vcpu", "typer", "init", "line"}, true)
each_order({"irqs", "irqs", "init"}, true)
each_order {"device", "device", "vcpu", "run"}

-- ---- what the attributes take ----

local gic = fresh()
for _, kind in ipairs {DIST, REDIST} do
	expect_errno("EFAULT", gic.set_device_attr, gic, {group = ADDR, attr = kind}, "there is nothing at NULL")
	address("EINVAL", gic, kind, DIST_AT + 0x1000, "the frames of a GICv3 begin at 64 KiB")
	address("E2BIG", gic, kind, END, "guests of this VM have no such addresses")
end
gic = fresh()
address("OK", gic, DIST, DIST_AT, "the first one")
address("EEXIST", gic, DIST, DIST_AT, "there is one")
address(fixed and "EEXIST" or "EINVAL", gic, DIST, DIST_AT + 1, "which is looked at first, or last in 5.10")
expect_eq(gic:get_attr(ADDR, DIST), DIST_AT, "it can be read")
expect_eq(gic:get_attr(ADDR, REDIST), -1, "this one has not been set")
address("ENXIO", gic, KVM_VGIC_V2_ADDR_TYPE_DIST, DIST_AT, "that is a GICv2's")
address("ENXIO", gic, KVM_VGIC_V2_ADDR_TYPE_CPU, DIST_AT, "that is a GICv2's")
address("ENXIO", gic, 99, DIST_AT, "there is no such address")
for attr, is in pairs {[DIST] = true, [REDIST] = true, [REGION] = true, [KVM_VGIC_V2_ADDR_TYPE_CPU] = false, [99] = false} do
	expect_eq(gic:has_attr(ADDR, attr), is, ("whether there is address %d"):format(attr))
end

for _, number in ipairs {0, 32, 63, 65, 96 + 16, 1024, 1 << 31} do
	expect_errno("EINVAL", gic.set_attr, gic, NR_IRQS, 0, number, ("%d is no multiple of 32 from 64 to 1023"):format(number))
end
expect_errno("EFAULT", gic.set_device_attr, gic, {group = NR_IRQS}, "there is nothing at NULL")
for _, number in ipairs {64, 992} do
	local of = fresh()
	expect_ok(of.set_attr, of, NR_IRQS, 0, number, ("%d is a multiple of 32 from 64 to 1023"):format(number))
	expect_eq(of:get_attr(NR_IRQS, 0, "u32"), number, "it can be read")
end
expect_ok(gic.set_attr, gic, CTRL, INIT, "there is no vCPU, nor need there be")
expect_ok(gic.set_attr, gic, CTRL, INIT, "twice does no harm")
expect_eq(gic:get_attr(NR_IRQS, 0, "u32"), 256, "that many there are where user space has not said")
expect_errno("ENXIO", gic.set_attr, gic, CTRL, 99, "there is no such control")

-- ---- redistributors ----

-- Base and size of the redistributors against the distributor and the end of memory.
gic = fresh()
address("OK", gic, DIST, DIST_AT, "nothing is there")
address("OK", gic, REDIST, DIST_AT, "without vCPUs there is no redistributor to be in the way")
gic = fresh(1)
address("OK", gic, DIST, DIST_AT, "nothing is there")
for _, at in ipairs {DIST_AT, DIST_AT - 0x10000} do
	address("EINVAL", gic, REDIST, at, "the distributor is there")
end
address(fixed and "OK" or "EINVAL", gic, REDIST, DIST_AT + 0x10000, "behind the distributor there is room; in 5.10 the refused one is still there")
address(fixed and "EEXIST" or "EINVAL", gic, REDIST, REDIST_AT, "there is one")
address("EINVAL", gic, REGION, region(0, REDIST_AT, 1), "there is one")
-- api.rst says that both kinds must not be mixed; only 5.10 looks at that here.
address(fixed and "OK" or "EINVAL", gic, REGION, region(1, REDIST_AT, 1), "the next one may follow")
gic = fresh(2)
address(fixed and "E2BIG" or "OK", gic, REDIST, END - FRAMES, "two redistributors do not fit there")
if fixed then
	address("OK", gic, REDIST, END - 2 * FRAMES, "they fit there, and the address that was refused has left nothing")
end

-- Redistributors whose number is known only when the guest runs.
local vm
gic, vm = fresh()
address("OK", gic, DIST, DIST_AT, "nothing is there")
address("OK", gic, REDIST, END - FRAMES, "there is room for one")
local first = vm:vcpu(0)
vm:vcpu(1)
gic:set_attr(CTRL, INIT)
run(fixed and "EINVAL" or "EINTR", first, "there are two vCPUs, and room for one redistributor before the end of memory")

gic = fresh(1)
address("EINVAL", gic, REGION, region(0, REDIST_AT, 0), "a region has a redistributor or more")
for bit = 0, 3 do
	address("EINVAL", gic, REGION, region(0, REDIST_AT, 1, 1 << bit), "no flag has a meaning")
end
address("EINVAL", gic, REGION, region(1, REDIST_AT, 1), "the first one is number 0")
address("E2BIG", gic, REGION, region(0, END, 1), "guests of this VM have no such addresses")
address("OK", gic, REGION, region(0, 0x10000000, 2), "nothing is there")
for _, index in ipairs {0, 2} do
	address("EINVAL", gic, REGION, region(index, 0x20000000, 1), "the next one is number 1")
end
for _, at in ipairs {0x10000000, 0x10030000, 0xfff0000} do
	address("EINVAL", gic, REGION, region(1, at, 1), "region 0 is there")
end
address("EINVAL", gic, REDIST, 0x20000000, "the redistributors have regions")
address(fixed and "E2BIG" or "OK", gic, REGION, region(1, END - FRAMES, 2), "its end is beyond the guest's addresses")
if fixed then
	address("OK", gic, REGION, region(1, 0x10040000, 3), "right behind it there is room")
	local read = array("u64", 1)
	for index, wanted in pairs {[0] = region(0, 0x10000000, 2), region(1, 0x10040000, 3)} do
		read[0] = index
		expect_eq(gic:get_attr(ADDR, REGION, read)[0], wanted, "a region can be read as it was set")
	end
	read[0] = 2
	expect_errno("ENOENT", gic.get_attr, gic, ADDR, REGION, read, "there is no region 2")
end
expect_errno("EFAULT", gic.get_device_attr, gic, {group = ADDR, attr = REGION}, "the number of the region is to be read there")

-- A region on top of the distributor, which is noticed when a vCPU gets a redistributor; then a good one.
gic = fresh(1)
address("OK", gic, DIST, DIST_AT, "nothing is there")
address("EINVAL", gic, REGION, region(0, DIST_AT, 1), "the distributor is there")
address(fixed and "OK" or "EINVAL", gic, REGION, region(0, REDIST_AT, 1), "the region that was refused has left nothing, but in 5.10")

-- ---- GICR_TYPER ----

-- A redistributor is the last one if none follows at the next address (GICv3, IHI 0069: GICR_TYPER.Last). vCPUs take the regions by
-- their numbers, in the order in which the vCPUs were made. User space is told since 5.13.
local LAST <const> = 1 << 4
local function typers(regions, ids, regions_first)
	local vm <close> = kvm.vm()
	local of = vm:device(V3)
	local function add_regions()
		for index, r in ipairs(regions) do
			of:set_attr(ADDR, r[2] and REGION or REDIST, r[2] and region(index - 1, r[1], r[2]) or r[1])
		end
	end
	if regions_first then
		add_regions()
	end
	for _, id in ipairs(ids) do
		vm:vcpu(id)
	end
	if not regions_first then
		add_regions()
	end
	of:set_attr(CTRL, INIT)

	local places, used, n = {}, {}, 1
	for _, r in ipairs(regions) do
		for i = 0, (r[2] or #ids) - 1 do
			if ids[n] then
				places[n] = r[1] + i * FRAMES
				used[places[n]] = true
				n = n + 1
			end
		end
	end
	for i, id in ipairs(ids) do
		local wanted = id << 8
		if fixed and places[i] and not used[places[i] + FRAMES] then
			wanted = wanted | LAST
		end
		expect_eq(of:get_attr(KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, id << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT | 8, "u32"), wanted,
			("GICR_TYPER of vCPU %d has its number, and Last if none follows"):format(id))
	end
	expect_errno("EINVAL", of.get_attr, of, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 9 << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT | 8, "u32",
		"there is no vCPU with that affinity")
	of:close()
end

local A <const>, B <const> = 0x10000000, 0x10040000
local LAYOUTS <const> = {
	{{A}},
	{{A, 4}},
	{{A, 10}},
	{{A, 2}, {B, 2}}, -- contiguous
	{{B, 2}, {A, 2}}, -- the same, the upper one first
	{{A, 2}, {0x20000000, 2}}, -- split
	{{0x200000, 2}, {0x240000, 1}, {0x20000, 10}},
	{{A, 1}, {A + 2 * FRAMES, 1}, {A + FRAMES, 1}, {A + 3 * FRAMES, 5}},
	{{A, 3}}, -- one too few
}
for _, layout in ipairs(LAYOUTS) do
	for _, ids in ipairs {{0, 1, 2, 3}, {3, 1, 0, 2}} do
		for _, regions_first in ipairs {true, false} do
			typers(layout, ids, regions_first)
		end
	end
end

-- ---- the maintenance interrupt, for a guest with EL2 ----

gic = fresh()
if gic:has_attr(KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0) then
	for _, number in ipairs {0, 15, 32, 1 << 31} do
		expect_errno("EINVAL", gic.set_attr, gic, KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0, number, "it is a PPI, 16 to 31")
	end
	expect_ok(gic.set_attr, gic, KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0, 25, "it is a PPI")
	expect_eq(gic:get_attr(KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0, "u32"), 25, "it can be read")
	gic:set_attr(CTRL, INIT)
	expect_errno("EBUSY", gic.set_attr, gic, KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0, 25, "the GIC is initialised")
else
	expect(not host.at_least("7.2"), "7.2 has it")
	expect_errno("ENXIO", gic.set_attr, gic, KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0, 25, "there is no such group")
end
