/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kvm-unit-tests' x86 guests expect of their test device (x86/realmode.c,
 * emulator.c, eventinj.c, ioapic.c).
 */
#include "tests/unit/device.h"

#include <stdlib.h>
#include <string.h>

#include "devices/testdev.h"

struct fixture {
	struct bus port, mmio;
	struct pc_testdev *dev;
	struct irq_log irq;
	uint64_t flushed;
	unsigned int flushes;
};

static void take_flush(void *ctx, uint64_t gpa)
{
	struct fixture *f = ctx;

	f->flushed = gpa;
	f->flushes++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct pc_testdev_config config = {.flush_page = take_flush, .ctx = f};

	for (unsigned int i = 0; i < PC_TESTDEV_IRQS; i++)
		config.irqs[i] = irq_log_line(&f->irq, i);
	bus_init(&f->port, "port");
	bus_init(&f->mmio, "mmio");
	f->dev = pc_testdev_create(&config);
	assert_non_null(f->dev);
	assert_int_equal(pc_testdev_attach(f->dev, &f->port, &f->mmio), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pc_testdev_destroy(f->dev);
	bus_destroy(&f->port);
	bus_destroy(&f->mmio);
	free(f);
	return 0;
}

static void latch(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->port, 0xe0, 0x44332211, 4);
	assert_int_equal(bus_in(&f->port, 0xe0, 4), 0x44332211);
	assert_int_equal(bus_in(&f->port, 0xe0, 1), 0x11);
	assert_int_equal(bus_in(&f->port, 0xe0, 2), 0x2211);
	assert_int_equal(bus_in(&f->port, 0xe2, 2), 0x4433);
	bus_out(&f->port, 0xe1, 0xaa, 1);
	bus_out(&f->port, 0xe2, 0xbbcc, 2);
	assert_int_equal(bus_in(&f->port, 0xe0, 4), 0xbbccaa11);
}

/* 0xe8 is the same latch; the bus cuts wider accesses into bytes. */
static void byte_latch(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->port, 0xe8, 0x12345678, 4);
	assert_int_equal(bus_in(&f->port, 0xe8, 4), 0x12345678);
	assert_int_equal(bus_in(&f->port, 0xe9, 1), 0x56);
	assert_int_equal(bus_in(&f->port, 0xe0, 4), 0x12345678);
}

/* 0xe4 takes the page of a 32-bit address, and nothing narrower. */
static void flush_page(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->port, 0xe4, 0x12345678, 4);
	assert_int_equal(f->flushes, 1);
	assert_int_equal(f->flushed, 0x12345000);
	assert_false(bus_write(&f->port, 0xe4, 1, 1));
	assert_false(bus_write(&f->port, 0xe4, 2, 1));
	assert_int_equal(f->flushes, 1);
	assert_int_equal(bus_in(&f->port, 0xe4, 4), 0xffffffff);
}

static void irq_lines(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < PC_TESTDEV_IRQS; i++) {
		bus_out(&f->port, 0x2000 + i, 1, 1);
		for (unsigned int k = 0; k < PC_TESTDEV_IRQS; k++)
			assert_int_equal(f->irq.level[k], k == i);
		bus_out(&f->port, 0x2000 + i, 0, 1);
		assert_false(f->irq.level[i]);
		assert_int_equal(f->irq.calls[i], 2);
	}
	bus_out(&f->port, 0x2000, 0x80, 1);
	assert_true(f->irq.level[0]);
	assert_false(bus_write(&f->port, 0x2000 + PC_TESTDEV_IRQS, 1, 1));
}

static void memory(void **state)
{
	struct fixture *f = *state;
	const uint64_t base = 0xff000000;

	for (unsigned int size = 1; size <= 8; size *= 2) {
		uint64_t value = UINT64_C(0x8877665544332211) >> 8 * (8 - size);

		bus_out(&f->mmio, base + 0x101, value, size);
		assert_int_equal(bus_in(&f->mmio, base + 0x101, size), value);
		bus_out(&f->mmio, base + 0x10000 - size, value, size);
		assert_int_equal(bus_in(&f->mmio, base + 0x10000 - size, size), value);
	}
	assert_int_equal(bus_in(&f->mmio, base + 0x103, 1), 0x33);
	assert_int_equal(bus_in(&f->mmio, base + 0x109, 1), 0);
	assert_false(bus_write(&f->mmio, base + 0x10000, 1, 1));
}

/* A board may leave lines and page flush unconnected. */
static void unconnected(void **state)
{
	struct fixture *f = *state;
	const struct pc_testdev_config config = {.flush_page = NULL};

	bus_destroy(&f->port);
	bus_destroy(&f->mmio);
	bus_init(&f->port, "port");
	bus_init(&f->mmio, "mmio");
	pc_testdev_destroy(f->dev);
	f->dev = pc_testdev_create(&config);
	assert_int_equal(pc_testdev_attach(f->dev, &f->port, &f->mmio), 0);
	bus_out(&f->port, 0xe4, 0x1000, 4);
	bus_out(&f->port, 0x2005, 1, 1);
	assert_int_equal(f->flushes, 0);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(latch),	 CASE(byte_latch), CASE(flush_page),
		CASE(irq_lines), CASE(memory),	   CASE(unconnected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
