/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot information; see bootinfo.h. */
#include "arch/x86/bootinfo.h"

#include <stddef.h>
#include <string.h>

#include "arch/x86/board.h"

#define HAS_MEM	    (1u << 0)
#define HAS_CMDLINE (1u << 2)
#define HAS_MODS    (1u << 3)
#define HAS_MMAP    (1u << 6)
#define HAS_NAME    (1u << 9)

#define KIB 1024u
#define MIB (1024u * KIB)

static const char loader_name[] = "kvmbed";

/* The field names are the specification's. */
struct mb_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB from 0, KiB from 1 MiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
	uint32_t vbe[4];
	uint32_t framebuffer[7];
};
_Static_assert(sizeof(struct mb_info) == 116, "section 3.3");

struct mb_module {
	uint32_t mod_start, mod_end;
	uint32_t string;
	uint32_t reserved;
};

struct mb_mmap {
	uint32_t size; /* of the rest of the entry */
	uint64_t base_addr, length;
	uint32_t type;
} __attribute__((packed));

/* All of it in the order in which it lies in memory; strings follow. */
struct layout {
	struct mb_info info;
	struct mb_module module;
	struct mb_mmap mmap[BOOTINFO_REGIONS];
	char strings[];
};

static void add_region(struct bootinfo *info, uint64_t base, uint64_t end, uint32_t type)
{
	if (base < end)
		info->regions[info->nr_regions++] =
			(struct bootinfo_region){.base = base, .length = end - base, .type = type};
}

void bootinfo_memory(struct bootinfo *info, uint64_t low_end, uint64_t ram_end, uint64_t start,
		     uint64_t end)
{
	info->nr_regions = 0;
	if (start < BOARD_BOOT_TOP) {
		add_region(info, 0, start, REGION_RAM);
		add_region(info, start, MIB, REGION_RESERVED);
		add_region(info, MIB, low_end, REGION_RAM);
	} else {
		add_region(info, 0, BOARD_BOOT_TOP, REGION_RAM);
		add_region(info, BOARD_BOOT_TOP, MIB, REGION_RESERVED);
		add_region(info, MIB, start, REGION_RAM);
		add_region(info, start, end, REGION_RESERVED);
		add_region(info, end, low_end, REGION_RAM);
	}
	add_region(info, BOARD_HIGH, ram_end, REGION_RAM);
}

static const char *module_name(const struct bootinfo *info)
{
	return info->mod_name ? info->mod_name : "";
}

/* Program and arguments with a blank between, and their end. */
static size_t cmdline_size(const struct bootinfo *info)
{
	return strlen(info->program) + 1 + strlen(info->args) + 1;
}

uint64_t bootinfo_size(const struct bootinfo *info)
{
	return sizeof(struct layout) + sizeof(loader_name) + cmdline_size(info) +
	       strlen(module_name(info)) + 1;
}

/* The length of RAM without a gap from @from on, in KiB. */
static uint32_t ram_kib(const struct bootinfo *info, uint64_t from)
{
	uint64_t end = from;

	/* Regions are in order of address. */
	for (unsigned int i = 0; i < info->nr_regions; i++) {
		const struct bootinfo_region *r = &info->regions[i];

		if (r->type == REGION_RAM && r->base <= end && r->base + r->length > end)
			end = r->base + r->length;
	}
	return (end - from) / KIB;
}

void bootinfo_build(const struct bootinfo *info, void *buf, uint32_t gpa)
{
	struct layout *l = buf;
	char *name = l->strings, *cmdline = name + sizeof(loader_name);
	char *mod_name = cmdline + cmdline_size(info);
	uint32_t strings = gpa + offsetof(struct layout, strings);
	uint32_t lower = ram_kib(info, 0);

	memcpy(name, loader_name, sizeof(loader_name));
	strcpy(cmdline, info->program);
	if (*info->args) {
		strcat(cmdline, " ");
		strcat(cmdline, info->args);
	}
	strcpy(mod_name, module_name(info));

	for (unsigned int i = 0; i < info->nr_regions; i++) {
		l->mmap[i] = (struct mb_mmap){
			.size = sizeof(l->mmap[i]) - sizeof(l->mmap[i].size),
			.base_addr = info->regions[i].base,
			.length = info->regions[i].length,
			.type = info->regions[i].type,
		};
	}
	l->module = (struct mb_module){
		.mod_start = info->mod_start,
		.mod_end = info->mod_end,
		.string = strings + (mod_name - l->strings),
	};
	l->info = (struct mb_info){
		.flags = HAS_MEM | HAS_CMDLINE | HAS_MODS | HAS_MMAP | HAS_NAME,
		.mem_lower = lower < 640 ? lower : 640,
		.mem_upper = ram_kib(info, MIB),
		.cmdline = strings + (cmdline - l->strings),
		.mods_count = info->mod_start || info->mod_end,
		.mods_addr = gpa + offsetof(struct layout, module),
		.mmap_length = info->nr_regions * sizeof(l->mmap[0]),
		.mmap_addr = gpa + offsetof(struct layout, mmap),
		.boot_loader_name = strings + (name - l->strings),
	};
}
