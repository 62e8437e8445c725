-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/foreign-process",
	title = "A VM is its process's own: another one that has its descriptors gets EIO, whatever it asks",
	seen_failing = "fails with KVM's test of the process taken out: lab/revert common/foreign-process",
}

local vm = kvm.vm()
local vcpu = vm:vcpu(0)
local device
if host.has "device:VFIO" then
	device = vm:device(KVM_DEV_TYPE_VFIO)
elseif host.has "device:RISCV_AIA" then
	device = vm:device(KVM_DEV_TYPE_RISCV_AIA)
end
vcpu.kvm_run.immediate_exit = 1

local function errno_of(object, ioctl, argument)
	local value, errno = kvm.foreign_ioctl(object, ioctl, argument)
	return errno or value
end

-- The memory is looked at before anything else: ioctls that do not exist are no different.
local cases = {
	{vcpu, "KVM_RUN"}, {vcpu, "KVM_RUN", 1}, {vcpu, "KVM_GET_MP_STATE"}, {vcpu, "KVM_CREATE_VM"},
	{vm, "KVM_CREATE_VCPU", 1}, {vm, "KVM_CHECK_EXTENSION", cap.NR_MEMSLOTS}, {vm, "KVM_SET_USER_MEMORY_REGION"}, {vm, "KVM_RUN"},
}
for _, ioctl in ipairs(device and {"KVM_SET_DEVICE_ATTR", "KVM_HAS_DEVICE_ATTR", "KVM_RUN"} or {}) do
	cases[#cases + 1] = {device, ioctl}
end
for _, case in ipairs(cases) do
	local object, ioctl, argument = table.unpack(case)
	expect_eq(errno_of(object, ioctl, argument), "EIO", ("%s of %s by a process whose memory is not the VM's"):format(ioctl, object.name))
end
expect_eq(errno_of(kvm.system, "KVM_GET_API_VERSION"), 12, "/dev/kvm itself belongs to nobody")

-- What the other one was refused has changed nothing.
expect_ok(vm.create_vcpu, vm, 1, "the id is free")
local value, errno = kvm.ioctl(vcpu, KVM_RUN)
expect_eq(errno or value, "EINTR", "the VM's own process may")
