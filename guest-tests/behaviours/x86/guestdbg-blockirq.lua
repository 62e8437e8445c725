-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/guestdbg-blockirq", arch = "x86", needs = {cap.SET_GUEST_DEBUG2, cap.IRQCHIP},
	title = "Single-stepping with KVM_GUESTDBG_BLOCKIRQ stays in the program while an interrupt is pending",
	fixes = "KVM: x86: implement KVM_GUESTDBG_BLOCKIRQ", since = "5.15",
	seen_failing = "absent on x86svm-5.10; fails with what BLOCKIRQ does taken out: lab/revert x86/guestdbg-blockirq",
}

local VECTOR = 0x40

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
vm:create_irqchip()

local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0xd000, %ax
			mov %ax, %ds
			sti
			nop
		first:	.fill 32, 1, 0x90	# NOPs
			movb $0, (0)
			jmp first
		on_irq:	nop
			nop
			movb $1, (1)
		end:	jmp end
	]],
}
ram:load(code)
ram:u16(VECTOR * 4, code.on_irq)

local function debug(control)
	return struct("kvm_guest_debug", {control = control})
end
local STEP = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP

if vm:check_extension(cap.SET_GUEST_DEBUG2) & KVM_GUESTDBG_BLOCKIRQ == 0 then
	skip("KVM_CAP_SET_GUEST_DEBUG2 has no BLOCKIRQ")
end

-- A vCPU that stands at `first`, interrupts on, with one pending in its local APIC.
local function interrupted(id)
	local vcpu = vm:vcpu(id):start(code.start)
	local lapic = vcpu:get_lapic()
	lapic.regs[0xf1] = lapic.regs[0xf1] | 1 -- SVR: the APIC is enabled
	vcpu:set_lapic(lapic)
	vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	vcpu:set_guest_debug(debug(STEP))
	repeat
		local exit = vcpu:run("KVM_EXIT_DEBUG", "each instruction is a step")
	until exit.debug.arch.pc == code.first
	vm:signal_msi {address_lo = 0xfee00000 | id << 12, data = VECTOR}
	return vcpu
end

local vcpu = interrupted(0)
vcpu:set_guest_debug(debug(STEP | KVM_GUESTDBG_BLOCKIRQ))
for i = 1, 20 do
	local exit = vcpu:run("KVM_EXIT_DEBUG", "each instruction is a step")
	expect_eq(exit.debug.arch.pc, code.first + i, "the interrupt waits, and the program goes on by one NOP")
end
vcpu:set_guest_debug(debug(0))
local exit = vcpu:run("KVM_EXIT_MMIO", "it has not been lost: now its handler runs")
expect_eq(exit.mmio.phys_addr, 0xd0001, "that is what the handler stores")

-- The contrast, which shows that the interrupt would have come.
vcpu = interrupted(1)
exit = vcpu:run()
if exit.exit_reason == KVM_EXIT_DEBUG then
	expect(exit.debug.arch.pc >= code.on_irq, "without the flag a step ends up in the handler")
else
	-- The processor clears TF for it, so it is not even stepped.
	expect_eq(exit.exit_reason, KVM_EXIT_MMIO, "without the flag the handler runs")
	expect_eq(exit.mmio.phys_addr, 0xd0001, "up to its store")
end
