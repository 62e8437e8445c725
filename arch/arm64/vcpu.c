/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An arm64 vCPU: its features, its exits, its PMU. Linux: Documentation/virt/kvm/devices/vcpu.rst. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "msg.h"

#define MPIDR_EL1	ARM64_SYS_REG(3, 0, 0, 0, 5)
#define MPIDR_AFFINITY	0xff00ffffffull /* Aff3, Aff2, Aff1, Aff0 */
#define ABORTS_REPORTED 10u

/* Vector lengths up to --sve-max-vl, of those that the host has, then the point of no return. */
static int finalize_sve(struct vcpu *vcpu)
{
	unsigned int max_vq = vcpu->vm->config->arch->sve_max_bits / 128;
	uint64_t vls[KVM_ARM64_SVE_VLS_WORDS];
	struct kvm_one_reg reg = {.id = KVM_REG_ARM64_SVE_VLS, .addr = (uintptr_t)vls};
	int feature = KVM_ARM_VCPU_SVE;
	int r;

	if (max_vq) {
		r = kvm_get_one_reg(vcpu->fd, &reg);
		if (r)
			return r;
		/* Bit n of the set is a vector of n + 1 quadwords. */
		for (unsigned int bit = max_vq; bit < KVM_ARM64_SVE_VLS_WORDS * 64; bit++)
			vls[bit / 64] &= ~(1ull << bit % 64);
		r = kvm_set_one_reg(vcpu->fd, &reg);
		if (r)
			return r;
	}
	return kvm_do(vcpu->fd, KVM_ARM_VCPU_FINALIZE, (uintptr_t)&feature);
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	struct kvm_vcpu_init init = vcpu->vm->arch->init;
	uint64_t mpidr;
	int r;

	vcpu->arch = calloc(1, sizeof(*vcpu->arch));
	if (!vcpu->arch)
		return -ENOMEM;
	/* The others wait for the guest's PSCI CPU_ON. */
	if (vcpu->index)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	r = kvm_do(vcpu->fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init);
	if (r < 0)
		return r;
	if (vcpu->vm->config->arch->sve) {
		r = finalize_sve(vcpu);
		if (r < 0)
			return r;
	}
	r = arm64_get_reg(vcpu, MPIDR_EL1, &mpidr);
	if (r)
		return r;
	vcpu->arch->mpidr = mpidr & MPIDR_AFFINITY;
	return 0;
}

static int pmu_attr(struct vcpu *vcpu, uint64_t attr, void *value)
{
	struct kvm_device_attr a = {
		.group = KVM_ARM_VCPU_PMU_V3_CTRL,
		.attr = attr,
		.addr = (uintptr_t)value,
	};

	return kvm_set_device_attr(vcpu->fd, &a);
}

int arm64_pmu_init(struct vm *vm)
{
	int intid = 16 + PPI_PMU;

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		int r = 0;

		/* Without a GIC in the kernel there is nothing to connect the PMU to there; it counts all the same. */
		if (vm->arch->gic_fd >= 0)
			r = pmu_attr(&vm->vcpus[i], KVM_ARM_VCPU_PMU_V3_IRQ, &intid);
		if (!r)
			r = pmu_attr(&vm->vcpus[i], KVM_ARM_VCPU_PMU_V3_INIT, NULL);
		if (r)
			return r;
	}
	return 0;
}

/*
 * An access to an address without memory by an instruction that hardware does
 * not describe (a pair of registers, a write-back, LD64B): nothing here decodes
 * instructions, so it ends as it would on a bus that answers with an error.
 * The guest may live on.
 */
static int exit_undecoded(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	struct kvm_vcpu_events events = {.exception.ext_dabt_pending = 1};
	bool last;

	if (msg_ratelimit(&vcpu->vm->arch->aborts, ABORTS_REPORTED, &last))
		msg_warn("vCPU %u: access to 0x%" PRIx64 ", where there is no memory, by an "
			 "instruction that cannot be emulated (ESR.ISS 0x%" PRIx64
			 "): external abort%s",
			 vcpu->index, (uint64_t)run->arm_nisv.fault_ipa,
			 (uint64_t)run->arm_nisv.esr_iss,
			 last ? "; more will not be reported" : "");
	return kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, (uintptr_t)&events);
}

int arch_vcpu_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_ARM_NISV:
	case KVM_EXIT_ARM_LDST64B:
		return exit_undecoded(vcpu);
	}
	return -ENOSYS;
}

int arch_vcpu_run_failed(struct vcpu *vcpu, int err)
{
	return -ENOSYS;
}

unsigned int arch_shutdown_code(const struct kvm_run *run)
{
	/* PSCI SYSTEM_OFF has no argument. */
	return 0;
}
