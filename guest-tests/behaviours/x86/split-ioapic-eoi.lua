-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/split-ioapic-eoi", arch = "x86", needs = {cap.SPLIT_IRQCHIP, cap.IRQ_ROUTING},
	title = "With a split irqchip user space is told of the EOI of a level-triggered route, and of no other",
	seen_failing = "fails with the test of a route's vCPU taken out: lab/revert x86/split-ioapic-eoi",
}

local PINS = 24
local LEVEL, EDGE, BEYOND = 0x51, 0x52, 0x53

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
vm:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {PINS}}

local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0x8000, %sp
			mov $0x80f, %ecx	# spurious vector register: enable
			mov $0x1ff, %eax
			xor %edx, %edx
			wrmsr
			mov $0, %al
			out %al, $0x80
			sti
		wait:	hlt
			jmp wait
		on_irq:	mov $1, %al
			out %al, $0x80
			mov $0x80b, %ecx	# EOI
			xor %eax, %eax
			xor %edx, %edx
			wrmsr
			mov $2, %al
			out %al, $0x80
			iret
	]],
}
ram:load(code)
for _, vector in ipairs {LEVEL, EDGE, BEYOND} do
	ram:u16(vector * 4, code.on_irq)
end

local vcpu = vm:vcpu(0):start(code.start)
local s = vcpu:get_sregs()
s.apic_base = s.apic_base | 1 << 10 -- x2APIC: its registers are MSRs, within real mode's reach
vcpu:set_sregs(s)

-- Messages to vCPU 0; bit 15 is level, bit 14 assert.
local function message(gsi, vector, level)
	return {gsi = gsi, type = KVM_IRQ_ROUTING_MSI, u = {msi = {
		address_lo = 0xfee00000, data = vector | (level and 3 << 14 or 0),
	}}}
end
vm:set_gsi_routing(struct("kvm_irq_routing", {nr = 3, entries = {
	message(5, LEVEL, true), message(6, EDGE, false), message(PINS + 5, BEYOND, true),
}}))

local function raise(gsi)
	vm:irq_line {irq = gsi, level = 1}
end
local function told(what, reason)
	vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(vcpu:data(), what, reason)
end
local function end_of(vector, reason)
	local exit = vcpu:run("KVM_EXIT_IOAPIC_EOI", reason)
	expect_eq(exit.eoi.vector, vector, "that is the vector")
end

told(0, "its local APIC is on: before that messages are lost")
raise(5)
told(1, "the handler of the level-triggered one runs")
end_of(LEVEL, "its EOI is for user space's I/O APIC")
told(2, "the handler goes on")

-- The line is still high: user space raises it again at each EOI.
raise(5)
for _ = 1, 5 do
	told(1, "the handler runs again")
	end_of(LEVEL, "and sends its EOI")
	raise(5)
	told(2, "it is not interrupted")
end
told(1, "what was raised at the last EOI")
end_of(LEVEL, "and its EOI")
told(2, "and no more")

raise(6)
told(1, "the handler of the edge-triggered one runs")
told(2, "nobody waits for its EOI")
raise(PINS + 5)
told(1, "a route beyond the I/O APIC's pins is a message of a device")
told(2, "whose EOI is nobody's")

-- Both at once: the higher vector first.
raise(5)
raise(6)
told(1, "the edge-triggered one has the higher priority")
told(2, "it is through")
told(1, "then the level-triggered one")
end_of(LEVEL, "which alone is told of")
told(2, "it is through")

-- Routed as an edge the same vector is not told of any more.
vm:set_gsi_routing(struct("kvm_irq_routing", {nr = 1, entries = {message(5, LEVEL, false)}}))
raise(5)
told(1, "the handler runs")
told(2, "nobody waits for its EOI")

-- Whose vCPU a level-triggered route leads to, not who has sent the vector, decides.
local function route_to(apic_id)
	local entry = message(5, LEVEL, true)
	entry.u.msi.address_lo = 0xfee00000 | apic_id << 12
	vm:set_gsi_routing(struct("kvm_irq_routing", {nr = 1, entries = {entry}}))
end
local function send(vector)
	vm:signal_msi {address_lo = 0xfee00000, data = vector}
end
route_to(0)
send(LEVEL)
told(1, "the handler of a message with the route's vector runs")
end_of(LEVEL, "the vector is one of the I/O APIC's for this vCPU")
told(2, "the handler goes on")
route_to(1)
-- Another one first: what is pending when the vCPU takes note of the new routes may still belong to the old ones.
send(EDGE)
told(1, "the handler of another vector runs")
told(2, "whose EOI is nobody's")
send(LEVEL)
told(1, "the handler runs")
told(2, "the route leads to another vCPU, so that this one's EOI is nobody's")
