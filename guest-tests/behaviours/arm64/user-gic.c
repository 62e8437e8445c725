/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of each kind, and what came of them told to the script: the
 * same under the kernel's GIC and under one of user space.
 */
#include "gic.h"
#include "pmu.h"

#define LIMIT (2 * NSEC_PER_SEC)
#define SPI   40

static unsigned int count; /* atomic */

static void came(void *arg)
{
	atomic_add(&count, 1);
}

/* A little longer than it takes, for what comes too often. */
static void tell_count(const char *name)
{
	wait_count(&count, ~0u, NSEC_PER_MSEC);
	tell(name, count);
	count = 0;
}

static void test_timer(void)
{
	for (unsigned int i = 1; i <= 20; i++) {
		timer_start((i % 4) * 100 * NSEC_PER_USEC, came, NULL);
		if (i % 2)
			wait_count(&count, i, LIMIT);
		else
			idle_count(&count, i, LIMIT);
	}
	tell_count("timer");
	timer_start(10 * NSEC_PER_MSEC, came, NULL);
	timer_stop();
	tell_count("timer stopped");
	/* It fires while interrupts are off, and its line is down again before they are on. */
	irq_off();
	timer_start(0, came, NULL);
	delay(NSEC_PER_MSEC);
	timer_stop();
	irq_on();
	tell_count("timer withdrawn");
}

static void test_sgi(void)
{
	ipi_handler(3, came, NULL);
	for (unsigned int i = 1; i <= 10; i++) {
		ipi_send(0, 3);
		wait_count(&count, i, LIMIT);
	}
	tell_count("SGI");
	irq_off();
	ipi_send(0, 3);
	ipi_send(0, 3);
	irq_on();
	wait_count(&count, 1, LIMIT);
	tell_count("SGIs merged");
}

static void test_spi(void)
{
	report(irq_enable(SPI, IRQ_EDGE, 0, came, NULL), "an SPI is there");
	for (unsigned int i = 1; i <= 5; i++) {
		tell("pulse", SPI);
		wait_count(&count, i, LIMIT);
	}
	tell_count("SPI");
	irq_disable(SPI);
	tell("pulse", SPI);
	tell_count("SPI disabled");
	/* What came meanwhile was kept. */
	irq_enable(SPI, IRQ_EDGE, 0, came, NULL);
	wait_count(&count, 1, LIMIT);
	tell_count("SPI enabled again");
}

static void pmu_came(void *arg)
{
	pmu_overflow_clear(~0u);
	came(arg);
}

static void test_pmu(void)
{
	struct pmu pmu;

	if (!pmu_probe(&pmu))
		return;
	pmu_reset(&pmu);
	report(irq_enable(pmu_intid(), IRQ_LEVEL, 0, pmu_came, NULL),
	       "the PMU's interrupt is there");
	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_interrupts(PMU_BIT(0));
	pmu_start(PMU_BIT(0));
	for (unsigned int i = 1; i <= 5; i++) {
		pmu_write(0, 0xffffffff);
		isb();
		sysreg_write(pmswinc_el0, PMU_BIT(0));
		isb();
		wait_count(&count, i, LIMIT);
	}
	tell_count("PMU");
	pmu_reset(&pmu);
}

int main(void)
{
	irq_on();
	test_timer();
	test_sgi();
	test_spi();
	test_pmu();
	irq_off();
	tell("done", 0);
	return 0;
}
