-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/sregs2-pdptrs", arch = "x86", needs = {cap.SREGS2, "probe:pae-paging"},
	title = "KVM_GET/SET_SREGS2 carry the PDPTRs of a PAE guest to another VM, KVM_SET_SREGS loads them from memory",
	fixes = "KVM: x86: Introduce KVM_GET_SREGS2 / KVM_SET_SREGS2", since = "5.14",
	seen_failing = "absent on x86svm-5.10; fails with __set_sregs2() loading them from memory (lab/revert x86/sregs2-pdptrs)",
}

-- A processor loads its four PDPTRs when CR3 is written (Intel's manual, volume 3, "PAE paging"), and what memory has
-- later counts at the next write. AMD's does so too, but with nested paging: there it may read them in memory at each
-- walk (volume 2, "Nested Paging and Legacy PAE Mode"), and KVM, asked for them, reads them there (svm_cache_reg()).
-- (A number in 5.10, a switch since.)
local npt = host.parameter("kvm_amd", "npt")
local IN_MEMORY = npt == true or npt == "1"
print(IN_MEMORY and "nested paging on AMD: the PDPTEs are in memory" or "the PDPTRs are registers")

local PDPT, P = 0x4000, 1
-- Three directories, which map 0x40000000 to a page of their own.
local A, B, C = {at = 0x6000, value = 0xaa}, {at = 0x8000, value = 0xbb}, {at = 0xa000, value = 0xcc}
local PAGES = 0x10000

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x20000}
ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code32
		again:	mov $0x40000000, %ebx
			invlpg (%ebx)
			mov (%ebx), %al
			out %al, $0x80
			test %ecx, %ecx
			jz again
			mov %cr3, %eax
			mov %eax, %cr3
			jmp again
	]],
})
ram:u64(PDPT, 0x5000 | P)
ram:u64(0x5000, 0x83) -- the first 2 MiB where they are
for i, dir in ipairs {A, B, C} do
	local page = PAGES + 0x1000 * i
	ram:u64(dir.at, dir.at + 0x1000 | 3)
	ram:u64(dir.at + 0x1000, page | 3)
	ram:u8(page, dir.value)
end
ram:u64(PDPT + 8, A.at | P)

local vcpu = vm:vcpu(0):start(0x1000, {mode = "protected"})
local s = vcpu:get_sregs2()
s.cr3, s.cr4, s.cr0 = PDPT, s.cr4 | 1 << 5, s.cr0 | 1 << 31
expect_ok(vcpu.set_sregs2, vcpu, s, "without the flag the PDPTRs come from memory")

local function reads(of, dir, reason)
	of:run("KVM_EXIT_IO", "the guest tells what it has read")
	expect_eq(of:data(), dir.value, reason)
end
-- The one that is in the register, or the one that is in memory where that counts.
local function cached(register, memory)
	return IN_MEMORY and memory or register
end
-- Some emulated processors mark PDPTEs as accessed when they walk them in memory. That bit is reserved there, and KVM takes
-- no PDPTEs with it.
local function tidy(of)
	local memory = of.vm.memories[1]
	for i = 0, 1 do
		memory:u64(PDPT + 8 * i, memory:u64(PDPT + 8 * i) & ~(1 << 5))
	end
end
local function held(of, dir, reason)
	tidy(of)
	local now = of:get_sregs2()
	expect_eq(now.flags, KVM_SREGS2_FLAGS_PDPTRS_VALID, "PAE paging is on, so there are PDPTRs")
	expect_eq(now.pdptrs[1], dir.at | P, reason)
end

reads(vcpu, A, "that is what the directory maps")
held(vcpu, A, "CR3's memory had it")

-- Changed behind the processor's back.
ram:u64(PDPT + 8, B.at | P)
reads(vcpu, cached(A, B), "CR3 was not written since")
held(vcpu, cached(A, B), "it is what the guest uses")

local saved = vm:save()
local _, new = kvm.restore(saved)
held(new, cached(A, B), "KVM_SET_SREGS2 has set it")
reads(new, cached(A, B), "restored with SREGS2 the guest goes on with what it had")
reads(new, cached(A, B), "and so again")
held(new, cached(A, B), "the new VM has it as the old one")
tidy(new)
local _, third = kvm.restore(new.vm:save())
reads(third, cached(A, B), "what was restored can be saved")

tidy(vcpu)
local _, plain = kvm.restore(vm:save {without = {"sregs2"}})
reads(plain, B, "KVM_SET_SREGS has no PDPTRs: it loads them from memory")
held(plain, B, "which is what it has loaded")

-- A value that no memory has.
s = new:get_sregs2()
s.pdptrs[1] = C.at | P
expect_ok(new.set_sregs2, new, s, "the PDPTRs are user space's to set")
reads(new, cached(C, B), "the guest uses them")
s.flags = 0
tidy(new)
expect_ok(new.set_sregs2, new, s, "without the flag they come from memory")
reads(new, B, "and not from the struct")

-- A write of CR3 loads them.
new.vm.memories[1]:u64(PDPT + 8, A.at | P)
reads(new, cached(B, A), "CR3 was not written since")
local r = new:get_regs()
r.rcx = 1
new:set_regs(r)
tidy(new)
reads(new, A, "the guest has written CR3")
held(new, A, "so that it has what memory has")
