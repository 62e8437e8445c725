/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pair of 8259As, by heading of the 8259A data sheet (231468-003), and PIIX3's ELCR. */
#include "tests/unit/device.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "devices/pic.h"

#define MASTER 0x20
#define SLAVE  0xa0
#define ELCR   0x4d0

#define EOI	     0x20
#define EOI_SPECIFIC 0x60 /* + level */
#define ROTATE_EOI   0xa0
#define READ_IRR     0x0a
#define READ_ISR     0x0b
#define POLL	     0x0c
#define SET_SMM	     0x68
#define CLEAR_SMM    0x48

struct fixture {
	struct bus bus;
	struct pic *pic;
	struct irq_log intr;
};

static uint8_t in(struct fixture *f, uint16_t port)
{
	return bus_in(&f->bus, port, 1);
}

static void out(struct fixture *f, uint16_t port, uint8_t value)
{
	bus_out(&f->bus, port, value, 1);
}

/* ICW1 to ICW4, as PCs do it: vectors from 0x20 and 0x28, @icw4 beside the 8086 bit. */
static void initialise(struct fixture *f, uint8_t icw4)
{
	out(f, MASTER, 0x11);
	out(f, MASTER + 1, 0x20);
	out(f, MASTER + 1, 0x04);
	out(f, MASTER + 1, 0x01 | icw4);
	out(f, SLAVE, 0x11);
	out(f, SLAVE + 1, 0x28);
	out(f, SLAVE + 1, 0x02);
	out(f, SLAVE + 1, 0x01);
}

static int setup_bare(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct pic_config config = {.intr = irq_log_line(&f->intr, 0)};

	bus_init(&f->bus, "test");
	f->pic = pic_create(&config);
	assert_non_null(f->pic);
	assert_int_equal(pic_attach(f->pic, &f->bus), 0);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	setup_bare(state);
	initialise(*state, 0);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pic_destroy(f->pic);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static void set_wire(struct fixture *f, unsigned int n, bool level)
{
	pic_set_irq(f->pic, n, level);
}

static void pulse(struct fixture *f, unsigned int n)
{
	const struct irq_line line = pic_input(f->pic, n);

	irq_pulse(&line);
}

static uint8_t irr(struct fixture *f, uint16_t port)
{
	out(f, port, READ_IRR);
	return in(f, port);
}

static uint8_t isr(struct fixture *f, uint16_t port)
{
	out(f, port, READ_ISR);
	return in(f, port);
}

static void assert_intr(struct fixture *f, bool level)
{
	assert_int_equal(f->intr.level[0], level);
	assert_int_equal(pic_pending(f->pic), level);
}

/* The next interrupt is @n; it is acknowledged. */
static void assert_taken(struct fixture *f, unsigned int n)
{
	assert_intr(f, true);
	assert_int_equal(pic_acknowledge(f->pic), 0x20 + n);
}

/* "Initialization": before it is complete nothing is raised. */
static void uninitialised(void **state)
{
	static const uint8_t words[] = {0x11, 0x20, 0x04, 0x01};
	struct fixture *f = *state;

	pulse(f, 3);
	assert_intr(f, false);
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		assert_intr(f, false);
		out(f, i ? MASTER + 1 : MASTER, words[i]);
		if (i == 0)
			pulse(f, 3); /* after ICW1, which forgets edges */
	}
	assert_taken(f, 3);
	/* The slave is still to be initialised. */
	pulse(f, 9);
	assert_intr(f, false);
}

/* "Initialization Command Words 1 and 2": vectors in steps of eight; ICW1 clears mask and edges. */
static void icw1_resets(void **state)
{
	struct fixture *f = *state;

	out(f, MASTER + 1, 0xf0);
	pulse(f, 1);
	assert_taken(f, 1);
	pulse(f, 2 + 1);
	out(f, MASTER, SET_SMM);
	out(f, MASTER, READ_ISR);

	out(f, MASTER, 0x11);
	assert_int_equal(in(f, MASTER), 0); /* IRR is what is read, and it is empty */
	out(f, MASTER + 1, 0x77);	    /* the low three bits come from the input */
	out(f, MASTER + 1, 0x04);
	out(f, MASTER + 1, 0x01);
	assert_int_equal(in(f, MASTER + 1), 0);
	assert_int_equal(isr(f, MASTER), 0);
	assert_intr(f, false);
	pulse(f, 5);
	assert_int_equal(pic_acknowledge(f->pic), 0x75);
}

