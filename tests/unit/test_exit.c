/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The places where a guest ends its run: which write means which outcome. */
#include "tests/unit/device.h"

#include <stdlib.h>
#include <string.h>

#include "devices/exit.h"

#define BASE 0x1000

struct fixture {
	struct bus bus;
	struct exit_dev *dev;
	struct outcome last;
	unsigned int ends;
};

static void take_end(void *ctx, enum outcome_kind kind, unsigned int code, int raw)
{
	struct fixture *f = ctx;

	f->last = (struct outcome){.kind = kind, .code = code, .raw = raw};
	f->ends++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct exit_config config = {.end = take_end, .ctx = f};

	bus_init(&f->bus, "test");
	f->dev = exit_create(&config);
	assert_non_null(f->dev);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	exit_destroy(f->dev);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

/* A register, a write to it, and what it must mean. */
struct row {
	uint64_t offset, value;
	unsigned int size;
	enum outcome_kind kind; /* OUTCOME_NONE: nothing happens */
	unsigned int code;
	int raw;
};

static void check_rows(struct fixture *f, enum exit_kind kind, const struct row *rows,
		       unsigned int nr)
{
	assert_int_equal(exit_attach(f->dev, kind, &f->bus, BASE), 0);
	for (unsigned int i = 0; i < nr; i++) {
		f->ends = 0;
		bus_write(&f->bus, BASE + rows[i].offset, rows[i].size, rows[i].value);
		assert_int_equal(f->ends, rows[i].kind != OUTCOME_NONE);
		if (!f->ends)
			continue;
		assert_int_equal(f->last.kind, rows[i].kind);
		assert_int_equal(f->last.code, rows[i].code);
		assert_int_equal(f->last.raw, rows[i].raw);
	}
}

/* isa-debug-exit: status (code << 1) | 1, cut to the eight bits of a process's status. */
static void debug_exit(void **state)
{
	static const struct row rows[] = {
		{0, 0, 4, OUTCOME_SHUTDOWN, 0, 1},
		{0, 1, 4, OUTCOME_SHUTDOWN, 1, 3},
		{0, 0x10, 1, OUTCOME_SHUTDOWN, 0x10, 0x21},
		{0, 0x21, 2, OUTCOME_SHUTDOWN, 0x21, 0x43},
		{3, 5, 1, OUTCOME_SHUTDOWN, 5, 11},
		{0, 0x80, 4, OUTCOME_SHUTDOWN, 0x80, 1},
		{0, 0xffffffff, 4, OUTCOME_SHUTDOWN, 0xffffffff, 0xff},
	};
	struct fixture *f = *state;

	check_rows(f, EXIT_DEBUG, rows, ARRAY_SIZE(rows));
	assert_int_equal(bus_in(&f->bus, BASE, 4), 0xffffffff);
}

/* sifive,test0: the command in the low half, a failure's code in the high half. */
static void finisher(void **state)
{
	static const struct row rows[] = {
		{0, 0x5555, 4, OUTCOME_SHUTDOWN, 0, 0},
		{0, 0x5555, 2, OUTCOME_SHUTDOWN, 0, 0},
		{0, 0x00073333, 4, OUTCOME_SHUTDOWN, 7, 7},
		{0, 0xffff3333, 4, OUTCOME_SHUTDOWN, 0xffff, 0xffff},
		{0, 0x00003333, 4, OUTCOME_SHUTDOWN, 1, 1}, /* a failure is never a pass */
		{0, 0x7777, 4, OUTCOME_RESET, 0, -1},
		{0, 0, 4, OUTCOME_NONE, 0, 0},
		{0, 0x1234, 4, OUTCOME_NONE, 0, 0},
		{0, 0x55, 1, OUTCOME_NONE, 0, 0},
		{4, 0x5555, 4, OUTCOME_NONE, 0, 0},
		{0, 0x555500000000, 8, OUTCOME_NONE, 0, 0},
		{0xffc, 0x7777, 4, OUTCOME_NONE, 0, 0},
	};
	struct fixture *f = *state;

	check_rows(f, EXIT_FINISHER, rows, ARRAY_SIZE(rows));
	assert_int_equal(bus_in(&f->bus, BASE, 4), 0);
}

/* pvpanic: the guest reads that bit 0 is understood; other bits are other events. */
static void pvpanic(void **state)
{
	static const struct row rows[] = {
		{0, 1, 1, OUTCOME_CRASH, 0, -1},
		{0, 3, 1, OUTCOME_CRASH, 0, -1},
		{0, 2, 1, OUTCOME_NONE, 0, 0},
		{0, 0, 1, OUTCOME_NONE, 0, 0},
	};
	struct fixture *f = *state;

	check_rows(f, EXIT_PVPANIC, rows, ARRAY_SIZE(rows));
	assert_int_equal(bus_in(&f->bus, BASE, 1), 1);
}

static void say(struct fixture *f, const char *text)
{
	for (; *text; text++)
		bus_out(&f->bus, BASE, *text, 1);
}

/* The word has to come whole and in order; what stands before it does not matter. */
static void shutdown_port(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(exit_attach(f->dev, EXIT_SHUTDOWN, &f->bus, BASE), 0);
	say(f, "Shutdow");
	assert_int_equal(f->ends, 0);
	say(f, "n");
	assert_int_equal(f->ends, 1);
	assert_int_equal(f->last.kind, OUTCOME_SHUTDOWN);
	assert_int_equal(f->last.code, 0);
	assert_int_equal(f->last.raw, -1);
	say(f, "n");
	assert_int_equal(f->ends, 1);
	say(f, "Shut down shutdown SHUTDOWN Shutdow");
	assert_int_equal(f->ends, 1);
	say(f, "ShutShutdown");
	assert_int_equal(f->ends, 2);
	say(f, "SShutdown");
	assert_int_equal(f->ends, 3);
}

/* 8042: commands 0xf0-0xff pulse the output port; bit 0, where zero, is the CPU's reset. */
static void keyboard_controller(void **state)
{
	struct fixture *f = *state;
	struct row rows[256];

	for (unsigned int i = 0; i < 256; i++)
		rows[i] = (struct row){
			.value = i,
			.size = 1,
			.kind = i >= 0xf0 && !(i & 1) ? OUTCOME_RESET : OUTCOME_NONE,
			.raw = -1,
		};
	check_rows(f, EXIT_KBC, rows, ARRAY_SIZE(rows));
	assert_int_equal(f->last.kind, OUTCOME_RESET);
	/* Linux waits for bit 1 to be clear before it sends the command. */
	assert_int_equal(bus_in(&f->bus, BASE, 1) & 0x02, 0);
}

/* PIIX3, reset control: a rising edge of bit 2. */
static void reset_control(void **state)
{
	static const struct row rows[] = {
		{0, 0x02, 1, OUTCOME_NONE, 0, 0}, {0, 0x06, 1, OUTCOME_RESET, 0, -1},
		{0, 0x0e, 1, OUTCOME_NONE, 0, 0}, /* was set already */
		{0, 0x00, 1, OUTCOME_NONE, 0, 0}, {0, 0x04, 1, OUTCOME_RESET, 0, -1},
		{0, 0x00, 1, OUTCOME_NONE, 0, 0}, {0, 0xf1, 1, OUTCOME_NONE, 0, 0},
		{0, 0x0a, 1, OUTCOME_NONE, 0, 0},
	};
	struct fixture *f = *state;

	check_rows(f, EXIT_CF9, rows, ARRAY_SIZE(rows));
	assert_int_equal(bus_in(&f->bus, BASE, 1), 0x0a);
	bus_out(&f->bus, BASE, 0xf1, 1);
	assert_int_equal(bus_in(&f->bus, BASE, 1), 0);
}

/* Those of a PC side by side at its ports. */
static void at_pc_ports(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(exit_attach(f->dev, EXIT_DEBUG, &f->bus, EXIT_DEBUG_PORT), 0);
	assert_int_equal(exit_attach(f->dev, EXIT_PVPANIC, &f->bus, EXIT_PVPANIC_PORT), 0);
	assert_int_equal(exit_attach(f->dev, EXIT_SHUTDOWN, &f->bus, EXIT_SHUTDOWN_PORT), 0);
	assert_int_equal(exit_attach(f->dev, EXIT_KBC, &f->bus, EXIT_KBC_PORT), 0);
	assert_int_equal(exit_attach(f->dev, EXIT_CF9, &f->bus, EXIT_CF9_PORT), 0);
	bus_out(&f->bus, 0xf4, 3, 4);
	assert_int_equal(f->ends, 1);
	bus_out(&f->bus, 0xcf9, 6, 1);
	assert_int_equal(f->ends, 2);
	/* Neighbours do not reach them. */
	for (uint16_t port = 0x60; port < 0x70; port++)
		if (port != 0x64)
			bus_write(&f->bus, port, 1, 0xfe);
	assert_int_equal(f->ends, 2);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(debug_exit),
		CASE(finisher),
		CASE(pvpanic),
		CASE(shutdown_port),
		CASE(keyboard_controller),
		CASE(reset_control),
		CASE(at_pc_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
