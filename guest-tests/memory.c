/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical address space: RAM is where the loader says, all of it and
 * only once; nothing reads as all ones; a device sees each access with its
 * width, place and value; page tables map, protect and let go.
 * Options: mem=BYTES, what all RAM together must have; devices=no, RAM only.
 */
#include "memory.h"
#include "testdev.h"

#define PATTERN 0x9e3779b97f4a7c15ul
#define MIB	(1024 * 1024ul)

/* ---- RAM ------------------------------------------------------------------- */

static bool in_image(uint64_t gpa)
{
	extern char __image_start[], __image_end[];

	return gpa + 8 > (uint64_t)__image_start && gpa < (uint64_t)__image_end;
}

/* Where each region is tried: both ends and one place between. */
#define NR_PROBES 3

static uint64_t probe_at(const struct region *r, unsigned int i)
{
	return i == 0	? r->start
	       : i == 1 ? (r->start + r->size / 2) & ~7ul
			: r->start + r->size - 8;
}

static void test_map(void)
{
	uint64_t total = 0, end = 0;
	bool sorted = true;

	for (unsigned int i = 0; i < machine.nr_ram; i++) {
		const struct region *r = &machine.ram[i];

		report_info("RAM 0x%lx, %lu KiB", r->start, r->size / 1024);
		sorted &= r->start >= end && r->size >= 8;
		end = r->start + r->size;
		total += r->size;
	}
	report(machine.nr_ram && sorted, "the memory map has %u region(s), none overlaps another",
	       machine.nr_ram);
	/* A board may keep up to 1 MiB for its own tables. */
	if (option("mem", NULL, 0)) {
		uint64_t wanted = option_number("mem", 0);

		report(total <= wanted && total + MIB >= wanted,
		       "the map has %lu KiB of the %lu given", total / 1024, wanted / 1024);
	}
}

/* Different values everywhere first, so that two places with one memory behind them show. */
static void test_ram(void)
{
	uint64_t saved[ARRAY_SIZE(machine.ram)][NR_PROBES];
	unsigned int tried = 0, bad = 0;

	for (unsigned int n = 0; n < machine.nr_ram * NR_PROBES; n++) {
		uint64_t gpa = probe_at(&machine.ram[n / NR_PROBES], n % NR_PROBES);

		if (in_image(gpa))
			continue;
		saved[n / NR_PROBES][n % NR_PROBES] = mmio_read64(gpa);
		mmio_write64(gpa, gpa ^ PATTERN);
		tried++;
	}
	for (unsigned int n = 0; n < machine.nr_ram * NR_PROBES; n++) {
		uint64_t gpa = probe_at(&machine.ram[n / NR_PROBES], n % NR_PROBES);
		uint64_t value;

		if (in_image(gpa))
			continue;
		value = mmio_read64(gpa);
		if (value != (gpa ^ PATTERN)) {
			report_info("0x%lx holds 0x%lx instead of 0x%lx", gpa, value,
				    gpa ^ PATTERN);
			bad++;
		}
		mmio_write64(gpa, saved[n / NR_PROBES][n % NR_PROBES]);
	}
	report(tried && !bad, "RAM keeps what is written at %u places, its ends among them", tried);
}

static void test_bytes(void)
{
	uint64_t *page = page_alloc();
	uint64_t va = (uint64_t)page;
	bool ok;

	mmio_write64(va, 0x8877665544332211ull);
	ok = mmio_read8(va) == 0x11 && mmio_read8(va + 7) == 0x88 &&
	     mmio_read16(va + 2) == 0x4433 && mmio_read32(va + 4) == 0x88776655;
	mmio_write8(va + 1, 0xaa);
	mmio_write16(va + 4, 0xbbcc);
	mmio_write32(va + 8, 0xdeadbeef);
	report(ok && mmio_read64(va) == 0x8877bbcc4433aa11ull && mmio_read64(va + 8) == 0xdeadbeef,
	       "RAM is little-endian at every width");
}

/* ---- Where nothing is ------------------------------------------------------- */

