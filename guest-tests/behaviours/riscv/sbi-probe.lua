-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/sbi-probe", arch = "riscv",
	title = "BASE does not find an extension of the number -1",
	seen_failing = "all hosts: a kernel without SBI 0.1 has an entry for that with the numbers from -1 to -1 (vcpu_sbi_ext_v01), up to 7.2",
}

local code = asm {
	at = 0x1000,
	riscv = [[
		li a7, 0x10
		li a6, 3
		li a0, -1
		ecall
		li t0, 0x50000
		sd a1, (t0)
	]],
}
local vcpu = kvm.vm():vcpu(0)
vcpu.vm:memory({gpa = 0, size = 0x10000}):load(code)
vcpu:start(code.at):run("KVM_EXIT_MMIO", "KVM answers it")
expect_eq(vcpu:data(), 0, "there is no such extension: a call of it is refused")
