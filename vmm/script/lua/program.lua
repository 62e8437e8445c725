-- SPDX-License-Identifier: GPL-2.0-or-later
-- Guests that have a file of their own and the guest runtime (guest-tests/lib): what they say comes here.
local core, K = ...

local env, VM, VCPU = K.env, K.VM, K.VCPU

-- What program() gives: each function and variable of the guest is a member, its address.
local Program = {__name = "program"}

function Program.__index(program, name)
	K.error("the guest has no function or variable `%s`", tostring(name))
end

-- program(FILE): the guest of that file, C or assembly, which stands beside the script.
function env.program(file)
	if type(file) ~= "string" or not file:find "%.[cS]$" then
		K.error('program() wants the name of a file beside the script: program "walk.c"')
	end
	local folder = core.where():match "^(.*/)[^/]*:%d+: $" or ""
	local bytes, symbols, at, entry = core.program(folder .. file, K.id or "")
	if not bytes then
		K.error("%s: %s", file, (symbols:gsub("%s+$", "")))
	end
	local program = {file = file, bytes = bytes, at = at, entry = entry, symbols = symbols}
	for name, value in pairs(symbols) do
		if program[name] == nil then
			program[name] = value
		end
	end
	return setmetatable(program, Program)
end

-- "main+0x51": where an address is in the program that a VM has booted; nil if it has none, or it is elsewhere.
function K.symbol(vm, address)
	local program, best = rawget(vm, "program"), nil
	if not program or address < program.at or address >= program.at + #program.bytes then
		return nil
	end
	for name, value in pairs(program.symbols) do
		if value <= address and (not best or value > program.symbols[best] or value == program.symbols[best] and name < best) then
			best = name
		end
	end
	return best and ("%s+0x%x"):format(best, address - program.symbols[best])
end

-- ---- starting ----

-- Of the architecture (arch/<name>/script.lua): `ram`, where its runtime wants memory to begin; `block`, a page of that for
-- struct script_boot; `channel`, where nothing is; `hwid(vcpu)` of that struct, `flags(vm, vcpu)` and `clock(vcpu)` where
-- they are not 0; `enter(vcpu, entry, block)`, which sets the first registers. guest-tests/lib/script.h has what is said here.
K.boot = {}

local MAGIC, ARGS = 0x626d766b, 511

