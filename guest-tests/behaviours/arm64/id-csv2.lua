-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/id-csv2", arch = "arm64",
	title = "ID registers: CSV2 and every other field that user space may lower, before the VM has run, and what the guest then reads",
	fixes = "KVM: arm64: Allow setting of ID_AA64PFR0_EL1.CSV2 from userspace",
	seen_failing = "fails with CSV2's limit taken out: lab/revert arm64/id-csv2; asked for what 6.1 gives, arm64-5.10 fails 4 of 1078 " ..
		"expectations; asked for OK after the VM has run, arm64-6.12 fails 4",
}

-- 5.10: CSV2 alone. 6.1: CSV2 and CSV3. Since 6.6 all that KVM_ARM_GET_REG_WRITABLE_MASKS tells, and a VM that has run keeps its registers.
local CSV2 <const>, CSV3 <const> = 56, 60
local masks = host.has "cap:ARM_SUPPORTED_REG_MASK_RANGES"
local has_csv3 = host.at_least("6.1")

local function field(value, shift, to)
	return to and value & ~(0xf << shift) | to << shift or value >> shift & 0xf
end
local function hex(value)
	return ("0x%016x"):format(value)
end

-- ---- CSV2 and CSV3 ----

local code = asm {
	at = 0x1000,
	arm64 = [[
		mov x0, #0xd0000
		mrs x1, id_aa64pfr0_el1
		str x1, [x0]
		str x1, [x0]
	]],
}
local PFR0 <const> = "ID_AA64PFR0_EL1"
local vm, vcpu, other, limit
local function fresh()
	vm = kvm.vm()
	vm:memory({gpa = 0, size = 0x10000}):load(code)
	vcpu, other = vm:vcpu(0):start(code.at), vm:vcpu(1)
	limit = vcpu:reg(PFR0)
end
local function set(errno, value, reason)
	local before = vcpu:reg(PFR0)
	expect_errno(errno, vcpu.reg, vcpu, PFR0, value, reason)
	expect_eq(hex(vcpu:reg(PFR0)), hex(errno == "OK" and value or before), errno == "OK" and "that is what it is now" or "what is refused changes nothing")
	expect_eq(hex(other:reg(PFR0)), hex(vcpu:reg(PFR0)), "all vCPUs have the same")
end

fresh()
for _, shift in ipairs(has_csv3 and {CSV2, CSV3} or {CSV2}) do
	local most <const> = field(limit, shift)
	expect(most <= 1 or masks, "no more than 1 is shown to a guest, before 6.6")
	set("OK", limit, "the same can be written")
	for value = 0, 15 do
		set(value <= most and "OK" or "EINVAL", field(limit, shift, value),
			value <= most and "it promises no more than the host has" or "it promises what the host has not")
	end
	set("OK", field(limit, shift, 0), "it can be lowered")
	set("OK", limit, "and raised again, as long as the host has it")
end
if not has_csv3 then
	set("EINVAL", field(limit, CSV3, field(limit, CSV3) ~ 1), "5.10 lets user space change CSV2 alone")
end

-- Lowered, after a reset and in the guest; then the VM has run.
local lowered <const> = field(limit, CSV2, 0)
set("OK", lowered, "it can be lowered")
vcpu:init()
expect_eq(hex(vcpu:reg(PFR0)), hex(lowered), "a reset of the vCPU keeps it")
vcpu:start(code.at)
vcpu:run("KVM_EXIT_MMIO", "the guest tells what it reads")
-- Without a GIC the guest is told so since 6.12, whatever was written.
local GIC <const> = 24
expect_eq(hex(field(vcpu:data(), GIC, 0)), hex(field(lowered, GIC, 0)), "it reads what user space has written")
local now <const> = vcpu:reg(PFR0)
expect_eq(hex(vcpu:data()), hex(now), "and what user space reads")
set("OK", now, "the same can always be written")
if field(limit, CSV2) > 0 then
	set(masks and "EBUSY" or "OK", field(now, CSV2, 1), masks and "the VM has run" or "before 6.6 that made no difference")
end
if masks then
	set("EBUSY", field(now, CSV2, 15), "that the VM has run is looked at first")
end

-- ---- every field of every ID register ----

-- ID registers are those of op0 3, op1 0, CRn 0, CRm 1 to 7.
local function id_of(crm, op2)
	return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | 3 << 14 | crm << 3 | op2
