-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/pmu-absent", arch = "arm64",
	title = "On a host without a PMU vCPUs can be made and reset, none gets a PMU, and a guest's access to one is undefined",
	seen_failing = "asked of a host with a PMU, arm64-6.1, it fails 111 of 122 expectations; fails with --inject of EBADF into " ..
		"KVM_ARM_VCPU_INIT, KVM_SET_DEVICE_ATTR and each KVM_RUN, arm64-6.1-nopmu. Not seen with its fix reverted",
	fixes = "KVM: arm64: Don't access PMCR_EL0 when no PMU is available",
}

if host.has "cap:ARM_PMU_V3" then
	skip("this host has a PMU")
end

local vm = kvm.vm()
expect_eq(vm:check_extension(cap.ARM_PMU_V3), 0, "there is no PMU for a guest")
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0, {bare = true})
expect_errno("EINVAL", vcpu.init, vcpu, {KVM_ARM_VCPU_PMU_V3}, "there is no PMU for a guest")
for _ = 1, 100 do
	expect_ok(vcpu.init, vcpu, "a reset does without PMCR_EL0, and what failed has left nothing")
end
for _, attr in ipairs {KVM_ARM_VCPU_PMU_V3_IRQ, KVM_ARM_VCPU_PMU_V3_INIT, KVM_ARM_VCPU_PMU_V3_FILTER} do
	expect(not vcpu:has_attr(KVM_ARM_VCPU_PMU_V3_CTRL, attr), "the vCPU has no PMU")
	expect_errno("ENODEV", vcpu.set_attr, vcpu, KVM_ARM_VCPU_PMU_V3_CTRL, attr, 23, "the vCPU has no PMU")
end

-- Each access, then a store that tells it went well; the vector at 0x4200 tells of an exception, with its class, and goes on behind it.
ram:load(asm {
	at = 0x4200,
	arm64 = [[
			mrs x1, esr_el1
			lsr x1, x1, #26
			strb w1, [x0, #8]
			mrs x1, elr_el1
			add x1, x1, #4
			msr elr_el1, x1
			eret
	]],
})
local ACCESSES <const> = 6
vcpu:start(ram:load(asm {
	at = 0x1000,
	arm64 = [[
			mov x0, #0xd0000
			mov x1, #0x4000
			msr vbar_el1, x1
			isb
			mrs x2, pmcr_el0
			msr pmcr_el0, x2
			mrs x2, pmccntr_el0
			mrs x2, pmcntenset_el0
			mrs x2, pmintenset_el1
			mrs x2, pmuserenr_el0
			mrs x2, id_aa64dfr0_el1
			str x2, [x0]
	]],
}))
for n = 1, ACCESSES do
	local exit = vcpu:run("KVM_EXIT_MMIO", ("access %d ends in the guest's exception handler"):format(n))
	expect_eq(exit.mmio.phys_addr, 0xd0008, ("access %d is undefined"):format(n))
	expect_eq(vcpu:data(), 0, "the class of an undefined instruction is 0 (ESR_ELx.EC)")
end
local exit = vcpu:run("KVM_EXIT_MMIO", "the guest goes on")
expect_eq(exit.mmio.phys_addr, 0xd0000, "an ID register can be read")
expect_eq(vcpu:data() >> 8 & 0xf, 0, "it tells of no PMU (ID_AA64DFR0_EL1.PMUVer)")