static uint64_t ones(unsigned int size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

static void nothing_at(uint64_t gpa, const char *what)
{
	for (unsigned int size = 1; size <= 8; size *= 2) {
		uint64_t before = mmio_read(gpa, size), after;

		mmio_write(gpa, 0, size);
		after = mmio_read(gpa, size);
		report(before == ones(size) && after == ones(size),
		       "%s (0x%lx) reads all ones at %u byte(s), and after a write (0x%lx, 0x%lx)",
		       what, gpa, size, before, after);
	}
}

static void test_holes(void)
{
	const struct region *last = &machine.ram[machine.nr_ram - 1];
	uint64_t end = last->start + last->size;

	nothing_at(machine.hole, "a hole");
	if (map_page(end & -GUEST_PAGE_SIZE, end & -GUEST_PAGE_SIZE, MAP_WRITE | MAP_DEVICE) &&
	    end % GUEST_PAGE_SIZE == 0)
		nothing_at(end, "the byte after RAM");
}

/* ---- A device's view --------------------------------------------------------- */

/* One access of each width at each aligned place of the scratch memory, seen by the device as it was made. */
static void test_widths(void)
{
	for (unsigned int size = 1; size <= 8; size *= 2) {
		bool ok = true;
		unsigned int done = 0;

		testdev_write(TESTDEV_CLEAR, 0);
		for (unsigned int at = 0; at < 8; at += size) {
			uint64_t va = machine.testdev + TESTDEV_SCRATCH + at;
			uint64_t value = PATTERN >> at & ones(size);

			mmio_write(va, value, size);
			ok &= access_was(true, TESTDEV_SCRATCH + at, size, value);
			ok &= mmio_read(va, size) == value;
			ok &= access_was(false, TESTDEV_SCRATCH + at, size, value);
			done++;
		}
		ok &= testdev_read(width_counter(true, size)) == done;
		ok &= testdev_read(width_counter(false, size)) == done;
		report(ok, "the device sees reads and writes of %u byte(s) as they are", size);
	}
}

bool access_was(bool write, unsigned int offset, unsigned int size, uint64_t value)
{
	uint32_t width = size | (write ? TESTDEV_LAST_WRITE : 0);
	uint64_t got = testdev_read64(TESTDEV_LAST_VALUE);

	if (testdev_read(TESTDEV_LAST_OFFSET) == offset &&
	    testdev_read(TESTDEV_LAST_WIDTH) == width && got == value)
		return true;
	report_info("wanted %s of %u at 0x%x, 0x%lx: the device saw 0x%x at 0x%x, 0x%lx",
		    write ? "a write" : "a read", size, offset, value,
		    testdev_read(TESTDEV_LAST_WIDTH), testdev_read(TESTDEV_LAST_OFFSET), got);
	return false;
}

unsigned int width_counter(bool write, unsigned int size)
{
	unsigned int first = write ? TESTDEV_WRITES_1 : TESTDEV_READS_1;

	return first + 4 * __builtin_ctz(size);
}

/* ---- Page tables -------------------------------------------------------------- */

/* Far from what boards have, and an address of every MMU: 39 bits are the least (Sv39). */
#define VA 0x2f12345000ul

static void read_va(void *arg)
{
	mmio_read64((uint64_t)arg);
}

static void write_va(void *arg)
{
	mmio_write64((uint64_t)arg, 1);
}

static bool faults(void (*fn)(void *arg), uint64_t va, bool write)
{
	struct exception e;

	if (!expect_exception(fn, (void *)va, &e))
		return false;
	if (e.kind == EXC_PAGE && e.addr == va && e.write == write)
		return true;
	report_info("got %s (%u), address 0x%lx, write %u", exception_name(e.kind), e.vector,
		    e.addr, e.write);
	return false;
}

static void test_paging(void)
{
	uint64_t *one = page_alloc(), *two = page_alloc();

	one[0] = 1;
	two[0] = 2;
	report(faults(read_va, VA, false), "an address without a map faults on reading");
	report(map_page(VA, (uint64_t)one, MAP_WRITE) && mmio_read64(VA) == 1,
	       "a mapped page shows its memory");
	mmio_write64(VA, 3);
	report(one[0] == 3, "a write through the map arrives");
	report(map_page(VA, (uint64_t)two, MAP_WRITE) && mmio_read64(VA) == 2,
	       "a changed map shows the other page");
	report(map_page(VA, (uint64_t)two, 0) && mmio_read64(VA) == 2 &&
		       faults(write_va, VA + 8, true),
	       "a read-only map reads, and faults on writing");
	report(unmap_page(VA) && faults(write_va, VA, true), "after unmapping it faults again");
	report(two[0] == 2 && two[1] == 0, "faulting writes changed nothing");
}

__attribute__((weak)) void memory_arch(void)
{
}

int main(void)
{
	test_map();
	test_ram();
	test_bytes();
	test_holes();
	if (option_is("devices", "no"))
		return 0;
	test_paging();
	report(testdev_present(), "the test device is there");
	if (testdev_present()) {
		test_widths();
		memory_arch();
	}
	return 0;
}
