/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's pair of 8259A interrupt controllers (Intel order number 231468-003)
 * with the edge/level control registers of the 82371SB (PIIX3, 290550-002).
 *
 * Threads: everything may be called from any thread. The output line is called
 * with the pair's lock held.
 */
#ifndef KVMBED_DEVICES_PIC_H
#define KVMBED_DEVICES_PIC_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "irq.h"

#define PIC_INPUTS	16 /* 0-7 master, 8-15 slave; the slave sits on input 2 */
#define PIC_MASTER_BASE 0x20u
#define PIC_SLAVE_BASE	0xa0u
#define PIC_ELCR_BASE	0x4d0u

struct pic;

struct pic_config {
	struct irq_line intr; /* the master's INT output */
};

extern const struct bus_ops pic_master_ops, pic_slave_ops,
	pic_elcr_ops; /* device: the struct pic; two ports each */

/*
 * Uninitialised as after power-on: nothing is raised until ICW1-4 are written.
 * NULL with errno ENOMEM.
 */
struct pic *pic_create(const struct pic_config *config);
void pic_destroy(struct pic *pic);
/* Adds the three pairs of ports at their PC addresses to the port bus. */
int pic_attach(struct pic *pic, struct bus *port);

/*
 * Input @n, below PIC_INPUTS (others and the cascade, 2, are ignored). Has the
 * type of irq_line.set.
 */
void pic_set_irq(void *opaque, unsigned int n, bool level);
struct irq_line pic_input(struct pic *pic, unsigned int n);

/*
 * The CPU's two INTA cycles: the vector of the highest request, now in service.
 * A request that has gone in the meantime gives the spurious vector (input 7
 * of the controller that was asked), as the chip does. Call it for a raised INT.
 */
int pic_acknowledge(struct pic *pic);

/* The level of INT now. */
bool pic_pending(struct pic *pic);

#endif
