-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/aia-differential", arch = "riscv", needs = "device:RISCV_AIA", timeout = 100,
	title = "The in-kernel AIA and our PLIC give a guest the same interrupts for the same random changes of their lines",
	fixes = "RISC-V: KVM: Add in-kernel emulation of AIA APLIC; RISC-V: KVM: Add in-kernel virtualization of AIA IMSIC",
	seen_failing = "fails where setipnum does not make a level pending again (lab/revert riscv/aia-differential), shrunk to 3 steps",
}

-- The guest (interrupts.c) enables four level-triggered lines, and takes what waits when it is told to. What is random is
-- reproducible; a disagreement is shrunk to the shortest sequence that shows it, and printed. Left out, for the two rightly differ
-- there: a line that changes while the guest has it disabled (a PLIC's gateway keeps it, an inactive source of an APLIC does not).
local PLIC <const>, APLIC <const>, IMSIC <const>, SOURCES <const>, IDS <const>, LINES <const> = 0xc000000, 0xd000000, 0x28000000, 31, 63, 4
local CONFIG <const> = KVM_DEV_RISCV_AIA_GRP_CONFIG
local guest = program "interrupts.c"

-- ---- controllers: a function that sets a line, and where the guest finds it ----

local function ours(vm)
	local plic, up = model("plic", {sources = SOURCES, contexts = 1}), false
	vm:attach(plic, {gpa = PLIC, size = 0x4000000})
	vm:wire(function(vcpu)
		if plic:output() ~= up then
			up = not up
			vcpu:interrupt {irq = up and KVM_INTERRUPT_SET or KVM_INTERRUPT_UNSET}
		end
	end)
	return function(line, level) plic:input(line, level) end, ("plic=0x%x"):format(PLIC)
end

local function kernels(vm, mode)
	local aia = vm:device(KVM_DEV_TYPE_RISCV_AIA)
	aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_MODE, mode)
	aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_IDS, IDS)
	aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_SRCS, SOURCES)
	aia:set_attr(KVM_DEV_RISCV_AIA_GRP_ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, APLIC)
	aia:set_attr(KVM_DEV_RISCV_AIA_GRP_ADDR, 1, IMSIC)
	aia:set_attr(KVM_DEV_RISCV_AIA_GRP_CTRL, KVM_DEV_RISCV_AIA_CTRL_INIT)
	return function(line, level) vm:irq_line {irq = line, level = level and 1 or 0} end, ("aia=0x%x,0x%x"):format(APLIC, IMSIC)
end

-- ---- sequences ----

-- A step is {"line", line, level} or {"take"}. `turns` is what the script does as the guest has taken its nth interrupt of a
-- sequence: lines that change, the one taken (0) among them.
local seed
local function random(n)
	seed = (seed * 1103515245 + 12345) & 0x7fffffff
	return (seed >> 8) % n
end

local function sequence(n)
	local steps, turns = {}, {}
	for i = 1, n do
		steps[i] = random(3) == 0 and {"take"} or {"line", random(LINES) + 1, random(2) == 0}
	end
	for i = 1, 4 * n do
		-- It falls, or stays up once; now and then another one changes as well.
		turns[i] = {random(4) > 0, random(6) == 0 and random(LINES) + 1, random(2) == 0}
	end
	return steps, turns
end

-- Each machine goes from sequence to sequence, with all lines down and nothing waiting in between.
local function machine(controller, mode)
	local vm = kvm.vm()
	local vcpu = vm:vcpu(0)
	local set, args = controller(vm, mode)
	vm:boot(guest, {vcpu = vcpu, memory = 4 << 20, args = "do=told " .. args})
	vcpu:hear("next", "the guest has enabled its lines")
	local levels = {}
	-- A line is told of when it changes, and not again: what an APLIC makes of that is riscv/aia-level's.
	local function line(n, level)
		if (levels[n] or false) ~= level then
			levels[n] = level
			set(n, level)
		end
	end
	-- What is taken now, as text.
	local function take(turns, number)
		local seen = {}
		vcpu:answer(1)
		while true do
			local value, name = vcpu:hear(nil, "the guest takes what waits")
			if name == "next" or #seen > 60 then
				return table.concat(seen, " "), number + #seen
			end
			seen[#seen + 1] = value
			local turn = turns[number + #seen] or {true}
			if turn[2] then
				line(turn[2], turn[3])
			end
			if turn[1] then
				line(value, false)
			end
		end
	end
	return function(steps, turns)
		local seen, number, text = {}, 0, nil
		for i, step in ipairs(steps) do
			if step[1] == "line" then
				line(step[2], step[3])
			else
				text, number = take(turns, number)
				seen[i] = text
			end
		end
		seen[#steps + 1], number = take(turns, number)
		for n = 1, LINES do
			line(n, false)
		end
		while take({}, 0) ~= "" do
		end
		return seen
	end
end

local function difference(steps, turns, one, other)
	local a, b = one(steps, turns), other(steps, turns)
	for i = 1, #steps + 1 do
		if a[i] ~= b[i] then
			return i, a[i], b[i]
		end
	end
end

-- Takes steps away, from halves down to single ones, as long as the two still differ.
local function shrink(steps, turns, one, other)
	local size = #steps
	while size >= 1 do
		local i = 1
		while i <= #steps do
			local fewer = table.move(steps, i + size, #steps, i, table.move(steps, 1, i - 1, 1, {}))
			if #fewer < #steps and difference(fewer, turns, one, other) then
				steps = fewer
			else
				i = i + size
			end
		end
		size = size // 2
	end
	return steps
end

local plic = machine(ours)
local modes = {["emulated"] = KVM_DEV_RISCV_AIA_MODE_EMUL}
if kvm.vm():device(KVM_DEV_TYPE_RISCV_AIA):get_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_MODE, "u32") ~= KVM_DEV_RISCV_AIA_MODE_EMUL then
	modes["with files of the host's"] = KVM_DEV_RISCV_AIA_MODE_HWACCEL
end
for name, mode in pairs(modes) do
	local aia = machine(kernels, mode)
	for round = 1, 25 do
		seed = 1000 + round
		local steps, turns = sequence(20)
		if difference(steps, turns, plic, aia) then
			steps = shrink(steps, turns, plic, aia)
			local _, mine, theirs = difference(steps, turns, plic, aia)
			for _, step in ipairs(steps) do
				print(step[1], step[2], step[3])
			end
			expect(false, ("seed %d: our PLIC gives \"%s\", the AIA, %s, \"%s\", after the steps above"):format(1000 + round, mine, name, theirs))
			break
		end
		expect(true, "both give the same")
	end
end
