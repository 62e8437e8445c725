/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of arch/arm64/ share: options, the state of a VM and of a
 * vCPU, and who does which part of vmm/core/arch.h.
 *
 *	options.c  the command line's arm64 options
 *	vm.c       VM type, capabilities, memory, the end
 *	vcpu.c     KVM_ARM_VCPU_INIT, exits, the PMU
 *	regs.c     one-reg access, first registers, the dump for people
 *	gic.c      the in-kernel GIC, interrupt lines, MSIs
 *	gic_user.c the GIC outside the kernel
 *	board.c    which devices where (board.h has the memory map)
 *	image.c    which images, and where
 *	boot.c     device tree, initrd, start of the guest
 */
#ifndef KVMBED_ARCH_ARM64_H
#define KVMBED_ARCH_ARM64_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "vm.h"

struct dtb;
struct gicv2;

enum irqchip {
	IRQCHIP_BEST, /* the best that the host has; never in struct arch_vm */
	IRQCHIP_NONE,
	IRQCHIP_GICV2,
	IRQCHIP_GICV3,
	IRQCHIP_GICV3_ITS,
	IRQCHIP_GICV2_USER, /* ours, outside the kernel */
};

enum choice { CHOICE_DEFAULT, CHOICE_YES, CHOICE_NO };

struct arch_config {
	enum irqchip irqchip;
	unsigned int ipa_bits; /* 0: enough, and 40 if the host has them */
	enum choice ptrauth;   /* default: if the host has it */
	bool pmu;
	bool sve;
	unsigned int sve_max_bits; /* 0: all vector lengths of the host */
	bool el2;
	bool aarch32;
	bool mte;
};

struct board; /* board.c */

struct arch_vm {
	enum irqchip irqchip;
	int gic_fd, its_fd;	   /* -1 if there is none */
	struct gicv2 *gic;	   /* NULL but with IRQCHIP_GICV2_USER */
	struct kvm_vcpu_init init; /* of vCPU 0; the others begin powered off */
	struct board *board;
	unsigned int aborts; /* accesses without a syndrome, answered with an abort */
};

struct arch_vcpu {
	uint64_t mpidr; /* affinity fields only */
	/* gic_user.c: kvm_run's, as last passed on; the GIC's outputs, a bit each, and what of them KVM knows. */
	uint64_t device_levels;
	atomic_uint lines;
	unsigned int given_lines;
};

/*
 * Checks that the host has capability @cap; if not, reports what @option wanted
 * and which capability is missing, and returns -ENOTSUP. @fd is /dev/kvm or a VM.
 */
int arm64_need_cap(int fd, unsigned int cap, const char *option);

/*
 * options.c: is this a machine that some host can make? -EINVAL, reported, if
 * not. And the bits that an address of the last byte of RAM has.
 */
int arm64_check_config(const struct config *config);
unsigned int arm64_ram_bits(const struct config *config);

/* regs.c */
int arm64_get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value);
int arm64_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value);

/* What the guest finds in its registers when it starts. */
struct arm64_start {
	uint64_t entry; /* gpa; bit 0 is the Thumb state for an AArch32 guest */
	uint64_t dtb;	/* gpa */
};
int arm64_set_start(struct vcpu *vcpu, const struct arm64_start *start);

/* vcpu.c: the interrupt and the start of each vCPU's PMU, once the GIC is initialised. */
int arm64_pmu_init(struct vm *vm);

/* gic.c */
int gic_choose(struct vm *vm);
/* The line of shared interrupt @spi (from 0: INTID - 32); not connected without a GIC. */
struct irq_line gic_spi(struct vm *vm, unsigned int spi);
/* The controller's node, with the ITS in it. Not for IRQCHIP_NONE. */
void gic_tree(struct vm *vm, struct dtb *t, uint32_t phandle);
/* The flags cell of a private interrupt's specifier. */
uint32_t gic_ppi_flags(const struct vm *vm, uint32_t trigger);

/* Is it a GICv2, in the kernel or not? */
bool gic_is_v2(const struct vm *vm);

/* gic_user.c: makes vm->arch->gic and connects it; all vCPUs exist. */
int gic_user_init(struct vm *vm);

/* board.c: the devices' nodes; the path of the console's for /chosen. */
void board_tree(struct vm *vm, struct dtb *t);
const char *board_stdout_path(const struct vm *vm);
void board_destroy(struct board *board);

#endif
