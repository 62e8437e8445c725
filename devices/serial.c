/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A serial port; specification: National Semiconductor PC16550D data
 * sheet, June 1995. Section numbers below are its own.
 *
 *   offset  DLAB  read               write
 *   0       0     RBR receiver       THR transmitter   (8.0, table II)
 *   1       0     IER interrupt enable                 (8.7)
 *   0, 1    1     DLL, DLM divisor latch               (8.3)
 *   2       x     IIR interrupt id   FCR FIFO control  (8.6, 8.5)
 *   3       x     LCR line control                     (8.1)
 *   4       x     MCR modem control                    (8.8)
 *   5       x     LSR line status    -                 (8.4)
 *   6       x     MSR modem status   -                 (8.9)
 *   7       x     SCR scratch                          (8.10)
 *
 * What is simpler than the chip, because no time passes inside the port:
 *  - A byte written to THR is sent at once. LSR always says THRE and TEMT, and
 *    the transmitter's FIFO is never seen to hold anything.
 *  - Data below the receiver's trigger level raises the character timeout
 *    interrupt (8.11) at once and not four characters later.
 *  - Baud rate, word length, parity and stop bits are kept and change nothing;
 *    parity and framing errors do not occur.
 *  - The other end is always there: CTS, DSR and DCD are asserted, RI is not.
 * A receiver without room holds its feeder back (serial_receive()), so an
 * overrun is seen only when the guest causes it itself, in loopback.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "serial.h"

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define FIFO_SIZE 16

/* 8.7 */
#define IER_RX_DATA	0x01
#define IER_THR_EMPTY	0x02
#define IER_LINE_STATUS 0x04
#define IER_MODEM	0x08
#define IER_BITS	0x0f

/* 8.6: bits 3-0 by priority, the highest first; bits 7-6 say that the FIFOs are on. */
#define IIR_LINE_STATUS	 0x06
#define IIR_RX_DATA	 0x04
#define IIR_CHAR_TIMEOUT 0x0c
#define IIR_THR_EMPTY	 0x02
#define IIR_MODEM	 0x00
#define IIR_NONE	 0x01
#define IIR_FIFOS	 0xc0

/* 8.5; bit 3 chooses a DMA mode for two pins that nothing is wired to. */
#define FCR_ENABLE	  0x01
#define FCR_CLEAR_RX	  0x02
#define FCR_TRIGGER_SHIFT 6

/* 8.1 */
#define LCR_BREAK 0x40
#define LCR_DLAB  0x80

/* 8.8 */
#define MCR_DTR	 0x01
#define MCR_RTS	 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_BITS 0x1f

/* 8.4 */
#define LSR_DATA_READY	  0x01
#define LSR_OVERRUN	  0x02
#define LSR_BREAK	  0x10
#define LSR_THR_EMPTY	  0x20
#define LSR_TX_EMPTY	  0x40
#define LSR_ERROR_IN_FIFO 0x80

/* 8.9: a line's state, and below it its change since the last read. */
#define MSR_CTS	   0x10
#define MSR_DSR	   0x20
#define MSR_RI	   0x40
#define MSR_DCD	   0x80
#define MSR_TERI   0x04 /* RI has gone; the other three tell of both edges */
#define MSR_STATES 0xf0
#define MSR_DELTAS 0x0f

/* 8.5, bits 7-6 of FCR: bytes in the FIFO that raise the received data interrupt. */
static const unsigned int trigger_level[] = {1, 4, 8, 14};

struct rx_char {
	uint8_t data;
	bool is_break; /* shown in LSR when the character comes to the front */
};

struct serial {
	struct serial_config config;
	pthread_mutex_t lock; /* guards what follows */

	uint8_t ier, lcr, mcr, scr;
	uint16_t divisor;
	bool fifo_on;
	unsigned int trigger; /* bytes */

	struct rx_char rx[FIFO_SIZE]; /* a ring; only one place is used when the FIFO is off */
	unsigned int rx_head, rx_count;
	bool held_back; /* serial_receive() took less than it was offered */

