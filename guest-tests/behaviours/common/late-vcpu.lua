-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/late-vcpu",
	title = "vCPUs are made while others have run, and run like them",
	seen_failing = "arm64-7.2-pkvm, where a VM has as many vCPUs as there were when the first one ran (pkvm_get_hyp_vm_size())",
}

local code = asm {
	at = 0x1000,
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
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpus = {}
for id = 0, 3 do
	vcpus[id] = vm:vcpu(id):start(ram:load(code))
	-- Those of x86 but the first one wait for a start-up message, those of RISC-V for a call.
	vcpus[id]:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
	for of = 0, id do
		local vcpu, value = vcpus[of], 16 * id + of
		local reason = ("vCPU %d of %d runs"):format(of, id + 1)
		if not expect_ok(vcpu.run, vcpu, reason) then
			return
		end
		expect_eq(vcpu.kvm_run.mmio.phys_addr, 0xd0000, reason)
		vcpu:data(value)
		expect_ok(vcpu.run, vcpu, reason)
		expect_eq(vcpu.kvm_run.mmio.phys_addr, 0xd0010, reason)
		expect_eq(vcpu:data(), value, reason)
	end
end
