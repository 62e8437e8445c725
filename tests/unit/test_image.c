/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading: files, ELF and raw images, whole and damaged. The other formats are
 * in test_image_formats.c.
 *
 * Guest memory is filled with a pattern first, so that a byte that was not
 * zeroed, and one that was written before an image was refused, can be seen.
 */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "machine/load.h"

#define RAM	 0x100000ULL
#define RAM_SIZE 0x10000ULL
#define ROM	 0x200000ULL
#define PATTERN	 0xa5

#define DATA 0x500 /* offset of the first segment's bytes in the files made here */

/* The architecture's part: takes ELF as it is, if the machine is EM_X86_64 or EM_386, and puts raw bytes at RAM. */
int arch_image(const struct config *config, struct image *img)
{
	if (img->format == IMAGE_RAW)
		return image_raw(img, config->have_load_addr ? config->load_addr : RAM);
	if (img->elf_machine != EM_X86_64 && img->elf_machine != EM_386)
		return image_bad(img, "made for another machine (%u)", img->elf_machine);
	return 0;
}

struct fixture {
	struct vm vm;
	struct config config;
	int fd; /* the image file */
	char path[32];
	uint8_t file[0x4000] __attribute__((aligned(8)));
	size_t size;
};

static struct fixture fixture;

static void fill_memory(struct fixture *f)
{
	f->vm.place = (struct place){0};
	assert_int_equal(mem_set(&f->vm.mem, RAM, PATTERN, RAM_SIZE), 0);
}

static int setup(void **state)
{
	static const struct mem_backing anon = {.kind = MEM_ANON};
	struct fixture *f = &fixture;

	memset(f, 0, sizeof(*f));
	mem_init(&f->vm.mem);
	assert_int_equal(mem_add(&f->vm.mem, RAM, RAM_SIZE, &anon, 0, "ram", NULL), 0);
	assert_int_equal(mem_add(&f->vm.mem, ROM, 0x1000, &anon, MEM_READONLY, "rom", NULL), 0);
	fill_memory(f);
	f->fd = memfd_create("image", MFD_CLOEXEC);
	assert_true(f->fd >= 0);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_destroy(&f->vm.mem);
	close(f->fd);
	return 0;
}

static bool memory_untouched(const struct fixture *f)
{
	const uint8_t *p = mem_ptr(&f->vm.mem, RAM, RAM_SIZE);

	return p[0] == PATTERN && !memcmp(p, p + 1, RAM_SIZE - 1);
}

/* Puts the first @size bytes of the file made so far where f->path finds them. */
static void store(struct fixture *f, size_t size)
{
	assert_int_equal(ftruncate(f->fd, 0), 0);
	assert_int_equal(pwrite(f->fd, f->file, size, 0), size);
}

static int try_open(struct fixture *f, struct image *img)
{
	store(f, f->size);
	return image_open(f->path, &f->config, img);
}

/* Must be refused, either by image_open() or by image_load(), with one line that contains @part, and nothing written. */
static void refused(struct fixture *f, int err, const char *part)
{
	struct image img;
	const char *said;
	int r;

	messages_begin();
	r = try_open(f, &img);
	if (!r) {
		r = image_load(&f->vm, &img);
		image_close(&img);
	}
	said = messages_end();
	assert_said(said, part);
	assert_int_equal(r, err);
	/* One line. */
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_true(memory_untouched(f));
	assert_int_equal(f->vm.place.nr, 0);
}

