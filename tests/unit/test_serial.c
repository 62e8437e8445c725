/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550A serial port, section by section of the PC16550D data sheet (June 1995). */
#include "tests/unit/device.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "devices/serial.h"

#define BASE 0x3f8

enum { RBR = 0, THR = 0, DLL = 0, IER = 1, DLM = 1, IIR = 2, FCR = 2, LCR, MCR, LSR, MSR, SCR };

#define IER_RX	  0x01
#define IER_THRE  0x02
#define IER_LINE  0x04
#define IER_MODEM 0x08

#define IIR_NONE    0x01
#define IIR_MODEM   0x00
#define IIR_THRE    0x02
#define IIR_RX	    0x04
#define IIR_LINE    0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO    0xc0

#define LSR_IDLE  0x60 /* THRE and TEMT */
#define LSR_DR	  0x01
#define LSR_OE	  0x02
#define LSR_BI	  0x10
#define LSR_ERROR 0x80

#define MCR_LOOP 0x10

struct fixture {
	struct bus bus;
	struct serial *serial;
	struct irq_log irq;
	char out[64];
	size_t nr_out;
	unsigned int invitations;
};

static void take_output(void *ctx, const uint8_t *data, size_t len)
{
	struct fixture *f = ctx;

	assert_true(f->nr_out + len < sizeof(f->out));
	memcpy(f->out + f->nr_out, data, len);
	f->nr_out += len;
}

static void take_invitation(void *ctx)
{
	struct fixture *f = ctx;

	f->invitations++;
}

/* A fixture of a port as the board wants it; @config's sinks are filled in. */
static struct fixture *start(struct serial_config config)
{
	struct fixture *f = calloc(1, sizeof(*f));

	config.irq = irq_log_line(&f->irq, 0);
	config.output = take_output;
	config.input_room = take_invitation;
	config.ctx = f;
	bus_init(&f->bus, "test");
	f->serial = serial_create(&config);
	assert_non_null(f->serial);
	assert_int_equal(serial_attach(f->serial, &f->bus, BASE), 0);
	return f;
}

static int setup(void **state)
{
	*state = start((struct serial_config){.reg_shift = 0});
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	serial_destroy(f->serial);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static uint8_t in(struct fixture *f, unsigned int reg)
{
	return bus_in(&f->bus, BASE + reg, 1);
}

static void out(struct fixture *f, unsigned int reg, uint8_t value)
{
	bus_out(&f->bus, BASE + reg, value, 1);
}

static size_t receive(struct fixture *f, const char *text)
{
	return serial_receive(f->serial, (const uint8_t *)text, strlen(text));
}

/* 8.0, table III: master reset. */
static void reset_state(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, IER), 0);
	assert_int_equal(in(f, IIR), IIR_NONE);
	assert_int_equal(in(f, LCR), 0);
	assert_int_equal(in(f, MCR), 0);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_int_equal(in(f, MSR) & 0x0f, 0);
	assert_false(f->irq.level[0]);
	assert_int_equal(f->irq.calls[0], 0);
}

/* 8.1, bit 7, and 8.3: the divisor latch lies over THR/RBR and IER. */
static void divisor_latch(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_RX);
	out(f, LCR, 0x83);
	out(f, DLL, 0x34);
	out(f, DLM, 0x12);
	assert_int_equal(in(f, DLL), 0x34);
	assert_int_equal(in(f, DLM), 0x12);
	out(f, LCR, 0x03);
	assert_int_equal(in(f, IER), IER_RX);
	assert_int_equal(f->nr_out, 0);
	assert_int_equal(receive(f, "x"), 1);
	out(f, LCR, 0x83);
	assert_int_equal(in(f, DLL), 0x34);
	out(f, LCR, 0x03);
	assert_int_equal(in(f, RBR), 'x');
}

/* 8.0: what is sent leaves in order, and THRE and TEMT are set again (8.4, bits 5 and 6). */
static void transmit(void **state)
{
	struct fixture *f = *state;

	for (const char *p = "hello"; *p; p++) {
		out(f, THR, *p);
		assert_int_equal(in(f, LSR), LSR_IDLE);
	}
	assert_int_equal(f->nr_out, 5);
	assert_memory_equal(f->out, "hello", 5);
	assert_int_equal(f->irq.calls[0], 0);
}

