/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PMU as its guest sees it. How much is counted is judged by what the
 * guest has done at least, for cycles and speculation are the host's.
 */
#include "pmu.h"

#define TURNS  20000ul /* of a loop of two instructions */
#define LITTLE (TURNS / 10)

static struct pmu pmu;
/* A script's, which RDPMC does not reach. */
static bool emulated;

static void loop(void)
{
	uint64_t turns = TURNS;

	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(turns)::"cc");
}

static void read_direct(void *arg)
{
	pmu_read_direct(0);
}

static void select_something(void *arg)
{
	wrmsr(0x186, 0x4300c0); /* IA32_PERFEVTSEL0 */
}

static void control_something(void *arg)
{
	wrmsr(0x38f, 1); /* IA32_PERF_GLOBAL_CTRL */
}

static uint64_t amd_count = ~0ul;

static void read_amd(void *arg)
{
	amd_count = rdmsr(0xc0010004); /* PerfCtr0 */
}

/*
 * AMD's processors all have counters: what RDPMC does without is not defined
 * (KVM gave 0 until 6.1 at least, and then #GP).
 */
static void test_absent(void)
{
	struct exception e;

	if (cpuid(0, 0).ebx == 0x68747541) { /* "Auth"enticAMD */
		report(!expect_exception(read_amd, NULL, NULL) && !amd_count,
		       "without a PMU, AMD's first counter reads as 0 (0x%lx)", amd_count);
		return;
	}
	report(expect_exception(read_direct, NULL, &e) && e.kind == EXC_ACCESS,
	       "without a PMU, RDPMC is #GP");
	/* Whatever writes of the other registers do, there is no PMU after them. */
	expect_exception(select_something, NULL, NULL);
	expect_exception(control_something, NULL, NULL);
	report(expect_exception(read_direct, NULL, &e), "and remains so");
}

/* What @n counts of @what in one loop. */
static uint64_t counted(unsigned int n, uint64_t what)
{
	uint64_t value;

	pmu_program(&pmu, n, what);
	pmu_write(&pmu, n, 0);
	pmu_start(&pmu, PMU_BIT(n));
	loop();
	pmu_stop(&pmu, PMU_BIT(n));
	value = pmu_read(&pmu, n);
	pmu_program(&pmu, n, 0);
	return value;
}

static void test_registers(void)
{
	uint64_t mask = pmu.width < 64 ? PMU_BIT(pmu.width) - 1 : ~0ul;

	for (unsigned int n = 0; n < pmu.counters; n++) {
		uint64_t up, down;

		pmu_write(&pmu, n, 0x12345678);
		up = pmu_read(&pmu, n);
		pmu_write(&pmu, n, 0x80000000);
		down = pmu_read(&pmu, n);
		report(up == 0x12345678 && (!pmu.version || down == (0xffffffff80000000ul & mask)),
		       "counter %u is written by its low half, bit 31 copied upwards (0x%lx, 0x%lx)",
		       n, up, down);
		pmu_write(&pmu, n, 0x1234);
		if (!emulated)
			report(pmu_read_direct(n) == 0x1234, "RDPMC reads counter %u too (0x%lx)",
			       n, pmu_read_direct(n));
	}
	pmu_reset(&pmu);
}

static void test_event(unsigned int n, enum pmu_event event, uint64_t least, const char *name)
{
	uint64_t select = pmu_event_select(&pmu, event), value, again;

	if (!select) {
		report_skip("the PMU has no %s", name);
		return;
	}
	value = counted(n, select | PMU_KERNEL | PMU_USER);
	report(value >= least, "counter %u counts the loop's %s (%lu)", n, name, value);
	pmu_program(&pmu, n, select | PMU_KERNEL);
	again = pmu_read(&pmu, n);
	loop();
	report(pmu_read(&pmu, n) == again, "and nothing before it is started");
	pmu_program(&pmu, n, 0);
	value = counted(n, select | PMU_USER);
	report(value < LITTLE, "nor in ring 0 if that is not asked for (%lu)", value);
	value = counted(n, select | PMU_KERNEL);
	report(value >= least, "which can be asked for alone (%lu)", value);
}

static void test_general(void)
{
	for (unsigned int n = 0; n < pmu.counters; n++) {
		test_event(n, PMU_INSTRUCTIONS, 2 * TURNS, "instructions");
		test_event(n, PMU_CYCLES, 1, "cycles");
		test_event(n, PMU_BRANCHES, TURNS, "branches");
	}
}

static void test_fixed(void)
{
	for (unsigned int n = 0; n < pmu.fixed && n < 3; n++) {
		uint64_t value = counted(PMU_FIXED + n, PMU_KERNEL);

		report(value >= (n ? 1 : 2 * TURNS), "fixed counter %u counts (%lu)", n, value);
		value = counted(PMU_FIXED + n, PMU_USER);
		report(value < LITTLE, "and not in ring 0 if that is not asked for (%lu)", value);
	}
}

static void test_overflow(unsigned int n, uint64_t what)
{
	uint64_t overflows;

	pmu_program(&pmu, n, what);
	pmu_write(&pmu, n, -TURNS & (n < PMU_FIXED ? ~0ul : PMU_BIT(pmu.fixed_width) - 1));
	pmu_overflow_clear(PMU_BIT(n));
	overflows = pmu_overflows();
	report(!(overflows & PMU_BIT(n)), "counter %u has not overflowed (0x%lx)", n, overflows);
	pmu_start(&pmu, PMU_BIT(n));
	loop();
	pmu_stop(&pmu, PMU_BIT(n));
	overflows = pmu_overflows();
	report(overflows & PMU_BIT(n), "it has after the loop (0x%lx)", overflows);
	report(pmu_read(&pmu, n) < 1ul << 31, "and begins anew (0x%lx)", pmu_read(&pmu, n));
	pmu_overflow_clear(PMU_BIT(n));
	overflows = pmu_overflows();
	report(!(overflows & PMU_BIT(n)), "until that is cleared (0x%lx)", overflows);
	pmu_program(&pmu, n, 0);
}

int main(void)
{
	bool there = pmu_probe(&pmu);

	tell("there", there);
	if (!there) {
		test_absent();
		return 0;
	}
	tell("version", pmu.version);
	tell("counters", pmu.counters);
	tell("fixed", pmu.fixed);
	pmu_reset(&pmu);
	if (option_is("part", "instructions")) {
		tell("counted", counted(0, pmu_event_select(&pmu, PMU_INSTRUCTIONS) | PMU_KERNEL));
		return 0;
	}
	emulated = option_is("part", "emulated");
	test_registers();
	test_general();
	test_fixed();
	if (pmu.global) {
		uint64_t select = pmu_event_select(&pmu, PMU_INSTRUCTIONS);

		if (select)
			test_overflow(0, select | PMU_KERNEL);
		if (pmu.fixed)
			test_overflow(PMU_FIXED, PMU_KERNEL);
	}
	return 0;
}
