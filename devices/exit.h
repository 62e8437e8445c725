/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The places where a guest ends its own run: debug-exit port, SiFive test
 * finisher, pvpanic, the "Shutdown" port, and the PC's two reset registers.
 * They share one sink and nothing else; a board attaches those it has.
 *
 * Threads: everything may be called from any thread.
 */
#ifndef KVMBED_DEVICES_EXIT_H
#define KVMBED_DEVICES_EXIT_H

#include <stdint.h>

#include "bus.h"
#include "outcome.h"

enum exit_kind {
	EXIT_DEBUG,    /* 4 ports: isa-debug-exit */
	EXIT_FINISHER, /* 4 KiB MMIO: sifive,test0 and sifive,test1 */
	EXIT_PVPANIC,  /* 1 port or byte of MMIO */
	EXIT_SHUTDOWN, /* 1 port: "Shutdown", as Bochs has it */
	EXIT_KBC,      /* 1 port: 8042 command 0xfe */
	EXIT_CF9,      /* 1 port: reset control register */
	EXIT_KINDS,
};

/* Where these are on a PC. */
#define EXIT_DEBUG_PORT	   0xf4u
#define EXIT_PVPANIC_PORT  0x505u
#define EXIT_SHUTDOWN_PORT 0x8900u
#define EXIT_KBC_PORT	   0x64u
#define EXIT_CF9_PORT	   0xcf9u

struct exit_config {
	/*
	 * The guest has spoken; arguments are those of struct outcome: kind is
	 * SHUTDOWN, RESET or CRASH, raw -1 if there is no status. Called on the
	 * thread of the guest's access, no lock held, any number of times.
	 */
	void (*end)(void *ctx, enum outcome_kind kind, unsigned int code, int raw);
	void *ctx;
};

struct exit_dev;

extern const struct bus_ops exit_ops[EXIT_KINDS]; /* device: the struct exit_dev */
extern const uint64_t exit_size[EXIT_KINDS];	  /* bytes each takes on its bus */

/* NULL with errno ENOMEM. */
struct exit_dev *exit_create(const struct exit_config *config);
void exit_destroy(struct exit_dev *dev);
/* Adds one of them at @base; errors are bus_add()'s. */
int exit_attach(struct exit_dev *dev, enum exit_kind kind, struct bus *bus, uint64_t base);

#endif
