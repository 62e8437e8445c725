/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the other CPUs by INIT and startup IPI (SDM volume 3, "MP Initialization"). */
#include "x86.h"

extern char trampoline_start[], trampoline_end[];
extern uint64_t trampoline_cr3, trampoline_cpu, trampoline_stack, trampoline_entry;

static void cpu_entry(struct cpu *cpu)
{
	arch_cpu_set(cpu);
	descriptors_load(cpu);
	paging_init();
	lapic_init();
	cpu_main(cpu);
}

static void trampoline_set(const uint64_t *field, uint64_t value)
{
	uint64_t at = TRAMPOLINE + ((const char *)field - trampoline_start);

	memcpy((void *)at, &value, sizeof(value));
}

bool arch_cpu_boot(struct cpu *cpu)
{
	if (!lapic_present())
		return false;
	memcpy((void *)(uint64_t)TRAMPOLINE, trampoline_start, trampoline_end - trampoline_start);
	trampoline_set(&trampoline_cr3, paging_root());
	trampoline_set(&trampoline_cpu, (uint64_t)cpu);
	trampoline_set(&trampoline_stack, (uint64_t)cpu->stack_top);
	trampoline_set(&trampoline_entry, (uint64_t)cpu_entry);
	lapic_send(cpu->hwid, ICR_INIT);
	delay(100 * NSEC_PER_USEC);
	lapic_send(cpu->hwid, ICR_STARTUP | SIPI_VECTOR);
	return true;
}
