-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/slot-protection",
	title = "A slot on memory that user space may only read: the guest loads from it, its store ends KVM_RUN with EFAULT",
	seen_failing = "fails with the EFAULT taken out: lab/revert common/slot-protection; RISC-V gives EPERM for the slot itself",
}

if host.backend == "pvm" then
	skip("PVM's emulator takes what it cannot store to for MMIO")
end

local BASE, SIZE = 0x20000, 0x10000
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local page = vm:memory {slot = 1, gpa = BASE, size = SIZE}

-- Loads a byte, tells it by a store to where nothing is, and stores it, plus 1, again and again.
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
			mov $0x2000, %ax
			mov %ax, %ds
			mov $0xd000, %ax
			mov %ax, %es
		again:	mov (0), %al
			mov %al, %es:(0)
			inc %al
			mov %al, (0)
			jmp again
	]],
	arm64 = [[
			mov x0, #0x20000
			mov x1, #0xd0000
		again:	ldrb w2, [x0]
			strb w2, [x1]
			add w2, w2, #1
			strb w2, [x0]
			b again
	]],
	riscv = [[
			li t0, 0x20000
			li t1, 0xd0000
		again:	lbu t2, (t0)
			sb t2, (t1)
			addi t2, t2, 1
			sb t2, (t0)
			j again
	]],
}))

local function told(value, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr, 0xd0000, "that is where the guest tells")
	expect_eq(vcpu:data(), value, reason)
end

page:u8(BASE, 5)
page:protect "r"
told(5, "the load works")
for round, what in ipairs {"its page was mapped for loads", "its page was mapped for stores"} do
	page:protect "r"
	for _ = 1, 3 do
		expect_errno("EFAULT", vcpu.run, vcpu, "what user space may not write to, the guest may not: " .. what)
	end
	expect_eq(page:u8(BASE), 4 + round, "nothing has been written")
	page:protect "rw"
	told(5 + round, "the store is made again, and is good now")
end

-- A slot made on such memory.
local rom = vm:memory {slot = 2, gpa = 0x60000, size = SIZE}
rom:set {size = 0}
rom:protect "r"
expect_errno(host.arch == "riscv" and "EPERM" or "OK", rom.set, rom, {},
	"RISC-V looks at the mapping when the slot is made, the others when the guest stores")
if host.has(cap.READONLY_MEM) then
	expect_ok(rom.set, rom, {slot = 3, gpa = 0x90000, flags = KVM_MEM_READONLY}, "a read-only slot is what such memory is for")
end
