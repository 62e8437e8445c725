-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/immediate-exit",
	title = "A kicked vCPU leaves KVM_RUN with EINTR, by the flag before it enters, by a signal after; an access under way is completed",
	needs = cap.IMMEDIATE_EXIT,
	seen_failing = "hangs, and says so, with the kick left out; fails with the flag looked at before the access: lab/revert common/immediate-exit",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
			sti	# with interrupts off, Bochs as a host takes none of its own either
		here:	jmp here
	]],
	arm64 = [[
		here: b here
	]],
	riscv = [[
		here: j here
	]],
}))
-- Made before anything runs, which not every KVM wants (common/late-vcpu).
local asks = vm:vcpu(1)

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

-- ---- an access that is under way ----

-- A load from where nothing is, and a store of what came.
asks:start(ram:load(asm {
	at = 0x2000,
	x86 = [[
		.code16
			mov $0xd000, %ax
			mov %ax, %ds
		again:	mov (0), %al
			mov %al, (0x10)
			jmp again
	]],
	arm64 = [[
			mov x0, #0xd0000
		again:	ldrb w1, [x0]
			strb w1, [x0, #0x10]
			b again
	]],
	riscv = [[
			li t0, 0xd0000
		again:	lbu t1, (t0)
			sb t1, 0x10(t0)
			j again
	]],
}))
asks:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
for round = 1, 3 do
	asks:run("KVM_EXIT_MMIO", "the guest loads from where nothing is")
	asks:data(0x50 + round)
	asks.kvm_run.immediate_exit = 1
	expect_errno("EINTR", asks.run, asks, "immediate_exit is set")
	asks.kvm_run.mmio.data[0] = 0xee
	expect_errno("EINTR", asks.run, asks, "it still is")
	asks.kvm_run.immediate_exit = 0
	asks:run("KVM_EXIT_MMIO", "the guest stores what it was given")
	expect_eq(asks:data(), 0x50 + round, "the first KVM_RUN took the answer, though it did not enter; what comes later is too late")
end

-- ---- the first KVM_RUN of a VM ----

local function run_once(v)
	v.kvm_run.immediate_exit = 1
	local value, errno = kvm.ioctl(v, KVM_RUN)
	v.kvm_run.immediate_exit = 0
	return value or errno
end

if host.arch == "arm64" then
	local bare = kvm.vm():vcpu(0, {bare = true})
	expect_eq(run_once(bare), "ENOEXEC", "the vCPU has had no KVM_ARM_VCPU_INIT, which is looked at before the flag")
	local function gic(of)
		return of.create_device, of, {type = host.has "device:ARM_VGIC_V3" and KVM_DEV_TYPE_ARM_VGIC_V3 or KVM_DEV_TYPE_ARM_VGIC_V2}
	end
	local fresh, ran = kvm.vm(), kvm.vm()
	fresh:vcpu(0)
	local create, of, what = gic(fresh)
	expect_ok(create, of, what, "no vCPU has run")
	expect_eq(run_once(ran:vcpu(0)), "EINTR", "immediate_exit is set")
	create, of, what = gic(ran)
	expect_errno("EBUSY", create, of, what, "though the guest has had no instruction, its VM counts as run")
elseif host.arch == "riscv" then
	-- An extension that every host has, and that a guest can do without.
	local D = KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_ISA_EXT | KVM_RISCV_ISA_EXT_D
	local fresh, ran = kvm.vm():vcpu(0), kvm.vm():vcpu(0)
	expect_ok(fresh.reg, fresh, D, 0, "the vCPU has not run")
	expect_eq(run_once(ran), "EINTR", "immediate_exit is set")
	expect_ok(ran.reg, ran, D, 1, "the same as before")
	expect_errno("EBUSY", ran.reg, ran, D, 0, "though the guest has had no instruction, its vCPU counts as run")
end
