/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bus: ranges, sizes, edges, and changes while others access. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bus.h"

/* A device that remembers what it was asked, and answers byte @offset with base + offset. */
struct probe {
	struct {
		bool write;
		uint64_t offset, value;
		unsigned int size;
	} seen[16];
	unsigned int nr;
	uint8_t first;
};

static uint64_t probe_read(void *dev, uint64_t offset, unsigned int size)
{
	struct probe *p = dev;
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)(uint8_t)(p->first + offset + i) << (8 * i);
	p->seen[p->nr].write = false;
	p->seen[p->nr].offset = offset;
	p->seen[p->nr++].size = size;
	/* Bits above the size must not reach the guest. */
	return size < 8 ? value | ~0ULL << (8 * size) : value;
}

static void probe_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct probe *p = dev;

	p->seen[p->nr].write = true;
	p->seen[p->nr].offset = offset;
	p->seen[p->nr].value = value;
	p->seen[p->nr++].size = size;
}

static const struct bus_ops any = {.read = probe_read, .write = probe_write};
static const struct bus_ops words = {.read = probe_read, .write = probe_write, .sizes = 4};
static const struct bus_ops bytes = {.read = probe_read, .write = probe_write, .sizes = 1};
static const struct bus_ops wide = {.read = probe_read, .write = probe_write, .sizes = 2 | 4};

struct fixture {
	struct bus bus;
	struct probe a, b;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	bus_init(&f.bus, "mmio");
	f.b.first = 0x80;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bus_destroy(&f->bus);
	return 0;
}

static int put(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops, void *dev,
	       const char *name)
{
	const struct bus_range range = {base, size, ops, dev, name};

	return bus_add(bus, &range);
}

static uint64_t get(struct bus *bus, uint64_t addr, unsigned int size, bool claimed)
{
	uint64_t value = 0x5555;

	assert_int_equal(bus_read(bus, addr, size, &value), claimed);
	return value;
}

static void nothing_there_reads_as_ones(void **state)
{
	struct fixture *f = *state;

	assert_true(get(&f->bus, 0x1000, 1, false) == 0xff);
	assert_true(get(&f->bus, 0x1000, 2, false) == 0xffff);
	assert_true(get(&f->bus, 0x1000, 3, false) == 0xffffff);
	assert_true(get(&f->bus, UINT64_MAX, 8, false) == UINT64_MAX);
	assert_false(bus_write(&f->bus, 0x1000, 4, 7));
	assert_int_equal(f->bus.unclaimed, 5);
}

static void sizes_of_0_and_9_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0, 64, &any, &f->a, "a"), 0);
	assert_true(get(&f->bus, 0, 0, false) == UINT64_MAX);
	assert_true(get(&f->bus, 0, 9, false) == UINT64_MAX);
	assert_false(bus_write(&f->bus, 0, 0, 1));
	assert_false(bus_write(&f->bus, 0, 9, 1));
	assert_int_equal(f->a.nr, 0);
}

static void finds_each_of_many(void **state)
{
	struct fixture *f = *state;
	static struct probe dev[200];

	/* Added from both ends towards the middle, so that most insertions move something. */
	for (unsigned int i = 0; i < 100; i++) {
		dev[i].first = (uint8_t)i;
		dev[199 - i].first = (uint8_t)(199 - i);
		assert_int_equal(put(&f->bus, i * 0x100ULL, 0x80, &any, &dev[i], "low"), 0);
		assert_int_equal(
			put(&f->bus, (199 - i) * 0x100ULL, 0x80, &any, &dev[199 - i], "high"), 0);
	}
	for (unsigned int i = 0; i < 200; i++) {
		assert_true(get(&f->bus, i * 0x100ULL, 1, true) == (uint8_t)i);
		assert_true(get(&f->bus, i * 0x100ULL + 0x7f, 1, true) == (uint8_t)(i + 0x7f));
		assert_true(get(&f->bus, i * 0x100ULL + 0x80, 1, false) == 0xff);
		assert_true(get(&f->bus, i * 0x100ULL + 0xff, 1, false) == 0xff);
	}
}

