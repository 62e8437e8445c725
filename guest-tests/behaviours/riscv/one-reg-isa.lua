-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/one-reg-isa", arch = "riscv",
	title = "CONFIG's isa refuses each bit that is no letter's, those above 32 as well",
	seen_failing = "all hosts: kvm_riscv_vcpu_set_reg_config() looks for the highest bit by fls(), which takes 32 bits, up to 7.2",
}

local vcpu = kvm.vm():vcpu(0)
local isa = vcpu:reg "CONFIG_ISA"
for bit = 26, 63 do
	expect_errno("EINVAL", vcpu.reg, vcpu, "CONFIG_ISA", isa | 1 << bit, "the register is for single letters")
end
expect_eq(vcpu:reg "CONFIG_ISA", isa, "what was refused has changed nothing")
