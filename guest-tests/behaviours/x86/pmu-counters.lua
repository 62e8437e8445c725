-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/pmu-counters", arch = "x86",
	title = "A guest's PMU: architectural events, fixed counters, overflows, what an event filter takes away; none where there is none",
	seen_failing = "its guest fails where a PMU is wrong: x86/user-pmu. With KVM's own it fails on x86svm-5.10, whose " ..
		"counters stand still; it has not been seen to pass with counters that count, for no host here has them for guests",
}

local guest = program "pmu-counters.c"

local function go(vm, vcpu, part)
	vm:boot(guest, {memory = 4 << 20, args = "part=" .. part, vcpu = vcpu})
	return vcpu:finish(part .. ": the guest has looked at its PMU")
end

local function fresh(capability)
	local new = kvm.vm()
	if capability then
		new:enable_cap {cap = KVM_CAP_PMU_CAPABILITY, args = {capability}}
	end
	return new, new:vcpu(0)
end

local vm, vcpu = fresh()
local told = go(vm, vcpu, "all")
vm:close()
if told.there == 0 then
	skip("this host has no PMU for guests; what a guest sees of that is as it must be")
end

-- A filter that denies instructions, on both vendors event 0xc0: the counter stands still.
if host.has "cap:PMU_EVENT_FILTER" then
	for _, action in ipairs {KVM_PMU_EVENT_ALLOW, KVM_PMU_EVENT_DENY} do
		vm, vcpu = fresh()
		vm:set_pmu_event_filter(struct("kvm_pmu_event_filter", {action = action, nevents = 1, events = {0xc0}}))
		local counted = go(vm, vcpu, "instructions").counted
		expect_eq(counted > 0, action == KVM_PMU_EVENT_ALLOW, "what the filter denies is not counted, and what it allows is")
		vm:close()
	end
end
if host.has "cap:PMU_CAPABILITY" then
	vm, vcpu = fresh(KVM_PMU_CAP_DISABLE)
	expect_eq(go(vm, vcpu, "all").there, 0, "user space has disabled this VM's PMU")
end
