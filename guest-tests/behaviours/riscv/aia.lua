-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/aia", arch = "riscv", needs = "device:RISCV_AIA", timeout = 60,
	title = "The in-kernel AIA's set-up in every order, each attribute's range, and what its registers, lines and messages answer",
	fixes = "RISC-V: KVM: Skeletal in-kernel AIA irqchip support; RISC-V: KVM: Implement device interface for AIA irqchip",
	seen_failing = "fails where an initialised AIA can be changed (lab/revert riscv/aia)",
}

local AIA <const> = KVM_DEV_TYPE_RISCV_AIA
local CONFIG <const>, ADDR <const>, CTRL <const>, APLIC <const>, IMSIC <const> = KVM_DEV_RISCV_AIA_GRP_CONFIG, KVM_DEV_RISCV_AIA_GRP_ADDR,
	KVM_DEV_RISCV_AIA_GRP_CTRL, KVM_DEV_RISCV_AIA_GRP_APLIC, KVM_DEV_RISCV_AIA_GRP_IMSIC
local INIT <const> = KVM_DEV_RISCV_AIA_CTRL_INIT
local MODE <const>, IDS <const>, SRCS <const> = KVM_DEV_RISCV_AIA_CONFIG_MODE, KVM_DEV_RISCV_AIA_CONFIG_IDS, KVM_DEV_RISCV_AIA_CONFIG_SRCS
local GROUP_BITS <const>, GROUP_SHIFT <const>, HART_BITS <const>, GUEST_BITS <const> = KVM_DEV_RISCV_AIA_CONFIG_GROUP_BITS,
	KVM_DEV_RISCV_AIA_CONFIG_GROUP_SHIFT, KVM_DEV_RISCV_AIA_CONFIG_HART_BITS, KVM_DEV_RISCV_AIA_CONFIG_GUEST_BITS
local APLIC_AT <const>, IMSIC_AT <const>, SOURCES <const> = 0xd000000, 0x28000000, 63

-- The attribute of a vCPU's IMSIC (KVM_DEV_RISCV_AIA_ADDR_IMSIC()), and of one of its registers (..._IMSIC_MKATTR()).
local function imsic(vcpu) return 1 + vcpu end
local function imsic_reg(vcpu, number) return vcpu << KVM_DEV_RISCV_AIA_IMSIC_ISEL_BITS | number end

local function fresh(vcpus)
	local vm = kvm.vm()
	local aia = vm:device(AIA)
	for id = 0, (vcpus or 0) - 1 do
		vm:vcpu(id)
	end
	return aia, vm
end

local function set(errno, aia, group, attr, value, reason)
	return expect_errno(errno, aia.set_attr, aia, group, attr, value, reason)
end

-- ---- every order ----

-- What KVM must say to a step, by what there is, and what there is then. Nothing has to come early but the device itself.
local RULES <const> = {
	vcpu = function(is) is.vcpus = is.vcpus + 1 end,
	device = function(is)
		if is.device or is.ran then
			return is.device and "EEXIST" or "EBUSY"
		end
		is.device = true
	end,
	sources = function(is)
		if is.init then
			return "EBUSY"
		end
		is.sources = true
	end,
	aplic = function(is)
		if is.init then
			return "EBUSY"
		end
		is.aplic = true
	end,
	-- Of the first vCPU.
	imsic = function(is)
		if is.vcpus == 0 then
			return "ENXIO"
		elseif is.init then
			return "EBUSY"
		end
		is.imsic = true
	end,
	init = function(is)
		if is.init then
			return "EBUSY"
		elseif is.sources and not is.aplic or is.vcpus > 0 and not is.imsic then
			return "EINVAL"
		end
		is.init = true
	end,
	-- As far as the guest's first instruction.
	run = function(is)
		is.ran = true
		return "EINTR"
	end,
	line = function(is)
		if not is.device or not is.init then
			return is.device and "EBUSY" or "ENXIO"
		end
		return not is.sources and "ENODEV" or nil
	end,
	message = function(is)
		return not is.init and "EBUSY" or nil
	end,
}