/* 8.1, bit 6: with break set nothing that is written gets out. */
static void transmit_break(void **state)
{
	struct fixture *f = *state;

	out(f, LCR, 0x43);
	out(f, THR, 'x');
	assert_int_equal(in(f, LSR), LSR_IDLE);
	out(f, LCR, 0x03);
	out(f, THR, 'y');
	assert_int_equal(f->nr_out, 1);
	assert_int_equal(f->out[0], 'y');
}

/* 8.7: four enables; the other bits are always zero. */
static void ier_bits(void **state)
{
	struct fixture *f = *state;

	out(f, IER, 0xff);
	assert_int_equal(in(f, IER), 0x0f);
}

/* 8.10 */
static void scratch(void **state)
{
	struct fixture *f = *state;

	out(f, SCR, 0xa5);
	assert_int_equal(in(f, SCR), 0xa5);
	out(f, SCR, 0x5a);
	assert_int_equal(in(f, SCR), 0x5a);
}

/* 8.4 and 8.9: LSR and MSR do not take writes. */
static void status_read_only(void **state)
{
	struct fixture *f = *state;
	uint8_t msr = in(f, MSR);

	out(f, LSR, 0xff);
	out(f, MSR, 0xff);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_int_equal(in(f, MSR), msr);
}

/*
 * 8.5 and 8.6, bits 7-6: the FIFOs are announced while they are on. Linux takes
 * this for a 16550A.
 */
static void fifo_announced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, IIR), IIR_NONE);
	out(f, FCR, 0x01);
	assert_int_equal(in(f, IIR), IIR_FIFO | IIR_NONE);
	out(f, FCR, 0x00);
	assert_int_equal(in(f, IIR), IIR_NONE);
	/* With bit 0 clear no other bit is taken. */
	out(f, FCR, 0xc6);
	assert_int_equal(in(f, IIR), IIR_NONE);
}

/* 8.4, bit 0; without FIFO there is room for one, and the feeder is held back. */
static void receive_without_fifo(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(receive(f, "ab"), 1);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR);
	assert_int_equal(f->invitations, 0);
	assert_int_equal(in(f, RBR), 'a');
	assert_int_equal(f->invitations, 1);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_int_equal(receive(f, "b"), 1);
	assert_int_equal(in(f, RBR), 'b');
	assert_int_equal(f->invitations, 1);
}

/* 8.11: sixteen bytes, first in, first out. */
static void receive_with_fifo(void **state)
{
	struct fixture *f = *state;
	const char text[] = "0123456789abcdefXYZ";

	out(f, FCR, 0x01);
	/* Twice, so that the ring wraps. */
	for (int round = 0; round < 2; round++) {
		assert_int_equal(receive(f, text + 13), 6);
		for (int i = 13; i < 19; i++)
			assert_int_equal(in(f, RBR), text[i]);
		assert_int_equal(f->invitations, round);
		assert_int_equal(receive(f, text), 16);
		assert_int_equal(receive(f, "!"), 0);
		for (int i = 0; i < 16; i++) {
			assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR);
			assert_int_equal(f->invitations, round);
			assert_int_equal(in(f, RBR), text[i]);
		}
		assert_int_equal(f->invitations, round + 1);
		assert_int_equal(in(f, LSR), LSR_IDLE);
	}
}

/* 8.5, bits 7-6, and 8.11: the trigger levels; fewer bytes are a character timeout. */
static void trigger_levels(void **state)
{
	static const struct {
		uint8_t fcr;
		unsigned int level;
	} rows[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};
	struct fixture *f = *state;

	out(f, IER, IER_RX);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		out(f, FCR, rows[i].fcr | 0x02);
		assert_false(f->irq.level[0]);
		for (unsigned int n = 1; n <= 16; n++) {
			assert_int_equal(receive(f, "x"), 1);
			assert_true(f->irq.level[0]);
			assert_int_equal(in(f, IIR),
					 IIR_FIFO | (n < rows[i].level ? IIR_TIMEOUT : IIR_RX));
		}
		/*
		 * The interrupt goes when the FIFO is below its level, and what
		 * is left is a timeout.
		 */
		for (unsigned int n = 16; n > 0; n--) {
			assert_int_equal(in(f, IIR),
					 IIR_FIFO | (n < rows[i].level ? IIR_TIMEOUT : IIR_RX));
			in(f, RBR);
		}
		assert_int_equal(in(f, IIR), IIR_FIFO | IIR_NONE);
		assert_false(f->irq.level[0]);
	}
}

