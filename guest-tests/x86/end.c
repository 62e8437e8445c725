/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: the triple fault, the halt that nothing ends, and code where no memory is. */
#include "guest.h"

void end_arch(const char *way);

static void triple_fault(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {0, 0};

	/* With no IDT the exception cannot be delivered, nor the double fault that follows from that. */
	asm volatile("lidt %0; ud2" ::"m"(idtr));
}

void end_arch(const char *way)
{
	if (!strcmp(way, "triple"))
		triple_fault();
	else if (!strcmp(way, "halt"))
		asm volatile("cli; hlt");
	else if (!strcmp(way, "nowhere"))
		((void (*)(void))machine.hole)();
}