local STEPS <const> = {
	vcpu = function(at) return function() at.vcpus[#at.vcpus + 1] = at.vm:vcpu(#at.vcpus) end end,
	device = function(at) return function() at.aia = at.vm:device(AIA) end end,
	sources = function(at) return at.aia.set_attr, at.aia, CONFIG, SRCS, SOURCES end,
	aplic = function(at) return at.aia.set_attr, at.aia, ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, APLIC_AT end,
	imsic = function(at) return at.aia.set_attr, at.aia, ADDR, imsic(0), IMSIC_AT end,
	init = function(at) return at.aia.set_attr, at.aia, CTRL, INIT end,
	run = function(at)
		at.vcpus[1].kvm_run.immediate_exit = 1
		return at.vcpus[1].run, at.vcpus[1]
	end,
	line = function(at) return at.vm.irq_line, at.vm, {irq = 1, level = 0} end,
	message = function(at) return at.vm.signal_msi, at.vm, {address_lo = 0x1000, data = 1} end,
}

local function follow(order, with_device)
	local vm <close> = kvm.vm()
	local at, is = {vm = vm, vcpus = {}}, {vcpus = 0}
	if with_device then
		STEPS.device(at)()
		RULES.device(is)
	end
	for n, step in ipairs(order) do
		-- A vCPU that comes after INIT has no IMSIC: that is riscv/aia-late-vcpu's.
		if not (step == "run" and is.vcpus == 0) and not (step == "vcpu" and is.init) then
			local call = table.pack(STEPS[step](at))
			call[call.n + 1] = ("step %d of %s"):format(n, table.concat(order, ", "))
			expect_errno(RULES[step](is) or "OK", table.unpack(call, 1, call.n + 1))
		end
	end
	for _, vcpu in ipairs(at.vcpus) do
		vcpu:close()
	end
	if at.aia then
		at.aia:close()
	end
end

for _, steps in ipairs {{"vcpu", "sources", "aplic", "imsic", "init"}, {"vcpu", "imsic", "init", "init", "run"}, {"sources", "aplic", "init", "line"},
		{"init", "line", "message"}} do
	for order in permutations(steps) do
		follow(order, true)
	end
end
for order in permutations {"device", "device", "vcpu", "run", "line"} do
	follow(order)
end

-- ---- the device ----

local test = struct("kvm_create_device", {type = AIA, flags = KVM_CREATE_DEVICE_TEST})
local vm = kvm.vm()
expect_ok(vm.create_device, vm, test, "the host has AIA")
expect_eq(vm:check_extension(KVM_CAP_IRQCHIP), 1, "the host has AIA")
vm:device(AIA)
expect_errno("EEXIST", vm.create_device, vm, {type = AIA}, "there is one")
-- While another vCPU's thread is in KVM_RUN the device cannot be made: its lock is taken.
vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
ram:load(asm {
	at = 0x1000,
	riscv = [[
		sw sp, 0x100(zero)
	again:	j again
	]],
})
local spinning = vm:vcpu(0):start(0x1000)
spinning:reg("SP", 1)
local running = thread(spinning, "KVM_RUN")
while ram:u32(0x100) == 0 do
	host.sleep(0.001)
end
expect_errno("EBUSY", vm.create_device, vm, {type = AIA}, "a vCPU runs")
running:kick()
running:join(5)

-- ---- what the attributes take ----

local aia
aia, vm = fresh(2)
local hgei = aia:get_attr(CONFIG, MODE, "u32") ~= KVM_DEV_RISCV_AIA_MODE_EMUL
local ids = aia:get_attr(CONFIG, IDS, "u32")
expect(ids >= 63 and ids & 63 == 63 and ids < 2048, "all identities of the host's IMSICs, of 63 to 2047")
for attr, value in pairs {[SRCS] = 0, [GROUP_BITS] = 0, [GROUP_SHIFT] = 24, [HART_BITS] = 0, [GUEST_BITS] = 0} do
	expect_eq(aia:get_attr(CONFIG, attr, "u32"), value, "that is what a VM begins with")
end
for attr = MODE, GUEST_BITS + 1 do
	expect_eq(aia:has_attr(CONFIG, attr), attr <= GUEST_BITS, ("whether there is CONFIG %d"):format(attr))
end
set("ENXIO", aia, CONFIG, GUEST_BITS + 1, 0, "there is no such attribute")
expect_errno("ENXIO", aia.get_attr, aia, CONFIG, GUEST_BITS + 1, "u32", "there is no such attribute")

local RANGES <const> = {
	-- Attribute, good values, bad ones.
	{MODE, {KVM_DEV_RISCV_AIA_MODE_EMUL}, {3, 0xffffffff}},
	{IDS, {63, ids}, {0, 1, 62, 64, 126, ids + 64, 2047 + 64, 0xffffffff}},
	{SRCS, {0, 1, 63, math.min(ids, 1023)}, {1024, ids + 1, 0xffffffff}},
	{GROUP_BITS, {0, 1, 7}, {8, 0xffffffff}},
	{GROUP_SHIFT, {24, 55}, {0, 23, 56, 0xffffffff}},
	{HART_BITS, {0, 15}, {16, 0xffffffff}},
	{GUEST_BITS, {0, 7}, {8, 0xffffffff}},
}
for _, range in ipairs(RANGES) do
	local attr, good, bad = table.unpack(range)
	for _, value in ipairs(good) do
		set("OK", aia, CONFIG, attr, value, ("CONFIG %d can be %d"):format(attr, value))
		expect_eq(aia:get_attr(CONFIG, attr, "u32"), value, "it can be read")
	end
	local before = aia:get_attr(CONFIG, attr, "u32")
	for _, value in ipairs(bad) do
		set("EINVAL", aia, CONFIG, attr, value, ("CONFIG %d cannot be %d"):format(attr, value))
	end
	expect_eq(aia:get_attr(CONFIG, attr, "u32"), before, "what was refused has changed nothing")
end
-- The modes that use the host's guest interrupt files want some.
for _, mode in ipairs {KVM_DEV_RISCV_AIA_MODE_HWACCEL, KVM_DEV_RISCV_AIA_MODE_AUTO} do
	set(hgei and "OK" or "EINVAL", aia, CONFIG, MODE, mode, "it takes guest interrupt files of the host")
end

for attr = 0, 3 do
	expect_eq(aia:has_attr(ADDR, attr), attr < 3, "the APLIC's, and one for each of two vCPUs")
	if attr < 3 then
		expect_eq(aia:get_attr(ADDR, attr), -1, "no address has been set")
		for _, bits in ipairs {1, 4, 0x800} do
			set("EINVAL", aia, ADDR, attr, IMSIC_AT + bits, "it begins at a page")
		end
		set("OK", aia, ADDR, attr, IMSIC_AT + 0x1000 * attr, "nothing is initialised")
		expect_eq(aia:get_attr(ADDR, attr), IMSIC_AT + 0x1000 * attr, "it can be read")
		set("OK", aia, ADDR, attr, IMSIC_AT + 0x2000 * attr, "it can be set again")
	else
		set("ENXIO", aia, ADDR, attr, IMSIC_AT, "there is no such vCPU")
		expect_errno("ENXIO", aia.get_attr, aia, ADDR, attr, "there is no such vCPU")
	end
end
for _, group in ipairs {CONFIG, ADDR, APLIC, IMSIC} do
	expect_errno("EFAULT", aia.set_device_attr, aia, {group = group}, "there is nothing at NULL")
	expect_errno("EFAULT", aia.get_device_attr, aia, {group = group}, "there is nothing at NULL")
end
expect(aia:has_attr(CTRL, INIT) and not aia:has_attr(CTRL, 1), "there is one control")
set("ENXIO", aia, CTRL, 1, nil, "there is one control")
expect_errno("ENXIO", aia.get_attr, aia, CTRL, INIT, "u32", "it is for doing, not for reading")
for _, group in ipairs {IMSIC + 1, 99} do
	expect_errno("ENXIO", aia.has_device_attr, aia, {group = group}, "there is no such group")
	set("ENXIO", aia, group, 0, 0, "there is no such group")
end
for _, group in ipairs {APLIC, IMSIC} do
	local attr = group == APLIC and 0 or imsic_reg(0, 0x70)
	set("ENODEV", aia, group, attr, 0, "nothing is initialised")
	expect_errno("ENODEV", aia.get_attr, aia, group, attr, "nothing is initialised")
	expect_errno("ENODEV", aia.has_device_attr, aia, {group = group, attr = attr}, "nothing is initialised")
end

-- ---- INIT ----

-- Sets all that a VM of that many vCPUs needs, but for what is to be something else.
local function ready(vcpus, but)
	local made, of = fresh(vcpus)
	local values = {sources = SOURCES, ids = ids, hart_bits = 1, aplic = APLIC_AT}
	for name, value in pairs(but or {}) do
		values[name] = value
	end
	made:set_attr(CONFIG, IDS, values.ids)
	made:set_attr(CONFIG, SRCS, values.sources)
	made:set_attr(CONFIG, HART_BITS, values.hart_bits)
	if values.aplic then
		made:set_attr(ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, values.aplic)
	end
	for id = 0, vcpus - 1 do
		local at = values[id] or IMSIC_AT + 0x1000 * id
		if at ~= "none" then
			made:set_attr(ADDR, imsic(id), at)
		end
	end
	return made, of
end

for _, case in ipairs {
	{"OK", {}, "all is there"},
	{"OK", {sources = 0, aplic = false}, "without sources there need not be an APLIC"},
	{"EINVAL", {aplic = false}, "the APLIC has no address"},
	{"EINVAL", {[1] = "none"}, "the second vCPU's IMSIC has no address"},
	{"EINVAL", {hart_bits = 0}, "the second IMSIC's address has a bit that numbers no hart"},
	{"EINVAL", {[1] = IMSIC_AT + 0x2000}, "with one bit for harts there are two places"},
	{"OK", {hart_bits = 2, [1] = IMSIC_AT + 0x2000}, "with two bits there are four"},
	{"OK", {aplic = IMSIC_AT}, "two devices at one place are no error for KVM's bus: the first one answers (kvm_io_bus_register_dev())"},
	{"OK", {[1] = IMSIC_AT}, "both IMSICs are at one place, which is no error either"},
} do
	local errno, but, reason = table.unpack(case)
	local of = ready(2, but)
	set(errno, of, CTRL, INIT, nil, reason)
	if errno == "EINVAL" then
		of:set_attr(CONFIG, HART_BITS, 1)
		of:set_attr(ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, APLIC_AT)
		of:set_attr(ADDR, imsic(1), IMSIC_AT + 0x1000)
		set("OK", of, CTRL, INIT, nil, "what was refused has left nothing in the way: " .. reason)
	end
end
if ids > 63 then
	aia = ready(1, {ids = 63, sources = 64})
	set("EINVAL", aia, CTRL, INIT, nil, "each source wants an identity")
end

aia, vm = ready(2)
aia:set_attr(CTRL, INIT)
for attr = MODE, GUEST_BITS do
	local value = aia:get_attr(CONFIG, attr, "u32")
	set("EBUSY", aia, CONFIG, attr, value, "it is initialised, and even the same is a change")
end
for attr = 0, 2 do
	local value = aia:get_attr(ADDR, attr)
	set("EBUSY", aia, ADDR, attr, value, "it is initialised, and even the same is a change")
end
set("EBUSY", aia, CTRL, INIT, nil, "it is initialised")

-- ---- registers, as the AIA specification has them ----

local DOMAINCFG <const>, SOURCECFG <const>, SETIP <const>, SETIE <const>, TARGET <const>, IN <const> = 0, 4, 0x1c00, 0x1e00, 0x3004, 0x1d00
local RISING <const>, HIGH <const> = 4, 6
local EIDELIVERY <const>, EITHRESHOLD <const>, EIP0 <const>, EIE0 <const> = 0x70, 0x72, 0x80, 0xc0

local function aplic(offset, value)
	if value then
		set("OK", aia, APLIC, offset, value, ("the APLIC has a register at 0x%x"):format(offset))
	else
		return aia:get_attr(APLIC, offset, "u32")
	end
end

expect_eq(aplic(DOMAINCFG), 0x80000004, "a domain that delivers messages, and is off")
for _, offset in ipairs {1, 2, 3, SOURCECFG + 2} do
	set("EOPNOTSUPP", aia, APLIC, offset, 0, "registers are words")
	expect_errno("EOPNOTSUPP", aia.get_attr, aia, APLIC, offset, "u32", "registers are words")
	expect_errno("EOPNOTSUPP", aia.has_device_attr, aia, {group = APLIC, attr = offset}, "registers are words")
end
for _, offset in ipairs {SOURCECFG + 4 * SOURCES, TARGET + 4 * SOURCES, SETIP + 8, SETIE + 8, 0x4000, 1 << 32} do
	set("ENODEV", aia, APLIC, offset, 0, ("there is no register at 0x%x"):format(offset))
	expect_errno("ENODEV", aia.get_attr, aia, APLIC, offset, "u32", ("there is no register at 0x%x"):format(offset))
	expect(not aia:has_attr(APLIC, offset), ("there is no register at 0x%x"):format(offset))
end
for _, offset in ipairs {SOURCECFG, SOURCECFG + 4 * (SOURCES - 1), TARGET, TARGET + 4 * (SOURCES - 1), SETIP + 4, SETIE + 4} do
	expect(aia:has_attr(APLIC, offset), ("there is a register at 0x%x"):format(offset))
end
for _, mode in ipairs {0, 1, 4, 5, 6, 7} do
	aplic(SOURCECFG, mode)
	expect_eq(aplic(SOURCECFG), mode, "inactive, detached, two edges and two levels")
end
aplic(SOURCECFG, 1 << 10)
expect_eq(aplic(SOURCECFG), 0, "there is no domain to delegate to")

-- A line, and what it does to pending bits and to the IMSIC that the source's target is.
local function line(source, level)
	vm:irq_line {irq = source, level = level}
end
local function waits(vcpu, identity)
	return aia:get_attr(IMSIC, imsic_reg(vcpu, EIP0 + identity // 64 * 2)) >> identity % 64 & 1
end
aplic(SOURCECFG, RISING)
aplic(SOURCECFG + 4, HIGH)
line(1, 1)
line(2, 1)
expect_eq(aplic(IN), 6, "both lines are up")
expect_eq(aplic(SETIP), 6, "both wait")
line(1, 0)
expect_eq(aplic(SETIP) & 2, 2, "an edge goes on waiting when its line falls")
aplic(TARGET, 1 << 18 | 5)
aplic(TARGET + 4, 9)
aplic(SETIE, 6)
expect_eq(aplic(SETIP), 6, "the domain is off: nothing is sent")
aplic(DOMAINCFG, 1 << 8)
expect_eq(aplic(SETIP), 0, "both have been sent")
expect_eq(waits(1, 5), 1, "the first to the second hart, with its identity")
expect_eq(waits(0, 9), 1, "the second to the first hart, with its identity")
expect_eq(aplic(SETIP) | waits(0, 5) | waits(1, 9), 0, "and to nobody else")
for _, source in ipairs {0, SOURCES + 1, 5000, 1 << 31} do
	expect_errno("ENODEV", vm.irq_line, vm, {irq = source, level = 1}, "there is no such line")
end

local function register(vcpu, number, value, kept)
	set("OK", aia, IMSIC, imsic_reg(vcpu, number), value, ("the IMSIC has a register 0x%x"):format(number))
	expect_eq(aia:get_attr(IMSIC, imsic_reg(vcpu, number)), kept, "it can be read")
end
for vcpu = 0, 1 do
	register(vcpu, EIDELIVERY, 1, 1)
	register(vcpu, EIDELIVERY, 0, 0)
	register(vcpu, EITHRESHOLD, 5, 5)
	-- Identity 0 is none.
	register(vcpu, EIE0, -1, -2)
	register(vcpu, EIP0, -1, -2)
	register(vcpu, EIP0, 0, 0)
end
for _, number in ipairs {0, 0x6f, 0x71, 0x73, 0x7f, 0x100, 0xfff} do
	set("ENOENT", aia, IMSIC, imsic_reg(0, number), 0, ("there is no register 0x%x"):format(number))
	expect_errno("ENOENT", aia.get_attr, aia, IMSIC, imsic_reg(0, number), ("there is no register 0x%x"):format(number))
	expect_errno("ENOENT", aia.has_device_attr, aia, {group = IMSIC, attr = imsic_reg(0, number)}, ("there is no register 0x%x"):format(number))
end
for _, number in ipairs {EIP0 + 1, EIE0 + 1, EIP0 + (ids + 1) // 32} do
	if number < EIE0 or number > EIE0 + 1 or number == EIE0 + 1 then
		set("EINVAL", aia, IMSIC, imsic_reg(0, number), 0, "64 identities are in every second register, as many as there are")
		expect_errno("EINVAL", aia.get_attr, aia, IMSIC, imsic_reg(0, number), "64 identities are in every second register, as many as there are")
	end
end
set("ENODEV", aia, IMSIC, imsic_reg(2, EIDELIVERY), 0, "there is no vCPU 2")
expect_errno("ENODEV", aia.get_attr, aia, IMSIC, imsic_reg(2, EIDELIVERY), "there is no vCPU 2")

-- ---- messages ----

local function message(errno, address, data, reason)
	return expect_errno(errno, vm.signal_msi, vm, {address_lo = address, data = data}, reason)
end
for vcpu = 0, 1 do
	message("OK", IMSIC_AT + 0x1000 * vcpu, 7, "an identity that there is")
	expect_eq(waits(vcpu, 7), 1, "it waits there")
	expect_eq(waits(1 - vcpu, 7), vcpu, "and only there")
end
message("ENODEV", IMSIC_AT, 0, "identity 0 is none")
message("EINVAL", IMSIC_AT, ids + 1, "there are not as many")
message("ENODEV", IMSIC_AT + 8, 7, "setipnum is at 0 and 4")
message("OK", IMSIC_AT + 4, 11 << 24, "the other byte order")
expect_eq(waits(0, 11), 1, "the other byte order")
message("OK", 0x1000, 7, "nothing is there that could take it")

-- ---- without it ----

vm = kvm.vm()
vm:vcpu(0)
expect_errno("ENXIO", vm.irq_line, vm, {irq = 1, level = 1}, "there is no AIA")
