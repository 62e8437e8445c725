-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/psci", arch = "arm64",
	title = "A guest's PSCI calls by each version of PSCI: CPUs on, off and asleep, what exists, and the ends of a system",
	seen_failing = "fails where a CPU is turned on that is on, and without the lock of its state: lab/revert arm64/psci, arm64/psci-lock; asked " ..
		"for PSCI 1.3, arm64-5.10, 6.1 and 6.12 fail",
}

-- ---- calls ----

-- Functions by number, in the ranges for 32 and 64 bits; results, in x0 (Arm DEN 0022, chapter 5).
local F32 <const>, F64 <const> = 0x84000000, 0xc4000000
local VERSION <const>, CPU_SUSPEND <const>, CPU_OFF <const>, CPU_ON <const>, AFFINITY_INFO <const> = 0, 1, 2, 3, 4
local MIGRATE <const>, MIGRATE_INFO_TYPE <const>, MIGRATE_INFO_UP_CPU <const> = 5, 6, 7
local SYSTEM_OFF <const>, SYSTEM_RESET <const>, FEATURES <const>, SYSTEM_SUSPEND <const> = 8, 9, 10, 14
local RESET2 <const>, OFF2 <const> = 18, 21
local SUCCESS <const>, NOT_SUPPORTED <const>, INVALID <const>, ALREADY_ON <const>, FAILURE <const> = 0, -1, -2, -4, -6
local IS_ON <const>, IS_OFF <const> = 0, 1