/* "Initialization Command Words 3 and 4": ICW1 says which of them come. */
static void icw_sequences(void **state)
{
	struct fixture *f = *state;

	/* Single, no ICW4: ICW2 ends it, and there is no slave behind input 2. */
	out(f, MASTER, 0x12);
	out(f, MASTER + 1, 0x40);
	out(f, MASTER + 1, 0xfb); /* OCW1 already */
	assert_int_equal(in(f, MASTER + 1), 0xfb);
	pulse(f, 9);
	assert_intr(f, true);
	assert_int_equal(pic_acknowledge(f->pic), 0x42);

	/* Single with ICW4. */
	out(f, MASTER, 0x13);
	out(f, MASTER + 1, 0x40);
	out(f, MASTER + 1, 0x03); /* automatic EOI */
	pulse(f, 1);
	assert_int_equal(pic_acknowledge(f->pic), 0x41);
	assert_int_equal(isr(f, MASTER), 0);

	/* Cascaded without ICW4, whose functions are then off. */
	out(f, MASTER, 0x10);
	out(f, MASTER + 1, 0x40);
	out(f, MASTER + 1, 0x04);
	out(f, MASTER + 1, 0xff);
	assert_int_equal(in(f, MASTER + 1), 0xff);
	out(f, MASTER + 1, 0x00);
	pulse(f, 1);
	assert_int_equal(pic_acknowledge(f->pic), 0x41);
	assert_int_equal(isr(f, MASTER), 0x02);
}

/* "Interrupt Sequence": request, acknowledgement, service, end. */
static void sequence(void **state)
{
	struct fixture *f = *state;

	assert_intr(f, false);
	set_wire(f, 4, true);
	assert_int_equal(irr(f, MASTER), 0x10);
	assert_int_equal(isr(f, MASTER), 0);
	assert_taken(f, 4);
	assert_intr(f, false);
	assert_int_equal(irr(f, MASTER), 0);
	assert_int_equal(isr(f, MASTER), 0x10);
	out(f, MASTER, EOI);
	assert_int_equal(isr(f, MASTER), 0);
	/* It is edge-triggered: high is not enough. */
	assert_intr(f, false);
	set_wire(f, 4, false);
	set_wire(f, 4, true);
	assert_taken(f, 4);
	assert_int_equal(f->intr.calls[0], 4);
}

/*
 * "Fully Nested Mode": input 0 is highest; what is in service holds back its
 * own level and those below.
 */
static void fully_nested(void **state)
{
	struct fixture *f = *state;

	set_wire(f, 6, true);
	set_wire(f, 4, true);
	set_wire(f, 5, true);
	assert_taken(f, 4);
	assert_intr(f, false);
	set_wire(f, 1, true);
	assert_taken(f, 1);
	set_wire(f, 4, false);
	set_wire(f, 4, true); /* again, while in service */
	assert_intr(f, false);
	assert_int_equal(isr(f, MASTER), 0x12);
	out(f, MASTER, EOI); /* of 1, the highest in service */
	assert_int_equal(isr(f, MASTER), 0x10);
	assert_intr(f, false);
	out(f, MASTER, EOI);
	assert_taken(f, 4);
	out(f, MASTER, EOI);
	assert_taken(f, 5);
	out(f, MASTER, EOI);
	assert_taken(f, 6);
	out(f, MASTER, EOI);
	assert_int_equal(isr(f, MASTER), 0);
	assert_intr(f, false);
}

