/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in guest memory at start; see place.h. */
#include "place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "mem.h"
#include "msg.h"

#define ROOM (sizeof(((struct place *)0)->list) / sizeof(struct placed))

static bool writable(const struct mem_range *range)
{
	return !(range->flags & MEM_READONLY);
}

static int take(struct place *p, uint64_t start, uint64_t end, const char *what)
{
	unsigned int at = 0;

	if (p->nr == ROOM) {
		msg_error("%s: more than %zu things to place in guest memory", what, ROOM);
		return -ENOSPC;
	}
	while (at < p->nr && p->list[at].start < start)
		at++;
	memmove(&p->list[at + 1], &p->list[at], (p->nr - at) * sizeof(p->list[0]));
	p->list[at] = (struct placed){.start = start, .end = end, .what = what};
	p->nr++;
	return 0;
}

int place_at(struct place *p, const struct mem *mem, uint64_t start, uint64_t size,
	     const char *what)
{
	const struct mem_range *range;

	if (!size)
		return 0;
	range = mem_find(mem, start);
	if (!range || !writable(range) || size > range->size - (start - range->gpa)) {
		msg_error("%s: gpa 0x%" PRIx64 ", %" PRIu64
			  " bytes, is not all in guest RAM (of %" PRIu64
			  " MiB): give more with --mem, or place it elsewhere",
			  what, start, size, mem_total(mem) >> 20);
		return -ERANGE;
	}
	for (unsigned int i = 0; i < p->nr; i++) {
		const struct placed *other = &p->list[i];

		if (start < other->end && other->start < start + size) {
			msg_error("%s at gpa 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s at 0x%" PRIx64
				  "-0x%" PRIx64,
				  what, start, start + size - 1, other->what, other->start,
				  other->end - 1);
			return -EEXIST;
		}
	}
	return take(p, start, start + size, what);
}

/* Does [start, start + size) touch something placed? Then *@hit is it. */
static bool occupied(const struct place *p, uint64_t start, uint64_t size,
		     const struct placed **hit)
{
	for (unsigned int i = 0; i < p->nr; i++) {
		if (start < p->list[i].end && p->list[i].start < start + size) {
			*hit = &p->list[i];
			return true;
		}
	}
	return false;
}

/* The highest room inside [lo, hi), which is memory. */
static bool search_down(const struct place *p, uint64_t lo, uint64_t hi, uint64_t size,
			uint64_t align, uint64_t *start)
{
	const struct placed *hit;

	while (hi > lo && hi - lo >= size) {
		*start = (hi - size) & ~(align - 1);
		if (*start < lo)
			return false;
		if (!occupied(p, *start, size, &hit))
			return true;
		hi = hit->start;
	}
	return false;
}

static bool search_up(const struct place *p, uint64_t lo, uint64_t hi, uint64_t size,
		      uint64_t align, uint64_t *start)
{
	const struct placed *hit;

	for (;;) {
		*start = (lo + align - 1) & ~(align - 1);
		if (*start < lo || *start >= hi || hi - *start < size)
			return false;
		if (!occupied(p, *start, size, &hit))
			return true;
		lo = hit->end;
	}
}

static int search(struct place *p, const struct mem *mem, uint64_t from, uint64_t to, uint64_t size,
		  uint64_t align, const char *what, uint64_t *start, bool high)
{
	/* Nothing needs a place of its own, but gets an address where it could be. */
	uint64_t room = size ? size : 1;

	for (unsigned int i = 0; i < mem->nr; i++) {
		const struct mem_range *range = &mem->ranges[high ? mem->nr - 1 - i : i];
		uint64_t lo = range->gpa > from ? range->gpa : from;
		uint64_t end = range->gpa + range->size, hi = end < to ? end : to;

		if (!writable(range))
			continue;
		if (high ? search_down(p, lo, hi, room, align, start)
			 : search_up(p, lo, hi, room, align, start))
			return size ? take(p, *start, *start + size, what) : 0;
	}
	msg_error("%s: no free room for %" PRIu64 " bytes in guest RAM from gpa 0x%" PRIx64
		  " to 0x%" PRIx64 ": give more with --mem",
		  what, size, from, to);
	return -ENOSPC;
}

int place_high(struct place *p, const struct mem *mem, uint64_t from, uint64_t to, uint64_t size,
	       uint64_t align, const char *what, uint64_t *start)
{
	return search(p, mem, from, to, size, align, what, start, true);
}

int place_low(struct place *p, const struct mem *mem, uint64_t from, uint64_t to, uint64_t size,
	      uint64_t align, const char *what, uint64_t *start)
{
	return search(p, mem, from, to, size, align, what, start, false);
}
