-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/rsm-shutdown", arch = "x86", needs = cap.X86_SMM,
	title = "RSM from a save area with impossible control registers shuts the processor down",
	fixes = "KVM: x86: Emulate triple fault shutdown if RSM emulation fails", since = "5.14",
	seen_failing = "x86svm-5.10, which gives KVM_EXIT_INTERNAL_ERROR",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x40000}
if vm:check_extension(cap.MULTI_ADDRESS_SPACE) > 1 then
	ram:set {slot = 1 << 16}
end
local entry = ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		again:	out %al, $0x80
			jmp again
	]],
})
ram:load(asm {
	at = 0x38000,
	x86 = [[
		.code16
			out %al, $0x81
			rsm
	]],
})

-- Of the save area of 64 bits.
local CR0, CR4 = 0x3ff58, 0x3ff48
for i, wrong in ipairs {
	{"CR4 bit 15, which is reserved", CR4, 1 << 15},
	{"CR0.PG without PE", CR0, 1 << 31 | 0x10},
	{"CR0.NW without CD", CR0, 1 << 29 | 0x10},
} do
	local what, place, value = table.unpack(wrong)
	local vcpu = vm:vcpu(i - 1):start(entry)
	vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	vcpu:run("KVM_EXIT_IO", "the guest runs")
	vcpu:smi()
	local exit = vcpu:run("KVM_EXIT_IO", "the handler runs")
	expect_eq(exit.io.port, 0x81, "it is the handler")
	ram:u64(place, value)
	vcpu:run()
	expect_eq(vcpu.kvm_run.exit_reason, KVM_EXIT_SHUTDOWN, what .. " in the save area")
end
