/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot 1, arm64 Image and RISC-V Image headers, good and bad. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/image_arm64.h"
#include "arch/riscv/image_riscv.h"
#include "arch/x86/multiboot.h"

#define FILE_SIZE 0x3000

struct fixture {
	struct image img;
	uint8_t *file; /* exactly img.size bytes, so that ASan sees a step too far */
};

static struct fixture fixture;

/* A file of @size bytes, all of them 0x90. */
static void new_file(struct fixture *f, uint64_t size)
{
	free(f->file);
	f->file = malloc(size);
	assert_non_null(f->file);
	memset(f->file, 0x90, size);
	f->img = (struct image){
		.path = "guest.img",
		.data = f->file,
		.size = size,
		.format = IMAGE_RAW,
		.format_name = "raw",
	};
}

static int setup(void **state)
{
	new_file(&fixture, FILE_SIZE);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	free(fixture.file);
	fixture.file = NULL;
	return 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)v);
	put32(p + 4, v >> 32);
}

/* Leaves only the first @size bytes. */
static void cut(struct fixture *f, uint64_t size)
{
	uint8_t *less = malloc(size + !size);

	memcpy(less, f->file, size);
	free(f->file);
	f->img.data = f->file = less;
	f->img.size = size;
}

/* Was not recognised, and is as it was. */
static void assert_untouched(const struct fixture *f)
{
	assert_int_equal(f->img.format, IMAGE_RAW);
	assert_string_equal(f->img.format_name, "raw");
	assert_int_equal(f->img.nr_seg, 0);
}

static void assert_segment(const struct image *img, uint64_t gpa, uint64_t offset,
			   uint64_t file_size, uint64_t mem_size)
{
	assert_int_equal(img->nr_seg, 1);
	assert_true(img->seg[0].gpa == gpa);
	assert_true(img->seg[0].offset == offset);
	assert_true(img->seg[0].file_size == file_size);
	assert_true(img->seg[0].mem_size == mem_size);
}

/* Multiboot Specification 0.6.96, section 3.1 */

struct multiboot {
	uint32_t flags, header, load, load_end, bss_end, entry;
};

static void put_multiboot(struct fixture *f, uint32_t offset, const struct multiboot *m)
{
	const uint32_t field[] = {
		0x1badb002, m->flags, -(0x1badb002 + m->flags), m->header, m->load, m->load_end,
		m->bss_end, m->entry,
	};

	for (unsigned int i = 0; i < (m->flags & 1 << 16 ? 8 : 3); i++)
		put32(f->file + offset + 4 * i, field[i]);
}

static const struct multiboot addresses = {
	.flags = 1 << 16 | 3,
	.header = 0x100400,
	.load = 0x100000,
	.load_end = 0x101000,
	.bss_end = 0x105000,
	.entry = 0x100020,
};

static void multiboot_addresses_make_the_segment(void **state)
{
	struct fixture *f = *state;
	struct multiboot m = addresses;

	/* The header is 0x400 into what is loaded, which is 0x100 into the file. */
	put_multiboot(f, 0x500, &m);
	assert_int_equal(image_multiboot(&f->img), 1);
	assert_int_equal(f->img.format, IMAGE_MULTIBOOT);
	assert_string_equal(f->img.format_name, "multiboot");
	assert_true(f->img.boot_gpa == 0x500);
	assert_true(f->img.entry == 0x100020);
	assert_segment(&f->img, 0x100000, 0x100, 0x1000, 0x5000);
	assert_ptr_equal(f->img.path, "guest.img");

	/* 0 for load_end_addr: to the end of the file; for bss_end_addr: no BSS. */
	m.load_end = m.bss_end = 0;
	put_multiboot(f, 0x500, &m);
	assert_int_equal(image_multiboot(&f->img), 1);
	assert_segment(&f->img, 0x100000, 0x100, FILE_SIZE - 0x100, FILE_SIZE - 0x100);
}

static void multiboot_header_is_looked_for_in_8_kib(void **state)
{
	struct fixture *f = *state;
	struct multiboot m = {.flags = 0};

	f->img.format = IMAGE_ELF;
	for (uint32_t offset = 0; offset <= 8192; offset += 2) {
		bool there = offset % 4 == 0 && offset + 12 <= 8192;

		new_file(f, FILE_SIZE);
		f->img.format = IMAGE_ELF;
		put_multiboot(f, offset, &m);
		assert_int_equal(image_multiboot(&f->img), there);
		if (there)
			assert_true(f->img.boot_gpa == offset);
	}
}

