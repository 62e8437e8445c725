/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exits that only RISC-V has, and what a shutdown says of the guest. */
#include <errno.h>
#include <sys/random.h>

#include "arch.h"
#include "arch/riscv/riscv.h"
#include "msg.h"

/* The entropy source of the Zkr extension (RISC-V Cryptography Extensions Volume I, "The seed CSR"). */
#define CSR_SEED  0x015u
#define SEED_ES16 (2ul << 30) /* 16 bits of entropy are there */
#define SEED_WAIT (1ul << 30) /* none now: try again */

static uint64_t read_seed(void)
{
	uint16_t entropy;

	if (getrandom(&entropy, sizeof(entropy), GRND_NONBLOCK) != sizeof(entropy))
		return SEED_WAIT;
	return SEED_ES16 | entropy;
}

/*
 * A CSR that KVM leaves to user space: its next KVM_RUN writes ret_value into
 * the destination register and goes on behind the instruction. Kernels up to
 * 7.2 do so for seed alone.
 */
static int exit_csr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned long csr = run->riscv_csr.csr_num;
	bool last;

	if (csr == CSR_SEED) {
		run->riscv_csr.ret_value = read_seed();
		return 0;
	}
	if (msg_ratelimit(&vcpu->vm->arch->refused_csrs, 16, &last))
		msg_warn(
			"vCPU %u: the guest used CSR 0x%lx, which KVM leaves to user space and kvmbed does not have: an illegal instruction for the guest%s",
			vcpu->index, csr, last ? "; further ones are not told" : "");
	if (trap_inject(vcpu, CAUSE_ILLEGAL, 0))
		return -ENOSYS;
	/* The instruction is not completed: KVM_RUN goes by the exit reason that it finds. */
	run->exit_reason = KVM_EXIT_UNKNOWN;
	return 0;
}

/* With aia:hwaccel each running vCPU takes a guest interrupt file of its host CPU, and there are few. */
static void explain_fail_entry(const struct vcpu *vcpu)
{
	if (vcpu->run->fail_entry.hardware_entry_failure_reason == KVM_EXIT_FAIL_ENTRY_NO_VSFILE)
		msg_error(
			"vCPU %u: this host has no guest interrupt file left for it: use fewer --cpus, or --irqchip aia:auto",
			vcpu->index);
}

int arch_vcpu_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_FAIL_ENTRY:
		explain_fail_entry(vcpu);
		return -ENOSYS;
	case KVM_EXIT_RISCV_SBI:
		sbi_call(vcpu);
		return 0;
	case KVM_EXIT_RISCV_CSR:
		return exit_csr(vcpu);
	}
	return -ENOSYS;
}

/* SRST's reset reason: 0 is none, 1 a system failure, others are a platform's own and no better. */
unsigned int arch_shutdown_code(const struct kvm_run *run)
{
	return run->system_event.ndata > 0 && run->system_event.data[0] != 0;
}
