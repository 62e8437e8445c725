-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/hyperv-synic-events", arch = "x86", needs = {cap.HYPERV_SYNIC2, cap.HYPERV_EVENTFD, cap.SPLIT_IRQCHIP},
	title = "Hyper-V's SIGNAL_EVENT signals the eventfd of its connection; other connections and POST_MESSAGE are user space's",
	seen_failing = "absent natively, where KVM has no Hyper-V; fails with the eventfd not signalled (lab/revert " ..
		"x86/hyperv-synic-events)",
}

local GUEST_OS_ID, HYPERCALL = 0x40000000, 0x40000001
local POST_MESSAGE, SIGNAL_EVENT, FAST, REP = 0x5c, 0x5d, 1 << 16, 1 << 32
local SUCCESS, INVALID_CODE, INVALID_INPUT, INVALID_ALIGNMENT = 0, 2, 3, 4
local CONNECTION = 5

local vm = kvm.vm()
vm:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {24}}
local ram = vm:memory {gpa = 0, size = 0x10000}
local code = asm {
	at = 0x1000,
	x86 = [[
		.code32
		again:	call 0x9000		# the page that KVM writes
			out %al, $0x80
			jmp again
	]],
}
ram:load(code)

local function enlightened(id)
	local vcpu = vm:vcpu(id):cpuid {
		[0x40000000] = {eax = 0x40000005}, [0x40000001] = {eax = 0x31237648}, -- "Hv#1"
		[0x40000003] = {eax = 0xffff, ebx = 0xffff},
	}
	vcpu:start(code.again, {mode = "protected"})
	vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	return vcpu
end
local plain, vcpu = enlightened(0), enlightened(1)
vcpu:enable_cap {cap = KVM_CAP_HYPERV_SYNIC2}
vcpu:msr(GUEST_OS_ID, 1)
vcpu:msr(HYPERCALL, 0x9000 | 1)
expect(ram:u32(0x9000) ~= 0, "KVM has written the page by which the guest calls")

-- The guest's next call, up to the exit that it makes: input value, and parameter.
local function call(of, input, parameter)
	local r = of:get_regs()
	r.rip, r.rsp = code.again, 0x8000
	r.rdx, r.rax, r.rbx, r.rcx = input >> 32, input & 0xffffffff, parameter >> 32, parameter & 0xffffffff
	r.rdi, r.rsi = 0, 0
	of:set_regs(r)
	return of:run()
end
local function gives(of, input, parameter, status, reason)
	local exit = call(of, input, parameter)
	if expect_eq(exit.exit_reason, KVM_EXIT_IO, reason) then
		local r = of:get_regs()
		expect_eq(r.rax & 0xffff, status, reason)
	end
end
-- A call that KVM does not know leaves to user space, which answers it.
local function asked(input, parameter, answer, reason)
	local exit = call(vcpu, input, parameter)
	if expect_eq(exit.exit_reason, KVM_EXIT_HYPERV, reason) then
		expect_eq(exit.hyperv.type, KVM_EXIT_HYPERV_HCALL, "it is a call")
		expect_eq(exit.hyperv.u.hcall.input, input, "of the guest's")
		expect_eq(exit.hyperv.u.hcall.params[0], parameter, "with its parameter")
		exit.hyperv.u.hcall.result = answer
		vcpu:run("KVM_EXIT_IO", "the guest goes on")
		expect_eq(vcpu:get_regs().rax & 0xffff, answer, "with user space's answer")
	end
end

gives(vcpu, 0x7fff | FAST, 0, INVALID_CODE, "there is no such call")
gives(plain, POST_MESSAGE | FAST, 0, INVALID_INPUT, "this vCPU has no SynIC, so that nobody waits for its messages")
gives(plain, SIGNAL_EVENT | FAST, CONNECTION, INVALID_INPUT, "nor for its events")
asked(POST_MESSAGE | FAST, 0x123, 0, "messages are user space's")
asked(SIGNAL_EVENT | FAST, CONNECTION, 18, "as are events of a connection that KVM does not know")

-- ---- a connection with an eventfd ----

local bell, other = kvm.eventfd(), kvm.eventfd()
local function connect(fd, connection, flags)
	return {fd = fd, conn_id = connection, flags = flags or 0}
end
expect_errno("ENOENT", vm.hyperv_eventfd, vm, connect(bell, CONNECTION, KVM_HYPERV_EVENTFD_DEASSIGN), "nothing is connected")
expect_ok(vm.hyperv_eventfd, vm, connect(bell, CONNECTION), "the connection gets an eventfd")
expect_errno("EEXIST", vm.hyperv_eventfd, vm, connect(other, CONNECTION), "it has one")
expect_ok(vm.hyperv_eventfd, vm, connect(other, CONNECTION + 1), "another connection gets another one")
for bit = 24, 31 do
	expect_errno("EINVAL", vm.hyperv_eventfd, vm, connect(bell, 1 << bit), "connections are numbers of 24 bits")
end

gives(vcpu, SIGNAL_EVENT | FAST, CONNECTION, SUCCESS, "it is signalled without user space")
expect_eq(bell:read(), 1, "the eventfd has it")
expect_eq(other:read(), 0, "and the other one has not")
gives(plain, SIGNAL_EVENT | FAST, CONNECTION + 1, SUCCESS, "a vCPU needs no SynIC for it")
expect_eq(other:read(), 1, "the eventfd has it")

-- The parameter in memory.
ram:u64(0xa000, CONNECTION)
gives(vcpu, SIGNAL_EVENT, 0xa000, SUCCESS, "the parameter may be in memory")
expect_eq(bell:read(), 1, "the eventfd has it")
gives(vcpu, SIGNAL_EVENT, 0xa001, INVALID_ALIGNMENT, "aligned to 8 bytes")
gives(vcpu, SIGNAL_EVENT, 1 << 40, INVALID_ALIGNMENT, "and where memory is")

gives(vcpu, SIGNAL_EVENT | FAST | REP, CONNECTION, INVALID_INPUT, "it is no call that repeats")
gives(vcpu, SIGNAL_EVENT | FAST, CONNECTION | 1 << 48, INVALID_INPUT, "the upper bits are reserved")
asked(SIGNAL_EVENT | FAST, CONNECTION | 1 << 32, 17, "flag numbers other than 0 are user space's")
expect_eq(bell:read(), 0, "none of these has signalled")

expect_ok(vm.hyperv_eventfd, vm, connect(bell, CONNECTION, KVM_HYPERV_EVENTFD_DEASSIGN), "the eventfd is taken away")
asked(SIGNAL_EVENT | FAST, CONNECTION, 0, "so that the connection is user space's again")
expect_eq(bell:read(), 0, "and the eventfd has nothing")
