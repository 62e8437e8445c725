/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI sleep registers and power management timer (ACPI 6.5, 4.8.3). */
#include "tests/unit/unit.h"
#include "tests/unit/device.h"

#include <string.h>

#include "devices/acpi_hw.h"

#define BASE 0x600

struct fixture {
	struct bus bus;
	struct acpi_hw *dev;
	uint64_t now;
	unsigned int slept, type;
};

static uint64_t now(void *ctx)
{
	return ((struct fixture *)ctx)->now;
}

static void sleeps(void *ctx, unsigned int type)
{
	struct fixture *f = ctx;

	f->slept++;
	f->type = type;
}

static int setup(void **state)
{
	static struct fixture f;
	const struct acpi_hw_config config = {.sleep = sleeps, .now = now, .ctx = &f};

	memset(&f, 0, sizeof(f));
	f.now = 123456789;
	bus_init(&f.bus, "port");
	f.dev = acpi_hw_create(&config);
	assert_non_null(f.dev);
	assert_int_equal(acpi_hw_attach(f.dev, &f.bus, BASE), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bus_destroy(&f->bus);
	acpi_hw_destroy(f->dev);
	return 0;
}

/* 4.8.3.3: 3.579545 MHz. */
static void timer_counts_from_creation(void **state)
{
	struct fixture *f = *state;
	uint64_t start = f->now;

	assert_int_equal(bus_in(&f->bus, BASE + 8, 4), 0);
	f->now = start + 1000000000;
	assert_int_equal(bus_in(&f->bus, BASE + 8, 4), 3579545);
	f->now = start + 1000000;
	assert_int_equal(bus_in(&f->bus, BASE + 8, 4), 3579);
	/* A year, where a product of 64 bits would have passed its end: 31536000 s * 3579545 Hz mod 2^32. */
	f->now = start + 31536000ull * 1000000000;
	assert_int_equal(bus_in(&f->bus, BASE + 8, 4), 31536000ull * 3579545 & UINT32_MAX);
}

static void timer_can_be_read_in_parts_and_not_written(void **state)
{
	struct fixture *f = *state;
	uint32_t value;

	f->now += 86400ull * 1000000000;
	value = bus_in(&f->bus, BASE + 8, 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(bus_in(&f->bus, BASE + 8 + i, 1), value >> (8 * i) & 0xff);
	assert_int_equal(bus_in(&f->bus, BASE + 10, 2), value >> 16);
	bus_out(&f->bus, BASE + 8, 0, 4);
	assert_int_equal(bus_in(&f->bus, BASE + 8, 4), value);
	assert_int_equal(f->slept, 0);
}

/* 4.8.3.7: SLP_EN (bit 5) is a command that reads 0; SLP_TYP is bits 4-2. */
static void sleep_control_sleeps(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->bus, BASE, 5 << 2, 1);
	assert_int_equal(f->slept, 0);
	assert_int_equal(bus_in(&f->bus, BASE, 1), 5 << 2);
	bus_out(&f->bus, BASE, 0xe0 | 5 << 2 | 3, 1);
	assert_int_equal(f->slept, 1);
	assert_int_equal(f->type, 5);
	assert_int_equal(bus_in(&f->bus, BASE, 1), 5 << 2);
	bus_out(&f->bus, BASE, 0x20, 1);
	assert_int_equal(f->slept, 2);
	assert_int_equal(f->type, 0);
}

static void nothing_ever_wakes(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->bus, BASE + 1, 0x80, 1);
	assert_int_equal(bus_in(&f->bus, BASE + 1, 1), 0);
	/* Both registers at once: the control byte is the lower one. */
	bus_out(&f->bus, BASE, 0x8000 | 0x20 | 5 << 2, 2);
	assert_int_equal(f->slept, 1);
	assert_int_equal(bus_in(&f->bus, BASE, 2), 5 << 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timer_counts_from_creation),
		TEST(timer_can_be_read_in_parts_and_not_written),
		TEST(sleep_control_sleeps),
		TEST(nothing_ever_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