end
fresh()
if not masks then
	for crm = 1, 7 do
		for op2 = 0, 7 do
			local id <const> = id_of(crm, op2)
			local value <const> = vcpu:reg(id)
			expect_ok(vcpu.reg, vcpu, id, value, "what was read can be written")
			for shift = 0, 60, 4 do
				if not (crm == 4 and op2 == 0 and (shift == CSV2 or shift == CSV3)) then
					expect_errno("EINVAL", vcpu.reg, vcpu, id, value ~ 1 << shift, "before 6.6 only CSV2 and CSV3 can be changed")
				end
			end
		end
	end
	return
end

local range = struct("reg_mask_range", {range = 0})
expect_errno("EFAULT", vm.arm_get_reg_writable_masks, vm, range, "there is nothing at NULL")
local words = array("u64", 3 * 8 * 8)
for member, value in pairs {range = 1} do
	range = struct("reg_mask_range", {addr = words})
	range[member] = value
	expect_errno("EINVAL", vm.arm_get_reg_writable_masks, vm, range, "there is one range")
end
for i = 0, 12 do
	range = struct("reg_mask_range", {addr = words})
	range.reserved[i] = 1
	expect_errno("EINVAL", vm.arm_get_reg_writable_masks, vm, range, "what is reserved must be 0")
end
range = struct("reg_mask_range", {addr = words})
expect_ok(vm.arm_get_reg_writable_masks, vm, range, "the masks can be read")
-- KVM_ARM_FEATURE_ID_RANGE_IDX(op0, op1, crn, crm, op2); op1 0 comes first, then 1 and 3.
local function mask_of(crm, op2)
	return words[crm * 8 + op2]
end
expect_eq(mask_of(4, 0) >> CSV2 & 0xff, 0xff, "CSV2 and CSV3 can be written")

-- Where KVM takes a value that older kernels gave, and keeps its own: MPAM, MPAM_frac and MTE_frac of ID_AA64PFR0/1_EL1, the
-- PMU's IMP_DEF of ID_DFR0_EL1 and ID_AA64DFR0_EL1, DoubleLock of the latter, NV of ID_AA64MMFR2_EL1.
local IGNORED <const> = {
	["1.2.24"] = true, ["4.0.40"] = true, ["4.1.16"] = true, ["4.1.40"] = true, ["5.0.8"] = true, ["5.0.36"] = true, ["7.2.24"] = true,
}

for crm = 1, 7 do
	for op2 = 0, 7 do
		local id <const>, mask <const> = id_of(crm, op2), mask_of(crm, op2)
		local first <const> = vcpu:reg(id)
		expect_ok(vcpu.reg, vcpu, id, first, "what was read can be written")
		-- Of a register that cannot be written at all the first and the last field are enough.
		for shift = 0, 60, mask == 0 and 60 or 4 do
			local own <const>, writable <const> = field(first, shift), mask >> shift & 0xf ~= 0
			local ignored <const> = IGNORED[("%d.%d.%d"):format(crm, op2, shift)]
			for _, value in ipairs(writable and {0, own + 1 & 0xf} or {own ~ 1}) do
				local wanted <const> = field(first, shift, value)
				local taken <const> = pcall(vcpu.reg, vcpu, id, wanted)
				local text <const> = ("CRm %d op2 %d shift %d, %d to %d: "):format(crm, op2, shift, own, value)
				if not ignored then
					expect_eq(vcpu:reg(id), taken and wanted or first, text .. (taken and "what is taken is there" or "what is refused changes nothing"))
					expect(writable and (taken or wanted ~= first) or not taken, text .. "the mask says what can be written")
				end
				if taken then
					vcpu:reg(id, first)
				end
			end
		end
	end
end

-- Some fields that have a meaning for everybody: lowered they are taken, raised they are not.
local function lower(name, shift, to, errno, reason)
	local first <const> = vcpu:reg(name)
	if field(first, shift) ~= to then
		expect_errno(errno, vcpu.reg, vcpu, name, field(first, shift, to), reason)
		vcpu:reg(name, first)
	end
end
lower("ID_AA64ISAR0_EL1", 4, 0, "OK", "a guest can do without AES")
lower("ID_AA64ISAR0_EL1", 4, 15, "EINVAL", "no host has more AES than it has")
lower("ID_AA64ISAR0_EL1", 20, 0, "OK", "a guest can do without atomics")
lower("ID_AA64DFR0_EL1", 0, 5, "EINVAL", "less than Armv8's debug is none")
lower("ID_AA64PFR0_EL1", 16, 15, "EINVAL", "a guest has floating point if the host has")
if host.at_least("7.2") then
	lower("ID_AA64PFR0_EL1", 0, 0, "EINVAL", "a guest of 64 bits has EL0 of 64 bits")
	lower("ID_AA64PFR0_EL1", 4, 0, "EINVAL", "a guest of 64 bits has EL1 of 64 bits")
end
