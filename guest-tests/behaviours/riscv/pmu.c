/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's counters by the SBI's PMU extension. What an emulated host counts
 * is no measure of anything, so that it is judged by whether it grows, stands
 * still, and begins where it is told to. Options: part=count, stopped,
 * firmware, errors, snapshot or overflow.
 */
#include "pmu.h"

#define ALL   (~0ull >> (64 - pmu_counters()))
#define LIMIT (2 * NSEC_PER_SEC)

#define SBI_TIME     0x54494d45
#define SBI_TIME_SET 0

static void expect(const char *what, long error, long wanted)
{
	report(error == wanted, "%s: %ld (%ld)", what, wanted, error);
}

static void work(void)
{
	for (volatile unsigned int i = 0; i < 10000; i++)
		;
}

static unsigned int configured(uint64_t event, unsigned int flags)
{
	unsigned int n;
	long error = pmu_config(ALL, flags, event, 0, &n);

	report(!error, "event 0x%lx has a counter (%ld)", event, error);
	return n;
}

static void test_info(void)
{
	unsigned int nr = pmu_counters(), firmware = 0;
	struct pmu_counter c;

	report(nr > 3 && nr <= 64, "there are counters (%u)", nr);
	for (unsigned int n = 0; n < nr; n++) {
		long error = pmu_counter(n, &c);

		if (n == 1) {
			expect("counter 1 is the time, and none of these", error,
			       PMU_ERR_INVALID_PARAM);
			continue;
		}
		firmware += c.firmware;
		report(!error && (c.firmware || (c.csr == 0xc00 + n && c.width >= 31)),
		       "counter %u: %s", n, c.firmware ? "firmware's" : "a CSR");
	}
	report(firmware > 0, "there are firmware counters");
	expect("a counter that is not there", pmu_counter(1000, &c), PMU_ERR_INVALID_PARAM);
}

/* Cycles and instructions have counters of their own. */
static void test_count(void)
{
	static const struct {
		uint64_t event;
		unsigned int n;
	} fixed[] = {{PMU_EVENT_CYCLES, 0}, {PMU_EVENT_INSTRUCTIONS, 2}};

	test_info();
	for (unsigned int i = 0; i < ARRAY_SIZE(fixed); i++) {
		unsigned int n = configured(fixed[i].event, PMU_CONFIG_CLEAR_VALUE);
		uint64_t before, after;

		report(n == fixed[i].n, "counter %u is the one for it", n);
		expect("it starts", pmu_start(1ull << n, 0, 0), 0);
		expect("it has started", pmu_start(1ull << n, 0, 0), PMU_ERR_ALREADY_STARTED);
		before = pmu_read(n);
		work();
		after = pmu_read(n);
		report(after > before, "it counts (0x%lx, 0x%lx)", before, after);
		expect("it stops", pmu_stop(1ull << n, 0), 0);
		expect("it has stopped", pmu_stop(1ull << n, 0), PMU_ERR_ALREADY_STOPPED);
		expect("it starts with a value",
		       pmu_start(1ull << n, PMU_START_SET_VALUE, 1ull << 40), 0);
		after = pmu_read(n);
		report(after >= 1ull << 40 && after < 1ull << 41, "it goes on from there (0x%lx)",
		       after);
		expect("it stops, and is free", pmu_stop(1ull << n, PMU_STOP_RESET), 0);
	}
}

/* A counter that has been stopped, read again and again: what comes of it is for the script to judge. */
static void test_stopped(void)
{
	unsigned int n = configured(PMU_EVENT_CYCLES, PMU_CONFIG_CLEAR_VALUE);

	pmu_start(1ull << n, PMU_START_SET_VALUE, 0);
	work();
	pmu_stop(1ull << n, 0);
	tell("first", pmu_read(n));
	tell("second", pmu_read(n));
	work();
	tell("third", pmu_read(n));
}

static void set_timers(unsigned int times)
{
	while (times--)
		sbi_call(SBI_TIME, SBI_TIME_SET, ~0ul, 0, 0);
}

/* What the SBI itself does is counted exactly. */
static void test_firmware(void)
{
	unsigned int n =
		configured(PMU_EVENT_FIRMWARE(PMU_FIRMWARE_SET_TIMER), PMU_CONFIG_CLEAR_VALUE);
	struct pmu_counter c;

	report(!pmu_counter(n, &c) && c.firmware, "counter %u is the firmware's", n);
	set_timers(3);
	expect("it starts", pmu_start(1ull << n, PMU_START_SET_VALUE, 0), 0);
	expect("it has started", pmu_start(1ull << n, 0, 0), PMU_ERR_ALREADY_STARTED);
	set_timers(5);
	report(pmu_read(n) == 5, "five calls (%lu)", pmu_read(n));
	set_timers(2);
	expect("it stops", pmu_stop(1ull << n, 0), 0);
	expect("it has stopped", pmu_stop(1ull << n, 0), PMU_ERR_ALREADY_STOPPED);
	set_timers(2);
	report(pmu_read(n) == 7, "seven, and those after its stop do not count (%lu)", pmu_read(n));
	expect("it starts with a value", pmu_start(1ull << n, PMU_START_SET_VALUE, 1000), 0);
	set_timers(1);
	report(pmu_read(n) == 1001, "it goes on from there (%lu)", pmu_read(n));
}

