-- SPDX-License-Identifier: GPL-2.0-or-later
-- What scripts have on x86 alone.
local core, K = ...

local env = K.env

-- Lists that the kernel fills in: as long as it has them.
for _, name in ipairs {"get_supported_cpuid", "get_emulated_cpuid", "get_supported_hv_cpuid"} do
	local ioctl = "KVM_" .. name:upper()

	K.System[name] = function(self, argument)
		if argument ~= nil then
			local value, errno = core.ioctl(self.fd, env[ioctl], argument)
			return value or K.raise(ioctl, errno)
		end
		local list, errno = K.growing(function(room)
			return core.struct("kvm_cpuid2", room, {nent = room})
		end, self, env[ioctl], 128)
		return list or K.raise(ioctl, errno)
	end
end

-- The host's CPUID, asked for once, and those of its entries that have the vCPU's APIC id: leaf 1 in EBX's highest byte,
-- leaves 0xb and 0x1f in EDX.
local host_cpuid, leaf_1, x2apic_leaves

local function read_host_cpuid()
	host_cpuid, x2apic_leaves = env.kvm.system:get_supported_cpuid(), {}
	for i = 0, host_cpuid.nent - 1 do
		local entry = host_cpuid.entries[i]
		local leaf = entry["function"]
		if leaf == 1 then
			leaf_1 = entry
		elseif leaf == 0xb or leaf == 0x1f then
			table.insert(x2apic_leaves, entry)
		end
	end
end

function K.prepare_vcpu(vcpu)
	if not host_cpuid then
		read_host_cpuid()
	end
	if leaf_1 then
		leaf_1.ebx = leaf_1.ebx & 0x00ffffff | (vcpu.id & 0xff) << 24
	end
	for _, entry in ipairs(x2apic_leaves) do
		entry.edx = vcpu.id
	end
	vcpu:set_cpuid2(host_cpuid)
end

-- Bits of the control registers, of EFER and of RFLAGS by the kernel's names (asm/processor-flags.h, asm/msr-index.h), as
-- globals: X86_CR0_PG. A name's bit is its place in the list; "-" has none.
for prefix, names in pairs {
	X86_CR0_ = "PE MP EM TS ET NE - - - - - - - - - - WP - AM - - - - - - - - - - NW CD PG",
	X86_CR4_ = "VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT UMIP LA57 VMXE SMXE - FSGSBASE PCIDE OSXSAVE - SMEP SMAP PKE CET",
	X86_EFLAGS_ = "CF FIXED PF - AF - ZF SF TF IF DF OF - - NT - RF VM AC VIF VIP ID",
	EFER_ = "SCE - - - - - - - LME - LMA NX SVME LMSLE FFXSR",
} do
	local bit = 0
	for name in names:gmatch "%S+" do
		if name ~= "-" then
			rawset(env, prefix .. name, 1 << bit)
		end
		bit = bit + 1
	end
end

K.as_option = "-mx86-used-note=no"

local SEGMENTS = {"cs", "ds", "es", "ss", "fs", "gs"}

-- Segments of 4 GiB at 0, for the kernel's privilege; code of that width.
local function flat(s, long)
	for _, name in ipairs(SEGMENTS) do
		local code = name == "cs"
		s[name] = {
			base = 0, limit = 0xffffffff, selector = code and 8 or 16, type = code and 11 or 3, present = 1, s = 1, g = 1,
			db = not (code and long) and 1 or 0, l = code and long and 1 or 0,
		}
	end
	s.cr0 = s.cr0 | 1
end

-- The first GiB where it is, in pages of 2 MiB: three tables of a page each.
local function identity_map(memory, at)
	local TABLE, LARGE = 0x3, 0x83
	memory:u64(at, at + 0x1000 | TABLE)
	memory:u64(at + 0x1000, at + 0x2000 | TABLE)
	for i = 0, 511 do
		memory:u64(at + 0x2000 + 8 * i, i << 21 | LARGE)
	end
end

local MODES = {
	-- All segments at 0.
	real = function(s)
		for _, name in ipairs {"cs", "ds", "es", "ss"} do
			s[name].base, s[name].selector = 0, 0
		end
	end,
	protected = function(s)
		flat(s, false)
	end,
	long = function(s, vcpu, tables)
		if math.type(tables) ~= "integer" then
			K.error("long mode wants a place for its page tables: {mode = \"long\", tables = ADDRESS of 3 pages}")
		end
		local memory = vcpu.vm:memory_at(tables, 3 * 0x1000) or K.error("no memory is at 0x%x", tables)
		identity_map(memory, tables)
		flat(s, true)
		s.cr3, s.cr4, s.efer = tables, s.cr4 | 1 << 5, s.efer | 1 << 8 | 1 << 10
		s.cr0 = s.cr0 | 1 << 31
	end,
}

