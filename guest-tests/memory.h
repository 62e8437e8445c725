/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory guest's common part and its <arch>/memory.c, which has instructions of one architecture. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "guest.h"

/* What the test device noted last is this; says what it was if not. @value is of @size bytes. */
bool access_was(bool write, unsigned int offset, unsigned int size, uint64_t value);
/* The test device's register that counts such accesses. */
unsigned int width_counter(bool write, unsigned int size);

/* Extension to registers, unaligned and compound access. The test device is there. */
void memory_arch(void);

#endif
