-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/signal-mask",
	title = "KVM_SET_SIGNAL_MASK: the signals that end KVM_RUN are those of its mask, not of the thread's",
	seen_failing = "fails with the mask that blocks SIGUSR1 set to 0, and with the last one set to ~0; no kernel that gets it wrong is known",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
-- Says by the byte at 0x2001 that it runs, and spins until user space sets the byte at 0x2000. Interrupts are on: Bochs'
-- processor leaves a guest that has them off for no interrupt of the host's either, which then hangs.
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
			sti
			mov $0xd000, %ax
			mov %ax, %es
		again:	movb $1, (0x2001)
			cmpb $0, (0x2000)
			je again
			movb $1, %es:(0)
			jmp again
	]],
	arm64 = [[
			mov x0, #0x2000
			mov x1, #0xd0000
			mov w3, #1
		again:	strb w3, [x0, #1]
			ldrb w2, [x0]
			cbz w2, again
			strb w2, [x1]
			b again
	]],
	riscv = [[
			li t0, 0x2000
			li t1, 0xd0000
			li t3, 1
		again:	sb t3, 1(t0)
			lbu t2, (t0)
			beqz t2, again
			sb t2, (t1)
			j again
	]],
}))

local SIGSET = 8 -- bytes of the kernel's sigset_t
local SIGUSR1 = 1 << 10 - 1 -- what a thread's kick() and signal() send

local function mask(set)
	return struct("kvm_signal_mask", {len = SIGSET, sigset = string.pack("<i8", set)})
end

for _, len in ipairs {0, 4, 7, 9, 16, 128, 0xffffffff} do
	local wrong = mask(0)
	wrong.len = len
	expect_errno("EINVAL", vcpu.set_signal_mask, vcpu, wrong, "a set of signals has 8 bytes")
end
expect_errno("EFAULT", vcpu.set_signal_mask, vcpu, 0x1000, "there is nothing at 0x1000")
expect_errno("EFAULT", vcpu.set_signal_mask, vcpu, bytes(mask(0), 0, 8), "the set's last bytes are missing")

-- A signal for a thread in KVM_RUN; gives the thread, still in there if the signal is blocked.
local function signalled(options)
	ram:u8(0x2000, 0)
	ram:u8(0x2001, 0)
	local running = thread(vcpu, "KVM_RUN", nil, options)
	local begun = host.now()
	repeat
		host.sleep(0.002)
	until ram:u8(0x2001) ~= 0 or host.now() - begun > 5
	expect(ram:u8(0x2001) ~= 0, "the guest runs when the signal comes")
	running:signal()
	host.sleep(0.03)
	return running
end

local function goes_on(options, reason)
	local running = signalled(options)
	expect(not running:done(), reason)
	ram:u8(0x2000, 1)
	local value, errno = running:join()
	expect_eq(value or errno, 0, "the guest's store ends KVM_RUN, whatever signal is waiting")
	expect_eq(vcpu.kvm_run.exit_reason, KVM_EXIT_MMIO, "the guest goes on until it is told to stop")
end

local function ends(options, reason)
	local running = signalled(options)
	local value, errno = running:join()
	expect_eq(value or errno, "EINTR", reason)
	expect_eq(vcpu.kvm_run.exit_reason, KVM_EXIT_INTR, "and the exit says so too")
end

ends({}, "no mask was set, and the thread blocks no signal")
goes_on({blocked = true}, "no mask was set, and the thread blocks all signals")
vcpu:set_signal_mask(mask(0))
ends({blocked = true}, "the mask blocks no signal, whatever the thread does")
vcpu:set_signal_mask(mask(SIGUSR1))
goes_on({}, "the mask blocks the signal, whatever the thread does")
goes_on({blocked = true}, "both block it")
vcpu:set_signal_mask(mask(~SIGUSR1))
ends({blocked = true}, "the mask blocks all others")
expect_ok(vcpu.set_signal_mask, vcpu, NULL, "NULL takes the mask away")
goes_on({blocked = true}, "there is no mask any more, and the thread blocks all signals")
