/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V platform-level interrupt controller: RISC-V PLIC Specification 1.0.0,
 * whose memory map is SiFive's.
 *
 * Threads: everything may be called from any thread. Output lines are called
 * with the controller's lock held.
 */
#ifndef KVMBED_DEVICES_PLIC_H
#define KVMBED_DEVICES_PLIC_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "irq.h"

#define PLIC_MAX_SOURCES  1023
#define PLIC_MAX_CONTEXTS 15872

/* The specification's memory map (chapter 3), in bytes from the base. */
#define PLIC_PRIORITY	    0x000000u /* + 4 * source */
#define PLIC_PENDING	    0x001000u /* + 4 * (source / 32) */
#define PLIC_ENABLE	    0x002000u /* + 0x80 * context + 4 * (source / 32) */
#define PLIC_ENABLE_STRIDE  0x80u
#define PLIC_CONTEXT	    0x200000u /* + 0x1000 * context */
#define PLIC_CONTEXT_STRIDE 0x1000u
#define PLIC_THRESHOLD	    0x0u /* inside a context's page */
#define PLIC_CLAIM	    0x4u

/* What a device tree's reg needs for this many contexts; at most 0x4000000. */
#define PLIC_SIZE(contexts) (PLIC_CONTEXT + (uint64_t)PLIC_CONTEXT_STRIDE * (contexts))

struct plic;

struct plic_config {
	unsigned int nr_sources;    /* ids 1 to nr_sources; 1 to PLIC_MAX_SOURCES (riscv,ndev) */
	unsigned int nr_contexts;   /* 1 to PLIC_MAX_CONTEXTS */
	unsigned int priority_bits; /* implemented in priorities and thresholds, 1 to 32 */
	const struct irq_line
		*outputs; /* nr_contexts of them, copied: each context's external interrupt */
	/*
	 * Bit n % 32 of word n / 32 set: source n has an edge gateway. Copied;
	 * nr_sources / 32 + 1 words. NULL: every source is level-triggered.
	 */
	const uint32_t *edge;
};

extern const struct bus_ops plic_ops; /* its device is the struct plic */

/* All registers zero, all inputs low. NULL with errno EINVAL or ENOMEM. */
struct plic *plic_create(const struct plic_config *config);
void plic_destroy(struct plic *plic);
/* Adds PLIC_SIZE(nr_contexts) bytes at @base; errors are bus_add()'s. */
int plic_attach(struct plic *plic, struct bus *bus, uint64_t base);

/*
 * The wire of a source changes or stays; unknown sources and 0 are ignored. Has
 * the type of irq_line.set.
 */
void plic_set_irq(void *opaque, unsigned int source, bool level);
/* The same as a line to give to a device. */
struct irq_line plic_input(struct plic *plic, unsigned int source);

/*
 * Guest accesses that the specification does not allow (not 32 bits wide or
 * misaligned); a count since creation.
 */
unsigned int plic_odd_accesses(struct plic *plic);

#endif