local RAM <const>, HOLE <const> = 0x80000000, 0x50000
local code = asm {
	at = 0x80001000,
	arm64 = [[
	again:	cbnz x10, 1f
		hvc #0
		b 2f
	1:	smc #0
	2:	mov x9, #0x50000
		str x0, [x9]
		b again
	// Where a CPU begins that was turned on.
	entry:	mov x9, #0x50000
		str x0, [x9, #8]
		b again
	]],
}

local newer = host.at_least("6.1")

-- A VM with vCPUs, the first one on and the others off; PSCI of that version, 0.1 without.
local function machine(vcpus, version)
	local vm = kvm.vm()
	vm:memory({gpa = RAM, size = 0x4000}):load(code)
	local list = {}
	for id = 0, vcpus - 1 do
		local features = {version and KVM_ARM_VCPU_PSCI_0_2 or nil}
		if id > 0 then
			features[#features + 1] = KVM_ARM_VCPU_POWER_OFF
		end
		list[id + 1] = vm:vcpu(id, {features = features})
		list[id + 1]:start(code.again)
	end
	if version then
		list[1]:reg("PSCI_VERSION", version)
	end
	return vm, table.unpack(list)
end

-- x0 to x3 are the call's, which the next KVM_RUN makes.
local function prepare(vcpu, ...)
	for i, value in ipairs {...} do
		vcpu:reg("X" .. i - 1, value)
	end
end

-- What the call gives; the guest comes out with it.
local function call(vcpu, ...)
	prepare(vcpu, ...)
	local exit = vcpu:run("KVM_EXIT_MMIO", "a call returns to the guest")
	expect_eq(exit.mmio.phys_addr, HOLE, "a call returns to where it came from")
	return vcpu:data()
end

local function gives(wanted, reason, vcpu, ...)
	return expect_eq(call(vcpu, ...), wanted, reason)
end

local function state(vcpu, wanted, reason)
	expect_eq(vcpu:get_mp_state().mp_state, wanted, reason)
end

local function affinity(vcpu)
	return vcpu:reg("MPIDR_EL1") & 0xff00ffffff
end

-- ---- versions, and what each has ----

local V0_2 <const>, V1_0 <const>, V1_1 <const>, V1_2 <const>, V1_3 <const> = 2, 0x10000, 0x10001, 0x10002, 0x10003
local LATEST <const> = host.at_least("7.2") and V1_3 or newer and V1_1 or V1_0
local versions = {V0_2, V1_0}
if newer then
	versions[#versions + 1] = V1_1
end
if host.at_least("7.2") then
	versions[#versions + 1], versions[#versions + 2] = V1_2, V1_3
end

local vm, one, two = machine(2)
expect_eq(one:reg("PSCI_VERSION"), 1, "a vCPU without KVM_ARM_VCPU_PSCI_0_2 has PSCI 0.1")
expect_errno("EINVAL", one.reg, one, "PSCI_VERSION", V0_2, "it has not asked for 0.2")
expect_ok(one.reg, one, "PSCI_VERSION", 1, "it is what it has")

vm, one, two = machine(2, LATEST)
expect_eq(kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_PSCI_0_2}}):reg("PSCI_VERSION"), LATEST, "the kernel's latest, where user space does not say")
for _, version in ipairs {0, 1, 3, V1_3 + 1, 0x20000, -1} do
	expect_errno("EINVAL", one.reg, one, "PSCI_VERSION", version, "PSCI has no such version, or it is 0.1")
end
for _, version in ipairs {V1_1, V1_2, V1_3} do
	expect_errno(version <= LATEST and "OK" or "EINVAL", one.reg, one, "PSCI_VERSION", version, "1.1 came with 5.18, 1.2 and 1.3 with 6.13")
end
expect_ok(one.reg, one, "PSCI_VERSION", V0_2, "an older one will do, for a guest that has come from an older kernel")
expect_eq(two:reg("PSCI_VERSION"), V0_2, "all vCPUs have the same")

-- Which functions there are from which version on, for KVM; PSCI_FEATURES, from 1.0, tells just that.
local HAS <const> = {
	[VERSION] = V0_2, [CPU_OFF] = V0_2, [MIGRATE_INFO_TYPE] = V0_2, [SYSTEM_OFF] = V0_2, [SYSTEM_RESET] = V0_2,
	[FEATURES] = V1_0, [RESET2] = V1_1, [OFF2] = V1_3, [CPU_SUSPEND] = V0_2, [CPU_ON] = V0_2, [AFFINITY_INFO] = V0_2,
}
local HAS_64 <const> = {[CPU_SUSPEND] = true, [CPU_ON] = true, [AFFINITY_INFO] = true, [RESET2] = true, [OFF2] = true}

for _, version in ipairs(versions) do
	vm, one, two = machine(2, version)
	local name = ("PSCI %d.%d"):format(version >> 16, version & 0xffff)
	gives(version, name .. ": the guest can ask for it", one, F32 + VERSION)
	for i = 1, 3 do
		expect_eq(one:reg("X" .. i), 0, "x1 to x3 are cleared by a call")
	end
	gives(2, name .. ": there is no trusted operating system that would have to move", one, F32 + MIGRATE_INFO_TYPE)
	for number = 0, 0x1f do
		for _, range in ipairs {F32, F64} do
			local has = version >= V1_0 and HAS[number] and version >= HAS[number] and (range == F32 or HAS_64[number])
			gives(has and (number == OFF2 and 1 or 0) or NOT_SUPPORTED, ("%s: whether there is function 0x%x"):format(name, range + number),
				one, F32 + FEATURES, range + number)
			if not (HAS[number] and version >= HAS[number] and (range == F32 or HAS_64[number])) then
				gives(NOT_SUPPORTED, ("%s has no function 0x%x"):format(name, range + number), one, range + number, 0)
			end
		end
	end
	gives(version >= V1_0 and 0 or NOT_SUPPORTED, name .. ": SMCCC_VERSION can be asked for by PSCI_FEATURES",
		one, F32 + FEATURES, 0x80000000)
	gives(0x10001, name .. ": SMCCC 1.1", one, 0x80000000)
	-- Beyond PSCI's range; another owner's; the functions of 0.1.
	for _, id in ipairs {F32 + 0x20, F64 + 0xffff, 0x1234, 0xbf00ff01, KVM_PSCI_FN_CPU_OFF, KVM_PSCI_FN_CPU_ON} do
		gives(NOT_SUPPORTED, ("%s has no function 0x%x"):format(name, id), one, id, affinity(two))
	end
end

-- Until 6.3 a SMC from the guest is an unknown call, whatever it asks for.
vm, one = machine(1, LATEST)
one:reg("X10", 1)
gives(host.at_least("6.4") and LATEST or NOT_SUPPORTED, "SMC is handled like HVC since 6.4", one, F32 + VERSION)

-- ---- CPU_ON, CPU_OFF, AFFINITY_INFO ----

local last
local function entered(vcpu, context, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr, HOLE + 8, reason)
	expect_eq(vcpu:data(), context, "the context that the caller gave is in x0")
end

for _, version in ipairs {1, V0_2, LATEST} do
	local old = version == 1
	local on64 = old and KVM_PSCI_FN_CPU_ON or F64 + CPU_ON
	vm, one, two = machine(2, not old and version or nil)
	local target = affinity(two)
	state(one, KVM_MP_STATE_RUNNABLE, "a vCPU is on")
	state(two, KVM_MP_STATE_STOPPED, "one with KVM_ARM_VCPU_POWER_OFF is off")
	two:reg("X5", 0x55)
	if not old then
		gives(IS_OFF, "that vCPU is off", one, F64 + AFFINITY_INFO, target, 0)
	end
	gives(INVALID, "there is no such CPU", one, on64, 0x77, code.entry, 1)
	gives(newer and INVALID or SUCCESS, "bits that no affinity has are looked at since 5.17, dropped before",
		one, on64, 1 << 24 | target, code.entry, 0x1234567890)
	if newer then
		gives(SUCCESS, "that CPU is off", one, on64, target, code.entry, 0x1234567890)
	end
	state(two, KVM_MP_STATE_RUNNABLE, "it has been turned on")
	gives(old and INVALID or ALREADY_ON, "it is on, even before its first instruction", one, on64, target, code.entry, 2)
	gives(old and INVALID or ALREADY_ON, "the caller itself is on", one, on64, affinity(one), code.entry, 2)
	expect_eq(two:reg("PC"), code.entry, "user space sees the CPU as it will begin")
	expect_eq(two:reg("X5"), 0, "user space sees the CPU as it will begin")
	entered(two, 0x1234567890, "it begins where the caller said")

	-- Off again, by itself: its KVM_RUN does not return before somebody turns it on.
	two:reg("X0", old and KVM_PSCI_FN_CPU_OFF or F32 + CPU_OFF)
	-- Another thread than before comes into the guest only after an RCU grace period, until 6.12.
	local patience, off = 0.02, nil
	last = host.now() + 5
	repeat
		patience = 2 * patience
		off = thread(two, "KVM_RUN")
		host.sleep(patience)
		local returned = off:done()
		off:kick()
		local value, errno = off:join()
		expect_eq(value or errno, "EINTR", "a signal gets a CPU out, on or off")
	until two:get_mp_state().mp_state == KVM_MP_STATE_STOPPED or returned or host.now() > last
	state(two, KVM_MP_STATE_STOPPED, "the CPU has turned itself off, and did not return from KVM_RUN before the signal")
	if not old then
		gives(IS_OFF, "the CPU has turned itself off", one, F64 + AFFINITY_INFO, target, 0)
	end
	two.kvm_run.immediate_exit = 1
	expect_errno("EINTR", two.run, two, "KVM_RUN of a CPU that is off can be called, and waits")
	two.kvm_run.immediate_exit = 0
	off = thread(two, "KVM_RUN")
	gives(SUCCESS, "it is off, so it can be turned on", one, on64, target, code.entry, 77)
	expect_eq(off:join(), 0, "that wakes the CPU")
	expect_eq(two.kvm_run.mmio.phys_addr, HOLE + 8, "it begins anew")
	expect_eq(two:data(), 77, "the context that the caller gave is in x0")

	-- By user space.
	two:settle()
	two:set_mp_state {mp_state = KVM_MP_STATE_STOPPED}
	if not old then
		gives(IS_OFF, "user space has turned it off", one, F64 + AFFINITY_INFO, target, 0)
	end
	gives(SUCCESS, "so it can be turned on", one, on64, target, code.entry, 78)
	entered(two, 78, "it begins anew")
end

-- The calls of 32 bits take the lower halves.
vm, one, two = machine(2, LATEST)
gives(SUCCESS, "the upper halves do not count", one, F32 + CPU_ON, 7 << 32 | affinity(two), 9 << 32 | code.entry, 3 << 32 | 5)
entered(two, 5, "the upper halves do not count")
gives(IS_ON, "the upper halves do not count", one, F32 + AFFINITY_INFO, 7 << 32 | affinity(two), 7 << 32)

-- Levels 0 to 3: how many of an affinity's fields do not count. vCPU 16 has 1 in the second one.
vm = kvm.vm()
vm:memory({gpa = RAM, size = 0x4000}):load(code)
one = vm:vcpu(0, {features = {KVM_ARM_VCPU_PSCI_0_2}}):start(code.again)
two = vm:vcpu(1, {features = {KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF}})
-- A host with nothing but a GICv2 has 8 at most.
local far = vm:check_extension(cap.MAX_VCPUS) > 16 and vm:vcpu(16, {features = {KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF}})
if far then
	expect_eq(affinity(far), 0x100, "16 CPUs are a cluster")
end
for _, case in ipairs {
	{0, 0, IS_ON, "CPU 0 is on"},
	{1, 0, IS_OFF, "CPU 1 is off"},
	{2, 0, INVALID, "there is no CPU 2"},
	{1, 1, IS_ON, "one of its cluster is on"},
	{0x100, 1, far and IS_OFF or INVALID, "all of its cluster are off"},
	{0x2ff, 1, INVALID, "there is no such cluster"},
	{0x1ff, 2, IS_ON, "one of the whole is on"},
	{0xffff, 3, IS_ON, "one of the whole is on"},
	{0, 4, INVALID, "there are four levels"},
	{0, 1 << 32, INVALID, "there are four levels"},
	{1 << 24, 0, newer and INVALID or IS_ON, "bits that no affinity has are looked at since 5.17, dropped before"},
} do
	gives(case[3], case[4], one, F64 + AFFINITY_INFO, case[1], case[2])
end

-- ---- two callers at once ----

-- CPUs 0 and 1 wait until CPU 2 is off and until both have seen that, then turn it on; it counts that, and turns itself off.
-- x20 to x22 count what the calls gave.
local ROUNDS <const> = 100
local racers = asm {
	at = 0x80002000,
	arm64 = [[
	racer:	add x17, x17, #1
	1:	mov x0, x18
		mov x1, x12
		mov x2, #0
		hvc #0
		cmp x0, #1
		b.ne 1b
		str x17, [x15]
	2:	ldr x0, [x16]
		cmp x0, x17
		b.lo 2b
		mov x0, x11
		mov x1, x12
		mov x2, x13
		mov x3, x14
		hvc #0
		cbz x0, 3f
		add x21, x21, #1
		cmn x0, #4
		b.eq 4f
		add x22, x22, #1
		b 4f
	3:	add x20, x20, #1
	4:	sub x10, x10, #1
		cbnz x10, racer
		mov x9, #0x50000
		str x0, [x9, #16]
		b racer
	counter:
		mov x9, #0x80000000
		ldr x1, [x9]
		add x1, x1, #1
		str x1, [x9]
		ldr x1, [x9, #8]
		add x1, x1, x0
		str x1, [x9, #8]
		mov x0, #0x84000000
		add x0, x0, #2
		hvc #0
		b .
	told:	mov x9, #0x80000000
		ldr x1, [x9]
		ldr x2, [x9, #8]
		mov x9, #0x50000
		str x0, [x9, #24]
		b .
	]],
}
local three
vm, one, two, three = machine(3, LATEST)
vm.memories[1]:load(racers)
local target = affinity(three) -- which cannot be asked while it runs
call(one, F64 + CPU_ON, affinity(two), code.again, 0)
two:run("KVM_EXIT_MMIO", "CPU 1 is on")
for i, vcpu in ipairs {one, two} do
	vcpu:settle()
	vcpu:start(racers.racer)
	for name, value in pairs {
		X10 = ROUNDS, X11 = F64 + CPU_ON, X12 = target, X13 = racers.counter, X14 = i, X15 = RAM + 0x10 + 8 * i,
		X16 = RAM + 0x10 + 8 * (3 - i), X17 = 0, X18 = F64 + AFFINITY_INFO, X20 = 0, X21 = 0, X22 = 0,
	} do
		vcpu:reg(name, value)
	end
end
local counts = thread(three, "KVM_RUN")
local a, b = race(1, {one, "KVM_RUN"}, {two, "KVM_RUN"})
expect(a.OK == 1 and b.OK == 1, "both callers come through")
expect(one.kvm_run.mmio.phys_addr == HOLE + 16 and two.kvm_run.mmio.phys_addr == HOLE + 16, "both callers come through")
one:settle()
one:start(code.again):reg("X10", 0)
last = host.now() + 5
while call(one, F64 + AFFINITY_INFO, target, 0) ~= IS_OFF and host.now() < last do
	host.sleep(0.001)
end
gives(SUCCESS, "CPU 2 is off at last", one, F64 + CPU_ON, target, racers.told, 0)
expect_eq(counts:join(), 0, "CPU 2 tells what it has counted")
local won = {one:reg("X20"), two:reg("X20")}
print(("CPU 0 won %d of %d rounds, CPU 1 %d"):format(won[1], ROUNDS, won[2]))
expect(won[1] + won[2] >= ROUNDS, "each round has a winner, or two, if CPU 2 was off again in between")
expect_eq(three:reg("X1"), won[1] + won[2], "CPU 2 begins once for each call that succeeded")
expect_eq(three:reg("X2"), won[1] + 2 * won[2], "CPU 2 begins with the context of the caller that succeeded")
for _, vcpu in ipairs {one, two} do
	expect_eq(vcpu:reg("X20") + vcpu:reg("X21"), ROUNDS, "each call succeeds, or fails")
	expect_eq(vcpu:reg("X22"), 0, "a call that fails does so because the CPU is on already")
end

-- ---- CPU_SUSPEND, KVM_GET_MP_STATE, KVM_SET_MP_STATE ----

-- With no interrupt controller in the kernel a vCPU's lines are user space's.
local function line(level)
	vm:irq_line {irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT | KVM_ARM_IRQ_CPU_IRQ, level = level}
end

-- CPU 0 in a thread of its own: it waits, until its line is raised. Where KVM is protected a line that was raised before is
-- lost (arm64/user-irq), so that it is done again.
local function wakes(reason)
	local asleep = thread(one, "KVM_RUN")
	host.sleep(0.02)
	expect(not asleep:done(), "the CPU waits for something that wakes it up")
	last = host.now() + 5
	repeat
		line(1)
		host.sleep(0.02)
		line(0)
	until asleep:done() or host.now() > last
	expect_eq(asleep:join(), 0, reason)
end

vm, one = machine(1, LATEST)
for _, range in ipairs {F32, F64} do
	for kind = 0, 1 do
		prepare(one, range + CPU_SUSPEND, kind << 16, code.entry, 5)
		wakes "an interrupt wakes it"
		expect_eq(one.kvm_run.mmio.phys_addr, HOLE, "KVM takes a power-down for a standby: the CPU goes on behind the call")
		expect_eq(one:data(), SUCCESS, "that went well")
	end
end
one:settle()

for _, number in ipairs {KVM_MP_STATE_UNINITIALIZED, KVM_MP_STATE_INIT_RECEIVED, KVM_MP_STATE_HALTED, KVM_MP_STATE_CHECK_STOP, 99} do
	expect_errno("EINVAL", one.set_mp_state, one, {mp_state = number}, "a CPU is on, off or, since 5.19, suspended")
	state(one, KVM_MP_STATE_RUNNABLE, "what is refused changes nothing")
end
if newer then
	one:set_mp_state {mp_state = KVM_MP_STATE_SUSPENDED}
	state(one, KVM_MP_STATE_SUSPENDED, "it is what was set")
	wakes "an interrupt wakes it"
	expect_eq(one.kvm_run.exit_reason, KVM_EXIT_SYSTEM_EVENT, "user space is told, and nothing runs")
	expect_eq(one.kvm_run.system_event.type, KVM_SYSTEM_EVENT_WAKEUP, "user space is told, and nothing runs")
	state(one, KVM_MP_STATE_SUSPENDED, "it is user space that resumes it")
	line(1)
	local exit = one:run("KVM_EXIT_SYSTEM_EVENT", "the interrupt is there already")
	expect_eq(exit.system_event.type, KVM_SYSTEM_EVENT_WAKEUP, "user space is told again")
	line(0)
	one:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	gives(LATEST, "it goes on", one, F32 + VERSION)
else
	expect_errno("EINVAL", one.set_mp_state, one, {mp_state = KVM_MP_STATE_SUSPENDED}, "that came with 5.19")
end

-- ---- the ends of a system ----

-- KVM_RUN comes back with the event, and no vCPU runs on by itself.
local function ends(kind, flags, ...)
	local reason = ("function 0x%x ends the system"):format((...))
	state(two, KVM_MP_STATE_RUNNABLE, "CPU 1 is on")
	prepare(one, ...)
	local exit = one:run("KVM_EXIT_SYSTEM_EVENT", reason)
	expect_eq(exit.system_event.type, kind, reason)
	if newer then
		expect_eq(exit.system_event.ndata, 1, "there is one word of data, the flags")
	end
	expect_eq(exit.system_event.data[0], flags, "the flags tell how")
	for _, vcpu in ipairs {one, two} do
		state(vcpu, KVM_MP_STATE_STOPPED, "all vCPUs are off")
		vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	end
	one:run("KVM_EXIT_MMIO", "user space can let the guest go on")
	expect_eq(one:data(), FAILURE, "for the guest the call has failed")
end

for _, version in ipairs(versions) do
	vm, one, two = machine(2, version)
	two:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	ends(KVM_SYSTEM_EVENT_SHUTDOWN, 0, F32 + SYSTEM_OFF)
	ends(KVM_SYSTEM_EVENT_RESET, 0, F32 + SYSTEM_RESET)
	for _, range in ipairs {F32, F64} do
		for _, kind in ipairs(version >= V1_1 and {0, 0x80000000, 0xffffffff} or {}) do
			ends(KVM_SYSTEM_EVENT_RESET, KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2, range + RESET2, kind, 0)
		end
		for _, kind in ipairs(version >= V1_1 and {1, 0x7fffffff} or {}) do
			gives(INVALID, "a reset is the system's warm one (0) or a vendor's (bit 31)", one, range + RESET2, kind, 0)
		end
		if version >= V1_3 then
			for _, kind in ipairs {0, 1} do
				ends(KVM_SYSTEM_EVENT_SHUTDOWN, KVM_SYSTEM_EVENT_SHUTDOWN_FLAG_PSCI_OFF2, range + OFF2, kind, 0)
			end
			gives(INVALID, "there is one kind: to hibernate", one, range + OFF2, 2, 0)
			gives(INVALID, "it takes no cookie", one, range + OFF2, 1, 1)
		end
	end
end

-- ---- SYSTEM_SUSPEND, which user space must want, and does itself ----

if host.has(cap.ARM_SYSTEM_SUSPEND) then
	for _, version in ipairs(versions) do
		vm, one = machine(1, version)
		vm:enable_cap {cap = KVM_CAP_ARM_SYSTEM_SUSPEND}
		for _, range in ipairs {F32, F64} do
			if version < V1_0 then
				gives(NOT_SUPPORTED, "0.2 has no such function", one, range + SYSTEM_SUSPEND, code.entry, 5)
			else
				gives(SUCCESS, "user space wants it", one, F32 + FEATURES, range + SYSTEM_SUSPEND)
				prepare(one, range + SYSTEM_SUSPEND, code.entry, 5)
				local exit = one:run("KVM_EXIT_SYSTEM_EVENT", "user space wants it")
				expect_eq(exit.system_event.type, KVM_SYSTEM_EVENT_SUSPEND, "user space wants it")
				expect_eq(one:reg("X0") & 0xffffffff, range + SYSTEM_SUSPEND, "the registers are the guest's")
				expect_eq(one:reg("X1"), range == F32 and code.entry & 0xffffffff or code.entry, "where the guest wants to begin")
				expect_eq(one:reg("X2"), 5, "what it wants to find there")
				state(one, KVM_MP_STATE_RUNNABLE, "KVM leaves it to user space")
				one:reg("X0", -3)
				one:run("KVM_EXIT_MMIO", "user space has denied it")
				expect_eq(one:data(), -3, "the guest is told so")
			end
		end
	end
	expect_errno("EINVAL", vm.enable_cap, vm, {cap = KVM_CAP_ARM_SYSTEM_SUSPEND, flags = 1}, "no flag of KVM_ENABLE_CAP has a meaning")
else
	expect_errno("EINVAL", vm.enable_cap, vm, {cap = KVM_CAP_ARM_SYSTEM_SUSPEND}, "that came with 5.19")
end

-- ---- KVM_ARM_VCPU_POWER_OFF ----

vm, one, two = machine(2, LATEST)
expect_ok(two.init, two, {KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF}, "a reset, to off again")
state(two, KVM_MP_STATE_STOPPED, "a reset, to off again")
local ephemeral = host.at_least("6.12")
expect_errno(ephemeral and "OK" or "EINVAL", two.init, two, {KVM_ARM_VCPU_PSCI_0_2},
	"POWER_OFF is of one KVM_ARM_VCPU_INIT since 6.6, before that one of the features, which stay the same")
state(two, ephemeral and KVM_MP_STATE_RUNNABLE or KVM_MP_STATE_STOPPED, "a reset without is to on; what is refused changes nothing")
expect_errno(ephemeral and "OK" or "EINVAL", one.init, one, {KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF}, "the same the other way round")
state(one, ephemeral and KVM_MP_STATE_STOPPED or KVM_MP_STATE_RUNNABLE, "the same the other way round")
expect_errno("EINVAL", one.init, one, {}, "PSCI 0.2 stays")
