/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device.h. */
#include "tests/unit/device.h"

static void log_set(void *ctx, unsigned int n, bool level)
{
	struct irq_log *log = ctx;

	assert_in_range(n, 0, LINES - 1);
	log->calls[n]++;
	log->rises[n] += level && !log->level[n];
	log->level[n] = level;
}

struct irq_line irq_log_line(struct irq_log *log, unsigned int n)
{
	return (struct irq_line){.set = log_set, .ctx = log, .n = n};
}

uint64_t bus_in(struct bus *bus, uint64_t addr, unsigned int size)
{
	uint64_t value;

	assert_true(bus_read(bus, addr, size, &value));
	return value;
}

void bus_out(struct bus *bus, uint64_t addr, uint64_t value, unsigned int size)
{
	assert_true(bus_write(bus, addr, size, value));
}