	uint8_t lsr_errors; /* OVERRUN and BREAK since the last read of LSR */
	uint8_t msr;	    /* states and deltas */
	bool thre_pending;  /* the transmitter is empty, and IIR has not told it yet */

	bool irq_level; /* as last given to the line */

	/* What the access that holds the lock has sent: one access reaches THR at most once. */
	bool sent;
	uint8_t sent_byte;
};

static unsigned int rx_size(const struct serial *s)
{
	return s->fifo_on ? FIFO_SIZE : 1;
}

/* 8.6, table IV: the interrupt of the highest priority among those pending and enabled. */
static uint8_t interrupt_id(const struct serial *s)
{
	if ((s->ier & IER_LINE_STATUS) && s->lsr_errors)
		return IIR_LINE_STATUS;
	if ((s->ier & IER_RX_DATA) && s->rx_count)
		return !s->fifo_on || s->rx_count >= s->trigger ? IIR_RX_DATA : IIR_CHAR_TIMEOUT;
	if ((s->ier & IER_THR_EMPTY) && s->thre_pending)
		return IIR_THR_EMPTY;
	if ((s->ier & IER_MODEM) && (s->msr & MSR_DELTAS))
		return IIR_MODEM;
	return IIR_NONE;
}

static void drive_irq(struct serial *s, bool level)
{
	if (level == s->irq_level)
		return;
	s->irq_level = level;
	irq_set(&s->config.irq, level);
}

static void update_irq(struct serial *s)
{
	bool level = interrupt_id(s) != IIR_NONE;

	/*
	 * On a PC the OUT2 pin enables the buffer behind the interrupt pin;
	 * loopback makes it inactive (8.8).
	 */
	if (s->config.irq_needs_out2 && (s->mcr & (MCR_OUT2 | MCR_LOOP)) != MCR_OUT2)
		level = false;
	drive_irq(s, level);
}

/* The character that is now in front shows its error in LSR (8.4, bit 4). */
static void rx_reveal(struct serial *s)
{
	if (s->rx_count && s->rx[s->rx_head].is_break)
		s->lsr_errors |= LSR_BREAK;
}

static void rx_put(struct serial *s, struct rx_char c)
{
	if (s->rx_count == rx_size(s)) {
		s->lsr_errors |= LSR_OVERRUN;
		/*
		 * 8.4, bit 1: without FIFO the new character takes the old
		 * one's place, with it it is lost.
		 */
		if (s->fifo_on)
			return;
		s->rx_count = 0;
	}
	s->rx[(s->rx_head + s->rx_count) % FIFO_SIZE] = c;
	if (s->rx_count++ == 0)
		rx_reveal(s);
}

/* Who was held back may come again; asked when the receiver is empty: one call for many bytes. */
static void rx_invite(struct serial *s)
{
	if (!s->held_back || s->rx_count || (s->mcr & MCR_LOOP))
		return;
	s->held_back = false;
	if (s->config.input_room)
		s->config.input_room(s->config.ctx);
}

static uint8_t rx_get(struct serial *s)
{
	uint8_t data;

	/* What an empty receiver reads as is left open by the data sheet. */
	if (!s->rx_count)
		return 0;

	data = s->rx[s->rx_head].data;
	s->rx_head = (s->rx_head + 1) % FIFO_SIZE;
	s->rx_count--;
	rx_reveal(s);
	rx_invite(s);
	return data;
}

static void rx_clear(struct serial *s)
{
	s->rx_count = 0;
	rx_invite(s);
}

static void transmit(struct serial *s, uint8_t byte)
{
	/*
	 * 8.6: a write to THR resets the interrupt, and the transmitter is empty
	 * again before the guest can look. An edge-triggered controller has to
	 * see that as two edges, or a guest that never reads IIR waits forever.
	 */
	if (s->config.irq_edge && s->thre_pending) {
		s->thre_pending = false;
		update_irq(s);
	}
	s->thre_pending = true;

	if (s->mcr & MCR_LOOP) {
		rx_put(s, (struct rx_char){.data = byte});
	} else if (!(s->lcr & LCR_BREAK)) {
		s->sent = true;
		s->sent_byte = byte;
	}
}

