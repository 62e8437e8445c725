/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: is the local APIC one that level-triggered interrupts work with? */
#include "../irq.h"
#include "x86.h"

#define VECTOR	  0x71
#define LAPIC_ISR 0x100 /* 8 registers of 32 vectors each, 16 bytes apart */

struct probe {
	unsigned int taken;
	bool in_service;
};

static void look(void *arg)
{
	struct probe *p = arg;

	p->in_service = lapic_read(LAPIC_ISR + VECTOR / 32 * 16) & 1u << VECTOR % 32;
	atomic_add(&p->taken, 1);
}

/*
 * A KVM without hardware support may let the guest take an interrupt before it
 * moves it from the IRR to the ISR. What then comes of the end of interrupt is
 * chance: level-triggered interrupts of the I/O APIC come twice.
 */
const char *irq_level_quirk(void)
{
	struct probe p = {0};

	if (strcmp(machine.irqchip, "ioapic"))
		return NULL;
	vector_handler(VECTOR, look, &p);
	lapic_send(cpus[0].hwid, VECTOR);
	if (!wait_count(&p.taken, 1, NSEC_PER_SEC) || p.in_service)
		return NULL;
	return "this host's local APIC does not show an interrupt as in service";
}