/* "Cascade Mode": inputs 8 to 15 come between 1 and 3, and need two EOIs. */
static void cascade(void **state)
{
	struct fixture *f = *state;

	set_wire(f, 3, true);
	set_wire(f, 15, true);
	set_wire(f, 8, true);
	assert_taken(f, 8);
	assert_int_equal(isr(f, MASTER), 0x04);
	assert_int_equal(isr(f, SLAVE), 0x01);
	assert_intr(f, false);
	set_wire(f, 0, true);
	assert_taken(f, 0);
	out(f, MASTER, EOI);
	out(f, SLAVE, EOI);
	assert_intr(f, false); /* the master's input 2 is in service */
	out(f, MASTER, EOI);
	assert_taken(f, 15);
	out(f, SLAVE, EOI);
	out(f, MASTER, EOI);
	assert_taken(f, 3);
	out(f, MASTER, EOI);
	assert_intr(f, false);
	assert_int_equal(isr(f, MASTER) | isr(f, SLAVE), 0);

	/* Inputs that are not there: the cascade has no wire, and there are sixteen. */
	pulse(f, 2);
	pulse(f, 16);
	assert_intr(f, false);
}

/* "Special Fully Nested Mode": a higher input of the slave interrupts a lower one. */
static void special_fully_nested(void **state)
{
	struct fixture *f = *state;

	set_wire(f, 12, true);
	assert_taken(f, 12);
	set_wire(f, 10, true);
	assert_intr(f, false); /* not in fully nested mode */

	initialise(f, 0x10);
	set_wire(f, 12, false);
	set_wire(f, 12, true);
	assert_taken(f, 12);
	pulse(f, 13);
	pulse(f, 3);
	assert_intr(f, false);
	set_wire(f, 10, false);
	set_wire(f, 10, true);
	assert_taken(f, 10);
	assert_int_equal(isr(f, SLAVE), 0x14);
}

/* "Operation Control Word 1": the mask keeps a request waiting. */
static void mask(void **state)
{
	struct fixture *f = *state;

	out(f, MASTER + 1, 0x10);
	assert_int_equal(in(f, MASTER + 1), 0x10);
	pulse(f, 4);
	assert_intr(f, false);
	assert_int_equal(irr(f, MASTER), 0x10);
	pulse(f, 7);
	assert_intr(f, true);
	out(f, MASTER + 1, 0x90);
	assert_intr(f, false);
	out(f, MASTER + 1, 0x00);
	assert_taken(f, 4);
	/* The slave's mask is its own. */
	out(f, MASTER, EOI);
	out(f, SLAVE + 1, 0x01);
	assert_int_equal(in(f, SLAVE + 1), 0x01);
	assert_taken(f, 7);
	pulse(f, 8);
	assert_intr(f, false);
}

/* "Specific EOI": ends one level and no other. */
static void specific_eoi(void **state)
{
	struct fixture *f = *state;

	pulse(f, 4);
	assert_taken(f, 4);
	pulse(f, 1);
	assert_taken(f, 1);
	out(f, MASTER, EOI_SPECIFIC | 4);
	assert_int_equal(isr(f, MASTER), 0x02);
	out(f, MASTER, EOI_SPECIFIC | 3);
	assert_int_equal(isr(f, MASTER), 0x02);
	out(f, MASTER, 0x40 | 1); /* no operation */
	assert_int_equal(isr(f, MASTER), 0x02);
	out(f, MASTER, EOI_SPECIFIC | 1);
	assert_int_equal(isr(f, MASTER), 0);
	out(f, MASTER, EOI); /* of nothing */
	assert_int_equal(isr(f, MASTER), 0);
}

/* "Automatic End of Interrupt Mode": nothing stays in service. */
static void automatic_eoi(void **state)
{
	struct fixture *f = *state;

	initialise(f, 0x02);
	set_wire(f, 4, true);
	set_wire(f, 5, true);
	set_wire(f, 14, true);
	assert_taken(f, 14);
	out(f, SLAVE, EOI);
	assert_int_equal(isr(f, MASTER), 0);
	assert_taken(f, 4);
	assert_taken(f, 5);
	assert_intr(f, false);
}

