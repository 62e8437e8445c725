-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/sbi-harts", arch = "riscv",
	title = "HSM starts, stops and suspends harts, IPI interrupts those of a mask, RFENCE takes those fences that KVM has, SRST ends the VM, SUSP is user space's",
	fixes = "RISC-V: KVM: Add SBI HSM extension in KVM; RISC-V: KVM: Add common kvm_riscv_vcpu_sbi_system_reset() function (SRST); RISC-V: KVM: Add SBI system suspend support",
	seen_failing = "fails where an IPI to nobody succeeds (lab/revert riscv/sbi-harts)",
}

-- SBI specification 2.0: errors, and the chapters of the extensions.
local FAILURE <const>, NOT_SUPPORTED <const>, INVALID_PARAM <const>, DENIED <const>, INVALID_ADDRESS <const>, ALREADY_AVAILABLE <const> =
	-1, -2, -3, -4, -5, -6
local HSM <const>, START <const>, STOP <const>, STATUS <const>, SUSPEND <const> = 0x48534d, 0, 1, 2, 3
local STARTED <const>, STOPPED <const>, SUSPENDED <const> = 0, 1, 4
local IPI <const>, RFENCE <const>, SRST <const>, SUSP <const> = 0x735049, 0x52464e43, 0x53525354, 0x53555350
local SSIP <const> = 1 << 1

local code = asm {
	at = 0x1000,
	riscv = [[
	call:	ecall
	back:	li t0, 0x50000
		sd a0, (t0)
		.balign 64
	born:	csrr a2, satp
		csrr a3, sstatus
		li t0, 0x50000
		sd a0, 16(t0)
		.balign 64
	sleep:	wfi
		j sleep
		.balign 64
	calm:	csrc sip, 2
		li t0, 0x50000
		sd a0, (t0)
	]],
}

local function settle(vcpu)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "what came before ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
end

-- A VM of that many harts, of which the first runs.
local function fresh(harts, switches)
	local vm, vcpus = kvm.vm(), {}
	vm:memory({gpa = 0, size = 0x10000}):load(code)
	for id = 0, harts - 1 do
		vcpus[id] = vm:vcpu(id)
		for name in pairs(switches or {}) do
			vcpus[id]:reg("SBI_EXT_" .. name, 1)
		end
	end
	return vcpus
end

local function go(vcpu, extension, func, ...)
	settle(vcpu)
	for n = 0, 5 do
		vcpu:reg("A" .. n, (select(n + 1, ...)) or 0)
	end
	vcpu:reg("A6", func)
	vcpu:reg("A7", extension)
	vcpu:start(code.call)
end

local function expect_call(vcpu, error, value, reason, ...)
	go(vcpu, ...)
	vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(vcpu:reg "A0", error, reason)
	if value then
		expect_eq(vcpu:reg "A1", value, reason)
	end
end

local function state(vcpu)
	return vcpu:get_mp_state().mp_state
end

-- In a thread: it must still be there after a while.
local function asleep(vcpu, reason)
	local running = thread(vcpu, "KVM_RUN")
	host.sleep(0.05)
	expect(not running:done(), reason)
	return running
end

-- ---- HSM ----

local harts = fresh(2)
local boot, second = harts[0], harts[1]
expect_eq(state(boot), KVM_MP_STATE_RUNNABLE, "the first vCPU is the one that boots")
expect_eq(state(second), KVM_MP_STATE_STOPPED, "the others wait to be started")
expect_call(boot, 0, STARTED, "the boot hart has started", HSM, STATUS, 0)
expect_call(boot, 0, STOPPED, "the second has not", HSM, STATUS, 1)
expect_call(boot, ALREADY_AVAILABLE, nil, "the boot hart has started", HSM, START, 0, code.born)
for _, id in ipairs {2, 0x4711, -1} do
	expect_call(boot, INVALID_PARAM, nil, "there is no such hart", HSM, START, id, code.born)
