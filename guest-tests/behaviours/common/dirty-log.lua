-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/dirty-log",
	title = "The dirty log has each page that the guest wrote, once, and refuses what has no log",
	seen_failing = "fails with the write protection of fetched pages taken out: lab/revert common/dirty-log",
}

local PAGE = host.page_size
if PAGE ~= 4096 then
	skip("the guest below writes pages of 4 KiB")
end
local PAGES = 64
local BASE = 0x20000

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local logged = vm:memory {slot = 1, gpa = BASE, size = PAGES * PAGE, flags = KVM_MEM_LOG_DIRTY_PAGES}

-- A store into each third page, then one to where nothing is; over and over.
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:
			mov $0x2000, %ax
		next:
			mov %ax, %es
			incb %es:(0)
			add $0x300, %ax
			cmp $0x5f00, %ax
			jbe next
			mov $0xd000, %ax
			mov %ax, %es
			movb $1, %es:(0)
			jmp again
	]],
	arm64 = [[
		again:
			mov x0, #0x20000
			mov x2, #0xf000
			movk x2, #5, lsl #16
		next:
			ldrb w1, [x0]
			add w1, w1, #1
			strb w1, [x0]
			add x0, x0, #0x3000
			cmp x0, x2
			b.ls next
			mov x3, #0xd0000
			strb w1, [x3]
			b again
	]],
	riscv = [[
		again:
			li t0, 0x20000
			li t2, 0x5f000
			li t3, 0x3000
		next:
			lbu t1, (t0)
			addi t1, t1, 1
			sb t1, (t0)
			add t0, t0, t3
			bleu t0, t2, next
			li t3, 0xd0000
			sb t1, (t3)
			j again
	]],
}))

local EVERY_THIRD = 0
for page = 0, PAGES - 1, 3 do
	EVERY_THIRD = EVERY_THIRD | 1 << page
end

local function round()
	vcpu:run("KVM_EXIT_MMIO", "the guest stores to where nothing is when it has written all its pages")
end

local bitmap = array("u64", 1)
local function log(slot)
	return {slot = slot, dirty_bitmap = bitmap}
end
local function fetch()
	bitmap[0] = -1
	vm:get_dirty_log(log(1))
	return bitmap[0]
end

expect_eq(fetch(), 0, "nothing has run yet")
for i = 1, 3 do
	round()
	expect_eq(fetch(), EVERY_THIRD, "these pages were written, and no others")
	expect_eq(fetch(), 0, "fetching the log empties it")
	expect_eq(logged:u8(BASE), i, "each round adds 1 to the byte: logging loses no store")
end

-- What user space itself writes is not the guest's.
logged:u8(BASE + PAGE, 1)
expect_eq(fetch(), 0, "the log is of what the guest writes")

-- Without the flag there is no log.
expect_errno("ENOENT", vm.get_dirty_log, vm, log(0), "slot 0 was made without KVM_MEM_LOG_DIRTY_PAGES")
expect_errno("ENOENT", vm.get_dirty_log, vm, log(2), "there is no slot 2")
expect_errno("EINVAL", vm.get_dirty_log, vm, log(0xffff), "slot numbers end below that")
expect_errno("EINVAL", vm.get_dirty_log, vm, log(7 << 16 | 1), "there is no such address space")
expect_errno("EFAULT", vm.get_dirty_log, vm, {slot = 1, dirty_bitmap = NULL}, "the bitmap has no place to go")
expect_errno("EFAULT", vm.get_dirty_log, vm, NULL, "there is nothing at NULL")
logged:set {flags = 0}
expect_errno("ENOENT", vm.get_dirty_log, vm, log(1), "the log was turned off")
round()
logged:set {flags = KVM_MEM_LOG_DIRTY_PAGES}
expect_eq(fetch(), 0, "what was written while there was no log is in none")
round()
expect_eq(fetch(), EVERY_THIRD, "turned on again it logs again")

-- Cleared by hand: KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2.
local manual = vm:check_extension(cap.MANUAL_DIRTY_LOG_PROTECT2)
if manual & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE ~= 0 then
	local function clear(changes)
		changes.slot = changes.slot or 1
		changes.dirty_bitmap = bitmap
		return changes
	end
	local function enable(errno, flags, reason)
		expect_errno(errno, vm.enable_cap, vm, {cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = {flags}}, reason)
	end
	enable("EINVAL", KVM_DIRTY_LOG_INITIALLY_SET, "that is for a log that is cleared by hand")
	enable("EINVAL", KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | 1 << 31, "that flag does not exist")
	enable("OK", KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE, "that one does")
	round()
	expect_eq(fetch(), EVERY_THIRD, "these pages were written")
	expect_eq(fetch(), EVERY_THIRD, "fetching does not clear any more")
	bitmap[0] = 1
	vm:clear_dirty_log(clear {num_pages = PAGES})
	expect_eq(fetch(), EVERY_THIRD & ~1, "the one page that was named is clean")
	expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {first_page = 1, num_pages = PAGES - 1},
		"first_page is a multiple of 64")
	expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {num_pages = PAGES - 1},
		"num_pages is a multiple of 64 unless it reaches the slot's end")
	expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {first_page = 64, num_pages = 64},
		"the slot ends there")
	expect_errno("ENOENT", vm.clear_dirty_log, vm, clear {slot = 0, num_pages = 16}, "slot 0 has no log")
	expect_errno("ENOENT", vm.clear_dirty_log, vm, clear {slot = 2, num_pages = 64}, "there is no slot 2")
	expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {slot = 0xffff, num_pages = 64}, "slot numbers end below that")
	expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {slot = 7 << 16 | 1, num_pages = 64}, "there is no such address space")
	expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {first_page = -64, num_pages = 128}, "the end wraps around")
	expect_errno("EFAULT", vm.clear_dirty_log, vm, {slot = 1, num_pages = PAGES, dirty_bitmap = NULL}, "there is no bitmap")

	-- A slot whose pages are no multiple of 64: only its very end may be one either.
	bitmap = array("u64", 2)
	vm:memory {slot = 3, gpa = 0x100000, size = (PAGES + 6) * PAGE, flags = KVM_MEM_LOG_DIRTY_PAGES}
	for _, case in ipairs {{0, 70}, {64, 6}, {0, 64}} do
		expect_ok(vm.clear_dirty_log, vm, clear {slot = 3, first_page = case[1], num_pages = case[2]}, "up to its end, or by 64")
	end
	for _, case in ipairs {{0, 69}, {0, 71}, {64, 5}, {64, 7}, {64, 64}, {1, 69}} do
		expect_errno("EINVAL", vm.clear_dirty_log, vm, clear {slot = 3, first_page = case[1], num_pages = case[2]},
			("pages %d to %d are neither"):format(case[1], case[1] + case[2] - 1))
	end
end

-- With INITIALLY_SET a log begins full: what has not been protected yet counts as written.
if manual & KVM_DIRTY_LOG_INITIALLY_SET ~= 0 then
	local full = kvm.vm()
	full:enable_cap {cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = {KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET}}
	full:memory {slot = 1, gpa = BASE, size = PAGES * PAGE, flags = KVM_MEM_LOG_DIRTY_PAGES}
	bitmap = array("u64", 1)
	full:get_dirty_log(log(1))
	expect_eq(bitmap[0], -1, "all pages count as written")
	expect_ok(full.clear_dirty_log, full, {slot = 1, num_pages = PAGES, dirty_bitmap = bitmap}, "until they are cleared")
	full:get_dirty_log(log(1))
	expect_eq(bitmap[0], 0, "now none does")
end
