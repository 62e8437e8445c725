-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/nested-pmu", arch = "arm64", needs = {cap.ARM_EL2, cap.ARM_PMU_V3}, timeout = 60,
	title = "A hypervisor at EL2 and its guest share a PMU: whose counters, what turns them on, which level they count, whose interrupt",
	seen_failing = "arm64-7.2-nested, whose software increments of EL2's counters go by PMCR_EL0.E; fails with HPMN, HPME and TPM left out of nested-pmu.c",
}

local vm = kvm.vm()
local vcpu = vm:vcpu(0, {features = {KVM_ARM_VCPU_HAS_EL2, KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_PSCI_0_2}})
local _, args = vm:gic()
vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, 23)
vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT)
local counters <const> = vcpu:reg("PMCR_EL0") >> 11 & 0x1f
vm:boot(program "nested-pmu.c", {memory = 4 << 20, args = args, vcpu = vcpu})
local mdcr <const> = vcpu:hear("mdcr", "the hypervisor begins")
expect_eq(mdcr & 0x1f, counters, "at first its guest may have all counters (MDCR_EL2.HPMN)")
vcpu:finish("the hypervisor is done")
