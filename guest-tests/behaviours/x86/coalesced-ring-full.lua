-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/coalesced-ring-full", arch = "x86", needs = cap.COALESCED_MMIO,
	title = "A coalesced store leaves the guest when the ring is full, not before; none is lost",
	fixes = "KVM: Fix coalesced_mmio_has_room() to avoid premature userspace exit", since = "6.12",
	seen_failing = "x86svm-5.10 and 6.1, which take the ring for full when half of it is: coalesced_mmio_has_room() computes modulo 170 " ..
		"what wraps at 2^32",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
-- Stores 0, 1, 2 ... up to what BX says, then tells.
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:	mov $0xd000, %ax
			mov %ax, %es
			xor %cx, %cx
		store:	mov %cx, %es:(0)
			inc %cx
			cmp %bx, %cx
			jb store
			out %al, $0x80
			jmp again
	]],
}))
local ring = vcpu:map("kvm_coalesced_mmio_ring", 1, vm:check_extension(cap.COALESCED_MMIO))
local ENTRIES = #ring.coalesced_mmio
vm:register_coalesced_mmio {addr = 0xd0000, size = 0x100}

local function stores(number)
	local r = vcpu:get_regs()
	r.rbx = number
	vcpu:set_regs(r)
end
-- What the ring has, as first value, last value and number; nil if the values do not follow each other.
local function drain()
	local first, last, number = nil, nil, 0
	while ring.first ~= ring.last do
		local e = ring.coalesced_mmio[ring.first]
		local value = string.unpack("<I2", bytes(e.data))
		if last and value ~= last + 1 then
			return nil
		end
		first, last, number = first or value, value, number + 1
		ring.first = (ring.first + 1) % ENTRIES
	end
	return first, last, number
end

-- The place in the ring at which it begins makes no difference.
for _, begin in ipairs {0, 1, 84, 85, 86, 168, 169} do
	stores(ENTRIES + 20)
	ring.first, ring.last = begin, begin
	vcpu:run("KVM_EXIT_MMIO", "there are more stores than entries")
	expect_eq(vcpu:data(), ENTRIES - 1, "one entry stays free, so that a full ring is not an empty one")
	local first, last, number = drain()
	expect(first == 0 and last == vcpu:data() - 1 and number == vcpu:data(), "the ring has all stores before it")
	local left = vcpu:data()
	vcpu:run("KVM_EXIT_IO", "the rest fits into the ring, which is empty")
	first, last, number = drain()
	expect(first == left + 1 and last == ENTRIES + 19, "and the rest is there")
end

-- What user space writes into the ring is its own affair.
stores(1)
for _, wrong in ipairs {ENTRIES, ENTRIES + 1, 0xffff, -1 & 0xffffffff} do
	ring.first, ring.last = 0, wrong
	vcpu:run("KVM_EXIT_MMIO", "a ring with an index beyond its end takes nothing")
	vcpu:run("KVM_EXIT_IO", "and the guest goes on")
end
