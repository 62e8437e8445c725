-- SPDX-License-Identifier: GPL-2.0-or-later
-- Saving a VM and restoring it into a new one. What a vCPU's and a VM's state consists of, and in which order it is put
-- back, is a list of the architecture's (arch/<name>/script.lua): K.vcpu_parts, K.vm_parts. A part is
-- {name, save = function(object), restore = function(object, saved)}; save gives nil for what the host does not have.
local core, K = ...

local env = K.env

K.vcpu_parts, K.vm_parts = {}, {}

-- A part that one ioctl reads and another writes.
function K.part(name, get, set)
	return {
		name = name,
		save = function(object)
			local info = core.ioctl_info("KVM_" .. get:upper())
			if not info then
				return nil
			end
			local struct = core.struct(info.type)
			return core.ioctl(object.fd, info.number, struct) and struct or nil
		end,
		restore = function(object, saved)
			object[set](object, saved)
		end,
	}
end

local function leave_out(options)
	local out, known = {}, {}
	for _, parts in ipairs {K.vcpu_parts, K.vm_parts} do
		for _, part in ipairs(parts) do
			known[part.name] = true
		end
	end
	for _, name in ipairs(options and options.without or {}) do
		if not known[name] then
			K.error("without = {%q}: the state has no such part", name)
		end
		out[name] = true
	end
	return out
end

local function save_parts(object, parts, options)
	local state, without = {}, leave_out(options)
	for _, part in ipairs(parts) do
		if not without[part.name] then
			state[part.name] = part.save(object, state)
		end
	end
	return state
end

local function restore_parts(object, parts, state, options)
	local without = leave_out(options)
	for _, part in ipairs(parts) do
		if state[part.name] ~= nil and not without[part.name] then
			part.restore(object, state[part.name])
		end
	end
end

-- An access that user space has answered is not over before KVM_RUN is called again, which immediate_exit ends at once.
function K.VCPU:settle()
	local page = self.kvm_run
	page.immediate_exit = 1
	local value, errno = core.run(self.fd, page, 10)
	page.immediate_exit = 0
	if value == nil and errno ~= "EINTR" then
		K.raise("KVM_RUN with immediate_exit", errno)
	end
	return self
end

-- vcpu:save{without = {NAME, ...}}: its state, a table of parts by name. vcpu:restore(STATE, {without = ...}).
function K.VCPU:save(options)
	if rawget(self, "ran") then
		self:settle()
	end
	return save_parts(self, K.vcpu_parts, options)
end

function K.VCPU:restore(state, options)
	restore_parts(self, K.vcpu_parts, state, options)
	return self
end

-- vm:save(OPTIONS): the vCPUs that vm:vcpu() made, the memory of vm:memory(), and what the architecture has of a VM.
function K.VM:save(options)
	local saved = {type = self.type, channel = rawget(self, "channel"), program = rawget(self, "program"), memories = {}, vcpus = {}}
	for i, vcpu in ipairs(self.vcpus) do
		saved.vcpus[i] = {id = vcpu.id, options = vcpu.options, state = vcpu:save(options)}
	end
	saved.state = save_parts(self, K.vm_parts, options)
	for i, memory in ipairs(self.memories) do
		saved.memories[i] = {
			gpa = memory.gpa, size = memory.size, slot = memory.slot, flags = memory.flags,
			bytes = core.bytes(memory.pages),
		}
	end
	return saved
end

-- kvm.restore(SAVED, {without =, prepare = function(vm)}): a new VM of that state; prepare() is called before the vCPUs
-- are made, for interrupt controllers and the like. Gives the VM and its vCPUs.
function K.restore(saved, options)
	options = options or {}
	local vm = env.kvm.vm {type = saved.type}
	rawset(vm, "channel", saved.channel)
	rawset(vm, "program", saved.program)
	if options.prepare then
		options.prepare(vm)
	end
	for _, m in ipairs(saved.memories) do
		vm:memory {gpa = m.gpa, size = m.size, slot = m.slot, flags = m.flags}:write(m.gpa, m.bytes)
	end
	local vcpus = {}
	for i, v in ipairs(saved.vcpus) do
		vcpus[i] = vm:vcpu(v.id, v.options)
	end
	restore_parts(vm, K.vm_parts, saved.state, options)
	for i, v in ipairs(saved.vcpus) do
		vcpus[i]:restore(v.state, options)
	end
	return vm, table.unpack(vcpus)
end
env.kvm.restore = K.restore

-- All registers of KVM_GET_REG_LIST. What cannot be written must have the value already.
function K.register_part()
	return {
		name = "registers",
		save = function(vcpu)
			local values = {}
			for name, id in pairs(vcpu:reg_names()) do
				local ok, value = pcall(vcpu.reg, vcpu, id)
				if ok then
					values[#values + 1] = {name = name, id = id, value = value}
				end
			end
			-- Ids in their order: what enables a feature comes before what belongs to it.
			table.sort(values, function(a, b)
				return math.ult(a.id, b.id)
			end)
			return values
		end,
		restore = function(vcpu, values)
			for _, reg in ipairs(values) do
				local ok, problem = pcall(vcpu.reg, vcpu, reg.id, reg.value)
				if not ok then
					local read, value = pcall(vcpu.reg, vcpu, reg.id)
					if not (read and value == reg.value) and not K.volatile[reg.name] then
						error(problem, 0)
					end
				end
			end
		end,
	}
end

-- Registers that cannot be written and change by themselves.
K.volatile = {}
