-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/hugepage-backing", timeout = 60,
	title = "Huge pages behind a slot (THP, hugetlb, DAX) are mapped as such where alignment allows it; no data is lost when they are split",
	fixes = "KVM: arm/arm64: Fix handling of stage2 huge mappings; Enforce PTE mappings at stage2 when needed", since = "5.2",
	seen_failing = "fails with misaligned slots mapped by huge pages (lab/revert common/hugepage-backing); riscv64-6.12 and riscv64-7.2-aia",
}

-- RISC-V's KVM has three faults here, each read in its source.
-- 6.12: kvm_riscv_gstage_map() rounds the guest's address down to hugetlb's page size and never asks whether the host's is
-- aligned alike, so that what it maps is no huge page's beginning and the guest faults for ever; and gstage_set_pte() returns
-- EEXIST where it finds a huge page on its way to a small one, as a store under a log wants, and so does KVM_RUN.
-- 7.2: with the log off the small pages are still without write permission. transparent_hugepage_adjust() rounds the address
-- down, so that kvm_riscv_gstage_map_page() finds the first small page each time, takes it for the right one and leaves the
-- one that faulted: the guest faults for ever. Giving back one page of a huge one warns (kvm_riscv_gstage_unmap_range()).

local PAGE, HUGE = 4096, 2 << 20
if host.page_size ~= PAGE then
	skip("huge pages have other sizes here")
end
local BASE, SIZE = 0x400000, 2 * HUGE
local PAGES = SIZE // PAGE

-- Adds 1 to a byte of each page of the memory, then stores to where nothing is; over and over.
local code = asm {
	at = 0x1000,
	x86 = [[
		.code32
		again:	mov $0x400000, %ebx
		next:	incb (%ebx)
			add $0x1000, %ebx
			cmp $0x800000, %ebx
			jb next
			movb $1, (0xd0000)
			jmp again
	]],
	arm64 = [[
		again:	mov x0, #0x400000
			mov x2, #0x800000
		next:	ldrb w1, [x0]
			add w1, w1, #1
			strb w1, [x0]
			add x0, x0, #0x1000
			cmp x0, x2
			b.lo next
			mov x3, #0xd0000
			strb w1, [x3]
			b again
	]],
	riscv = [[
		again:	li t0, 0x400000
			li t2, 0x800000
			li t3, 0x1000
		next:	lbu t1, (t0)
			addi t1, t1, 1
			sb t1, (t0)
			add t0, t0, t3
			bltu t0, t2, next
			li t3, 0xd0000
			sb t1, (t3)
			j again
	]],
}

-- How the guest's memory is mapped: x86 counts its pages by size; elsewhere a page that is not mapped is an exit.
local X86, STATS = host.arch == "x86", host.has "cap:BINARY_STATS_FD"
local TELLS = STATS and host.backend ~= "pvm" -- whose emulator goes through user space's mapping
if not TELLS then
	print("this KVM does not tell how large its mappings are: only the data is looked at")
end

-- A VM whose memory is of that kind.
local function machine(backing, shift)
	local vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	local memory = vm:memory {slot = 1, gpa = BASE, size = SIZE, backing = backing, shift = shift}
	local vcpu = vm:vcpu(0):start(ram:load(code), X86 and {mode = "protected"} or nil)
	local m = {memory = memory, expected = {}, flags = 0, vm = vm, vcpu = vcpu, stats = TELLS and (X86 and vm or vcpu):stats()}
	for page = 0, PAGES - 1 do
		m.expected[page] = 0
	end
	return m
end

-- The guest goes through its memory; each of its bytes is as it must be then.
local function round(m, reason)
	m.vcpu:run("KVM_EXIT_MMIO", reason)
	local wrong, first = 0, nil
	local bytes = m.memory:read(BASE, SIZE)
	for page = 0, PAGES - 1 do
		m.expected[page] = m.expected[page] + 1 & 0xff
		if bytes:byte(1 + page * PAGE) ~= m.expected[page] then
			wrong, first = wrong + 1, first or page
		end
	end
	expect_eq(wrong, 0, ("%s: no page has lost its data%s"):format(reason, first and ", as page " .. first .. " has" or ""))
end

