/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The misbehaving guest's common part and its <arch>/misbehave.c. */
#ifndef GUEST_MISBEHAVE_H
#define GUEST_MISBEHAVE_H

#include "guest.h"

/* The board's devices, to be written all over; ended by size 0. */
struct victim {
	const char *name;
	uint64_t base, size; /* MMIO, bytes; whole words */
};
extern const struct victim victims[];

/* Registers that would end the VM or the console for good, left alone; ended by size 0. */
extern const struct region spared[];

/* The architecture can access devices at any alignment, by any width. */
extern const bool any_alignment;
/* Physical addresses are tried below 2^this. */
unsigned int physical_bits(void);

/* Pseudo-random, the same in each run. */
uint64_t random64(void);

/* Calls into the hypervisor, system registers, ports: each in its own report(). */
void misbehave_arch(void);

#endif
