/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform test device, by the register map in devices/testdev_regs.h. */
#include "tests/unit/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/testdev.h"

#define BASE	   0xa000000
#define LINES_USED 3

struct fixture {
	struct bus bus;
	struct testdev *dev;
	struct irq_log irq;
	unsigned int messages;
	uint64_t address;
	uint32_t data, devid;
	int answer; /* of the message's target */
};

static int take_message(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	struct fixture *f = ctx;

	f->messages++;
	f->address = address;
	f->data = data;
	f->devid = devid;
	return f->answer;
}

static struct fixture *start(bool messages)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct testdev_config config = {.nr_irqs = LINES_USED};

	for (unsigned int i = 0; i < TESTDEV_MAX_IRQS; i++)
		config.irqs[i] = irq_log_line(&f->irq, i);
	if (messages)
		config.msi = (struct msi_target){.send = take_message, .ctx = f};
	bus_init(&f->bus, "test");
	f->dev = testdev_create(&config);
	assert_non_null(f->dev);
	assert_int_equal(testdev_attach(f->dev, &f->bus, BASE), 0);
	return f;
}

static int setup(void **state)
{
	*state = start(true);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	testdev_destroy(f->dev);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static uint64_t in(struct fixture *f, unsigned int offset, unsigned int size)
{
	return bus_in(&f->bus, BASE + offset, size);
}

static void out(struct fixture *f, unsigned int offset, uint64_t value, unsigned int size)
{
	bus_out(&f->bus, BASE + offset, value, size);
}

static void identity(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	assert_int_equal(in(f, TESTDEV_ID, 4), TESTDEV_ID_VALUE);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(in(f, TESTDEV_ID + i, 1), "KVBT"[i]);
	assert_int_equal(in(f, TESTDEV_NR_IRQS, 4), LINES_USED);
	out(f, TESTDEV_ID, 0, 4);
	assert_int_equal(in(f, TESTDEV_ID, 4), TESTDEV_ID_VALUE);
	/* A page and not more. */
	assert_int_equal(in(f, TESTDEV_SIZE - 8, 8), 0);
	assert_false(bus_read(&f->bus, BASE + TESTDEV_SIZE, 1, &value));
}

static void lines(void **state)
{
	struct fixture *f = *state;

	out(f, TESTDEV_RAISE, 0x5, 4);
	assert_true(f->irq.level[0]);
	assert_false(f->irq.level[1]);
	assert_true(f->irq.level[2]);
	assert_int_equal(in(f, TESTDEV_LEVEL, 4), 0x5);
	out(f, TESTDEV_LOWER, 0x1, 4);
	assert_false(f->irq.level[0]);
	assert_true(f->irq.level[2]);
	assert_int_equal(in(f, TESTDEV_LEVEL, 4), 0x4);
	out(f, TESTDEV_PULSE, 0x2, 4);
	assert_int_equal(f->irq.rises[1], 1);
	assert_false(f->irq.level[1]);
	assert_int_equal(f->irq.calls[1], 2);
	assert_int_equal(in(f, TESTDEV_LEVEL, 4), 0x4);
	/* Lines that are not there. */
	out(f, TESTDEV_RAISE, 0xfffffff8, 4);
	assert_int_equal(f->irq.calls[3], 0);
	assert_int_equal(in(f, TESTDEV_LEVEL, 4), 0x4);
	out(f, TESTDEV_LOWER, 0xffffffff, 4);
	assert_int_equal(in(f, TESTDEV_LEVEL, 4), 0);
}

/* Registers take aligned 32-bit writes only. */
static void odd_register_writes(void **state)
{
	struct fixture *f = *state;

	out(f, TESTDEV_RAISE, 1, 1);
	out(f, TESTDEV_RAISE, 1, 2);
	out(f, TESTDEV_RAISE, 1, 8);
	out(f, TESTDEV_RAISE - 1, 0x100, 4);
	out(f, TESTDEV_RAISE + 1, 1, 4);
	assert_int_equal(f->irq.calls[0], 0);
	assert_int_equal(in(f, TESTDEV_LEVEL, 4), 0);
}

/* Reads of registers give the bytes that lie there, at any width. */
static void register_reads(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, TESTDEV_ID, 8), (uint64_t)LINES_USED << 32 | TESTDEV_ID_VALUE);
	assert_int_equal(in(f, TESTDEV_ID + 2, 4),
			 (uint32_t)LINES_USED << 16 | TESTDEV_ID_VALUE >> 16);
	assert_int_equal(in(f, TESTDEV_ID + 1, 2), TESTDEV_ID_VALUE >> 8 & 0xffff);
	assert_int_equal(in(f, TESTDEV_NR_IRQS + 3, 1), 0);
	/* Holes, and the edge of the window, whose memory it does not show. */
	out(f, TESTDEV_SCRATCH, UINT64_MAX, 8);
	assert_int_equal(in(f, TESTDEV_CLEAR, 4), 0);
	assert_int_equal(in(f, 0x0f8, 8), 0);
	assert_int_equal(in(f, 0x0fc, 8), 0);
	assert_int_equal(in(f, TESTDEV_READS_8, 4), 0);
}

