-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/save-restore",
	title = "A guest that is saved and restored into a new VM goes on there, and in its own VM as if nothing had been",
	seen_failing = 'fails with the registers left out: kvm.restore(saved, {without = {"regs"}}), elsewhere "registers"',
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		mov $0x5000, %ax
		mov %ax, %ds
		xor %eax, %eax
	again:	inc %eax
		mov %eax, (0)
		jmp again
	]],
	arm64 = [[
		mov	x1, #0x50000
		mov	w0, #0
	again:	add	w0, w0, #1
		str	w0, [x1]
		b	again
	]],
	riscv = [[
		li	t1, 0x50000
		li	t0, 0
	again:	addi	t0, t0, 1
		sw	t0, (t1)
		j	again
	]],
}))

local function expect_count(of, count, reason)
	of:run("KVM_EXIT_MMIO", "the guest tells its count by a store where no memory is")
	expect_eq(of:data(), count, reason)
end

for count = 1, 3 do
	expect_count(vcpu, count, "the guest counts")
end
local saved = vm:save()
local _, copied = kvm.restore(saved)
ram:write(0x1000, ("\0"):rep(64))
for count = 4, 6 do
	expect_count(copied, count, "the copy goes on from where it was saved, with memory of its own")
end
ram:write(0x1000, saved.memories[1].bytes:sub(0x1001, 0x1040))
expect_count(vcpu, 4, "the original goes on as well")

-- Again, from the copy: what was restored can be saved.
local _, third = kvm.restore(copied.vm:save())
expect_count(third, 7, "a copy's copy goes on")