static void overlap_is_refused_by_name(void **state)
{
	static const struct {
		uint64_t base, size;
	} bad[] = {
		{0x1000, 0x100},
		{0xfff, 2},
		{0x10ff, 1},
		{0x1000, 1},
		{0x0, 0x1001},
		{0x0, 0x100000},
		{0x10ff, UINT64_MAX - 0x10ff},
	};
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0x1000, 0x100, &any, &f->a, "uart"), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		messages_begin();
		assert_int_equal(put(&f->bus, bad[i].base, bad[i].size, &any, &f->b, "rtc"),
				 -EEXIST);
		assert_said(messages_end(), "overlaps uart at 0x1000-0x10ff");
	}
	assert_int_equal(put(&f->bus, 0xfff, 1, &any, &f->b, "below"), 0);
	assert_int_equal(put(&f->bus, 0x1100, 1, &any, &f->b, "above"), 0);
}

static void empty_and_wrapping_ranges_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0x1000, 0, &any, &f->a, "a"), -EINVAL);
	assert_int_equal(put(&f->bus, UINT64_MAX, 2, &any, &f->a, "a"), -EINVAL);
	assert_int_equal(put(&f->bus, 2, UINT64_MAX, &any, &f->a, "a"), -EINVAL);
	/* Up to the very end is fine. */
	assert_int_equal(put(&f->bus, UINT64_MAX, 1, &any, &f->a, "a"), 0);
	assert_true(get(&f->bus, UINT64_MAX, 1, true) == 0);
	/* ... and what goes past it does not come back at 0. */
	assert_int_equal(put(&f->bus, 0, 8, &any, &f->b, "b"), 0);
	assert_true(get(&f->bus, UINT64_MAX, 4, false) == 0xffffff00);
	assert_int_equal(f->b.nr, 0);
}

static void remove_takes_one_away(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(bus_remove(&f->bus, 0), -ENOENT);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(put(&f->bus, i * 16, 16, &any, &f->a, "x"), 0);
	assert_int_equal(bus_remove(&f->bus, 33), -ENOENT);
	assert_int_equal(bus_remove(&f->bus, 32), 0);
	assert_int_equal(bus_remove(&f->bus, 32), -ENOENT);
	get(&f->bus, 31, 1, true);
	get(&f->bus, 32, 1, false);
	get(&f->bus, 47, 1, false);
	get(&f->bus, 48, 1, true);
	get(&f->bus, 79, 1, true);
	assert_int_equal(put(&f->bus, 32, 16, &any, &f->a, "x"), 0);
	get(&f->bus, 32, 8, true);
}

static void wide_access_is_cut_into_taken_sizes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0x100, 0x10, &words, &f->a, "words"), 0);
	assert_true(get(&f->bus, 0x104, 8, true) == 0x0b0a090807060504);
	assert_int_equal(f->a.nr, 2);
	assert_int_equal(f->a.seen[0].offset, 4);
	assert_int_equal(f->a.seen[0].size, 4);
	assert_int_equal(f->a.seen[1].offset, 8);
	assert_int_equal(f->a.seen[1].size, 4);

	assert_true(bus_write(&f->bus, 0x108, 8, 0x1122334455667788));
	assert_int_equal(f->a.nr, 4);
	assert_true(f->a.seen[2].write && f->a.seen[2].value == 0x55667788 &&
		    f->a.seen[2].offset == 8);
	assert_true(f->a.seen[3].write && f->a.seen[3].value == 0x11223344 &&
		    f->a.seen[3].offset == 12);
}

