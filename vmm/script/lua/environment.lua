-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a script finds when it begins: KVM's constants as globals, cap.NAME, structs, and errors that say what was meant.
-- Every file of this folder is called with the C functions (core) and with what the files share (K).
local core, K = ...

K.env = {}

-- An error at the script's own line, whatever of the engine lies between.
function K.error(fmt, ...)
	error(core.where() .. fmt:format(...), 0)
end

-- Handler of errors: those that Lua raises in this engine are the script's, which has given something wrong; and the name of
-- a script with a long path, which Lua cuts, is told whole.
function K.at_script(problem)
	if type(problem) ~= "string" then
		return problem
	end
	local inside = problem:match "^%(kvmbed%):%d+: (.*)$"
	if inside then
		return ("%s%s (a method wants its object: vm:create_irqchip(), or vm.create_irqchip and then vm)"):format(core.where(), inside)
	end
	local rest = problem:match "^%.%.%..-:%d+: (.*)$"
	return rest and core.where() .. rest or problem
end

-- "did you mean": the name among the keys of a table that begins alike.
local function suggestion(name)
	return name and (": did you mean " .. name .. "?") or ""
end

-- ---- what an ioctl that failed raises ----

K.Errno = {__name = "errno"}
K.Errno.__index = K.Errno
function K.Errno:__tostring()
	return ("%s%s failed: %s (%s)"):format(self.where, self.call, self.errno, core.strerror(self.errno))
end

function K.raise(call, errno)
	-- Where it was is told only if nobody expects it.
	local where = K.expecting and "" or core.where()
	error(setmetatable({call = call, errno = errno, where = where}, K.Errno), 0)
end

-- What ends a script before its end: skip() and the like.
K.Stop = {__name = "stop"}

function K.is(value, class)
	return type(value) == "table" and getmetatable(value) == class
end

-- ---- globals ----

local env = K.env

for _, name in ipairs {
	"assert", "collectgarbage", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print", "rawequal",
	"rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall", "_VERSION",
	"coroutine", "math", "string", "table", "utf8",
} do
	env[name] = _G[name]
end

-- Text only: precompiled code is not checked by Lua.
function env.load(text, name, _, where)
	return load(text, name, "t", where or env)
end

for _, name in ipairs {"struct", "array", "buffer", "raw", "bytes", "sizeof", "offsetof", "address", "copy", "model"} do
	env[name] = core[name]
end
env.NULL = 0

-- 32-bit words as bytes, as machine code of arm64 and RISC-V is written down.
function env.words(list)
	local out = {}
	for i, word in ipairs(list) do
		out[i] = string.pack("<I4", word)
	end
	return table.concat(out)
end

-- Bytes in hexadecimal: hex "0f 01 d9" is three.
function env.hex(text)
	local digits = text:gsub("%s", "")
	if #digits % 2 ~= 0 or digits:find "%X" then
		K.error("hex() wants pairs of hexadecimal digits")
	end
	return (digits:gsub("..", function(pair)
		return string.char(tonumber(pair, 16))
	end))
end

-- permutations {A, B, C}: each order of these once, as a list of its own; of N of them with permutations({...}, N). The first
-- is the one that was given.
function env.permutations(list, n)
	local all = n or #list
	if all < 0 or all > #list or all > 8 then
		K.error("permutations() of %d of %d things: at most 8, and no more than there are", all, #list)
	end
	local used = {}

	local function extend(order)
		if #order == all then
			coroutine.yield(table.move(order, 1, all, 1, {}))
			return
		end
		for i, thing in ipairs(list) do
			if not used[i] then
				used[i] = true
				order[#order + 1] = thing
				extend(order)
				order[#order] = nil
				used[i] = false
			end
		end
	end
	return coroutine.wrap(function()
		extend {}
	end)
end

-- cap.SREGS2 is KVM_CAP_SREGS2.
env.cap = setmetatable({}, {
	__index = function(self, name)
		local value, near = core.const("KVM_CAP_" .. tostring(name))
		if not value then
			K.error("there is no capability %s%s", name, suggestion(near and near:gsub("^KVM_CAP_", "cap.")))
		end
		rawset(self, name, value)
		return value
	end,
})

-- An unknown name is a mistake, not nil. What a script sets is its own.
setmetatable(env, {
	__index = function(self, name)
		local value, near = core.const(name)
		if value == nil then
			K.error("there is no `%s`%s", name, suggestion(near))
		end
		rawset(self, name, value)
		return value
	end,
})

-- ---- the host ----

local host = {arch = core.arch, release = core.release, backend = core.backend, page_size = core.page_size}
env.host = host

-- Is the kernel's release at least this one ("6.6")?
function host.at_least(release)
	return core.release_compare(host.release, release) >= 0
end

-- What the script has asked this host for, in its order: a failure shows it.
local asked, answers = {}, {}

function K.note_answer(what, answer)
	if answers[what] == nil then
		asked[#asked + 1] = what
	end
	answers[what] = answer
end

-- The answers in words; nil if nothing was asked.
function K.answers()
	local out = {}
	for i, what in ipairs(asked) do
		out[i] = ("%s %s"):format(what, tostring(answers[what]))
	end
	return out[1] and table.concat(out, ", ")
end

-- A capability's value, by its number.
function K.capability(object, number)
	local value, errno = core.ioctl(object.fd, env.KVM_CHECK_EXTENSION, number)
	if not value then
		K.raise("KVM_CHECK_EXTENSION", errno)
	end
	K.note_answer(core.cap_name(number) or ("capability %d"):format(number), value)
	return value
end

-- A key of `kvmbed caps --has`, or a capability's number: true, false, or nil and why it cannot be told.
function host.has(what)
	if math.type(what) == "integer" then
		return K.capability(env.kvm.system, what) > 0
	end
	local has, why = core.has(what)
	K.note_answer(what, has == nil and "unknown" or has)
	return has, why
end

-- A file's beginning, or nil and the errno.
host.read = core.read_file
-- Writes into a file that is there, such as a sysctl; true, or nil and the errno.
host.write = core.write_file

-- host.parameter(MODULE, NAME): true or false of a switch, another parameter's text; nil if there is none.
function host.parameter(module, name)
	local text = core.read_file(("/sys/module/%s/parameters/%s"):format(module, name))
	if text == "Y" or text == "N" then
		return text == "Y"
	end
	return text
end

-- Seconds: host.sleep(0.01), host.now().
host.sleep, host.now = core.sleep, core.now
