-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/coalesced-io", arch = "x86", needs = {cap.COALESCED_MMIO, cap.COALESCED_PIO},
	title = "Stores to a coalesced zone, MMIO or ports, wait in the ring in their order until something else leaves the guest",
	seen_failing = "fails with a zone left out, and with only the first entry of the ring looked at; no kernel that gets it wrong is known",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0xd000, %ax
			mov %ax, %es
		again:	movb $0x11, %es:(0)
			mov $0x22, %al
			out %al, $0x90
			movw $0x3344, %es:(0x10)
			mov $0x5566, %ax
			out %ax, $0x90
			movl $0x778899aa, %es:(0x7fe)	# half of it is outside the zone
			mov %es:(0x20), %al		# a load
			in $0x90, %al
			mov $0xff, %al
			out %al, $0x80
			jmp again
	]],
}
ram:load(code)
local vcpu = vm:vcpu(0):start(code.start)

-- The exits up to the store to port 0x80, in words.
local function exits()
	local seen = {}
	for _ = 1, 20 do
		local exit = vcpu:run()
		if exit.exit_reason == KVM_EXIT_MMIO then
			seen[#seen + 1] = ("%s:%x"):format(exit.mmio.is_write ~= 0 and "store" or "load", exit.mmio.phys_addr)
		elseif exit.exit_reason == KVM_EXIT_IO and exit.io.port ~= 0x80 then
			seen[#seen + 1] = ("%s:%x"):format(exit.io.direction == KVM_EXIT_IO_OUT and "out" or "in", exit.io.port)
		else
			expect_eq(exit.exit_reason, KVM_EXIT_IO, "the round ends with the store to port 0x80")
			return table.concat(seen, " ")
		end
	end
	fail("the guest's round has no end")
end

local page = vm:check_extension(cap.COALESCED_MMIO)
expect(page > 0, "the capability's value is the ring's page of the vCPU's mapping")
vcpu:run("KVM_EXIT_MMIO", "the first store leaves the guest")
local ring = vcpu:map("kvm_coalesced_mmio_ring", 1, page)
expect_eq(ring.first, ring.last, "the ring begins empty")
local ENTRIES = #ring.coalesced_mmio
expect_eq(ENTRIES, (4096 - 8) // sizeof("kvm_coalesced_mmio"), "the ring is the rest of its page")

local function drain()
	local seen = {}
	while ring.first ~= ring.last do
		local e = ring.coalesced_mmio[ring.first]
		local value = string.unpack("<I" .. e.len, bytes(e.data))
		seen[#seen + 1] = ("%s%x=%x"):format(e.pio ~= 0 and "port " or "", e.phys_addr, value)
		ring.first = (ring.first + 1) % ENTRIES
	end
	return table.concat(seen, " ")
end

expect_eq(exits(), "out:90 store:d0010 out:90 store:d07fe load:d0020 in:90", "there is no zone")
expect_eq(drain(), "", "nothing has been coalesced")

local function zone(addr, size, pio)
	return {addr = addr, size = size, pio = pio or 0}
end
for _, pio in ipairs {2, 3, 1 << 31} do
	expect_errno("EINVAL", vm.register_coalesced_mmio, vm, zone(0xd0000, 0x800, pio), "pio is 0 or 1")
	expect_errno("EINVAL", vm.unregister_coalesced_mmio, vm, zone(0xd0000, 0x800, pio), "pio is 0 or 1")
end
expect_errno("EFAULT", vm.register_coalesced_mmio, vm, NULL, "there is nothing at NULL")

vm:register_coalesced_mmio(zone(0xd0000, 0x800))
expect_eq(exits(), "out:90 out:90 store:d07fe load:d0020 in:90",
	"stores inside the zone wait; ports, loads and what reaches over its end do not")
expect_eq(drain(), "d0000=11 d0010=3344", "those two are in the ring")
vm:register_coalesced_mmio(zone(0x90, 1, 1))
expect_eq(exits(), "out:90 store:d07fe load:d0020 in:90", "a store of 2 bytes is more than the zone of one port")
expect_eq(drain(), "d0000=11 port 90=22 d0010=3344", "the ring has ports and MMIO in the guest's order")
vm:register_coalesced_mmio(zone(0x90, 2, 1))
expect_eq(exits(), "store:d07fe load:d0020 in:90", "the larger zone takes both")
expect_eq(drain(), "d0000=11 port 90=22 d0010=3344 port 90=5566", "the ring has all four")

expect_ok(vm.unregister_coalesced_mmio, vm, zone(0xd0000, 0x800), "the zone is taken away")
expect_ok(vm.unregister_coalesced_mmio, vm, zone(0xd0000, 0x800), "KVM does not mind one that is not there")
vm:unregister_coalesced_mmio(zone(0x90, 1, 1)) -- each zone in which that lies
expect_eq(exits(), "store:d0000 out:90 store:d0010 out:90 store:d07fe load:d0020 in:90", "all leave the guest again")
