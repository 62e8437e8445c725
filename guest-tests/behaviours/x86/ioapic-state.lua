-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/ioapic-state", arch = "x86", needs = cap.IRQCHIP,
	title = "The I/O APIC's state goes to another VM: an interrupt under way is delivered there, its EOI counts, lines work",
	seen_failing = 'fails with the I/O APIC left out of what is saved ({without = {"irqchip2"}}), and with the local APIC left out',
}

local LEVEL, EDGE, LEVEL_PIN, EDGE_PIN = 0x51, 0x52, 17, 16
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0x8000, %sp
			mov $0x80f, %ecx	# spurious vector register: enable
			mov $0x1ff, %eax
			xor %edx, %edx
			wrmsr
			mov $1, %al
			out %al, $0x80
			mov $2, %al		# interrupts are off: what comes waits in the local APIC
			out %al, $0x80
			sti
		wait:	hlt
			jmp wait
		on_level:
			mov $0x51, %al
			jmp tell
		on_edge:
			mov $0x52, %al
		tell:	out %al, $0x80
			mov $0x80b, %ecx	# EOI
			xor %eax, %eax
			xor %edx, %edx
			wrmsr
			mov $3, %al
			out %al, $0x80
			iret
	]],
}
local function prepare(vm)
	vm:create_irqchip()
end

local vm = kvm.vm()
prepare(vm)
local ram = vm:memory {gpa = 0, size = 0x10000}
ram:load(code)
ram:u16(LEVEL * 4, code.on_level)
ram:u16(EDGE * 4, code.on_edge)
local vcpu = vm:vcpu(0):start(code.start)
local s = vcpu:get_sregs()
s.apic_base = s.apic_base | 1 << 10 -- x2APIC, within real mode's reach
vcpu:set_sregs(s)

local function told(v, what, reason)
	v:run("KVM_EXIT_IO", reason)
	expect_eq(v:data(), what, reason)
end
local function chip(of)
	return of:get_irqchip {chip_id = KVM_IRQCHIP_IOAPIC}
end
local REMOTE_IRR, LEVEL_TRIGGERED, MASKED = 1 << 14, 1 << 15, 1 << 16
local function entry(of, pin)
	return chip(of).chip.ioapic.redirtbl[pin].bits
end

local ioapic = chip(vm)
for pin = 0, 23 do
	ioapic.chip.ioapic.redirtbl[pin].bits = MASKED
end
ioapic.chip.ioapic.redirtbl[LEVEL_PIN].bits = LEVEL | LEVEL_TRIGGERED
ioapic.chip.ioapic.redirtbl[EDGE_PIN].bits = EDGE
vm:set_irqchip(ioapic)

told(vcpu, 1, "the local APIC is on")
vm:irq_line {irq = LEVEL_PIN, level = 1}
told(vcpu, 2, "the interrupt waits, as the guest has them off")
expect_eq(entry(vm, LEVEL_PIN) & REMOTE_IRR, REMOTE_IRR, "it was sent, and there was no EOI yet")

-- Here the guest moves to another VM, with the interrupt on its way.
local new, there = kvm.restore(vm:save(), {prepare = prepare})
expect_eq(entry(new, LEVEL_PIN), entry(vm, LEVEL_PIN), "the entry is the same there")
expect(entry(new, LEVEL_PIN) & REMOTE_IRR ~= 0, "and still waits for the EOI")

for _, one in ipairs {{new, there, "in the new VM: "}, {vm, vcpu, "in its own VM: "}} do
	local of, v, where = table.unpack(one)
	local function line(pin, level)
		of:irq_line {irq = pin, level = level}
	end
	told(v, LEVEL, where .. "the interrupt that was on its way comes")
	line(LEVEL_PIN, 0)
	told(v, 3, where .. "the guest sends its EOI")
	-- PVM's shows it only when something happens to the pin.
	if host.backend ~= "pvm" then
		expect_eq(entry(of, LEVEL_PIN) & REMOTE_IRR, 0, where .. "which the I/O APIC has seen")
	end
	line(EDGE_PIN, 1)
	line(EDGE_PIN, 0)
	told(v, EDGE, where .. "an edge comes")
	told(v, 3, where .. "its handler is through")
	line(LEVEL_PIN, 1)
	told(v, LEVEL, where .. "the level comes again")
	told(v, 3, where .. "and its EOI")
	told(v, LEVEL, where .. "and again, as the line is still up")
	line(LEVEL_PIN, 0)
	told(v, 3, where .. "until it is down at the EOI")
	line(EDGE_PIN, 1)
	line(EDGE_PIN, 0)
	told(v, EDGE, where .. "the next is the edge")
	told(v, 3, where .. "its handler is through")
end
