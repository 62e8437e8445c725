/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exits that only x86 has; the common ones are in vmm/machine/vcpu.c. An
 * exit that is not in the table is one that kvmbed never asks KVM for (TPR
 * access reporting, Hyper-V, Xen, bus lock, notify, guest debug, ...): it is
 * reported by name with the registers, and ends the VM.
 */
#include <errno.h>

#include "arch.h"
#include "arch/x86/x86.h"

static int go_on(struct vcpu *vcpu)
{
	return 0;
}

static int exit_ioapic_eoi(struct vcpu *vcpu)
{
	x86_irqchip_eoi(vcpu->vm, vcpu->run->eoi.vector);
	return 0;
}

static int (*const handlers[])(struct vcpu *vcpu) = {
	[KVM_EXIT_HLT] = x86_hlt_exit,
	/* What was waited for is done before the next KVM_RUN, by x86_serve_pic(). */
	[KVM_EXIT_IRQ_WINDOW_OPEN] = go_on,
	/* CR8 went down without a local APIC in KVM: 8259 interrupts do not depend on it. */
	[KVM_EXIT_SET_TPR] = go_on,
	[KVM_EXIT_IOAPIC_EOI] = exit_ioapic_eoi,
	[KVM_EXIT_X86_RDMSR] = x86_msr_exit,
	[KVM_EXIT_X86_WRMSR] = x86_msr_exit,
};

int arch_vcpu_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->run->exit_reason;

	if (reason >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[reason])
		return -ENOSYS;
	return handlers[reason](vcpu);
}

int arch_vcpu_run_failed(struct vcpu *vcpu, int err)
{
	/* A guest cannot make KVM_RUN fail on x86: what KVM cannot do for it is an exit. */
	return -ENOSYS;
}

unsigned int arch_shutdown_code(const struct kvm_run *run)
{
	/* KVM_SYSTEM_EVENT_SHUTDOWN carries no verdict on x86. */
	return 0;
}