/* ELF files: one description for both word sizes. */
struct segment {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

struct elf {
	unsigned int bits;
	uint16_t type, machine;
	uint64_t entry;
	unsigned int nr;
	struct segment seg[20];
};

static void make_elf(struct fixture *f, const struct elf *e)
{
	Elf64_Ehdr *h64 = (Elf64_Ehdr *)f->file;
	Elf32_Ehdr *h32 = (Elf32_Ehdr *)f->file;
	bool wide = e->bits == 64;

	for (size_t i = 0; i < sizeof(f->file); i++)
		f->file[i] = (uint8_t)(i * 7 + i / 256);
	if (wide)
		*h64 = (Elf64_Ehdr){
			.e_type = e->type,
			.e_machine = e->machine,
			.e_version = EV_CURRENT,
			.e_entry = e->entry,
			.e_phoff = sizeof(*h64),
			.e_ehsize = sizeof(*h64),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = (uint16_t)e->nr,
		};
	else
		*h32 = (Elf32_Ehdr){
			.e_type = e->type,
			.e_machine = e->machine,
			.e_version = EV_CURRENT,
			.e_entry = (uint32_t)e->entry,
			.e_phoff = sizeof(*h32),
			.e_ehsize = sizeof(*h32),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = (uint16_t)e->nr,
		};
	memcpy(f->file, ELFMAG, SELFMAG);
	f->file[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
	f->file[EI_DATA] = ELFDATA2LSB;
	f->file[EI_VERSION] = EV_CURRENT;
	f->size = 0;
	for (unsigned int i = 0; i < e->nr; i++) {
		const struct segment *s = &e->seg[i];

		if (wide)
			((Elf64_Phdr *)(h64 + 1))[i] = (Elf64_Phdr){
				.p_type = s->type,
				.p_flags = PF_R | PF_W | PF_X,
				.p_offset = s->offset,
				.p_vaddr = s->vaddr,
				.p_paddr = s->paddr,
				.p_filesz = s->filesz,
				.p_memsz = s->memsz,
				.p_align = 1,
			};
		else
			((Elf32_Phdr *)(h32 + 1))[i] = (Elf32_Phdr){
				.p_type = s->type,
				.p_flags = PF_R | PF_W | PF_X,
				.p_offset = (uint32_t)s->offset,
				.p_vaddr = (uint32_t)s->vaddr,
				.p_paddr = (uint32_t)s->paddr,
				.p_filesz = (uint32_t)s->filesz,
				.p_memsz = (uint32_t)s->memsz,
				.p_align = 1,
			};
		if (s->type == PT_LOAD && s->offset + s->filesz > f->size &&
		    s->offset + s->filesz <= sizeof(f->file))
			f->size = s->offset + s->filesz;
	}
	if (f->size < DATA)
		f->size = DATA;
}

/* Two segments, the first with a BSS; linked elsewhere than loaded; the last byte of the file is needed. */
static struct elf good(unsigned int bits)
{
	return (struct elf){
		.bits = bits,
		.type = ET_EXEC,
		.machine = bits == 64 ? EM_X86_64 : EM_386,
		.entry = 0xc0101010,
		.nr = 3,
		.seg =
			{
				{PT_LOAD, DATA, 0xc0101000, 0x101000, 0x123, 0x1000},
				{PT_NOTE, DATA, 0, 0, 0x10, 0x10},
				{PT_LOAD, DATA + 0x123, 0xc0104000, 0x104000, 0x41, 0x41},
			},
	};
}

static void check_loaded(struct fixture *f)
{
	const uint8_t *ram = mem_ptr(&f->vm.mem, RAM, RAM_SIZE);

	assert_memory_equal(ram + 0x1000, f->file + DATA, 0x123);
	for (unsigned int i = 0x123; i < 0x1000; i++)
		assert_int_equal(ram[0x1000 + i], 0);
	assert_memory_equal(ram + 0x4000, f->file + DATA + 0x123, 0x41);
	/* Not a byte more. */
	assert_int_equal(ram[0x0fff], PATTERN);
	assert_int_equal(ram[0x2000], PATTERN);
	assert_int_equal(ram[0x3fff], PATTERN);
	assert_int_equal(ram[0x4041], PATTERN);
}

static void elf_is_loaded(void **state)
{
	struct fixture *f = *state;
	struct image img;

	for (unsigned int bits = 32; bits <= 64; bits += 32) {
		for (uint16_t type = ET_EXEC; type <= ET_DYN; type++) {
			struct elf e = good(bits);

			e.type = type;
			fill_memory(f);
			make_elf(f, &e);
			assert_int_equal(try_open(f, &img), 0);
			assert_int_equal(img.format, IMAGE_ELF);
			assert_string_equal(img.format_name, bits == 64 ? "ELF64" : "ELF32");
			assert_int_equal(img.bits, bits);
			assert_int_equal(img.elf_machine, bits == 64 ? EM_X86_64 : EM_386);
			/* The entry is where its virtual address was loaded. */
			assert_true(img.entry == 0x101010);
			assert_true(memory_untouched(f));
			assert_int_equal(image_load(&f->vm, &img), 0);
			check_loaded(f);
			assert_int_equal(f->vm.place.nr, 2);
			assert_true(f->vm.place.list[0].start == 0x101000);
			assert_true(f->vm.place.list[0].end == 0x102000);
			image_close(&img);
		}
	}
}

static void physical_entry_is_left_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);
	struct image img;

