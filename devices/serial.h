/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A serial port (National Semiconductor PC16550D, June 1995), on port or
 * memory-mapped I/O. Transmission takes no time: the transmitter is always
 * empty when the guest looks.
 *
 * Threads: everything may be called from any thread.
 */
#ifndef KVMBED_DEVICES_SERIAL_H
#define KVMBED_DEVICES_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"
#include "irq.h"

struct serial;

struct serial_config {
	const char *name; /* for bus listings; must outlive the port. NULL for "serial" */
	/*
	 * Registers lie 1 << reg_shift bytes apart, 0 to 3; a register is the
	 * lowest byte of its slot. Any access width works, so a device tree may
	 * announce any reg-io-width up to the distance.
	 */
	unsigned int reg_shift;
	/*
	 * As on a PC: the interrupt leaves the port only while MCR has OUT2 set
	 * (and never in loopback).
	 */
	bool irq_needs_out2;
	/*
	 * The line ends in an edge-triggered input (ISA). Then a THR write while
	 * the interrupt is up takes it down and up again, as it would on the
	 * wire; a level-triggered input is spared the two calls.
	 */
	bool irq_edge;
	struct irq_line irq;
	/*
	 * What the guest sends, in order: called on the thread of the guest's
	 * write, which waits for it, one byte at a time, no lock held. NULL drops
	 * it.
	 */
	void (*output)(void *ctx, const uint8_t *data, size_t len);
	/*
	 * There is room again after serial_receive() took less than it was
	 * offered. Called with the port's lock held: wake whoever feeds it, and
	 * call serial_receive() from there. May be NULL.
	 */
	void (*input_room)(void *ctx);
	void *ctx;
};

/* Register offsets before reg_shift, and the bus range's length. */
#define SERIAL_REGS	       8
#define SERIAL_SIZE(reg_shift) ((uint64_t)SERIAL_REGS << (reg_shift))

extern const struct bus_ops serial_ops; /* its device is the struct serial */

/* A port in the state after master reset. NULL with errno EINVAL (reg_shift) or ENOMEM. */
struct serial *serial_create(const struct serial_config *config);
/* No vCPU may be running that can reach it. NULL is fine. */
void serial_destroy(struct serial *s);

/* Adds SERIAL_SIZE(reg_shift) bytes at @base to @bus; errors are bus_add()'s. */
int serial_attach(struct serial *s, struct bus *bus, uint64_t base);

/*
 * Bytes that arrive from outside. Returns how many were taken, 0 to @len: never
 * more than the receiver holds (16, or 1 with the FIFO off), none in loopback.
 * After a short count input_room() tells when to come again.
 */
size_t serial_receive(struct serial *s, const uint8_t *data, size_t len);
/* A break condition arrives. True if it was taken; as for a byte otherwise. */
bool serial_receive_break(struct serial *s);

/*
 * Takes up to @len bytes out of the receiver past the guest's driver, for a
 * firmware console that shares the port (RISC-V's SBI). Returns how many.
 */
size_t serial_take(struct serial *s, uint8_t *data, size_t len);

#endif