/* A slave with automatic EOI and two requests: the second follows the first at once. */
static void automatic_eoi_slave(void **state)
{
	struct fixture *f = *state;

	initialise(f, 0x02);
	out(f, SLAVE, 0x11);
	out(f, SLAVE + 1, 0x28);
	out(f, SLAVE + 1, 0x02);
	out(f, SLAVE + 1, 0x03);
	pulse(f, 9);
	pulse(f, 11);
	assert_taken(f, 9);
	assert_taken(f, 11);
	assert_intr(f, false);
}

/* "Automatic Rotation": the served input becomes the lowest, with an EOI or without. */
static void rotation(void **state)
{
	struct fixture *f = *state;

	pulse(f, 4);
	assert_taken(f, 4);
	out(f, MASTER, ROTATE_EOI);
	for (unsigned int n = 0; n < 8; n++)
		if (n != 2)
			pulse(f, n);
	assert_taken(f, 5);
	out(f, MASTER, EOI);
	assert_taken(f, 6);
	out(f, MASTER, EOI);
	assert_taken(f, 7);
	out(f, MASTER, EOI);
	assert_taken(f, 0);
	out(f, MASTER, EOI);
	assert_taken(f, 1);
	out(f, MASTER, EOI);
	assert_taken(f, 3);
	out(f, MASTER, EOI);
	assert_taken(f, 4);
	/* Rotated priorities count for what interrupts what, too: 4 is the lowest. */
	pulse(f, 5);
	assert_taken(f, 5);
	/* And for which of them an EOI ends: 5 before 4. */
	out(f, MASTER, EOI);
	assert_int_equal(isr(f, MASTER), 0x10);
}

static void rotation_in_automatic_eoi(void **state)
{
	struct fixture *f = *state;

	initialise(f, 0x02);
	out(f, MASTER, 0x80); /* rotate in automatic EOI mode: set */
	pulse(f, 0);
	assert_taken(f, 0);
	pulse(f, 0);
	pulse(f, 1);
	assert_taken(f, 1);
	assert_taken(f, 0);
	out(f, MASTER, 0x00); /* clear: 0 stays the lowest */
	pulse(f, 6);
	assert_taken(f, 6);
	pulse(f, 5);
	pulse(f, 7);
	assert_taken(f, 5);
	assert_taken(f, 7);
}

/* "Specific Rotation": the lowest priority is set, with an EOI or without. */
static void specific_rotation(void **state)
{
	struct fixture *f = *state;

	out(f, MASTER, 0xc0 | 5); /* set priority */
	pulse(f, 0);
	pulse(f, 5);
	pulse(f, 6);
	assert_taken(f, 6);
	out(f, MASTER, 0xe0 | 6); /* rotate on specific EOI */
	assert_int_equal(isr(f, MASTER), 0);
	pulse(f, 6);
	assert_taken(f, 0);
	out(f, MASTER, EOI);
	assert_taken(f, 5);
	out(f, MASTER, EOI);
	assert_taken(f, 6);
}

/*
 * "Special Mask Mode": what is masked while in service holds nothing back, and
 * a plain EOI does not end it.
 */
static void special_mask_mode(void **state)
{
	struct fixture *f = *state;

	pulse(f, 1);
	assert_taken(f, 1);
	pulse(f, 5);
	out(f, MASTER + 1, 0x02);
	assert_intr(f, false);
	out(f, MASTER, SET_SMM);
	assert_taken(f, 5);
	assert_int_equal(isr(f, MASTER), 0x22);
	out(f, MASTER, EOI);
	assert_int_equal(isr(f, MASTER), 0x02);
	out(f, MASTER, EOI);
	assert_int_equal(isr(f, MASTER), 0x02);
	pulse(f, 6);
	assert_intr(f, true);
	out(f, MASTER, 0x28); /* SMM without ESMM changes nothing */
	assert_intr(f, true);
	out(f, MASTER, CLEAR_SMM);
	assert_intr(f, false);
	out(f, MASTER, EOI);
	assert_int_equal(isr(f, MASTER), 0);
	assert_taken(f, 6);
}

