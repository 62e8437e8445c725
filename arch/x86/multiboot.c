/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot Specification version 0.6.96, section 3.1 "OS image format": a
 * header on a 4-byte boundary in the first 8192 bytes of the file.
 */
#include "multiboot.h"

#include <errno.h>
#include <inttypes.h>

#define MAGIC	   0x1badb002u
#define SEARCH_END 8192u

/* Flags 0 to 15 are demands: a loader that does not know one must not go on. */
#define FLAG_DEMANDS   0x0000ffffu
#define FLAG_ALIGN     (1u << 0)  /* modules on page boundaries: ours are */
#define FLAG_MEM_INFO  (1u << 1)  /* memory information: always given */
#define FLAG_VIDEO     (1u << 2)  /* a video mode: there is no display */
#define FLAG_ADDRESSES (1u << 16) /* the five address fields are valid */

/* Offsets of the header's fields. */
enum {
	FIELD_MAGIC = 0,
	FIELD_FLAGS = 4,
	FIELD_CHECKSUM = 8,
	FIELD_HEADER_ADDR = 12,
	FIELD_LOAD_ADDR = 16,
	FIELD_LOAD_END_ADDR = 20,
	FIELD_BSS_END_ADDR = 24,
	FIELD_ENTRY_ADDR = 28,
	SIZE_SHORT = 12,
	SIZE_ADDRESSES = 32,
};

static const uint8_t *find_header(const struct image *img, uint64_t *offset)
{
	for (*offset = 0; *offset + SIZE_SHORT <= SEARCH_END; *offset += 4) {
		const uint8_t *h = image_bytes(img, *offset, SIZE_SHORT);

		if (!h)
			return NULL;
		if (image_le32(h + FIELD_MAGIC) == MAGIC &&
		    MAGIC + image_le32(h + FIELD_FLAGS) + image_le32(h + FIELD_CHECKSUM) == 0)
			return h;
	}
	return NULL;
}

/* Section 3.1.3: the header says itself what goes where, whatever else the file is. */
static int load_by_addresses(struct image *img, uint64_t offset)
{
	const uint8_t *h = image_bytes(img, offset, SIZE_ADDRESSES);
	uint32_t header_addr, load_addr, load_end, bss_end;
	struct image_segment seg;

	if (!h)
		return image_bad(
			img, "truncated: the multiboot header at offset 0x%" PRIx64 " is cut off",
			offset);
	header_addr = image_le32(h + FIELD_HEADER_ADDR);
	load_addr = image_le32(h + FIELD_LOAD_ADDR);
	load_end = image_le32(h + FIELD_LOAD_END_ADDR);
	bss_end = image_le32(h + FIELD_BSS_END_ADDR);
	if (header_addr < load_addr || header_addr - load_addr > offset)
		return image_bad(img,
				 "the multiboot header is at offset 0x%" PRIx64
				 " in the file, which its addresses contradict (header 0x%" PRIx32
				 ", load 0x%" PRIx32 ")",
				 offset, header_addr, load_addr);
	seg.gpa = load_addr;
	seg.offset = offset - (header_addr - load_addr);
	/* 0 stands for the end of the file, and for no BSS. */
	seg.file_size = load_end ? load_end - load_addr : img->size - seg.offset;
	if (load_end && load_end < load_addr)
		return image_bad(
			img, "multiboot: load_end_addr 0x%" PRIx32 " is below load_addr 0x%" PRIx32,
			load_end, load_addr);
	seg.mem_size = bss_end ? bss_end - load_addr : seg.file_size;
	if (bss_end && (bss_end < load_addr || seg.mem_size < seg.file_size))
		return image_bad(img,
				 "multiboot: bss_end_addr 0x%" PRIx32
				 " is below the end of the data, 0x%" PRIx64,
				 bss_end, seg.gpa + seg.file_size);
	if (seg.gpa + seg.mem_size > 1ULL << 32)
		return image_bad(img,
				 "multiboot: 0x%" PRIx64 " bytes from 0x%" PRIx64 " pass 4 GiB",
				 seg.mem_size, seg.gpa);
	img->nr_seg = 0;
	img->entry = image_le32(h + FIELD_ENTRY_ADDR);
	return image_add_segment(img, &seg);
}

int image_multiboot(struct image *img)
{
	uint64_t offset;
	const uint8_t *h = find_header(img, &offset);
	uint32_t flags, unknown;
	int r;

	if (!h)
		return 0;
	flags = image_le32(h + FIELD_FLAGS);
	if (flags & FLAG_VIDEO)
		return image_bad(
			img,
			"the multiboot header demands a video mode (flag 2): there is no display");
	unknown = flags & FLAG_DEMANDS & ~(FLAG_ALIGN | FLAG_MEM_INFO);
	if (unknown)
		return image_bad(
			img,
			"the multiboot header demands what is not known here (flags 0x%" PRIx32 ")",
			unknown);
	if (flags & FLAG_ADDRESSES) {
		r = load_by_addresses(img, offset);
		if (r)
			return r;
	} else if (img->format != IMAGE_ELF) {
		return image_bad(
			img,
			"the multiboot header has no addresses (flag 16), and the file is not ELF");
	}
	img->format = IMAGE_MULTIBOOT;
	img->format_name = "multiboot";
	img->boot_gpa = offset;
	return 1;
}
