/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in guest memory: taking them, and finding room. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "place.h"

/* RAM from 0x10000 to 0x20000 and from 0x100000 to 0x140000, a ROM between them. */
struct fixture {
	struct mem mem;
	struct place place;
};

static int setup(void **state)
{
	static const struct mem_backing anon = {.kind = MEM_ANON};
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	mem_init(&f.mem);
	assert_int_equal(mem_add(&f.mem, 0x10000, 0x10000, &anon, 0, "low", NULL), 0);
	assert_int_equal(mem_add(&f.mem, 0x20000, 0x10000, &anon, MEM_READONLY, "rom", NULL), 0);
	assert_int_equal(mem_add(&f.mem, 0x100000, 0x40000, &anon, 0, "high", NULL), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_destroy(&f->mem);
	return 0;
}

static void at(struct fixture *f, uint64_t start, uint64_t size, int want, const char *said)
{
	unsigned int nr = f->place.nr;

	messages_begin();
	assert_int_equal(place_at(&f->place, &f->mem, start, size, "kernel"), want);
	assert_said(messages_end(), said);
	assert_int_equal(f->place.nr, want || !size ? nr : nr + 1);
}

static void only_writable_memory_is_taken(void **state)
{
	struct fixture *f = *state;

	at(f, 0xffff, 1, -ERANGE, "kernel: gpa 0xffff, 1 bytes, is not all in guest RAM");
	at(f, 0xffff, 2, -ERANGE, "");
	at(f, 0x1ffff, 2, -ERANGE, "");
	at(f, 0x20000, 1, -ERANGE, "");
	at(f, 0x13ffff, 2, -ERANGE, "");
	at(f, 0x140000, 1, -ERANGE, "");
	at(f, 0x100000, 0x40001, -ERANGE, "");
	at(f, 0x100000, UINT64_MAX, -ERANGE, "");
	at(f, 0x100001, UINT64_MAX - 0x100000, -ERANGE, "");
	at(f, UINT64_MAX, UINT64_MAX, -ERANGE, "");
	at(f, 0x100000, 0x40000, 0, "");
	at(f, 0x10000, 0x10000, 0, "");
}

static void overlaps_are_refused_by_name(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(place_at(&f->place, &f->mem, 0x110000, 0x1000, "initrd"), 0);
	at(f, 0x110000, 0x1000, -EEXIST,
	   "kernel at gpa 0x110000-0x110fff overlaps initrd at 0x110000-0x110fff");
	at(f, 0x10ffff, 2, -EEXIST, "overlaps initrd");
	at(f, 0x110fff, 1, -EEXIST, "overlaps initrd");
	at(f, 0x110400, 1, -EEXIST, "overlaps initrd");
	at(f, 0x100000, 0x40000, -EEXIST, "overlaps initrd");
	at(f, 0x10f000, 0x1000, 0, "");
	at(f, 0x111000, 0x1000, 0, "");
}

static void nothing_takes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t start = 0;

	at(f, 0xdead, 0, 0, "");
	assert_int_equal(place_high(&f->place, &f->mem, 0, UINT64_MAX, 0, 1, "initrd", &start), 0);
	assert_int_equal(f->place.nr, 0);
	assert_non_null(mem_ptr(&f->mem, start, 1));
}

static void the_list_is_sorted_and_ends(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 32; i++)
		at(f, 0x100000 + (i * 11 % 32) * 0x100, 0x100, 0, "");
	for (unsigned int i = 0; i < 32; i++) {
		assert_true(f->place.list[i].start == 0x100000 + i * 0x100);
		assert_true(f->place.list[i].end == 0x100100 + i * 0x100);
	}
	at(f, 0x110000, 1, -ENOSPC, "more than 32 things");
}

static uint64_t high(struct fixture *f, uint64_t from, uint64_t to, uint64_t size, uint64_t align)
{
	uint64_t start = 0;

	assert_int_equal(place_high(&f->place, &f->mem, from, to, size, align, "x", &start), 0);
	return start;
}

static uint64_t low(struct fixture *f, uint64_t from, uint64_t to, uint64_t size, uint64_t align)
{
	uint64_t start = 0;

	assert_int_equal(place_low(&f->place, &f->mem, from, to, size, align, "x", &start), 0);
	return start;
}

