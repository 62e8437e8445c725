-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/mmio-exit",
	title = "An access where no memory is leaves the guest with KVM_EXIT_MMIO; a load gets user space's answer",
	seen_failing = "fails with the script's answer to the load left out; no kernel that gets it wrong is known",
}

local HOLE = 0x50000
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		mov $0x5000, %ax
		mov %ax, %ds
		movb $0x11, (0x00)
		movw $0x2222, (0x10)
		movl $0x33333333, (0x20)
		movb (0x30), %al
		movb %al, (0x40)
	]],
	arm64 = [[
		mov	x1, #0x50000
		mov	w0, #0x11
		strb	w0, [x1]
		mov	w0, #0x2222
		strh	w0, [x1, #0x10]
		mov	w0, #0x33333333
		str	w0, [x1, #0x20]
		ldrb	w0, [x1, #0x30]
		strb	w0, [x1, #0x40]
	]],
	riscv = [[
		li	t1, 0x50000
		li	t0, 0x11
		sb	t0, 0x00(t1)
		li	t0, 0x2222
		sh	t0, 0x10(t1)
		li	t0, 0x33333333
		sw	t0, 0x20(t1)
		lbu	t0, 0x30(t1)
		sb	t0, 0x40(t1)
	]],
}))

local function expect_access(offset, size, value)
	local exit = vcpu:run("KVM_EXIT_MMIO", "the guest accesses a place without memory")
	expect_eq(exit.mmio.phys_addr, HOLE + offset, "that is the address of the access")
	expect_eq(exit.mmio.len, size, "that is its width")
	expect_eq(exit.mmio.is_write ~= 0, value ~= nil, "loads and stores are told apart")
	if value then
		expect_eq(vcpu:data(), value, "that is what the guest stores")
	end
end

expect_access(0x00, 1, 0x11)
expect_access(0x10, 2, 0x2222)
expect_access(0x20, 4, 0x33333333)
expect_access(0x30, 1)
vcpu:data(0x5a)
expect_access(0x40, 1, 0x5a)