/* 8.5, bits 0 and 1: what empties the receiver. */
static void fifo_reset(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_RX);
	out(f, FCR, 0x01);
	receive(f, "abc");
	out(f, FCR, 0x01); /* no change, no reset */
	assert_int_equal(in(f, RBR), 'a');
	out(f, FCR, 0x03);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_false(f->irq.level[0]);

	receive(f, "abc");
	out(f, FCR, 0x00);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	receive(f, "d");
	out(f, FCR, 0x01);
	assert_int_equal(in(f, LSR), LSR_IDLE);

	/* Whoever was held back is asked again. */
	receive(f, "0123456789abcdef!");
	assert_int_equal(f->invitations, 0);
	out(f, FCR, 0x03);
	assert_int_equal(f->invitations, 1);
}

/* 8.6, table IV: received data is reset by reading it. */
static void rx_interrupt(void **state)
{
	struct fixture *f = *state;

	receive(f, "x");
	assert_false(f->irq.level[0]);
	out(f, IER, IER_RX);
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, IIR), IIR_RX);
	assert_int_equal(in(f, IIR), IIR_RX); /* reading IIR does not */
	assert_int_equal(in(f, RBR), 'x');
	assert_false(f->irq.level[0]);
	assert_int_equal(in(f, IIR), IIR_NONE);
	receive(f, "y");
	assert_true(f->irq.level[0]);
	out(f, IER, 0);
	assert_false(f->irq.level[0]);
}

/*
 * 8.6, table IV: THRE is reset by reading IIR while it is shown, and comes back
 * with the next byte sent.
 */
static void thre_interrupt(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_THRE); /* 8.7, bit 1: the transmitter is empty already */
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, IIR), IIR_THRE);
	assert_false(f->irq.level[0]);
	assert_int_equal(in(f, IIR), IIR_NONE);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_false(f->irq.level[0]);

	out(f, THR, 'x');
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, IIR), IIR_THRE);
	assert_int_equal(in(f, IIR), IIR_NONE);

	/* Writing the same enables again is no new interrupt; off and on again is. */
	out(f, IER, IER_THRE);
	assert_int_equal(in(f, IIR), IIR_NONE);
	out(f, IER, 0);
	out(f, IER, IER_THRE);
	assert_int_equal(in(f, IIR), IIR_THRE);
}

/*
 * Linux's start-up looks for a THRE interrupt that is not asserted again
 * (UART_BUG_THRE, UART_BUG_TXEN).
 */
static void thre_as_linux_probes(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_THRE);
	in(f, IIR);
	out(f, IER, 0);
	out(f, IER, IER_THRE);
	assert_int_equal(in(f, IIR) & 0x01, 0);
	out(f, IER, 0);

	out(f, IER, IER_THRE);
	assert_int_equal(in(f, LSR) & 0x40, 0x40);
	assert_int_equal(in(f, IIR) & 0x01, 0);
}

/* 8.6: while a higher one is shown, reading IIR does not reset THRE. */
static void thre_behind_rx(void **state)
{
	struct fixture *f = *state;

	receive(f, "x");
	out(f, IER, IER_RX | IER_THRE);
	assert_int_equal(in(f, IIR), IIR_RX);
	in(f, RBR);
	assert_int_equal(in(f, IIR), IIR_THRE);
	assert_int_equal(in(f, IIR), IIR_NONE);
}

/* 8.6, table IV: all four, from the highest to the lowest. */
static void interrupt_priorities(void **state)
{
	struct fixture *f = *state;

	out(f, IER, 0x0f);
	in(f, IIR);
	/* Loopback and back changes the modem lines. */
	out(f, MCR, MCR_LOOP);
	out(f, MCR, 0);
	out(f, THR, 'x');
	assert_true(serial_receive_break(f->serial));

	assert_int_equal(in(f, IIR), IIR_LINE);
	in(f, LSR);
	assert_int_equal(in(f, IIR), IIR_RX);
	in(f, RBR);
	assert_int_equal(in(f, IIR), IIR_THRE);
	assert_int_equal(in(f, IIR), IIR_MODEM);
	assert_true(f->irq.level[0]);
	in(f, MSR);
	assert_int_equal(in(f, IIR), IIR_NONE);
	assert_false(f->irq.level[0]);
}

