/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's pair of 8259A interrupt controllers; specifications: Intel 8259A
 * data sheet (231468-003), whose headings are named below, and 82371SB (PIIX3,
 * 290550-002) for the edge/level control registers.
 *
 *   A0=0  W  ICW1 (D4 set), OCW2 (D4-D3 00), OCW3 (D4-D3 01)
 *         R  IRR, ISR or the poll word, as OCW3 has chosen
 *   A0=1  W  ICW2, ICW3, ICW4 while they are awaited, then OCW1 (the mask)
 *         R  mask, or the poll word
 *
 * Chosen where a PC does not need the chip's other modes, or where a virtual
 * wire differs from a real one:
 *  - ICW1's level bit is ignored, as in the PIIX3: ELCR says it input by input.
 *  - ICW4's 8086 bit is taken to be set, buffered mode has no effect.
 *  - In edge mode a request is kept when its input falls before the
 *    acknowledgement, as in KVM's own PIC; the chip would forget it. Devices
 *    that pulse a line depend on it.
 *  - The slave's output is one edge after the other on the master's input 2
 *    for as long as the slave has a request, so none is lost; a request that is
 *    withdrawn before the acknowledgement gives the slave's spurious vector.
 */
#include <pthread.h>
#include <stdlib.h>

#include "pic.h"

#define CASCADE 2 /* the master's input that the slave drives */

/* Initialization command words. */
#define ICW1	    0x10
#define ICW1_IC4    0x01
#define ICW1_SINGLE 0x02
#define ICW2_VECTOR 0xf8
#define ICW4_AEOI   0x02
#define ICW4_SFNM   0x10

/* Operation command word 2: R, SL and EOI in bits 7-5, a level in bits 2-0. */
enum {
	OCW2_AEOI_ROTATE_CLEAR,
	OCW2_EOI,
	OCW2_NOTHING,
	OCW2_EOI_SPECIFIC,
	OCW2_AEOI_ROTATE_SET,
	OCW2_ROTATE_EOI,
	OCW2_SET_PRIORITY,
	OCW2_ROTATE_EOI_SPECIFIC,
};

#define OCW3	       0x08
#define OCW3_RIS       0x01
#define OCW3_RR	       0x02
#define OCW3_POLL      0x04
#define OCW3_SMM       0x20
#define OCW3_ESMM      0x40
#define POLL_INTERRUPT 0x80

/* Inputs that ELCR cannot make level-triggered: timer, keyboard, cascade; clock, coprocessor. */
#define ELCR_MASTER 0xf8
#define ELCR_SLAVE  0xde

enum init_step { INIT_NEVER, INIT_ICW2, INIT_ICW3, INIT_ICW4, INIT_DONE };

struct chip {
	bool is_master;
	uint8_t inputs; /* wires that are high */
	uint8_t latch;	/* rising edges not yet acknowledged */
	uint8_t elcr;	/* inputs that are level-triggered */
	uint8_t imr, isr;
	uint8_t base;	/* vector of input 0 */
	uint8_t lowest; /* the input of lowest priority */
	uint8_t icw1, icw4;
	enum init_step init;
	bool rotate_aeoi, special_mask, poll, read_isr;
};

struct pic {
	struct pic_config config;
	pthread_mutex_t lock; /* guards what follows */
	struct chip master, slave;
	bool intr; /* as last given to the line */
};

static uint8_t bit(unsigned int n)
{
	return 1u << n;
}

/* Interrupt request register: latched edges, and levels. */
static uint8_t irr(const struct chip *chip)
{
	return (chip->latch & ~chip->elcr) | (chip->inputs & chip->elcr);
}

/*
 * The input of the highest priority in @set, or -1. Priorities go round from
 * the one above the lowest.
 */
static int highest(const struct chip *chip, uint8_t set)
{
	for (unsigned int i = 1; i <= 8; i++)
		if (set & bit((chip->lowest + i) & 7))
			return (chip->lowest + i) & 7;
	return -1;
}

static unsigned int priority(const struct chip *chip, unsigned int input)
{
	return (input - chip->lowest - 1) & 7; /* 0 is the highest */
}

/* The input whose interrupt the chip asks for now, or -1: what drives INT. */
static int highest_request(const struct chip *chip)
{
	uint8_t in_service = chip->isr;
	int request, served;

	if (chip->init != INIT_DONE)
		return -1;
	/* Special mask mode: what is masked and in service holds nothing back. */
	if (chip->special_mask)
		in_service &= ~chip->imr;
	request = highest(chip, irr(chip) & ~chip->imr);
	served = highest(chip, in_service);
	if (request < 0 || served < 0)
		return request;
	/*
	 * Special fully nested mode: a slave in service is not locked out, it
	 * knows its own priorities.
	 */
	if (request == CASCADE && served == CASCADE && chip->is_master && (chip->icw4 & ICW4_SFNM))
		return request;
	return priority(chip, request) < priority(chip, served) ? request : -1;
}