-- Has KVM map the memory anew, and looks how: by huge pages, or by small ones.
local FEW = 40 -- exits, or small pages, that have nothing to do with the memory
local function mapped(m, huge, reason, small)
	m.memory:set {size = 0}
	m.memory:set {flags = m.flags}
	local before, began = TELLS and m.stats:values(), host.now()
	round(m, reason)
	if not TELLS then
		return
	end
	local now = m.stats:values()
	small = small or (huge and 0 or PAGES)
	if X86 then
		print(("%s: %d small, %d huge"):format(reason, now.pages_4k, now.pages_2m))
		expect(now.pages_4k >= small and now.pages_4k < small + FEW, reason)
		expect_eq(now.pages_2m, (PAGES - small) // (HUGE // PAGE), reason)
	else
		print(("%s: %d exits"):format(reason, now.exits - before.exits))
		-- With the log on a page takes two, one for its load and one for its store.
		local most = small * (m.flags == 0 and 1 or 2)
		-- The host's own interrupts are exits, too; a busy lab has many of them meanwhile.
		local ticks = (host.now() - began) * 500
		expect(now.exits - before.exits >= small and now.exits - before.exits < most + FEW + ticks, reason)
	end
end

local function at(page)
	return BASE + page * PAGE
end
local function forget(m, first, last)
	for page = first, last do
		m.expected[page] = 0
	end
end

-- Anonymous huge pages are split by whatever changes a part of them, and can be put together again.
local function split_anonymous(m, kind, huge)
	local name = kind.name .. ": "
	m.memory:advise("DONTNEED", at(3), PAGE)
	forget(m, 3, 3)
	round(m, name .. "a page was given back, which begins at 0 again")
	if kind.huge then
		mapped(m, huge, name .. "a huge page is split, the other is not", huge and HUGE // PAGE or PAGES)
		local done, problem = pcall(m.memory.advise, m.memory, "COLLAPSE")
		round(m, name .. "small pages were put together to huge ones")
		if done then
			mapped(m, huge, name .. "what was put together is mapped as it was before")
		else
			print(name .. tostring(problem)) -- Linux 6.1 is the first that has it, and it need not find a huge page
		end
	end
	m.memory:remap(at(700), 20 * PAGE)
	forget(m, 700, 719)
	round(m, name .. "pages were replaced by others")
	m.memory:advise("NOHUGEPAGE", at(100), 50 * PAGE)
	round(m, name .. "a part may not be huge any more")
end

-- A VM with memory of that kind, all of it there.
local function filled(kind, shift)
	local m = machine(kind.backing, shift)
	if kind.advice then
		m.memory:advise(kind.advice)
	end
	m.memory:write(BASE, ("\0"):rep(SIZE))
	return m
end

-- Protected KVM (7.2) oopses when the guest writes to a page whose log was turned off and which then can be huge again: for such a
-- permission fault nobody tops up the cache of which pkvm_pgtable_stage2_map() takes its pkvm_mapping. The task dies with the
-- VM's mmu_lock held, and the host's CPU spins: that is not tried.
local DEADLY <const> = host.backend == "protected"

-- The log is of small pages: huge ones are split for it, and what was split must be written again afterwards.
local function logged(kind)
	local name = kind.name .. ": "
	local m = filled(kind, 0)
	round(m, name .. "before there is a log")
	m.memory:set {flags = KVM_MEM_LOG_DIRTY_PAGES}
	round(m, name .. "with the log on")
	local bitmap = array("u64", PAGES // 64)
	m.vm:get_dirty_log {slot = 1, dirty_bitmap = bitmap}
	local all = true
	for i = 0, #bitmap - 1 do
		all = all and bitmap[i] == -1
	end
	expect(all, name .. "the log has each page")
	m.memory:set {}
	round(m, name .. "with the log off")
	m.flags = KVM_MEM_LOG_DIRTY_PAGES
	mapped(m, false, name .. "as long as there is a log small pages are what is mapped")
	m.flags = 0
	m.memory:set {}
	round(m, name .. "with the log off again")
end

-- What else can be done with the pages behind a slot.
local function torn(m, kind, huge)
	if kind.split then
		kind.split(m, kind, huge)
	end
	m.memory:protect "r"
	m.memory:protect "rw"
	round(m, kind.name .. ": it could not be written for a while")
end

local function aligned_or_not(kind)
	local name = kind.name .. ": "
	-- Host and guest addresses are aligned alike.
	local m = filled(kind, 0)
	if kind.huge and not kind.uncounted and m.memory:huge() ~= SIZE then
		skip(("the host gives no huge pages: %d of %d bytes"):format(m.memory:huge() or 0, SIZE))
	end
	round(m, name .. "the guest goes through its memory")
	mapped(m, kind.huge and kind.used, name .. "what is huge and aligned is mapped as it is, and small pages are small")

	torn(m, kind, kind.huge and kind.used)

	-- A slot that begins in the middle of a huge page.
	local odd = filled(kind, PAGE)
	round(odd, name .. "a slot that is not aligned")
	mapped(odd, false, name .. "nothing is aligned for both host and guest, so that small pages are mapped")
	torn(odd, kind, false)
end

local kinds = {{name = "small pages", backing = "anonymous", advice = "NOHUGEPAGE", split = split_anonymous}}
local thp = host.read "/sys/kernel/mm/transparent_hugepage/enabled"
if thp and not thp:find "%[never%]" then
	kinds[2] = {name = "THP", backing = "anonymous", advice = "HUGEPAGE", split = split_anonymous, huge = true,
		-- RISC-V's KVM looks at hugetlb only in 6.12 (kvm_riscv_gstage_map()); 7.2 has transparent_hugepage_adjust().
		used = host.arch ~= "riscv" or host.at_least "7.2"}
end

-- A file of 6 MiB or more that is called kvmbed on a file system that is mounted for direct access (docs/labs.md says how).
local dax
for where, options in (host.read "/proc/mounts" or ""):gmatch "%S+ (%S+) %S+ (%S+) %d %d" do
	if options:find "dax" and not options:find "dax=never" then
		dax = where
	end
end
if dax then
	kinds[#kinds + 1] = {name = "DAX", backing = dax .. "/kvmbed", huge = true, used = true, uncounted = true}
else
	print "no file system is mounted for direct access (DAX)"
end

-- hugetlb's pages are set aside by root, and given back at the end.
local POOL = "/proc/sys/vm/nr_hugepages"
local pool = host.read(POOL)
local reserved <close> = setmetatable({}, {__close = function()
	if pool then
		host.write(POOL, pool)
	end
end})
local hugetlb = pool and host.write(POOL, tostring(math.tointeger(tonumber(pool)) + 2 * (SIZE // HUGE + 1)))
if hugetlb then
	kinds[#kinds + 1] = {name = "hugetlb", backing = "hugetlb", huge = true, used = true}
end
for _, kind in ipairs(kinds) do
	aligned_or_not(kind)
end
for _, kind in ipairs(kinds) do
	if not (DEADLY and kind.huge) then
		logged(kind)
	end
end
if DEADLY then
	skip("a log over huge pages that is turned off kills protected KVM, pkvm_pgtable_stage2_map(); the rest is as it must be")
end
if not hugetlb then
	skip("nobody but root can set hugetlb's pages aside; the rest is as it must be")
end
