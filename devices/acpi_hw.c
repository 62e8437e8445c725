/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI sleep registers and power management timer; see acpi_hw.h.
 *
 *	+0	sleep control (ACPI 6.5, table 4.18): SLP_EN is a command and reads 0
 *	+1	sleep status (table 4.19): nothing here ever wakes, so it reads 0
 *	+8	timer: 3.579545 MHz since creation, 32 bits, wrapping
 */
#include <errno.h>
#include <stdlib.h>

#include "acpi_hw.h"

#define SLP_TYP_SHIFT 2
#define SLP_TYP_MASK  7u
#define SLP_EN	      0x20u

#define NS_PER_S 1000000000u

struct acpi_hw {
	struct acpi_hw_config config;
	uint64_t start; /* now() at creation */
	uint8_t control;
};

static uint32_t timer_value(struct acpi_hw *dev)
{
	uint64_t ns = dev->config.now(dev->config.ctx) - dev->start;

	/* In two parts, so that the product does not pass 64 bits. */
	return ns / NS_PER_S * ACPI_HW_TIMER_HZ + ns % NS_PER_S * ACPI_HW_TIMER_HZ / NS_PER_S;
}

static uint64_t acpi_hw_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct acpi_hw *dev = opaque;
	uint64_t low = __atomic_load_n(&dev->control, __ATOMIC_RELAXED);

	if (offset >= ACPI_HW_TIMER)
		return timer_value(dev) >> (8 * (offset - ACPI_HW_TIMER));
	/* Control, status and what is not there: zero above the control byte. */
	return offset == ACPI_HW_SLEEP_CONTROL ? low : 0;
}

static void acpi_hw_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct acpi_hw *dev = opaque;

	if (offset != ACPI_HW_SLEEP_CONTROL)
		return;
	__atomic_store_n(&dev->control, value & SLP_TYP_MASK << SLP_TYP_SHIFT, __ATOMIC_RELAXED);
	if (value & SLP_EN)
		dev->config.sleep(dev->config.ctx, value >> SLP_TYP_SHIFT & SLP_TYP_MASK);
}

/* An access of 4 bytes at most, so that none reaches across the parts. */
const struct bus_ops acpi_hw_ops = {
	.read = acpi_hw_read, .write = acpi_hw_write, .sizes = 1 | 2 | 4};

struct acpi_hw *acpi_hw_create(const struct acpi_hw_config *config)
{
	struct acpi_hw *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->config = *config;
	dev->start = config->now(config->ctx);
	return dev;
}

void acpi_hw_destroy(struct acpi_hw *dev)
{
	free(dev);
}

int acpi_hw_attach(struct acpi_hw *dev, struct bus *bus, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = ACPI_HW_SIZE,
		.ops = &acpi_hw_ops,
		.dev = dev,
		.name = "ACPI",
	};

	return bus_add(bus, &range);
}
