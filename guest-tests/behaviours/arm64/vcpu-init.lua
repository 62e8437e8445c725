-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/vcpu-init", arch = "arm64",
	title = "KVM_ARM_VCPU_INIT: targets and features, which errno each wrong one gives, and that what failed has left nothing behind",
	seen_failing = "arm64-5.10 and arm64-6.1, where features of a refused one stay; asked for what 5.10 gives, arm64-6.12 fails 3 of 69 expectations",
}

-- Features of a vCPU and what the host must have for them. PSCI's is not one that can be missing.
local NEEDS <const> = {
	[KVM_ARM_VCPU_EL1_32BIT] = "cap:ARM_EL1_32BIT",
	[KVM_ARM_VCPU_PMU_V3] = "cap:ARM_PMU_V3",
	[KVM_ARM_VCPU_SVE] = "cap:ARM_SVE",
	[KVM_ARM_VCPU_HAS_EL2] = "cap:ARM_EL2",
}
local ONE_OF_TWO <const> = {[KVM_ARM_VCPU_PTRAUTH_ADDRESS] = true, [KVM_ARM_VCPU_PTRAUTH_GENERIC] = true}
-- How many there are: since 6.16 two more, for nested virtualization.
local KNOWN <const> = host.at_least("6.16") and 9 or 7

local function init(errno, vcpu, features, reason)
	expect_errno(errno, vcpu.init, vcpu, features, reason)
end
local function bare()
	return kvm.vm():vcpu(0, {bare = true})
end

-- ---- targets ----

local vcpu = bare()
local target <const> = vcpu.vm:arm_preferred_target().target
for _, other in ipairs {target + 1, 100, 0xffffffff} do
	expect_errno("EINVAL", vcpu.arm_vcpu_init, vcpu, {target = other}, "this host's processors are another target")
end
expect_errno("EFAULT", vcpu.arm_vcpu_init, vcpu, NULL, "there is nothing at NULL")
expect_errno("ENOEXEC", vcpu.get_one_reg, vcpu, {id = 0}, "none of these was an initialisation")
expect_ok(vcpu.arm_vcpu_init, vcpu, {target = target}, "this is the host's")

-- ---- one feature at a time ----

for bit = 0, 31 do
	vcpu = bare()
	if bit >= KNOWN then
		init("ENOENT", vcpu, {bit}, ("there is no feature %d"):format(bit))
	elseif ONE_OF_TWO[bit] then
		init("EINVAL", vcpu, {bit}, "addresses and generic keys come together")
	elseif bit == KVM_ARM_VCPU_HAS_EL2_E2H0 then
		-- Without HAS_EL2 it has no meaning, and KVM does not mind.
		init("OK", vcpu, {bit}, "it says something of EL2, which the vCPU has not")
	else
		local missing = NEEDS[bit] and not host.has(NEEDS[bit])
		init(missing and "EINVAL" or "OK", vcpu, {bit}, missing and "this host has not got it" or "this host has it")
	end
end
for word = 1, 6 do
	init("ENOENT", bare(), {32 * word + 1}, "no feature is so far up")
end
if host.has "cap:ARM_EL1_32BIT" and host.has "cap:ARM_EL2" then
	init("EINVAL", bare(), {KVM_ARM_VCPU_EL1_32BIT, KVM_ARM_VCPU_HAS_EL2}, "EL2 is for 64 bits")
end

-- ---- again ----

vcpu = bare()
init("OK", vcpu, {KVM_ARM_VCPU_PSCI_0_2}, "it can be done")
for _ = 1, 3 do
	init("OK", vcpu, {KVM_ARM_VCPU_PSCI_0_2}, "it can be done again")
	init("EINVAL", vcpu, {}, "but not with fewer features")
	init("ENOENT", vcpu, {KVM_ARM_VCPU_PSCI_0_2, 31}, "there is no such feature")
end
-- POWER_OFF is of the moment: since 6.8 no part of the set that must stay.
local stays <const> = not host.at_least("6.12")
init(stays and "EINVAL" or "OK", vcpu, {KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF}, "how a vCPU begins is no feature of it")
expect_eq(vcpu:get_mp_state().mp_state, stays and KVM_MP_STATE_RUNNABLE or KVM_MP_STATE_STOPPED, "it begins as it was last told")
vcpu:init {KVM_ARM_VCPU_PSCI_0_2}
expect_eq(vcpu:get_mp_state().mp_state, KVM_MP_STATE_RUNNABLE, "it begins as it was last told")

-- Registers come back reset.
for _, name in ipairs {"X0", "X30", "PC", "SCTLR_EL1", "VBAR_EL1"} do
	local first = vcpu:reg(name)
	vcpu:reg(name, 0x1000)
	vcpu:init {KVM_ARM_VCPU_PSCI_0_2}
	expect_eq(("0x%x"):format(vcpu:reg(name)), ("0x%x"):format(first), name .. " is as it was at first")
end

-- ---- several vCPUs ----

-- Since 6.6 the features are the VM's.
vcpu = bare()
vcpu:init {KVM_ARM_VCPU_PSCI_0_2}
local other = vcpu.vm:vcpu(1, {bare = true})
init(host.at_least("6.12") and "EINVAL" or "OK", other, {}, "before 6.6 each vCPU had features of its own")
if host.at_least("6.12") then
	init("OK", other, {KVM_ARM_VCPU_PSCI_0_2}, "the same for all")
end
if host.has "cap:ARM_EL1_32BIT" then
	vcpu = bare()
	vcpu:init {KVM_ARM_VCPU_EL1_32BIT}
	init("EINVAL", vcpu.vm:vcpu(1, {bare = true}), {}, "a VM has one width of registers")
end

-- ---- what failed leaves nothing behind ----

local KEPT <const> = "a vCPU has the features of the KVM_ARM_VCPU_INIT that succeeded"
vcpu = bare()
init("ENOENT", vcpu, {KVM_ARM_VCPU_PSCI_0_2, 31}, "there is no feature 31")
init("OK", vcpu, {}, "the next one may be another")
init("OK", vcpu, {}, KEPT)
if host.has "cap:ARM_PMU_V3" then
	vcpu = bare()
	init("ENOENT", vcpu, {KVM_ARM_VCPU_PMU_V3, 31}, "there is no feature 31")
	init("OK", vcpu, {}, "the next one may be another")
	expect(not vcpu:has_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT), KEPT)
end