/*
 * Interrupt sequence: the request becomes the one in service, or is over at
 * once with automatic EOI.
 */
static void acknowledge(struct chip *chip, unsigned int input)
{
	chip->latch &= ~bit(input);
	if (!(chip->icw4 & ICW4_AEOI))
		chip->isr |= bit(input);
	else if (chip->rotate_aeoi)
		chip->lowest = input;
}

static void update(struct pic *pic)
{
	bool intr;

	if (highest_request(&pic->slave) >= 0)
		pic->master.latch |= bit(CASCADE);
	intr = highest_request(&pic->master) >= 0;
	if (intr == pic->intr)
		return;
	pic->intr = intr;
	irq_set(&pic->config.intr, intr);
}

static void write_icw1(struct chip *chip, uint8_t value)
{
	chip->icw1 = value;
	chip->icw4 = 0; /* stays so if none is to come */
	chip->init = INIT_ICW2;
	/*
	 * Initialization command word 1: edges must come anew, and all modes
	 * are those of power-on.
	 */
	chip->latch = chip->imr = chip->isr = 0;
	chip->lowest = 7;
	chip->rotate_aeoi = chip->special_mask = chip->poll = chip->read_isr = false;
}

static void write_ocw2(struct chip *chip, uint8_t value)
{
	unsigned int command = value >> 5, level = value & 7;
	uint8_t served = chip->isr;
	int input;

	switch (command) {
	case OCW2_AEOI_ROTATE_CLEAR:
	case OCW2_AEOI_ROTATE_SET:
		chip->rotate_aeoi = command == OCW2_AEOI_ROTATE_SET;
		break;
	case OCW2_EOI:
	case OCW2_ROTATE_EOI:
		/* In special mask mode a masked level is not ended by this. */
		if (chip->special_mask)
			served &= ~chip->imr;
		input = highest(chip, served);
		if (input < 0)
			break;
		chip->isr &= ~bit(input);
		if (command == OCW2_ROTATE_EOI)
			chip->lowest = input;
		break;
	case OCW2_EOI_SPECIFIC:
	case OCW2_ROTATE_EOI_SPECIFIC:
		chip->isr &= ~bit(level);
		if (command == OCW2_ROTATE_EOI_SPECIFIC)
			chip->lowest = level;
		break;
	case OCW2_SET_PRIORITY:
		chip->lowest = level;
		break;
	}
}

static void write_ocw3(struct chip *chip, uint8_t value)
{
	if (value & OCW3_POLL)
		chip->poll = true;
	if (value & OCW3_RR)
		chip->read_isr = value & OCW3_RIS;
	if (value & OCW3_ESMM)
		chip->special_mask = value & OCW3_SMM;
}

static void write_command(struct chip *chip, uint8_t value)
{
	if (value & ICW1)
		write_icw1(chip, value);
	else if (value & OCW3)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
}

static void write_data(struct chip *chip, uint8_t value)
{
	switch (chip->init) {
	case INIT_ICW2:
		chip->base = value & ICW2_VECTOR;
		if (!(chip->icw1 & ICW1_SINGLE))
			chip->init = INIT_ICW3;
		else
			chip->init = chip->icw1 & ICW1_IC4 ? INIT_ICW4 : INIT_DONE;
		break;
	case INIT_ICW3:
		/* Which input is cascaded, and the slave's number: a PC's wiring is fixed. */
		chip->init = chip->icw1 & ICW1_IC4 ? INIT_ICW4 : INIT_DONE;
		break;
	case INIT_ICW4:
		chip->icw4 = value;
		chip->init = INIT_DONE;
		break;
	default:
		chip->imr = value;
	}
}

/* Poll command: the next read acknowledges, and tells what. */
static uint8_t read_poll(struct chip *chip)
{
	int input = highest_request(chip);

	chip->poll = false;
	if (input < 0)
		return 0;
	acknowledge(chip, input);
	return POLL_INTERRUPT | input;
}

static uint8_t read_port(struct chip *chip, uint64_t a0)
{
	if (chip->poll)
		return read_poll(chip);
	if (a0)
		return chip->imr;
	return chip->read_isr ? chip->isr : irr(chip);
}

static uint64_t read_locked(struct pic *pic, struct chip *chip, uint64_t offset)
{
	uint8_t value;

	pthread_mutex_lock(&pic->lock);
	value = read_port(chip, offset);
	update(pic);
	pthread_mutex_unlock(&pic->lock);
	return value;
}

