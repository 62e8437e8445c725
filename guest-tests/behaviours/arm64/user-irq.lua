-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/user-irq", arch = "arm64", needs = cap.ARM_USER_IRQ,
	title = "Without a vgic a vCPU's IRQ and FIQ are user space's: the guest takes them when they are up and not masked, and a timer's",
	seen_failing = "arm64-7.2-pkvm, where flush_hyp_vcpu() does not pass HCR_EL2.VI and VF on",
}

local RAM <const>, HOLE <const> = 0x80000000, 0x50000
local code = asm {
	at = 0x80000000,
	arm64 = [[
	begin:	adr x0, vectors
		msr vbar_el1, x0
		mov x9, #0x50000
	masked:	str x0, [x9]
		b masked
	open:	msr daifclr, #3
		str x0, [x9, #8]
		b open
	timer:	msr cntv_cval_el0, xzr
		mov x0, #1
		msr cntv_ctl_el0, x0
		msr daifclr, #3
		isb
		b .
		.balign 0x800
	vectors:
		.org vectors + 0x280
	irq:	mov x0, #3
		msr cntv_ctl_el0, x0
		isb
		str x0, [x9, #0x10]
		eret
		.org vectors + 0x300
		str x0, [x9, #0x18]
		eret
	]],
}

local vm = kvm.vm()
vm:memory({gpa = RAM, size = 0x4000}):load(code)
local vcpu = vm:vcpu(0):start(code.begin)

local function line(number, level)
	vm:irq_line {irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT | number, level = level}
end

-- What the guest does next, by where it stores.
local function does(offset, reason)
	local exit = vcpu:run {expect = "KVM_EXIT_MMIO", reason = reason, timeout = 2}
	return expect_eq(exit.mmio.phys_addr - HOLE, offset, reason)
end

local MASKED <const>, OPEN <const> = 0, 8
local LINES <const> = {{KVM_ARM_IRQ_CPU_IRQ, 0x10, "IRQ"}, {KVM_ARM_IRQ_CPU_FIQ, 0x18, "FIQ"}}

does(MASKED, "the guest begins")
for _, one in ipairs(LINES) do
	local number, taken, name = table.unpack(one)
	line(number, 1)
	for _ = 1, 3 do
		does(MASKED, name .. " is up, but masked (PSTATE.DAIF)")
	end
	vcpu:settle()
	vcpu:start(code.open)
	-- The exit in its handler does not lower a line, nor does anything else.
	for _ = 1, 3 do
		does(taken, name .. " is up, and taken as soon as it is not masked")
	end
	line(number, 0)
	does(OPEN, name .. " is down, so the guest goes on where it was")
	does(OPEN, name .. " is down, so the guest goes on where it was")
	line(number, 1)
	does(taken, name .. " comes while the guest is outside")
	line(number, 0)
	does(OPEN, name .. " is down again")
	vcpu:settle()
	vcpu:start(code.masked)
	-- Masks anew: the first instruction there has nothing to do with it.
	vcpu:reg("PSTATE", 0x3c5)
	does(MASKED, name .. " is masked again")
end

-- A timer's line comes from the kernel to user space, and goes back as the vCPU's.
vcpu:settle()
vcpu:start(code.timer)
expect_errno("EINTR", vcpu.run, vcpu, "the timer expires")
expect_eq(vcpu.kvm_run.s.regs.device_irq_level, KVM_ARM_DEV_EL1_VTIMER, "the timer expires")
line(KVM_ARM_IRQ_CPU_IRQ, 1)
does(0x10, "the guest takes the interrupt, and masks its timer")
expect_eq(vcpu.kvm_run.s.regs.device_irq_level, 0, "the exit that comes anyway shows that")
line(KVM_ARM_IRQ_CPU_IRQ, 0)
