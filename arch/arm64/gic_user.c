/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GIC outside the kernel: this project's GICv2 (devices/gicv2.c) between
 * what KVM still emulates and what it still injects. Linux:
 * Documentation/virt/kvm/api.rst, KVM_IRQ_LINE and KVM_CAP_ARM_USER_IRQ.
 *
 *   devices' lines ------------------------+
 *   kvm_run's device_irq_level (timers,    +--> GICv2 --> KVM_IRQ_LINE, type CPU:
 *   PMU), looked at after each KVM_RUN ----+              IRQ and FIQ of a vCPU
 *
 * KVM leaves KVM_RUN when a level has changed, both up and down, at the latest
 * at the next exit; so a level is known before the guest's access to the GIC
 * that comes after the change is answered.
 *
 * A vCPU's KVM_IRQ_LINE is called on its own thread, between two KVM_RUN: the
 * ioctl sets a bit of hcr_el2, which kvm_arch_vcpu_load() changes by a plain
 * read and write (Linux 5.10 to 7.2), so that a line set meanwhile by another
 * thread is lost now and then. Other threads say what they want and kick.
 */
#include <errno.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "devices/gicv2.h"

/* A GIC output, on any thread: what the vCPU's own one has to tell KVM. */
static void set_cpu_line(void *ctx, unsigned int n, bool level)
{
	struct vcpu *vcpu = ctx;

	if (level)
		atomic_fetch_or(&vcpu->arch->lines, 1u << n);
	else
		atomic_fetch_and(&vcpu->arch->lines, ~(1u << n));
	/* Out of the guest, or out of WFI. */
	if (vcpu != vcpu_self)
		vcpu_kick(vcpu);
}

/* Before each KVM_RUN. A line that changes after the look comes with a kick, which that KVM_RUN sees. */
static void give_lines(struct vcpu *vcpu)
{
	unsigned int lines = atomic_load(&vcpu->arch->lines);
	unsigned int changed = lines ^ vcpu->arch->given_lines;

	vcpu->arch->given_lines = lines;
	for (; changed; changed &= changed - 1) {
		unsigned int n = (unsigned int)__builtin_ctz(changed);
		struct kvm_irq_level line = {
			.irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT |
			       vcpu->index << KVM_ARM_IRQ_VCPU_SHIFT | n,
			.level = lines >> n & 1,
		};

		/* A lost interrupt would hang the guest later, for no reason that shows. */
		if (kvm_irq_line(vcpu->vm->fd, &line) < 0)
			vm_end(vcpu->vm, OUTCOME_HOST, 0);
	}
}

/* After each KVM_RUN, before its exit is handled: the lines of KVM's own devices. */
static void take_levels(struct vcpu *vcpu)
{
	static const struct {
		uint64_t bit;
		unsigned int ppi;
	} lines[] = {
		{KVM_ARM_DEV_EL1_VTIMER, PPI_TIMER_VIRT},
		{KVM_ARM_DEV_EL1_PTIMER, PPI_TIMER_PHYS},
		{KVM_ARM_DEV_PMU, PPI_PMU},
	};
	uint64_t levels = vcpu->run->s.regs.device_irq_level;
	uint64_t changed = levels ^ vcpu->arch->device_levels;

	if (!changed)
		return;
	vcpu->arch->device_levels = levels;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (changed & lines[i].bit)
			gicv2_set_irq(vcpu->vm->arch->gic,
				      GICV2_PPI(vcpu->index, GICV2_FIRST_PPI + lines[i].ppi),
				      levels & lines[i].bit);
	}
}

/* Both frames are reached by exits of vCPUs only, on the vCPU's own thread. */
static unsigned int accessing_cpu(void *ctx)
{
	return vcpu_self ? vcpu_self->index : GICV2_MAX_CPUS;
}

int gic_user_init(struct vm *vm)
{
	struct irq_line irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
	const struct gicv2_config config = {
		.nr_cpus = vm->nr_vcpus,
		.nr_irqs = GIC_NR_IRQS,
		.irq = irq,
		.fiq = fiq,
		.accessor = accessing_cpu,
	};

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		irq[i] = (struct irq_line){set_cpu_line, vcpu, KVM_ARM_IRQ_CPU_IRQ};
		fiq[i] = (struct irq_line){set_cpu_line, vcpu, KVM_ARM_IRQ_CPU_FIQ};
		vcpu->prepare = give_lines;
		vcpu->ran = take_levels;
	}
	vm->arch->gic = gicv2_create(&config);
	if (!vm->arch->gic)
		return -errno;
	return gicv2_attach(vm->arch->gic, &vm->mmio, GIC_DIST_BASE, GICV2_CPU_BASE);
}