static void test_errors(void)
{
	unsigned int nr = pmu_counters(), n;

	expect("no counter", pmu_start(0, 0, 0), PMU_ERR_INVALID_PARAM);
	expect("no counter", pmu_stop(0, 0), PMU_ERR_INVALID_PARAM);
	expect("no counter", pmu_config(0, 0, PMU_EVENT_CYCLES, 0, &n), PMU_ERR_INVALID_PARAM);
	if (nr < 64) {
		expect("one counter too many", pmu_start(1ull << nr, 0, 0), PMU_ERR_INVALID_PARAM);
		expect("one counter too many", pmu_stop(1ull << nr, 0), PMU_ERR_INVALID_PARAM);
		expect("one counter too many", pmu_config(1ull << nr, 0, PMU_EVENT_CYCLES, 0, &n),
		       PMU_ERR_INVALID_PARAM);
	}
	expect("a firmware event that is not there",
	       pmu_config(ALL, 0, PMU_EVENT_FIRMWARE(0x1234), 0, &n), PMU_ERR_NOT_SUPPORTED);
	expect("an event of a type that is not there", pmu_config(ALL, 0, 0x70001, 0, &n),
	       PMU_ERR_NOT_SUPPORTED);
	expect("a snapshot to nowhere", pmu_stop(1, PMU_STOP_SNAPSHOT), PMU_ERR_NO_SHMEM);
	expect("a start from nowhere", pmu_start(1, PMU_START_FROM_SNAPSHOT, 0), PMU_ERR_NO_SHMEM);
	expect("shared memory where nothing is", pmu_snapshot((void *)machine.hole),
	       PMU_ERR_INVALID_ADDRESS);
}

static void test_snapshot(void)
{
	struct pmu_snapshot *page = page_alloc();
	unsigned int n =
		configured(PMU_EVENT_FIRMWARE(PMU_FIRMWARE_SET_TIMER), PMU_CONFIG_CLEAR_VALUE);
	/* Values are numbered from the mask's base, which is 0 here. */

	memset(page, 0x55, sizeof(*page));
	expect("shared memory", pmu_snapshot(page), 0);
	report(!page->overflowed && !page->values[0] && !page->values[63], "it is cleared");
	expect("it starts", pmu_start(1ull << n, PMU_START_SET_VALUE, 0), 0);
	set_timers(4);
	expect("it stops", pmu_stop(1ull << n, PMU_STOP_SNAPSHOT), 0);
	report(page->values[n] == 4, "the snapshot has four (%lu)", page->values[n]);
	page->values[n] = 100;
	expect("it starts from there", pmu_start(1ull << n, PMU_START_FROM_SNAPSHOT, 0), 0);
	set_timers(1);
	report(pmu_read(n) == 101, "and goes on (%lu)", pmu_read(n));
	expect("it stops", pmu_stop(1ull << n, 0), 0);
	expect("no more shared memory", pmu_snapshot(NULL), 0);
	expect("a snapshot to nowhere", pmu_stop(1ull << n, PMU_STOP_SNAPSHOT), PMU_ERR_NO_SHMEM);
}

static bool overflow_waits(void *arg)
{
	return csr_read("sip") >> PMU_IRQ & 1;
}

/* It is looked at, not taken: the runtime has no handler for it. */
static void test_overflow(void)
{
	struct pmu_snapshot *page = page_alloc();
	unsigned int n = configured(PMU_EVENT_CYCLES, PMU_CONFIG_CLEAR_VALUE);

	irq_off();
	csr_set("sie", 1ul << PMU_IRQ);
	if (!(csr_read("sie") >> PMU_IRQ & 1)) {
		report_skip("overflow: this host's guests cannot enable interrupt %u", PMU_IRQ);
		return;
	}
	report(!overflow_waits(NULL), "no counter has passed its end");
	expect("shared memory", pmu_snapshot(page), 0);
	expect("it starts near its end", pmu_start(1ull << n, PMU_START_SET_VALUE, -100000ull), 0);
	for (uint64_t start = clock_ns(); !overflow_waits(NULL) && clock_ns() - start < LIMIT;)
		work();
	report(overflow_waits(NULL), "it has passed its end: the interrupt waits");
	expect("it stops", pmu_stop(1ull << n, PMU_STOP_SNAPSHOT), 0);
	report(page->overflowed >> n & 1, "the snapshot says so");
	csr_clear("sip", 1ul << PMU_IRQ);
	report(!overflow_waits(NULL), "the guest takes the interrupt back");
}

int main(void)
{
	static const struct {
		const char *name;
		void (*test)(void);
	} parts[] = {
		{"count", test_count},	 {"stopped", test_stopped},   {"firmware", test_firmware},
		{"errors", test_errors}, {"snapshot", test_snapshot}, {"overflow", test_overflow},
	};

	report(pmu_probe(), "the SBI has a PMU");
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++)
		if (option_is("part", parts[i].name))
			parts[i].test();
	return 0;
}
