/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot information (Multiboot Specification 0.6.96, section 3.3): what a
 * guest is told of its command line, module and memory. No KVM here.
 */
#ifndef KVMBED_X86_BOOTINFO_H
#define KVMBED_X86_BOOTINFO_H

#include <stdint.h>

#define BOOTINFO_REGIONS 8

/* Of the memory map; the numbers are those of the BIOS call e820. */
#define REGION_RAM	1
#define REGION_RESERVED 2

struct bootinfo_region {
	uint64_t base, length;
	uint32_t type;
};

struct bootinfo {
	const char *program;	     /* the first word of the command line */
	const char *args;	     /* the rest; "" if none */
	uint32_t mod_start, mod_end; /* gpa, end not included; no module if both are 0 */
	const char *mod_name;
	struct bootinfo_region regions[BOOTINFO_REGIONS];
	unsigned int nr_regions;
};

/*
 * Fills in the regions of a board with RAM from 0 to @low_end and, if @ram_end
 * is beyond it, from 4 GiB to @ram_end, less the boot tables at [@start, @end).
 * From below them, or from 640 KiB, up to 1 MiB all is reserved: it is RAM, but
 * the ACPI tables are there.
 */
void bootinfo_memory(struct bootinfo *info, uint64_t low_end, uint64_t ram_end, uint64_t start,
		     uint64_t end);

/* Bytes of it all, strings included. */
uint64_t bootinfo_size(const struct bootinfo *info);

/* Writes it to @buf (bootinfo_size() bytes); it will lie at @gpa, aligned to 4. */
void bootinfo_build(const struct bootinfo *info, void *buf, uint32_t gpa);

#endif