end
local running = asleep(second, "a stopped hart does not run")
-- What it had before is not what it starts with.
expect_call(boot, 0, nil, "it is started", HSM, START, 1, code.born, 0x1234567890)
expect_eq(running:join(5), 0, "it runs")
expect_eq(second.kvm_run.mmio.phys_addr, 0x50010, "it runs where it is to start")
expect_eq(second:data(), 1, "a0 is its number")
expect_eq(second:reg "A1", 0x1234567890, "a1 is what it was given")
expect_eq(second:reg "A2", 0, "satp is 0")
expect_eq(second:reg "A3" & 2, 0, "interrupts are off")
expect_eq(state(second), KVM_MP_STATE_RUNNABLE, "user space sees it, too")
expect_call(boot, 0, STARTED, "so does the guest", HSM, STATUS, 1)
expect_call(boot, ALREADY_AVAILABLE, nil, "it has been started", HSM, START, 1, code.born)

-- Asleep in WFI it is suspended, as far as the SBI can tell.
settle(second)
second:start(code.sleep)
running = asleep(second, "it sleeps")
expect_call(boot, 0, SUSPENDED, "it sleeps", HSM, STATUS, 1)
running:kick()
running:join(5)

-- Stopping is for the hart itself.
go(second, HSM, STOP)
running = asleep(second, "a stopped hart does not run")
expect_call(boot, 0, STOPPED, "the guest sees it", HSM, STATUS, 1)
expect_call(boot, 0, nil, "it is started again", HSM, START, 1, code.born, 7)
expect_eq(running:join(5), 0, "it runs")
expect_eq(second:reg "A1", 7, "from its beginning")

-- A suspend that keeps the hart's state is a WFI.
boot:csr("sie", SSIP)
expect_call(boot, 0, nil, "it interrupts itself", IPI, 0, 1, 0)
expect_call(boot, 0, nil, "an interrupt waits, so it does not sleep", HSM, SUSPEND, 0)
-- The guest takes the interrupt back itself: what user space writes to sip is not what WFI looks at (riscv/wfi-restored).
settle(boot)
boot:start(code.calm):run("KVM_EXIT_MMIO", "the guest takes its interrupt back")
go(boot, HSM, SUSPEND, 0)
running = asleep(boot, "no interrupt waits, so it sleeps")
second:csr("sie", 0)
expect_call(second, 0, nil, "the other one wakes it", IPI, 0, 1, 0)
expect_eq(running:join(5), 0, "it is awake")
expect_eq(boot:reg "A0", 0, "and its call has succeeded")
expect_call(boot, NOT_SUPPORTED, nil, "KVM has no suspend that loses state", HSM, SUSPEND, 0x80000000, code.born)
for _, kind in ipairs {1, 0x7fffffff, 0x80000001, 0xffffffff} do
	expect_call(boot, INVALID_PARAM, nil, "there is no such suspend", HSM, SUSPEND, kind, code.born)
end

-- ---- IPI ----

harts = fresh(4)
for id = 0, 3 do
	harts[id]:csr("sie", SSIP)
end
local function expect_sent(error, wanted, mask, base, reason)
	expect_call(harts[0], error, nil, reason, IPI, 0, mask, base)
	for id = 0, 3 do
		expect_eq(harts[id]:csr "sip", wanted >> id & 1 == 1 and SSIP or 0, ("%s: hart %d"):format(reason, id))
		harts[id]:csr("sip", 0)
	end
end
for mask = 0, 15 do
	expect_sent(0, mask, mask, 0, ("those of the mask 0x%x"):format(mask))
end
expect_sent(0, 8, 1, 3, "the mask begins at the base")
expect_sent(0, 12, 3, 2, "the mask begins at the base")
expect_sent(0, 15, 0, -1, "a base of -1 means all, whatever the mask")
-- All harts that are there get it (kvm_sbi_ext_ipi_handler()); the specification leaves that open.
for _, bad in ipairs {{0x10, 0}, {1, 4}, {3, 3}, {1 << 63, 0}, {1, 1 << 40}} do
	expect_call(harts[0], INVALID_PARAM, nil, ("mask 0x%x from %d on has a hart that is not there"):format(bad[1], bad[2]), IPI, 0, bad[1], bad[2])
