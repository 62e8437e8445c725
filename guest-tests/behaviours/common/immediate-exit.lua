-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/immediate-exit",
	title = "A kicked vCPU leaves KVM_RUN with EINTR, by the flag before it enters, by a signal after",
	needs = cap.IMMEDIATE_EXIT,
	seen_failing = "hangs, and says so, with the kick left out; no kernel that gets it wrong was tried yet",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		here: jmp here
	]],
	arm64 = [[
		here: b here
	]],
	riscv = [[
		here: j here
	]],
}))

-- The flag alone, which user space sets and clears.
vcpu.kvm_run.immediate_exit = 1
for _ = 1, 3 do
	expect_errno("EINTR", vcpu.run, vcpu, "immediate_exit is set, and stays so")
end
vcpu.kvm_run.immediate_exit = 0

-- A signal, whenever it comes: at once, or when the guest has been spinning for a while.
for i = 1, 20 do
	local running = thread(vcpu, "KVM_RUN")
	if i % 2 == 0 then
		host.sleep(0.01)
	end
	running:kick()
	local value, errno = running:join()
	expect_eq(value or errno, "EINTR", "it was kicked, and spins otherwise")
end
