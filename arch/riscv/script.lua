-- SPDX-License-Identifier: GPL-2.0-or-later
-- What scripts have on RISC-V alone.
local core, K = ...

local env = K.env

K.as_option = "-mno-relax"

-- A vCPU runs as it is made.
function K.prepare_vcpu() end

local function pc_id()
	return env.KVM_REG_RISCV | env.KVM_REG_SIZE_U64 | env.KVM_REG_RISCV_CORE |
		(core.offsetof("kvm_riscv_core", "regs") + core.offsetof("user_regs_struct", "pc")) // 8
end

-- vcpu:start(ADDRESS): the next KVM_RUN begins there, in supervisor mode without paging.
function K.VCPU:start(address)
	self:reg(pc_id(), address)
	return self
end

-- vcpu:csr(NAME): a CSR by the manual's name ("scounteren").
function K.VCPU:csr(name, value)
	return self:reg("CSR_" .. name:upper(), value)
end

-- Guests with the runtime; see vmm/script/lua/program.lua.
K.boot = {
	ram = 0x80000000, block = 0x80000000, channel = 0x03ff0000,
	hwid = function(vcpu)
		return vcpu.id
	end,
	clock = function(vcpu)
		return vcpu:reg(env.KVM_REG_RISCV | env.KVM_REG_SIZE_U64 | env.KVM_REG_RISCV_TIMER |
			core.offsetof("kvm_riscv_timer", "frequency") // 8)
	end,
	enter = function(vcpu, entry, block)
		vcpu:start(entry)
		vcpu:reg("A0", vcpu.id)
		vcpu:reg("A1", block)
	end,
}

-- ---- state ----

K.vcpu_parts = {
	K.register_part(),
	K.part("mp_state", "get_mp_state", "set_mp_state"),
}

-- ---- the last look ----

function K.registers(vcpu)
	return K.register_lines(vcpu, function(_, id)
		local kind = id & env.KVM_REG_RISCV_TYPE_MASK
		return kind == env.KVM_REG_RISCV_CORE or kind == env.KVM_REG_RISCV_CSR and id & env.KVM_REG_RISCV_SUBTYPE_MASK == 0
	end)
end

-- The address is taken for a physical one: KVM does not translate. capstone's CS_ARCH_RISCV, RISCV64 with C.
function K.position(vcpu)
	local pc = vcpu:reg(pc_id())
	return pc, pc, 15, 1 << 1 | 1 << 2
end
