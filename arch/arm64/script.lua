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

-- vm:gic(): the GIC that this host has, with addresses and initialised, so all vCPUs exist; and the word for vm:boot()'s `args`
-- by which guests with the runtime find it.
function K.VM:gic()
	local v3 = env.host.has "device:ARM_VGIC_V3"
	local dist, cpus = 0x08000000, 0x08020000
	local gic = self:device(v3 and env.KVM_DEV_TYPE_ARM_VGIC_V3 or env.KVM_DEV_TYPE_ARM_VGIC_V2)
	gic:set_attr(env.KVM_DEV_ARM_VGIC_GRP_ADDR, v3 and env.KVM_VGIC_V3_ADDR_TYPE_DIST or env.KVM_VGIC_V2_ADDR_TYPE_DIST, dist)
	gic:set_attr(env.KVM_DEV_ARM_VGIC_GRP_ADDR, v3 and env.KVM_VGIC_V3_ADDR_TYPE_REDIST or env.KVM_VGIC_V2_ADDR_TYPE_CPU, cpus)
	gic:set_attr(env.KVM_DEV_ARM_VGIC_GRP_CTRL, env.KVM_DEV_ARM_VGIC_CTRL_INIT)
	return gic, ("%s=0x%x,0x%x"):format(v3 and "gicv3" or "gicv2", dist, cpus)
end

-- Guests with the runtime; see vmm/script/lua/program.lua.
K.boot = {
	ram = 0x80000000, block = 0x80000000, channel = 0x03ff0000,
	hwid = function(vcpu)
		return vcpu:reg("MPIDR_EL1") & 0xff00ffffff
	end,
	enter = function(vcpu, entry, block)
		vcpu:start(entry):reg("X0", block)
	end,
}

-- ---- state (of the vCPU; that of a vgic is its device's) ----

K.vcpu_parts = {
	K.register_part(),
	K.part("vcpu_events", "get_vcpu_events", "set_vcpu_events"),
	K.part("mp_state", "get_mp_state", "set_mp_state"),
}

-- ---- the last look ----

local TELLING = {ELR_EL1 = true, ESR_EL1 = true, FAR_EL1 = true, SCTLR_EL1 = true, SPSR_EL1 = true, VBAR_EL1 = true}

function K.registers(vcpu)
	return K.register_lines(vcpu, function(name, id)
		return TELLING[name] or id & env.KVM_REG_ARM_COPROC_MASK == env.KVM_REG_ARM_CORE and id & env.KVM_REG_SIZE_MASK == env.KVM_REG_SIZE_U64
	end)
end

-- The address is taken for a physical one: KVM does not translate. capstone's CS_ARCH_ARM64.
function K.position(vcpu)
	local pc = vcpu:reg(core_reg "pc")
	return pc, pc, 1, 0
end
