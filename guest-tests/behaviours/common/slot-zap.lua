-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/slot-zap", timeout = 120,
	title = "A slot is deleted, moved and put on other memory under guests that use it: they see the new memory at once, or none",
	seen_failing = "fails with the zap of what was mapped taken out: lab/revert common/slot-zap",
}

local OLD, NEW, SIZE = 0x20000, 0x40000, 0x10000

-- Loads a byte from the slot and tells it at 0xd0000; at `busy` it loads and stores there all the time, and now and then
-- where the slot moves to, and tells nothing.
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		tell:	mov $0x2000, %ax
			mov %ax, %ds
			mov $0xd000, %ax
			mov %ax, %es
		next:	mov (0), %al
			mov %al, %es:(0)
			jmp next
		busy:	sti	# with interrupts off, Bochs as a host takes none of its own either
			mov $0x2000, %ax
			mov %ax, %ds
			mov $0x4000, %ax
			mov %ax, %es
		again:	mov (0), %al
			mov %al, (8)
			mov %es:(0), %al
			mov %al, %es:(8)
			incl %cs:(0x3000)
			jmp again
	]],
	arm64 = [[
		tell:	mov x0, #0x20000
			mov x1, #0xd0000
		next:	ldrb w2, [x0]
			strb w2, [x1]
			b next
		busy:	mov x0, #0x20000
			mov x1, #0x40000
			mov x3, #0x3000
		again:	ldrb w2, [x0]
			strb w2, [x0, #8]
			ldr w2, [x3]
			add w2, w2, #1
			str w2, [x3]
			tst w2, #63
			b.ne again
			ldrb w2, [x1]
			strb w2, [x1, #8]
			b again
	]],
	riscv = [[
		tell:	li t0, 0x20000
			li t1, 0xd0000
		next:	lbu t2, (t0)
			sb t2, (t1)
			j next
		busy:	li t0, 0x20000
			li t1, 0x40000
			li t3, 0x3000
		again:	lbu t2, (t0)
			sb t2, 8(t0)
			lw t2, (t3)
			addi t2, t2, 1
			sw t2, (t3)
			andi t2, t2, 63
			bnez t2, again
			lbu t2, (t1)
			sb t2, 8(t1)
			j again
	]],
}

local function check(name, vm)
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	-- Two lots of memory for one slot, each of which has its own byte at the beginning.
	local first = vm:memory {slot = 1, gpa = OLD, size = SIZE}
	first:u8(OLD, 0x11)
	local second = vm:memory {slot = 2, gpa = 0x80000, size = SIZE}
	second:u8(0x80000, 0x22)
	second:set {size = 0}

	local vcpu, busy = vm:vcpu(0):start(code.tell), vm:vcpu(1):start(code.busy)
	busy:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	local running = thread(busy, "KVM_RUN", nil, {times = 1000000})

	-- What the guest finds at 0x20000: a byte of memory, or MMIO, which user space answers.
	local function finds(value, reason)
		reason = name .. ": " .. reason
		local exit = vcpu:run("KVM_EXIT_MMIO", reason)
		if not value then
			expect_eq(exit.mmio.phys_addr, OLD, reason)
			expect_eq(exit.mmio.len, 1, "that is the width of the load")
			expect_eq(exit.mmio.is_write, 0, "it is a load")
			vcpu:data(0x77)
			exit = vcpu:run("KVM_EXIT_MMIO", reason)
		end
		expect_eq(exit.mmio.phys_addr, 0xd0000, reason)
		expect(exit.mmio.is_write ~= 0, "the guest tells by a store")
		expect_eq(vcpu:data(), value or 0x77, reason)
	end

	for _ = 1, 30 do
		finds(0x11, "the slot's first memory")
		first:set {size = 0}
		finds(nil, "the slot is deleted")
		first:set {pages = second.pages}
		finds(0x22, "made again on the other memory")
		first:set {size = 0}
		first:set {}
		finds(0x11, "deleted and made on the first memory before the guest looks")
		first:set {gpa = NEW}
		finds(nil, "moved away")
		first:set {}
	end
	expect(not running:done(), "the other vCPU was busy all the time")
	running:kick()
	local _, _, counts = running:join(60)
	for errno in pairs(counts) do
		-- arm64 and RISC-V look for the page a second time (user_mem_abort(), kvm_riscv_mmu_map()): a slot that is gone by
		-- then is an error to them, not MMIO.
		local known = host.arch ~= "x86" and errno == "EFAULT"
		expect(errno == "OK" or errno == "EINTR" or known, name .. ": no other errno came of running: " .. errno)
	end
	expect(ram:u32(0x3000) > 0, name .. ": it has run")
end

check("as it is", kvm.vm())
-- x86: a slot's end takes all of the guest's mappings away, or, without that quirk, those of the slot alone.
if host.arch == "x86" and kvm.system:check_extension(cap.DISABLE_QUIRKS2) & KVM_X86_QUIRK_SLOT_ZAP_ALL ~= 0 then
	local vm = kvm.vm()
	vm:enable_cap {cap = KVM_CAP_DISABLE_QUIRKS2, args = {KVM_X86_QUIRK_SLOT_ZAP_ALL}}
	check("KVM_X86_QUIRK_SLOT_ZAP_ALL disabled", vm)
else
	print("this host has no KVM_X86_QUIRK_SLOT_ZAP_ALL")
end
