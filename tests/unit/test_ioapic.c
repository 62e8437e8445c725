/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O APIC, by section of the 82093AA data sheet. */
#include "tests/unit/device.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "devices/ioapic.h"

#define BASE IOAPIC_BASE

/* 3.2.4, the low half of a redirection entry. */
#define LOGICAL	   (1u << 11)
#define DELIVS	   (1u << 12)
#define LOW_ACTIVE (1u << 13)
#define REMOTE_IRR (1u << 14)
#define LEVEL	   (1u << 15)
#define MASKED	   (1u << 16)

#define MSI_LEVEL (1u << 15)

struct fixture {
	struct bus bus;
	struct ioapic *dev;
	int answer; /* of the message's target */
	unsigned int messages;
	uint64_t address;
	uint32_t data;
	unsigned int changes[IOAPIC_PINS];
	unsigned int messages_at_change; /* how many had been sent when the last route changed */
	struct ioapic_route route;	 /* asked for inside the last route_changed() */
};

static int take_message(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	struct fixture *f = ctx;

	assert_int_equal(devid, 0);
	f->messages++;
	f->address = address;
	f->data = data;
	return f->answer;
}

static void take_change(void *ctx, unsigned int pin)
{
	struct fixture *f = ctx;

	f->changes[pin]++;
	f->messages_at_change = f->messages;
	f->route = ioapic_route(f->dev, pin);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct ioapic_config config = {
		.msi = {.send = take_message, .ctx = f},
		.route_changed = take_change,
		.ctx = f,
		.id = 3,
	};

	bus_init(&f->bus, "test");
	f->dev = ioapic_create(&config);
	assert_non_null(f->dev);
	assert_int_equal(ioapic_attach(f->dev, &f->bus, BASE), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ioapic_destroy(f->dev);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static uint32_t in(struct fixture *f, unsigned int index)
{
	bus_out(&f->bus, BASE, index, 4);
	return bus_in(&f->bus, BASE + 0x10, 4);
}

static void out(struct fixture *f, unsigned int index, uint32_t value)
{
	bus_out(&f->bus, BASE, index, 4);
	bus_out(&f->bus, BASE + 0x10, value, 4);
}

static uint32_t entry(struct fixture *f, unsigned int pin)
{
	return in(f, 0x10 + 2 * pin);
}

static void set_entry(struct fixture *f, unsigned int pin, uint32_t low)
{
	out(f, 0x10 + 2 * pin, low);
}

static void set_wire(struct fixture *f, unsigned int pin, bool asserted)
{
	ioapic_set_irq(f->dev, pin, asserted);
}

/* 3.2: what is there after reset: the id, the version, and 24 masked entries. */
static void reset_state(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, 0), 3 << 24);
	assert_int_equal(in(f, 1), 0x00170020);
	assert_int_equal(in(f, 2), 0);
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		assert_int_equal(entry(f, pin), MASKED);
		assert_int_equal(in(f, 0x11 + 2 * pin), 0);
		assert_true(ioapic_route(f->dev, pin).masked);
	}
}

/*
 * 3.1.1: the index is read back. 3.2.1 and 3.2.3: four bits of id, which become
 * the arbitration id.
 */
static void identification(void **state)
{
	struct fixture *f = *state;

	out(f, 0, UINT32_MAX);
	assert_int_equal(in(f, 0), 0x0f000000);
	assert_int_equal(in(f, 2), 0x0f000000);
	out(f, 2, 0);
	assert_int_equal(in(f, 2), 0x0f000000);
	out(f, 1, 0);
	assert_int_equal(in(f, 1), 0x00170020);
	assert_int_equal(bus_in(&f->bus, BASE, 4), 1);
	bus_out(&f->bus, BASE, 0x1ab, 4);
	assert_int_equal(bus_in(&f->bus, BASE, 4), 0xab);
}

/* 3.2.4: the bits that can be written, and the entries' places. */
static void entry_bits(void **state)
{
	struct fixture *f = *state;

	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		out(f, 0x10 + 2 * pin, UINT32_MAX);
		out(f, 0x11 + 2 * pin, UINT32_MAX);
		assert_int_equal(entry(f, pin), 0x1ffff & ~DELIVS & ~REMOTE_IRR);
		assert_int_equal(in(f, 0x11 + 2 * pin), 0xff000000);
		out(f, 0x10 + 2 * pin, MASKED | pin);
		out(f, 0x11 + 2 * pin, pin << 24);
	}
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		assert_int_equal(entry(f, pin), MASKED | pin);
		assert_int_equal(in(f, 0x11 + 2 * pin), pin << 24);
	}
}

