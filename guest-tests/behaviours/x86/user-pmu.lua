-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/user-pmu", arch = "x86", needs = {cap.X86_USER_SPACE_MSR, cap.X86_MSR_FILTER},
	title = "A PMU in user space, by denied MSRs: the guest's PMU library finds events, fixed counters, rings and overflows in it",
	seen_failing = "with a PMU that does not look at the global control, at the rings, at its counters' end or at bit 31 of what is written",
}

-- What x86/pmu-counters asks of KVM's, here of one that is known to be right.

-- Version 2, four general counters and three fixed ones of 48 bits. From one access to the next, this much of each event comes.
local MUCH <const>, GENERAL <const>, FIXED <const>, END <const> = 100000, 4, 3, 1 << 48
local SELECT <const>, COUNT <const>, FIXED_COUNT <const>, FIXED_CONTROL <const> = 0x186, 0xc1, 0x309, 0x38d
local STATUS <const>, CONTROL <const>, CLEAR <const> = 0x38e, 0x38f, 0x390
local EVENTS <const> = {[0x3c] = true, [0xc0] = true, [0x13c] = true, [0xc4] = true}

local function pmu()
	local regs = {[STATUS] = 0, [CONTROL] = 0, [FIXED_CONTROL] = 0}
	-- The counter's register, and whether it counts in ring 0.
	local function counter(n)
		if n >= 32 then
			return FIXED_COUNT + n - 32, regs[FIXED_CONTROL] >> 4 * (n - 32) & 1 == 1
		end
		local select = regs[SELECT + n] or 0
		return COUNT + n, select >> 22 & 1 == 1 and select >> 17 & 1 == 1 and EVENTS[select & 0xffff]
	end
	local function run()
		for n = 0, 32 + FIXED - 1 do
			local at, counts = counter(n)
			if regs[CONTROL] >> n & 1 == 1 and counts then
				local value = (regs[at] or 0) + MUCH
				regs[at] = value % END
				regs[STATUS] = regs[STATUS] | (value >= END and 1 << n or 0)
			end
		end
	end
	return function(index, value)
		run()
		if not value then
			return regs[index] or 0
		end
		if index == CLEAR then
			regs[STATUS] = regs[STATUS] & ~value
		elseif index >= COUNT and index < COUNT + GENERAL then
			regs[index] = ((value & 0xffffffff ~ 0x80000000) - 0x80000000) % END
		else
			regs[index] = value
		end
		return true
	end
end

local vm = kvm.vm()
local vcpu = vm:vcpu(0)
vcpu:cpuid {
	-- "GenuineIntel"
	[0] = function(entry) entry.ebx, entry.edx, entry.ecx = 0x756e6547, 0x49656e69, 0x6c65746e end,
	[0xa] = {eax = 2 | GENERAL << 8 | 48 << 16 | 7 << 24, ebx = 0x58, edx = FIXED | 48 << 5},
}
vm:enable_cap {cap = KVM_CAP_X86_USER_SPACE_MSR, args = {KVM_MSR_EXIT_REASON_FILTER}}
local filter = struct("kvm_msr_filter", {flags = KVM_MSR_FILTER_DEFAULT_ALLOW})
for i, range in ipairs {{SELECT, GENERAL}, {COUNT, GENERAL}, {FIXED_COUNT, FIXED}, {FIXED_CONTROL, 4}} do
	filter.ranges[i - 1] = {flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE, base = range[1], nmsrs = range[2], bitmap = buffer(8)}
end
vm:x86_set_msr_filter(filter)
vm:msrs(pmu())
vm:boot(program "pmu-counters.c", {memory = 4 << 20, args = "part=emulated", vcpu = vcpu})
local told = vcpu:finish("the guest has looked at its PMU")
expect_eq(told.counters, GENERAL, "CPUID.0AH says so")
expect_eq(told.fixed, FIXED, "CPUID.0AH says so")
