-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/sbi-v01", arch = "riscv",
	title = "The SBI's calls of version 0.1 are refused, or forwarded and answered where the kernel has been built with them",
	fixes = "KVM RISC-V Support (\"RISC-V: KVM: Add SBI v0.1 support\")",
	seen_failing = "fails with --inject of EBADF into KVM_RUN, riscv64-6.12; what is forwarded passes with lab/additions/riscv/sbi-v01.patch alone",
}

-- SBI specification 2.0, "Legacy Extensions": the extension's number alone says what is wanted, and a1 is not changed.
local SET_TIMER <const>, PUTCHAR <const>, GETCHAR <const>, CLEAR_IPI <const>, SEND_IPI <const> = 0, 1, 2, 3, 4
local FENCE_I <const>, SFENCE_VMA <const>, SFENCE_VMA_ASID <const>, SHUTDOWN <const> = 5, 6, 7, 8
local NOT_SUPPORTED <const> = -2
local SSIP <const>, STIP <const> = 1 << 1, 1 << 5

-- The guest reads where masks are before its call: KVM gives it the fault of a page that it has not used yet.
local code = asm {
	at = 0x1000,
	riscv = [[
	call:	li t0, 0x3000
		ld t0, (t0)
		ecall
		csrr a2, sip
		li t0, 0x50000
		sd a0, (t0)
	]],
}

local function fresh(on)
	local vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	local vcpu = vm:vcpu(0)
	vcpu:reg("SBI_EXT_V01", on and 1 or 0)
	return vcpu, ram
end

local function go(vcpu, extension, a0)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "what came before ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
	vcpu:reg("A0", a0)
	vcpu:reg("A1", 0x4711)
	vcpu:reg("A6", 0)
	vcpu:reg("A7", extension)
	vcpu:start(code.call)
end

local function call(vcpu, extension, a0)
	go(vcpu, extension, a0)
	vcpu:run("KVM_EXIT_MMIO", "KVM answers it")
	return vcpu:reg "A0", vcpu:reg "A1", vcpu:reg "A2"
end

-- Its register is there in any case; what BASE finds is what there is.
local vcpu, ram = fresh(true)
go(vcpu, 0x10, PUTCHAR)
vcpu:reg("A6", 3)
vcpu:run("KVM_EXIT_MMIO", "KVM answers it")
local there = vcpu:reg "A1" == 1

local function expect_refused(of)
	for extension = SET_TIMER, SHUTDOWN do
		local error, value = call(of, extension, 0)
		expect_eq(error, NOT_SUPPORTED, ("call %d of version 0.1 is refused"):format(extension))
		expect_eq(value, 0, "as any extension that there is not")
	end
end
expect_refused((fresh(false)))
if not there then
	print("this kernel has been built without CONFIG_RISCV_SBI_V01")
	expect_refused(vcpu)
	return
end

local function expect_done(extension, a0, reason)
	local error, value, sip = call(vcpu, extension, a0)
	expect_eq(error, 0, reason)
	expect_eq(value, 0x4711, "a call of version 0.1 leaves a1 alone")
	return sip
end

for extension, answer in pairs {[PUTCHAR] = 0, [GETCHAR] = 0x41} do
	go(vcpu, extension, 0x42)
	local sbi = vcpu:run("KVM_EXIT_RISCV_SBI", "the console is user space's").riscv_sbi
	expect_eq(sbi.extension_id, extension, "that is the call")
	expect_eq(sbi.args[0], 0x42, "that is its argument")
	sbi.ret[0], sbi.ret[1] = answer, 0x4711
	vcpu:run("KVM_EXIT_MMIO", "the guest goes on behind its call")
	expect_eq(vcpu:reg "A0", answer, "it gets user space's answer")
end
expect_eq(expect_done(SET_TIMER, -1, "a deadline that never comes") & STIP, 0, "the timer does not fire")
ram:u64(0x3000, 1)
expect_eq(expect_done(SEND_IPI, 0x3000, "an interrupt for the harts of the mask at 0x3000") & SSIP, SSIP, "it waits")
expect_eq(expect_done(CLEAR_IPI, 0, "taking it back") & SSIP, 0, "it no longer waits")
expect_eq(expect_done(SEND_IPI, 0, "an interrupt for all harts") & SSIP, SSIP, "it waits")
for _, extension in ipairs {FENCE_I, SFENCE_VMA, SFENCE_VMA_ASID} do
	expect_done(extension, 0, "a fence for all harts")
	expect_done(extension, 0x3000, "a fence for the harts of the mask at 0x3000")
end
go(vcpu, SHUTDOWN, 0)
local event = vcpu:run("KVM_EXIT_SYSTEM_EVENT", "that ends the guest").system_event
expect_eq(event.type, KVM_SYSTEM_EVENT_SHUTDOWN, "that ends the guest")
