-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/nested", arch = "arm64", timeout = 60,
	title = "A guest at EL2 runs a guest of its own and takes its exits; where there is no EL2 for guests, KVM_ARM_VCPU_INIT says so",
	seen_failing = "fails with the hypervisor's traps, its TLB maintenance or the right page left out of nested.c, arm64-7.2-nested; elsewhere " ..
		"EL2 is absent. All of TLBI VMALLS12E1 at once keeps 7.2 in the kernel for more than a minute there",
}

local EL2 <const>, E2H0 <const> = KVM_ARM_VCPU_HAS_EL2, KVM_ARM_VCPU_HAS_EL2_E2H0

local function init(errno, features, reason)
	local vcpu = kvm.vm():vcpu(0, {bare = true})
	expect_errno(errno, vcpu.init, vcpu, features, reason)
	return vcpu
end

if not host.has "cap:ARM_EL2" then
	-- 6.16 has the features' names; those before it refuse what they do not know.
	local errno <const> = host.at_least("6.16") and "EINVAL" or "ENOENT"
	init(errno, {EL2}, "this host has no EL2 for guests")
	init(errno, {EL2, E2H0}, "this host has no EL2 for guests")
	expect_eq(kvm.vm():check_extension(cap.ARM_EL2), 0, "and the capability says so")
	local vcpu = init("OK", {}, "a guest without EL2 can be made")
	expect_eq(vcpu:reg("PSTATE") & 0xf, 5, "it begins at EL1 with a stack pointer of its own")
	expect(not vcpu:reg_names().HCR_EL2, "and has no registers of it")
	return
end

-- ---- set-up ----

-- One VM for all: to take one away costs an emulated host seconds.
local PSCI <const> = KVM_ARM_VCPU_PSCI_0_2
local vcpu = init("OK", {EL2, PSCI}, "this host has EL2 for guests")
expect_errno("EINVAL", vcpu.init, vcpu, {PSCI}, "a vCPU keeps its features")
expect_errno("EINVAL", vcpu.init, vcpu, {EL2, E2H0, PSCI}, "a vCPU keeps its features")
expect_ok(vcpu.init, vcpu, {EL2, PSCI}, "the same again is a reset")
expect_eq(vcpu:reg("PSTATE") & 0xf, 9, "it begins at EL2 with a stack pointer of its own")
expect(vcpu:reg("ID_AA64PFR0_EL1") >> 8 & 0xf ~= 0, "it is told that there is an EL2")
for _, name in ipairs {"HCR_EL2", "VTTBR_EL2", "VTCR_EL2", "ELR_EL2", "SPSR_EL2", "ESR_EL2", "VBAR_EL2"} do
	expect(vcpu:reg_names()[name], "EL2's registers are there: " .. name)
end
if not host.has "cap:ARM_EL2_E2H0" then
	init("EINVAL", {EL2, E2H0}, "E2H0 has a capability of its own")
end
if host.has "cap:ARM_EL1_32BIT" then
	init("EINVAL", {EL2, KVM_ARM_VCPU_EL1_32BIT}, "EL2 is for 64 bits")
end

-- ---- a hypervisor and its guest ----

local vm = vcpu.vm
local _, args = vm:gic()
vm:boot(program "nested.c", {memory = 4 << 20, args = args, vcpu = vcpu})
local hcr = vcpu:hear("hcr", "the hypervisor begins")
expect_eq(hcr >> 34 & 1, 1, "E2H is set in its HCR_EL2")
expect_eq(("0x%x"):format(vcpu:reg("HCR_EL2")), ("0x%x"):format(hcr), "user space reads the same")
local hole <const> = vcpu:hear("device", "the hypervisor's own tests are done, up to devices")
local exit = vcpu:run("KVM_EXIT_MMIO", "L2 stores to its device")
expect_eq(exit.mmio.phys_addr, hole + 4, "user space sees the hypervisor's address, not L2's")
expect_eq(vcpu:data(), 0x5555, "and what L2 stores")
expect_eq(vcpu:reg("PSTATE") & 0xf, 5, "L2 is at EL1")
exit = vcpu:run("KVM_EXIT_MMIO", "L2 loads from its device")
expect_eq(exit.mmio.phys_addr, hole + 8, "user space sees the hypervisor's address, not L2's")
vcpu:data(0xabcd)
vcpu:finish("the hypervisor is done")
