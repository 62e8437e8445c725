/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an image to a vCPU that can begin: which images there are, in which mode
 * each starts, and what lies in memory for it.
 *
 *	multiboot, ELF32	protected mode
 *	ELF64			long mode
 *	raw			real mode, at BOARD_RAW_ADDR unless --load-addr says
 *
 * --start overrides the mode. A start in real mode finds nothing in memory but
 * the image, as after a reset; the others find ACPI tables, a GDT and multiboot
 * information, the module of which is --initrd; long mode page tables too.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "msg.h"
#include "arch/x86/acpi.h"
#include "arch/x86/board.h"
#include "arch/x86/bootinfo.h"
#include "arch/x86/multiboot.h"
#include "arch/x86/pagetable.h"
#include "arch/x86/x86.h"

#define PAGE 4096u
#define MIB  (1ull << 20)
/* Boot tables larger than this go above 1 MiB: some guest memory should stay below it. */
#define MOST_LOW (256u << 10)

static enum x86_start start_mode(const struct config *config, const struct image *img)
{
	if (config->arch->start != X86_START_AUTO)
		return config->arch->start;
	if (img->format == IMAGE_RAW)
		return X86_START_REAL;
	if (img->format == IMAGE_ELF && img->bits == 64)
		return X86_START_LONG;
	return X86_START_PROTECTED;
}

/* Options that do not go together, said before anything is made. */
static int check_config(const struct config *config)
{
	if (config->dump_dtb) {
		msg_error("an x86 machine has no device tree: leave out --dump-dtb");
		return -EINVAL;
	}
	if (config->arch->irqchip == X86_IRQCHIP_NONE && config->nr_vcpus > 1) {
		msg_error(
			"--irqchip none has no local APIC to start a second CPU with: use --cpus 1");
		return -EINVAL;
	}
	return 0;
}

static int check_start(const struct config *config, const struct image *img)
{
	switch (start_mode(config, img)) {
	case X86_START_REAL:
		if (img->entry > 0xfffff)
			return image_bad(img,
					 "its entry 0x%" PRIx64 " is out of real mode's reach: use "
					 "--start protected or long, or --load-addr below 0x100000",
					 img->entry);
		if (config->initrd || *config->cmdline) {
			msg_error(
				"a start in real mode has no multiboot information that could tell of "
				"--initrd or --cmdline: use --start protected or long");
			return -EINVAL;
		}
		break;
	case X86_START_PROTECTED:
		if (img->entry > UINT32_MAX)
			return image_bad(img,
					 "its entry 0x%" PRIx64 " is above 4 GiB: use --start long",
					 img->entry);
		break;
	default:
		break;
	}
	return 0;
}

/* A Linux bzImage has its own boot protocol, and as raw bytes only a message to show. */
static int refuse_bzimage(const struct image *img)
{
	const char *magic = image_bytes(img, 0x202, 4);

	if (magic && !memcmp(magic, "HdrS", 4))
		return image_bad(img,
				 "a Linux bzImage, which cannot be started yet: use --load-addr to "
				 "load it as raw bytes");
	return 0;
}

static int find_format(const struct config *config, struct image *img)
{
	int r;

	if (config->raw)
		return 0;
	if (img->format == IMAGE_ELF && img->elf_machine != EM_386 && img->elf_machine != EM_X86_64)
		return image_bad(img, "an ELF file for another machine (e_machine %u), not for x86",
				 img->elf_machine);
	r = image_multiboot(img);
	if (r)
		return r < 0 ? r : 0;
	return img->format == IMAGE_RAW ? refuse_bzimage(img) : 0;
}

int arch_image(const struct config *config, struct image *img)
{
	int r = check_config(config);

	if (!r)
		r = find_format(config, img);
	if (!r && img->format == IMAGE_RAW)
		r = image_raw(img, config->have_load_addr ? config->load_addr : BOARD_RAW_ADDR);
	return r ? r : check_start(config, img);
}

/* The end of the RAM below 4 GiB. */
static uint64_t low_end(const struct vm *vm)
{
	return vm->config->mem_size < BOARD_LOW_END ? vm->config->mem_size : BOARD_LOW_END;
}

