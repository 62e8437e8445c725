-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/readonly-slot",
	title = "A guest reads a KVM_MEM_READONLY slot as memory; its stores there leave it as MMIO and change nothing",
	needs = cap.READONLY_MEM,
	seen_failing = "fails with the refusal to write taken out: lab/revert common/readonly-slot",
}

local ROM = 0x20000
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local rom = vm:memory {slot = 1, gpa = ROM, size = 0x10000, flags = KVM_MEM_READONLY}

rom:u8(ROM, 0x5a)
-- Reads a byte, stores another in its place, reads again, and tells both by a store to where nothing is.
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
			mov $0x2000, %ax
			mov %ax, %ds
			mov $0xd000, %ax
			mov %ax, %es
			mov (0), %al
			movb $0x11, (0)
			mov (0), %ah
			mov %ax, %es:(0)
	]],
	arm64 = [[
			mov x0, #0x20000
			mov x1, #0xd0000
			ldrb w2, [x0]
			mov w3, #0x11
			strb w3, [x0]
			ldrb w4, [x0]
			orr w2, w2, w4, lsl #8
			strh w2, [x1]
	]],
	riscv = [[
			li t0, 0x20000
			li t1, 0xd0000
			lbu t2, (t0)
			li t3, 0x11
			sb t3, (t0)
			lbu t4, (t0)
			slli t4, t4, 8
			or t2, t2, t4
			sh t2, (t1)
	]],
}))

local exit = vcpu:run("KVM_EXIT_MMIO", "the store to the slot is not done")
expect_eq(exit.mmio.phys_addr, ROM, "that is its address")
expect(exit.mmio.is_write ~= 0, "it is a store, the load before it did not leave the guest")
expect_eq(exit.mmio.len, 1, "that is its width")
expect_eq(vcpu:data(), 0x11, "that is what the guest wanted to store")
expect_eq(rom:u8(ROM), 0x5a, "nothing has changed it")

exit = vcpu:run("KVM_EXIT_MMIO", "the guest tells what it has read")
expect_eq(exit.mmio.phys_addr, 0xd0000, "by this store")
expect_eq(vcpu:data(), 0x5a5a, "before the store and after it the same")
