-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/vcpu-events", arch = "x86", needs = cap.VCPU_EVENTS,
	title = "KVM_SET_VCPU_EVENTS: an exception from outside reaches the guest's handler; what cannot be is refused",
	seen_failing = "fails with the test of vector 2 taken out: lab/revert x86/vcpu-events",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0xd000, %ax
			mov %ax, %ds
		wait:	movb $1, (1)
			jmp wait
		on_de:	movb $2, (2)
			iret
	]],
}
ram:load(code)
ram:u16(0, code.on_de)
local vcpu = vm:vcpu(0):start(code.start)
local function told(what, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr - 0xd0000, what, reason)
end

local e = vcpu:get_vcpu_events()
expect_ok(vcpu.set_vcpu_events, vcpu, e, "what was read can be written")
told(1, "nothing is pending")

-- A divide error: vector 0, no error code.
e = vcpu:get_vcpu_events()
e.exception.injected, e.exception.nr = 1, 0
vcpu:set_vcpu_events(e)
told(2, "its handler runs")
told(1, "and the guest goes on")

local function refused(change, reason)
	local bad = vcpu:get_vcpu_events()
	change(bad)
	expect_errno("EINVAL", vcpu.set_vcpu_events, vcpu, bad, reason)
end
refused(function(b) b.flags = 1 << 31 end, "that flag does not exist")
refused(function(b) b.flags, b.exception.pending = KVM_VCPUEVENT_VALID_PAYLOAD, 1 end,
	"KVM_CAP_EXCEPTION_PAYLOAD has not been enabled")
refused(function(b) b.exception.injected, b.exception.nr = 1, 32 end, "exceptions are vectors 0 to 31")
refused(function(b) b.exception.injected, b.exception.nr = 1, 2 end, "vector 2 is the NMI, which is no exception")
if vm:check_extension(cap.X86_TRIPLE_FAULT_EVENT) > 0 then
	refused(function(b) b.flags = KVM_VCPUEVENT_VALID_TRIPLE_FAULT end,
		"KVM_CAP_X86_TRIPLE_FAULT_EVENT has not been enabled")
	vm:enable_cap {cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, args = {1}}
	local fault = vcpu:get_vcpu_events()
	fault.flags, fault.triple_fault.pending = KVM_VCPUEVENT_VALID_TRIPLE_FAULT, 1
	expect_ok(vcpu.set_vcpu_events, vcpu, fault, "now it can be said")
	vcpu:run("KVM_EXIT_SHUTDOWN", "a triple fault is waiting")
end
