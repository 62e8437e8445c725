/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Performance monitors by the SBI; see pmu.h. */
#include "pmu.h"
#include "riscv.h"

#define SBI_PMU 0x504d55

enum {
	NUM_COUNTERS,
	GET_INFO,
	CONFIG_MATCHING,
	START,
	STOP,
	FW_READ,
	FW_READ_HI,
	SNAPSHOT_SET_SHMEM
};

/* "Get details of a counter": the word that it gives. */
#define INFO_CSR(info)	    ((info)&0xfff)
#define INFO_WIDTH(info)    ((info) >> 12 & 0x3f)
#define INFO_FIRMWARE(info) ((info) >> 63)

#define CSR_CYCLE 0xc00
#define NOWHERE	  (~0ul)

static struct sbi_ret call(unsigned long function, unsigned long arg0, unsigned long arg1,
			   unsigned long arg2, unsigned long arg3, unsigned long arg4)
{
	register unsigned long a0 asm("a0") = arg0;
	register unsigned long a1 asm("a1") = arg1;
	register unsigned long a2 asm("a2") = arg2;
	register unsigned long a3 asm("a3") = arg3;
	register unsigned long a4 asm("a4") = arg4;
	register unsigned long a6 asm("a6") = function;
	register unsigned long a7 asm("a7") = SBI_PMU;

	asm volatile("ecall"
		     : "+r"(a0), "+r"(a1)
		     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
		     : "memory");
	return (struct sbi_ret){a0, a1};
}

bool pmu_probe(void)
{
	return sbi_call(SBI_BASE, SBI_BASE_PROBE, SBI_PMU, 0, 0).value;
}

unsigned int pmu_counters(void)
{
	return call(NUM_COUNTERS, 0, 0, 0, 0, 0).value;
}

long pmu_counter(unsigned int n, struct pmu_counter *counter)
{
	struct sbi_ret ret = call(GET_INFO, n, 0, 0, 0, 0);

	*counter = (struct pmu_counter){
		.firmware = INFO_FIRMWARE(ret.value),
		.csr = INFO_CSR(ret.value),
		.width = INFO_WIDTH(ret.value),
	};
	return ret.error;
}

long pmu_config(uint64_t counters, unsigned int flags, uint64_t event, uint64_t data,
		unsigned int *n)
{
	struct sbi_ret ret = call(CONFIG_MATCHING, 0, counters, flags, event, data);

	*n = ret.value;
	return ret.error;
}

long pmu_start(uint64_t counters, unsigned int flags, uint64_t value)
{
	return call(START, 0, counters, flags, value, 0).error;
}

long pmu_stop(uint64_t counters, unsigned int flags)
{
	return call(STOP, 0, counters, flags, 0, 0).error;
}

/* A CSR's number is a part of the instruction. */
#define READ(n)                                                                              \
	case n:                                                                              \
		asm volatile("csrr %0, %1" : "=r"(value) : "i"(CSR_CYCLE + (n)) : "memory"); \
		break
#define READ4(n)       \
	READ(n);       \
	READ((n) + 1); \
	READ((n) + 2); \
	READ((n) + 3)

static uint64_t read_hpm(unsigned int n)
{
	uint64_t value = 0;

	switch (n) {
		READ4(0);
		READ4(4);
		READ4(8);
		READ4(12);
		READ4(16);
		READ4(20);
		READ4(24);
		READ4(28);
	}
	return value;
}

uint64_t pmu_read(unsigned int n)
{
	struct pmu_counter counter;
	struct sbi_ret ret;

	if (pmu_counter(n, &counter))
		guest_panic("there is no counter %u", n);
	if (!counter.firmware)
		return read_hpm(counter.csr - CSR_CYCLE);
	ret = call(FW_READ, n, 0, 0, 0, 0);
	if (ret.error)
		guest_panic("firmware counter %u cannot be read: %ld", n, ret.error);
	return ret.value;
}

long pmu_snapshot(struct pmu_snapshot *page)
{
	return call(SNAPSHOT_SET_SHMEM, page ? (uint64_t)page : NOWHERE, page ? 0 : NOWHERE, 0, 0,
		    0)
		.error;
}

uint64_t pmu_overflowed(void)
{
	return csr_read("0xda0"); /* scountovf, which older assemblers do not know */
}
