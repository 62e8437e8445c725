-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/mmio-zero", arch = "riscv",
	title = "A load from MMIO into x0 leaves it 0: no later store of x0 stores what was loaded",
	seen_failing = "all hosts: kvm_riscv_vcpu_mmio_return() writes what was loaded to where a store of x0 is read from, up to 7.2; passes with " ..
		"lab/additions/riscv/mmio-zero.patch",
}

-- x0 is 0 whatever is loaded into it (Unprivileged Architecture, "Programmers' Model for Base Integer ISA").
local code = asm {
	at = 0x1000,
	riscv = [[
		li s0, 0x50000
		ld zero, 0(s0)
		mv a0, zero
		sd a0, 8(s0)
		sd zero, 8(s0)
		lw zero, 0(s0)
		sw zero, 8(s0)
	]],
}
local vcpu = kvm.vm():vcpu(0)
vcpu.vm:memory({gpa = 0, size = 0x10000}):load(code)
vcpu:start(code.at)
for _, stores in ipairs {2, 1} do
	vcpu:run("KVM_EXIT_MMIO", "the guest loads, and wants nothing but the device's side effect")
	vcpu:data(stores == 2 and 0x0123456789abcdef or 0x55)
	for _ = 1, stores do
		vcpu:run("KVM_EXIT_MMIO", "the guest stores x0")
		expect_eq(vcpu:data(), 0, "x0 is 0")
	end
end
