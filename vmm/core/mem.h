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
	uint64_t size; /* bytes, a multiple of the host's page size */
	uint8_t *hva;
	unsigned int flags; /* MEM_READONLY */
	uint32_t slot; /* KVM's memslot number */
	int fd; /* memfd or file behind it; -1 for anonymous memory */
	const char *name; /* "ram", "rom", ...; a constant */
};

struct mem {
	struct mem_range *ranges; /* sorted by gpa, never overlapping */
	unsigned int nr;
	uint32_t next_slot;
};

void mem_init(struct mem *mem);
/* Unmaps everything. */
void mem_destroy(struct mem *mem);

/* "anon", "thp", "hugetlb", "memfd", "file:PATH" (the path is not copied); -EINVAL otherwise. */
int mem_backing_parse(const char *text, struct mem_backing *backing);

/*
 * Maps @size bytes of zeroed host memory (a file's bytes as they are; the file
 * grows if it is shorter) at @gpa. -EINVAL for a misaligned, empty or wrapping
 * range, -EEXIST for an overlap, -ENOMEM, or what mmap() said. On success
 * *@out points at the range until the next add or remove.
 */
int mem_add(struct mem *mem, uint64_t gpa, uint64_t size, const struct mem_backing *backing,
	    unsigned int flags, const char *name, struct mem_range **out);
int mem_remove(struct mem *mem, uint64_t gpa);

/* The range that holds @gpa, or NULL. */
struct mem_range *mem_find(const struct mem *mem, uint64_t gpa);

/* The host address of [gpa, gpa + len) if all of it lies in one range, else NULL. */
void *mem_ptr(const struct mem *mem, uint64_t gpa, uint64_t len);

/* Copies that may cross from one range into the next. -EFAULT, with nothing copied, if any byte is not memory. */
int mem_read(const struct mem *mem, uint64_t gpa, void *buf, uint64_t len);
int mem_write(const struct mem *mem, uint64_t gpa, const void *buf, uint64_t len);
int mem_set(const struct mem *mem, uint64_t gpa, int byte, uint64_t len);

/* Bytes of all ranges that are not read-only. */
uint64_t mem_total(const struct mem *mem);

#endif