/* 8.7: an interrupt that is not enabled is neither shown nor raised. */
static void interrupts_disabled(void **state)
{
	struct fixture *f = *state;

	receive(f, "x");
	out(f, THR, 'y');
	out(f, MCR, MCR_LOOP);
	assert_int_equal(in(f, IIR), IIR_NONE);
	assert_int_equal(f->irq.calls[0], 0);
}

/* 8.4, bit 4: a break is one zero byte with BI; reading LSR resets it. */
static void receive_break(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_LINE);
	assert_true(serial_receive_break(f->serial));
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR | LSR_BI);
	assert_false(f->irq.level[0]);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR);
	assert_int_equal(in(f, RBR), 0);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	receive(f, "x");
	assert_false(serial_receive_break(f->serial));
}

/*
 * 8.4, bits 4 and 7: in the FIFO an error belongs to its character, and bit 7
 * tells of it from afar.
 */
static void break_in_fifo(void **state)
{
	struct fixture *f = *state;

	out(f, FCR, 0x01);
	receive(f, "a");
	assert_true(serial_receive_break(f->serial));
	receive(f, "b");
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR | LSR_ERROR);
	assert_int_equal(in(f, RBR), 'a');
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR | LSR_BI | LSR_ERROR);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR);
	assert_int_equal(in(f, RBR), 0);
	assert_int_equal(in(f, RBR), 'b');
	assert_int_equal(in(f, LSR), LSR_IDLE);
}

/* 8.8, bit 4: what is written comes back, nothing leaves, and what comes from outside waits. */
static void loopback_data(void **state)
{
	struct fixture *f = *state;

	out(f, FCR, 0x01);
	out(f, MCR, MCR_LOOP);
	for (const char *p = "loop"; *p; p++)
		out(f, THR, *p);
	assert_int_equal(f->nr_out, 0);
	assert_int_equal(receive(f, "no"), 0);
	assert_false(serial_receive_break(f->serial));
	for (const char *p = "loop"; *p; p++)
		assert_int_equal(in(f, RBR), *p);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_int_equal(f->invitations, 0);
	out(f, MCR, 0);
	assert_int_equal(f->invitations, 1);
	assert_int_equal(receive(f, "yes"), 3);
}

/* A firmware console takes what has come before the guest's driver does. */
static void taken_by_firmware(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[4];

	out(f, FCR, 0x01);
	out(f, IER, IER_RX);
	assert_int_equal(receive(f, "abc"), 3);
	assert_true(f->irq.level[0]);
	assert_int_equal(serial_take(f->serial, bytes, 2), 2);
	assert_memory_equal(bytes, "ab", 2);
	assert_int_equal(serial_take(f->serial, bytes, sizeof(bytes)), 1);
	assert_int_equal(bytes[0], 'c');
	/* Nothing is left, so the receiver's interrupt has gone too. */
	assert_false(f->irq.level[0]);
	assert_int_equal(serial_take(f->serial, bytes, sizeof(bytes)), 0);
	/* In loopback the receiver holds what the guest itself has sent. */
	out(f, MCR, MCR_LOOP);
	out(f, THR, 'x');
	assert_int_equal(serial_take(f->serial, bytes, sizeof(bytes)), 0);
	assert_int_equal(in(f, RBR), 'x');
}

/* 8.4, bit 1: overrun with the FIFO keeps the old ones, without it the new one. */
static void overrun(void **state)
{
	struct fixture *f = *state;

	out(f, MCR, MCR_LOOP);
	out(f, IER, IER_LINE);
	out(f, THR, 'a');
	out(f, THR, 'b');
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR | LSR_OE);
	assert_false(f->irq.level[0]);
	assert_int_equal(in(f, RBR), 'b');
	assert_int_equal(in(f, LSR), LSR_IDLE);

	out(f, FCR, 0x01);
	for (int i = 0; i < 17; i++)
		out(f, THR, 'a' + i);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR | LSR_OE);
	for (int i = 0; i < 16; i++)
		assert_int_equal(in(f, RBR), 'a' + i);
	assert_int_equal(in(f, LSR), LSR_IDLE);
}

/* 8.1, bit 6, and 8.8: a break sent in loopback is received, once for each time it is set. */
static void loopback_break(void **state)
{
	struct fixture *f = *state;

	out(f, MCR, MCR_LOOP);
	out(f, LCR, 0x43);
	assert_int_equal(in(f, LSR), LSR_IDLE | LSR_DR | LSR_BI);
	in(f, RBR);
	out(f, LCR, 0x43);
	assert_int_equal(in(f, LSR), LSR_IDLE);
}