static void odd_access_is_cut_from_the_lowest_byte(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0, 0x10, &any, &f->a, "any"), 0);
	assert_true(get(&f->bus, 1, 7, true) == 0x07060504030201);
	assert_int_equal(f->a.nr, 3);
	assert_int_equal(f->a.seen[0].size, 4);
	assert_int_equal(f->a.seen[1].size, 2);
	assert_int_equal(f->a.seen[1].offset, 5);
	assert_int_equal(f->a.seen[2].size, 1);
	assert_int_equal(f->a.seen[2].offset, 7);

	f->a.nr = 0;
	assert_int_equal(put(&f->bus, 0x100, 0x10, &bytes, &f->b, "bytes"), 0);
	assert_true(bus_write(&f->bus, 0x102, 3, 0xff030201));
	assert_int_equal(f->b.nr, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(f->b.seen[i].offset, 2 + i);
		assert_int_equal(f->b.seen[i].value, 1 + i);
	}
}

static void what_does_not_come_out_even_is_refused_whole(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0, 0x10, &words, &f->a, "words"), 0);
	assert_int_equal(put(&f->bus, 0x100, 0x10, &wide, &f->b, "wide"), 0);
	assert_true(get(&f->bus, 0, 1, false) == 0xff);
	assert_true(get(&f->bus, 0, 2, false) == 0xffff);
	assert_true(get(&f->bus, 0, 6, false) == 0xffffffffffff);
	assert_false(bus_write(&f->bus, 0, 6, 1));
	assert_int_equal(f->a.nr, 0);
	assert_true(get(&f->bus, 0x100, 7, false) == 0xffffffffffffff);
	assert_int_equal(f->b.nr, 0);
	assert_true(get(&f->bus, 0x100, 6, true) == 0x858483828180);
	assert_int_equal(f->b.nr, 2);
}

static void one_way_devices_refuse_the_other(void **state)
{
	static const struct bus_ops read_only = {.read = probe_read};
	static const struct bus_ops write_only = {.write = probe_write};
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0, 4, &read_only, &f->a, "ro"), 0);
	assert_int_equal(put(&f->bus, 4, 4, &write_only, &f->b, "wo"), 0);
	assert_false(bus_write(&f->bus, 0, 4, 1));
	assert_true(get(&f->bus, 4, 4, false) == 0xffffffff);
	assert_int_equal(f->a.nr + f->b.nr, 0);
}

static void access_across_edges_goes_to_each_side(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(&f->bus, 0x100, 4, &any, &f->a, "a"), 0);
	assert_int_equal(put(&f->bus, 0x104, 4, &any, &f->b, "b"), 0);
	/* Two neighbours answer all of it. */
	assert_true(get(&f->bus, 0x102, 4, true) == 0x81800302);
	assert_int_equal(f->a.seen[0].size, 2);
	assert_int_equal(f->b.seen[0].size, 2);
	/* Beyond the last, and before the first, there are ones. */
	assert_true(get(&f->bus, 0x106, 4, false) == 0xffff8382);
	assert_true(get(&f->bus, 0xfe, 4, false) == 0x0100ffff);
	/* A write reaches the part that exists. */
	f->a.nr = 0;
	assert_false(bus_write(&f->bus, 0xff, 4, 0x44332211));
	assert_int_equal(f->a.nr, 2);
	assert_int_equal(f->a.seen[0].value, 0x3322);
	assert_int_equal(f->a.seen[1].value, 0x44);
	assert_int_equal(f->a.seen[1].offset, 2);
}