/* 8.9: the modem lines, or in loopback the port's own outputs (8.8, bit 4), and their changes. */
static void update_modem_lines(struct serial *s)
{
	uint8_t state = MSR_CTS | MSR_DSR | MSR_DCD;
	uint8_t changed;

	if (s->mcr & MCR_LOOP)
		state = (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
			(s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);

	changed = (s->msr ^ state) & MSR_STATES;
	if (state & MSR_RI)
		changed &= ~MSR_RI;
	s->msr = state | (s->msr & MSR_DELTAS) | changed >> 4;
}

/* 8.4, bit 7: an error that LSR has not told yet, wherever its character is. */
static bool error_in_fifo(const struct serial *s)
{
	if (s->lsr_errors & LSR_BREAK)
		return true;
	for (unsigned int i = 0; i < s->rx_count; i++)
		if (s->rx[(s->rx_head + i) % FIFO_SIZE].is_break)
			return true;
	return false;
}

static uint8_t read_lsr(struct serial *s)
{
	uint8_t value = LSR_THR_EMPTY | LSR_TX_EMPTY | s->lsr_errors;

	if (s->rx_count)
		value |= LSR_DATA_READY;
	if (s->fifo_on && error_in_fifo(s))
		value |= LSR_ERROR_IN_FIFO;

	/* 8.4: reading clears the error bits, and the error of the character that is in front. */
	s->lsr_errors = 0;
	s->rx[s->rx_head].is_break = false;
	return value;
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t id = interrupt_id(s);

	/* 8.6, table IV: reading IIR resets the THRE interrupt, if it is the one that is shown. */
	if (id == IIR_THR_EMPTY)
		s->thre_pending = false;
	return id | (s->fifo_on ? IIR_FIFOS : 0);
}

static uint8_t read_msr(struct serial *s)
{
	uint8_t value = s->msr;

	s->msr &= ~MSR_DELTAS;
	return value;
}

static uint8_t read_register(struct serial *s, unsigned int reg)
{
	switch (reg) {
	case REG_DATA:
		return s->lcr & LCR_DLAB ? s->divisor & 0xff : rx_get(s);
	case REG_IER:
		return s->lcr & LCR_DLAB ? s->divisor >> 8 : s->ier;
	case REG_IIR_FCR:
		return read_iir(s);
	case REG_LCR:
		return s->lcr;
	case REG_MCR:
		return s->mcr;
	case REG_LSR:
		return read_lsr(s);
	case REG_MSR:
		return read_msr(s);
	default:
		return s->scr;
	}
}

static void write_ier(struct serial *s, uint8_t value)
{
	/* 8.7, bit 1: enabling finds the transmitter empty, and that is an interrupt. */
	if (~s->ier & value & IER_THR_EMPTY)
		s->thre_pending = true;
	s->ier = value & IER_BITS;
}

static void write_fcr(struct serial *s, uint8_t value)
{
	bool on = value & FCR_ENABLE;

	/*
	 * 8.5, bit 0: changing modes empties the FIFOs; the other bits are
	 * taken only when it is set.
	 */
	if (on != s->fifo_on) {
		s->fifo_on = on;
		rx_clear(s);
	}
	if (!on)
		return;
	s->trigger = trigger_level[value >> FCR_TRIGGER_SHIFT];
	if (value & FCR_CLEAR_RX)
		rx_clear(s);
}

static void write_lcr(struct serial *s, uint8_t value)
{
	/* 8.1, bit 6: the break goes out, and in loopback comes in (8.8). */
	if ((~s->lcr & value & LCR_BREAK) && (s->mcr & MCR_LOOP))
		rx_put(s, (struct rx_char){.is_break = true});
	s->lcr = value;
}

static void write_mcr(struct serial *s, uint8_t value)
{
	s->mcr = value & MCR_BITS;
	update_modem_lines(s);
	rx_invite(s);
}

static void write_register(struct serial *s, unsigned int reg, uint8_t value)
{
	switch (reg) {
	case REG_DATA:
		if (s->lcr & LCR_DLAB)
			s->divisor = (s->divisor & 0xff00) | value;
		else
			transmit(s, value);
		break;
	case REG_IER:
		if (s->lcr & LCR_DLAB)
			s->divisor = (s->divisor & 0x00ff) | value << 8;
		else
			write_ier(s, value);
		break;
	case REG_IIR_FCR:
		write_fcr(s, value);
		break;
	case REG_LCR:
		write_lcr(s, value);
		break;
	case REG_MCR:
		write_mcr(s, value);
		break;
	case REG_SCR:
		s->scr = value;
		break;
	}
}

/* A register is the lowest byte of its slot; the slot's other bytes read zero and take nothing. */
static bool is_register(const struct serial *s, uint64_t offset)
{
	return !(offset & ((1u << s->config.reg_shift) - 1));
}

static uint64_t serial_read(void *dev, uint64_t offset, unsigned int size)
{
	struct serial *s = dev;
	uint64_t value = 0;

	pthread_mutex_lock(&s->lock);
	for (unsigned int i = 0; i < size; i++)
		if (is_register(s, offset + i))
			value |= (uint64_t)read_register(s, (offset + i) >> s->config.reg_shift)
				 << 8 * i;
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return value;
}

static void serial_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct serial *s = dev;
	uint8_t byte;
	bool sent;

	pthread_mutex_lock(&s->lock);
	for (unsigned int i = 0; i < size; i++)
		if (is_register(s, offset + i))
			write_register(s, (offset + i) >> s->config.reg_shift, value >> 8 * i);
	update_irq(s);
	sent = s->sent;
	byte = s->sent_byte;
	s->sent = false;
	pthread_mutex_unlock(&s->lock);

	/*
	 * Without the lock: a reader that is slow must not stop other vCPUs and
	 * the feeder. The order stays, for a guest that cares writes one byte
	 * after the other, and the first write ends only after this.
	 */
	if (sent && s->config.output)
		s->config.output(s->config.ctx, &byte, 1);
}

