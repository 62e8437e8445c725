/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw_cfg as QEMU's docs/specs/fw_cfg describes it, port I/O form. */
#include "tests/unit/device.h"

#include <stdlib.h>
#include <string.h>

#include "devices/fwcfg.h"

struct fixture {
	struct bus bus;
	struct fwcfg *dev;
};

static int setup(void **state)
{
	static const struct fwcfg_config config = {
		.ram_size = UINT64_C(0x0123456789abcdef),
		.nr_cpus = 0x0102,
		.max_cpus = 0x0304,
	};
	struct fixture *f = calloc(1, sizeof(*f));

	bus_init(&f->bus, "test");
	f->dev = fwcfg_create(&config);
	assert_non_null(f->dev);
	assert_int_equal(fwcfg_attach(f->dev, &f->bus, FWCFG_BASE), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fwcfg_destroy(f->dev);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static void select_key(struct fixture *f, uint16_t key)
{
	bus_out(&f->bus, FWCFG_BASE, key, 2);
}

static uint8_t next(struct fixture *f)
{
	return bus_in(&f->bus, FWCFG_BASE + 1, 1);
}

/* The next @n bytes as a little-endian number. */
static uint64_t number(struct fixture *f, unsigned int n)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < n; i++)
		value |= (uint64_t)next(f) << 8 * i;
	return value;
}

static void assert_item(struct fixture *f, uint16_t key, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	select_key(f, key);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(next(f), bytes[i]);
	/* After its end an item reads zero, for ever. */
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(next(f), 0);
}

/* "Signature (Key 0x0000)" and "Revision / feature bitmap (Key 0x0001)": no DMA. */
static void identity(void **state)
{
	struct fixture *f = *state;

	assert_item(f, FWCFG_SIGNATURE, "QEMU", 4);
	assert_item(f, FWCFG_ID, "\1\0\0\0", 4);
}

/* What kvm-unit-tests reads: lib/x86/fwcfg.h. */
static void machine_size(void **state)
{
	struct fixture *f = *state;

	select_key(f, 0x03);
	assert_int_equal(number(f, 8), 0x0123456789abcdef);
	assert_int_equal(number(f, 8), 0);
	select_key(f, 0x05);
	assert_int_equal(number(f, 4), 0x0102);
	select_key(f, 0x0f);
	assert_int_equal(number(f, 4), 0x0304);
	select_key(f, 0x11);
	assert_int_equal(number(f, 8), 0);
}

/* "File Directory (Key 0x0019)": a big-endian count of none. */
static void empty_directory(void **state)
{
	struct fixture *f = *state;

	assert_item(f, FWCFG_FILE_DIR, "\0\0\0\0", 4);
}

static void unknown_keys(void **state)
{
	static const uint16_t keys[] = {0x02, 0x04, 0x18, 0x1a, 0x7fff, 0x8000, 0xffff};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		assert_item(f, keys[i], "", 0);
}

/* "Selector Register": selecting begins anew; bit 14, once for writing, chooses the same item. */
static void selecting(void **state)
{
	struct fixture *f = *state;

	/* Before anything is selected it is the signature. */
	assert_int_equal(next(f), 'Q');
	select_key(f, FWCFG_SIGNATURE);
	assert_int_equal(next(f), 'Q');
	assert_int_equal(next(f), 'E');
	select_key(f, FWCFG_SIGNATURE | 0x4000);
	assert_int_equal(next(f), 'Q');
	select_key(f, FWCFG_SIGNATURE | 0x8000); /* bit 15: another item */
	assert_int_equal(next(f), 0);
}

/*
 * "Data Register": one byte an access; writes are ignored, and so are selectors
 * of another width.
 */
static void odd_accesses(void **state)
{
	struct fixture *f = *state;

	select_key(f, FWCFG_SIGNATURE);
	bus_out(&f->bus, FWCFG_BASE + 1, 'x', 1);
	bus_out(&f->bus, FWCFG_BASE, FWCFG_ID, 1);
	assert_int_equal(next(f), 'Q');
	/* The selector cannot be read; data is not reached through it. */
	assert_int_equal(bus_in(&f->bus, FWCFG_BASE, 1), 0xff);
	assert_int_equal(bus_in(&f->bus, FWCFG_BASE, 2), 0xffff);
	assert_int_equal(next(f), 'E');
	/* A wider write keeps what fits on its own bus range. */
	bus_write(&f->bus, FWCFG_BASE, 4, FWCFG_ID);
	assert_int_equal(number(f, 4), 1);
}

static void added_items(void **state)
{
	struct fixture *f = *state;
	char text[] = "kernel";
	uint8_t *big = malloc(100000);

	for (unsigned int i = 0; i < 100000; i++)
		big[i] = i * 7;
	assert_int_equal(fwcfg_add(f->dev, 0x15, text, 6), 0);
	memset(text, 'x', 6); /* the device has its own copy */
	assert_int_equal(fwcfg_add(f->dev, 0x8001, big, 100000), 0);
	assert_item(f, 0x15, "kernel", 6);
	assert_item(f, 0x8001, big, 100000);
	free(big);

	/* Added again is replaced. */
	assert_int_equal(fwcfg_add(f->dev, 0x15, "k", 1), 0);
	assert_item(f, 0x15, "k", 1);
	assert_int_equal(fwcfg_add(f->dev, 0x15, "", 0), 0);
	assert_item(f, 0x15, "", 0);
	assert_int_equal(fwcfg_add(f->dev, FWCFG_NB_CPUS, "\7\0", 2), 0);
	assert_item(f, FWCFG_NB_CPUS, "\7\0", 2);
}

/* An item that shrinks while it is being read: the position may lie beyond its end. */
static void replaced_while_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fwcfg_add(f->dev, 0x15, "0123456789", 10), 0);
	select_key(f, 0x15);
	for (int i = 0; i < 5; i++)
		next(f);
	assert_int_equal(fwcfg_add(f->dev, 0x15, "01", 2), 0);
	assert_int_equal(next(f), 0);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(identity),	    CASE(machine_size),	       CASE(empty_directory),
		CASE(unknown_keys), CASE(selecting),	       CASE(odd_accesses),
		CASE(added_items),  CASE(replaced_while_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
