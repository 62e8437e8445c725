/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pmu.h"

#define CPUID_PERFMON  0x0au
#define CPUID_FEATURES 0x80000001u
#define PERFCTR_CORE   (1u << 23) /* its ECX, of AMD */

#define MSR_PMC0	   0x0c1u
#define MSR_PERFEVTSEL0	   0x186u
#define MSR_FIXED_CTR0	   0x309u
#define MSR_FIXED_CTR_CTRL 0x38du
#define MSR_GLOBAL_STATUS  0x38eu
#define MSR_GLOBAL_CTRL	   0x38fu
#define MSR_GLOBAL_OVF	   0x390u
#define MSR_AMD_CORE	   0xc0010200u /* select and counter in turn, six of each */
#define MSR_K7_EVNTSEL0	   0xc0010000u
#define MSR_K7_PERFCTR0	   0xc0010004u

#define SELECT_ENABLE (1ul << 22)
/* Of a fixed counter in MSR_FIXED_CTR_CTRL, 4 bits each. */
#define FIXED_KERNEL	1u
#define FIXED_USER	2u
#define FIXED_INTERRUPT 8u

static uint32_t bits(uint32_t value, unsigned int low, unsigned int n)
{
	return value >> low & ((1u << n) - 1);
}

static bool probe_intel(struct pmu *pmu)
{
	struct cpuid c = cpuid(CPUID_PERFMON, 0);
	unsigned int known = bits(c.eax, 24, 8);

	if (!bits(c.eax, 0, 8))
		return false;
	*pmu = (struct pmu){
		.version = bits(c.eax, 0, 8),
		.counters = bits(c.eax, 8, 8),
		.width = bits(c.eax, 16, 8),
		.lacking = c.ebx,
		.select = MSR_PERFEVTSEL0,
		.count = MSR_PMC0,
		.stride = 1,
	};
	/* A bit says that an event is not there, if the vector is so long; otherwise it is not, either. */
	if (known < 32)
		pmu->lacking |= ~0u << known;
	if (pmu->version >= 2) {
		pmu->global = true;
		pmu->fixed = bits(c.edx, 0, 5);
		pmu->fixed_width = bits(c.edx, 5, 8);
	}
	return true;
}

static void write_and_read(void *arg)
{
	struct pmu *pmu = arg;

	wrmsr(pmu->count, 0x1234);
	pmu->counters = rdmsr(pmu->count) == 0x1234 ? pmu->counters : 0;
	wrmsr(pmu->count, 0);
}

/* No bit of CPUID says that AMD's counters are there: without them what is written is lost, or #GP. */
static bool probe_amd(struct pmu *pmu)
{
	bool core = cpuid(CPUID_FEATURES, 0).ecx & PERFCTR_CORE;

	*pmu = (struct pmu){
		.counters = core ? 6 : 4,
		.width = 48,
		.lacking = ~(uint32_t)(PMU_BIT(PMU_CYCLES) | PMU_BIT(PMU_INSTRUCTIONS) |
				       PMU_BIT(PMU_BRANCHES) | PMU_BIT(PMU_BRANCH_MISSES)),
		.select = core ? MSR_AMD_CORE : MSR_K7_EVNTSEL0,
		.count = core ? MSR_AMD_CORE + 1 : MSR_K7_PERFCTR0,
		.stride = core ? 2 : 1,
	};
	return !expect_exception(write_and_read, pmu, NULL) && pmu->counters;
}

bool pmu_probe(struct pmu *pmu)
{
	/* "AuthenticAMD" and "HygonGenuine" in EBX, EDX, ECX. */
	uint32_t vendor = cpuid(0, 0).ebx;

	if (vendor == 0x68747541 || vendor == 0x6f677948)
		return probe_amd(pmu);
	return probe_intel(pmu);
}