-- vm:boot(PROGRAM, {memory = BYTES, args = TEXT, vcpu = VCPU}): memory with the program in it and a vCPU at its beginning.
function VM:boot(program, options)
	options = options or {}
	K.checked_options(options, {memory = true, args = true, vcpu = true}, "vm:boot()")
	if getmetatable(program) ~= Program then
		K.error('vm:boot() wants a program: vm:boot(program "walk.c")')
	end
	local boot, size, args = K.boot, options.memory or 16 << 20, options.args or ""
	if program.at < boot.ram or program.at + #program.bytes > boot.ram + size then
		K.error("%s does not fit into %d bytes of memory at 0x%x: it has 0x%x to 0x%x", program.file, size, boot.ram,
			program.at, program.at + #program.bytes - 1)
	end
	if #args > ARGS then
		K.error("args of vm:boot() has %d bytes, and %d is the most", #args, ARGS)
	end
	local ram = self:memory {gpa = boot.ram, size = size}
	ram:write(program.at, program.bytes)
	local vcpu = options.vcpu or self:vcpu(0)
	ram:write(boot.block, string.pack("<I4I4i8i8i8i8i8z", MAGIC, boot.flags and boot.flags(self, vcpu) or 0, boot.channel,
		boot.ram, size, boot.hwid(vcpu), boot.clock and boot.clock(vcpu) or 0, args))
	boot.enter(vcpu, program.entry, boot.block)
	rawset(self, "channel", boot.channel)
	rawset(self, "program", program)
	return vcpu
end

-- ---- what a guest says ----

local TEXT, TELL, END = 0, 1, 2
local VALUE = 16 -- offsetof(struct script_message, value)
local MOST_TEXT = 4096

local function piece(vm, gpa, size)
	local memory = vm:memory_at(gpa, size)
	return memory and memory:read(gpa, size)
end

-- A line of the guest's; its verdicts are the script's.
local function line(text)
	local word, rest = text:match "^(%u+): (.*)$"
	if word == "PASS" then
		K.checks = K.checks + 1
	elseif word == "FAIL" then
		K.checks = K.checks + 1
		K.tell_failure("the guest's report() failed", rest)
	elseif word ~= "SUMMARY" then
		core.print("guest: " .. text)
	end
end

local function console(vcpu, text)
	local pending = (rawget(vcpu, "line") or "") .. text:gsub("\r", "")
	for whole in pending:gmatch "([^\n]*)\n" do
		line(whole)
	end
	rawset(vcpu, "line", pending:match "[^\n]*$")
end

-- After an exit: was it only text? Other messages are left in vcpu.said: {name =, value =, gpa =} or {ended =, code =}.
function K.only_text(vcpu, page)
	rawset(vcpu, "said", nil)
	local channel = rawget(vcpu.vm, "channel")
	if not channel or page.exit_reason ~= env.KVM_EXIT_MMIO or page.mmio.phys_addr ~= channel or page.mmio.is_write == 0 then
		return false
	end
	local gpa = vcpu:data()
	local message = piece(vcpu.vm, gpa, VALUE + 8)
	local kind, length, at, value = string.unpack("<I4I4i8i8", message or ("\xff"):rep(VALUE + 8))
	local text = length <= MOST_TEXT and piece(vcpu.vm, at, length)
	if not text or kind > END then
		K.fail_now(("the message at 0x%x is none, or not in memory"):format(gpa), "a guest speaks by tell(), report() and printf()")
	end
	if kind == TEXT then
		console(vcpu, text)
	elseif kind == TELL then
		rawset(vcpu, "said", {name = text, value = value, gpa = gpa})
		-- The answer, if there is none.
		vcpu.vm:memory_at(gpa, VALUE + 8):u64(gpa + VALUE, 0)
	else
		rawset(vcpu, "said", {ended = text, code = value})
	end
	return kind == TEXT
end

local function what_came(vcpu)
	local said = rawget(vcpu, "said")
	if not said then
		return ("%s left the guest with %s"):format(vcpu.name, core.exit_text(vcpu.kvm_run))
	end
	if said.ended then
		return ("the guest ended by %s, code %d"):format(said.ended, said.code)
	end
	return ("the guest told %s = 0x%x"):format(said.name, said.value)
end

-- vcpu:hear(NAME, REASON): runs the guest until it tells that; gives the value. Without a name whatever comes first: value, name.
function VCPU:hear(name, reason)
	local expected = "expected the guest to tell " .. (name or "something")
	self:run {reason = reason, expected = expected}
	local said = rawget(self, "said")
	if not said or said.ended or name and said.name ~= name then
		K.fail_now(what_came(self), reason, expected)
	end
	return said.value, said.name
end

-- vcpu:answer(VALUE): what tell() gives to the guest.
function VCPU:answer(value)
	local said = rawget(self, "said")
	if not said or said.ended then
		K.error("vcpu:answer() is for what vcpu:hear() has heard")
	end
	self.vm:memory_at(said.gpa, VALUE + 8):u64(said.gpa + VALUE, value)
end

-- vcpu:finish(REASON): runs the guest to its end; gives a table of what it told meanwhile, by name. An end by
-- guest_reset() or the like, if that is wanted: vcpu:finish(REASON, "reset").
function VCPU:finish(reason, how)
	local told, expected = {}, "expected the guest to end by " .. (how or "shutdown")
	while true do
		self:run {reason = reason, expected = expected}
		local said = rawget(self, "said")
		if not said or said.ended and said.ended ~= (how or "shutdown") then
			K.fail_now(what_came(self), reason, expected)
		end
		if said.ended then
			return told
		end
		told[said.name] = said.value
	end
end
