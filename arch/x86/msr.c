/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses to model-specific registers that KVM hands to us (--msr-exits): told,
 * and answered with the #GP that the guest would have got without the option.
 * Documentation/virt/kvm/api.rst 7.21 (KVM_CAP_X86_USER_SPACE_MSR).
 */
#include <inttypes.h>

#include "msg.h"
#include "arch/x86/x86.h"

#define MOST_LOGGED 100

static const char *reason_name(uint32_t reason)
{
	switch (reason) {
	case KVM_MSR_EXIT_REASON_INVAL:
		return "KVM finds the value or state invalid";
	case KVM_MSR_EXIT_REASON_UNKNOWN:
		return "KVM does not know it";
	case KVM_MSR_EXIT_REASON_FILTER:
		return "a filter denies it";
	}
	return "for a reason without a name";
}

int x86_msr_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned int nth = atomic_fetch_add(&vcpu->vm->arch->msr_exits_logged, 1);

	if (nth < MOST_LOGGED) {
		if (run->exit_reason == KVM_EXIT_X86_WRMSR)
			msg_warn("vCPU %u: WRMSR 0x%x = 0x%" PRIx64 ": #GP, %s", vcpu->index,
				 run->msr.index, (uint64_t)run->msr.data,
				 reason_name(run->msr.reason));
		else
			msg_warn("vCPU %u: RDMSR 0x%x: #GP, %s", vcpu->index, run->msr.index,
				 reason_name(run->msr.reason));
	} else if (nth == MOST_LOGGED) {
		msg_warn("more such MSR accesses are not told");
	}
	/* What the CPU does with an MSR that it does not have. */
	run->msr.error = 1;
	return 0;
}
