/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each CPU has performance monitors of its own: they count, and their overflow
 * interrupts that CPU alone. What exactly they count is arm64/pmu-counters'.
 */
#include "pmu.h"

#define LIMIT (2 * NSEC_PER_SEC)
#define TIMES 10

struct own {
	struct pmu pmu;
	bool there, counts, enabled;
	unsigned int overflows; /* atomic */
};
static PER_CPU(struct own, own);

static void overflowed(void *arg)
{
	if (pmu_overflow_clear(PMU_BIT(0)))
		atomic_add(&this_cpu(own)->overflows, 1);
}

static void use(void *arg)
{
	struct own *me = this_cpu(own);

	me->there = pmu_probe(&me->pmu) && me->pmu.counters;
	if (!me->there)
		return;
	pmu_reset(&me->pmu);
	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_start(PMU_BIT(0));
	for (unsigned int i = 0; i <= cpu_id(); i++)
		pmu_software_increment(PMU_BIT(0));
	me->counts = pmu_read(0) == cpu_id() + 1;

	me->enabled = irq_enable(pmu_intid(), IRQ_LEVEL, cpu_id(), overflowed, NULL);
	pmu_interrupts(PMU_BIT(0));
	for (unsigned int i = 1; me->enabled && i <= TIMES; i++) {
		pmu_write(0, 0xffffffff);
		pmu_software_increment(PMU_BIT(0));
		wait_count(&me->overflows, i, LIMIT);
	}
	pmu_reset(&me->pmu);
}

static void judge(unsigned int cpu)
{
	unsigned int overflows = of_cpu(own, cpu)->overflows;

	report(of_cpu(own, cpu)->there, "CPU %u has a PMU with %u counters", cpu,
	       of_cpu(own, cpu)->pmu.counters);
	report(of_cpu(own, cpu)->counts, "CPU %u counts its own software increments", cpu);
	report(of_cpu(own, cpu)->enabled, "CPU %u: it has interrupt %u", cpu, pmu_intid());
	report(overflows == TIMES, "CPU %u: each overflow interrupts it (%u of %u)", cpu, overflows,
	       TIMES);
}

int main(void)
{
	if (!(sysreg_read(id_aa64dfr0_el1) >> 8 & 0xf)) {
		report_skip("this machine has no PMU");
		return 0;
	}
	if (!strcmp(machine.irqchip, "none")) {
		report_skip("this machine has no interrupt controller");
		return 0;
	}
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++)
		if (!cpu_start(cpu, use, NULL))
			report(false, "CPU %u starts", cpu);
	irq_on();
	use(NULL);
	for (unsigned int cpu = 0; cpu < machine.nr_cpus; cpu++) {
		if (cpu)
			report(cpu_wait(cpu, TIMES * LIMIT), "CPU %u is done", cpu);
		judge(cpu);
	}
	return 0;
}
