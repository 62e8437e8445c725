-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/interrupt-errors", arch = "x86", needs = {cap.IRQCHIP, cap.SPLIT_IRQCHIP},
	title = "KVM_INTERRUPT is for user space's PIC: ENXIO with the kernel's, one at a time with a split irqchip",
	seen_failing = "fails with the test for a waiting vector taken out: lab/revert x86/interrupt-errors",
}

local BEYOND = {0x100, 0x101, 1 << 31, -1 & 0xffffffff}
local function beyond(vcpu)
	for _, irq in ipairs(BEYOND) do
		expect_errno("EINVAL", vcpu.interrupt, vcpu, {irq = irq}, "vectors are 0 to 255")
	end
	expect_errno("EFAULT", vcpu.interrupt, vcpu, NULL, "there is nothing at NULL")
end

local vm = kvm.vm()
vm:create_irqchip()
local vcpu = vm:vcpu(0)
beyond(vcpu)
for _, irq in ipairs {0, 0x40, 255} do
	expect_errno("ENXIO", vcpu.interrupt, vcpu, {irq = irq}, "the kernel's PIC decides what comes")
end

vm = kvm.vm()
vm:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {24}}
vcpu = vm:vcpu(0)
beyond(vcpu)
expect_ok(vcpu.interrupt, vcpu, {irq = 255}, "user space's PIC hands on a vector")
for _, irq in ipairs {255, 0x41} do
	expect_errno("EEXIST", vcpu.interrupt, vcpu, {irq = irq}, "the one before has not been taken")
end
local second = vm:vcpu(1)
expect_ok(second.interrupt, second, {irq = 0x41}, "each vCPU waits for its own")

-- Without any irqchip in the kernel it is queued, over what is queued already.
vm = kvm.vm()
vcpu = vm:vcpu(0)
beyond(vcpu)
local function queued()
	local events = vcpu:get_vcpu_events().interrupt
	return events.injected ~= 0 and events.nr
end
expect_eq(queued(), false, "nothing is queued")
for _, irq in ipairs {0x40, 0x41, 0, 255} do
	expect_ok(vcpu.interrupt, vcpu, {irq = irq}, "all interrupts are user space's affair")
	expect_eq(queued(), irq, "the last one is the one that will come")
end
