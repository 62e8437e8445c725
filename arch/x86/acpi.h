/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables of the board (ACPI 6.5, chapter 5), as far as test guests need
 * them: RSDP, XSDT, RSDT, FADT (hardware-reduced), MADT, and a DSDT that holds
 * nothing but the way to power off. No KVM here.
 */
#ifndef KVMBED_X86_ACPI_H
#define KVMBED_X86_ACPI_H

#include <stdbool.h>
#include <stdint.h>

struct acpi_config {
	unsigned int nr_cpus; /* APIC ids 0 to nr_cpus - 1 */
	bool apic;	      /* local APICs and an I/O APIC exist; without them there is no MADT */
};

/* SLP_TYP of the soft-off state S5, as the DSDT has it. */
#define ACPI_S5 5

uint64_t acpi_size(const struct acpi_config *config);

/* Writes the tables to @buf (acpi_size() bytes, zeroed); they will lie at @gpa, 16-byte aligned, RSDP first. */
void acpi_build(const struct acpi_config *config, void *buf, uint32_t gpa);

#endif