const struct bus_ops serial_ops = {
	.read = serial_read,
	.write = serial_write,
	.sizes = BUS_SIZE_ANY,
};

/* Room for bytes from outside; in loopback the input pin is disconnected (8.8), and they wait. */
static bool may_receive(const struct serial *s)
{
	return s->rx_count < rx_size(s) && !(s->mcr & MCR_LOOP);
}

size_t serial_receive(struct serial *s, const uint8_t *data, size_t len)
{
	size_t taken = 0;

	pthread_mutex_lock(&s->lock);
	while (taken < len && may_receive(s))
		rx_put(s, (struct rx_char){.data = data[taken++]});
	if (taken < len)
		s->held_back = true;
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return taken;
}

bool serial_receive_break(struct serial *s)
{
	bool taken;

	pthread_mutex_lock(&s->lock);
	taken = may_receive(s);
	if (taken)
		rx_put(s, (struct rx_char){.is_break = true});
	else
		s->held_back = true;
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return taken;
}

size_t serial_take(struct serial *s, uint8_t *data, size_t len)
{
	size_t taken = 0;

	pthread_mutex_lock(&s->lock);
	/* In loopback these are the guest's own bytes. */
	while (taken < len && s->rx_count && !(s->mcr & MCR_LOOP))
		data[taken++] = rx_get(s);
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return taken;
}

struct serial *serial_create(const struct serial_config *config)
{
	struct serial *s;

	if (config->reg_shift > 3) {
		errno = EINVAL;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;

	/* Section 8.0, table III: the state after master reset. */
	s->config = *config;
	s->trigger = trigger_level[0];
	s->divisor = 12; /* not defined by reset; 9600 baud, as a PC's firmware leaves it */
	update_modem_lines(s);
	s->msr &= ~MSR_DELTAS;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void serial_destroy(struct serial *s)
{
	if (!s)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int serial_attach(struct serial *s, struct bus *bus, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = SERIAL_SIZE(s->config.reg_shift),
		.ops = &serial_ops,
		.dev = s,
		.name = s->config.name ? s->config.name : "serial",
	};

	return bus_add(bus, &range);
}