static void multiboot_elf_keeps_its_segments(void **state)
{
	struct fixture *f = *state;
	struct multiboot m = {.flags = 3};

	f->img.format = IMAGE_ELF;
	f->img.seg[0] = (struct image_segment){0x400000, 0x100, 0x200, 0x300};
	f->img.nr_seg = 1;
	f->img.entry = 0x400010;
	put_multiboot(f, 0x40, &m);
	assert_int_equal(image_multiboot(&f->img), 1);
	assert_segment(&f->img, 0x400000, 0x100, 0x200, 0x300);
	assert_true(f->img.entry == 0x400010);

	/* With addresses the header decides, also for ELF. */
	put_multiboot(f, 0x40, &(struct multiboot){1 << 16, 0x100000, 0x100000, 0, 0, 0x100000});
	f->img.format = IMAGE_ELF;
	assert_int_equal(image_multiboot(&f->img), 1);
	assert_segment(&f->img, 0x100000, 0x40, FILE_SIZE - 0x40, FILE_SIZE - 0x40);
}

static void multiboot_wrong_checksum_is_none(void **state)
{
	struct fixture *f = *state;

	put_multiboot(f, 0x500, &addresses);
	f->file[0x508]++;
	assert_int_equal(image_multiboot(&f->img), 0);
	assert_untouched(f);
	/* A good one behind it is found. */
	put_multiboot(f, 0x700, &(struct multiboot){1 << 16, 0x100000, 0x100000, 0, 0, 0x100000});
	assert_int_equal(image_multiboot(&f->img), 1);
	assert_true(f->img.boot_gpa == 0x700);
}

static void multiboot_demands_that_cannot_be_met(void **state)
{
	struct fixture *f = *state;

	for (unsigned int bit = 2; bit < 32; bit++) {
		struct multiboot m = addresses;
		int want = bit < 16 ? -ENOEXEC : 1;

		new_file(f, FILE_SIZE);
		m.flags |= 1u << bit;
		put_multiboot(f, 0x500, &m);
		messages_begin();
		assert_int_equal(image_multiboot(&f->img), want);
		assert_said(messages_end(), bit == 2   ? "video mode (flag 2)"
					    : bit < 16 ? "demands what is not known"
						       : "");
		if (want < 0)
			assert_untouched(f);
	}
}

static void multiboot_bad_addresses(void **state)
{
	static const struct {
		struct multiboot m;
		int err;
		const char *said;
	} bad[] = {
		{{1 << 16, 0x100000, 0x100001, 0, 0, 0x100000}, -ENOEXEC, "contradict"},
		{{1 << 16, 0x100501, 0x100000, 0, 0, 0x100000}, -ENOEXEC, "contradict"},
		{{1 << 16, 0xffffffff, 0, 0, 0, 0}, -ENOEXEC, "contradict"},
		{{1 << 16, 0x100000, 0x100000, 0xfffff, 0, 0x100000}, -ENOEXEC, "below load_addr"},
		{{1 << 16, 0x100000, 0x100000, 0x102b01, 0, 0x100000}, -EINVAL, "truncated"},
		{{1 << 16, 0x100000, 0x100000, 0xffffffff, 0, 0x100000}, -EINVAL, "truncated"},
		{{1 << 16, 0x100000, 0x100000, 0x101000, 0x100fff, 0x100000},
		 -ENOEXEC,
		 "below the end"},
		{{1 << 16, 0x100000, 0x100000, 0x101000, 0xfffff, 0x100000},
		 -ENOEXEC,
		 "below the end"},
		{{1 << 16, 0x100000, 0x100000, 0, 0x100010, 0x100000}, -ENOEXEC, "below the end"},
		{{1 << 16, 0xfffff000, 0xfffff000, 0, 0, 0xfffff000}, -ENOEXEC, "pass 4 GiB"},
		{{1, 0, 0, 0, 0, 0}, -ENOEXEC, "no addresses"},
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("%u: %s\n", i, bad[i].said);
		new_file(f, FILE_SIZE);
		put_multiboot(f, 0x500, &bad[i].m);
		messages_begin();
		assert_int_equal(image_multiboot(&f->img), bad[i].err);
		assert_said(messages_end(), bad[i].said);
		assert_untouched(f);
	}
}