	e.entry = 0x104000;
	make_elf(f, &e);
	assert_int_equal(try_open(f, &img), 0);
	assert_true(img.entry == 0x104000);
	image_close(&img);
}

static void empty_segments_are_nothing(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);
	struct image img;

	e.seg[e.nr++] = (struct segment){PT_LOAD, 0, 0, 0xdead0000, 0, 0};
	make_elf(f, &e);
	assert_int_equal(try_open(f, &img), 0);
	assert_int_equal(img.nr_seg, 2);
	assert_int_equal(image_load(&f->vm, &img), 0);
	check_loaded(f);
	image_close(&img);
}

static void elf_cut_at_any_length_is_refused(void **state)
{
	struct fixture *f = *state;

	for (unsigned int bits = 32; bits <= 64; bits += 32) {
		struct elf e = good(bits);
		struct image img;
		size_t whole;

		make_elf(f, &e);
		whole = f->size;
		/* Below four bytes it is no ELF file any more. */
		for (f->size = SELFMAG; f->size < whole; f->size++) {
			int r;

			messages_begin();
			r = try_open(f, &img);
			assert_said(messages_end(), f->path);
			if (r != -ENOEXEC && r != -EINVAL)
				fail_msg("ELF%u cut at %zu: %d", bits, f->size, r);
		}
		f->size = whole;
		assert_int_equal(try_open(f, &img), 0);
		image_close(&img);
	}
}

/* Each thing that can be wrong, on top of a good file. */
static const struct bad_elf {
	const char *what; /* for the person who sees it fail */
	int err;
	const char *said;
	void (*spoil)(struct elf *e, struct fixture *f);
} * now;

#define SPOIL(name) static void name(struct elf *e, struct fixture *f)

SPOIL(offset_past_file)
{
	e->seg[0].offset = 0x100000;
}
SPOIL(offset_overflows)
{
	e->seg[0].offset = UINT64_MAX - 0x10;
}
SPOIL(file_size_past_file)
{
	e->seg[2].filesz = e->seg[2].memsz = 0x8000;
}
SPOIL(file_size_overflows)
{
	e->seg[0].filesz = e->seg[0].memsz = UINT64_MAX;
}
SPOIL(mem_below_file)
{
	e->seg[0].memsz = 0x122;
}
SPOIL(no_memory_but_bytes)
{
	e->seg[2].memsz = 0;
}
SPOIL(overlap)
{
	e->seg[2].paddr = 0x101fff;
}
SPOIL(overlap_from_below)
{
	e->seg[2].paddr = 0x100fc0;
}
SPOIL(same_place)
{
	e->seg[2].paddr = 0x101000;
}
SPOIL(above_ram)
{
	e->seg[2].paddr = RAM + RAM_SIZE - 0x40;
}
SPOIL(below_ram)
{
	e->seg[2].paddr = RAM - 1;
}
SPOIL(in_rom)
{
	e->seg[2].paddr = ROM;
}
SPOIL(huge_memory)
{
	e->seg[0].memsz = 1ULL << 40;
}
SPOIL(memory_wraps)
{
	e->seg[2].memsz = UINT64_MAX - 0x1000;
}
SPOIL(memory_passes_4g)
{
	e->bits = 32;
	e->machine = EM_386;
	e->seg[2].paddr = 0xfffffff0;
}
SPOIL(other_machine)
{
	e->machine = EM_AARCH64;
}
SPOIL(relocatable)
{
	e->type = ET_REL;
}
SPOIL(core_dump)
{
	e->type = ET_CORE;
}
SPOIL(no_load)
{
	e->seg[0].type = e->seg[2].type = PT_NOTE;
}
SPOIL(no_headers)
{
	e->nr = 0;
}
SPOIL(entry_outside)
{
	e->entry = 0xc0100fff;
}
SPOIL(entry_just_outside)
{
	e->entry = 0x104041;
}
SPOIL(too_many)
{
	e->nr = 17;
	for (unsigned int i = 0; i < e->nr; i++)
		e->seg[i] = (struct segment){
			PT_LOAD, 0, 0xc0101000 + 0x100 * i, 0x101000 + 0x100 * i, 1, 1};
}

