/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has which part of guest memory when the guest starts: image, initrd,
 * device tree, boot tables. Keeps them from overlapping, and finds room.
 */
#ifndef KVMBED_PLACE_H
#define KVMBED_PLACE_H

#include <stdint.h>

struct mem;

struct placed {
	uint64_t start, end; /* gpa, end not included */
	const char *what;    /* "kernel", "initrd", ...; a constant */
};

struct place {
	struct placed list[32]; /* sorted by start */
	unsigned int nr;
};

/*
 * Takes [start, start + size), which must lie in one writable range of @mem.
 * Reports and returns -ERANGE (not memory, or wraps), -EEXIST (overlaps, both
 * are named), -ENOSPC (table full). size 0 is fine and takes nothing.
 */
int place_at(struct place *p, const struct mem *mem, uint64_t start, uint64_t size,
	     const char *what);

/*
 * Finds the highest, or lowest, free room of @size bytes aligned to @align (a
 * power of two) inside [from, to), takes it, and gives its start. Reports and
 * returns -ENOSPC when there is none.
 */
int place_high(struct place *p, const struct mem *mem, uint64_t from, uint64_t to, uint64_t size,
	       uint64_t align, const char *what, uint64_t *start);
int place_low(struct place *p, const struct mem *mem, uint64_t from, uint64_t to, uint64_t size,
	      uint64_t align, const char *what, uint64_t *start);

#endif
