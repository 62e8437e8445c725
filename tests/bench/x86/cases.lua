-- SPDX-License-Identifier: GPL-2.0-or-later
-- 1,000 cases that only make ioctls, each with a VM and a vCPU of its own; cases.c makes the same calls in C.
behaviour {id = "bench/cases", arch = "x86", needs = cap.SREGS2, title = "1,000 cases, each with its own VM"}

for _ = 1, 1000 do
	local vm <close> = kvm.vm()
	local vcpu <close> = vm:vcpu(0)
	local s = vcpu:get_sregs2()
	expect_ok(vcpu.set_sregs2, vcpu, s, "what was read can be written")
	s.flags = 2
	expect_errno("EINVAL", vcpu.set_sregs2, vcpu, s, "there is no such flag")
	expect_errno("EINVAL", vm.set_user_memory_region, vm, {memory_size = 1}, "a slot's size is a number of pages")
	expect_errno("ENOENT", vm.get_dirty_log, vm, {slot = 1}, "there is no such slot")
end
