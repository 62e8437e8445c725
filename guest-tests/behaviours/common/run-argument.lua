-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/run-argument",
	title = "KVM_RUN takes no argument",
	seen_failing = "fails with the test of the argument taken out: lab/revert common/run-argument",
}

local vm = kvm.vm()
local vcpu = vm:vcpu(0)

vcpu.kvm_run.immediate_exit = 1
for _, argument in ipairs {1, 2, 0x1000, -1} do
	local value, errno = kvm.ioctl(vcpu, KVM_RUN, argument)
	expect_eq(errno or value, "EINVAL", "kvm_vcpu_ioctl() refuses an argument other than 0")
end
local value, errno = kvm.ioctl(vcpu, KVM_RUN, 0)
expect_eq(errno or value, "EINTR", "without one it looks at immediate_exit")
