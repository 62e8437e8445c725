-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/vgic-v2-init", arch = "arm64", needs = "device:ARM_VGIC_V2",
	title = "A GICv2's set-up in every order: each step, and the first KVM_RUN, is taken or refused with its errno",
	fixes = "KVM/ARM: Some vgic fixes and init sequence KVM selftests",
	seen_failing = "without the alternatives for 5.10, which lacks the fixes, 5.10 on a host with a GICv2 fails 106 of 1966 expectations; fails " ..
		"with --inject of EBADF into KVM_RUN, KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_CREATE_DEVICE, KVM_IRQ_LINE here and there, arm64-6.1-gic2",
}

local V2 <const> = KVM_DEV_TYPE_ARM_VGIC_V2
local ADDR <const>, CTRL <const>, NR_IRQS <const> = KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_GRP_NR_IRQS
local DIST_REGS <const>, CPU_REGS <const> = KVM_DEV_ARM_VGIC_GRP_DIST_REGS, KVM_DEV_ARM_VGIC_GRP_CPU_REGS
local DIST <const>, CPU <const> = KVM_VGIC_V2_ADDR_TYPE_DIST, KVM_VGIC_V2_ADDR_TYPE_CPU
local DIST_AT <const>, CPU_AT <const> = 0x8000000, 0x8010000
-- Where guests' addresses end: at 40 bits for a VM that says nothing, at the host's limit if that is less, and always under
-- protected KVM (kvm_init_ipa_range()).
local limit = kvm.system:check_extension(cap.ARM_VM_IPA_SIZE)
local END <const> = 1 << ((host.backend == "protected" or limit < 40) and limit or 40)
local fixed = host.at_least("6.1")

