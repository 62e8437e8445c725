-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tsc-faster", arch = "x86",
	title = "A guest whose TSC is to be faster than a host's that cannot scale it still reads a TSC that counts",
	seen_failing = "every kernel that was read, 6.1 to 7.2, on a processor without TSC scaling: x86svm-6.1, 6.12, 7.2, " ..
		"x86vmx-6.1 and 6.12. set_tsc_khz() returns before it has written the vCPU's tsc_scaling_ratio, which stays 0",
}
-- A host whose clock is measured again after KVM was loaded (tsc_refine_calibration_work) comes here by itself: then the
-- frequency that KVM gives to a new VM is not the host's any more.

if host.has(cap.TSC_CONTROL) then
	skip("this processor scales the TSC: it has no need to catch up")
end
if host.backend == "pvm" then
	skip("PVM's guests have the host's TSC")
end

local TSC = 0x10
local vm = kvm.vm()
-- The capability for it is there where the processor scales; the ioctl is there anyway.
if not kvm.ioctl(vm, "KVM_SET_TSC_KHZ", 2 * kvm.vm():vcpu(0):get_tsc_khz()) then
	skip("a VM of this kernel has no KVM_SET_TSC_KHZ: it is newer than 5.10")
end
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:	mov $0x10, %ecx
			rdmsr
			mov %eax, (0x3000)
			mov %edx, (0x3004)
			out %al, $0x80
			jmp again
	]],
}))

local before = vcpu:msr(TSC)
host.sleep(0.01)
expect(vcpu:msr(TSC) > before, "user space reads a TSC that counts")
vcpu:run("KVM_EXIT_IO", "the guest has read its TSC")
before = ram:u64(0x3000)
vcpu:run("KVM_EXIT_IO", "it reads it again")
expect(ram:u64(0x3000) > before, "RDMSR of IA32_TSC gives a TSC that counts")