/* Indexes and offsets that name nothing. */
static void reserved(void **state)
{
	struct fixture *f = *state;
	static const unsigned int offsets[] = {0x04, 0x08, 0x0c,  0x14, 0x20,
					       0x40, 0x44, 0x110, 0xffc};

	for (unsigned int index = 0; index < 256; index++) {
		if (index <= 2 || (index >= 0x10 && index < 0x10 + 2 * IOAPIC_PINS))
			continue;
		out(f, index, UINT32_MAX);
		assert_int_equal(in(f, index), 0);
	}
	bus_out(&f->bus, BASE, 0, 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		bus_out(&f->bus, BASE + offsets[i], UINT32_MAX, 4);
		assert_int_equal(bus_in(&f->bus, BASE + offsets[i], 4), 0);
	}
	reset_state(state);
}

/* Widths other than 32 bits, as KVM's own I/O APIC answers them. */
static void access_widths(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->bus, BASE, 0x12, 1);
	assert_int_equal(bus_in(&f->bus, BASE, 1), 0x12);
	bus_out(&f->bus, BASE + 0x10, 0x12345, 4);
	assert_int_equal(bus_in(&f->bus, BASE + 0x10, 2), 0x2345);
	assert_int_equal(bus_in(&f->bus, BASE + 0x10, 1), 0x45);
	assert_int_equal(bus_in(&f->bus, BASE + 0x11, 1), 0);
	bus_out(&f->bus, BASE + 0x10, 0x67, 1);
	assert_int_equal(entry(f, 1), 0x67);
	bus_out(&f->bus, BASE + 0x10, 0x10000 | 0x89, 8);
	assert_int_equal(entry(f, 1), MASKED | 0x89);
}

/* 3.2.4, bits 63-56, 11, 10-8, 15, 7-0, as a message (Intel SDM volume 3, 11.11). */
static void message_format(void **state)
{
	static const struct {
		uint32_t high, low;
		uint64_t address;
		uint32_t data;
	} rows[] = {
		{0x00000000, 0x31, 0xfee00000, 0x31},
		{0x0f000000, 0x31, 0xfee0f000, 0x31},
		{0xff000000, 0x31 | LOGICAL, 0xfeeff004, 0x31},
		{0x02000000, 0x31 | 1 << 8 | LOGICAL, 0xfee02004, 0x131},
		{0x00000000, 0x32 | LEVEL, 0xfee00000, 0xc032},
		{0x00000000, 0x32 | 1 << 8 | LEVEL, 0xfee00000, 0xc132},
		{0x00000000, 0x00 | 2 << 8, 0xfee00000, 0x200},
		{0x00000000, 0x00 | 4 << 8, 0xfee00000, 0x400},
		/* NMI and the like are edges, whatever bit 15 says. */
		{0x00000000, 0x00 | 4 << 8 | LEVEL, 0xfee00000, 0x400},
		{0x00000000, 0x00 | 5 << 8, 0xfee00000, 0x500},
		{0x00000000, 0x00 | 7 << 8, 0xfee00000, 0x700},
		/* Polarity is not in the message. */
		{0x00000000, 0x31 | LOW_ACTIVE, 0xfee00000, 0x31},
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ioapic_route route;

		set_wire(f, 5, false);
		set_entry(f, 5, MASKED);
		out(f, 0x1b, rows[i].high);
		set_entry(f, 5, rows[i].low);
		f->messages = 0;
		set_wire(f, 5, true);
		assert_int_equal(f->messages, 1);
		assert_int_equal(f->address, rows[i].address);
		assert_int_equal(f->data, rows[i].data);
		route = ioapic_route(f->dev, 5);
		assert_false(route.masked);
		assert_int_equal(route.address, rows[i].address);
		assert_int_equal(route.data, rows[i].data);
	}
	/* 3.2.4: delivery modes 011 and 110 are reserved: nothing is sent. */
	for (unsigned int mode = 3; mode <= 6; mode += 3) {
		set_wire(f, 5, false);
		set_entry(f, 5, 0x31 | mode << 8);
		f->messages = 0;
		set_wire(f, 5, true);
		assert_int_equal(f->messages, 0);
		assert_true(ioapic_route(f->dev, 5).masked);
	}
}

