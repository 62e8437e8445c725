-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tsc-msr-read", arch = "x86",
	title = "RDMSR of IA32_TSC agrees with RDTSC at every offset and frequency; on VMX it does not leave the guest",
	fixes = "kvm: vmx: Allow guest read access to IA32_TSC", since = "4.20",
	seen_failing = "fails with IA32_TSC intercepted on VMX (lab/revert x86/tsc-msr-read); on SVM each read is an exit in all kernels",
}

if host.backend == "pvm" then
	skip("PVM's guests have the host's TSC, and no other")
end

-- Reads the TSC by both instructions, as often as 0x2000 says; counts at 0x2004 how often RDMSR was not between two RDTSCs.
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov (0x2000), %si
		again:	test %si, %si
			jz done
			rdtsc
			mov %eax, %ebx
			mov %edx, %edi
			mov $0x10, %ecx
			rdmsr
			mov %eax, (0x3000)
			mov %edx, (0x3004)
			sub %ebx, %eax		# read - before, of 64 bits, is not negative
			sbb %edi, %edx
			js bad
			rdtsc
			sub (0x3000), %eax	# nor is after - read
			sbb (0x3004), %edx
			jns next
		bad:	incl (0x2004)
		next:	dec %si
			jmp again
		done:	out %al, $0x80
			jmp start
	]],
}
local TIMES = 200
local TSC = 0x10

local function machine()
	local vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	local vcpu = vm:vcpu(0):start(code.start)
	vcpu:set_tsc_khz(0) -- the host's own frequency: x86/tsc-faster is about another one
	return vcpu, ram, vm
end
local function reads(vcpu, ram, times, reason)
	ram:u16(0x2000, times)
	ram:u32(0x2004, 0)
	vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(ram:u32(0x2004), 0, reason .. ": RDMSR is between the RDTSC before it and the one after it")
	return ram:u64(0x3000)
end

local vcpu, ram, vm = machine()
local KHZ = vcpu:get_tsc_khz()
reads(vcpu, ram, 1, "its memory is mapped then")

-- ---- does it exit ----

if host.has "cap:BINARY_STATS_FD" then
	local stats = vcpu:stats()
	local from = stats:values().exits
	reads(vcpu, ram, TIMES, "at the host's frequency")
	local exits = stats:values().exits - from
	print(("%d exits for %d reads"):format(exits, TIMES))
	if host.backend == "vmx" then
		expect(exits < TIMES // 2, "VMX lets the guest read IA32_TSC: vmx_vcpu_create()")
	else
		expect(exits >= TIMES, "SVM intercepts each read: IA32_TSC is not in direct_access_msrs")
	end
else
	reads(vcpu, ram, TIMES, "at the host's frequency")
	print "this kernel does not count exits"
end

-- ---- offsets ----

local FAR = 1 << 50
vcpu:msr(TSC, FAR)
expect(reads(vcpu, ram, TIMES, "with an offset") >= FAR, "user space has set the TSC")
-- The offset by itself, as a restore of several vCPUs wants it.
if vcpu:has_attr(KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET) then
	local offset = vcpu:get_attr(KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET)
	local before = reads(vcpu, ram, 1, "before the offset is changed")
	vcpu:set_attr(KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET, offset + (1 << 45))
	expect_eq(vcpu:get_attr(KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET), offset + (1 << 45), "what was written is read")
	local after = reads(vcpu, ram, TIMES, "with another offset")
	expect(after - before >= 1 << 45 and after - before < 1 << 46, "the guest's TSC has moved by as much")
	vcpu:set_attr(KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET, offset)
end

-- ---- frequencies ----

-- How often the guest's TSC ticks in a millisecond of the host's, as seen over a while.
local function frequency(v, r, reason)
	reads(v, r, 1, reason)
	local begun, from = host.now(), reads(v, r, 1, reason)
	local till
	repeat
		host.sleep(0.01)
		till = reads(v, r, 20, reason)
	until host.now() - begun > 0.2
	return (till - from) / (host.now() - begun) / 1000
end
local function near(khz, wanted, reason)
	print(("%s: %.0f kHz of %.0f"):format(reason, khz, wanted))
	expect(khz > 0.8 * wanted and khz < 1.2 * wanted, reason)
end

near(frequency(vcpu, ram, "at the host's frequency"), KHZ, "the guest's TSC ticks as KVM_GET_TSC_KHZ says")
local SCALES = vm:check_extension(cap.TSC_CONTROL) > 0
print(SCALES and "the processor scales the TSC" or "the processor does not scale the TSC")
local slow, slow_ram = machine()
if SCALES then
	slow:set_tsc_khz(KHZ // 2)
	expect_eq(slow:get_tsc_khz(), KHZ // 2, "what was set is read")
	near(frequency(slow, slow_ram, "at half the host's frequency"), KHZ / 2, "the guest's TSC is scaled")
else
	expect_errno("EINVAL", slow.set_tsc_khz, slow, KHZ // 2, "nothing can slow the TSC down")
end
local fast, fast_ram = machine()
fast:set_tsc_khz(2 * KHZ)
expect_eq(fast:get_tsc_khz(), 2 * KHZ, "what was set is read")
local khz = frequency(fast, fast_ram, "at twice the host's frequency")
if SCALES then
	near(khz, 2 * KHZ, "the guest's TSC is scaled")
else
	-- KVM moves the offset at an entry, so that the TSC catches up; but by what kvm_guest_time_update() takes for the time, which
	-- with the master clock is that of the last update.
	print(("set to %d kHz, which is to catch up: %.0f"):format(2 * KHZ, khz))
	expect(khz > 0.8 * KHZ and khz < 2.4 * KHZ, "the guest's TSC is not slower than the host's, nor faster than was asked for")
end