uint64_t pmu_event_select(const struct pmu *pmu, enum pmu_event event)
{
	static const uint16_t intel[PMU_EVENT_NR] = {
		[PMU_CYCLES] = 0x003c,	      [PMU_INSTRUCTIONS] = 0x00c0,
		[PMU_REF_CYCLES] = 0x013c,    [PMU_LLC_REFERENCES] = 0x4f2e,
		[PMU_LLC_MISSES] = 0x412e,    [PMU_BRANCHES] = 0x00c4,
		[PMU_BRANCH_MISSES] = 0x00c5,
	};
	static const uint16_t amd[PMU_EVENT_NR] = {
		[PMU_CYCLES] = 0x0076,
		[PMU_INSTRUCTIONS] = 0x00c0,
		[PMU_BRANCHES] = 0x00c2,
		[PMU_BRANCH_MISSES] = 0x00c3,
	};

	if (event >= PMU_EVENT_NR || pmu->lacking & PMU_BIT(event))
		return 0;
	return pmu->version ? intel[event] : amd[event];
}

static uint32_t count_msr(const struct pmu *pmu, unsigned int n)
{
	return n >= PMU_FIXED ? MSR_FIXED_CTR0 + n - PMU_FIXED : pmu->count + n * pmu->stride;
}

static void program_fixed(unsigned int n, uint64_t what)
{
	uint64_t field = (what & PMU_KERNEL ? FIXED_KERNEL : 0) |
			 (what & PMU_USER ? FIXED_USER : 0) |
			 (what & PMU_INTERRUPT ? FIXED_INTERRUPT : 0);

	wrmsr(MSR_FIXED_CTR_CTRL, (rdmsr(MSR_FIXED_CTR_CTRL) & ~(0xful << 4 * n)) | field << 4 * n);
}

/* With a global control the counter's own bit may be set at once; without it is what starts. */
void pmu_program(const struct pmu *pmu, unsigned int n, uint64_t what)
{
	if (n >= PMU_FIXED)
		program_fixed(n - PMU_FIXED, what);
	else
		wrmsr(pmu->select + n * pmu->stride, what | (pmu->global ? SELECT_ENABLE : 0));
}

uint64_t pmu_read(const struct pmu *pmu, unsigned int n)
{
	return rdmsr(count_msr(pmu, n));
}

void pmu_write(const struct pmu *pmu, unsigned int n, uint64_t value)
{
	wrmsr(count_msr(pmu, n), value);
}

uint64_t pmu_read_direct(unsigned int n)
{
	uint32_t low, high, index = n >= PMU_FIXED ? 1u << 30 | (n - PMU_FIXED) : n;

	asm volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}

static void enable(const struct pmu *pmu, uint64_t counters, bool on)
{
	if (pmu->global) {
		uint64_t value = rdmsr(MSR_GLOBAL_CTRL);

		wrmsr(MSR_GLOBAL_CTRL, on ? value | counters : value & ~counters);
		return;
	}
	for (unsigned int n = 0; n < pmu->counters; n++) {
		uint32_t select = pmu->select + n * pmu->stride;
		uint64_t value = rdmsr(select) & ~SELECT_ENABLE;

		if (counters & PMU_BIT(n))
			wrmsr(select, on ? value | SELECT_ENABLE : value);
	}
}

void pmu_start(const struct pmu *pmu, uint64_t counters)
{
	enable(pmu, counters, true);
}

void pmu_stop(const struct pmu *pmu, uint64_t counters)
{
	enable(pmu, counters, false);
}

uint64_t pmu_overflows(void)
{
	return rdmsr(MSR_GLOBAL_STATUS);
}

void pmu_overflow_clear(uint64_t counters)
{
	wrmsr(MSR_GLOBAL_OVF, counters);
}

void pmu_reset(const struct pmu *pmu)
{
	if (pmu->global)
		wrmsr(MSR_GLOBAL_CTRL, 0);
	if (pmu->fixed)
		wrmsr(MSR_FIXED_CTR_CTRL, 0);
	for (unsigned int n = 0; n < pmu->counters; n++) {
		wrmsr(pmu->select + n * pmu->stride, 0);
		pmu_write(pmu, n, 0);
	}
	for (unsigned int n = 0; n < pmu->fixed; n++)
		pmu_write(pmu, PMU_FIXED + n, 0);
	if (pmu->global)
		pmu_overflow_clear(pmu_overflows());
}
