/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading of any file as any format. The input's last byte is the format, what
 * is before it the file. What is accepted must be a plan that holds, and what is loaded
 * must be exactly that plan.
 */
#include "fuzz.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "arch/arm64/image_arm64.h"
#include "arch/riscv/image_riscv.h"
#include "arch/x86/multiboot.h"
#include "machine/load.h"

#define RAM	 0x200000ULL
#define RAM_SIZE 0x6000ULL
#define PATTERN	 0xa5

enum { AS_X86, AS_ARM64, AS_RISCV, AS_RAW, AS_END };

static unsigned int as;

int arch_image(const struct config *config, struct image *img)
{
	int r = 0;

	if (as == AS_X86)
		r = image_multiboot(img);
	else if (as == AS_ARM64)
		r = image_arm64(img, RAM);
	else if (as == AS_RISCV)
		r = image_riscv(img, RAM);
	if (r < 0)
		return r;
	return r || img->format == IMAGE_ELF ? 0 : image_raw(img, RAM);
}

static void check_plan(const struct image *img)
{
	FUZZ_CHECK(img->nr_seg && img->nr_seg <= ARRAY_SIZE(img->seg));
	FUZZ_CHECK(image_has(img, img->entry));
	for (unsigned int i = 0; i < img->nr_seg; i++) {
		const struct image_segment *s = &img->seg[i];

		FUZZ_CHECK(s->offset <= img->size && s->file_size <= img->size - s->offset);
		FUZZ_CHECK(s->mem_size >= s->file_size);
		FUZZ_CHECK(s->gpa + s->mem_size >= s->gpa);
	}
}

/* What a byte of RAM must be, after @img was loaded, or refused. */
static void check_memory(const struct mem *mem, const struct image *img, bool loaded)
{
	const uint8_t *ram = mem_ptr(mem, RAM, RAM_SIZE);
	static uint8_t want[RAM_SIZE];

	memset(want, PATTERN, sizeof(want));
	for (unsigned int i = 0; loaded && i < img->nr_seg; i++) {
		for (unsigned int k = 0; k < i; k++)
			FUZZ_CHECK(img->seg[i].gpa + img->seg[i].mem_size <= img->seg[k].gpa ||
				   img->seg[k].gpa + img->seg[k].mem_size <= img->seg[i].gpa ||
				   !img->seg[i].mem_size || !img->seg[k].mem_size);
	}
	for (unsigned int i = 0; loaded && i < img->nr_seg; i++) {
		for (uint64_t n = 0; n < img->seg[i].mem_size; n++)
			want[img->seg[i].gpa - RAM + n] =
				n < img->seg[i].file_size ? img->data[img->seg[i].offset + n] : 0;
	}
	FUZZ_CHECK(!memcmp(ram, want, RAM_SIZE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mem_backing anon = {.kind = MEM_ANON};
	struct config config = {.raw = false};
	struct vm vm = {.config = &config};
	static int fd = -1;
	static char path[32];
	struct image img;

	if (!size)
		return 0;
	as = data[size - 1] % AS_END;
	config.raw = as == AS_RAW;
	if (fd < 0)
		fd = memfd_create("image", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_CHECK(!ftruncate(fd, 0) && pwrite(fd, data, size - 1, 0) == (ssize_t)size - 1);
	if (image_open(path, &config, &img))
		return 0;
	check_plan(&img);
	mem_init(&vm.mem);
	FUZZ_CHECK(!mem_add(&vm.mem, RAM, RAM_SIZE, &anon, 0, "ram", NULL));
	FUZZ_CHECK(!mem_set(&vm.mem, RAM, PATTERN, RAM_SIZE));
	if (image_load(&vm, &img)) {
		FUZZ_CHECK(!vm.place.nr);
		check_memory(&vm.mem, &img, false);
	} else {
		check_memory(&vm.mem, &img, true);
	}
	image_close(&img);
	mem_destroy(&vm.mem);
	return 0;
}

#define BODY 0x100 /* bytes of a file behind its headers */

static void seed_elf64(void (*add)(const void *data, size_t size))
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[3];
		uint8_t body[BODY];
		uint8_t as;
	} __attribute__((packed)) s = {.as = AS_ARM64};

	s.eh = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_entry = RAM,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	for (unsigned int i = 0; i < 3; i++)
		s.ph[i] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) + 0x40 * i,
			.p_vaddr = RAM + 0x1000 * i,
			.p_paddr = RAM + 0x1000 * i,
			.p_filesz = 0x40,
			.p_memsz = 0x100 << i,
		};
	memset(s.body, 0x11, sizeof(s.body));
	add(&s, sizeof(s));
	s.as = AS_X86;
	s.eh.e_type = ET_DYN;
	s.eh.e_machine = EM_X86_64;
	add(&s, sizeof(s));
}

static void seed_elf32(void (*add)(const void *data, size_t size))
{
	static const uint8_t multiboot[] = {0x02, 0xb0, 0xad, 0x1b, 0,	  0,
					    0,	  0,	0xfe, 0x4f, 0x52, 0xe4};
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph[2];
		uint8_t body[BODY];
		uint8_t as;
	} __attribute__((packed)) s = {.as = AS_X86};

	s.eh = (Elf32_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = 0xc0000010,
		.e_phoff = sizeof(Elf32_Ehdr),
		.e_ehsize = sizeof(Elf32_Ehdr),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 2,
	};
	for (unsigned int i = 0; i < 2; i++)
		s.ph[i] = (Elf32_Phdr){
			.p_type = PT_LOAD,
			.p_offset = sizeof(Elf32_Ehdr) + 2 * sizeof(Elf32_Phdr) + 0x80 * i,
			.p_vaddr = 0xc0000000 + 0x1000 * i,
			.p_paddr = (uint32_t)RAM + 0x1000 * i,
			.p_filesz = 0x80,
			.p_memsz = 0x180,
		};
	memset(s.body, 0x22, sizeof(s.body));
	add(&s, sizeof(s));
	memcpy(s.body, multiboot, sizeof(multiboot));
	add(&s, sizeof(s));
}

static void put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

void fuzz_seeds(void (*add)(const void *data, size_t size))
{
	static const uint32_t multiboot[] = {0x1badb002,  0x10003,   -(0x1badb002 + 0x10003),
					     RAM + 0x40,  RAM,	     RAM + 0x100,
					     RAM + 0x300, RAM + 0x20};
	uint8_t s[BODY + 1];

	seed_elf64(add);
	seed_elf32(add);

	memset(s, 0x33, sizeof(s));
	s[BODY] = AS_X86;
	for (unsigned int i = 0; i < ARRAY_SIZE(multiboot); i++)
		put(s + 0x40 + 4 * i, multiboot[i], 4);
	add(s, sizeof(s));

	memset(s, 0, sizeof(s));
	s[BODY] = AS_ARM64;
	put(s + 8, 0x2000, 8);
	put(s + 16, 0x1000, 8);
	put(s + 56, 0x644d5241, 4);
	add(s, sizeof(s));

	s[BODY] = AS_RISCV;
	put(s + 32, 2, 4);
	put(s + 48, 0x5643534952, 8);
	put(s + 56, 0x05435352, 4);
	add(s, sizeof(s));

	s[BODY] = AS_RAW;
	add(s, sizeof(s));
}
