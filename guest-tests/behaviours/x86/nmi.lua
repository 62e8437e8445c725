-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/nmi", arch = "x86",
	-- KVM's emulator runs on to the next exit before it looks for an NMI that may come.
	needs = "probe:long-mode-native",
	title = "KVM_NMI runs the guest's handler whatever RFLAGS.IF says, one at a time until its IRET",
	seen_failing = "absent natively, where KVM emulates; fails with the blocking of NMIs taken out: lab/revert x86/nmi",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}

local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0xd000, %ax
			mov %ax, %ds
			cli
			movb $1, (1)
		wait:	movb $4, (4)
			jmp wait
		on_nmi:	movb $2, (2)
			movb $3, (3)
			iret
	]],
}
ram:load(code)
ram:u16(2 * 4, code.on_nmi)
local vcpu = vm:vcpu(0):start(code.start)

local function told(what, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr - 0xd0000, what, reason)
end

told(1, "the guest has its interrupts off")
vcpu:nmi()
told(2, "an NMI comes all the same")
expect(vcpu:get_vcpu_events().nmi.masked ~= 0, "NMIs are masked in the handler of one")
vcpu:nmi()
told(3, "the second one waits for the IRET")
expect(vcpu:get_vcpu_events().nmi.pending ~= 0, "it is pending meanwhile")
told(2, "and comes after it")
told(3, "its handler goes on")
told(4, "and the guest after it")
expect_eq(vcpu:get_vcpu_events().nmi.masked, 0, "the last IRET has taken the mask away")