static const struct bad_elf bad_elfs[] = {
	{"offset past file", -EINVAL, "truncated", offset_past_file},
	{"offset overflows", -EINVAL, "truncated", offset_overflows},
	{"file size past file", -EINVAL, "truncated", file_size_past_file},
	{"file size overflows", -EINVAL, "truncated", file_size_overflows},
	{"memory smaller than file", -EINVAL, "only 290 in memory", mem_below_file},
	{"bytes and no memory", -EINVAL, "only 0 in memory", no_memory_but_bytes},
	{"overlap", -EEXIST, "overlaps kernel", overlap},
	{"overlap from below", -EEXIST, "overlaps kernel", overlap_from_below},
	{"same place", -EEXIST, "overlaps kernel", same_place},
	{"above RAM", -ERANGE, "not all in guest RAM", above_ram},
	{"below RAM", -ERANGE, "not all in guest RAM", below_ram},
	{"in ROM", -ERANGE, "not all in guest RAM", in_rom},
	{"huge memory", -ERANGE, "not all in guest RAM", huge_memory},
	{"memory wraps", -EINVAL, "passes the end of the address space", memory_wraps},
	{"memory passes 4 GiB", -ENOEXEC, "passes 4 GiB", memory_passes_4g},
	{"other machine", -ENOEXEC, "another machine (183)", other_machine},
	{"relocatable", -ENOEXEC, "not a linked program (e_type is 1)", relocatable},
	{"core dump", -ENOEXEC, "not a linked program (e_type is 4)", core_dump},
	{"nothing to load", -ENOEXEC, "no PT_LOAD", no_load},
	{"no headers", -ENOEXEC, "no PT_LOAD", no_headers},
	{"entry outside", -ENOEXEC, "entry point 0xc0100fff is in none", entry_outside},
	{"entry just outside", -ENOEXEC, "entry point 0x104041 is in none", entry_just_outside},
	{"17 segments", -E2BIG, "more than 16 segments", too_many},
};

static void bad_elf_is_refused(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);

	print_message("%s\n", now->what);
	now->spoil(&e, f);
	make_elf(f, &e);
	refused(f, now->err, now->said);
}

static void bad_elfs_are_refused(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_elfs); i++) {
		now = &bad_elfs[i];
		bad_elf_is_refused(state);
	}
}

static void sixteen_segments_are_loaded(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);
	struct image img;

	too_many(&e, f);
	e.nr = 16;
	e.entry = 0xc0101f00;
	make_elf(f, &e);
	assert_int_equal(try_open(f, &img), 0);
	assert_int_equal(image_load(&f->vm, &img), 0);
	assert_true(img.entry == 0x101f00);
	image_close(&img);
}

static void bad_identification_is_refused(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t value;
		const char *said;
	} bad[] = {
		{EI_CLASS, 0, "bad ELF file"},	 {EI_CLASS, 3, "bad ELF file"},
		{EI_DATA, 0, "bad ELF file"},	 {EI_DATA, ELFDATA2MSB, "big-endian"},
		{EI_VERSION, 0, "bad ELF file"}, {EI_VERSION, 2, "bad ELF file"},
	};
	struct fixture *f = *state;
	struct elf e = good(64);

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		make_elf(f, &e);
		f->file[bad[i].at] = bad[i].value;
		/* So that a big-endian reader sees a header, too, and not only nonsense. */
		if (bad[i].value == ELFDATA2MSB) {
			Elf64_Ehdr *h = (Elf64_Ehdr *)f->file;

			h->e_version = __builtin_bswap32(h->e_version);
			h->e_type = __builtin_bswap16(h->e_type);
		}
		refused(f, -ENOEXEC, bad[i].said);
	}
}

static void bad_program_header_size_is_refused(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);

	make_elf(f, &e);
	((Elf64_Ehdr *)f->file)->e_phentsize = sizeof(Elf32_Phdr);
	refused(f, -ENOEXEC, "program headers of 32 bytes");
}

static void program_headers_outside_the_file_are_refused(void **state)
{
	static const uint64_t where[] = {DATA + 0x164 - 3 * 56 + 1, 0x1000,    UINT64_MAX,
					 UINT64_MAX - 55,	    INT64_MAX, 1ULL << 32};
	struct fixture *f = *state;
	struct elf e = good(64);

	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
		make_elf(f, &e);
		((Elf64_Ehdr *)f->file)->e_phoff = where[i];
		refused(f, -ENOEXEC, "ELF file");
	}
	/* More headers than there are bytes, and the escape to a number in section 0 that is not there. */
	make_elf(f, &e);
	((Elf64_Ehdr *)f->file)->e_phnum = 0xfffe;
	refused(f, -ENOEXEC, "ELF file");
	make_elf(f, &e);
	((Elf64_Ehdr *)f->file)->e_phnum = PN_XNUM;
	refused(f, -ENOEXEC, "ELF file");
}