static void write_locked(struct pic *pic, struct chip *chip, uint64_t offset, uint8_t value)
{
	pthread_mutex_lock(&pic->lock);
	if (offset)
		write_data(chip, value);
	else
		write_command(chip, value);
	update(pic);
	pthread_mutex_unlock(&pic->lock);
}

static uint64_t master_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pic *pic = dev;

	return read_locked(pic, &pic->master, offset);
}

static void master_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pic *pic = dev;

	write_locked(pic, &pic->master, offset, value);
}

static uint64_t slave_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pic *pic = dev;

	return read_locked(pic, &pic->slave, offset);
}

static void slave_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pic *pic = dev;

	write_locked(pic, &pic->slave, offset, value);
}

static uint64_t elcr_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pic *pic = dev;
	uint8_t value;

	pthread_mutex_lock(&pic->lock);
	value = offset ? pic->slave.elcr : pic->master.elcr;
	pthread_mutex_unlock(&pic->lock);
	return value;
}

static void elcr_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pic *pic = dev;
	struct chip *chip = offset ? &pic->slave : &pic->master;

	pthread_mutex_lock(&pic->lock);
	chip->elcr = value & (offset ? ELCR_SLAVE : ELCR_MASTER);
	/* What an input latched before it was level-triggered is not remembered. */
	chip->latch &= ~chip->elcr;
	update(pic);
	pthread_mutex_unlock(&pic->lock);
}

const struct bus_ops pic_master_ops = {.read = master_read, .write = master_write, .sizes = 1};
const struct bus_ops pic_slave_ops = {.read = slave_read, .write = slave_write, .sizes = 1};
const struct bus_ops pic_elcr_ops = {.read = elcr_read, .write = elcr_write, .sizes = 1};

void pic_set_irq(void *opaque, unsigned int n, bool level)
{
	struct pic *pic = opaque;
	struct chip *chip = n < 8 ? &pic->master : &pic->slave;
	uint8_t mask = bit(n & 7);

	if (n >= PIC_INPUTS || n == CASCADE)
		return;
	pthread_mutex_lock(&pic->lock);
	if (level) {
		chip->latch |= mask & ~chip->inputs & ~chip->elcr;
		chip->inputs |= mask;
	} else {
		chip->inputs &= ~mask;
	}
	update(pic);
	pthread_mutex_unlock(&pic->lock);
}

struct irq_line pic_input(struct pic *pic, unsigned int n)
{
	return (struct irq_line){.set = pic_set_irq, .ctx = pic, .n = n};
}

/*
 * A chip's part of the interrupt sequence; its input, or 7 when the request is
 * gone: a default IR7.
 */
static unsigned int inta(struct chip *chip)
{
	int input = highest_request(chip);

	if (input < 0)
		return 7;
	acknowledge(chip, input);
	return input;
}

int pic_acknowledge(struct pic *pic)
{
	struct chip *chip = &pic->master;
	unsigned int input;
	int vector;

	pthread_mutex_lock(&pic->lock);
	input = inta(chip);
	if (input == CASCADE && !(chip->icw1 & ICW1_SINGLE)) {
		chip = &pic->slave;
		input = inta(chip);
	}
	vector = chip->base + input;
	update(pic);
	pthread_mutex_unlock(&pic->lock);
	return vector;
}

bool pic_pending(struct pic *pic)
{
	bool intr;

	pthread_mutex_lock(&pic->lock);
	intr = pic->intr;
	pthread_mutex_unlock(&pic->lock);
	return intr;
}

struct pic *pic_create(const struct pic_config *config)
{
	struct pic *pic = calloc(1, sizeof(*pic));

	if (!pic)
		return NULL;
	pic->config = *config;
	pic->master.is_master = true;
	pic->master.lowest = pic->slave.lowest = 7;
	pthread_mutex_init(&pic->lock, NULL);
	return pic;
}

void pic_destroy(struct pic *pic)
{
	if (!pic)
		return;
	pthread_mutex_destroy(&pic->lock);
	free(pic);
}

int pic_attach(struct pic *pic, struct bus *port)
{
	const struct bus_range ranges[] = {
		{PIC_MASTER_BASE, 2, &pic_master_ops, pic, "pic master"},
		{PIC_SLAVE_BASE, 2, &pic_slave_ops, pic, "pic slave"},
		{PIC_ELCR_BASE, 2, &pic_elcr_ops, pic, "pic edge/level"},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && !r; i++)
		r = bus_add(port, &ranges[i]);
	return r;
}
