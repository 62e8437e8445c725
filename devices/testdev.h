/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that exist to be tested with: kvmbed's platform test device (its
 * register map for guests is testdev_regs.h), and the ports and memory that
 * kvm-unit-tests' x86 guests expect (QEMU's pc-testdev).
 *
 * Threads: everything may be called from any thread. Interrupt lines are
 * called with the device's lock held.
 */
#ifndef KVMBED_DEVICES_TESTDEV_H
#define KVMBED_DEVICES_TESTDEV_H

#include <stdint.h>

#include "bus.h"
#include "irq.h"
#include "testdev_regs.h"

struct testdev;

struct testdev_config {
	unsigned int nr_irqs; /* 0 to TESTDEV_MAX_IRQS */
	struct irq_line irqs[TESTDEV_MAX_IRQS];
	struct msi_target
		msi; /* where TESTDEV_MSI_SEND goes; send is NULL on a board without messages */
};

extern const struct bus_ops testdev_ops; /* its device is the struct testdev */

/* NULL with errno EINVAL or ENOMEM. */
struct testdev *testdev_create(const struct testdev_config *config);
void testdev_destroy(struct testdev *dev);
/* Adds TESTDEV_SIZE bytes at @base. */
int testdev_attach(struct testdev *dev, struct bus *bus, uint64_t base);

#define PC_TESTDEV_IRQS	    24
#define PC_TESTDEV_LATCH    0xe0u   /* 4 ports: one 32-bit latch, at any width */
#define PC_TESTDEV_FLUSH    0xe4u   /* 4 ports: a page's address, to be unmapped and mapped again */
#define PC_TESTDEV_BYTES    0xe8u   /* 4 ports: the same latch, byte by byte */
#define PC_TESTDEV_IRQ	    0x2000u /* PC_TESTDEV_IRQS ports: a line's level */
#define PC_TESTDEV_MEM	    0xff000000u /* memory that is reached by exits */
#define PC_TESTDEV_MEM_SIZE 0x10000u

struct pc_testdev;

struct pc_testdev_config {
	struct irq_line irqs[PC_TESTDEV_IRQS];
	/*
	 * Take the page at @gpa (4 KiB-aligned, whatever the guest gave) out of
	 * KVM's mapping and back. May be NULL.
	 */
	void (*flush_page)(void *ctx, uint64_t gpa);
	void *ctx;
};

extern const struct bus_ops pc_testdev_latch_ops, pc_testdev_bytes_ops, pc_testdev_flush_ops,
	pc_testdev_irq_ops, pc_testdev_mem_ops; /* device: the struct pc_testdev */

/* NULL with errno ENOMEM. */
struct pc_testdev *pc_testdev_create(const struct pc_testdev_config *config);
void pc_testdev_destroy(struct pc_testdev *dev);
/* Adds all of it at its PC addresses. */
int pc_testdev_attach(struct pc_testdev *dev, struct bus *port, struct bus *mmio);

#endif
