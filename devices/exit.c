/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The places where a guest ends its own run. Each is a register or two:
 *
 *   debug exit  isa-debug-exit of QEMU: a write of CODE means the exit status
 *               (CODE << 1) | 1, so that 0 from the guest is not 0 outside.
 *   finisher    SiFive's test finisher (compatible "sifive,test0" and
 *               "sifive,test1"): a 32-bit write at 0, the command in bits 15-0
 *               and a failure's code in bits 31-16.
 *   pvpanic     QEMU docs/specs/pvpanic: a read tells the events that are
 *               understood, a write reports them.
 *   shutdown    the characters "Shutdown" one after the other, as Bochs and old
 *               QEMU BIOSes have it at port 0x8900.
 *   8042        the keyboard controller's commands 0xf0 to 0xff pulse output
 *               port bits 3-0 where the command has a zero; bit 0 is the CPU's
 *               reset (IBM PC AT Technical Reference, 8042).
 *   0xcf9       reset control register of the 82371SB (PIIX3, 290550-002): the
 *               rising edge of bit 2 resets. PCI's address register lies over it:
 *               a board hands on what is written here as a byte, not the second
 *               byte of an address.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "exit.h"

/* The debug-exit status of QEMU is a process's: eight bits. */
#define DEBUG_STATUS(code) ((int)(((code) << 1 | 1) & 0xff))

#define FINISHER_FAIL  0x3333
#define FINISHER_PASS  0x5555
#define FINISHER_RESET 0x7777

#define PVPANIC_PANICKED 0x01

#define KBC_PULSE_MASK	 0xf0
#define KBC_PULSE_RESETN 0x01
/*
 * Status register: input buffer free, so that a guest sends its reset at once;
 * system flag; output buffer full, always, which a driver that looks for a
 * controller soon takes for a sign that there is none behind the port.
 */
#define KBC_STATUS (0x01 | 0x04)

#define CF9_RESET_CPU 0x04
#define CF9_BITS      0x0e /* full reset, reset CPU, system reset */

struct exit_dev {
	struct exit_config config;
	pthread_mutex_t lock;	       /* guards what follows */
	unsigned int shutdown_matched; /* characters of "Shutdown" so far */
	uint8_t cf9;
};

static void end(struct exit_dev *dev, enum outcome_kind kind, unsigned int code, int raw)
{
	if (dev->config.end)
		dev->config.end(dev->config.ctx, kind, code, raw);
}

static uint64_t read_ones(void *dev, uint64_t offset, unsigned int size)
{
	return UINT64_MAX;
}

static void debug_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	uint32_t code = value;

	end(dev, OUTCOME_SHUTDOWN, code, DEBUG_STATUS(code));
}

static uint64_t finisher_read(void *dev, uint64_t offset, unsigned int size)
{
	return 0;
}

static void finisher_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	unsigned int code = value >> 16 & 0xffff;

	if (offset)
		return;
	switch (value & 0xffff) {
	case FINISHER_PASS:
		end(dev, OUTCOME_SHUTDOWN, 0, 0);
		break;
	case FINISHER_FAIL:
		/* A failure stays one when the guest gives it no number. */
		if (!code)
			code = 1;
		end(dev, OUTCOME_SHUTDOWN, code, (int)code);
		break;
	case FINISHER_RESET:
		end(dev, OUTCOME_RESET, 0, -1);
		break;
	}
}

static uint64_t pvpanic_read(void *dev, uint64_t offset, unsigned int size)
{
	return PVPANIC_PANICKED;
}

static void pvpanic_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	if (value & PVPANIC_PANICKED)
		end(dev, OUTCOME_CRASH, 0, -1);
}

static void shutdown_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	static const char word[] = "Shutdown";
	struct exit_dev *dev = opaque;
	bool complete;

	pthread_mutex_lock(&dev->lock);
	/* No beginning of the word comes again inside it, so a mismatch can only start anew. */
	if ((char)value != word[dev->shutdown_matched])
		dev->shutdown_matched = 0;
	if ((char)value == word[dev->shutdown_matched])
		dev->shutdown_matched++;
	complete = !word[dev->shutdown_matched];
	if (complete)
		dev->shutdown_matched = 0;
	pthread_mutex_unlock(&dev->lock);

	if (complete)
		end(dev, OUTCOME_SHUTDOWN, 0, -1);
}

static uint64_t kbc_read(void *dev, uint64_t offset, unsigned int size)
{
	return KBC_STATUS;
}

static void kbc_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	if ((value & KBC_PULSE_MASK) == KBC_PULSE_MASK && !(value & KBC_PULSE_RESETN))
		end(dev, OUTCOME_RESET, 0, -1);
}

static uint64_t cf9_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct exit_dev *dev = opaque;
	uint8_t value;

	pthread_mutex_lock(&dev->lock);
	value = dev->cf9;
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void cf9_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct exit_dev *dev = opaque;
	bool reset;

	pthread_mutex_lock(&dev->lock);
	reset = ~dev->cf9 & value & CF9_RESET_CPU;
	dev->cf9 = value & CF9_BITS;
	pthread_mutex_unlock(&dev->lock);

	if (reset)
		end(dev, OUTCOME_RESET, 0, -1);
}

const struct bus_ops exit_ops[EXIT_KINDS] = {
	[EXIT_DEBUG] = {.read = read_ones, .write = debug_write, .sizes = 1 | 2 | 4},
	[EXIT_FINISHER] = {.read = finisher_read, .write = finisher_write, .sizes = 2 | 4},
	[EXIT_PVPANIC] = {.read = pvpanic_read, .write = pvpanic_write, .sizes = 1},
	[EXIT_SHUTDOWN] = {.read = read_ones, .write = shutdown_write, .sizes = 1},
	[EXIT_KBC] = {.read = kbc_read, .write = kbc_write, .sizes = 1},
	[EXIT_CF9] = {.read = cf9_read, .write = cf9_write, .sizes = 1},
};

const uint64_t exit_size[EXIT_KINDS] = {
	[EXIT_DEBUG] = 4,    [EXIT_FINISHER] = 0x1000, [EXIT_PVPANIC] = 1,
	[EXIT_SHUTDOWN] = 1, [EXIT_KBC] = 1,	       [EXIT_CF9] = 1,
};

static const char *const exit_name[EXIT_KINDS] = {
	[EXIT_DEBUG] = "debug exit",	 [EXIT_FINISHER] = "test finisher",
	[EXIT_PVPANIC] = "pvpanic",	 [EXIT_SHUTDOWN] = "shutdown port",
	[EXIT_KBC] = "keyboard control", [EXIT_CF9] = "reset control",
};

struct exit_dev *exit_create(const struct exit_config *config)
{
	struct exit_dev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->config = *config;
	pthread_mutex_init(&dev->lock, NULL);
	return dev;
}

void exit_destroy(struct exit_dev *dev)
{
	if (!dev)
		return;
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

int exit_attach(struct exit_dev *dev, enum exit_kind kind, struct bus *bus, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = exit_size[kind],
		.ops = &exit_ops[kind],
		.dev = dev,
		.name = exit_name[kind],
	};

	return bus_add(bus, &range);
}
