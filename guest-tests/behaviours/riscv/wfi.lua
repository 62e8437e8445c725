-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/wfi", arch = "riscv",
	title = "WFI sleeps in the kernel until an interrupt waits that sie enables, whether or not it is taken; no wake-up is lost",
	fixes = "KVM RISC-V Support (\"RISC-V: KVM: Handle WFI exits for VCPU\")",
	seen_failing = "fails where KVM_INTERRUPT does not kick the vCPU (lab/revert riscv/wfi)",
}

-- Bits of sie and sip (Privileged Architecture). The guest sets the first one itself, user space the second one by KVM_INTERRUPT;
-- that sip can be written by user space is riscv/wfi-restored's.
local SOFT <const>, EXTERNAL <const> = 1 << 1, 1 << 9
local SIE <const> = 1 << 1 -- of sstatus

local code = asm {
	at = 0x1000,
	riscv = [[
		csrs sip, a1
	sleep:	wfi
	awake:	csrr a0, sip
		sd a0, (s0)
		j sleep
		.balign 64
	trap:	csrr a0, scause
		sd a0, 8(s0)
		sret
	]],
}

local function guest(sie, sstatus, sip)
	local vm = kvm.vm()
	vm:memory({gpa = 0, size = 0x10000}):load(code)
	local vcpu = vm:vcpu(0):start(code.at)
	vcpu:csr("stvec", code.trap)
	vcpu:reg("S0", 0x50000)
	vcpu:reg("A1", sip or 0)
	vcpu:csr("sie", sie)
	vcpu:csr("sstatus", sstatus or 0)
	return vcpu
end

local function interrupt(vcpu, on)
	vcpu:interrupt {irq = on and KVM_INTERRUPT_SET or KVM_INTERRUPT_UNSET}
end

-- In a thread: it must still be there after a while, in its WFI.
local function asleep(vcpu, reason)
	local stats = vcpu:stats()
	local before = stats:values().wfi_exit_stat
	local running = thread(vcpu, "KVM_RUN")
	local late = host.now() + 5
	while stats:values().wfi_exit_stat == before and host.now() < late do
		host.sleep(0.002)
	end
	host.sleep(0.02)
	expect(not running:done(), reason)
	expect_eq(stats:values().wfi_exit_stat, before + 1, "it sleeps in one WFI, and does not spin")
	return running
end

local function woken(vcpu, running, sip, reason)
	expect_eq(running:join(5), 0, reason)
	expect_eq(vcpu.kvm_run.exit_reason, KVM_EXIT_MMIO, reason)
	expect_eq(vcpu:data(), sip, reason .. ": that is what waits")
end

-- ---- without an interrupt ----

local vcpu = guest(SOFT | EXTERNAL)
local running = asleep(vcpu, "no interrupt waits, so the guest sleeps")
running:kick()
local value, errno = running:join(5)
expect_eq(errno, "EINTR", "a signal gets user space out of it")
local pc = vcpu:reg "PC"
expect(pc == code.sleep or pc == code.awake, "the guest is at its WFI, or behind it: it may end for no reason")

-- ---- what waits already ----

for _, sstatus in ipairs {0, SIE} do
	local way = sstatus == 0 and "it is not taken" or "it is taken"
	for name, bit in pairs {software = SOFT, external = EXTERNAL} do
		vcpu = guest(bit, sstatus, bit & SOFT)
		if bit == EXTERNAL then
			interrupt(vcpu, true)
		end
		local exit = vcpu:run("KVM_EXIT_MMIO", name .. ": an interrupt waits, so WFI does not sleep")
		if sstatus == 0 then
			expect_eq(exit.mmio.phys_addr, 0x50000, way)
			expect_eq(vcpu:data(), bit, name .. ": that is what waits")
		else
			expect_eq(exit.mmio.phys_addr, 0x50008, way)
			expect_eq(vcpu:data(), 1 << 63 | (bit == SOFT and 1 or 9), name .. ": that is the trap's cause")
		end
	end
end

-- ---- what waits and is not enabled ----

vcpu = guest(EXTERNAL, 0, SOFT)
running = asleep(vcpu, "the software interrupt waits, but sie does not enable it")
interrupt(vcpu, true)
woken(vcpu, running, SOFT | EXTERNAL, "another thread's KVM_INTERRUPT ends the sleep")
interrupt(vcpu, false)
running = asleep(vcpu, "it has been taken back")
interrupt(vcpu, true)
woken(vcpu, running, SOFT | EXTERNAL, "and comes again")

-- KVM_INTERRUPT's number is a switch: what is not KVM_INTERRUPT_SET takes the interrupt back.
for _, number in ipairs {KVM_INTERRUPT_UNSET, 0, 1, 0x7fffffff} do
	vcpu:interrupt {irq = KVM_INTERRUPT_SET}
	expect_ok(vcpu.interrupt, vcpu, struct("kvm_interrupt", {irq = number & 0xffffffff}), "no number is wrong")
	expect_eq(vcpu:csr "sip" & EXTERNAL, 0, "it is taken back")
end
expect_errno("EFAULT", vcpu.interrupt, vcpu, NULL, "there is nothing at NULL")

-- ---- wake-ups at any moment ----

vcpu = guest(EXTERNAL)
for round = 1, 80 do
	running = thread(vcpu, "KVM_RUN")
	-- Before the WFI, in it, or as it begins to sleep.
	host.sleep(round % 8 * 0.0001)
	interrupt(vcpu, true)
	value = running:join(5)
	if not expect_eq(value, 0, ("round %d: the wake-up is not lost"):format(round)) then
		running:kick()
		running:join(5)
		break
	end
	interrupt(vcpu, false)
end
