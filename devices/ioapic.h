/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APIC for KVM's split irqchip: Intel 82093AA (order number 290566-001)
 * with 24 inputs, and the EOI register of version 0x20.
 *
 * Threads: everything may be called from any thread. Callbacks are called with
 * the controller's lock held; they must not call back into it, except for
 * ioapic_route() from route_changed().
 */
#ifndef KVMBED_DEVICES_IOAPIC_H
#define KVMBED_DEVICES_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "irq.h"

#define IOAPIC_PINS 24
#define IOAPIC_BASE 0xfec00000u
#define IOAPIC_SIZE 0x1000u

struct ioapic;

struct ioapic_config {
	/*
	 * Where interrupts go, in the MSI form of KVM_SIGNAL_MSI and
	 * KVM_SET_GSI_ROUTING; devid is 0.
	 */
	struct msi_target msi;
	/*
	 * What ioapic_route() answers for @pin may have changed: a guest wrote
	 * its redirection entry. For KVM_SET_GSI_ROUTING, which is how KVM knows
	 * whose EOIs it must hand out. May be NULL.
	 */
	void (*route_changed)(void *ctx, unsigned int pin);
	void *ctx;  /* for route_changed */
	uint8_t id; /* the APIC id after reset, 0 to 15 */
};

/* A redirection entry as a message. */
struct ioapic_route {
	uint64_t address;
	uint32_t data;
	bool masked;
};

extern const struct bus_ops ioapic_ops; /* its device is the struct ioapic */

/* Every pin masked, every input low. NULL with errno EINVAL or ENOMEM. */
struct ioapic *ioapic_create(const struct ioapic_config *config);
void ioapic_destroy(struct ioapic *ioapic);
/* Adds IOAPIC_SIZE bytes at @base, as a rule IOAPIC_BASE. */
int ioapic_attach(struct ioapic *ioapic, struct bus *bus, uint64_t base);

/*
 * Input @pin, below IOAPIC_PINS (others are ignored), is asserted or not. As in
 * KVM's own I/O APIC, @level says asserted: the polarity bit is kept for the
 * guest to read and inverts nothing. Has the type of irq_line.set.
 */
void ioapic_set_irq(void *opaque, unsigned int pin, bool level);
struct irq_line ioapic_input(struct ioapic *ioapic, unsigned int pin);

/*
 * A local APIC has ended @vector (KVM_EXIT_IOAPIC_EOI): level inputs still
 * asserted are sent again.
 */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

/* The message that @pin sends now. Any time, and inside route_changed() for any pin. */
struct ioapic_route ioapic_route(struct ioapic *ioapic, unsigned int pin);

#endif