/* Whatever image_open() accepts must be a plan that can be carried out, or refused whole. */
static void check_plan(struct fixture *f, size_t byte, uint8_t value)
{
	struct image img;
	int r;

	store(f, f->size);
	r = image_open(f->path, &f->config, &img);
	if (r)
		return;
	if (!img.nr_seg || !image_has(&img, img.entry))
		fail_msg("byte %zu set to 0x%x: a plan without an entry", byte, value);
	for (unsigned int i = 0; i < img.nr_seg; i++) {
		const struct image_segment *s = &img.seg[i];

		if (s->offset > img.size || s->file_size > img.size - s->offset ||
		    s->mem_size < s->file_size || s->gpa + s->mem_size < s->gpa)
			fail_msg("byte %zu set to 0x%x: segment %u is bad", byte, value, i);
	}
	r = image_load(&f->vm, &img);
	if (r && (!memory_untouched(f) || f->vm.place.nr))
		fail_msg("byte %zu set to 0x%x: refused, but half loaded", byte, value);
	if (!r)
		fill_memory(f);
	image_close(&img);
}

static void no_damage_of_a_byte_does_harm(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x02, 0x0f, 0x10,
					 0x40, 0x7f, 0x80, 0xf0, 0xff};
	struct fixture *f = *state;

	/* What is said is looked at elsewhere. */
	messages_begin();
	for (unsigned int bits = 32; bits <= 64; bits += 32) {
		struct elf e = good(bits);
		size_t headers = bits == 64 ? sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr)
					    : sizeof(Elf32_Ehdr) + 3 * sizeof(Elf32_Phdr);

		make_elf(f, &e);
		for (size_t i = 0; i < headers; i++) {
			uint8_t was = f->file[i];

			for (unsigned int v = 0; v < ARRAY_SIZE(values); v++) {
				f->file[i] = values[v];
				check_plan(f, i, values[v]);
				f->file[i] = (uint8_t)(was ^ values[v]);
				check_plan(f, i, f->file[i]);
			}
			f->file[i] = was;
		}
	}
	messages_end();
}

static void raw_goes_where_it_is_told(void **state)
{
	struct fixture *f = *state;
	struct image img;

	memset(f->file, 0x90, 100);
	f->size = 100;
	assert_int_equal(try_open(f, &img), 0);
	assert_int_equal(img.format, IMAGE_RAW);
	assert_int_equal(img.elf_machine, 0);
	assert_true(img.entry == RAM);
	image_close(&img);

	f->config.have_load_addr = true;
	f->config.load_addr = RAM + 0x123;
	assert_int_equal(try_open(f, &img), 0);
	assert_true(img.entry == RAM + 0x123);
	assert_int_equal(image_load(&f->vm, &img), 0);
	assert_memory_equal(mem_ptr(&f->vm.mem, RAM + 0x123, 100), f->file, 100);
	assert_int_equal(*(uint8_t *)mem_ptr(&f->vm.mem, RAM + 0x122, 1), PATTERN);
	assert_int_equal(*(uint8_t *)mem_ptr(&f->vm.mem, RAM + 0x123 + 100, 1), PATTERN);
	image_close(&img);
}

static void raw_too_large_or_outside_is_refused(void **state)
{
	struct fixture *f = *state;

	f->size = 0x2000;
	f->config.have_load_addr = true;
	f->config.load_addr = RAM + RAM_SIZE - 0x1fff;
	refused(f, -ERANGE, "not all in guest RAM");
	f->config.load_addr = UINT64_MAX - 0xfff;
	refused(f, -EINVAL, "passes the end of the address space");
}

static void raw_is_raw_whatever_it_looks_like(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);
	struct image img;

	f->config.raw = true;
	make_elf(f, &e);
	assert_int_equal(try_open(f, &img), 0);
	assert_int_equal(img.format, IMAGE_RAW);
	assert_int_equal(image_load(&f->vm, &img), 0);
	assert_memory_equal(mem_ptr(&f->vm.mem, RAM, f->size), f->file, f->size);
	image_close(&img);
	memcpy(f->file, "\x1f\x8b", 2);
	assert_int_equal(try_open(f, &img), 0);
	image_close(&img);
}

