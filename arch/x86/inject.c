/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of our own 8259 pair, given to the first vCPU by hand: KVM says by
 * ready_for_interrupt_injection that it can take one, KVM_INTERRUPT gives it,
 * request_interrupt_window asks to be told when it can. Also what a HLT means
 * where KVM has no local APIC to wait with.
 *
 * Documentation/virt/kvm/api.rst 4.16 (KVM_INTERRUPT) and 5 (struct kvm_run).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "arch.h"
#include "msg.h"
#include "arch/x86/kvm_x86.h"
#include "arch/x86/x86.h"
#include "devices/pic.h"

void x86_intr_changed(struct vm *vm, bool level)
{
	struct vcpu *bsp = &vm->vcpus[0];

	atomic_store(&vm->arch->intr, level);
	/* Its own thread looks at the flag before it enters the guest again. */
	if (level && !(atomic_load(&bsp->running) && pthread_equal(pthread_self(), bsp->thread)))
		vcpu_kick(bsp);
}

/*
 * Sleeps until the PIC raises INT or somebody kicks the vCPU. The signal of a
 * kick is blocked but for the sleep itself, so one that comes between the look
 * and the sleep ends it at once.
 */
static void sleep_halted(struct vcpu *vcpu)
{
	sigset_t kick, old;

	sigemptyset(&kick);
	sigaddset(&kick, VCPU_KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, &old);
	while (!atomic_load(&vcpu->vm->arch->intr) && !atomic_load(&vcpu->vm->ending) &&
	       !__atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_SEQ_CST))
		sigsuspend(&old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Gives @vcpu->arch->extint to KVM; keeps it if there is no room yet. */
static void inject(struct vcpu *vcpu)
{
	struct kvm_interrupt irq = {.irq = vcpu->arch->extint};
	int r = kvm_try(vcpu->fd, KVM_INTERRUPT, (uintptr_t)&irq);

	/* With a split irqchip, while the one before has not been delivered. */
	if (r == -EEXIST)
		return;
	vcpu->arch->extint = -1;
	if (r < 0) {
		msg_error("KVM_INTERRUPT failed: %s (%s)", errno_name(r), strerror(-r));
		vm_end(vcpu->vm, OUTCOME_HOST, 0);
	}
}

void x86_serve_pic(struct vcpu *vcpu)
{
	struct arch_vm *arch_vm = vcpu->vm->arch;
	struct arch_vcpu *arch = vcpu->arch;
	struct kvm_run *run = vcpu->run;

	if (arch->halted) {
		sleep_halted(vcpu);
		if (!atomic_load(&arch_vm->intr)) {
			/* Still halted: this KVM_RUN only serves to take note of the kick. */
			run->immediate_exit = 1;
			return;
		}
		arch->halted = false;
	}
	if (run->ready_for_interrupt_injection) {
		if (arch->extint < 0 && atomic_load(&arch_vm->intr))
			arch->extint = pic_acknowledge(arch_vm->pic);
		if (arch->extint >= 0)
			inject(vcpu);
		/* KVM says anew when it has run. */
		run->ready_for_interrupt_injection = 0;
	}
	run->request_interrupt_window = arch->extint >= 0 || atomic_load(&arch_vm->intr);
}

int x86_hlt_exit(struct vcpu *vcpu)
{
	if (!vcpu->run->if_flag) {
		msg_error("vCPU %u: HLT with interrupts off, and no local APIC to get an NMI from: "
			  "it can never go on",
			  vcpu->index);
		arch_vcpu_dump(vcpu, stderr);
		vm_end(vcpu->vm, OUTCOME_CRASH, 0);
		return 0;
	}
	vcpu->arch->halted = true;
	return 0;
}
