/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory as the host sees it: ranges of guest physical addresses (gpa)
 * backed by host mappings, and the one checked way to reach them. No KVM here:
 * vm.h turns ranges into memslots.
 *
 * Threads: ranges are added and removed while no vCPU runs; reading and
 * writing is for any thread. The contents are shared with a running guest, so
 * a value that matters is copied out once and checked in the copy.
 */
#ifndef KVMBED_MEM_H
#define KVMBED_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mem_backing_kind { MEM_ANON, MEM_THP, MEM_HUGETLB, MEM_MEMFD, MEM_FILE };

struct mem_backing {
	enum mem_backing_kind kind;
	const char *path; /* MEM_FILE only; not owned */
};

#define MEM_READONLY 1u /* the guest may only read; its writes become MMIO exits */

struct mem_range {
	uint64_t gpa;
	uint64_t size; /* bytes, a multiple of the host's page size; gpa + size < 2^64 */
	uint8_t *hva;
	unsigned int flags;   /* MEM_READONLY */
	uint32_t slot;	      /* KVM's memslot number: the lowest that was free */
	int fd;		      /* memfd or file behind it; -1 for anonymous memory */
	uint64_t file_offset; /* of the range in fd */
	uint8_t *map;	      /* what to unmap: hva may lie inside a bigger mapping */
	uint64_t map_size;
	bool host_chooses; /* page sizes are the host's affair: MEM_ANON */
	const char *name;  /* "ram", "rom", ...; a constant */
};

struct mem {
	struct mem_range *ranges; /* sorted by gpa, never overlapping */
	unsigned int nr;
};

void mem_init(struct mem *mem);
/* Unmaps everything. */
void mem_destroy(struct mem *mem);

/* "anon", "thp", "hugetlb", "memfd", "file:PATH" (the path is not copied); -EINVAL otherwise. */
int mem_backing_parse(const char *text, struct mem_backing *backing);

/*
 * Maps @size bytes of zeroed host memory at @gpa. A file's bytes come as they
 * are; it is made or grown as needed, and ranges in the same file follow one
 * another in it, in the order of their adding. -EINVAL for a misaligned, empty
 * or wrapping range or a file that is none, -EEXIST for an overlap, -EOPNOTSUPP
 * for huge pages that the host does not have at all, -ENOMEM, or what mmap()
 * and its like said; each is reported with what to do. On success *@out (which
 * may be NULL) points at the range until the next add or remove.
 */
int mem_add(struct mem *mem, uint64_t gpa, uint64_t size, const struct mem_backing *backing,
	    unsigned int flags, const char *name, struct mem_range **out);
/* Unmaps the range that begins at @gpa; -ENOENT if there is none. */
int mem_remove(struct mem *mem, uint64_t gpa);

/* The range that holds @gpa, or NULL. */
struct mem_range *mem_find(const struct mem *mem, uint64_t gpa);

/* The host address of [gpa, gpa + len) if all of it lies in one range, else NULL. */
void *mem_ptr(const struct mem *mem, uint64_t gpa, uint64_t len);

/* Copies that may cross from one range into the next. -EFAULT, with nothing copied, if any byte is not memory. */
int mem_read(const struct mem *mem, uint64_t gpa, void *buf, uint64_t len);
int mem_write(const struct mem *mem, uint64_t gpa, const void *buf, uint64_t len);
int mem_set(const struct mem *mem, uint64_t gpa, int byte, uint64_t len);

/*
 * [gpa, gpa + len) holds something small that is read once: a huge page would
 * be cleared and kept for it. A hint, without effect where the backing was
 * asked to be of big pages, or of a file.
 */
void mem_small_pages(const struct mem *mem, uint64_t gpa, uint64_t len);

/* Bytes of all ranges that are not read-only. */
uint64_t mem_total(const struct mem *mem);

#endif
