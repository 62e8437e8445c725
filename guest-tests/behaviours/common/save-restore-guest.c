/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables, exceptions and memory that must be there still after a restore. */
#include "guest.h"

#define PAGES 8

static uint64_t *pages[PAGES];
static void *alias;

static uint64_t pattern(unsigned int page, unsigned int word)
{
	return (page + 1) * 0x0101010101010101ull ^ word;
}

static void read_nothing(void *va)
{
	mmio_read64((uint64_t)va);
}

static bool has_pattern(void)
{
	for (unsigned int p = 0; p < PAGES; p++)
		for (unsigned int i = 0; i < GUEST_PAGE_SIZE / 8; i++)
			if (pages[p][i] != pattern(p, i))
				return false;
	return true;
}

static void check(const char *when)
{
	struct exception e;
	bool faults;

	report(has_pattern(), "%s, memory has what was written", when);
	report(!memcmp(alias, pages[0], GUEST_PAGE_SIZE),
	       "%s, the second mapping shows the first page", when);
	unmap_page((uint64_t)pages[1]);
	faults = expect_exception(read_nothing, pages[1], &e);
	report(faults && e.kind == EXC_PAGE && e.addr == (uint64_t)pages[1],
	       "%s, a page that is not mapped faults", when);
	map_page((uint64_t)pages[1], (uint64_t)pages[1], MAP_WRITE);
}

int main(void)
{
	for (unsigned int p = 0; p < PAGES; p++) {
		pages[p] = page_alloc();
		for (unsigned int i = 0; i < GUEST_PAGE_SIZE / 8; i++)
			pages[p][i] = pattern(p, i);
	}
	/* Out of the way of RAM and of the one-to-one map's large pages. */
	alias = page_alloc();
	map_page((uint64_t)alias, (uint64_t)pages[0], MAP_WRITE);
	check("before");
	/* Of the clock x86/tsc-restore has to tell. */
	tell("half way", 0);
	check("after");
	return 0;
}
