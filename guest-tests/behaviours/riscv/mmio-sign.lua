-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/mmio-sign", arch = "riscv",
	title = "What user space answers to a signed load is sign-extended to the whole register",
	fixes = "kvm_riscv_vcpu_mmio_return(): the sign of a load (right in 7.2)",
	seen_failing = "riscv64-6.12 and riscv64-6.12-aia, whose kernel lacks the fix",
}

local HOLE <const> = 0x50000
local code = asm {
	at = 0x1000,
	riscv = [[
		.option norvc
		.irp i, lb, lh, lw
	do_\i:	\i a0, 0(s0)
		j told
		.endr
		.option rvc
	do_clw:	c.lw a0, 0(s0)
		j told
	do_clwsp: c.lwsp a0, 0(sp)
	told:	li t1, 0x60000
		sd a0, (t1)
	]],
}
local vm = kvm.vm()
vm:memory({gpa = 0, size = 0x10000}):load(code)
local vcpu = vm:vcpu(0)
for name, size in pairs {lb = 1, lh = 2, lw = 4, clw = 4, clwsp = 4} do
	local top = 1 << 8 * size - 1
	for _, value in ipairs {top, 2 * top - 1, top | 0x55} do
		vcpu.kvm_run.immediate_exit = 1
		expect_errno("EINTR", vcpu.run, vcpu, "the access before ends, and no more")
		vcpu.kvm_run.immediate_exit = 0
		vcpu:reg("S0", HOLE)
		vcpu:reg("SP", HOLE)
		vcpu:start(code["do_" .. name])
		vcpu:run("KVM_EXIT_MMIO", "nothing is there")
		vcpu:data(value)
		vcpu:run("KVM_EXIT_MMIO", "the guest tells a0")
		expect_eq(vcpu:data(), value - 2 * top, name .. " is a signed load: its value is sign-extended")
	end
end