/* 3.2.4, bit 15: one message for each edge, none while the pin stays. */
static void edge(void **state)
{
	struct fixture *f = *state;
	const struct irq_line line = ioapic_input(f->dev, 4);

	set_entry(f, 4, 0x31);
	irq_set(&line, true);
	assert_int_equal(f->messages, 1);
	irq_set(&line, true);
	irq_set(&line, false);
	assert_int_equal(f->messages, 1);
	irq_set(&line, true);
	assert_int_equal(f->messages, 2);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	ioapic_eoi(f->dev, 0x31);
	assert_int_equal(f->messages, 2);
}

/* 3.2.4, bit 16: an edge on a masked pin is not held. */
static void edge_masked(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | MASKED);
	set_wire(f, 4, true);
	set_entry(f, 4, 0x31);
	assert_int_equal(f->messages, 0);
	set_wire(f, 4, false);
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 1);
}

/*
 * 3.2.4, bit 14: set when the message is accepted, cleared by the EOI; in
 * between nothing is sent.
 */
static void level_remote_irr(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 1);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
	set_wire(f, 4, false);
	set_wire(f, 4, true);
	set_wire(f, 4, false);
	assert_int_equal(f->messages, 1);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
	ioapic_eoi(f->dev, 0x31);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	assert_int_equal(f->messages, 1);
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 2);
}

/* 3.2.4, bit 14: a level that is still asserted at the EOI is sent again. */
static void level_reasserted_at_eoi(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	set_wire(f, 4, true);
	for (unsigned int i = 2; i < 5; i++) {
		ioapic_eoi(f->dev, 0x31);
		assert_int_equal(f->messages, i);
		assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
	}
	/* Another vector's EOI is not this one's. */
	ioapic_eoi(f->dev, 0x32);
	assert_int_equal(f->messages, 4);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
	set_wire(f, 4, false);
	ioapic_eoi(f->dev, 0x31);
	assert_int_equal(f->messages, 4);
}

/* Version 0x20: the EOI register does what an EOI message does. */
static void eoi_register(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	set_wire(f, 4, true);
	bus_out(&f->bus, BASE + 0x40, 0x32, 4);
	assert_int_equal(f->messages, 1);
	bus_out(&f->bus, BASE + 0x40, 0x31, 4);
	assert_int_equal(f->messages, 2);
	set_wire(f, 4, false);
	bus_out(&f->bus, BASE + 0x40, 0x31, 4);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
}

/* Two level pins may share a vector; an edge pin with it is left alone. */
static void shared_vector(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	set_entry(f, 9, 0x31 | LEVEL);
	set_entry(f, 10, 0x31);
	set_wire(f, 4, true);
	set_wire(f, 9, true);
	set_wire(f, 10, true);
	assert_int_equal(f->messages, 3);
	set_wire(f, 4, false);
	ioapic_eoi(f->dev, 0x31);
	assert_int_equal(f->messages, 4);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	assert_int_equal(entry(f, 9) & REMOTE_IRR, REMOTE_IRR);
}

/*
 * 3.2.4, bit 16: a masked level is not sent, and is when it is unmasked, if it
 * is still asserted.
 */
static void level_masked(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL | MASKED);
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 0);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(f->messages, 1);

	set_entry(f, 4, 0x31 | LEVEL | MASKED);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
	ioapic_eoi(f->dev, 0x31);
	assert_int_equal(f->messages, 1);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	set_wire(f, 4, false);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(f->messages, 1);
}

/* Masking and unmasking before the EOI sends nothing twice. */
static void unmask_in_service(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	set_wire(f, 4, true);
	set_entry(f, 4, 0x31 | LEVEL | MASKED);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(f->messages, 1);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
}

/* Linux clears a stuck remote IRR by going to edge, masked, and back. */
static void remote_irr_cleared_by_edge(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	set_wire(f, 4, true);
	set_wire(f, 4, false);
	set_entry(f, 4, 0x31 | MASKED);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 2);
}

/* 3.2.4, bits 12 and 14: read-only. */
static void read_only_bits(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL | REMOTE_IRR | DELIVS);
	assert_int_equal(entry(f, 4), 0x31 | LEVEL);
	set_wire(f, 4, true);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(entry(f, 4), 0x31 | LEVEL | REMOTE_IRR);
}

/*
 * 3.2.4, bit 13: the line's level says asserted already, so active-low pins
 * work like the others.
 */
static void polarity(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL | LOW_ACTIVE);
	assert_int_equal(f->messages, 0);
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 1);
	assert_int_equal(entry(f, 4), 0x31 | LEVEL | LOW_ACTIVE | REMOTE_IRR);
}

