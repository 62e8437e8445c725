-- SPDX-License-Identifier: GPL-2.0-or-later
-- KVM's objects: system, VM, vCPU, device. A method is an ioctl by its name in small letters (vcpu:get_sregs2() is
-- KVM_GET_SREGS2) unless one is written here, and raises an error when it fails.
local core, K = ...

local env = K.env

-- One ioctl that must work.
local function call(object, name, number, argument)
	local value, errno = core.ioctl(object.fd, number, argument)
	if value == nil then
		K.raise(name, errno)
	end
	return value
end

local function is_plain_table(value)
	return type(value) == "table" and getmetatable(value) == nil
end

-- The method for an ioctl. With a struct of the caller's, bytes or a number (an address; NULL) it gives what the ioctl
-- returned. Without, or with a table of fields, it makes the struct, and gives that back.
local function method_for(info)
	local name, number, type_name = info.name, info.number, info.type

	if not type_name then
		return function(self, argument)
			return call(self, name, number, argument)
		end
	end
	if info.int then
		return function(self, argument)
			if type(argument) == "string" or core.is_object(argument) then
				return call(self, name, number, argument)
			end
			local box = core.array(type_name, 1)
			if argument ~= nil then
				box[0] = argument
			end
			local value = call(self, name, number, box)
			return info.reads and argument == nil and box[0] or value
		end
	end
	return function(self, argument)
		if argument ~= nil and not is_plain_table(argument) then
			return call(self, name, number, argument)
		end
		local struct = core.struct(type_name, argument)
		return struct, call(self, name, number, struct)
	end
end

local function class(name)
	local methods = {}
	local meta = {__name = name}

	function meta.__index(self, key)
		local found = methods[key]
		if found == nil and type(key) == "string" then
			local getter = methods["get." .. key]
			if getter then
				return getter(self)
			end
			local info, near = core.ioctl_info("KVM_" .. key:upper())
			if not info then
				near = near and near:gsub("^KVM_", ""):lower()
				K.error("a %s has no `%s`%s", name, key, near and (": did you mean " .. near .. "()?") or "")
			end
			found = method_for(info)
			methods[key] = found
		end
		return found
	end
	meta.__close = function(self)
		self:close()
	end
	function meta:__tostring()
		return self.name
	end

	function methods:close()
		core.close(self.fd)
	end

	-- Any ioctl, by name or number: its value, or nil and the errno.
	function methods:ioctl(what, argument)
		return env.kvm.ioctl(self, what, argument)
	end

	-- Attributes (KVM_SET_DEVICE_ATTR and so on), which VMs and vCPUs have too. The value is a number of 64 bits,
	-- or a struct, array or bytes.
	local function attribute(self, what, number, group, attr, value)
		local a = core.struct("kvm_device_attr", {group = group, attr = attr})
		if type(value) == "number" and number ~= env.KVM_HAS_DEVICE_ATTR then
			value = core.array("u64", {value})
		elseif type(value) == "string" then
			value = core.buffer(value)
		end
		if value ~= nil then
			a.addr = value
		end
		return call(self, what, number, a), value
	end
	function methods:set_attr(group, attr, value)
		return attribute(self, "KVM_SET_DEVICE_ATTR", env.KVM_SET_DEVICE_ATTR, group, attr, value)
	end
	-- @value: where it goes (then that is given back), or "u32" and the like; a number of 64 bits without.
	function methods:get_attr(group, attr, value)
		local to = value
		if value == nil or type(value) == "string" then
			to = core.array(value or "u64", 1)
		end
		attribute(self, "KVM_GET_DEVICE_ATTR", env.KVM_GET_DEVICE_ATTR, group, attr, to)
		return to == value and to or to[0]
	end
	function methods:has_attr(group, attr)
		local value = core.ioctl(self.fd, env.KVM_HAS_DEVICE_ATTR,
			core.struct("kvm_device_attr", {group = group, attr = attr}))
		return value ~= nil
	end
	return methods, meta
end