/* "Poll Command": the next read acknowledges and tells the level. */
static void poll(void **state)
{
	struct fixture *f = *state;

	out(f, MASTER, POLL);
	assert_int_equal(in(f, MASTER), 0x00);
	pulse(f, 6);
	pulse(f, 3);
	out(f, MASTER, POLL);
	assert_int_equal(in(f, MASTER), 0x83);
	assert_intr(f, false);
	assert_int_equal(isr(f, MASTER), 0x08);
	/* One read only; the next is IRR or ISR again. */
	out(f, MASTER, READ_IRR);
	assert_int_equal(in(f, MASTER), 0x40);
	out(f, MASTER, EOI);
	out(f, MASTER, POLL);
	assert_int_equal(in(f, MASTER + 1), 0x86); /* through either port */
	assert_int_equal(in(f, MASTER + 1), 0x00);
	out(f, MASTER, EOI);

	/* The slave is polled by itself. */
	pulse(f, 13);
	out(f, MASTER, POLL);
	assert_int_equal(in(f, MASTER), 0x82);
	out(f, SLAVE, POLL);
	assert_int_equal(in(f, SLAVE), 0x85);
	assert_int_equal(isr(f, SLAVE), 0x20);
}

/* "Reading the 8259A Status": the choice lasts; the mask is always at A0=1. */
static void status_reads(void **state)
{
	struct fixture *f = *state;

	out(f, MASTER + 1, 0xa5);
	pulse(f, 1);
	assert_taken(f, 1);
	pulse(f, 4);
	assert_int_equal(in(f, MASTER), 0x10); /* IRR after initialisation */
	out(f, MASTER, READ_ISR);
	assert_int_equal(in(f, MASTER), 0x02);
	out(f, MASTER, 0x08); /* OCW3 that reads nothing new */
	assert_int_equal(in(f, MASTER), 0x02);
	assert_int_equal(in(f, MASTER + 1), 0xa5);
	out(f, MASTER, READ_IRR);
	assert_int_equal(in(f, MASTER), 0x10);
}

/*
 * "Edge and Level Triggered Modes": a request that is gone when it is
 * acknowledged is a default IR7, not in service.
 */
static void spurious_master(void **state)
{
	struct fixture *f = *state;

	out(f, ELCR, 0x20);
	set_wire(f, 5, true);
	assert_intr(f, true);
	set_wire(f, 5, false);
	assert_intr(f, false);
	assert_int_equal(pic_acknowledge(f->pic), 0x27);
	assert_int_equal(isr(f, MASTER), 0);

	/* A mask between request and acknowledgement does it as well. */
	pulse(f, 3);
	out(f, MASTER + 1, 0x08);
	assert_int_equal(pic_acknowledge(f->pic), 0x27);
	assert_int_equal(isr(f, MASTER), 0);
}

/* The same on the slave: input 15, and only the master has something in service. */
static void spurious_slave(void **state)
{
	struct fixture *f = *state;

	out(f, ELCR + 1, 0x02);
	set_wire(f, 9, true);
	set_wire(f, 9, false);
	assert_taken(f, 15);
	assert_int_equal(isr(f, SLAVE), 0);
	assert_int_equal(isr(f, MASTER), 0x04);
}

/* PIIX3, ELCR: which inputs can be level-triggered. */
static void elcr_bits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(bus_in(&f->bus, ELCR, 2), 0);
	out(f, ELCR, 0xff);
	out(f, ELCR + 1, 0xff);
	assert_int_equal(in(f, ELCR), 0xf8);
	assert_int_equal(in(f, ELCR + 1), 0xde);
}

