-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/timer-state", arch = "riscv",
	title = "A timer that runs is restored with its deadline, and user space can start one: the guest is woken at that time of its own",
	fixes = "kvm_riscv_vcpu_set_reg_timer(): a timer that runs goes on (right in 7.2)",
	seen_failing = "riscv64-6.12-nosstc, whose kernel lacks the fix: it starts the timer with 1, the state, for the deadline; passes there with " ..
		"lab/additions/riscv/timer-state.patch",
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
	vcpu = fresh()
	-- Saved with a deadline to come, and restored where the clock of the host is another one: the guest's time goes on as it was.
	local deadline = vcpu:reg(TIME) + hz // 5
	arm(vcpu, how, deadline)
	local armed = vcpu:reg(TIME)
	local vm, copy = kvm.restore(vcpu.vm:save())
	expect_eq(copy:reg(COMPARE), deadline, how .. ": the deadline has been restored")
	expect_time(copy:reg(TIME), armed, how .. ": the time has been restored")
	copy:reg(TIME, deadline - hz // 10)
	expect_time(wait(copy, "the timer wakes the restored guest"), deadline, how .. ": the restored timer")
	expect(wait(vcpu, "the timer wakes the original") >= deadline, how .. ": the original has its timer, too, late as it is by now")
	vm:close()
end

-- compare alone is enough with Sstc. Without it KVM's timer is started by state, which 6.12 does with 1 for the deadline.
vcpu = fresh()
local deadline = vcpu:reg(TIME) + hz // 20
vcpu:reg(COMPARE, deadline)
vcpu:reg(id "state", KVM_RISCV_TIMER_STATE_ON)
expect_eq(vcpu:reg(COMPARE), deadline, "starting the timer leaves its deadline alone")
vcpu:reg("S0", 0x50000)
vcpu:start(code.sleep)
expect_time(wait(vcpu, "user space's timer wakes the guest"), deadline, "a deadline that user space has set")
