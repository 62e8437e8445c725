/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The serial port under a guest of any behaviour and bytes that arrive at any
 * time. What must hold: no more is taken than a FIFO holds, and a level-type
 * interrupt is up exactly while IIR says that one is pending (PC16550D, 8.6.5).
 */
#include "fuzz.h"

#include "devices/serial.h"

#define BASE 0x3f8u

struct port {
	struct serial *serial;
	bool level;
	uint64_t sent;
};

static void set_level(void *ctx, unsigned int n, bool level)
{
	((struct port *)ctx)->level = level;
}

static void output(void *ctx, const uint8_t *data, size_t len)
{
	struct port *p = ctx;

	for (size_t i = 0; i < len; i++)
		p->sent += data[i];
}

static void other(void *ctx, unsigned int what, struct fuzz_input *in)
{
	struct port *p = ctx;
	uint8_t bytes[24];
	size_t len = what % sizeof(bytes) + 1;

	switch (what >> 5) {
	case 0:
		serial_receive_break(p->serial);
		break;
	case 1:
		FUZZ_CHECK(serial_take(p->serial, bytes, len) <= len);
		break;
	default:
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)fuzz_number(in, 1);
		FUZZ_CHECK(serial_receive(p->serial, bytes, len) <= (len < 16 ? len : 16));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct port port = {0};
	unsigned int how = (unsigned int)fuzz_number(&in, 1);
	const struct serial_config config = {
		.reg_shift = how & 3,
		.irq_needs_out2 = how & 4,
		.irq_edge = how & 8,
		.irq = {.set = set_level, .ctx = &port},
		.output = how & 16 ? NULL : output,
		.ctx = &port,
	};
	struct fuzz_window window = {.base = BASE, .size = SERIAL_SIZE(config.reg_shift)};
	struct bus bus;
	uint64_t iir;

	bus_init(&bus, "port");
	port.serial = serial_create(&config);
	FUZZ_CHECK(port.serial && !serial_attach(port.serial, &bus, BASE));
	window.bus = &bus;
	fuzz_bus(&in, &window, 1, other, &port);
	if (!config.irq_needs_out2) {
		bool level = port.level;

		bus_read(&bus, BASE + (2u << config.reg_shift), 1, &iir);
		FUZZ_CHECK(level == !(iir & 1));
	}
	serial_destroy(port.serial);
	bus_destroy(&bus);
	return 0;
}

void fuzz_seeds(void (*add)(const void *data, size_t size))
{
	/* What a driver does first: FIFO on, divisor, interrupts, loopback, and text. */
	static const struct {
		uint8_t reg;
		bool write;
		uint8_t value;
	} program[] = {
		{2, true, 0xc7}, {3, true, 0x83}, {0, true, 1},	    {1, true, 0},
		{3, true, 0x03}, {4, true, 0x0b}, {1, true, 0x0f},  {2, false, 0},
		{5, false, 0},	 {6, false, 0},	  {0, true, 'x'},   {2, false, 0},
		{4, true, 0x1b}, {0, true, 'y'},  {5, false, 0},    {0, false, 0},
		{4, true, 0x0b}, {7, true, 0x55}, {7, false, 0x55}, {0, false, 0},
	};
	uint8_t s[1 + ARRAY_SIZE(program) * FUZZ_ACCESS + 16];

	for (uint8_t how = 0; how < 16; how++) {
		size_t n = 0;

		s[n++] = how;
		for (unsigned int i = 0; i < ARRAY_SIZE(program); i++) {
			n += fuzz_access(s + n, 0, (uint32_t)program[i].reg << (how & 3), 1,
					 program[i].write, program[i].value);
			if (i == 7) {
				/* Four bytes arrive. */
				const uint8_t bytes[] = {0x80 | 75, 'a', 'b', 'c', 'd'};

				for (unsigned int k = 0; k < sizeof(bytes); k++)
					s[n++] = bytes[k];
			}
		}
		add(s, n);
	}
}
