/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of device models share: a bus to reach the device by, and
 * interrupt lines that remember.
 */
#ifndef KVMBED_TESTS_UNIT_DEVICE_H
#define KVMBED_TESTS_UNIT_DEVICE_H

#include "tests/unit/unit.h"

#include "bus.h"
#include "irq.h"

#define LINES 64

/* The far end of up to LINES interrupt lines. */
struct irq_log {
	bool level[LINES];
	unsigned int calls[LINES]; /* times the function was called */
	unsigned int rises[LINES]; /* times the level went up */
};

/* Line @n into @log. */
struct irq_line irq_log_line(struct irq_log *log, unsigned int n);

/* An access that a device has to answer; the test fails if none does. */
uint64_t bus_in(struct bus *bus, uint64_t addr, unsigned int size);
void bus_out(struct bus *bus, uint64_t addr, uint64_t value, unsigned int size);

#endif