local System, system_meta = class("kvm.system")
local VM, vm_meta = class("VM")
local VCPU, vcpu_meta = class("vCPU")
local Device, device_meta = class("device")
K.VCPU, K.VM, K.System, K.Device = VCPU, VM, System, Device
System.check_extension, VM.check_extension = K.capability, K.capability

local function checked_options(options, known, what)
	for key in pairs(options) do
		if not known[key] then
			K.error("%s does not know the option `%s`", what, tostring(key))
		end
	end
end

K.checked_options = checked_options

-- ---- /dev/kvm ----

local kvm = {}
env.kvm = kvm

local opened

setmetatable(kvm, {
	__index = function(_, key)
		if key ~= "system" then
			K.error("there is no kvm.%s: system, vm, restore, ioctl, eventfd", tostring(key))
		end
		if not opened then
			local fd, errno = core.open_kvm()
			if not fd then
				K.raise("open(/dev/kvm)", errno)
			end
			opened = setmetatable({fd = fd, name = "/dev/kvm"}, system_meta)
		end
		return opened
	end,
})

-- kvm.ioctl(OBJECT or descriptor, NAME or number, argument): its value, or nil and the errno.
function kvm.ioctl(object, what, argument)
	local number = what
	if type(what) == "string" then
		local info, near = core.ioctl_info(what)
		if not info then
			K.error("there is no ioctl %s%s", what, near and (": did you mean " .. near .. "?") or "")
		end
		number = info.number
		if is_plain_table(argument) and info.type then
			argument = core.struct(info.type, argument)
		end
	end
	return core.ioctl(object, number, argument)
end

-- What must grow until the kernel's list fits: E2BIG says that it did not.
local function growing(make, object, number, first)
	local room = first
	while room < 1 << 16 do
		local list = make(room)
		local value, errno = core.ioctl(object.fd, number, list)
		if value then
			return list
		end
		if errno ~= "E2BIG" then
			return nil, errno
		end
		room = room * 4
	end
	return nil, "E2BIG"
end
K.growing = growing

-- ---- VMs ----

local made_vms = 0

-- kvm.vm{type = ...}: a VM of the default type.
function kvm.vm(options)
	options = options or {}
	if type(options) ~= "table" then
		K.error("kvm.vm() wants a table or nothing: kvm.vm {type = 0}")
	end
	checked_options(options, {type = true}, "kvm.vm{}")
	local type = options.type or core.vm_type(kvm.system.fd)
	local fd = call(kvm.system, "KVM_CREATE_VM", env.KVM_CREATE_VM, type)
	-- Of several VMs each has its number, and its vCPUs have it.
	made_vms = made_vms + 1
	local name = made_vms == 1 and "vm" or "vm" .. made_vms
	return setmetatable({
		fd = core.fd(fd, name), name = name, type = type, memories = {}, kept = {}, attached = {}, wires = {},
		-- Does not keep them alive: they keep the VM.
		vcpus = setmetatable({}, {__mode = "v"}),
	}, vm_meta)
end

-- vm:vcpu(ID, OPTIONS): a vCPU that can run: on x86 with the host's CPUID, on arm64 initialised. With bare = true it is
-- what KVM_CREATE_VCPU alone makes.
function VM:vcpu(id, options)
	options = options or {}
	checked_options(options, {bare = true, features = true}, "vm:vcpu()")
	local fd = call(self, "KVM_CREATE_VCPU", env.KVM_CREATE_VCPU, id or 0)
	local name = (self.name == "vm" and "" or self.name .. ".") .. "vcpu" .. (id or 0)
	local vcpu = setmetatable({fd = core.fd(fd, name), name = name, vm = self, id = id or 0, options = options}, vcpu_meta)
	if not options.bare then
		K.prepare_vcpu(vcpu, options)
	end
	table.insert(self.vcpus, vcpu)
	return vcpu
end

-- vm:device(TYPE): a device by KVM_CREATE_DEVICE.
function VM:device(type)
	local struct = core.struct("kvm_create_device", {type = type})
	call(self, "KVM_CREATE_DEVICE", env.KVM_CREATE_DEVICE, struct)
	return setmetatable({fd = core.fd(struct.fd, "dev" .. type), name = "dev" .. type, vm = self, type = type}, device_meta)
