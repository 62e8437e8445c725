-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/cr3-reserved-bits", arch = "x86",
	title = "CR3 has no bits above the guest's physical addresses: KVM_SET_SREGS refuses them, MOV to CR3 is #GP",
	fixes = "KVM: x86: Introduce cr3_lm_rsvd_bits in kvm_vcpu_arch", since = "5.11",
	seen_failing = "fails with kvm_is_valid_sregs() not looking at CR3 (lab/revert x86/cr3-reserved-bits), and with kvm_set_cr3() not " ..
		"looking at it where KVM sees the guest's MOV (lab/revert x86/cr3-reserved-mov)",
}

local PE, PG, PAE = 1 << 0, 1 << 31, 1 << 5
local LME, LMA = 1 << 8, 1 << 10

-- What RSM does with such a CR3 is in x86/rsm-shutdown. SEV takes one of these bits, the C-bit, out of them; only guests that
-- are encrypted have it (svm_vcpu_after_set_cpuid()), and no host of the labs can have one.

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x20000}
local vcpu = vm:vcpu(0)

-- The width that this vCPU's CPUID says: leaf 0x80000008, EAX bits 7 to 0.
local width
local cpuid = kvm.system:get_supported_cpuid()
for i = 0, cpuid.nent - 1 do
	if cpuid.entries[i]["function"] == 0x80000008 then
		width = cpuid.entries[i].eax & 0xff
	end
end
if not width then
	skip("this processor's CPUID does not tell the width of an address")
end
print("physical addresses have", width, "bits")

local function long_mode(cr3)
	local s = vcpu:get_sregs()
	s.cr0, s.cr4, s.efer, s.cr3 = s.cr0 | PE | PG, s.cr4 | PAE, s.efer | LME | LMA, cr3
	s.cs.l, s.cs.db = 1, 0
	return s
end

expect_ok(vcpu.set_sregs, vcpu, long_mode(0x1000), "a page table in RAM")
for bit = 12, width - 1 do
	expect_ok(vcpu.set_sregs, vcpu, long_mode(1 << bit), ("bit %d is one of an address"):format(bit))
end
-- 63 is the "no flush" bit of MOV to CR3, which the register does not keep; 62 and 61 are LAM's where that exists.
for bit = width, 60 do
	expect_errno("EINVAL", vcpu.set_sregs, vcpu, long_mode(1 << bit), ("bit %d is beyond %d bits of address"):format(bit, width))
end

-- ---- MOV to CR3 ----

local GDT, IDT, TABLES, VALUE = 0x7000, 0x7100, 0x8000, 0x6000
local code = asm {
	at = 0x1000,
	x86 = [[
		again:	mov 0x6000, %rax
			mov %rax, %cr3
			mov $1, %al
			out %al, $0x80
			jmp again
		on_gp:	movq $again, 8(%rsp)
			add $8, %rsp
			mov $13, %al
			out %al, $0x80
			iretq
	]],
}
ram:load(code)
ram:u64(GDT + 8, 0x00af9b000000ffff) -- 64-bit code, and data
ram:u64(GDT + 16, 0x00cf93000000ffff)
ram:u64(IDT + 13 * 16, 0x8e00 << 32 | 8 << 16 | code.on_gp)

local function begin(of, tables)
	of:start(code.again, {mode = "long", tables = tables})
	local s = of:get_sregs()
	s.gdt.base, s.gdt.limit, s.idt.base, s.idt.limit = GDT, 23, IDT, 16 * 32 - 1
	of:set_sregs(s)
	local r = of:get_regs()
	r.rsp = 0x5000
	of:set_regs(r)
end
local function moves(value, wanted, reason)
	ram:u64(VALUE, value)
	vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(vcpu:data(), wanted, reason)
end

begin(vcpu, TABLES)
moves(TABLES, 1, "CR3 with its own value")
for _, bit in ipairs {3, 4} do
	moves(TABLES | 1 << bit, 1, ("bit %d is for the cache"):format(bit))
end
-- With nested paging the MOV is the processor's own affair. QEMU's takes such a value, and its next VMRUN then fails.
local function on(module, name)
	local value = host.parameter(module, name)
	return value == true or value == "1"
end
if on("kvm_amd", "npt") or on("kvm_intel", "ept") then
	ram:u64(VALUE, TABLES | 1 << width)
	local exit = vcpu:run()
	if exit.exit_reason == KVM_EXIT_IO then
		expect_eq(vcpu:data(), 13, "the processor refuses a bit beyond its addresses")
	else
		expect_eq(exit.exit_reason, KVM_EXIT_FAIL_ENTRY, "or KVM cannot enter the guest any more")
		begin(vcpu, TABLES)
	end
else
	for bit = width, 60 do
		moves(TABLES | 1 << bit, 13, ("bit %d is beyond %d bits of address: #GP"):format(bit, width))
		expect_eq(vcpu:get_sregs().cr3, TABLES | 1 << 4, "and CR3 is what it was")
	end
end
-- The highest that is an address, with page tables there.
local TOP = 1 << width - 1
local high = vm:memory {slot = 1, gpa = TOP, size = 0x3000}
high:write(TOP, ram:read(TABLES, 0x3000))
for level = 0, 1 do
	high:u64(TOP + 0x1000 * level, TOP + 0x1000 * (level + 1) | 3)
end
moves(TOP, 1, "page tables at the highest bit of an address")
moves(TABLES, 1, "and back")

-- ---- a guest with fewer bits than the host ----

local NARROW = 36
vcpu = vm:vcpu(1):cpuid {[0x80000008] = function(entry) entry.eax = entry.eax & ~0xff | NARROW end}
expect_ok(vcpu.set_sregs, vcpu, long_mode(1 << NARROW - 1), "an address of 36 bits")
for bit = NARROW, width do
	expect_errno("EINVAL", vcpu.set_sregs, vcpu, long_mode(1 << bit), "the guest's CPUID says 36 bits")
end