end

-- ---- RFENCE ----

-- Whether a fence flushes is not to be seen where each exit does so.
for func = 0, 2 do
	for _, range in ipairs {{0, 0}, {0x1000, 0x1000}, {0, -1}, {0x1000, 1 << 30}} do
		expect_call(harts[0], 0, nil, "a fence for a guest's address spaces", RFENCE, func, 15, 0, range[1], range[2], 5)
		expect_call(harts[0], 0, nil, "a fence for all harts", RFENCE, func, 0, -1, range[1], range[2], 5)
	end
end
for func = 3, 7 do
	expect_call(harts[0], NOT_SUPPORTED, nil, "KVM has no nested virtualization", RFENCE, func, 15, 0, 0, 0, 0)
end

-- ---- SRST ----

for _, reset in ipairs {{0, KVM_SYSTEM_EVENT_SHUTDOWN}, {1, KVM_SYSTEM_EVENT_RESET}, {2, KVM_SYSTEM_EVENT_RESET}} do
	for _, why in ipairs {1, 0xe0000042} do
		harts = fresh(2)
		second = harts[1]
		expect_call(harts[0], 0, nil, "it is started", HSM, START, 1, code.sleep, 0)
		running = asleep(second, "it sleeps")
		go(harts[0], SRST, 0, reset[1], why)
		local event = harts[0]:run("KVM_EXIT_SYSTEM_EVENT", "the guest has ended").system_event
		expect_eq(event.type, reset[2], "shutdown, or a cold or warm reboot")
		expect_eq(event.ndata, 1, "there is a reason with it")
		expect_eq(event.data[0], why, "that is its reason")
		running:kick()
		running:join(5)
		for id = 0, 1 do
			expect_eq(state(harts[id]), KVM_MP_STATE_STOPPED, "all harts have stopped")
		end
	end
end
-- The specification wants INVALID_PARAM of reserved types and NOT_SUPPORTED of a platform's own; KVM gives one for both.
harts = fresh(1)
for _, kind in ipairs {3, 0xefffffff, 0xf0000000, 0xffffffff} do
	go(harts[0], SRST, 0, kind, 0)
	harts[0]:run("KVM_EXIT_MMIO", "a reset of no known type leaves the guest running")
	expect(harts[0]:reg "A0" == NOT_SUPPORTED or harts[0]:reg "A0" == INVALID_PARAM, "a reset of no known type is refused")
end

-- ---- SUSP ----

if not harts[0]:reg_names().SBI_EXT_SUSP then
	expect(not host.at_least("7.2"), "7.2 has it")
	return
end
harts = fresh(2, {SUSP = true})
boot, second = harts[0], harts[1]
for _, kind in ipairs {1, 0x80000000, 0xffffffff} do
	expect_call(boot, INVALID_PARAM, nil, "suspend to RAM is the only one", SUSP, 0, kind, code.born, 5)
end
expect_call(boot, INVALID_ADDRESS, nil, "nothing is there to go on with", SUSP, 0, 0, 0x60000, 5)
expect_call(boot, NOT_SUPPORTED, nil, "SUSP has one function", SUSP, 1, 0, code.born, 5)
expect_call(boot, 0, nil, "the other hart is started", HSM, START, 1, code.born, 0)
expect_call(boot, DENIED, nil, "another hart runs", SUSP, 0, 0, code.born, 5)
second:set_mp_state {mp_state = KVM_MP_STATE_STOPPED}
go(boot, SUSP, 0, 0, code.born, 0x99)
local sbi = boot:run("KVM_EXIT_RISCV_SBI", "how to suspend is user space's to know").riscv_sbi
expect_eq(sbi.extension_id, SUSP, "that is the call")
expect_eq(sbi.args[1], code.born, "that is where it goes on")
local exit = boot:run("KVM_EXIT_MMIO", "user space lets it go on")
expect_eq(exit.mmio.phys_addr, 0x50010, "where it asked for")
expect_eq(boot:data(), 0, "a0 is its number")
expect_eq(boot:reg "A1", 0x99, "a1 is what it wanted there")
