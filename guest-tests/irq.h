/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt guest's common part and its <arch>/irq.c. */
#ifndef GUEST_IRQ_H
#define GUEST_IRQ_H

#include "guest.h"

/*
 * Why level-triggered interrupts cannot be counted on this host, found by
 * other means than by counting them; NULL where they can.
 */
const char *irq_level_quirk(void);

#endif
