/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does what it must not: reads and writes all over the physical
 * address space at odd places and widths, garbage into every register of every
 * device, calls that nobody knows. What it gets back matters little (all ones
 * where nothing is, an exception where the architecture wants one); that it
 * gets back at all, and that the VM then ends as if nothing had happened, is
 * the test. Option seed=N for another walk.
 */
#include "misbehave.h"
#include "testdev.h"

/* Where the page under attack is mapped. */
#define WINDOW	  0x2f56789000ul
#define MAX_WORDS 160

static uint64_t state = 1;

uint64_t random64(void)
{
	/* xorshift64 (Marsaglia, "Xorshift RNGs"). */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static bool overlaps(const struct region *r, uint64_t start, uint64_t size)
{
	return start < r->start + r->size && r->start < start + size;
}

/* RAM holds this program; what is spared would end the run. */
static bool allowed(uint64_t gpa, uint64_t size)
{
	for (unsigned int i = 0; i < machine.nr_ram; i++)
		if (overlaps(&machine.ram[i], gpa, size))
			return false;
	for (const struct region *r = spared; r->size; r++)
		if (overlaps(r, gpa, size))
			return false;
	return true;
}

struct access {
	uint64_t va, value;
	unsigned int size;
	bool write;
};

static void do_access(void *arg)
{
	struct access *a = arg;

	if (a->write)
		mmio_write(a->va, a->value, a->size);
	else
		a->value = mmio_read(a->va, a->size);
}

static unsigned int accesses, exceptions;

/* The window shows this page; one that is there already is not mapped again, which is most of the cost. */
static bool open_window(uint64_t page)
{
	static uint64_t shown = UINT64_MAX;
	uint64_t next = page + GUEST_PAGE_SIZE;

	if (page == shown)
		return true;
	shown = page;
	return map_page(WINDOW, page, MAP_WRITE | MAP_DEVICE) &&
	       map_page(WINDOW + GUEST_PAGE_SIZE, allowed(next, GUEST_PAGE_SIZE) ? next : page,
			MAP_WRITE | MAP_DEVICE);
}

/* Through the window, so that any physical address can be reached. An exception is a fine answer. */
static void attack(uint64_t gpa, unsigned int size, bool write, uint64_t value)
{
	uint64_t page = gpa & -GUEST_PAGE_SIZE;
	struct access a = {
		.va = WINDOW + (gpa - page),
		.value = value,
		.size = size,
		.write = write,
	};

	/* An unaligned access may reach into the next page, so the window has two. */
	if (!allowed(gpa, size) || !open_window(page))
		return;
	accesses++;
	exceptions += expect_exception(do_access, &a, NULL);
}

static unsigned int random_size(void)
{
	return 1u << (random64() >> 32) % 4;
}

static uint64_t place(uint64_t gpa, unsigned int size)
{
	return any_alignment ? gpa : gpa & -(uint64_t)size;
}

/* Each power of two, and its neighbours; then anywhere, small addresses as likely as large ones. */
static void test_space(void)
{
	unsigned int bits = physical_bits();

	accesses = exceptions = 0;
	for (unsigned int bit = 12; bit < bits; bit++)
		for (int offset = -8; offset <= 8; offset += 8) {
			unsigned int size = random_size();

			attack(place((1ull << bit) + offset, size), size, false, 0);
			attack(place((1ull << bit) + offset, size), size, true, random64());
		}
	for (unsigned int i = 0; i < 500; i++) {
		unsigned int size = random_size();
		uint64_t gpa = random64() >> (64 - bits + random64() % (bits - 12));

		attack(place(gpa, size), size, i & 1, random64());
	}
	report(true, "%u accesses all over %u bits of physical addresses, %u exceptions", accesses,
	       bits, exceptions);
}

/* Every word at every width, read and then written; twice, since the first pass may unlock something. */
static void test_device(const struct victim *v)
{
	/* A large one is sampled, since each access takes up to 0.1 ms on an emulated host. */
	uint64_t step = v->size / MAX_WORDS > 4 ? (v->size / MAX_WORDS) & ~3ul : 4;

	accesses = exceptions = 0;
	for (unsigned int pass = 0; pass < 2; pass++)
		for (uint64_t at = 0; at < v->size; at += step)
			for (unsigned int size = 1; size <= 8; size *= 2) {
				uint64_t gpa = place(v->base + at, size);

				attack(gpa, size, false, 0);
				attack(gpa, size, true, pass ? random64() : UINT64_MAX);
			}
	report(true, "%s: %u accesses, %u exceptions", v->name, accesses, exceptions);
}

/* Across the end of a device, where half of an access has an owner. */
static void test_edges(const struct victim *v)
{
	accesses = exceptions = 0;
	for (unsigned int size = 2; size <= 8; size *= 2) {
		attack(v->base + v->size - size / 2, size, false, 0);
		attack(v->base + v->size - size / 2, size, true, random64());
		attack(v->base - size / 2, size, false, 0);
		attack(v->base - size / 2, size, true, random64());
	}
	report(true, "%s: %u accesses across its ends, %u exceptions", v->name, accesses,
	       exceptions);
}

int main(void)
{
	irq_off();
	state = option_number("seed", 1);
	if (!state)
		state = 1;
	misbehave_arch();
	test_space();
	for (const struct victim *v = victims; v->size; v++) {
		test_device(v);
		if (any_alignment)
			test_edges(v);
	}
	console_reset();
	report(testdev_present(), "after all that, the test device still answers");
	return 0;
}