static void doorbell(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, TESTDEV_DOORBELL, 4), 0);
	out(f, TESTDEV_DOORBELL, UINT64_C(0x1122334455667788), 8);
	assert_int_equal(in(f, TESTDEV_DOORBELL, 4), 1);
	assert_int_equal(in(f, TESTDEV_RUNG, 4), 0x55667788);
	assert_int_equal(in(f, TESTDEV_RUNG + 4, 4), 0x11223344);
	out(f, TESTDEV_DOORBELL, 0x1ff, 1);
	assert_int_equal(in(f, TESTDEV_RUNG, 8), 0xff);
	out(f, TESTDEV_DOORBELL, 0x1234, 2);
	out(f, TESTDEV_DOORBELL, 0x12345678, 4);
	assert_int_equal(in(f, TESTDEV_DOORBELL, 4), 4);
	assert_int_equal(in(f, TESTDEV_RUNG, 8), 0x12345678);
	out(f, TESTDEV_CLEAR, 0, 4);
	assert_int_equal(in(f, TESTDEV_DOORBELL, 4), 0);
	assert_int_equal(in(f, TESTDEV_RUNG, 8), 0);
}

static void scratch(void **state)
{
	struct fixture *f = *state;

	out(f, TESTDEV_SCRATCH, UINT64_C(0x8877665544332211), 8);
	for (unsigned int size = 1; size <= 8; size *= 2)
		for (unsigned int at = 0; at + size <= 8; at++)
			assert_int_equal(
				in(f, TESTDEV_SCRATCH + at, size),
				UINT64_C(0x8877665544332211) >> 8 * at &
					(size < 8 ? (UINT64_C(1) << 8 * size) - 1 : UINT64_MAX));
	out(f, TESTDEV_SCRATCH + 1, 0xaa, 1);
	out(f, TESTDEV_SCRATCH + 2, 0xbbbb, 2);
	out(f, TESTDEV_SCRATCH + 3, 0xcccccccc, 4);
	assert_int_equal(in(f, TESTDEV_SCRATCH, 8), 0x88ccccccccbbaa11);
	/* The memory ends after 8 bytes. */
	out(f, TESTDEV_SCRATCH + 4, UINT64_MAX, 8);
	assert_int_equal(in(f, TESTDEV_SCRATCH + 4, 8), 0xffffffff);
	assert_int_equal(in(f, TESTDEV_SCRATCH + 8, 8), 0);
}

/* Every access to the window is counted by direction and width; those to registers are not. */
static void counts(void **state)
{
	static const unsigned int reads[] = {TESTDEV_READS_1, TESTDEV_READS_2, TESTDEV_READS_4,
					     TESTDEV_READS_8};
	static const unsigned int writes[] = {TESTDEV_WRITES_1, TESTDEV_WRITES_2, TESTDEV_WRITES_4,
					      TESTDEV_WRITES_8};
	struct fixture *f = *state;

	for (unsigned int width = 0; width < 4; width++) {
		for (unsigned int i = 0; i <= width; i++)
			in(f, TESTDEV_WINDOW + 0x100 * i, 1u << width);
		for (unsigned int i = 0; i < 10 + width; i++)
			out(f, TESTDEV_SIZE - 8, i, 1u << width);
	}
	for (unsigned int width = 0; width < 4; width++) {
		assert_int_equal(in(f, reads[width], 4), width + 1);
		assert_int_equal(in(f, writes[width], 4), width + 10);
	}
	out(f, reads[0], 0, 4);
	assert_int_equal(in(f, reads[0], 4), 1);
	out(f, TESTDEV_CLEAR, 0, 4);
	for (unsigned int width = 0; width < 4; width++) {
		assert_int_equal(in(f, reads[width], 4), 0);
		assert_int_equal(in(f, writes[width], 4), 0);
	}
}