/* 8.8, bits 0-3 and 4: the outputs come back as the inputs that Linux's probe expects. */
static void loopback_modem_lines(void **state)
{
	static const struct {
		uint8_t mcr, msr;
	} rows[] = {{0x00, 0x00}, {0x01, 0x20}, {0x02, 0x10},
		    {0x04, 0x40}, {0x08, 0x80}, {0x0a, 0x90}};
	struct fixture *f = *state;

	assert_int_equal(in(f, MSR) & 0xf0, 0xb0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		out(f, MCR, MCR_LOOP | rows[i].mcr);
		assert_int_equal(in(f, MSR) & 0xf0, rows[i].msr);
		assert_int_equal(in(f, MCR), MCR_LOOP | rows[i].mcr);
	}
	out(f, MCR, 0xff);
	assert_int_equal(in(f, MCR), 0x1f);
}

/* 8.9, bits 3-0: changes since the last read; RI tells of its end only. */
static void modem_deltas(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_MODEM);
	out(f, MCR, MCR_LOOP);
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, IIR), IIR_MODEM);
	assert_int_equal(in(f, MSR), 0x0b); /* CTS, DSR and DCD have gone */
	assert_false(f->irq.level[0]);
	assert_int_equal(in(f, MSR), 0x00);
	out(f, MCR, MCR_LOOP | 0x04);
	assert_int_equal(in(f, MSR), 0x40);
	out(f, MCR, MCR_LOOP);
	assert_true(f->irq.level[0]);
	assert_int_equal(in(f, MSR), 0x04);
	/* A change and back again is still a change. */
	out(f, MCR, MCR_LOOP | 0x02);
	out(f, MCR, MCR_LOOP);
	assert_int_equal(in(f, MSR), 0x01);
}

/* The line is called when it changes, and not for each access: a call can cost an ioctl. */
static void line_called_on_change(void **state)
{
	struct fixture *f = *state;

	out(f, IER, IER_THRE);
	assert_int_equal(f->irq.calls[0], 1);
	for (int i = 0; i < 10; i++)
		out(f, THR, 'x');
	assert_int_equal(f->irq.calls[0], 1);
	in(f, IIR);
	assert_int_equal(f->irq.calls[0], 2);
	for (int i = 0; i < 10; i++)
		in(f, LSR);
	assert_int_equal(f->irq.calls[0], 2);
}

/*
 * 8.6: writing THR resets the interrupt, so an edge-triggered input sees a new
 * edge for each byte.
 */
static void edge_for_each_byte(void **state)
{
	struct fixture *f = start((struct serial_config){.irq_edge = true});

	*state = f;
	out(f, IER, IER_THRE);
	assert_int_equal(f->irq.rises[0], 1);
	out(f, THR, 'x');
	assert_int_equal(f->irq.rises[0], 2);
	out(f, THR, 'y');
	assert_int_equal(f->irq.rises[0], 3);
	assert_true(f->irq.level[0]);
	in(f, IIR);
	out(f, IER, 0);
	out(f, THR, 'z');
	assert_int_equal(f->irq.rises[0], 3);
	assert_false(f->irq.level[0]);
}

/* 8.8, bits 3 and 4: on a PC OUT2 opens the way for the interrupt, and loopback closes it. */
static void out2_gates_interrupt(void **state)
{
	struct fixture *f = start((struct serial_config){.irq_needs_out2 = true});

	*state = f;
	out(f, IER, IER_RX);
	receive(f, "x");
	assert_int_equal(in(f, IIR), IIR_RX);
	assert_false(f->irq.level[0]);
	out(f, MCR, 0x08);
	assert_true(f->irq.level[0]);
	out(f, MCR, 0x08 | MCR_LOOP);
	assert_false(f->irq.level[0]);
	out(f, MCR, 0x08);
	assert_true(f->irq.level[0]);
	out(f, MCR, 0x07);
	assert_false(f->irq.level[0]);
}

/* Wider accesses reach the registers that lie in them, the lowest first. */
static void wide_access(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->bus, BASE + LCR, 0x0a03, 2); /* LCR, MCR */
	assert_int_equal(in(f, LCR), 0x03);
	assert_int_equal(in(f, MCR), 0x0a);
	bus_out(&f->bus, BASE + SCR, 0x77, 1);
	assert_int_equal(bus_in(&f->bus, BASE + LCR, 2), 0x0a03);
	assert_int_equal(bus_in(&f->bus, BASE + LCR, 4) & 0xffffff, 0x600a03);
}

