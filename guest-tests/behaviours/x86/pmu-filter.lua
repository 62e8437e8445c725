-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/pmu-filter", arch = "x86", needs = cap.PMU_EVENT_FILTER,
	title = "KVM_SET_PMU_EVENT_FILTER: which filters are taken, each misuse with its errno; KVM_CAP_PMU_CAPABILITY before vCPUs",
	seen_failing = "fails with the check of a filter's flags taken out: lab/revert x86/pmu-filter",
}

local ALLOW <const>, DENY <const>, MASKED <const> = KVM_PMU_EVENT_ALLOW, KVM_PMU_EVENT_DENY, KVM_PMU_EVENT_FLAG_MASKED_EVENTS
local MOST <const> = 300 -- KVM_PMU_EVENT_FILTER_MAX_EVENTS
local masked <const> = host.has "cap:PMU_EVENT_MASKED_EVENTS"
local vm = kvm.vm()

-- A filter of @events, a list; @count is what it says of their number, right if absent.
local function filter(errno, fields, events, reason, count)
	events = events or {}
	fields.nevents, fields.events = count or #events, events
	expect_errno(errno, vm.set_pmu_event_filter, vm, struct("kvm_pmu_event_filter", fields), reason)
end
local function list(n, event)
	local events = {}
	for i = 1, n do
		events[i] = event or i
	end
	return events
end

expect_errno("EFAULT", vm.set_pmu_event_filter, vm, NULL, "there is nothing at NULL")
for _, action in ipairs {2, 3, 0xffffffff} do
	filter("EINVAL", {action = action}, {}, "events are allowed (0) or denied (1)")
end
for bit = 0, 31 do
	local known = masked and 1 << bit == MASKED
	filter(known and "OK" or "EINVAL", {action = DENY, flags = 1 << bit}, {}, known and "events can have masks" or ("there is no flag %d"):format(bit))
end
for _, n in ipairs {0, 1, 2, MOST - 1, MOST} do
	filter("OK", {action = ALLOW}, list(n), ("%d events are not too many"):format(n))
	if n < MOST then
		filter("EFAULT", {action = ALLOW}, list(n), "it says of one more than is there", n + 1)
	end
end
for _, n in ipairs {MOST + 1, 0xffffffff} do
	filter("E2BIG", {action = DENY}, list(2), ("%d is the most"):format(MOST), n)
end
for _, bitmap in ipairs {0, 1, 0x7, 0xffffffff} do
	filter("OK", {action = ALLOW, fixed_counter_bitmap = bitmap}, {0xc0}, "fixed counters that are not there do not matter")
end
filter("OK", {action = DENY, pad = {1, 2, 3, 4}}, {0xc0}, "the padding is not looked at")
-- Events that no guest can name.
filter("OK", {action = DENY}, {-1, 1 << 63, 0x100000}, "without masks, events that cannot be are no error")

-- With masks: the event (7:0, on AMD 35:32 too), what of the unit mask (63:56) must match (15:8), an exclusion (55).
if masked then
	local amd = host.backend == "svm"
	for bit = 0, 63 do
		local high = bit >= 32 and bit <= 35
		local known = bit <= 15 or bit >= 55 or high and amd
		if not high or host.backend ~= "pvm" then
			filter(known and "OK" or "EINVAL", {action = ALLOW, flags = MASKED}, {0xc0, 1 << bit}, known and "it is a part of a masked event" or ("bit %d means nothing"):format(bit))
		end
	end
	filter("OK", {action = DENY, flags = MASKED}, list(MOST, 0xff << 56 | 1 << 55 | 0xc0), "the same can stand there more than once")
	filter("E2BIG", {action = DENY, flags = MASKED}, {}, "a mask makes no difference to the number", MOST + 1)
	filter("EFAULT", {action = DENY, flags = MASKED}, {}, "it says of one more than is there", 1)
end

-- A VM with vCPUs that run has its filter changed.
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
		1:	sti	# with interrupts off, Bochs as a host takes none of its own either
			jmp 1b
	]],
}))
local runs = thread(vcpu, "KVM_RUN")
for n = 1, 50 do
	filter("OK", {action = n & 1}, list(n), "it can be changed at any time")
end
runs:kick()
local value, errno = runs:join(5)
expect_eq(value or errno, "EINTR", "the guest ran on meanwhile")

-- ---- a VM without a PMU ----

if vm:check_extension(cap.PMU_CAPABILITY) ~= 0 then
	local flags <const> = vm:check_extension(cap.PMU_CAPABILITY)
	local function disable(errno, of, bits, reason)
		expect_errno(errno, of.enable_cap, of, {cap = KVM_CAP_PMU_CAPABILITY, args = {bits}}, reason)
	end
	expect_eq(flags, KVM_PMU_CAP_DISABLE, "that is all that can be chosen")
	disable("EINVAL", vm, KVM_PMU_CAP_DISABLE, "the VM has vCPUs")
	local other = kvm.vm()
	for bit = 0, 63 do
		disable(1 << bit == KVM_PMU_CAP_DISABLE and "OK" or "EINVAL", other, 1 << bit, ("flag %d"):format(bit))
	end
	disable("OK", other, 0, "it can be given back before there are vCPUs")
else
	expect_errno("EINVAL", vm.enable_cap, vm, {cap = KVM_CAP_PMU_CAPABILITY, args = {KVM_PMU_CAP_DISABLE}},
		"there is no PMU to take away, and in 5.10 no such capability")
end