/* The bus remembers what it found last; each of these must not be served from that memory. */
static void the_same_address_again_is_looked_at_anew(void **state)
{
	struct fixture *f = *state;
	struct bus other;

	assert_int_equal(put(&f->bus, 0x100, 8, &words, &f->a, "words"), 0);
	/* Twice each: found, then remembered. */
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(get(&f->bus, 0x104, 4, true) == 0x07060504);
		assert_true(bus_write(&f->bus, 0x104, 4, 0xff00000001));
		assert_true(f->a.seen[f->a.nr - 1].value == 1);
	}
	assert_int_equal(f->a.nr, 4);
	/* Another size, and across the edge. */
	assert_true(get(&f->bus, 0x104, 2, false) == 0xffff);
	assert_true(get(&f->bus, 0x104, 8, false) == 0xffffffff07060504);
	assert_true(get(&f->bus, 0x106, 4, false) == 0xffffffff);
	assert_true(get(&f->bus, 0x100, 3, false) == 0xffffff);
	assert_true(get(&f->bus, 0x0ff, 4, false) == 0xffffffff);
	/* Another bus. */
	bus_init(&other, "port");
	assert_true(get(&f->bus, 0x100, 4, true) == 0x03020100);
	assert_true(get(&other, 0x100, 4, false) == 0xffffffff);
	assert_int_equal(put(&other, 0x100, 8, &any, &f->b, "any"), 0);
	assert_true(get(&other, 0x100, 4, true) == 0x83828180);
	assert_true(get(&f->bus, 0x100, 4, true) == 0x03020100);
	/* A size that no device takes whole. */
	assert_true(get(&other, 0x100, 4, true) == 0x83828180);
	f->b.nr = 0;
	assert_true(get(&other, 0x100, 3, true) == 0x828180);
	assert_int_equal(f->b.nr, 2);
	assert_int_equal(f->b.seen[0].size, 2);
	/* Another device in the same place. */
	assert_true(get(&other, 0x100, 4, true) == 0x83828180);
	assert_int_equal(bus_remove(&other, 0x100), 0);
	assert_true(get(&other, 0x100, 4, false) == 0xffffffff);
	assert_int_equal(put(&other, 0x100, 8, &any, &f->a, "any"), 0);
	assert_true(get(&other, 0x100, 4, true) == 0x03020100);
	/* Another bus in the same place, with as many changes behind it. */
	bus_destroy(&other);
	bus_init(&other, "port");
	assert_int_equal(put(&other, 0x200, 8, &any, &f->b, "b"), 0);
	assert_int_equal(put(&other, 0x300, 8, &any, &f->b, "b"), 0);
	assert_int_equal(put(&other, 0x400, 8, &any, &f->b, "b"), 0);
	assert_true(get(&other, 0x100, 4, false) == 0xffffffff);
	bus_destroy(&other);
}

static void unclaimed_accesses_are_said_up_to_a_limit(void **state)
{
	struct fixture *f = *state;
	const char *said;
	unsigned int lines = 0;

	messages_begin();
	bus_write(&f->bus, 0x40, 2, 0xabcd);
	assert_string_equal(messages_end(), "");

	f->bus.log_unclaimed = true;
	messages_begin();
	bus_write(&f->bus, 0x40, 2, 0xffffabcd);
	get(&f->bus, 0x44, 4, false);
	said = messages_end();
	assert_said(said, "mmio: no device took a write of 2 bytes, 0xabcd, at 0x40");
	assert_said(said, "mmio: no device answered a read of 4 bytes at 0x44");

	messages_begin();
	for (unsigned int i = 0; i < 996; i++)
		get(&f->bus, 0x44, 4, false);
	messages_end();
	messages_begin();
	for (unsigned int i = 0; i < 100; i++)
		get(&f->bus, 0x44, 4, false);
	for (said = messages_end(); (said = strchr(said, '\n')); said++)
		lines++;
	/* The last two, and the word that there are no more. */
	assert_int_equal(lines, 3);
	assert_int_equal(f->bus.unclaimed, 1 + 2 + 996 + 100);
}

static void note_name(const struct bus_range *range, void *ctx)
{
	strcat(ctx, range->name);
}

static void listing_is_in_order(void **state)
{
	struct fixture *f = *state;
	char names[8] = "";

	bus_for_each(&f->bus, note_name, names);
	assert_string_equal(names, "");
	put(&f->bus, 0x200, 1, &any, &f->a, "c");
	put(&f->bus, 0x100, 1, &any, &f->a, "b");
	put(&f->bus, 0x300, 1, &any, &f->a, "d");
	put(&f->bus, 0x0, 1, &any, &f->a, "a");
	bus_for_each(&f->bus, note_name, names);
	assert_string_equal(names, "abcd");
}

