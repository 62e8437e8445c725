-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/msr-exits", arch = "x86", needs = {cap.X86_USER_SPACE_MSR, cap.X86_MSR_FILTER},
	title = "MSR accesses go to user space: unknown ones, and those that a filter denies; user space answers or refuses",
	seen_failing = "fails with the test of a range's flags taken out: lab/revert x86/msr-exits; and with the filter left out",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:
		again:	mov $0xd0d0d0d0, %ecx	# an MSR that no processor has
			rdmsr
			mov %eax, %ebx
			mov $1, %al
			out %al, $0x80
			mov $0x12345678, %eax
			xor %edx, %edx
			wrmsr
			mov $2, %al
			out %al, $0x80
			jmp again
		on_gp:	mov $13, %al
			out %al, $0x80
			add $2, %sp		# of a real-mode frame: IP, to go on behind the instruction
			push $again
			iret
	]],
}
ram:load(code)
ram:u16(13 * 4, code.on_gp)
local vcpu = vm:vcpu(0):start(code.start)

local function told(what, reason)
	vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(vcpu:data(), what, reason)
end

told(13, "an MSR that does not exist is #GP")

vm:enable_cap {cap = KVM_CAP_X86_USER_SPACE_MSR, args = {KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER}}
local exit = vcpu:run("KVM_EXIT_X86_RDMSR", "unknown MSRs are user space's now")
expect_eq(exit.msr.index, 0xd0d0d0d0, "that is the MSR")
expect_eq(exit.msr.reason, KVM_MSR_EXIT_REASON_UNKNOWN, "KVM does not know it")
exit.msr.data = 0xabcd
told(1, "the guest goes on with what it was given")
expect_eq(vcpu:get_regs().rbx, 0xabcd, "and has it in EAX")
exit = vcpu:run("KVM_EXIT_X86_WRMSR", "writes too")
expect_eq(exit.msr.data, 0x12345678, "that is what the guest writes")
told(2, "and goes on")

exit = vcpu:run("KVM_EXIT_X86_RDMSR", "once more")
exit.msr.error = 1
told(13, "user space refuses: #GP")

expect_errno("EINVAL", vm.enable_cap, vm, {cap = KVM_CAP_X86_USER_SPACE_MSR, args = {1 << 31}}, "no such reason exists")

-- A filter that denies one existing MSR.
local bitmap = buffer(8)
local filter = struct("kvm_msr_filter", {flags = KVM_MSR_FILTER_DEFAULT_ALLOW})
filter.ranges[0] = {flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE, nmsrs = 8, base = 0x10, bitmap = bitmap}
expect_ok(vm.x86_set_msr_filter, vm, filter, "MSRs 0x10 to 0x17 are denied")
local denied = asm {
	at = 0x1800,
	x86 = [[
		.code16
		denied:	mov $0x10, %ecx		# IA32_TSC
			rdmsr
			mov %eax, %ebx
			mov $3, %al
			out %al, $0x80
			mov $0x77, %eax
			xor %edx, %edx
			wrmsr
			mov $4, %al
			out %al, $0x80
			mov $0x174, %ecx	# one that the filter lets through
			rdmsr
			mov $5, %al
			out %al, $0x80
			jmp denied
	]],
}
ram:load(denied)
local other = vm:vcpu(1):start(denied.denied)
other:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
exit = other:run("KVM_EXIT_X86_RDMSR", "the filter denies an MSR that exists")
expect_eq(exit.msr.index, 0x10, "that is the MSR")
expect_eq(exit.msr.reason, KVM_MSR_EXIT_REASON_FILTER, "and that is why")
exit.msr.data = 0x1234
other:run("KVM_EXIT_IO", "the guest goes on")
expect_eq(other:get_regs().rbx, 0x1234, "with what it was given")
exit = other:run("KVM_EXIT_X86_WRMSR", "writes are denied too")
expect_eq(exit.msr.data, 0x77, "that is what the guest writes")
expect_eq(exit.msr.reason, KVM_MSR_EXIT_REASON_FILTER, "and that is why")
other:run("KVM_EXIT_IO", "the guest goes on")
expect_eq(other:data(), 4, "behind its write")
other:run("KVM_EXIT_IO", "other MSRs are as before")
expect_eq(other:data(), 5, "and do not leave the guest")
filter.ranges[0].flags = 1 << 5
expect_errno("EINVAL", vm.x86_set_msr_filter, vm, filter, "a range has flags for reading and writing")