-- vcpu:start(ADDRESS [, {mode =, tables =}]): the next KVM_RUN begins there: in real mode, so below 64 KiB; in 32-bit
-- protected mode without paging; or in long mode. Nothing has a descriptor table: interrupts and far jumps want one.
function K.VCPU:start(address, options)
	options = options or {}
	K.checked_options(options, {mode = true, tables = true}, "vcpu:start()")
	local mode = options.mode or "real"
	if not MODES[mode] then
		K.error("there is no mode `%s`: real, protected, long", tostring(mode))
	end
	if mode == "real" and address > 0xffff then
		K.error("real mode begins below 64 KiB, not at 0x%x", address)
	end
	local s = self:get_sregs()
	MODES[mode](s, self, options.tables)
	self:set_sregs(s)
	self:set_regs {rip = address, rflags = 2}
	return self
end

-- Guests with the runtime begin as those of `kvmbed run` do, in long mode; see vmm/script/lua/program.lua.
K.boot = {
	ram = 0, block = 0x1000, channel = 0x3ffff000,
	flags = function(vm, vcpu)
		local lapic = pcall(vcpu.get_lapic, vcpu)
		return (lapic and 1 or 0) | (lapic and pcall(vm.get_irqchip, vm, {chip_id = 0}) and 2 or 0)
	end,
	hwid = function(vcpu)
		return vcpu.id
	end,
	enter = function(vcpu, entry, block)
		vcpu:start(entry, {mode = "long", tables = 0x2000})
		vcpu:set_regs {rip = entry, rflags = 2, rbx = block, rdi = block}
	end,
}

