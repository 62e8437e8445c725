/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calling CPU's performance monitors; see pmu.h. */
#include "pmu.h"
#include "fdt.h"

#define PMUVER_SHIFT   8
#define PMUVER_IMP_DEF 0xf /* something else than PMUv3 */

/* Base System Architecture (Arm DEN 0094): PPI 7. */
#define INTID_USUAL 23

bool pmu_probe(struct pmu *pmu)
{
	pmu->version = sysreg_read(id_aa64dfr0_el1) >> PMUVER_SHIFT & 0xf;
	if (!pmu->version || pmu->version == PMUVER_IMP_DEF)
		return false;
	pmu->counters = PMCR_N(sysreg_read(pmcr_el0));
	return true;
}

bool pmu_has_event(unsigned int event)
{
	unsigned int bit = event & 0x1f, high = event & 0x4000 ? 32 : 0;

	if (event & ~0x403fu)
		return false;
	return (event & 0x20 ? sysreg_read(pmceid1_el0) : sysreg_read(pmceid0_el0)) >>
		       (bit + high) &
	       1;
}

/* The accesses by PMSELR_EL0 are of the counter that it selects. */
static void select(unsigned int n)
{
	sysreg_write(pmselr_el0, n);
	isb();
}

void pmu_event(unsigned int n, uint64_t event)
{
	select(n); /* of the cycle counter: PMCCFILTR_EL0 */
	sysreg_write(pmxevtyper_el0, event);
	isb();
}

uint64_t pmu_read(unsigned int n)
{
	isb();
	if (n == PMU_CYCLES)
		return sysreg_read(pmccntr_el0);
	select(n);
	return sysreg_read(pmxevcntr_el0);
}

void pmu_write(unsigned int n, uint64_t value)
{
	if (n == PMU_CYCLES) {
		sysreg_write(pmccntr_el0, value);
	} else {
		select(n);
		sysreg_write(pmxevcntr_el0, value);
	}
	isb();
}

uint64_t pmu_read_pair(unsigned int even)
{
	uint64_t high, low, again = pmu_read(even + 1);

	do {
		high = again;
		low = pmu_read(even);
		again = pmu_read(even + 1);
	} while (high != again);
	return high << 32 | (low & 0xffffffff);
}

void pmu_start(uint64_t counters)
{
	sysreg_write(pmcntenset_el0, counters);
	sysreg_write(pmcr_el0, sysreg_read(pmcr_el0) | PMCR_E);
	isb();
}

void pmu_stop(uint64_t counters)
{
	sysreg_write(pmcntenclr_el0, counters);
	isb();
}

void pmu_software_increment(uint64_t counters)
{
	sysreg_write(pmswinc_el0, counters);
	isb();
}

void pmu_interrupts(uint64_t counters)
{
	sysreg_write(pmintenclr_el1, ~counters & 0xffffffff);
	sysreg_write(pmintenset_el1, counters);
	isb();
}

uint64_t pmu_overflows(void)
{
	isb();
	return sysreg_read(pmovsset_el0);
}

uint64_t pmu_overflow_clear(uint64_t counters)
{
	uint64_t were = pmu_overflows();

	sysreg_write(pmovsclr_el0, counters);
	isb();
	return were & counters;
}

void pmu_reset(const struct pmu *pmu)
{
	pmu_stop(0xffffffff);
	pmu_interrupts(0);
	for (unsigned int n = 0; n < pmu->counters; n++)
		pmu_event(n, 0);
	pmu_event(PMU_CYCLES, 0);
	sysreg_write(pmcr_el0, PMCR_LC | PMCR_P | PMCR_C);
	isb();
	pmu_overflow_clear(0xffffffff);
}

unsigned int pmu_intid(void)
{
	fdt_node node = fdt_compatible(NULL, "arm,armv8-pmuv3");

	/* Three cells: private or shared, number, flags. */
	if (fdt_cell(node, "interrupts", 0, 0) != 1)
		return INTID_USUAL;
	return 16 + fdt_cell(node, "interrupts", 1, INTID_USUAL - 16);
}
