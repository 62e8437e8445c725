-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/interrupt-window", arch = "x86",
	-- KVM's emulator runs on to the next exit before it looks whether the window is open.
	needs = "probe:long-mode-native",
	title = "Without an irqchip KVM_INTERRUPT delivers a vector, and request_interrupt_window tells when it can",
	seen_failing = "absent natively, where KVM emulates; fails with the exit taken out: lab/revert x86/interrupt-window",
}

local VECTOR = 0x41
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}

local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0xd000, %ax
			mov %ax, %ds
			cli
			movb $1, (1)
			sti
			nop
			nop
			movb $2, (2)
		wait:	jmp wait
		on_irq:	movb $3, (3)
			iret
	]],
}
ram:load(code)
ram:u16(VECTOR * 4, code.on_irq)

local vcpu = vm:vcpu(0):start(code.start)
local run = vcpu.kvm_run

local function told(what, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr - 0xd0000, what, reason)
end

expect_errno("EINVAL", vcpu.interrupt, vcpu, {irq = 256}, "vectors are 0 to 255")
expect_errno("EINVAL", vcpu.interrupt, vcpu, {irq = -1 & 0xffffffff}, "vectors are 0 to 255")

told(1, "the guest has its interrupts off")
expect_eq(run.if_flag, 0, "if_flag is RFLAGS.IF")
expect_eq(run.ready_for_interrupt_injection, 0, "so no interrupt can be given to it")

-- The window: an exit as soon as the guest can take one, which is behind the instruction after STI.
run.request_interrupt_window = 1
vcpu:run("KVM_EXIT_IRQ_WINDOW_OPEN", "the guest turns interrupts on")
expect_eq(run.if_flag, 1, "if_flag is RFLAGS.IF")
expect_eq(run.ready_for_interrupt_injection, 1, "now one can be given")
run.request_interrupt_window = 0

vcpu:interrupt {irq = VECTOR}
told(3, "the vector's handler runs")
told(2, "and the guest goes on where it was")

-- In a guest that spins.
run.request_interrupt_window = 1
vcpu:run("KVM_EXIT_IRQ_WINDOW_OPEN", "interrupts are on")
run.request_interrupt_window = 0
vcpu:interrupt {irq = VECTOR}
told(3, "its handler runs once more")