static void packed_files_are_refused_with_a_hint(void **state)
{
	struct fixture *f = *state;

	f->size = 64;
	memcpy(f->file, "\x1f\x8b\x08", 3);
	refused(f, -ENOEXEC, "gzip-compressed: unpack it with gunzip, or use --raw");
	memcpy(f->file,
	       "\xfd"
	       "7zXZ",
	       6);
	refused(f, -ENOEXEC, "xz-compressed");
	memcpy(f->file, "\x28\xb5\x2f\xfd", 4);
	refused(f, -ENOEXEC, "zstd-compressed");
	memcpy(f->file, "MZ\0\0zimg", 8);
	refused(f, -ENOEXEC, "zboot");
}

static void files_that_are_none(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/kvmbed-test-XXXXXX", path[64];
	struct image img;
	const char *said;

	messages_begin();
	assert_int_equal(image_open("_NO_FILE_4Uhere_", &f->config, &img), -ENOENT);
	said = messages_end();
	/* kvm-unit-tests' harness looks for these words. */
	assert_said(said,
		    "Fatal: Unable to open kernel _NO_FILE_4Uhere_: No such file or directory");

	assert_non_null(mkdtemp(dir));
	messages_begin();
	assert_int_equal(image_open(dir, &f->config, &img), -EISDIR);
	assert_said(messages_end(), "is a directory");

	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	messages_begin();
	assert_int_equal(image_open(path, &f->config, &img), -ENOEXEC);
	assert_said(messages_end(), "is a pipe: give a plain file");
	unlink(path);
	rmdir(dir);

	messages_begin();
	assert_int_equal(image_open("/dev/null", &f->config, &img), -ENOEXEC);
	assert_said(messages_end(), "is a device");

	f->size = 0;
	refused(f, -ENOEXEC, "is empty");

	/* A hole makes it large without taking room. */
	assert_int_equal(ftruncate(f->fd, (off_t)IMAGE_LIMIT + 1), 0);
	messages_begin();
	assert_int_equal(image_open(f->path, &f->config, &img), -EFBIG);
	assert_said(messages_end(), "is too large: 1073741825 bytes, the limit is 1073741824");
}

static void an_empty_file_can_be_read(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 7;
	uint8_t *data;

	store(f, 0);
	assert_int_equal(file_read(f->path, 100, &data, &size, "initrd"), 0);
	assert_true(size == 0);
	free(data);
	messages_begin();
	assert_int_equal(file_read("/nowhere/at/all", 100, &data, &size, "initrd"), -ENOENT);
	assert_said(messages_end(), "Unable to open initrd /nowhere/at/all: No such file");
	store(f, 101);
	messages_begin();
	assert_int_equal(file_read(f->path, 100, &data, &size, "initrd"), -EFBIG);
	messages_end();
	store(f, 100);
	assert_int_equal(file_read(f->path, 100, &data, &size, "initrd"), 0);
	assert_true(size == 100 && !memcmp(data, f->file, 100));
	free(data);
}

static void what_was_placed_before_is_kept(void **state)
{
	struct fixture *f = *state;
	struct elf e = good(64);
	struct image img;

	assert_int_equal(place_at(&f->vm.place, &f->vm.mem, 0x104040, 1, "initrd"), 0);
	make_elf(f, &e);
	assert_int_equal(try_open(f, &img), 0);
	messages_begin();
	assert_int_equal(image_load(&f->vm, &img), -EEXIST);
	assert_said(messages_end(), "overlaps initrd");
	assert_true(memory_untouched(f));
	/* The first segment's place was given back. */
	assert_int_equal(f->vm.place.nr, 1);
	image_close(&img);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(elf_is_loaded),
		TEST(physical_entry_is_left_as_it_is),
		TEST(empty_segments_are_nothing),
		TEST(elf_cut_at_any_length_is_refused),
		TEST(bad_elfs_are_refused),
		TEST(sixteen_segments_are_loaded),
		TEST(bad_identification_is_refused),
		TEST(bad_program_header_size_is_refused),
		TEST(program_headers_outside_the_file_are_refused),
		TEST(no_damage_of_a_byte_does_harm),
		TEST(raw_goes_where_it_is_told),
		TEST(raw_too_large_or_outside_is_refused),
		TEST(raw_is_raw_whatever_it_looks_like),
		TEST(packed_files_are_refused_with_a_hint),
		TEST(files_that_are_none),
		TEST(an_empty_file_can_be_read),
		TEST(what_was_placed_before_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
