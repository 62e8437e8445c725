/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm64 Image, as in the kernel's Documentation/arch/arm64/booting.rst, "Call
 * the kernel image": a header of 64 bytes, little-endian whatever the kernel is.
 */
#include "image_arm64.h"

#include <errno.h>
#include <inttypes.h>

#define MAGIC	  0x644d5241u  /* "ARM\x64" */
#define ALIGNMENT (2ULL << 20) /* of the address that text_offset counts from */

enum {
	FIELD_TEXT_OFFSET = 8,
	FIELD_IMAGE_SIZE = 16,
	FIELD_FLAGS = 24,
	FIELD_MAGIC = 56,
	SIZE_HEADER = 64,
};

#define FLAG_BIG_ENDIAN (1u << 0)
#define FLAG_PAGE_SHIFT 1 /* two bits: 0 unsaid, 4 KiB, 16 KiB, 64 KiB */
#define FLAG_PAGE_MASK	3u

/* Before 3.17 image_size was 0, and text_offset of any byte order; it was always this. */
#define OLD_TEXT_OFFSET 0x80000

static const char *const names[] = {
	"arm64 Image",
	"arm64 Image, 4 KiB pages",
	"arm64 Image, 16 KiB pages",
	"arm64 Image, 64 KiB pages",
};

int image_arm64(struct image *img, uint64_t ram_base)
{
	const uint8_t *h = image_bytes(img, 0, SIZE_HEADER);
	struct image_segment seg = {.file_size = img->size, .mem_size = img->size};
	uint64_t text_offset = OLD_TEXT_OFFSET, image_size, flags;
	uint64_t base = (ram_base + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	int r;

	if (img->format == IMAGE_ELF || !h || image_le32(h + FIELD_MAGIC) != MAGIC)
		return 0;
	image_size = image_le64(h + FIELD_IMAGE_SIZE);
	flags = image_le64(h + FIELD_FLAGS);
	if (flags & FLAG_BIG_ENDIAN)
		return image_bad(img, "a big-endian arm64 Image: guests here are little-endian");
	if (image_size) {
		text_offset = image_le64(h + FIELD_TEXT_OFFSET);
		/* The file may be longer: a signature at the end is not counted. */
		if (image_size > seg.mem_size)
			seg.mem_size = image_size;
	}
	if (__builtin_add_overflow(base, text_offset, &seg.gpa))
		return image_bad(img,
				 "arm64 Image: text_offset 0x%" PRIx64
				 " passes the end of the address space",
				 text_offset);
	img->nr_seg = 0;
	r = image_add_segment(img, &seg);
	if (r)
		return r;
	img->format = IMAGE_LINUX;
	img->format_name = names[flags >> FLAG_PAGE_SHIFT & FLAG_PAGE_MASK];
	img->entry = seg.gpa;
	return 1;
}