static void multiboot_cut_at_any_length(void **state)
{
	struct fixture *f = *state;

	put_multiboot(f, 0x500, &addresses);
	for (uint64_t size = 0x1100 - 1; size < FILE_SIZE; size--) {
		int r;

		cut(f, size);
		messages_begin();
		r = image_multiboot(&f->img);
		assert_said(messages_end(), size < 0x50c ? "" : "truncated");
		assert_int_equal(r, size < 0x50c ? 0 : size < 0x520 ? -ENOEXEC : -EINVAL);
	}
}

/* Documentation/arch/arm64/booting.rst */

static void put_arm64(struct fixture *f, uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	put64(f->file + 8, text_offset);
	put64(f->file + 16, image_size);
	put64(f->file + 24, flags);
	memcpy(f->file + 56, "ARM\x64", 4);
}

static void arm64_offset_and_size_are_honoured(void **state)
{
	struct fixture *f = *state;

	put_arm64(f, 0x80000, 0x100000, 0xa);
	assert_int_equal(image_arm64(&f->img, 0x40000000), 1);
	assert_int_equal(f->img.format, IMAGE_LINUX);
	assert_string_equal(f->img.format_name, "arm64 Image, 4 KiB pages");
	assert_segment(&f->img, 0x40080000, 0, FILE_SIZE, 0x100000);
	assert_true(f->img.entry == 0x40080000);

	/* text_offset counts from 2 MiB boundaries, wherever RAM begins. */
	put_arm64(f, 0, 0x100000, 0);
	assert_int_equal(image_arm64(&f->img, 0x40001000), 1);
	assert_segment(&f->img, 0x40200000, 0, FILE_SIZE, 0x100000);
	assert_string_equal(f->img.format_name, "arm64 Image");
}

static void arm64_page_size_is_told(void **state)
{
	struct fixture *f = *state;

	put_arm64(f, 0, 0x100000, 2 << 1);
	assert_int_equal(image_arm64(&f->img, 0), 1);
	assert_string_equal(f->img.format_name, "arm64 Image, 16 KiB pages");
	put_arm64(f, 0, 0x100000, 3 << 1);
	assert_int_equal(image_arm64(&f->img, 0), 1);
	assert_string_equal(f->img.format_name, "arm64 Image, 64 KiB pages");
}

static void arm64_before_3_17(void **state)
{
	struct fixture *f = *state;

	/* image_size 0: text_offset is not to be believed. */
	put_arm64(f, 0x0000080000000000, 0, 0);
	assert_int_equal(image_arm64(&f->img, 0x40000000), 1);
	assert_segment(&f->img, 0x40080000, 0, FILE_SIZE, FILE_SIZE);
}

static void arm64_longer_file_is_kept_whole(void **state)
{
	struct fixture *f = *state;

	put_arm64(f, 0, FILE_SIZE - 0x100, 0);
	assert_int_equal(image_arm64(&f->img, 0x40000000), 1);
	assert_segment(&f->img, 0x40000000, 0, FILE_SIZE, FILE_SIZE);
}

static void arm64_bad_headers(void **state)
{
	struct fixture *f = *state;

	put_arm64(f, 0, 0x100000, 1);
	messages_begin();
	assert_int_equal(image_arm64(&f->img, 0), -ENOEXEC);
	assert_said(messages_end(), "big-endian");
	put_arm64(f, UINT64_MAX - 0xfff, 0x100000, 0);
	messages_begin();
	assert_int_equal(image_arm64(&f->img, 0x40000000), -ENOEXEC);
	assert_said(messages_end(), "text_offset 0xfffffffffffff000 passes the end");
	put_arm64(f, 0x80000, UINT64_MAX, 0);
	messages_begin();
	assert_int_equal(image_arm64(&f->img, 0x40000000), -EINVAL);
	assert_said(messages_end(), "passes the end of the address space");
	assert_untouched(f);
}

static void arm64_others_are_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(image_arm64(&f->img, 0), 0);
	put_arm64(f, 0x80000, 0x100000, 0);
	f->img.format = IMAGE_ELF;
	assert_int_equal(image_arm64(&f->img, 0), 0);
	f->img.format = IMAGE_RAW;
	f->file[59] ^= 1;
	assert_int_equal(image_arm64(&f->img, 0), 0);
	f->file[59] ^= 1;
	/* 64 bytes are a header, 63 are not. */
	cut(f, 64);
	assert_int_equal(image_arm64(&f->img, 0), 1);
	f->img.format = IMAGE_RAW;
	f->img.format_name = "raw";
	f->img.nr_seg = 0;
	for (uint64_t size = 63; size < 64; size--) {
		cut(f, size);
		assert_int_equal(image_arm64(&f->img, 0), 0);
		assert_untouched(f);
	}
}