-- vcpu:cpuid {[LEAF] = CHANGE, ...}: KVM_SET_CPUID2 of what the vCPU has with these changes. A change is a function that is
-- given each of the leaf's entries; a table of registers, which becomes the leaf's only entry; or false, which takes it away.
function K.VCPU:cpuid(changes)
	local cpuid = K.growing(function(room)
		return core.struct("kvm_cpuid2", room, {nent = room})
	end, self, env.KVM_GET_CPUID2, 256)
	local entries = {}
	for i = 0, cpuid.nent - 1 do
		local entry = cpuid.entries[i]
		-- Older kernels leave nent as it was: what follows the last entry is zeroes.
		if i > 0 and entry["function"] == 0 then
			break
		end
		local change = changes[entry["function"]]
		if type(change) == "function" then
			change(entry)
		end
		if change == nil or type(change) == "function" then
			entries[#entries + 1] = entry
		end
	end
	for leaf, change in pairs(changes) do
		if type(change) == "table" then
			change["function"] = leaf
			entries[#entries + 1] = change
		end
	end
	self:set_cpuid2(core.struct("kvm_cpuid2", {nent = #entries, entries = entries}))
	return self
end

-- ---- MSRs ----

-- Numbers of MSRs by the manual's name, of those that the host lists.
local numbers

local function msr_number(name)
	if not numbers then
		numbers = {}
		for _, ioctl in ipairs {"KVM_GET_MSR_INDEX_LIST", "KVM_GET_MSR_FEATURE_INDEX_LIST"} do
			local list = K.growing(function(room)
				return core.struct("kvm_msr_list", room, {nmsrs = room})
			end, env.kvm.system, env[ioctl], 256)
			for i = 0, list and list.nmsrs - 1 or -1 do
				-- By the name of the one-reg that stands for it.
				numbers[core.reg_name(0x2 << 60 | 2 << 32 | list.indices[i])] = list.indices[i]
			end
		end
	end
	-- Intel's name of some that have another one here.
	local number = numbers[name] or numbers[name:gsub("^IA32_", "")]
	if not number then
		K.error("this host lists no MSR %s (`kvmbed caps registers` shows those that it has)", name)
	end
	return number
end

-- vcpu:msr(NAME or number) reads, vcpu:msr(NAME or number, VALUE) writes. What KVM does not take is EINVAL here.
function K.VCPU:msr(name, value)
	local number = type(name) == "string" and msr_number(name) or name
	local msrs = core.struct("kvm_msrs", 1, {nmsrs = 1, entries = {{index = number, data = value or 0}}})
	local ioctl = value == nil and "KVM_GET_MSRS" or "KVM_SET_MSRS"
	local done, errno = core.ioctl(self.fd, env[ioctl], msrs)
	if done ~= 1 then
		K.raise(("%s of %s"):format(ioctl, type(name) == "string" and name or ("MSR 0x%x"):format(name)), errno or "EINVAL")
	end
	if value == nil then
		return msrs.entries[0].data
	end
end

-- ---- state ----

-- KVM_GET_MSRS stops at the first MSR that it does not read; that one is left out.
local function save_msrs(vcpu)
	local list = K.growing(function(room)
		return core.struct("kvm_msr_list", room, {nmsrs = room})
	end, env.kvm.system, env.KVM_GET_MSR_INDEX_LIST, 256)
	local entries, first = {}, 0
	while list and first < list.nmsrs do
		local rest = {}
		for i = first, list.nmsrs - 1 do
			rest[#rest + 1] = {index = list.indices[i]}
		end
		local msrs = core.struct("kvm_msrs", {nmsrs = #rest, entries = rest})
		local done = core.ioctl(vcpu.fd, env.KVM_GET_MSRS, msrs)
		for i = 0, (done or 0) - 1 do
			entries[#entries + 1] = {index = msrs.entries[i].index, data = msrs.entries[i].data}
		end
		first = first + (done or 0) + 1
	end
	return entries
end

-- What cannot be written, though it was read, must have its value already.
local function restore_msrs(vcpu, entries)
	local first = 1
	while first <= #entries do
		local rest = table.move(entries, first, #entries, 1, {})
		local done = core.ioctl(vcpu.fd, env.KVM_SET_MSRS, core.struct("kvm_msrs", {nmsrs = #rest, entries = rest})) or 0
		local refused = entries[first + done]
		if refused and vcpu:msr(refused.index) ~= refused.data then
			K.raise(("KVM_SET_MSRS of MSR 0x%x"):format(refused.index), "EINVAL")
		end
		first = first + done + 1
	end
end

-- A struct whose length the host tells: XSAVE2 and the nested state.
local function sized_part(name, get, set, capability)
	return {
		name = name,
		save = function(vcpu)
			-- Neither need the headers have it.
			local number, info = core.const(capability), core.ioctl_info(get)
			local size = number and info and core.check_extension(vcpu.vm.fd, number) or 0
			if size <= 0 then
				return nil
			end
			local buffer = core.buffer(size)
			if name == "nested_state" then
				core.poke(buffer, core.offsetof("kvm_nested_state", "size"), string.pack("<I4", size))
			end
			return core.ioctl(vcpu.fd, info.number, buffer) and buffer or nil
		end,
		restore = function(vcpu, saved)
			local value, errno = core.ioctl(vcpu.fd, core.ioctl_info(set).number, saved)
			if value == nil then
				K.raise(set, errno)
			end
		end,
	}
end

local function without_if(part, other)
	local save = part.save
	part.save = function(object, state)
		if not state[other] then
			return save(object, state)
		end
	end
	return part
end

K.vcpu_parts = {
	{
		name = "cpuid",
		save = function(vcpu)
			return (K.growing(function(room)
				return core.struct("kvm_cpuid2", room, {nent = room})
			end, vcpu, env.KVM_GET_CPUID2, 256))
		end,
		restore = function(vcpu, saved)
			vcpu:set_cpuid2(saved)
		end,
	},
	K.part("sregs2", "get_sregs2", "set_sregs2"),
	-- Where there is no other, or the other was left out.
	without_if(K.part("sregs", "get_sregs", "set_sregs"), "sregs2"),
	K.part("lapic", "get_lapic", "set_lapic"),
	{name = "msrs", save = save_msrs, restore = restore_msrs},
	K.part("xcrs", "get_xcrs", "set_xcrs"),
	sized_part("xsave2", "KVM_GET_XSAVE2", "KVM_SET_XSAVE", "KVM_CAP_XSAVE2"),
	without_if(K.part("xsave", "get_xsave", "set_xsave"), "xsave2"),
	K.part("vcpu_events", "get_vcpu_events", "set_vcpu_events"),
	K.part("mp_state", "get_mp_state", "set_mp_state"),
	K.part("debugregs", "get_debugregs", "set_debugregs"),
	K.part("regs", "get_regs", "set_regs"),
	sized_part("nested_state", "KVM_GET_NESTED_STATE", "KVM_SET_NESTED_STATE", "KVM_CAP_NESTED_STATE"),
}

local function irqchip_part(id)
	return {
		name = "irqchip" .. id,
		save = function(vm)
			local chip = core.struct("kvm_irqchip", {chip_id = id})
			return core.ioctl(vm.fd, env.KVM_GET_IRQCHIP, chip) and chip or nil
		end,
		restore = function(vm, saved)
			vm:set_irqchip(saved)
		end,
	}
end

K.vm_parts = {
	irqchip_part(0), irqchip_part(1), irqchip_part(2),
	K.part("pit2", "get_pit2", "set_pit2"),
}

-- ---- the last look ----

-- Some hosts' KVM has registers that it cannot tell.
local function words_of(vcpu, name)
	local ok, struct = pcall(vcpu[name], vcpu)
	return ok and tostring(struct) or name .. "() fails"
end

function K.registers(vcpu)
	return {words_of(vcpu, "get_regs"), words_of(vcpu, "get_sregs"), words_of(vcpu, "get_vcpu_events")}
end

-- capstone's CS_ARCH_X86, and CS_MODE_16, _32 and _64.
local CS_ARCH, CS_16, CS_32, CS_64 = 3, 1 << 1, 1 << 2, 1 << 3

function K.position(vcpu)
	local s, rip = vcpu:get_sregs(), vcpu:get_regs().rip
	local long = s.efer & 1 << 10 ~= 0 and s.cs.l ~= 0
	local linear = long and rip or (s.cs.base + rip) & 0xffffffff
	local ok, t = pcall(vcpu.translate, vcpu, {linear_address = linear})
	return ok and t.valid ~= 0 and t.physical_address or nil, linear, CS_ARCH, long and CS_64 or s.cs.db ~= 0 and CS_32 or CS_16
end
