/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines: what a device holds in order to raise and lower an
 * interrupt without knowing which controller is at the other end, and the
 * message-signalled form of the same.
 *
 * A line is a plain value: copy it freely. One with a NULL function is not
 * connected and swallows what is sent. Functions behind a line may be called
 * from any thread, with the caller's own lock held: the order of locks is
 * device, then controller, then KVM, never back.
 */
#ifndef KVMBED_IRQ_H
#define KVMBED_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct irq_line {
	void (*set)(void *ctx, unsigned int n, bool level);
	void *ctx;
	unsigned int n; /* the controller's input number */
};

static inline void irq_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->ctx, line->n, level);
}

/* An edge, for inputs that are edge-triggered. */
static inline void irq_pulse(const struct irq_line *line)
{
	irq_set(line, true);
	irq_set(line, false);
}

/*
 * Where message-signalled interrupts go. @devid is the PCI requester id (used by the GICv3 ITS).
 * send() returns 0, or -errno when nobody takes such a message; any thread, as for a line.
 */
struct msi_target {
	int (*send)(void *ctx, uint64_t address, uint32_t data, uint32_t devid);
	void *ctx;
};

#endif
