-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/guest-debug", arch = "arm64", needs = cap.SET_GUEST_DEBUG,
	title = "User space steps and stops a guest at several breakpoints and watchpoints; the guest's own debug registers are as it left them",
	seen_failing = "fails with the guest's MDSCR_EL1 not put back: lab/revert arm64/guest-debug; arm64-5.10: what KVM emulates is no step " ..
		"of its own there; arm64-7.2-pkvm: nothing of it stops the guest",
}

local ENABLE <const>, STEP <const>, SW <const>, HW <const> =
	KVM_GUESTDBG_ENABLE, KVM_GUESTDBG_SINGLESTEP, KVM_GUESTDBG_USE_SW_BP, KVM_GUESTDBG_USE_HW
-- Exception classes of ESR_ELx, from a lower level.
local BREAKPOINT <const>, STEPPED <const>, WATCHPOINT <const>, BRK <const> = 0x30, 0x32, 0x34, 0x3c

-- The guest has debug registers of its own, writes some more while it is watched, and tells them at last.
local code = asm {
	at = 0x1000,
	arm64 = [[
		start:	mov x0, #0xd0000
			mov x1, #0x4000
			msr vbar_el1, x1
			mov x10, #0x3000
			mov x9, #0
			isb
		own:	mov x1, #0x5000
			msr dbgbvr1_el1, x1
			mov x2, #0x1e4
			msr dbgbcr1_el1, x2
			mov x1, #0x6000
			msr dbgwvr1_el1, x1
			mov x2, #0x1ffc
			msr dbgwcr1_el1, x2
			mov x1, #0x1000
			msr mdscr_el1, x1
			isb
		round:	nop
		one:	nop
		two:	nop
		load:	ldr x3, [x10]
		store:	str x3, [x10, #8]
		byte:	strb w3, [x10, #16]
		three:	svc #1
		four:	b six
		five:	nop
		six:	mrs x4, dbgbvr1_el1
			mrs x5, dbgbcr1_el1
			mrs x6, dbgwvr1_el1
			mrs x7, dbgwcr1_el1
			mrs x8, mdscr_el1
			add x9, x9, #1
		tell:	strb w9, [x0]
		again:	b round
	]],
}
-- The handler of the guest's SVC.
local vector = asm {
	at = 0x4200,
	arm64 = [[
		entry:	mov x11, #1
			nop
		back:	eret
	]],
}

local vm, vcpu
local function fresh()
	vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	ram:load(vector)
	vcpu = vm:vcpu(0):start(code.start)
end
-- KVM_SET_GUEST_DEBUG: breakpoints and watchpoints as lists of {address, control}.
local function debug(control, breakpoints, watchpoints)
	local d = struct("kvm_guest_debug", {control = control})
	for i, one in ipairs(breakpoints or {}) do
		d.arch.dbg_bvr[i - 1], d.arch.dbg_bcr[i - 1] = one[1], one[2]
	end
	for i, one in ipairs(watchpoints or {}) do
		d.arch.dbg_wvr[i - 1], d.arch.dbg_wcr[i - 1] = one[1], one[2]
	end
	vcpu:set_guest_debug(d)
end
local function stopped(at, class, reason)
	local exit = vcpu:run("KVM_EXIT_DEBUG", reason)
	expect_eq(("0x%x"):format(vcpu:reg("PC")), ("0x%x"):format(at), reason)
	expect_eq(exit.debug.arch.hsr >> 26, class, "the syndrome says why")
	return exit
end
local function told(round, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr, 0xd0000, reason)
	expect_eq(vcpu:data(), round, reason)
end
-- The guest's debug registers as it has read them, and as user space reads them.
local OWN <const> = {DBGBVR1_EL1 = 0x5000, DBGBCR1_EL1 = 0x1e4, DBGWVR1_EL1 = 0x6000, DBGWCR1_EL1 = 0x1ffc, MDSCR_EL1 = 0x1000}
local READ <const> = {X4 = 0x5000, X5 = 0x1e4, X6 = 0x6000, X7 = 0x1ffc, X8 = 0x1000}
local function intact(reason)
	for _, set in ipairs {READ, OWN} do
		for name, value in pairs(set) do
			expect_eq(("%s 0x%x"):format(name, vcpu:reg(name)), ("%s 0x%x"):format(name, value), reason)
		end
	end
end

-- Bits 8:5 are the bytes, 2:1 the levels (here EL1), 0 is on. Of a watchpoint 12:5 are the bytes and 4:3 loads and stores.
local function at(address, off)
	return {address, 0xf << 5 | 1 << 1 | (off and 0 or 1)}
end
local LOAD <const>, STORE <const> = 1, 2
local function watch(address, what, bytes)
	return {address, (bytes or 0xff) << 5 | what << 3 | 1 << 1 | 1}
end

-- ---- nobody watches ----

fresh()
for round = 1, 2 do
	told(round, "the guest goes round")
	intact "they are the guest's alone"
end

-- ---- one step after the other ----

-- Where each step of a round ends, after the store that told: an exception and its return are steps, too, and what KVM emulates.
local ROUND <const> = {
	code.again, code.round, code.one, code.two, code.load, code.store, code.byte, code.three, vector.entry, vector.entry + 4, vector.back,
	code.four, code.six,
}
for address = code.six + 4, code.tell, 4 do
	table.insert(ROUND, address)
end
local function text_of(addresses)
	local list = {}
	for i, address in ipairs(addresses) do
		list[i] = ("%x"):format(address)
	end
	return table.concat(list, " ")
end
local function steps()
	local list = {}
	while #list < 2 * #ROUND do
		local exit = vcpu:run()
		if exit.exit_reason ~= KVM_EXIT_DEBUG then
			return list, exit
		end
		expect_eq(exit.debug.arch.hsr >> 26, STEPPED, "the syndrome says why")
		table.insert(list, vcpu:reg("PC"))
	end
	return list, vcpu:run()
end

fresh()
told(1, "the guest goes round")
debug(ENABLE | STEP)
for round = 2, 4 do
	local list, exit = steps()
	expect_eq(exit.exit_reason, KVM_EXIT_MMIO, "then the guest tells")
	expect_eq(vcpu:data(), round, "it has gone round once")
	expect_eq(text_of(list), text_of(ROUND), "each instruction is a step, and what KVM emulates or user space completes")
	intact "they do not show that the guest is stepped"
end
debug(0)
told(5, "without it the guest goes round")
intact "stepping has left nothing behind"

-- ---- breakpoints and watchpoints ----

local brps <const>, wrps <const> = vm:check_extension(cap.GUEST_DEBUG_HW_BPS), vm:check_extension(cap.GUEST_DEBUG_HW_WPS)
expect(brps >= 2 and brps <= 16 and wrps >= 2 and wrps <= 16, "every processor has from 2 to 16 of both (ID_AA64DFR0_EL1)")
for _, n in ipairs {vcpu:reg("ID_AA64DFR0_EL1")} do
	expect_eq(brps, (n >> 12 & 0xf) + 1, "the guest is told of as many breakpoints")
	expect_eq(wrps, (n >> 20 & 0xf) + 1, "the guest is told of as many watchpoints")
end

fresh()
told(1, "the guest goes round")
debug(ENABLE | HW, {at(code.one), at(code.three)})
for round = 2, 3 do
	stopped(code.one, BREAKPOINT, "the first breakpoint")
	debug(ENABLE | HW, {at(code.one, true), at(code.three)})
	stopped(code.three, BREAKPOINT, "the second one, the first is off")
	debug(ENABLE | HW, {at(code.one), at(code.three, true)})
	told(round, "nothing else stops it")
	intact "they do not show that user space has others"
end
debug(ENABLE | HW, {at(code.one)})
stopped(code.one, BREAKPOINT, "it is still there")
stopped(code.one, BREAKPOINT, "and stops the guest again, which has not gone on")
-- A breakpoint and a step: the way on over it.
debug(ENABLE | STEP | HW, {at(code.one, true)})
stopped(code.two, STEPPED, "a step goes on from it")
debug(ENABLE | HW, {at(code.one)})
told(4, "the guest goes on")
debug(0, {at(code.one)})
told(5, "without ENABLE there is no breakpoint")
intact "they are the guest's again"

fresh()
told(1, "the guest goes round")
for _, one in ipairs {
	{watch(0x3000, LOAD), code.load, 0x3000},
	{watch(0x3000, LOAD | STORE), code.load, 0x3000},
	{watch(0x3008, STORE), code.store, 0x3008},
	{watch(0x3008, LOAD | STORE, 0x80), code.store},
	{watch(0x3010, STORE, 1), code.byte, 0x3010},
	{watch(0x3000, STORE)},
	{watch(0x3008, LOAD)},
	{watch(0x3010, STORE, 2)},
	{watch(0x3018, LOAD | STORE)},
} do
	local point, stops, address = table.unpack(one)
	local text <const> = ("watchpoint 0x%x control 0x%x"):format(point[1], point[2])
	fresh()
	told(1, "the guest goes round")
	debug(ENABLE | HW, {}, {{0, 0}, point})
	if stops then
		local exit = stopped(stops, WATCHPOINT, text .. " stops it before the access")
		if address then
			expect_eq(exit.debug.arch.far, address, text .. ": it tells where")
		end
		debug(ENABLE | HW)
	end
	told(2, text .. (stops and ": taken away, the guest goes on" or " is not hit"))
	intact(text)
end

-- ---- while the guest writes them ----

fresh()
debug(ENABLE | HW, {at(code.round)})
stopped(code.round, BREAKPOINT, "the guest has written its debug registers, user space's breakpoint is there")
debug(ENABLE | HW, {at(code.one)})
stopped(code.one, BREAKPOINT, "the guest has written its debug registers, user space's breakpoint is there")
debug(0)
told(1, "the guest goes on")
intact "what it wrote meanwhile is its own"

-- ---- what a vCPU is told while it has not begun ----

vm = kvm.vm()
vcpu = vm:vcpu(0, {bare = true})
expect_ok(vcpu.set_guest_debug, vcpu, struct("kvm_guest_debug", {control = ENABLE | STEP | SW}), "it may be asked for at any time")
local ram = vm:memory {gpa = 0, size = 0x10000}
ram:load(code)
vcpu:init()
vcpu:start(code.start)
stopped(code.start + 4, STEPPED, "it is done from the first instruction on")
vcpu:init()
vcpu:start(code.start)
stopped(code.start + 4, STEPPED, "a reset of the vCPU leaves it")
ram:write(code.start + 8, words {0xd4200020})
stopped(code.start + 8, STEPPED, "a step")
stopped(code.start + 8, BRK, "a BRK instead of a step")
