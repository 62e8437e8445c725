-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/sbi-hsm-status", arch = "riscv",
	title = "HSM's status of a hart that is not there is INVALID_PARAM",
	fixes = "kvm_sbi_ext_hsm_handler(): HART_STATUS gives its error (right in 7.2)",
	seen_failing = "riscv64-6.12 and riscv64-6.12-aia, whose kernel lacks the fix: the call succeeds",
}

local code = asm {
	at = 0x1000,
	riscv = [[
		li a7, 0x48534d
		li a6, 2
		ecall
		li t0, 0x50000
		sd a0, (t0)
	]],
}
for _, id in ipairs {1, 0x4711, -1} do
	local vcpu = kvm.vm():vcpu(0)
	vcpu.vm:memory({gpa = 0, size = 0x10000}):load(code)
	vcpu:reg("A0", id)
	vcpu:start(code.at):run("KVM_EXIT_MMIO", "KVM answers it")
	expect_eq(vcpu:data(), -3, "there is no such hart, so its state cannot be told")
end
