-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tsc-aux-legacy", arch = "x86",
	title = "RDTSCP gives each vCPU its own TSC_AUX, in real, protected and long mode",
	fixes = "kvm: vmx: Set IA32_TSC_AUX for legacy mode guests", since = "4.4",
	seen_failing = "fails with TSC_AUX not set, which leaves the value of the vCPU that ran before; no VMX kernel without the fix was tried yet",
}

local TSC_AUX = 0xc0000103
-- Of 16 bits: in 16-bit code QEMU's processor writes CX alone.
local VALUE = 0x2340
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local real = ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:	rdtscp
			out %al, $0x80
			jmp again
	]],
})
-- The same bytes in 32 and in 64 bits.
local wide = ram:load(asm {
	at = 0x2000,
	x86 = [[
		.code32
		again:	rdtscp
			out %al, $0x80
			jmp again
	]],
})

local has = false
local cpuid = kvm.system:get_supported_cpuid()
for i = 0, cpuid.nent - 1 do
	local entry = cpuid.entries[i]
	has = has or entry["function"] == 0x80000001 and entry.edx & 1 << 27 ~= 0
end
if not has then
	skip("the processor has no RDTSCP")
end

-- Three vCPUs in each mode.
for i, mode in ipairs {{"real", real}, {"protected", wide}, {"long", wide, 0x8000}} do
	local name, entry, tables = table.unpack(mode)
	local vcpus = {}
	for k = 1, 3 do
		vcpus[k] = vm:vcpu(3 * i + k):start(entry, {mode = name, tables = tables})
		vcpus[k]:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
		vcpus[k]:msr(TSC_AUX, VALUE + k)
	end
	for _ = 1, 3 do
		for k, vcpu in ipairs(vcpus) do
			vcpu:run("KVM_EXIT_IO", name .. " mode: RDTSCP works")
			expect_eq(vcpu:get_regs().rcx, VALUE + k, name .. " mode: the vCPU's own value, not the host's and not another vCPU's")
		end
	end
end
