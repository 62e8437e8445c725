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