/* A device whose answer is its own number, for the race below. */
static uint64_t number_read(void *dev, uint64_t offset, unsigned int size)
{
	return (uintptr_t)dev;
}

static const struct bus_ops numbers = {.read = number_read};

struct race {
	struct bus bus;
	atomic_bool stop;
	atomic_ulong wrong, answered, missed;
};

static void *reader(void *arg)
{
	struct race *race = arg;
	uint64_t value;

	for (unsigned int i = 0; !atomic_load(&race->stop); i++) {
		/* Even places always have a device, odd ones come and go and are looked at now and then. */
		uint64_t place = i * 7919u % 128 & (i % 7 ? ~1u : ~0u);
		bool got = bus_read(&race->bus, place * 0x1000 + 8, 8, &value);

		if (got ? value != place + 1 : (value != UINT64_MAX || place % 2 == 0))
			atomic_fetch_add(&race->wrong, 1);
		atomic_fetch_add(got ? &race->answered : &race->missed, 1);
	}
	return NULL;
}

static void readers_never_see_a_half_changed_table(void **state)
{
	static struct race race;
	pthread_t thread[3];

	bus_init(&race.bus, "mmio");
	/* The table grows while they read, too: only the even places are there before. */
	for (uint64_t i = 0; i < 128; i += 2)
		assert_int_equal(put(&race.bus, i * 0x1000, 0x1000, &numbers,
				     (void *)(uintptr_t)(i + 1), "x"),
				 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, &race), 0);
	for (unsigned int round = 0;
	     round < 200 || atomic_load(&race.answered) < 2000000 || !atomic_load(&race.missed);
	     round++) {
		for (uint64_t i = 1; i < 128; i += 2)
			put(&race.bus, i * 0x1000, 0x1000, &numbers, (void *)(uintptr_t)(i + 1),
			    "y");
		for (uint64_t i = 1; i < 128; i += 2)
			bus_remove(&race.bus, i * 0x1000);
	}
	atomic_store(&race.stop, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(race.wrong, 0);
	bus_destroy(&race.bus);
}

/* A device may take itself off the bus, or add another, while it answers. */
static uint64_t shy_read(void *dev, uint64_t offset, unsigned int size)
{
	struct bus *bus = dev;

	bus_remove(bus, 0x1000);
	put(bus, 0x2000, 0x10, &numbers, (void *)0x42, "other");
	return 7;
}

static void a_device_may_change_the_bus(void **state)
{
	static const struct bus_ops shy = {.read = shy_read};
	struct fixture *f = *state;

	put(&f->bus, 0x1000, 0x10, &shy, &f->bus, "shy");
	assert_true(get(&f->bus, 0x1000, 4, true) == 7);
	assert_true(get(&f->bus, 0x1000, 4, false) == 0xffffffff);
	assert_true(get(&f->bus, 0x2000, 4, true) == 0x42);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_there_reads_as_ones),
		TEST(sizes_of_0_and_9_are_refused),
		TEST(finds_each_of_many),
		TEST(overlap_is_refused_by_name),
		TEST(empty_and_wrapping_ranges_are_refused),
		TEST(remove_takes_one_away),
		TEST(wide_access_is_cut_into_taken_sizes),
		TEST(odd_access_is_cut_from_the_lowest_byte),
		TEST(what_does_not_come_out_even_is_refused_whole),
		TEST(one_way_devices_refuse_the_other),
		TEST(access_across_edges_goes_to_each_side),
		TEST(the_same_address_again_is_looked_at_anew),
		TEST(unclaimed_accesses_are_said_up_to_a_limit),
		TEST(listing_is_in_order),
		TEST(a_device_may_change_the_bus),
		cmocka_unit_test(readers_never_see_a_half_changed_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
