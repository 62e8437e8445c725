-- SPDX-License-Identifier: GPL-2.0-or-later
-- The calls of cases.lua again, all 4,000 on one VM and one vCPU: what a call costs here, beside `cases one` in C.
behaviour {id = "bench/calls", arch = "x86", needs = cap.SREGS2, title = "1,000 times the same four calls"}

local vm = kvm.vm()
local vcpu = vm:vcpu(0)
local s = vcpu:get_sregs2()
for _ = 1, 1000 do
	s.flags = 0
	expect_ok(vcpu.set_sregs2, vcpu, s, "what was read can be written")
	s.flags = 2
	expect_errno("EINVAL", vcpu.set_sregs2, vcpu, s, "there is no such flag")
	expect_errno("EINVAL", vm.set_user_memory_region, vm, {memory_size = 1}, "a slot's size is a number of pages")
	expect_errno("ENOENT", vm.get_dirty_log, vm, {slot = 1}, "there is no such slot")
end
