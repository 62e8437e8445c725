/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a machine with hardware-reduced ACPI: sleep control and
 * status (ACPI 6.5, 4.8.3.7), and, which such a machine need not have but test
 * guests read, the power management timer (4.8.3.3) with 32 bits.
 *
 * Threads: everything may be called from any thread.
 */
#ifndef KVMBED_DEVICES_ACPI_HW_H
#define KVMBED_DEVICES_ACPI_HW_H

#include <stdint.h>

#include "bus.h"

#define ACPI_HW_SIZE	      12u
#define ACPI_HW_SLEEP_CONTROL 0u /* 1 byte: SLP_TYP in bits 4-2, SLP_EN bit 5 */
#define ACPI_HW_SLEEP_STATUS  1u /* 1 byte: WAK_STS bit 7, written 1 to clear */
#define ACPI_HW_TIMER	      8u /* 4 bytes, read-only */

#define ACPI_HW_TIMER_HZ 3579545u

struct acpi_hw_config {
	/* The guest goes to sleep, with this SLP_TYP (0 to 7). Called on its thread, no lock held. */
	void (*sleep)(void *ctx, unsigned int type);
	/* Time that only goes forward, in ns. */
	uint64_t (*now)(void *ctx);
	void *ctx;
};

struct acpi_hw;

extern const struct bus_ops acpi_hw_ops; /* its device is the struct acpi_hw */

/* NULL with errno ENOMEM. */
struct acpi_hw *acpi_hw_create(const struct acpi_hw_config *config);
void acpi_hw_destroy(struct acpi_hw *dev);
/* Adds ACPI_HW_SIZE bytes at @base; errors are bus_add()'s. */
int acpi_hw_attach(struct acpi_hw *dev, struct bus *bus, uint64_t base);

#endif
