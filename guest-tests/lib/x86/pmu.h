/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance monitors of the calling CPU: architectural performance
 * monitoring (Intel SDM 3B, "Architectural Performance Monitoring"), or AMD's
 * core counters (APM 2, 13.2). Counters are numbered as the bits of
 * IA32_PERF_GLOBAL_CTRL: general ones from 0, fixed ones from PMU_FIXED.
 * Nothing but pmu_probe() and pmu_read_direct() may be called without a PMU:
 * the registers are #GP.
 */
#ifndef GUEST_X86_PMU_H
#define GUEST_X86_PMU_H

#include "guest.h"

#define PMU_FIXED  32u
#define PMU_BIT(n) (1ul << (n))

/*
 * In the order of CPUID.0AH:EBX. Fixed counters have theirs: PMU_FIXED counts
 * instructions, the next one cycles, the one after it reference cycles.
 */
enum pmu_event {
	PMU_CYCLES,
	PMU_INSTRUCTIONS,
	PMU_REF_CYCLES,
	PMU_LLC_REFERENCES,
	PMU_LLC_MISSES,
	PMU_BRANCHES,
	PMU_BRANCH_MISSES,
	PMU_EVENT_NR,
};

/* Flags of pmu_program(), of the event select registers. */
#define PMU_USER      (1ul << 16) /* counts in ring 3 */
#define PMU_KERNEL    (1ul << 17) /* counts in ring 0 */
#define PMU_INTERRUPT (1ul << 20) /* an overflow interrupts, by the local APIC's LVT */

struct pmu {
	unsigned int version;	  /* of CPUID.0AH; 0 for AMD's */
	unsigned int counters;	  /* general ones */
	unsigned int fixed;	  /* 0 before version 2 */
	unsigned int width;	  /* bits of a general counter */
	unsigned int fixed_width; /* bits */
	bool global; /* IA32_PERF_GLOBAL_CTRL and the overflows' bits are there: version 2 on */
	uint32_t lacking;	/* events that are not there: PMU_BIT(enum pmu_event) */
	uint32_t select, count; /* MSRs of general counter 0 */
	uint32_t stride;	/* from one counter's MSR to the next */
};

/* False if there is none. */
bool pmu_probe(struct pmu *pmu);
/* All off and 0. */
void pmu_reset(const struct pmu *pmu);
/* What event select registers call @event; 0 if this PMU does not have it. */
uint64_t pmu_event_select(const struct pmu *pmu, enum pmu_event event);

/* What counter @n counts: pmu_event_select() (0 for a fixed one) and flags. It counts when pmu_start() says so. */
void pmu_program(const struct pmu *pmu, unsigned int n, uint64_t what);
uint64_t pmu_read(const struct pmu *pmu, unsigned int n);
/* Of a general counter only bits 31 to 0 are written, and copied upwards from bit 31. */
void pmu_write(const struct pmu *pmu, unsigned int n, uint64_t value);
/* The same by RDPMC; #GP without a PMU. */
uint64_t pmu_read_direct(unsigned int n);

void pmu_start(const struct pmu *pmu, uint64_t counters);
void pmu_stop(const struct pmu *pmu, uint64_t counters);
/* Where pmu.global is: which have overflowed; clear takes these bits away. */
uint64_t pmu_overflows(void);
void pmu_overflow_clear(uint64_t counters);

#endif