static uint64_t ram_end(const struct vm *vm)
{
	uint64_t low = low_end(vm);

	return vm->config->mem_size > low ? BOARD_HIGH + vm->config->mem_size - low : low;
}

/* What is placed lies in one range, so this is never NULL; zeroed, for file memory need not be. */
static void *placed(struct vm *vm, uint64_t gpa, uint64_t size)
{
	void *p = mem_ptr(&vm->mem, gpa, size);

	memset(p, 0, size);
	return p;
}

static int load_module(struct vm *vm, struct bootinfo *info)
{
	uint64_t end = low_end(vm), size, gpa;
	uint8_t *data;
	int r;

	if (!vm->config->initrd)
		return 0;
	r = file_read(vm->config->initrd, end, &data, &size, "initrd");
	if (r)
		return r;
	/* An empty file is a module too; a byte of room gives it an address. */
	r = place_high(&vm->place, &vm->mem, MIB, end, size ? size : 1, PAGE, "initrd", &gpa);
	if (!r) {
		memcpy(mem_ptr(&vm->mem, gpa, size ? size : 1), data, size);
		info->mod_start = gpa;
		info->mod_end = gpa + size;
		info->mod_name = vm->config->initrd;
	}
	free(data);
	return r;
}

static int write_acpi(struct vm *vm)
{
	const struct acpi_config config = {
		.nr_cpus = vm->config->nr_vcpus,
		.apic = vm->arch->irqchip != X86_IRQCHIP_NONE,
	};
	uint64_t size = acpi_size(&config);
	int r = place_at(&vm->place, &vm->mem, BOARD_ACPI, size, "ACPI tables");

	if (!r)
		acpi_build(&config, placed(vm, BOARD_ACPI, size), BOARD_ACPI);
	return r;
}

/* Page tables, GDT and multiboot information, in one piece; fills in where they are. */
static int write_tables(struct vm *vm, struct bootinfo *info, struct x86_entry *entry)
{
	bool gib_pages = cpuid_get(vm->arch->cpuid, 0x80000001, 0, CPUID_EDX) >> 26 & 1;
	bool paging = entry->start == X86_START_LONG;
	uint64_t tables = paging ? pagetable_size(ram_end(vm), gib_pages) : 0;
	uint64_t gdt = X86_GDT_ENTRIES * sizeof(uint64_t);
	uint64_t size = (tables + gdt + bootinfo_size(info) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	uint64_t gpa;
	uint8_t *p;
	int r;

	/* Page 0 is the guest's. */
	if (size <= MOST_LOW)
		r = place_high(&vm->place, &vm->mem, PAGE, BOARD_BOOT_TOP, size, PAGE,
			       "boot tables", &gpa);
	else
		r = place_high(&vm->place, &vm->mem, MIB, low_end(vm), size, PAGE, "boot tables",
			       &gpa);
	if (r)
		return r;
	p = placed(vm, gpa, size);
	if (paging)
		pagetable_build(p, gpa, ram_end(vm), gib_pages);
	x86_build_gdt(entry->start, (uint64_t *)(p + tables));
	bootinfo_memory(info, low_end(vm), ram_end(vm), gpa, gpa + size);
	entry->page_root = entry->stack = gpa;
	entry->gdt = gpa + tables;
	entry->info = gpa + tables + gdt;
	bootinfo_build(info, p + tables + gdt, entry->info);
	return 0;
}

int arch_boot(struct vm *vm, const struct image *img)
{
	struct bootinfo info = {.program = img->path, .args = vm->config->cmdline};
	struct x86_entry entry = {.start = start_mode(vm->config, img), .rip = img->entry};
	int r = 0;

	if (entry.start != X86_START_REAL) {
		r = write_acpi(vm);
		if (!r)
			r = load_module(vm, &info);
		if (!r)
			r = write_tables(vm, &info, &entry);
	}
	/* The other vCPUs wait for INIT and SIPI: KVM starts them so. */
	return r ? r : x86_set_entry(&vm->vcpus[0], &entry);
}