/* "Edge and Level Triggered Modes": a level that stays asks again after its EOI. */
static void level_triggered(void **state)
{
	struct fixture *f = *state;

	out(f, ELCR, 0x20);
	out(f, ELCR + 1, 0x02);
	set_wire(f, 5, true);
	assert_taken(f, 5);
	assert_int_equal(irr(f, MASTER), 0x20);
	assert_intr(f, false);
	out(f, MASTER, EOI);
	assert_taken(f, 5);
	set_wire(f, 5, false);
	assert_int_equal(irr(f, MASTER), 0);
	out(f, MASTER, EOI);
	assert_intr(f, false);

	set_wire(f, 9, true);
	for (int i = 0; i < 3; i++) {
		assert_taken(f, 9);
		out(f, SLAVE, EOI);
		out(f, MASTER, EOI);
	}
	set_wire(f, 9, false);
	assert_int_equal(pic_acknowledge(f->pic), 0x2f);
	out(f, MASTER, EOI);
	assert_intr(f, false);
}

/* From edge to level and back: what was latched is not remembered. */
static void elcr_changes(void **state)
{
	struct fixture *f = *state;

	pulse(f, 5);
	out(f, ELCR, 0x20);
	assert_intr(f, false);
	out(f, ELCR, 0x00);
	assert_intr(f, false);
	set_wire(f, 5, true);
	assert_intr(f, true);
	out(f, ELCR, 0x20);
	assert_intr(f, true);
	out(f, ELCR, 0x00);
	assert_intr(f, false);
}

/* ICW1, bit 3, is ELCR's on a PC: it makes nothing level-triggered. */
static void icw1_level_ignored(void **state)
{
	struct fixture *f = *state;

	out(f, MASTER, 0x19);
	out(f, MASTER + 1, 0x20);
	out(f, MASTER + 1, 0x04);
	out(f, MASTER + 1, 0x01);
	set_wire(f, 5, true);
	assert_taken(f, 5);
	out(f, MASTER, EOI);
	assert_intr(f, false);
}

#define TURNS 2000

static atomic_bool device_done;

static void *device_thread(void *arg)
{
	struct fixture *f = arg;

	for (unsigned int i = 0; i < TURNS; i++) {
		pulse(f, i & 1 ? 4 : 12);
		sched_yield();
	}
	atomic_store(&device_done, true);
	return NULL;
}

/*
 * A device and a CPU at once: the CPU sees these two inputs and nothing
 * spurious, and all is served in the end.
 */
static void threads(void **state)
{
	struct fixture *f = *state;
	unsigned int taken = 0;
	pthread_t thread;

	atomic_store(&device_done, false);
	assert_int_equal(pthread_create(&thread, NULL, device_thread, f), 0);
	for (;;) {
		bool last = atomic_load(&device_done);
		int vector;

		if (!pic_pending(f->pic)) {
			if (last)
				break;
			sched_yield();
			continue;
		}
		vector = pic_acknowledge(f->pic);
		assert_true(vector == 0x24 || vector == 0x2c);
		if (vector == 0x2c)
			out(f, SLAVE, EOI);
		out(f, MASTER, EOI);
		taken++;
	}
	pthread_join(thread, NULL);
	assert_in_range(taken, 2, TURNS);
	assert_int_equal(isr(f, MASTER) | isr(f, SLAVE) | irr(f, MASTER) | irr(f, SLAVE), 0);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(uninitialised, setup_bare, teardown),
		CASE(icw1_resets),
		CASE(icw_sequences),
		CASE(sequence),
		CASE(fully_nested),
		CASE(cascade),
		CASE(special_fully_nested),
		CASE(mask),
		CASE(specific_eoi),
		CASE(automatic_eoi),
		CASE(automatic_eoi_slave),
		CASE(rotation),
		CASE(rotation_in_automatic_eoi),
		CASE(specific_rotation),
		CASE(special_mask_mode),
		CASE(poll),
		CASE(status_reads),
		CASE(spurious_master),
		CASE(spurious_slave),
		CASE(elcr_bits),
		CASE(level_triggered),
		CASE(elcr_changes),
		CASE(icw1_level_ignored),
		CASE(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