-- What a step does, and by what there is what KVM must say to it. A GICv2 is initialised by whatever needs it so: user space's
-- INIT, an access to a register, an interrupt, the first KVM_RUN. After that there are no new vCPUs.
local STEPS <const> = {
	vcpu = function(at)
		if at.init then
			return "EBUSY", at.vm.create_vcpu, at.vm, #at.vcpus
		end
		return "OK", function()
			at.vcpus[#at.vcpus + 1] = at.vm:vcpu(#at.vcpus)
		end
	end,
	dist = function(at)
		at.dist = true
		return "OK", at.gic.set_attr, at.gic, ADDR, DIST, DIST_AT
	end,
	cpu = function(at)
		at.cpu = true
		return "OK", at.gic.set_attr, at.gic, ADDR, CPU, CPU_AT
	end,
	init = function(at)
		at.init = true
		return "OK", at.gic.set_attr, at.gic, CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT
	end,
	line = function(at)
		at.init = true
		return "OK", at.vm.irq_line, at.vm, {irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 32, level = 0}
	end,
	-- GICC_PMR of vCPU 0.
	reg = function(at)
		at.init = at.init or #at.vcpus > 0
		return #at.vcpus > 0 and "OK" or "EINVAL", at.gic.get_attr, at.gic, CPU_REGS, 4, "u32"
	end,
	irqs = function(at)
		local errno = (at.irqs or at.init) and "EBUSY" or "OK"
		at.irqs = true
		return errno, at.gic.set_attr, at.gic, NR_IRQS, 0, 128
	end,
	run = function(at)
		local vcpu = at.vcpus[1]
		if not vcpu then
			return
		end
		at.dead = not (at.dist and at.cpu)
		at.init = at.init or not at.dead
		vcpu.kvm_run.immediate_exit = 1
		return at.dead and "ENXIO" or "EINTR", vcpu.run, vcpu
	end,
}

local function follow(order)
	local vm <close> = kvm.vm()
	local at = {vm = vm, vcpus = {}, gic = vm:device(V2)}
	for n, step in ipairs(order) do
		local reason = ("step %d of %s"):format(n, table.concat(order, ", "))
		-- 5.10 takes the GIC away instead, and lets the VM live with what is left of it.
		local dead = at.dead
		if dead and not fixed then
			break
		end
		local call = table.pack(STEPS[step](at))
		if call.n > 0 then
			call[call.n + 1] = dead and "the VM is dead since KVM_RUN failed: " .. reason or reason
			expect_errno(dead and "EIO" or call[1], table.unpack(call, 2, call.n + 1))
		end
		if dead then
			break
		end
	end
	for _, vcpu in ipairs(at.vcpus) do
		vcpu:close()
	end
	at.gic:close()
end

local function each_order(steps)
	local done = {}
	for order in permutations(steps) do
		local name = table.concat(order, " ")
		if not done[name] then
			done[name] = true
			follow(order)
		end
	end
end

each_order {"vcpu", "vcpu", "dist", "cpu", "init", "run"}
each_order {"vcpu", "vcpu", "reg", "line"}
each_order {"irqs", "irqs", "init", "vcpu"}

-- ---- what the attributes take ----

local function fresh(vcpus)
	local vm = kvm.vm()
	local gic = vm:device(V2)
	for id = 0, (vcpus or 0) - 1 do
		vm:vcpu(id)
	end
	return gic, vm
end
local function address(errno, gic, kind, value, reason)
	expect_errno(errno, gic.set_attr, gic, ADDR, kind, value, reason)
end

local gic, vm = fresh()
for _, kind in ipairs {DIST, CPU} do
	expect_errno("EFAULT", gic.set_device_attr, gic, {group = ADDR, attr = kind}, "there is nothing at NULL")
	address("EINVAL", gic, kind, DIST_AT + 0x800, "the frames of a GICv2 begin at 4 KiB")
	address("E2BIG", gic, kind, END, "guests of this VM have no such addresses")
	expect_eq(gic:get_attr(ADDR, kind), -1, "what was refused has left nothing")
end
-- The CPU interface has two pages; 5.10 looks only at where it begins.
address(fixed and "E2BIG" or "OK", gic, CPU, END - 0x1000, "its end is beyond the guest's addresses")
gic, vm = fresh()
address("OK", gic, CPU, END - 0x2000, "its end is right there")
address("EEXIST", gic, CPU, CPU_AT, "there is one")
address("OK", gic, DIST, DIST_AT, "the first one")
address("EEXIST", gic, DIST, DIST_AT, "there is one")
address(fixed and "EEXIST" or "EINVAL", gic, DIST, DIST_AT + 1, "which is looked at first, or last in 5.10")
expect_eq(gic:get_attr(ADDR, DIST), DIST_AT, "it can be read")
expect_eq(gic:get_attr(ADDR, CPU), END - 0x2000, "it can be read")
for _, kind in ipairs {KVM_VGIC_V3_ADDR_TYPE_DIST, KVM_VGIC_V3_ADDR_TYPE_REDIST, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, 99} do
	address("ENXIO", gic, kind, DIST_AT, "a GICv2 has no such address")
	expect(not gic:has_attr(ADDR, kind), "a GICv2 has no such address")
end

-- Registers belong to a vCPU: bits 39:32 of the attribute.
for _, group in ipairs {DIST_REGS, CPU_REGS} do
	for _, call in ipairs {"get_attr", "set_attr"} do
		expect_errno("EINVAL", gic[call], gic, group, 4, call == "get_attr" and "u32" or 0, "there is no vCPU")
	end
	expect_errno("EINVAL", gic.has_device_attr, gic, {group = group, attr = 4}, "there is no vCPU, and no answer of ENXIO either")
end
gic, vm = fresh(2)
for id, errno in pairs {[0] = "OK", "OK", "EINVAL"} do
	expect_errno(errno, gic.get_attr, gic, CPU_REGS, id << KVM_DEV_ARM_VGIC_CPUID_SHIFT | 4, "u32", "there are vCPUs 0 and 1")
end
for _, offset in ipairs {1, 2, 0x5000} do
	expect_errno("ENXIO", gic.has_device_attr, gic, {group = CPU_REGS, attr = offset}, "no register is there")
end

for _, number in ipairs {0, 32, 63, 65, 1024} do
	expect_errno("EINVAL", gic.set_attr, gic, NR_IRQS, 0, number, ("%d is no multiple of 32 from 64 to 1023"):format(number))
end
expect_errno("ENXIO", gic.set_attr, gic, CTRL, 99, "there is no such control")
expect_errno("ENXIO", gic.set_attr, gic, CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, "a GICv2 has no LPIs")

-- ---- how many, and which ----

expect_errno("EEXIST", vm.create_device, vm, {type = V2}, "there is one")
expect_errno("EEXIST", vm.create_irqchip, vm, "there is one, whatever the ioctl")
vm = kvm.vm()
for _, kind in ipairs {0, 9999} do
	expect_errno("ENODEV", vm.create_device, vm, {type = kind}, "there is no such device")
end
expect_ok(vm.create_irqchip, vm, "the ioctl that was there before devices; what failed has left nothing")
expect_errno("EEXIST", vm.create_device, vm, {type = V2}, "there is one, whatever the ioctl")

-- A host with nothing but a GICv2 has 8 vCPUs for every VM; only one that can do more can have too many for a GICv2.
vm = kvm.vm()
local most = vm:check_extension(cap.MAX_VCPUS)
for id = 0, 8 do
	expect_errno(id < most and "OK" or "EINVAL", vm.create_vcpu, vm, id, "KVM_CAP_MAX_VCPUS tells how many there may be without a GIC")
end
expect_errno(most > 8 and "E2BIG" or "OK", vm.create_device, vm, {type = V2}, "a GICv2 has at most 8 CPUs")
gic, vm = fresh(8)
expect_errno("EINVAL", vm.create_vcpu, vm, 8, "a GICv2 has at most 8 CPUs")

vm = kvm.vm()
local ran = vm:vcpu(0)
ran.kvm_run.immediate_exit = 1
expect_errno("EINTR", ran.run, ran, "without a GIC in the kernel, interrupts are user space's")
expect_errno("EBUSY", vm.create_device, vm, {type = V2}, "a vCPU has run without")