static void last_access(void **state)
{
	struct fixture *f = *state;

	out(f, TESTDEV_SCRATCH, UINT64_C(0xfedcba9876543210), 8);
	assert_int_equal(in(f, TESTDEV_LAST_OFFSET, 4), TESTDEV_SCRATCH);
	assert_int_equal(in(f, TESTDEV_LAST_WIDTH, 4), 8 | TESTDEV_LAST_WRITE);
	assert_int_equal(in(f, TESTDEV_LAST_VALUE, 4), 0x76543210);
	assert_int_equal(in(f, TESTDEV_LAST_VALUE + 4, 4), 0xfedcba98);
	in(f, TESTDEV_SCRATCH + 3, 2);
	assert_int_equal(in(f, TESTDEV_LAST_OFFSET, 4), TESTDEV_SCRATCH + 3);
	assert_int_equal(in(f, TESTDEV_LAST_WIDTH, 4), 2);
	assert_int_equal(in(f, TESTDEV_LAST_VALUE, 8), 0x9876);
	out(f, TESTDEV_SIZE - 1, 0x1a5, 1);
	assert_int_equal(in(f, TESTDEV_LAST_OFFSET, 4), TESTDEV_SIZE - 1);
	assert_int_equal(in(f, TESTDEV_LAST_WIDTH, 4), 1 | TESTDEV_LAST_WRITE);
	assert_int_equal(in(f, TESTDEV_LAST_VALUE, 8), 0xa5);
	out(f, TESTDEV_CLEAR, 0, 4);
	assert_int_equal(in(f, TESTDEV_LAST_OFFSET, 4), 0);
	assert_int_equal(in(f, TESTDEV_LAST_WIDTH, 4), 0);
	assert_int_equal(in(f, TESTDEV_LAST_VALUE, 8), 0);
}

static void messages(void **state)
{
	struct fixture *f = *state;

	out(f, TESTDEV_MSI_ADDR, 0xfee01000, 4);
	out(f, TESTDEV_MSI_ADDR + 4, 0x00000012, 4);
	out(f, TESTDEV_MSI_DATA, 0x4041, 4);
	assert_int_equal(in(f, TESTDEV_MSI_ADDR, 8), 0x12fee01000);
	assert_int_equal(in(f, TESTDEV_MSI_DATA, 4), 0x4041);
	assert_int_equal(f->messages, 0);
	assert_int_equal(in(f, TESTDEV_MSI_SEND, 4), 0);
	out(f, TESTDEV_MSI_SEND, 0x77, 4);
	assert_int_equal(f->messages, 1);
	assert_int_equal(f->address, 0x12fee01000);
	assert_int_equal(f->data, 0x4041);
	assert_int_equal(f->devid, 0x77);
	assert_int_equal(in(f, TESTDEV_MSI_SEND, 4), 1);
	f->answer = -EINVAL;
	out(f, TESTDEV_MSI_SEND, 0, 4);
	assert_int_equal(f->messages, 2);
	assert_int_equal(in(f, TESTDEV_MSI_SEND, 4), 0);
}

/* A board whose interrupt controller takes no messages. */
static void no_messages(void **state)
{
	struct fixture *f = start(false);

	*state = f;
	out(f, TESTDEV_MSI_SEND, 0, 4);
	assert_int_equal(in(f, TESTDEV_MSI_SEND, 4), 0);
}

static void bad_configuration(void **state)
{
	const struct testdev_config config = {.nr_irqs = TESTDEV_MAX_IRQS + 1};

	errno = 0;
	assert_null(testdev_create(&config));
	assert_int_equal(errno, EINVAL);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(identity),
		CASE(lines),
		CASE(odd_register_writes),
		CASE(register_reads),
		CASE(doorbell),
		CASE(scratch),
		CASE(counts),
		CASE(last_access),
		CASE(messages),
		cmocka_unit_test_setup_teardown(no_messages, NULL, teardown),
		cmocka_unit_test(bad_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
