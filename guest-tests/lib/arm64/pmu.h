/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance monitors of the calling CPU: PMUv3 (Arm ARM D13; registers
 * in D24.5). Counters are numbered as in its registers of a bit each: event
 * counters from 0, the cycle counter 31. Nothing here may be called before
 * pmu_probe() has said that there is one, because the registers are undefined
 * without.
 *
 * On a machine with an interrupt controller irq_enable(pmu_intid(), IRQ_LEVEL,
 * cpu_id(), handler, arg) takes the overflow interrupt of the calling CPU; the
 * handler must lower it, by pmu_overflow_clear().
 */
#ifndef GUEST_ARM64_PMU_H
#define GUEST_ARM64_PMU_H

#include "guest.h"

#define PMU_CYCLES 31u /* the cycle counter */
#define PMU_BIT(n) (1ul << (n))

/* Common events (D13.11). What is there besides SW_INCR and CHAIN, pmu_has_event() knows. */
#define PMU_EVENT_SW_INCR      0x00u /* a write of pmu_software_increment() */
#define PMU_EVENT_INST_RETIRED 0x08u
#define PMU_EVENT_CPU_CYCLES   0x11u
#define PMU_EVENT_CHAIN	       0x1eu /* of an odd counter: the even one before it overflowed */

/* Filters beside the event of pmu_event(); without any, EL0 and EL1 are counted. A guest that is at EL2 can have that, too. */
#define PMU_EL2	    (1ul << 27)
#define PMU_NOT_EL1 (1ul << 31)
#define PMU_NOT_EL0 (1ul << 30)

/* PMCR_EL0 */
#define PMCR_E	     (1ul << 0) /* all counters on */
#define PMCR_P	     (1ul << 1) /* written: event counters become 0 */
#define PMCR_C	     (1ul << 2) /* written: the cycle counter becomes 0 */
#define PMCR_LC	     (1ul << 6) /* the cycle counter overflows at 64 bits, not 32 */
#define PMCR_LP	     (1ul << 7) /* PMUv3p5: event counters overflow at 64 bits, not 32 */
#define PMCR_N(pmcr) ((pmcr) >> 11 & 0x1f)

struct pmu {
	unsigned int version;  /* ID_AA64DFR0_EL1.PMUVer: 1 PMUv3, 4 of Armv8.1, 5 8.4, 6 8.5 ... */
	unsigned int counters; /* event counters, 0 to 31 (PMCR_EL0.N) */
};

/* False if there is none, or one of another kind than PMUv3. */
bool pmu_probe(struct pmu *pmu);
/* Does this PMU count @event (0 to 0x3f, 0x4000 to 0x403f)? PMCEID0_EL0 and PMCEID1_EL0. */
bool pmu_has_event(unsigned int event);

/* All off, 0 and without filters, interrupts or overflows; PMCR_EL0.LC set, E clear. */
void pmu_reset(const struct pmu *pmu);

/* What event counter @n counts: an event and filters. Of the cycle counter, the filters. */
void pmu_event(unsigned int n, uint64_t event);
uint64_t pmu_read(unsigned int n);
void pmu_write(unsigned int n, uint64_t value);
/* The counters @even and @even + 1 as one number of 64 bits; not torn by an overflow between the two. */
uint64_t pmu_read_pair(unsigned int even);

/* Counters by bits. Start sets PMCR_EL0.E, too; stop leaves it. */
void pmu_start(uint64_t counters);
void pmu_stop(uint64_t counters);
void pmu_software_increment(uint64_t counters);

/* Which overflows interrupt; the others only leave their flag. */
void pmu_interrupts(uint64_t counters);
/* Which have overflowed; clear takes these flags away and says what they were. */
uint64_t pmu_overflows(void);
uint64_t pmu_overflow_clear(uint64_t counters);

/* Of the overflow interrupt: the device tree's, or what everybody has. A private one. */
unsigned int pmu_intid(void);

#endif
