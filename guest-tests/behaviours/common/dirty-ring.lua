-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/dirty-ring",
	title = "The dirty ring has each page that the guest wrote; full, it stops the vCPU until user space has emptied it",
	seen_failing = "x86 native with the PVM back-end, if the skip is taken out: its emulator writes on when the ring is full, pages are lost, " ..
		"and the kernel warns (kvm_dirty_ring_push); absent on x86svm-5.10",
}

-- Architectures whose memory order is weak have the second one only.
local RING = host.has(cap.DIRTY_LOG_RING) and cap.DIRTY_LOG_RING or cap.DIRTY_LOG_RING_ACQ_REL
if not host.has(RING) then
	skip("KVM has no dirty ring")
end
if host.page_size ~= 4096 then
	skip("the guest below writes pages of 4 KiB")
end

local ENTRY = sizeof("kvm_dirty_gfn")
local ENTRIES, PAGES = 1024, 1300
-- As many as fit beside what KVM keeps free: 64 entries, and 512 more where the processor logs (Intel's PML).
local FEW = 400
local BASE = 0x200000

local function ring(size)
	return {cap = RING, args = {size}}
end

-- ---- sizes and order ----

local vm = kvm.vm()
local most = vm:check_extension(RING)
expect(most >= ENTRIES * ENTRY, "the capability's value is the size of the largest ring, in bytes")
expect_errno("EINVAL", vm.reset_dirty_rings, vm, "there is no ring")
expect_errno("EINVAL", vm.enable_cap, vm, ring(0), "a ring of nothing")
expect_errno("EINVAL", vm.enable_cap, vm, ring(3 * 4096), "its size is no power of 2")
expect_errno("EINVAL", vm.enable_cap, vm, ring(2048), "it is smaller than a page")
expect_errno("E2BIG", vm.enable_cap, vm, ring(2 * most), "it is larger than the largest")
expect_ok(vm.enable_cap, vm, ring(ENTRIES * ENTRY), "before the first vCPU")
expect_errno("EINVAL", vm.enable_cap, vm, ring(ENTRIES * ENTRY), "it has its size already")
expect_eq(vm:reset_dirty_rings(), 0, "nothing has been written")

local late = kvm.vm()
late:vcpu(0)
expect_errno("EINVAL", late.enable_cap, late, ring(ENTRIES * ENTRY), "a vCPU has been made without a ring")

-- What no vCPU writes (a GIC's tables) is for a bitmap beside the ring, on architectures that have such a thing.
local function bitmap()
	return {cap = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP}
end
local with_bitmap = vm:check_extension(cap.DIRTY_LOG_RING_WITH_BITMAP) > 0
expect_errno("EINVAL", late.enable_cap, late, bitmap(), "there is no ring")
if not with_bitmap then
	expect_errno("EINVAL", vm.enable_cap, vm, bitmap(), "this architecture has no need of it")
end

-- ---- what the guest writes ----

local ram = vm:memory {gpa = 0, size = 0x10000}
if with_bitmap then
	expect_errno("EINVAL", vm.enable_cap, vm, bitmap(), "there is a slot already")
end
local logged = vm:memory {slot = 1, gpa = BASE, size = PAGES * 4096, flags = KVM_MEM_LOG_DIRTY_PAGES}

-- Adds 1 to a byte of as many pages as it is told at 0x2000, then stores to where nothing is; over and over.
local HOW_MANY = 0x2000
local code = asm {
	at = 0x1000,
	x86 = [[
		.code32
		again:	mov $0x200000, %ebx
			mov (0x2000), %ecx
		next:	incb (%ebx)
			add $0x1000, %ebx
			dec %ecx
			jnz next
			movb $1, (0xd0000)
			jmp again
	]],
	arm64 = [[
		again:	mov x0, #0x200000
			mov x3, #0x2000
			ldr w2, [x3]
		next:	ldrb w1, [x0]
			add w1, w1, #1
			strb w1, [x0]
			add x0, x0, #0x1000
			subs x2, x2, #1
			b.ne next
			mov x3, #0xd0000
			strb w1, [x3]
			b again
	]],
	riscv = [[
		again:	li t0, 0x200000
			li t3, 0x2000
			lw t2, (t3)
			li t3, 0x1000
		next:	lbu t1, (t0)
			addi t1, t1, 1
			sb t1, (t0)
			add t0, t0, t3
			addi t2, t2, -1
			bnez t2, next
			li t3, 0xd0000
			sb t1, (t3)
			j again
	]],
}
local vcpu = vm:vcpu(0):start(ram:load(code), host.arch == "x86" and {mode = "protected"} or nil)
local gfns = vcpu:map("kvm_dirty_gfn", ENTRIES, KVM_DIRTY_LOG_PAGE_OFFSET)
local next_entry = 0

-- Takes what is in the ring into a table of pages, and gives the number of entries.
local function harvest(pages)
	local taken = 0
	while gfns[next_entry].flags & KVM_DIRTY_GFN_F_DIRTY ~= 0 do
		local entry = gfns[next_entry]
		expect_eq(entry.slot, 1, "only slot 1 is logged; the upper half is the address space")
		expect(entry.offset < PAGES, "an entry's offset is a page of its slot")
		pages[entry.offset] = (pages[entry.offset] or 0) + 1
		entry.flags = KVM_DIRTY_GFN_F_RESET
		next_entry = (next_entry + 1) % ENTRIES
		taken = taken + 1
	end
	return taken
end

local function count(pages)
	local n = 0
	for _ in pairs(pages) do
		n = n + 1
	end
	return n
end

-- Runs until the guest has gone through all its pages; gives those that the ring had, and how often it was full.
local function round()
	local pages, full, taken = {}, 0, 0
	for _ = 1, 100 do
		local exit = vcpu:run()
		if exit.exit_reason == KVM_EXIT_MMIO then
			taken = taken + harvest(pages)
			return pages, full, taken
		end
		expect_eq(exit.exit_reason, KVM_EXIT_DIRTY_RING_FULL, "a ring that is full is why a vCPU stops before it is through")
		full = full + 1
		-- Nothing has been taken out: it cannot go on.
		vcpu:run("KVM_EXIT_DIRTY_RING_FULL", "the ring is as full as before")
		local now = harvest(pages)
		expect(now > 0, "a full ring has entries")
		expect_eq(vm:reset_dirty_rings(), now, "as many entries are reset as user space has marked")
		expect_eq(vm:reset_dirty_rings(), 0, "and once only")
		taken = taken + now
	end
	fail("the guest never comes to its end")
end

expect_errno("ENXIO", vm.get_dirty_log, vm, {slot = 1, dirty_bitmap = array("u64", PAGES // 64 + 1)},
	"the ring is there instead of the bitmap")
if vm:check_extension(cap.MANUAL_DIRTY_LOG_PROTECT2) > 0 then
	expect_errno("ENXIO", vm.clear_dirty_log, vm, {slot = 1, num_pages = 64, dirty_bitmap = array("u64", 1)}, "so there is none to clear")
end

-- ---- pages that fit ----

ram:u32(HOW_MANY, FEW)
local pages, full, taken = round()
expect_eq(full, 0, "there is room for them all")
expect_eq(count(pages), FEW, "each page that was written is there, and no other")
expect_eq(taken, FEW, "each of them once")
-- Where KVM emulates each store, each is told.
local again = host.backend == "pvm" and FEW or 0
expect_eq(count(round()), again, "pages that have not been reset are written without the ring's knowing")
expect_eq(vm:reset_dirty_rings(), FEW + again, "as many entries are reset as user space has marked")
expect_eq(vm:reset_dirty_rings(), 0, "and once only")
pages = round()
expect_eq(count(pages), FEW, "after a reset they are watched again")
vm:reset_dirty_rings()
expect_eq(logged:u8(BASE), 3, "three rounds have added 1 each")

-- ---- more than fit ----

if host.backend == "pvm" then
	skip("PVM's emulator writes on when the ring is full, so that pages are lost and the kernel warns: a fault of this host")
end
ram:u32(HOW_MANY, PAGES)
for i = 1, 3 do
	pages, full, taken = round()
	expect(full >= 1, "1300 pages do not fit into a ring of 1024")
	expect_eq(count(pages), PAGES, "no page that was written is missing")
	expect(taken < 2 * PAGES, "a page that is in the ring already does not come again and again")
	expect_eq(logged:u8(BASE), 3 + i, "each round adds 1: no store is lost where the ring was full")
	expect_eq(logged:u8(BASE + (PAGES - 1) * 4096), i, "nor on the last page")
	vm:reset_dirty_rings()
end