end

-- ---- guest memory ----

local Memory = {}
Memory.__index = Memory
K.Memory = Memory

local function offset_in(memory, gpa, size)
	if gpa < memory.gpa or gpa + size > memory.gpa + memory.size then
		K.error("0x%x is not in this memory, 0x%x to 0x%x", gpa, memory.gpa, memory.gpa + memory.size - 1)
	end
	return gpa - memory.gpa
end

function Memory:write(gpa, text)
	if self.protected then
		K.error('memory:protect("r") has taken away the right to write')
	end
	core.poke(self.pages, offset_in(self, gpa, #text), text)
	return self
end

function Memory:read(gpa, size)
	return core.bytes(self.pages, offset_in(self, gpa, size), size)
end

for bits = 8, 64, 8 do
	local format = "<I" .. bits // 8
	if bits & (bits - 1) == 0 then
		-- memory:u32(GPA) reads, memory:u32(GPA, VALUE) writes.
		Memory["u" .. bits] = function(self, gpa, value)
			if value then
				return self:write(gpa, string.pack(bits == 64 and "<i8" or format, value))
			end
			return (string.unpack(bits == 64 and "<i8" or format, self:read(gpa, bits // 8)))
		end
	end
end

-- memory:set{flags =, gpa =, size =, slot =}: the slot again, with these changes; size = 0 deletes it.
function Memory:set(changes)
	checked_options(changes, {flags = true, gpa = true, size = true, slot = true, pages = true}, "memory:set{}")
	return self.vm:set_user_memory_region(core.struct("kvm_userspace_memory_region", {
		slot = changes.slot or self.slot,
		flags = changes.flags or self.flags,
		guest_phys_addr = changes.gpa or self.gpa,
		memory_size = changes.size or self.size,
		userspace_addr = changes.pages or self.pages,
	}))
end

-- memory:protect("r") or ("rw"): mprotect() of the pages behind it; "r" binds the script too.
function Memory:protect(how)
	if how ~= "r" and how ~= "rw" then
		K.error('memory:protect() takes "r" or "rw"')
	end
	local ok, errno = core.protect(self.pages, how == "rw")
	if not ok then
		K.raise("mprotect", errno)
	end
	self.protected = how == "r"
	return self
end

-- memory:advise(ADVICE [, GPA, SIZE]): madvise() of a part, or of all: "HUGEPAGE", "NOHUGEPAGE", "DONTNEED", "COLLAPSE",
-- "POPULATE", "REMOVE".
function Memory:advise(advice, gpa, size)
	gpa, size = gpa or self.gpa, size or self.size
	local ok, errno = core.advise(self.pages, advice, offset_in(self, gpa, size), size)
	if not ok then
		K.raise("madvise " .. advice, errno)
	end
	return self
end

-- memory:remap(GPA, SIZE): new pages there, in place of what was.
function Memory:remap(gpa, size)
	local ok, errno = core.remap(self.pages, offset_in(self, gpa, size), size)
	if not ok then
		K.raise("mmap", errno)
	end
	return self
end

-- memory:huge(): how many of its bytes user space's own mapping has in huge pages. A huge page may be larger than the memory:
-- what it has behind its end is not counted.
function Memory:huge()
	local bytes = core.huge(self.pages)
	return bytes and math.min(bytes, self.size)
end

-- vm:memory{gpa =, size =, slot =, flags =}: zeroed pages as a memslot. `backing` says of what kind: "anonymous" ones that
-- can become huge, "hugetlb", or a file's, by its path; they begin `shift` bytes into a huge page.
function VM:memory(options)
	checked_options(options, {gpa = true, size = true, slot = true, flags = true, backing = true, shift = true}, "vm:memory{}")
	local size = options.size or core.page_size
	local pages, errno
	if options.backing then
		pages, errno = core.backing(size, options.backing, options.shift)
	else
		pages, errno = core.pages(size)
	end
	if not pages then
		K.raise(("mmap of %d bytes"):format(size), errno)
	end
	local memory = setmetatable({
		vm = self, pages = pages, size = size, gpa = options.gpa or 0, slot = options.slot or #self.memories,
		flags = options.flags or 0,
	}, Memory)
	-- The kernel works on it as long as there is the VM.
	table.insert(self.kept, pages)
	memory:set {}
	table.insert(self.memories, memory)
	return memory
end

-- What was made by vm:memory() and holds so many bytes from an address on; nil if nothing does.
function VM:memory_at(gpa, size)
	for _, memory in ipairs(self.memories) do
		if gpa >= memory.gpa and gpa + size <= memory.gpa + memory.size then
			return memory
		end
	end
end

-- ---- devices in user space ----

-- vm:attach(MODEL, {gpa =, size =, offset = 0}): what a guest reads and writes there, vcpu:run() and what is made of it do to
-- the model, from its offset on, and the guest goes on.
function VM:attach(device, region)
	checked_options(region, {gpa = true, size = true, offset = true}, "vm:attach()")
	if type(device) ~= "userdata" or not region.gpa or not region.size then
		K.error('vm:attach() wants a model and where it is: vm:attach(model("plic"), {gpa = 0xc000000, size = 0x4000000})')
	end
	table.insert(self.attached, {device = device, gpa = region.gpa, size = region.size, offset = region.offset or 0})
	return self
end

-- vm:wire(FUNCTION): FUNCTION(vcpu) is called before and after each KVM_RUN, and carries levels of lines between the VM and models. A
-- KVM_RUN that only tells a new level (KVM_CAP_ARM_USER_IRQ) does not end vcpu:run() then.
function VM:wire(carry)
	if type(carry) ~= "function" then
		K.error("vm:wire() wants a function of a vCPU")
	end
	table.insert(self.wires, carry)
	return self
end

local function carry(vcpu)
	for _, wire in ipairs(vcpu.vm.wires) do
		wire(vcpu)
	end
end

-- vm:msrs(FUNCTION): x86: an access of an MSR that is user space's (KVM_EXIT_X86_RDMSR, KVM_EXIT_X86_WRMSR) goes to
-- FUNCTION(index), which gives the value, or to FUNCTION(index, value), which gives true; and the guest goes on. nil or false
-- refuses: #GP.
function VM:msrs(answer)
	if type(answer) ~= "function" then
		K.error("vm:msrs() wants a function of an index and a value")
	end
	rawset(self, "msr_answer", answer)
	return self
end

local function msr_took(vcpu, page)
	local answer = rawget(vcpu.vm, "msr_answer")
	local read = page.exit_reason == env.KVM_EXIT_X86_RDMSR
	if not answer or not read and page.exit_reason ~= env.KVM_EXIT_X86_WRMSR then
		return false
	end
	local value
	if read then
		value = answer(page.msr.index)
	else
		value = answer(page.msr.index, page.msr.data)
	end
	page.msr.error = value and 0 or 1
	if read and value then
		page.msr.data = value
	end
	return true
end

-- After an exit: was it for a model that is attached?
local function attached_took(vcpu, page)
	if page.exit_reason ~= env.KVM_EXIT_MMIO then
		return false
	end
	local at, size = page.mmio.phys_addr, page.mmio.len
	for _, a in ipairs(vcpu.vm.attached) do
		if at >= a.gpa and at - a.gpa + size <= a.size then
			local offset = at - a.gpa + a.offset
			if page.mmio.is_write ~= 0 then
				a.device:write(offset, vcpu:data(), size)
			else
				vcpu:data((a.device:read(offset, size)))
			end
			return true
		end
	end
	return false
end

-- ---- vCPUs ----

VCPU["get.kvm_run"] = function(self)
	local page, errno = core.map_run(self.fd, env.kvm.system:get_vcpu_mmap_size())
	if not page then
		K.raise("mmap of kvm_run", errno)
	end
	rawset(self, "kvm_run", page)
	return page
end

-- vcpu:map(TYPE, ELEMENTS, PAGE): what the vCPU shares with user space from that page of its descriptor on, as an array;
-- of a struct that ends in a flexible array that struct, with as many elements as its page has.
function VCPU:map(type, elements, page)
	local size = (core.sizeof(type) * elements + core.page_size - 1) // core.page_size * core.page_size
	local map, errno = core.map(self.fd, type, size, page * core.page_size)
	if not map then
		K.raise(("mmap of page %d of %s"):format(page, self.name), errno)
	end
	return map
end

local DEFAULT_TIMEOUT = 10

-- vcpu:run(EXIT, REASON) or vcpu:run{expect = EXIT, reason =, timeout = SECONDS}: enters the guest, and gives kvm_run
-- after the exit. Another exit than the one expected ends the script as a failure.
function VCPU:run(options, reason)
	if type(options) ~= "table" then
		options = {expect = options, reason = reason}
	end
	checked_options(options, {expect = true, reason = true, timeout = true, expected = true}, "vcpu:run{}")
	local timeout = options.timeout or DEFAULT_TIMEOUT
	local page = self.kvm_run
	rawset(self, "ran", true)
	K.ran = self
	local last = core.now() + timeout
	local told
	repeat
		carry(self)
		local value, errno, late = core.run(self.fd, page, math.max(last - core.now(), 0.001))
		if late then
			K.fail_now(("KVM_RUN of %s did not return within %s s"):format(self.name, timeout), options.reason,
				options.expected or options.expect and "expected " .. K.exit_name(options.expect))
		end
		carry(self)
		told = value == nil and errno == "EINTR" and #self.vm.wires > 0 and page.immediate_exit == 0
		if value == nil and not told then
			K.raise("KVM_RUN", errno)
		end
	until not told and not attached_took(self, page) and not msr_took(self, page) and not K.only_text(self, page)
	local wanted = options.expect
	if type(wanted) == "string" then
		wanted = env[wanted]
	end
	if wanted and wanted ~= page.exit_reason then
		K.fail_now(("%s left the guest with %s"):format(self.name, core.exit_text(page)), options.reason,
			"expected " .. K.exit_name(wanted))
	end
	return page
end

function K.exit_name(exit)
	return type(exit) == "string" and exit or core.exit_name(exit)
end

-- What the guest wrote, or is to read (with a value or bytes), in the port or MMIO access that is under way.
function VCPU:data(value)
	local page = self.kvm_run
	local size, get, set
	if page.exit_reason == env.KVM_EXIT_IO then
		size = page.io.size * page.io.count
		get = function() return core.run_bytes(page, page.io.data_offset, size) end
		set = function(text) core.run_bytes(page, page.io.data_offset, size, text) end
	elseif page.exit_reason == env.KVM_EXIT_MMIO then
		size = page.mmio.len
		get = function() return core.bytes(page.mmio.data, 0, size) end
		set = function(text) core.poke(page.mmio.data, 0, text:sub(1, size)) end
	else
		K.error("no port or MMIO access is under way, but %s", core.exit_text(page))
	end
	if type(value) == "number" then
		value = string.pack("<i8", value):sub(1, size)
	end
	if value then
		return set(value)
	end
	local text = get()
	return size <= 8 and string.unpack("<i8", text .. ("\0"):rep(8 - size)) or text
end

-- ---- eventfds ----

local Eventfd = {__name = "eventfd"}
Eventfd.__index = Eventfd

function Eventfd:__close()
	core.close(self.fd)
end

function Eventfd:close()
	core.close(self.fd)
end

function Eventfd:signal(count)
	local n, errno = core.write(self.fd, string.pack("<i8", count or 1))
	if not n then
		K.raise("write to an eventfd", errno)
	end
end

-- How often it was signalled since the last read; 0 if not at all.
function Eventfd:read()
	local text, errno = core.read(self.fd, 8)
	if not text and errno ~= "EAGAIN" then
		K.raise("read from an eventfd", errno)
	end
	return text and string.unpack("<i8", text) or 0
end

function Eventfd:wait(seconds)
	return core.wait(self.fd, seconds or 1)
end

function kvm.eventfd()
	local fd, errno = core.eventfd()
	if not fd then
		K.raise("eventfd", errno)
	end
	return setmetatable({fd = fd}, Eventfd)
end