static void reg_shift(void **state)
{
	/* reg-shift 2, reg-io-width 1, 2 and 4: kvm-unit-tests and Linux use all of them. */
	struct fixture *f = start((struct serial_config){.reg_shift = 2});
	uint64_t value;

	*state = f;
	assert_false(bus_read(&f->bus, BASE + 0x20, 1, &value));
	for (unsigned int width = 1; width <= 4; width *= 2) {
		bus_out(&f->bus, BASE + (SCR << 2), 0x50 + width, width);
		assert_int_equal(bus_in(&f->bus, BASE + (SCR << 2), width), 0x50 + width);
		assert_int_equal(bus_in(&f->bus, BASE + (LSR << 2), width), LSR_IDLE);
		bus_out(&f->bus, BASE + (THR << 2), 'A', width);
	}
	assert_int_equal(f->nr_out, 3);
	assert_memory_equal(f->out, "AAA", 3);

	/* The rest of a register's slot is empty. */
	bus_out(&f->bus, BASE + (SCR << 2) + 1, 0xffffff, 2);
	assert_int_equal(bus_in(&f->bus, BASE + (SCR << 2) + 1, 2), 0);
	assert_int_equal(bus_in(&f->bus, BASE + (SCR << 2), 4), 0x54);
	bus_out(&f->bus, BASE + (LCR << 2), 0x0000000300000003, 8);
	assert_int_equal(bus_in(&f->bus, BASE + (LCR << 2), 8), 0x0000000300000003);

	assert_null(serial_create(&(struct serial_config){.reg_shift = 4}));
	assert_int_equal(errno, EINVAL);
}

#define STREAM 5000

/* The outside: sends a count, held back by the port, while the guest reads. */
static void *feeder(void *arg)
{
	struct fixture *f = arg;

	for (unsigned int n = 0; n < STREAM;) {
		const uint8_t bytes[] = {n, n + 1, n + 2, n + 3};
		size_t len = STREAM - n < sizeof(bytes) ? STREAM - n : sizeof(bytes);
		size_t taken = serial_receive(f->serial, bytes, len);

		n += taken;
		if (!taken)
			sched_yield();
	}
	return NULL;
}

/* Two threads at the port: nothing is lost, doubled or out of order, and the line ends up low. */
static void stream_from_thread(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	out(f, FCR, 0x81);
	out(f, IER, IER_RX);
	assert_int_equal(pthread_create(&thread, NULL, feeder, f), 0);
	for (unsigned int n = 0; n < STREAM;) {
		if (!(in(f, LSR) & LSR_DR)) {
			sched_yield();
			continue;
		}
		assert_int_equal(in(f, RBR), (uint8_t)n);
		n++;
	}
	pthread_join(thread, NULL);
	assert_int_equal(in(f, LSR), LSR_IDLE);
	assert_false(f->irq.level[0]);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
/* The case makes its own port; only the end is shared. */
#define CASE_OWN(fn) cmocka_unit_test_setup_teardown(fn, NULL, teardown)
	const struct CMUnitTest tests[] = {
		CASE(reset_state),
		CASE(divisor_latch),
		CASE(transmit),
		CASE(transmit_break),
		CASE(ier_bits),
		CASE(scratch),
		CASE(status_read_only),
		CASE(fifo_announced),
		CASE(receive_without_fifo),
		CASE(receive_with_fifo),
		CASE(trigger_levels),
		CASE(fifo_reset),
		CASE(rx_interrupt),
		CASE(thre_interrupt),
		CASE(thre_as_linux_probes),
		CASE(thre_behind_rx),
		CASE(interrupt_priorities),
		CASE(interrupts_disabled),
		CASE(receive_break),
		CASE(break_in_fifo),
		CASE(loopback_data),
		CASE(taken_by_firmware),
		CASE(overrun),
		CASE(loopback_break),
		CASE(loopback_modem_lines),
		CASE(modem_deltas),
		CASE(line_called_on_change),
		CASE_OWN(edge_for_each_byte),
		CASE_OWN(out2_gates_interrupt),
		CASE(wide_access),
		CASE(stream_from_thread),
		CASE_OWN(reg_shift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
