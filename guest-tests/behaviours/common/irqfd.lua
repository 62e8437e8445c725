-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/irqfd", needs = {cap.IRQFD, cap.IRQFD_RESAMPLE},
	title = "KVM_IRQFD: an eventfd raises an interrupt; with resample the line stays high until the guest's EOI, which tells user space",
	seen_failing = "fails with the resample flag left out; no kernel that gets it wrong was tried yet",
}

local X86 = host.arch == "x86"
local DEASSIGN, RESAMPLE = KVM_IRQFD_FLAG_DEASSIGN, KVM_IRQFD_FLAG_RESAMPLE
local bell, again = kvm.eventfd(), kvm.eventfd()

-- ---- what is refused ----

local vm = kvm.vm()
-- x86 wants a chip in the kernel, arm64 an initialised one; RISC-V asks for nothing.
local no_chip = {x86 = "EINVAL", arm64 = "EAGAIN", riscv = "OK"}
expect_errno(no_chip[host.arch], vm.irqfd, vm, {fd = bell, gsi = 5}, "there is no interrupt controller in the kernel")
for bit = 2, 31 do
	expect_errno("EINVAL", vm.irqfd, vm, {fd = bell, gsi = 5, flags = 1 << bit}, "that flag does not exist")
end
expect_errno("EBADF", vm.irqfd, vm, {fd = raw(-1), gsi = 5, flags = DEASSIGN}, "that is no file")
expect_errno("EINVAL", vm.irqfd, vm, {fd = vm, gsi = 5, flags = DEASSIGN}, "that is no eventfd")
expect_errno("EFAULT", vm.irqfd, vm, NULL, "there is nothing at NULL")

if not X86 then
	expect_ok(vm.irqfd, vm, {fd = bell, gsi = 5, flags = DEASSIGN}, "KVM does not mind one that is not there")
	return
end

local split = kvm.vm()
split:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {24}}
expect_ok(split.irqfd, split, {fd = kvm.eventfd(), gsi = 5}, "a split irqchip takes messages")
expect_errno("EINVAL", split.irqfd, split, {fd = bell, resamplefd = again, gsi = 5, flags = RESAMPLE},
	"its I/O APIC, which knows of the EOI, is in user space")

vm:create_irqchip()
expect_ok(vm.irqfd, vm, {fd = bell, gsi = 6}, "now there is one")
expect_errno("EBUSY", vm.irqfd, vm, {fd = bell, gsi = 6}, "the eventfd has its interrupt")
expect_errno("EBUSY", vm.irqfd, vm, {fd = bell, gsi = 5}, "an eventfd raises one interrupt")
expect_errno("EBADF", vm.irqfd, vm, {fd = raw(-1), gsi = 5}, "that is no file")
expect_errno("EINVAL", vm.irqfd, vm, {fd = vm, gsi = 5}, "that is no eventfd")
expect_errno("EBADF", vm.irqfd, vm, {fd = again, resamplefd = raw(-1), gsi = 5, flags = RESAMPLE}, "the second one is no file")
expect_ok(vm.irqfd, vm, {fd = bell, gsi = 5, flags = DEASSIGN}, "KVM does not mind one that is not there")
expect_errno("EBUSY", vm.irqfd, vm, {fd = bell, gsi = 6}, "that was another interrupt's")

-- ---- a guest with a PIC ----

local ram = vm:memory {gpa = 0, size = 0x10000}
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0x8000, %sp
			mov $0x11, %al		# ICW1: edges, cascaded, ICW4 comes
			out %al, $0x20
			mov $0x20, %al		# ICW2: vectors from 0x20 on
			out %al, $0x21
			mov $0x04, %al		# ICW3
			out %al, $0x21
			mov $0x01, %al		# ICW4: 8086
			out %al, $0x21
			mov $0x9f, %al		# OCW1: only IRQ 5 and 6
			out %al, $0x21
			mov $0x20, %al		# ELCR: IRQ 5 is level-triggered, IRQ 6 is not
			mov $0x4d0, %dx
			out %al, %dx
			sti
		wait:	hlt
			jmp wait
		on_irq:	mov $1, %al
			out %al, $0x80
			mov $0x20, %al		# EOI
			out %al, $0x20
			mov $2, %al
			out %al, $0x80
			iret
	]],
}
ram:load(code)
ram:u16((0x20 + 5) * 4, code.on_irq)
ram:u16((0x20 + 6) * 4, code.on_irq)
local vcpu = vm:vcpu(0):start(code.start)

local function told(what, reason)
	vcpu:run("KVM_EXIT_IO", reason)
	expect_eq(vcpu:data(), what, reason)
end
local function idle(reason)
	local running = thread(vcpu, "KVM_RUN")
	host.sleep(0.03)
	expect(not running:done(), reason)
	running:kick()
	running:join()
end

idle("no interrupt has come")
bell:signal()
told(1, "the eventfd raises IRQ 6")
told(2, "and the guest has sent its EOI")
idle("it was a pulse, which is over")
bell:signal(3)
told(1, "an eventfd's count is not the number of interrupts")
told(2, "and the guest has sent its EOI")
idle("there was one only")

-- Resample: the line stays high.
vm:irqfd {fd = bell, gsi = 6, flags = DEASSIGN}
bell:signal()
idle("the eventfd does nothing any more")
bell:read()
vm:irqfd {fd = bell, resamplefd = again, gsi = 5, flags = RESAMPLE}
bell:signal()
told(1, "the line goes up")
local function line()
	local chip = vm:get_irqchip {chip_id = KVM_IRQCHIP_PIC_MASTER}
	return chip.chip.pic.last_irr & 1 << 5 ~= 0 or chip.chip.pic.irr & 1 << 5 ~= 0
end
expect(line(), "and stays up while the handler runs")
expect_eq(again:read(), 0, "there was no EOI yet")
told(2, "the guest sends its EOI")
expect_eq(again:read(), 1, "which user space is told of")
expect(not line(), "and the line is down")
idle("so that nothing comes by itself")

-- The device still wants attention: user space raises it again at each EOI.
bell:signal()
for _ = 1, 5 do
	told(1, "the line is up")
	told(2, "the guest sends its EOI")
	expect_eq(again:read(), 1, "which user space is told of")
	bell:signal()
end
told(1, "once more")

-- Two devices share the line: an EOI is told to both.
local second, second_again = kvm.eventfd(), kvm.eventfd()
vm:irqfd {fd = second, resamplefd = second_again, gsi = 5, flags = RESAMPLE}
told(2, "the guest sends its EOI")
expect_eq(again:read(), 1, "the first device is told")
expect_eq(second_again:read(), 1, "and the second one")
second:signal()
told(1, "the second one raises the line, too")

-- Taken away with the line up, it leaves the line down.
vm:irqfd {fd = second, gsi = 5, flags = DEASSIGN}
vm:irqfd {fd = bell, gsi = 5, flags = DEASSIGN}
expect(not line(), "no resampler is left that holds it up")
