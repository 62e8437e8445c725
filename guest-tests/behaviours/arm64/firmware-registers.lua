-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/firmware-registers", arch = "arm64",
	title = "Firmware registers: which hypercalls a guest has, which workarounds it is told of, and until when user space can say so",
	seen_failing = "fails with the test that no vCPU has run taken out: lab/revert arm64/firmware-registers; asked for what 7.2 gives, " ..
		"arm64-5.10, 6.1 and 6.12 fail",
}

local RAM <const>, HOLE <const> = 0x80000000, 0x50000
local NOT_SUPPORTED <const> = -1
local code = asm {
	at = 0x80001000,
	arm64 = [[
	begin:	mov x9, #0x50000
	again:	hvc #0
		str x0, [x9]
		b again
	]],
}

local function machine()
	local vm = kvm.vm()
	vm:memory({gpa = RAM, size = 0x4000}):load(code)
	return vm:vcpu(0, {features = {KVM_ARM_VCPU_PSCI_0_2}}):start(code.begin), vm
end

local function call(vcpu, id, arg)
	vcpu:reg("X0", id)
	vcpu:reg("X1", arg or 0)
	vcpu:run("KVM_EXIT_MMIO", "a call returns to the guest")
	expect_eq(vcpu.kvm_run.mmio.phys_addr, HOLE, "a call returns to the guest")
	return vcpu:data()
end

-- ---- which calls there are: a register of bits for each owner ----

-- Calls, and their arguments, by the bit that allows them (Documentation/virt/kvm/arm/fw-pseudo-registers.rst). Of stolen time
-- SMCCC_ARCH_FEATURES tells.
local MAPS <const> = {
	{id = KVM_REG_ARM_STD_BMAP, since = "5.19", bits = 1, calls = {[0] = {{0x84000050}, {0xc4000053, 0}}}},
	{id = KVM_REG_ARM_STD_HYP_BMAP, since = "5.19", bits = 1, calls = {[0] = {{0x80000001, 0xc5000020}}}},
	{id = KVM_REG_ARM_VENDOR_HYP_BMAP, since = "5.19", bits = 2, calls = {[0] = {{0x8600ff01}, {0x86000000}}, {{0x86000001, 0}}}},
	{id = KVM_REG_ARM_VENDOR_HYP_BMAP_2, since = "6.15", bits = 2, default = 0, calls = {}},
}

for _, map in ipairs(MAPS) do
	local all = (1 << map.bits) - 1
	local vcpu = machine()
	if host.at_least(map.since) then
		expect_eq(vcpu:reg(map.id), map.default or all, "user space gets what the kernel has, but what only it can promise")
		for bit = map.bits, 63 do
			expect_errno("EINVAL", vcpu.reg, vcpu, map.id, 1 << bit, "that bit allows no call")
		end
		for value = 0, all do
			vcpu:reg(map.id, value)
			expect_eq(vcpu:reg(map.id), value, "it can be read")
			local one = machine()
			one:reg(map.id, value)
			expect_eq(call(one, 0x80000000), 0x10001, "SMCCC 1.1 cannot be taken away")
			for bit, calls in pairs(map.calls) do
				for _, one_call in ipairs(calls) do
					expect_eq(call(one, table.unpack(one_call)) ~= NOT_SUPPORTED, value >> bit & 1 == 1,
						("whether the guest has call 0x%x"):format(one_call[1]))
				end
			end
			expect_ok(one.reg, one, map.id, value, "the same value changes nothing for a guest that has run")
			expect_errno("EBUSY", one.reg, one, map.id, value ~ 1, "a guest that has run keeps its calls")
			expect_eq(one:reg(map.id), value, "a guest that has run keeps its calls")
		end
		-- The registers are the VM's.
		local first, vm = machine()
		local second = vm:vcpu(1, {features = {KVM_ARM_VCPU_PSCI_0_2}})
		first:reg(map.id, 0)
		expect_eq(second:reg(map.id), 0, "all vCPUs have the same")
	else
		expect_errno("ENOENT", vcpu.reg, vcpu, map.id, "it came with " .. map.since)
	end
end

-- ---- workarounds ----

local TWO <const> = {
	{name = "SMCCC_ARCH_WORKAROUND_1", id = KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1, levels = {0, 1, 2}},
	{name = "SMCCC_ARCH_WORKAROUND_3", id = KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3, levels = {0, 1, 2}},
}

for _, one in ipairs(TWO) do
	local vcpu = machine()
	local has = vcpu:reg(one.id)
	expect(has >= 0 and has <= 2, one.name .. " is not available, available or not required")
	for _, level in ipairs(one.levels) do
		expect_errno(level <= has and "OK" or "EINVAL", vcpu.reg, vcpu, one.id, level,
			one.name .. ": a guest that came from a host that does less will do, but not more")
		expect_eq(vcpu:reg(one.id), has, "it tells the host's state, whatever was written")
	end
	for bit = 4, 63 do
		expect_errno("EINVAL", vcpu.reg, vcpu, one.id, 1 << bit, one.name .. ": a level has four bits")
	end
end

-- Workaround 2 has one bit more: whether it is enabled, which goes with AVAIL alone.
local vcpu = machine()
local id = KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2
local has = vcpu:reg(id)
local ENABLED <const>, AVAIL <const> = KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_ENABLED, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_AVAIL
local NONE <const>, FREE <const> = KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_AVAIL, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_REQUIRED
local UNKNOWN <const> = KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_UNKNOWN
expect(has == NONE or has == FREE, "KVM knows two states since 5.10")
for level, wanted in pairs {[NONE] = "OK", [UNKNOWN] = "OK", [AVAIL] = has == FREE and "OK" or "EINVAL", [FREE] = has == FREE and "OK" or "EINVAL"} do
	expect_errno(wanted, vcpu.reg, vcpu, id, level, "a guest that came from a host that does less will do, but not more")
	expect_errno(level == AVAIL and wanted or "EINVAL", vcpu.reg, vcpu, id, level | ENABLED, "it can be enabled where it is available")
end
for _, value in ipairs {4, 5, 8, 15, 1 << 5, 1 << 63} do
	expect_errno("EINVAL", vcpu.reg, vcpu, id, value, "there is no such level, nor such a bit")
end
