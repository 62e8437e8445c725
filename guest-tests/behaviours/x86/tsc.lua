-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tsc", arch = "x86",
	title = "RDMSR of IA32_TSC agrees with RDTSC; a guest's write of the TSC moves TSC_ADJUST, user space's does not",
	seen_failing = "fails with the guest's WRMSR left out; natively, on PVM, user space's writes of the TSC do not reach the guest",
}

local TSC, TSC_ADJUST = 0x10, 0x3b
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:	mov (0x2000), %ecx	# an MSR to write, or 0
			test %ecx, %ecx
			jz read
			mov (0x2008), %eax
			mov (0x200c), %edx
			wrmsr
		read:	rdtsc
			mov %eax, (0x3000)
			mov %edx, (0x3004)
			mov $0x10, %ecx
			rdmsr
			mov %eax, (0x3008)
			mov %edx, (0x300c)
			rdtsc
			mov %eax, (0x3010)
			mov %edx, (0x3014)
			mov $0x3b, %ecx
			rdmsr
			mov %eax, (0x3018)
			mov %edx, (0x301c)
			out %al, $0x80
			jmp again
	]],
}))

-- The host's own frequency: it may be another than when KVM was loaded, which is what x86/tsc-faster is about.
vcpu:set_tsc_khz(0)
local PER_SECOND = vcpu:get_tsc_khz() * 1000
-- What may lie between two looks at the counter: a lab's seconds are long.
local SOON = 20 * PER_SECOND

-- The guest's TSC and TSC_ADJUST, after it has written an MSR if one is given.
local function guest(msr, value)
	ram:u32(0x2000, msr or 0)
	ram:u64(0x2008, value or 0)
	vcpu:run("KVM_EXIT_IO", "the guest tells what it has read")
	local before, read, after = ram:u64(0x3000), ram:u64(0x3008), ram:u64(0x3010)
	expect(before < read and read < after, "RDMSR of IA32_TSC lies between the RDTSCs before and after it")
	return before, ram:u64(0x3018)
end

local function near(tsc, wanted, reason)
	expect(tsc >= wanted and tsc - wanted < SOON, reason)
end

local tsc, adjust = guest()
expect_eq(adjust, 0, "nothing has been adjusted")
near(vcpu:msr(TSC), tsc, "user space reads the guest's TSC")
if host.backend == "pvm" then
	skip("PVM's guests have the host's TSC: user space's writes of it do not reach them")
end

-- User space writes the TSC: as if the guest had been somewhere else before.
local FAR = 1 << 50
vcpu:msr(TSC, FAR)
tsc, adjust = guest()
near(tsc, FAR, "the guest's TSC goes on from what user space has written")
expect_eq(adjust, 0, "which is no adjustment of the guest's")

-- TSC_ADJUST alone, as a restore does.
vcpu:msr(TSC_ADJUST, 1 << 40)
tsc, adjust = guest()
near(tsc, FAR, "user space's write of TSC_ADJUST leaves the TSC alone")
expect_eq(adjust, 1 << 40, "the guest reads what was written")
vcpu:msr(TSC_ADJUST, 0)

-- The guest's own writes move both.
tsc, adjust = guest(TSC_ADJUST, 1 << 45)
near(tsc, FAR + (1 << 45), "the guest's write of TSC_ADJUST moves its TSC by as much")
expect_eq(adjust, 1 << 45, "it reads what it has written")
expect_eq(vcpu:msr(TSC_ADJUST), 1 << 45, "so does user space")
tsc, adjust = guest(TSC, 1 << 44)
near(tsc, 1 << 44, "the guest's TSC is what it has written")
near(-adjust, FAR - (1 << 44), "and TSC_ADJUST has moved by as much")
near(vcpu:msr(TSC), tsc, "user space reads the guest's TSC")
tsc, adjust = guest(TSC_ADJUST, 0)
near(tsc, FAR, "with TSC_ADJUST back at 0 the TSC is where it would be without the guest's writes")
