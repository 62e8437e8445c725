-- SPDX-License-Identifier: GPL-2.0-or-later
-- What scripts have on arm64 alone.
local _, K = ...

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
