-- SPDX-License-Identifier: GPL-2.0-or-later
-- What scripts have on arm64 alone.
local core, K = ...

local env = K.env

-- KVM_ARM_VCPU_INIT with the target that the host prefers, and these features (numbers, KVM_ARM_VCPU_...).
function K.VCPU:init(features)
	local init = self.vm:arm_preferred_target()
	for _, feature in ipairs(features or {}) do
		init.features[feature // 32] = init.features[feature // 32] | 1 << feature % 32
	end
	self:arm_vcpu_init(init)
	return init
end

function K.prepare_vcpu(vcpu, options)
	vcpu:init(options.features)
end

-- The id of a register in struct kvm_regs, by where it stands in user_pt_regs.
local function core_reg(field)
	return env.KVM_REG_ARM64 | env.KVM_REG_SIZE_U64 | env.KVM_REG_ARM_CORE |
		(core.offsetof("kvm_regs", "regs") + core.offsetof("user_pt_regs", field)) // 4
end

-- vcpu:start(ADDRESS): the next KVM_RUN begins there, at EL1 with the MMU off.
function K.VCPU:start(address)
	self:reg(core_reg "pc", address)
	return self
end

-- ---- state (of the vCPU; that of a vgic is its device's) ----

K.vcpu_parts = {
	K.register_part(),
	K.part("vcpu_events", "get_vcpu_events", "set_vcpu_events"),
	K.part("mp_state", "get_mp_state", "set_mp_state"),
}