/*
 * 3.2.4, bit 14: a message that nobody accepts is not in service, and the level
 * is sent at the next occasion.
 */
static void not_accepted(void **state)
{
	struct fixture *f = *state;

	set_entry(f, 4, 0x31 | LEVEL);
	f->answer = -EINVAL;
	set_wire(f, 4, true);
	assert_int_equal(f->messages, 1);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, 0);
	f->answer = 0;
	set_entry(f, 4, 0x32 | LEVEL);
	assert_int_equal(f->messages, 2);
	assert_int_equal(entry(f, 4) & REMOTE_IRR, REMOTE_IRR);
}

/*
 * The route is told whenever the entry changes, before anything is sent by it,
 * and can be asked for inside.
 */
static void route_changes(void **state)
{
	struct fixture *f = *state;

	set_wire(f, 4, true);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(f->changes[4], 1);
	assert_int_equal(f->messages, 1);
	assert_int_equal(f->messages_at_change, 0);
	assert_false(f->route.masked);
	assert_int_equal(f->route.data, 0xc031);

	/* Remote IRR is no part of a route. */
	ioapic_eoi(f->dev, 0x31);
	assert_int_equal(f->changes[4], 1);
	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(f->changes[4], 1);
	out(f, 0x19, 0x01000000);
	assert_int_equal(f->changes[4], 2);
	assert_int_equal(f->route.address, 0xfee01000);
	set_entry(f, 4, 0x31 | LEVEL | MASKED);
	assert_int_equal(f->changes[4], 3);
	assert_true(f->route.masked);
	assert_int_equal(f->route.data & MSI_LEVEL, MSI_LEVEL);
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(f->changes[pin], pin == 4 ? 3 : 0);
}

/* Pins are independent, and those that do not exist are ignored. */
static void pins(void **state)
{
	struct fixture *f = *state;

	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		set_entry(f, pin, 0x30 + pin);
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		set_wire(f, pin, true);
		assert_int_equal(f->messages, pin + 1);
		assert_int_equal(f->data, 0x30 + pin);
	}
	set_wire(f, IOAPIC_PINS, true);
	set_wire(f, UINT32_MAX, true);
	assert_int_equal(f->messages, IOAPIC_PINS);
	assert_true(ioapic_route(f->dev, IOAPIC_PINS).masked);
}

#define TURNS 2000

/* A device: asks, and is served by the EOI of whoever took the message. */
static void *device_thread(void *arg)
{
	struct fixture *f = arg;

	for (unsigned int i = 0; i < TURNS; i++) {
		set_wire(f, 4, true);
		set_wire(f, 4, false);
		ioapic_eoi(f->dev, 0x31);
		sched_yield();
	}
	return NULL;
}

/*
 * Lines, entries and routes from two threads: at rest afterwards, and a new
 * request still comes through.
 */
static void threads(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	unsigned int before;

	set_entry(f, 4, 0x31 | LEVEL);
	assert_int_equal(pthread_create(&thread, NULL, device_thread, f), 0);
	for (unsigned int i = 0; i < TURNS; i++) {
		set_entry(f, 4, 0x31 | LEVEL | MASKED);
		set_entry(f, 4, 0x31 | LEVEL);
		assert_int_equal(ioapic_route(f->dev, 4).data, 0xc031);
	}
	pthread_join(thread, NULL);
	assert_int_equal(entry(f, 4), 0x31 | LEVEL);
	before = f->messages;
	set_wire(f, 4, true);
	assert_int_equal(f->messages, before + 1);
}

static void bad_configuration(void **state)
{
	const struct ioapic_config config = {.id = 16};

	errno = 0;
	assert_null(ioapic_create(&config));
	assert_int_equal(errno, EINVAL);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(reset_state),
		CASE(identification),
		CASE(entry_bits),
		CASE(reserved),
		CASE(access_widths),
		CASE(message_format),
		CASE(edge),
		CASE(edge_masked),
		CASE(level_remote_irr),
		CASE(level_reasserted_at_eoi),
		CASE(eoi_register),
		CASE(shared_vector),
		CASE(level_masked),
		CASE(unmask_in_service),
		CASE(remote_irr_cleared_by_edge),
		CASE(read_only_bits),
		CASE(polarity),
		CASE(not_accepted),
		CASE(route_changes),
		CASE(pins),
		CASE(threads),
		cmocka_unit_test(bad_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