/* Documentation/arch/riscv/boot-image-header.rst */

static void put_riscv(struct fixture *f, uint64_t text_offset, uint64_t image_size, uint64_t flags,
		      uint32_t version)
{
	put64(f->file + 8, text_offset);
	put64(f->file + 16, image_size);
	put64(f->file + 24, flags);
	put32(f->file + 32, version);
	memcpy(f->file + 48, "RISCV\0\0\0", 8);
	memcpy(f->file + 56, "RSC\x05", 4);
}

static void riscv_offset_and_size_are_honoured(void **state)
{
	struct fixture *f = *state;

	put_riscv(f, 0x200000, 0x123456, 0, 2);
	assert_int_equal(image_riscv(&f->img, 0x80000000), 1);
	assert_int_equal(f->img.format, IMAGE_LINUX);
	assert_string_equal(f->img.format_name, "RISC-V Image");
	assert_segment(&f->img, 0x80200000, 0, FILE_SIZE, 0x123456);
	assert_true(f->img.entry == 0x80200000);
	/* Longer than it says. */
	put_riscv(f, 0x200000, 0x100, 0, 2);
	assert_int_equal(image_riscv(&f->img, 0x80000000), 1);
	assert_segment(&f->img, 0x80200000, 0, FILE_SIZE, FILE_SIZE);
}

static void riscv_either_magic_will_do(void **state)
{
	struct fixture *f = *state;

	put_riscv(f, 0x200000, 0x100000, 0, 2);
	f->file[48] = 'X';
	assert_int_equal(image_riscv(&f->img, 0), 1);
	put_riscv(f, 0x200000, 0x100000, 0, 1);
	f->file[56] = 'X';
	f->img.format = IMAGE_RAW;
	assert_int_equal(image_riscv(&f->img, 0), 1);
	f->file[48] = 'X';
	f->img.format = IMAGE_RAW;
	assert_int_equal(image_riscv(&f->img, 0), 0);
}

static void riscv_bad_headers(void **state)
{
	static const struct {
		uint64_t text_offset, image_size, flags;
		uint32_t version;
		int err;
		const char *said;
	} bad[] = {
		{0x200000, 0x100000, 0, 0x10000, -ENOEXEC, "version 1.0"},
		{0x200000, 0x100000, 1, 2, -ENOEXEC, "big-endian"},
		{0x200000, 0, 0, 2, -ENOEXEC, "image_size is 0"},
		{UINT64_MAX - 0xfff, 0x100000, 0, 2, -ENOEXEC,
		 "text_offset 0xfffffffffffff000 passes"},
		{0x200000, UINT64_MAX, 0, 2, -EINVAL, "passes the end of the address space"},
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		put_riscv(f, bad[i].text_offset, bad[i].image_size, bad[i].flags, bad[i].version);
		messages_begin();
		assert_int_equal(image_riscv(&f->img, 0x80000000), bad[i].err);
		assert_said(messages_end(), bad[i].said);
		assert_untouched(f);
	}
}

static void riscv_others_are_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(image_riscv(&f->img, 0), 0);
	put_riscv(f, 0x200000, 0x100000, 0, 2);
	f->img.format = IMAGE_ELF;
	assert_int_equal(image_riscv(&f->img, 0), 0);
	f->img.format = IMAGE_RAW;
	for (uint64_t size = 63; size < 64; size--) {
		cut(f, size);
		assert_int_equal(image_riscv(&f->img, 0), 0);
		assert_untouched(f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(multiboot_addresses_make_the_segment),
		TEST(multiboot_header_is_looked_for_in_8_kib),
		TEST(multiboot_elf_keeps_its_segments),
		TEST(multiboot_wrong_checksum_is_none),
		TEST(multiboot_demands_that_cannot_be_met),
		TEST(multiboot_bad_addresses),
		TEST(multiboot_cut_at_any_length),
		TEST(arm64_offset_and_size_are_honoured),
		TEST(arm64_page_size_is_told),
		TEST(arm64_before_3_17),
		TEST(arm64_longer_file_is_kept_whole),
		TEST(arm64_bad_headers),
		TEST(arm64_others_are_none),
		TEST(riscv_offset_and_size_are_honoured),
		TEST(riscv_either_magic_will_do),
		TEST(riscv_bad_headers),
		TEST(riscv_others_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
