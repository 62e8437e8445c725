/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V Image, as in the kernel's Documentation/arch/riscv/boot-image-header.rst:
 * a header of 64 bytes, little-endian.
 */
#include "image_riscv.h"

#include <errno.h>
#include <inttypes.h>

#define MAGIC  0x5643534952ull /* "RISCV", and three zeros: for headers before 0.2 */
#define MAGIC2 0x05435352u     /* "RSC\x05" */

enum {
	FIELD_TEXT_OFFSET = 8,
	FIELD_IMAGE_SIZE = 16,
	FIELD_FLAGS = 24,
	FIELD_VERSION = 32, /* major in the upper half, minor in the lower */
	FIELD_MAGIC = 48,
	FIELD_MAGIC2 = 56,
	SIZE_HEADER = 64,
};

#define FLAG_BIG_ENDIAN (1u << 0)

int image_riscv(struct image *img, uint64_t ram_base)
{
	const uint8_t *h = image_bytes(img, 0, SIZE_HEADER);
	struct image_segment seg = {.file_size = img->size, .mem_size = img->size};
	uint64_t text_offset, image_size;
	uint32_t version;
	int r;

	if (img->format == IMAGE_ELF || !h ||
	    (image_le32(h + FIELD_MAGIC2) != MAGIC2 && image_le64(h + FIELD_MAGIC) != MAGIC))
		return 0;
	text_offset = image_le64(h + FIELD_TEXT_OFFSET);
	image_size = image_le64(h + FIELD_IMAGE_SIZE);
	version = image_le32(h + FIELD_VERSION);
	/* A minor version adds what may be ignored, a major one may move things. */
	if (version >> 16)
		return image_bad(
			img, "a RISC-V Image of version %" PRIu32 ".%" PRIu32 ": only 0.x is known",
			version >> 16, version & 0xffff);
	if (image_le64(h + FIELD_FLAGS) & FLAG_BIG_ENDIAN)
		return image_bad(img, "a big-endian RISC-V Image: guests here are little-endian");
	/* A device tree put behind the file's bytes would lie in the BSS: the size is not optional. */
	if (!image_size)
		return image_bad(img,
				 "RISC-V Image: image_size is 0, so what its BSS needs is unknown");
	if (image_size > seg.mem_size)
		seg.mem_size = image_size;
	if (__builtin_add_overflow(ram_base, text_offset, &seg.gpa))
		return image_bad(img,
				 "RISC-V Image: text_offset 0x%" PRIx64
				 " passes the end of the address space",
				 text_offset);
	img->nr_seg = 0;
	r = image_add_segment(img, &seg);
	if (r)
		return r;
	img->format = IMAGE_LINUX;
	img->format_name = "RISC-V Image";
	img->entry = seg.gpa;
	return 1;
}
