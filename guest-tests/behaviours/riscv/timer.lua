-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/timer", arch = "riscv",
	title = "The timer of the SBI and of Sstc: its interrupt waits from the deadline on, wakes WFI, is taken back, and goes on waiting after a save",
	fixes = "KVM RISC-V Support (\"RISC-V: KVM: Add timer functionality\"); RISC-V: KVM: Support sstc extension",
	seen_failing = "fails where the guest has the host's time (lab/revert riscv/timer)",
}

local STIP <const> = 1 << 5
local NEVER <const> = -1

-- Sets the deadline a0 by the SBI or by stimecmp, and tells sip at once; then sleeps until the interrupt waits, and tells time and sip.
local code = asm {
	at = 0x1000,
	riscv = [[
	sbi:	li a7, 0x54494d45
		li a6, 0
		ecall
		j tell
	sstc:	csrw 0x14d, a0
	tell:	li s0, 0x50000
		csrr a1, sip
		sd a1, (s0)
	sleep:	csrr a1, sip
		andi a2, a1, 1 << 5
		bnez a2, done
		wfi
		j sleep
	done:	rdtime a2
		sd a1, 8(s0)
		sd a2, 16(s0)
	]],
}

local function id(name)
	return KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_TIMER | offsetof("kvm_riscv_timer", name) // 8
end
local FREQUENCY <const>, TIME <const>, COMPARE <const> = id "frequency", id "time", id "compare"

local function fresh()
	local vm = kvm.vm()
	vm:memory({gpa = 0, size = 0x10000}):load(code)
	local vcpu = vm:vcpu(0)
	vcpu:csr("sie", STIP)
	-- Far from any host's own time.
	vcpu:reg(TIME, 1 << 40)
	return vcpu
end

-- Lets the guest set a deadline; gives sip right after it.
local function arm(vcpu, how, deadline)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "the store before ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
	vcpu:reg("A0", deadline)
	vcpu:start(code[how])
	vcpu:run("KVM_EXIT_MMIO", "the guest has set its timer")
	return vcpu:data()
end

-- The guest sleeps from there; gives the time at which it saw its interrupt.
local function wait(vcpu, reason)
	vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(vcpu:data() & STIP, STIP, "the interrupt waits")
	vcpu:run("KVM_EXIT_MMIO", reason)
	return vcpu:data()
end

local vcpu = fresh()
local hz = vcpu:reg(FREQUENCY)
-- A machine under load may be late, but another time is further away.
local LATE <const> = 60 * hz

local function expect_time(got, deadline, reason)
	expect(got >= deadline and got < deadline + LATE, ("%s: %d ticks after it"):format(reason, got - deadline))
end

local ways = {"sbi"}
if vcpu:reg_names().ISA_EXT_SSTC then
	ways[2] = "sstc"
end
for _, how in ipairs(ways) do
	-- From now, in the future, in the past, and never.
	vcpu = fresh()
	for _, ms in ipairs {1, 20, 5} do
		local deadline = vcpu:reg(TIME) + ms * hz // 1000
		arm(vcpu, how, deadline)
		expect_eq(vcpu:reg(COMPARE), deadline, how .. ": user space sees the deadline")
		expect_time(wait(vcpu, "the timer wakes the guest"), deadline, how .. ": not before the deadline")
	end
	local sip = arm(vcpu, how, NEVER)
	expect_eq(sip & STIP, 0, how .. ": a new deadline takes the interrupt back")
	sip = arm(vcpu, how, vcpu:reg(TIME) + 1000 * hz)
	expect_eq(sip & STIP, 0, how .. ": that is far away")
	-- KVM's own timer needs a moment, and the guest sleeps until then.
	arm(vcpu, how, 0)
	wait(vcpu, how .. ": a deadline that has passed is one")

	-- A guest that is kicked out of its sleep, and goes on with it.
	local deadline = vcpu:reg(TIME) + hz
	arm(vcpu, how, deadline)
	local running = thread(vcpu, "KVM_RUN")
	host.sleep(0.02)
	running:kick()
	local _, errno = running:join(5)
	expect_eq(errno, "EINTR", how .. ": the guest sleeps until user space kicks it")
	expect_time(wait(vcpu, "the timer wakes the guest"), deadline, how .. ": a kick has not changed the deadline")

	-- Saved with an interrupt that waits: it still does.
	arm(vcpu, how, 1)
	wait(vcpu, how .. ": a deadline that has passed")
	local vm, copy = kvm.restore(vcpu.vm:save())
	copy:start(code.sleep)
	copy:reg("S0", 0x50000)
	wait(copy, how .. ": the interrupt that waited has been restored")
	vm:close()
end

-- All vCPUs of a VM have one time, and each its own deadline.
vcpu = fresh()
local second = vcpu.vm:vcpu(1)
second:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
second:csr("sie", STIP)
vcpu:reg(TIME, 1 << 40)
local first_deadline, second_deadline = (1 << 40) + hz // 10, (1 << 40) + hz // 20
arm(vcpu, "sbi", first_deadline)
arm(second, "sbi", second_deadline)
expect_time(wait(second, "the second vCPU's timer"), second_deadline, "the second vCPU has its own deadline")
expect_time(wait(vcpu, "the first vCPU's timer"), first_deadline, "the first vCPU has its own deadline")
