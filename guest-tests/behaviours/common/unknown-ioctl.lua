-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/unknown-ioctl",
	title = "An ioctl that does not exist is EINVAL; of a VM it is ENOTTY on x86",
	seen_failing = "fails with x86's answer made that of the others: lab/revert common/unknown-ioctl",
}

-- KVM's own letter with a number that no release has used, and another driver's ioctl.
local NONE = 0xae << 8 | 0xff
local TCGETS = 0x5401

local vm = kvm.vm()
local vcpu = vm:vcpu(0)

local function errno_of(object, number)
	local value, errno = kvm.ioctl(object, number, 0)
	return errno or value
end

for _, number in ipairs {NONE, TCGETS} do
	expect_eq(errno_of(vm, number), host.arch == "x86" and "ENOTTY" or "EINVAL",
		"kvm_arch_vm_ioctl() answers so by default: ENOTTY on x86, EINVAL on arm64 and RISC-V")
	expect_eq(errno_of(vcpu, number), "EINVAL", "kvm_arch_vcpu_ioctl() answers so by default")
	expect_eq(errno_of(kvm.system, number), "EINVAL", "kvm_arch_dev_ioctl() answers so by default")
end
