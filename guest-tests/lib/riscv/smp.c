/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Harts: starting the others (SBI HSM), interrupting them (SBI IPI), sleeping. */
#include "riscv.h"

_Static_assert(offsetof(struct cpu, stack_top) == 24, "start.S has its offset");

void secondary_start(void);
void secondary_main(struct cpu *cpu) __attribute__((noreturn));

void arch_cpu_set(struct cpu *cpu)
{
	asm volatile("mv tp, %0" ::"r"(cpu));
}

void secondary_main(struct cpu *cpu)
{
	arch_cpu_set(cpu);
	paging_on();
	irq_cpu_init();
	arch_timer_off();
	cpu_main(cpu);
}

uint64_t hart_id(unsigned int cpu)
{
	return cpus[cpu].hwid;
}

bool arch_cpu_boot(struct cpu *cpu)
{
	return !sbi_call(SBI_HSM, SBI_HSM_START, cpu->hwid, (uint64_t)secondary_start,
			 (uint64_t)cpu)
			.error;
}

void arch_ipi_send(struct cpu *cpu)
{
	sbi_call(SBI_IPI, SBI_IPI_SEND, 1, cpu->hwid, 0);
}

/* WFI ends for an interrupt that sie enables, whether or not sstatus lets it be taken. */
void arch_idle(void)
{
	asm volatile("wfi" ::: "memory");
	irq_on();
	irq_off();
}
