/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance monitors of the calling hart, by the SBI (RISC-V Supervisor
 * Binary Interface Specification 2.0, "Performance Monitoring Unit
 * Extension"). Counters are numbered as there, from 0; sets of them are masks
 * of the first 64. Where nothing else is said, what is given is the SBI's
 * error: 0, or PMU_ERR_* and below 0.
 *
 * A counter that passes its end sets interrupt PMU_IRQ of sip, if the hart has
 * Sscofpmf; the handler clears that bit, and asks pmu_overflowed().
 */
#ifndef GUEST_RISCV_PMU_H
#define GUEST_RISCV_PMU_H

#include "guest.h"

#define PMU_IRQ 13u /* of sie and sip: local counter overflow */

#define PMU_ERR_NOT_SUPPORTED	(-2)
#define PMU_ERR_INVALID_PARAM	(-3)
#define PMU_ERR_INVALID_ADDRESS (-5)
#define PMU_ERR_ALREADY_STARTED (-7)
#define PMU_ERR_ALREADY_STOPPED (-8)
#define PMU_ERR_NO_SHMEM	(-9)

/* "Event: Hardware General Events", "Event: Firmware Events". */
#define PMU_EVENT_CYCLES       0x00001u
#define PMU_EVENT_INSTRUCTIONS 0x00002u
#define PMU_EVENT_FIRMWARE(n)  (0xf0000u | (n))
#define PMU_FIRMWARE_SET_TIMER 5u
#define PMU_FIRMWARE_IPI_SENT  6u

/* Flags of pmu_config(), pmu_start() and pmu_stop(). */
#define PMU_CONFIG_SKIP_MATCH \
	(1u << 0) /* the counter of the mask, which has been configured before */
#define PMU_CONFIG_CLEAR_VALUE	  (1u << 1)
#define PMU_CONFIG_AUTO_START	  (1u << 2)
#define PMU_CONFIG_NOT_USER	  (1u << 5)
#define PMU_CONFIG_NOT_SUPERVISOR (1u << 6)
#define PMU_START_SET_VALUE	  (1u << 0)
#define PMU_START_FROM_SNAPSHOT	  (1u << 1)
#define PMU_STOP_RESET		  (1u << 0) /* the counter is free again */
#define PMU_STOP_SNAPSHOT	  (1u << 1)

struct pmu_counter {
	bool firmware;
	unsigned int csr;   /* not of a firmware counter */
	unsigned int width; /* bits, less one */
};

/* Memory that is shared with the SBI: pmu_snapshot(). */
struct pmu_snapshot {
	uint64_t overflowed; /* a bit for each counter of the mask */
	uint64_t values[64];
	uint8_t reserved[4096 - 8 * 65];
};

/* Has this hart a PMU that the SBI lets a guest use? */
bool pmu_probe(void);
unsigned int pmu_counters(void);
long pmu_counter(unsigned int n, struct pmu_counter *counter);

/* A counter of the mask for this event, in *@n. */
long pmu_config(uint64_t counters, unsigned int flags, uint64_t event, uint64_t data,
		unsigned int *n);
long pmu_start(uint64_t counters, unsigned int flags, uint64_t value);
long pmu_stop(uint64_t counters, unsigned int flags);
/* Of a hardware counter, by its CSR; of a firmware counter, by the SBI, which must succeed. */
uint64_t pmu_read(unsigned int n);

/* Where snapshots go; NULL for nowhere. One page, aligned to it. */
long pmu_snapshot(struct pmu_snapshot *page);
/* scountovf of Sscofpmf: a bit for each counter that has passed its end. An illegal instruction without that. */
uint64_t pmu_overflowed(void);

#endif
