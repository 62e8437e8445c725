-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/smm-rsm", arch = "x86", needs = cap.X86_SMM,
	title = "KVM_SMI enters the SMM handler, RSM goes back to where the guest was, in real, protected and long mode",
	fixes = "KVM: x86: Move emulation of RSM, i.e. leave_smm, out of emulator (RFC)",
	seen_failing = "absent natively, where KVM has no SMM; fails with the change of the save area left out",
}

local SMBASE = 0x30000
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x40000}
-- The memory that a vCPU in SMM sees is another address space.
if vm:check_extension(cap.MULTI_ADDRESS_SPACE) > 1 then
	ram:set {slot = 1 << 16}
end

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
ram:load(guest)
ram:u16(6 * 4, guest.on_ud)
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
ram:load(wide)
-- SMM begins in something like real mode, at SMBASE + 0x8000.
ram:load(asm {
	at = 0x38000,
	x86 = [[
		.code16
			mov $0xdead, %ebx
			mov $2, %al
			out %al, $0x80
			rsm
	]],
})

local vcpu
local function told(what, reason)
	local exit = vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(vcpu:data() & 0xff, what, reason)
	return exit
end

vcpu = vm:vcpu(9):start(guest.outside)
vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
told(6, "RSM outside SMM is an invalid opcode")

-- The guest's CPUID decides which save area it has: AMD's of 64 bits where there is long mode, Intel's old one otherwise.
local function without_long_mode(v)
	local cpuid = kvm.system:get_supported_cpuid()
	for i = 0, cpuid.nent - 1 do
		local entry = cpuid.entries[i]
		if entry["function"] == 0x80000001 then
			entry.edx = entry.edx & ~(1 << 29)
		end
	end
	v:set_cpuid2(cpuid)
end

-- Places in the save area of what the handler may change: EAX or RAX, SMBASE.
local AREA = {[32] = {rax = 0xffd0, smbase = 0xfef8}, [64] = {rax = 0xfff8, smbase = 0xff00}}

for i, case in ipairs {
	{"real", 64, guest.again}, {"protected", 64, wide.at}, {"long", 64, wide.at},
	{"real", 32, guest.again}, {"protected", 32, wide.at},
} do
	local mode, bits, entry = table.unpack(case)
	local what = ("%s mode, save area of %d bits: "):format(mode, bits)
	vcpu = vm:vcpu(i - 1)
	vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	if bits == 32 then
		without_long_mode(vcpu)
	end
	vcpu:start(entry, {mode = mode, tables = mode == "long" and 0x8000 or nil})
	local r = vcpu:get_regs()
	r.rbx, r.rsi = 0x1111, 0x2222
	vcpu:set_regs(r)

	local exit = told(1, what .. "the guest runs")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, 0, what .. "it is not in SMM")
	local before = vcpu:get_sregs()

	vcpu:smi()
	exit = told(2, what .. "the handler runs")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, KVM_RUN_X86_SMM, what .. "kvm_run.flags tells of SMM")
	expect_eq(vcpu:get_vcpu_events().smi.smm, 1, what .. "KVM_GET_VCPU_EVENTS too")
	local s = vcpu:get_sregs()
	expect_eq(s.cs.base, SMBASE, what .. "the code segment is at SMBASE")
	expect_eq(s.cr0 & (1 << 31 | 1), 0, what .. "there is no paging and no protection")
	expect_eq(s.efer, 0, what .. "and no long mode")

	-- A second SMI waits for the end of the first.
	vcpu:smi()
	ram:u32(SMBASE + AREA[bits].rax, 0x55555501)
	exit = told(2, what .. "RSM lets the second SMI in")
	exit = told(1, what .. "then the guest goes on")
	expect_eq(exit.flags & KVM_RUN_X86_SMM, 0, what .. "SMM is over")
	local after = vcpu:get_sregs()
	for _, name in ipairs {"cs", "ds", "es", "ss", "fs", "gs", "cr0", "cr3", "cr4", "efer"} do
		expect_eq(after[name], before[name], what .. name .. " is as before")
	end
	local regs = vcpu:get_regs()
	expect_eq(regs.rbx, 0x1111, what .. "what the handler has changed is as before")
	expect_eq(regs.rsi, 0x2222, what .. "what it has left alone, too")

	-- What the handler changes in the save area counts.
	vcpu:smi()
	told(2, what .. "the handler runs")
	ram:u32(SMBASE + AREA[bits].rax, 0x77777777)
	told(1, what .. "the guest goes on")
	expect_eq(vcpu:get_regs().rax, 0x77777701, what .. "RSM has loaded the register from the save area")
	vcpu:smi()
	told(2, what .. "the handler runs")
	ram:u32(SMBASE + AREA[bits].smbase, 0x20000)
	told(1, what .. "the guest goes on")
	expect_eq(vcpu:msr("IA32_SMBASE"), 0x20000, what .. "SMBASE has moved")
end
