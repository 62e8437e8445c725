-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/smm-rsm", arch = "x86", needs = cap.X86_SMM,
	title = "KVM_SMI enters the SMM handler, RSM goes back to real, protected, PAE or long mode, in a new VM too",
	fixes = "KVM: x86: Move emulation of RSM, i.e. leave_smm, out of emulator (RFC)",
	seen_failing = "absent natively, where KVM has no SMM; fails with the change of the save area left out; fails with " ..
		"KVM_SET_VCPU_EVENTS leaving the SMM state alone (lab/revert x86/smm-rsm)",
}

local SMBASE = 0x30000
local guest = asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:	mov $1, %al
			out %al, $0x80
			jmp again
		outside:
			rsm
		on_ud:	mov $6, %al
			out %al, $0x80
			jmp on_ud
	]],
}
-- The same bytes in 32 and in 64 bits.
local wide = asm {
	at = 0x2000,
	x86 = [[
		.code32
		again:	mov $1, %al
			out %al, $0x80
			jmp again
	]],
}
-- SMM begins in something like real mode, at SMBASE + 0x8000.
local handler = asm {
	at = 0x38000,
	x86 = [[
		.code16
			mov $0xdead, %ebx
			mov $2, %al
			out %al, $0x80
			rsm
	]],
}
-- PAE paging's page directory of one entry: the first 2 MiB where they are.
local PDPT = 0x4000

-- The memory that a vCPU in SMM sees is another address space.
local function smm_memory(vm)
	if vm:check_extension(cap.MULTI_ADDRESS_SPACE) > 1 then
		vm.memories[1]:set {slot = 1 << 16}
	end
end
local function machine()
	local vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x40000}
	smm_memory(vm)
	ram:load(guest)
	ram:u16(6 * 4, guest.on_ud)
	ram:load(wide)
	ram:load(handler)
	ram:u64(PDPT, PDPT + 0x1000 | 1)
	ram:u64(PDPT + 0x1000, 0x83)
	return vm, ram, vm:vcpu(0)
end

local function told(vcpu, what, reason)
	local exit = vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(vcpu:data() & 0xff, what, reason)
	-- Some emulated processors with nested paging mark a PDPTE as accessed. That bit is reserved there: RSM would fail.
	vcpu.vm.memories[1]:u64(PDPT, PDPT + 0x1000 | 1)
	return exit
end

do
	local _, _, vcpu = machine()
	vcpu:start(guest.outside)
	told(vcpu, 6, "RSM outside SMM is an invalid opcode")
end

-- The guest's CPUID decides which save area it has: AMD's of 64 bits where there is long mode, Intel's old one otherwise.
local function without_long_mode(v)
	v:cpuid {[0x80000001] = function(entry) entry.edx = entry.edx & ~(1 << 29) end}
end

local function begin(v, mode, entry)
	v:start(entry, {mode = mode == "pae" and "protected" or mode, tables = mode == "long" and 0x8000 or nil})
	if mode == "pae" then
		local s = v:get_sregs()
		s.cr3, s.cr4, s.cr0 = PDPT, s.cr4 | 1 << 5, s.cr0 | 1 << 31
		v:set_sregs(s)
	end
end

-- Places in the save area of what the handler may change: EAX or RAX, SMBASE.
local AREA = {[32] = {rax = 0xffd0, smbase = 0xfef8}, [64] = {rax = 0xfff8, smbase = 0xff00}}

for _, case in ipairs {
	{"real", 64, guest.again}, {"protected", 64, wide.at}, {"pae", 64, wide.at}, {"long", 64, wide.at},
	{"real", 32, guest.again}, {"protected", 32, wide.at}, {"pae", 32, wide.at},
} do
	local mode, bits, entry = table.unpack(case)
	local what = ("%s mode, save area of %d bits: "):format(mode, bits)
	local vm, ram, vcpu = machine()
	if bits == 32 then
		without_long_mode(vcpu)
	end
	begin(vcpu, mode, entry)
	local r = vcpu:get_regs()
	r.rbx, r.rsi = 0x1111, 0x2222
	vcpu:set_regs(r)

	local exit = told(vcpu, 1, what .. "the guest runs")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, 0, what .. "it is not in SMM")
	local before = vcpu:get_sregs()
	local function as_before(of, where)
		local after = of:get_sregs()
		for _, name in ipairs {"cs", "ds", "es", "ss", "fs", "gs", "cr0", "cr3", "cr4", "efer"} do
			expect_eq(after[name], before[name], where .. name .. " is as before")
		end
		local regs = of:get_regs()
		expect_eq(regs.rbx, 0x1111, where .. "what the handler has changed is as before")
		expect_eq(regs.rsi, 0x2222, where .. "what it has left alone, too")
	end

	vcpu:smi()
	exit = told(vcpu, 2, what .. "the handler runs")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, KVM_RUN_X86_SMM, what .. "kvm_run.flags tells of SMM")
	expect_eq(vcpu:get_vcpu_events().smi.smm, 1, what .. "KVM_GET_VCPU_EVENTS too")
	local s = vcpu:get_sregs()
	expect_eq(s.cs.base, SMBASE, what .. "the code segment is at SMBASE")
	expect_eq(s.cr0 & (1 << 31 | 1), 0, what .. "there is no paging and no protection")
	expect_eq(s.efer, 0, what .. "and no long mode")
	expect_eq(s.cr4, 0, what .. "nor anything else")

	-- Another VM goes on from here: it is in the handler, and comes out of it to the same place.
	local moved, there = kvm.restore(vm:save())
	smm_memory(moved)
	expect_eq(there:get_vcpu_events().smi.smm, 1, what .. "the new VM is in SMM")
	exit = told(there, 1, what .. "RSM in the new VM, and its guest goes on")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, 0, what .. "SMM is over in the new VM")
	as_before(there, what .. "in the new VM ")
	there:smi()
	told(there, 2, what .. "the new VM's next SMI runs its handler")

	-- A second SMI waits for the end of the first.
	vcpu:smi()
	ram:u32(SMBASE + AREA[bits].rax, 0x55555501)
	exit = told(vcpu, 2, what .. "RSM lets the second SMI in")
	exit = told(vcpu, 1, what .. "then the guest goes on")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, 0, what .. "SMM is over")
	as_before(vcpu, what)

	-- What the handler changes in the save area counts.
	vcpu:smi()
	told(vcpu, 2, what .. "the handler runs")
	ram:u32(SMBASE + AREA[bits].rax, 0x77777777)
	told(vcpu, 1, what .. "the guest goes on")
	expect_eq(vcpu:get_regs().rax, 0x77777701, what .. "RSM has loaded the register from the save area")
	vcpu:smi()
	told(vcpu, 2, what .. "the handler runs")
	ram:u32(SMBASE + AREA[bits].smbase, 0x20000)
	told(vcpu, 1, what .. "the guest goes on")
	expect_eq(vcpu:msr("IA32_SMBASE"), 0x20000, what .. "SMBASE has moved")
end
