-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/vm-dead",
	title = "A VM whose state KVM could not keep whole is dead: KVM_RUN and every later ioctl of it give EIO",
	seen_failing = "absent on x86svm-5.10 and 6.1 and on arm64-5.10, where KVM lets such a VM live; " ..
		"fails with the notice of the lost save area taken out: lab/revert common/vm-dead",
}

local vm, other = kvm.vm(), kvm.vm()
local vcpu, device

-- What kills it, and what KVM_RUN says then.
local function kill()
	if host.arch == "x86" then
		-- Where SMM begins is no memory, so that the guest's state has nowhere to go (enter_smm()).
		if not host.at_least("6.12") then
			skip("6.1 and older ones do not notice that the save area of SMM cannot be written")
		elseif not host.has(cap.X86_SMM) then
			skip("KVM has no SMM here, and nothing else kills a VM")
		end
		vm:memory {gpa = 0, size = 0x10000}
		vcpu = vm:vcpu(0):start(0x1000)
		vcpu:smi()
		return "EIO"
	elseif host.arch == "arm64" then
		-- A GIC that was given no addresses cannot be mapped (kvm_vgic_map_resources()).
		if not host.at_least("6.1") then
			skip("5.10 takes the GIC away instead, and lets the VM live")
		end
		device = vm:device(host.has "device:ARM_VGIC_V3" and KVM_DEV_TYPE_ARM_VGIC_V3 or KVM_DEV_TYPE_ARM_VGIC_V2)
		vcpu = vm:vcpu(0)
		return "ENXIO"
	end
	skip("nothing that user space can do kills a VM on this architecture")
end

local first = kill()
local function errno_of(object, ioctl, argument)
	local value, errno = kvm.ioctl(object, ioctl, argument)
	return errno or value
end

expect_ok(vm.check_extension, vm, cap.NR_MEMSLOTS, "it lives yet")
expect_eq(errno_of(vcpu, KVM_RUN), first, "KVM cannot go on with this guest")
for _ = 1, 2 do
	expect_eq(errno_of(vcpu, KVM_RUN), "EIO", "it is dead now")
end
expect_eq(errno_of(vcpu, KVM_RUN, 1), "EIO", "that is looked at before the argument")
expect_errno("EIO", vcpu.get_mp_state, vcpu, "its vCPUs cannot be asked any more")
expect_errno("EIO", vm.check_extension, vm, cap.NR_MEMSLOTS, "nor can it itself")
expect_errno("EIO", vm.create_vcpu, vm, 1, "and nothing can be added")
if device then
	expect_errno("EIO", device.set_attr, device, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, nil, "its devices neither")
end
expect_ok(other.vcpu, other, 0, "other VMs do not mind")
