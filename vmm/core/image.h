/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest image, taken apart but not yet loaded. Parsing never touches guest
 * memory: it makes a plan of segments that is checked as a whole first, so a
 * bad image leaves nothing half loaded.
 */
#ifndef KVMBED_IMAGE_H
#define KVMBED_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_segment {
	uint64_t gpa;
	uint64_t offset;    /* into the file */
	uint64_t file_size; /* bytes from the file; offset + file_size <= file's size */
	uint64_t mem_size;  /* >= file_size; the rest is zeroed */
};

/* How the architecture starts it; arch/<name>/image.c says what each means for its boot. */
enum image_format {
	IMAGE_RAW, /* bytes at an address */
	IMAGE_ELF,
	IMAGE_MULTIBOOT, /* multiboot 1 (x86) */
	IMAGE_LINUX,	 /* arm64 Image, RISC-V Image */
};

struct image {
	const char *path; /* as given; not owned */
	uint8_t *data;	  /* the whole file; owned */
	uint64_t size;
	enum image_format format;
	const char *format_name;  /* "ELF64", "multiboot", "arm64 Image"; a constant */
	unsigned int elf_machine; /* EM_*; 0 if it is not an ELF file */
	unsigned int bits;	  /* 32 or 64 for ELF, else 0 */
	struct image_segment seg[16];
	unsigned int nr_seg;
	uint64_t entry;	   /* gpa of the first instruction */
	uint64_t boot_gpa; /* a format's own address: multiboot's header offset in the file */
};

/* Bytes [offset, offset + len) of the file, or NULL when it is shorter. */
const void *image_bytes(const struct image *img, uint64_t offset, uint64_t len);

/* A number in the file, of the little end first; image_bytes() has said that it is there. */
static inline uint32_t image_le32(const void *p)
{
	const uint8_t *b = p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t image_le64(const void *p)
{
	return image_le32(p) | (uint64_t)image_le32((const uint8_t *)p + 4) << 32;
}

/* Adds a segment; -EINVAL (outside the file, mem_size < file_size, wraps) or -E2BIG, reported with the path. */
int image_add_segment(struct image *img, const struct image_segment *seg);

/* Makes the whole file one segment at @gpa, entered at its first byte. As image_add_segment(). */
int image_raw(struct image *img, uint64_t gpa);

/* True if a segment, its zeroed part included, holds @gpa. */
bool image_has(const struct image *img, uint64_t gpa);

/* "kernel.elf: what is wrong"; returns -ENOEXEC so that a parser can return it. */
int image_bad(const struct image *img, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Reads a whole file of at most @limit bytes; *@data is the caller's to free().
 * @what names its part in messages ("kernel", "initrd"). An empty file is fine:
 * *@size is 0 and *@data still to be freed. Reports and returns -errno of
 * open() or read(), -EISDIR, -ENOEXEC (not a plain file), -EFBIG or -ENOMEM.
 */
int file_read(const char *path, uint64_t limit, uint8_t **data, uint64_t *size, const char *what);

#endif
