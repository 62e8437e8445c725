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

-- The host's CPUID, with this vCPU's APIC id where it stands (leaves 1, 0xb and 0x1f).
function K.prepare_vcpu(vcpu)
	local cpuid = env.kvm.system:get_supported_cpuid()
	for i = 0, cpuid.nent - 1 do
		local entry = cpuid.entries[i]
		if entry["function"] == 1 then
			entry.ebx = entry.ebx & 0x00ffffff | (vcpu.id & 0xff) << 24
		elseif entry["function"] == 0xb or entry["function"] == 0x1f then
			entry.edx = vcpu.id
		end
	end
	vcpu:set_cpuid2(cpuid)
end

K.as_option = "-mx86-used-note=no"

-- vcpu:start(ADDRESS): the next KVM_RUN begins there, in real mode with all segments at 0, so below 64 KiB.
function K.VCPU:start(address)
	if address > 0xffff then
		K.error("real mode begins below 64 KiB, not at 0x%x", address)
	end
	local s = self:get_sregs()
	for _, name in ipairs {"cs", "ds", "es", "ss"} do
		s[name].base, s[name].selector = 0, 0
	end
	self:set_sregs(s)
	self:set_regs {rip = address, rflags = 2}
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
