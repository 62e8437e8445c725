-- SPDX-License-Identifier: GPL-2.0-or-later
-- Guests: code from assembly text, registers by name, KVM_RUN.
local core, K = ...

local env, VCPU = K.env, K.VCPU

-- ---- guest code ----

-- What asm() gives: at, bytes, and each label as a member.
local Code = {__name = "code"}

function Code.__index(code, label)
	K.error("the code has no label `%s`", tostring(label))
end

-- asm [[...]], asm {at = ADDRESS, [[...]]}, or with a text for each architecture: asm {at =, x86 = [[...]], arm64 = ...}.
-- The text is for the GNU assembler; without `at` it is to run at address 0.
function env.asm(what)
	if type(what) == "string" then
		what = {what}
	end
	K.checked_options(what, {true, at = true, x86 = true, arm64 = true, riscv = true}, "asm{}")
	local text, at = what[1] or what[core.arch], what.at or 0
	if type(text) ~= "string" then
		K.error("asm{} has no text for %s", core.arch)
	end
	-- An error that the assembler cannot pin on a line is the call's.
	local script = core.where():match "^(.*):%d+: $" or "asm"
	local bytes, labels = core.assemble(text, at, K.id or "", script, K.as_option)
	if not bytes then
		local said = labels:gsub("^[^\n]*Assembler messages:\n", ""):gsub("%s+$", "")
		error(said, 0)
	end
	local code = {at = at, bytes = bytes}
	for name, value in pairs(labels) do
		if code[name] then
			K.error("a label or symbol of the code cannot be called `%s`: that is the code's own", name)
		end
		code[name] = value
	end
	return setmetatable(code, Code)
end

-- memory:load(CODE): puts it where it was made for; gives the address. Bytes go to the memory's beginning.
function K.Memory:load(code)
	if type(code) == "string" then
		self:write(self.gpa, code)
		return self.gpa
	end
	self:write(code.at, code.bytes)
	return code.at
end

-- ---- registers by KVM_GET_ONE_REG ----

-- The ids of the vCPU's registers by name: "PC", "CSR_SATP".
local function names_of(vcpu)
	local names = rawget(vcpu, "reg_ids")
	if not names then
		local list, errno = K.growing(function(room)
			return core.struct("kvm_reg_list", room, {n = room})
		end, vcpu, env.KVM_GET_REG_LIST, 1024)
		if not list then
			K.raise("KVM_GET_REG_LIST", errno)
		end
		names = {}
		for i = 0, list.n - 1 do
			names[core.reg_name(list.reg[i])] = list.reg[i]
		end
		rawset(vcpu, "reg_ids", names)
	end
	return names
end

-- Names that the architecture may write in another way; arch/<name>/script.lua.
K.reg_aliases = {}

VCPU.reg_names = names_of

function VCPU:reg_id(name)
	local names = names_of(self)
	local id = names[name] or names[K.reg_aliases[name]]
	if not id then
		K.error("this vCPU has no register %s (`kvmbed caps registers` lists them)", name)
	end
	return id
end

-- vcpu:reg(NAME or id) reads, vcpu:reg(NAME or id, VALUE) writes; a register of more than 64 bits is bytes.
function VCPU:reg(name, value)
	local id = type(name) == "string" and self:reg_id(name) or name
	local size = 1 << ((id & env.KVM_REG_SIZE_MASK) >> env.KVM_REG_SIZE_SHIFT)
	local to
	if type(value) == "string" then
		to = core.buffer(value)
	elseif size <= 8 then
		to = core.array("u" .. size * 8, 1)
		if value ~= nil then
			to[0] = value
		end
	else
		to = core.buffer(size)
	end
	local reg = core.struct("kvm_one_reg", {id = id, addr = to})
	local number = value == nil and "KVM_GET_ONE_REG" or "KVM_SET_ONE_REG"
	local result, errno = core.ioctl(self.fd, env[number], reg)
	if result == nil then
		K.raise(("%s %s"):format(number, core.reg_name(id)), errno)
	end
	if value == nil then
		return size <= 8 and to[0] or core.bytes(to)
	end
end
