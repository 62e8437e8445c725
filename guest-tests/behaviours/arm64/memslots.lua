-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/memslots", arch = "arm64", timeout = 60,
	title = "Slots and the size of a guest's addresses; the dirty log over huge pages has the small pages that were written, and no others",
	seen_failing = "fails with huge pages mapped in a slot that has a log: lab/revert arm64/memslots; asked for the exception of 5.19 beyond " ..
		"the guest's addresses, arm64-5.10 fails",
}

local PAGE <const>, HUGE <const> = 4096, 2 << 20
if host.page_size ~= PAGE then
	skip("huge pages have other sizes here")
end
local RAM <const>, HOLE <const> = 0x10000, 0x50000
local newer = host.at_least("6.1")
local protected = host.backend == "protected"

local code = asm {
	at = 0x10000,
	arm64 = [[
	begin:	adr x0, vectors
		msr vbar_el1, x0
		mov x9, #0x50000
	// Adds 1 to the byte at the address that it is given.
	again:	ldr x1, [x9]
		ldrb w2, [x1]
		add w2, w2, #1
		strb w2, [x1]
		b again
		.balign 0x800
	vectors:
		.org vectors + 0x200
		mrs x0, esr_el1
		str x0, [x9, #8]
		b again
	]],
}

local function start(vm)
	vm:memory({gpa = RAM, size = 0x4000}):load(code)
	local vcpu = vm:vcpu(0):start(code.begin)
	local exit = vcpu:run("KVM_EXIT_MMIO", "the guest asks where to go")
	expect_eq(exit.mmio.phys_addr, HOLE, "the guest asks where to go")
	return vcpu
end

-- The guest adds to a byte; it asks for the next one when that is done.
local function touch(vcpu, gpa, reason)
	vcpu:data(gpa)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	return exit.mmio.phys_addr == HOLE, exit
end

-- ---- how far a guest's addresses go ----

local limit = kvm.system:check_extension(cap.ARM_VM_IPA_SIZE)
expect(limit >= 32 and limit <= 52, "KVM_CAP_ARM_VM_IPA_SIZE is a number of bits")
for _, bits in ipairs {1, 31, limit + 1, 0xff} do
	-- Protected KVM has one size for all.
	expect_errno(protected and "OK" or "EINVAL", kvm.vm, {type = bits}, ("a VM has 32 to %d bits of address, not %d"):format(limit, bits))
end
for bit = 8, 30 do
	expect_errno("EINVAL", kvm.vm, {type = 1 << bit}, "that bit of a VM's type has no meaning")
end

-- Data abort in the same exception level: an external abort, or a size that is too large.
local ABORT <const>, EXTERNAL <const>, SIZE <const> = 0x25, 0x10, 0

for _, bits in ipairs {32, 33, 36, 40, limit} do
	if bits <= limit then
		local vm = kvm.vm {type = bits}
		local last = 1 << (protected and limit or bits)
		local vcpu = start(vm)
		local memory = vm:memory {gpa = last - 2 * PAGE, size = 2 * PAGE, slot = 1}
		for _, gpa in ipairs {last, last + HUGE} do
			expect_errno("EFAULT", memory.set, memory, {gpa = gpa, slot = 2}, ("the guest has %d bits of address"):format(bits))
			expect_errno("EFAULT", memory.set, memory, {gpa = gpa}, "nor can a slot be moved there")
		end
		expect_errno("EFAULT", memory.set, memory, {gpa = last - PAGE}, "nor half a slot")
		expect(touch(vcpu, last - 1, "the last byte is memory"), "the last byte is memory")
		expect_eq(memory:u8(last - 1), 1, "the last byte is memory")
		local at_home, exit = touch(vcpu, last, "there is nothing behind it")
		-- Where MMU-less addresses end is the hardware's own matter beyond 48 bits.
		if newer and limit <= 48 then
			expect_eq(exit.mmio.phys_addr, HOLE + 8, "the guest gets an exception")
			local esr = vcpu:data()
			expect_eq(esr >> 26 & 0x3f, ABORT, "the guest gets a data abort")
			local status = esr & 0x3f
			expect_eq(last < 1 << limit and status or status & ~3, last < 1 << limit and EXTERNAL or SIZE,
				"it is an external abort, or an address that is too large if no VM has it")
		elseif limit <= 48 and last < 1 << limit then
			-- Until 5.18 it is an access where no memory is.
			expect(not at_home and exit.mmio.phys_addr == last, "it is user space's")
		end
	end
end

-- ---- the dirty log over huge pages ----

local BASE <const>, BYTES <const> = 0x40000000, 2 * HUGE
local PAGES <const> = BYTES // PAGE
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- A VM with memory of that kind, huge pages there where it has them; `chunk` of the eager split.
local function machine(kind, shift, chunk)
	local vm = kvm.vm()
	if chunk then
		vm:enable_cap {cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = {chunk}}
	end
	local m = {vm = vm, vcpu = start(vm), expected = {}}
	m.memory = vm:memory {slot = 1, gpa = BASE, size = BYTES, backing = kind.backing, shift = shift}
	if kind.advice then
		m.memory:advise(kind.advice)
	end
	for gpa = BASE, BASE + BYTES - 1, HUGE do
		m.memory:u8(gpa, 0)
		m.memory:u8(gpa + HUGE - 1, 0)
	end
	if kind.huge and shift == 0 then
		expect_eq(m.memory:huge(), BYTES, kind.name .. ": the host has given huge pages")
	end
	m.name = ("%s%s%s"):format(kind.name, shift ~= 0 and ", not aligned" or "", chunk and (", split by %d KiB"):format(chunk >> 10) or "")
	return m
end

local function write(m, pages, when)
	for _, page in ipairs(pages) do
		m.expected[page] = (m.expected[page] or 0) + 1
		expect(touch(m.vcpu, BASE + page * PAGE, when), ("%s: the guest writes page %d %s"):format(m.name, page, when))
		expect_eq(m.memory:u8(BASE + page * PAGE), m.expected[page], ("%s: page %d has what was written %s"):format(m.name, page, when))
	end
end

-- The log, and whether it has these pages and no others. Where user space clears, it is as it was.
local function logged(m, pages, reason)
	local bitmap = array("u64", PAGES // 64)
	m.vm:get_dirty_log {slot = 1, dirty_bitmap = bitmap}
	local want, got = {}, {}
	for _, page in ipairs(pages) do
		want[page] = true
	end
	for page = 0, PAGES - 1 do
		if (bitmap[page // 64] >> page % 64 & 1 == 1) ~= (want[page] or false) then
			got[#got + 1] = (want[page] and "-" or "+") .. page
		end
	end
	expect_eq(table.concat(got, " ", 1, math.min(#got, 20)), "", ("%s: %s"):format(m.name, reason))
end

local function range(first, last)
	local pages = {}
	for page = first, last do
		pages[#pages + 1] = page
	end
	return pages
end

-- Pages at the edges of huge ones, aligned or not.
local SOME <const>, OTHERS <const> = {0, 1, 510, 511, 512, 1023}, {1, 300, 511, 700}

local function by_reading(m)
	write(m, SOME, "before there is a log")
	m.memory:set {flags = LOG}
	logged(m, {}, "what was written before is not in it")
	write(m, SOME, "with the log on")
	logged(m, SOME, "the log has what was written, by small pages")
	logged(m, {}, "each page is told once")
	write(m, OTHERS, "after the log was read")
	write(m, OTHERS, "and once more")
	logged(m, OTHERS, "pages are in the log anew, however often they were written")
	if protected then
		-- A write after that can kill the host: common/hugepage-backing.
		return
	end
	m.memory:set {}
	write(m, SOME, "with the log off")
	m.memory:set {flags = LOG}
	logged(m, {}, "what was written meanwhile is not in it")
	write(m, OTHERS, "with the log on again")
	logged(m, OTHERS, "the log has what was written, by small pages")
end

-- User space clears what it has seen, a part at a time.
local function by_clearing(m, flags)
	m.vm:enable_cap {cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = {flags}}
	write(m, SOME, "before there is a log")
	m.memory:set {flags = LOG}
	local all = array("u64", PAGES // 64)
	local function clear(first, pages)
		for i = 0, PAGES // 64 - 1 do
			all[i] = -1
		end
		m.vm:clear_dirty_log {slot = 1, first_page = first, num_pages = pages, dirty_bitmap = all}
	end
	if flags & KVM_DIRTY_LOG_INITIALLY_SET ~= 0 then
		logged(m, range(0, PAGES - 1), "it begins with all pages")
		clear(0, PAGES)
	end
	logged(m, {}, "nothing was written since")
	write(m, SOME, "with the log on")
	logged(m, SOME, "the log has what was written, by small pages")
	logged(m, SOME, "reading does not clear")
	clear(512, 64)
	logged(m, {0, 1, 510, 511, 1023}, "what was cleared is not in it, and the rest is")
	write(m, {511, 512, 1023}, "after a part was cleared")
	logged(m, SOME, "the page that was cleared is in the log anew")
	clear(0, PAGES)
	logged(m, {}, "all was cleared")
	write(m, OTHERS, "after all was cleared")
	logged(m, OTHERS, "the log has what was written, by small pages")
end

local kinds = {{name = "small pages", backing = "anonymous", advice = "NOHUGEPAGE"}}
local thp = host.read "/sys/kernel/mm/transparent_hugepage/enabled"
if thp and not thp:find "%[never%]" then
	kinds[2] = {name = "THP", backing = "anonymous", advice = "HUGEPAGE", huge = true}
end
-- hugetlb's pages are set aside by root, and given back at the end.
local POOL <const> = "/proc/sys/vm/nr_hugepages"
local pool = host.read(POOL)
local reserved <close> = setmetatable({}, {__close = function()
	if pool then
		host.write(POOL, pool)
	end
end})
local hugetlb = pool and host.write(POOL, tostring(math.tointeger(tonumber(pool)) + 16))
if hugetlb then
	kinds[#kinds + 1] = {name = "hugetlb", backing = "hugetlb", huge = true}
end

for _, kind in ipairs(kinds) do
	for _, shift in ipairs {0, PAGE} do
		by_reading(machine(kind, shift))
	end
	by_clearing(machine(kind, 0), KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
	by_clearing(machine(kind, 0), KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET)
end

-- ---- huge pages that are split when the log is turned on or cleared, not when they are written ----

if host.has(cap.ARM_EAGER_SPLIT_CHUNK_SIZE) then
	local vm = kvm.vm()
	local function chunk(errno, size, reason)
		expect_errno(errno, vm.enable_cap, vm, {cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = {size}}, reason)
	end
	local sizes = vm:check_extension(cap.ARM_SUPPORTED_BLOCK_SIZES)
	expect_eq(sizes & (HUGE | PAGE), HUGE | PAGE, "pages and huge pages are blocks")
	for bit = 0, 40 do
		chunk((bit < 31 or bit == 31) and sizes >> bit & 1 == 1 and "OK" or "EINVAL", 1 << bit, ("whether blocks have 2^%d bytes"):format(bit))
	end
	chunk("EINVAL", HUGE + PAGE, "that is no block")
	chunk("OK", 0, "0 turns it off")
	chunk("OK", HUGE, "there is no slot yet")
	local memory = vm:memory {gpa = BASE}
	chunk("EINVAL", HUGE, "there is a slot")
	memory:set {size = 0}
	chunk("OK", 0, "there is none any more")
	for _, kind in ipairs(kinds) do
		by_reading(machine(kind, 0, HUGE))
		by_clearing(machine(kind, 0, PAGE), KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET)
	end
end
if not hugetlb then
	skip("nobody but root can set hugetlb's pages aside; the rest is as it must be")
elseif protected then
	skip("a log over huge pages that is turned off kills protected KVM, pkvm_pgtable_stage2_map(); the rest is as it must be")
end