static void no_room(struct fixture *f, uint64_t from, uint64_t to, uint64_t size, uint64_t align)
{
	unsigned int nr = f->place.nr;
	uint64_t start;

	for (unsigned int i = 0; i < 2; i++) {
		messages_begin();
		assert_int_equal((i ? place_high : place_low)(&f->place, &f->mem, from, to, size,
							      align, "initrd", &start),
				 -ENOSPC);
		assert_said(messages_end(), "initrd: no free room for");
		assert_int_equal(f->place.nr, nr);
	}
}

static void highest_room_is_found(void **state)
{
	struct fixture *f = *state;

	assert_true(high(f, 0, UINT64_MAX, 0x1000, 1) == 0x13f000);
	assert_true(high(f, 0, UINT64_MAX, 0x1001, 1) == 0x13dfff);
	assert_true(high(f, 0, UINT64_MAX, 0x1001, 0x1000) == 0x13c000);
	/* A gap that is big enough, but not when aligned, is passed over. */
	assert_true(high(f, 0, UINT64_MAX, 0x800, 0x1000) == 0x13b000);
	assert_true(high(f, 0, UINT64_MAX, 0xffe, 1) == 0x13d001);
	/* Limits of the caller's. */
	assert_true(high(f, 0, 0x120800, 0x1000, 1) == 0x11f800);
	assert_true(high(f, 0, 0x110000, 0x10000, 0x10000) == 0x100000);
	/* Down to the lower range; the ROM is not room. */
	assert_true(high(f, 0, 0x100000, 0x1000, 1) == 0x1f000);
	assert_true(high(f, 0, 0x100000, 0xf000, 1) == 0x10000);
	no_room(f, 0, 0x100000, 1, 1);
}

static void lowest_room_is_found(void **state)
{
	struct fixture *f = *state;

	assert_true(low(f, 0, UINT64_MAX, 1, 1) == 0x10000);
	assert_true(low(f, 0, UINT64_MAX, 1, 1) == 0x10001);
	assert_true(low(f, 0, UINT64_MAX, 0x1000, 0x1000) == 0x11000);
	assert_true(low(f, 0, UINT64_MAX, 0xe000, 0x1000) == 0x12000);
	assert_true(low(f, 0, UINT64_MAX, 0x1000, 0x1000) == 0x100000);
	assert_true(low(f, 0x120001, UINT64_MAX, 0x1000, 0x100) == 0x120100);
	assert_true(low(f, 0, UINT64_MAX, 0xffe, 1) == 0x10002);
}

static void room_that_does_not_exist(void **state)
{
	struct fixture *f = *state;

	no_room(f, 0, UINT64_MAX, 0x40001, 1);
	no_room(f, 0, UINT64_MAX, UINT64_MAX, 1);
	no_room(f, 0, UINT64_MAX, 1, 1ULL << 63);
	no_room(f, 0x140000, UINT64_MAX, 1, 1);
	no_room(f, 0, 0x10000, 1, 1);
	no_room(f, 0x120000, 0x110000, 1, 1);
	no_room(f, 0x100001, 0x140000, 0x40000, 1);
	no_room(f, 0x100000, 0x13ffff, 0x40000, 1);
	no_room(f, 0x100001, 0x140000, 0x10000, 0x40000);
	/* Exactly all of it. */
	assert_true(low(f, 0x100000, 0x140000, 0x40000, 0x40000) == 0x100000);
	no_room(f, 0x100000, 0x140000, 1, 1);
	assert_true(high(f, 0, UINT64_MAX, 0x10000, 1) == 0x10000);
	no_room(f, 0, UINT64_MAX, 1, 1);
}

/* Rounding up past 2^64 must not come out at 0. */
static void alignment_does_not_wrap(void **state)
{
	static const struct mem_backing anon = {.kind = MEM_ANON};
	struct fixture *f = *state;

	assert_int_equal(mem_add(&f->mem, (1ULL << 63) + 0x1000, 0x1000, &anon, 0, "top", NULL), 0);
	no_room(f, 1ULL << 63, UINT64_MAX, 0x1000, 1ULL << 63);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_writable_memory_is_taken), TEST(overlaps_are_refused_by_name),
		TEST(nothing_takes_nothing),	     TEST(the_list_is_sorted_and_ends),
		TEST(highest_room_is_found),	     TEST(lowest_room_is_found),
		TEST(room_that_does_not_exist),	     TEST(alignment_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
