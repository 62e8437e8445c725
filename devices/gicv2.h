/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm Generic Interrupt Controller, architecture version 2 (Arm IHI 0048B),
 * without the Security and Virtualization Extensions: a distributor and a CPU
 * interface for each processor.
 *
 * Threads: everything may be called from any thread. Output lines, and the
 * callback that tells the accessing CPU, are called with the controller's lock
 * held.
 */
#ifndef KVMBED_DEVICES_GICV2_H
#define KVMBED_DEVICES_GICV2_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "irq.h"

#define GICV2_MAX_CPUS 8u
#define GICV2_MIN_IRQS 32u
#define GICV2_MAX_IRQS 1020u
/* Interrupt ids: 0 to 15 SGIs, 16 to 31 PPIs (both of each CPU), 32 and up SPIs. */
#define GICV2_FIRST_PPI 16u
#define GICV2_FIRST_SPI 32u
/* Priorities have this many bits, from bit 7 down. */
#define GICV2_PRIORITY_BITS 5u

/* The distributor's registers, in bytes from its base (table 4-1). */
#define GICD_CTLR	0x000u
#define GICD_TYPER	0x004u
#define GICD_IIDR	0x008u
#define GICD_IGROUPR	0x080u /* + 4 * (id / 32), as the next six */
#define GICD_ISENABLER	0x100u
#define GICD_ICENABLER	0x180u
#define GICD_ISPENDR	0x200u
#define GICD_ICPENDR	0x280u
#define GICD_ISACTIVER	0x300u
#define GICD_ICACTIVER	0x380u
#define GICD_IPRIORITYR 0x400u /* + id */
#define GICD_ITARGETSR	0x800u /* + id */
#define GICD_ICFGR	0xc00u /* + 4 * (id / 16) */
#define GICD_SGIR	0xf00u
#define GICD_CPENDSGIR	0xf10u /* + id */
#define GICD_SPENDSGIR	0xf20u /* + id */
#define GICD_ICPIDR2	0xfe8u
#define GICD_SIZE	0x1000u

/* A CPU interface's registers (table 4-2). */
#define GICC_CTLR   0x0000u
#define GICC_PMR    0x0004u
#define GICC_BPR    0x0008u
#define GICC_IAR    0x000cu
#define GICC_EOIR   0x0010u
#define GICC_RPR    0x0014u
#define GICC_HPPIR  0x0018u
#define GICC_ABPR   0x001cu
#define GICC_AIAR   0x0020u
#define GICC_AEOIR  0x0024u
#define GICC_AHPPIR 0x0028u
#define GICC_APR    0x00d0u
#define GICC_NSAPR  0x00e0u
#define GICC_IIDR   0x00fcu
#define GICC_DIR    0x1000u
#define GICC_SIZE   0x2000u

/* GICD_CTLR, and the same bits of GICC_CTLR. */
#define GIC_ENABLE_GRP0 (1u << 0)
#define GIC_ENABLE_GRP1 (1u << 1)
/* GICC_CTLR. */
#define GICC_CTLR_ACKCTL  (1u << 2)
#define GICC_CTLR_FIQEN	  (1u << 3)
#define GICC_CTLR_CBPR	  (1u << 4)
#define GICC_CTLR_EOIMODE (1u << 9)
/* What GICC_IAR and its like say instead of an interrupt. */
#define GIC_GROUP1   1022u
#define GIC_SPURIOUS 1023u

struct gicv2;

struct gicv2_config {
	unsigned int nr_cpus; /* 1 to GICV2_MAX_CPUS */
	unsigned int nr_irqs; /* ids 0 to nr_irqs - 1; GICV2_MIN_IRQS to GICV2_MAX_IRQS */
	/* nr_cpus of each, copied: the processors' IRQ and FIQ inputs. */
	const struct irq_line *irq, *fiq;
	/*
	 * The CPU, from 0, whose access is being handled: both frames have
	 * registers that each CPU sees its own copy of. Called on the thread
	 * of the access. What a number out of range accesses is not there.
	 */
	unsigned int (*accessor)(void *ctx);
	void *ctx;
};

extern const struct bus_ops gicv2_dist_ops, gicv2_cpu_ops; /* their device is the struct gicv2 */

/* As after a reset, all inputs low. NULL with errno EINVAL or ENOMEM. */
struct gicv2 *gicv2_create(const struct gicv2_config *config);
void gicv2_destroy(struct gicv2 *gic);
/* Adds GICD_SIZE bytes at @dist and GICC_SIZE at @cpu; errors are bus_add()'s. */
int gicv2_attach(struct gicv2 *gic, struct bus *bus, uint64_t dist, uint64_t cpu);

/* The number of an input: an SPI's is its id, a PPI's says whose it is. */
#define GICV2_PPI(cpu, id) ((cpu) << 10 | (id))

/*
 * The wire of an input changes or stays, active high; what is no input is
 * ignored. Has the type of irq_line.set.
 */
void gicv2_set_irq(void *opaque, unsigned int input, bool level);
/* The same as a line to give to a device. */
struct irq_line gicv2_input(struct gicv2 *gic, unsigned int input);

/* Accesses of a width that the specification does not allow, or misaligned; a count since creation. */
unsigned int gicv2_odd_accesses(struct gicv2 *gic);

#endif
