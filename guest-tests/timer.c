/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer interrupt: comes once, not early, can be stopped and moved, wakes
 * a CPU that waits, and is each CPU's own. How late it comes is told, not
 * judged, apart from a generous limit: emulated hosts are slow.
 */
#include "guest.h"

#define LIMIT (2 * NSEC_PER_SEC)
/* The guest's clock and the timer may run from different oscillators. */
#define EARLY(ns) ((ns) - (ns) / 50)

static unsigned int fired;
static uint64_t fired_at;

static void fire(void *arg)
{
	fired_at = clock_ns();
	atomic_add(&fired, 1);
}

static void test_clock(void)
{
	uint64_t last = clock_ns(), first = last;
	bool back = false;

	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t now = clock_ns();

		back |= now < last;
		last = now;
	}
	report(!back && last > first, "the clock goes on and never back");
}

static void test_once(uint64_t ns)
{
	uint64_t start;
	bool came;

	fired = 0;
	start = clock_ns();
	timer_start(ns, fire, NULL);
	came = wait_count(&fired, 1, ns + LIMIT);
	report(came && fired_at - start >= EARLY(ns), "%lu us: fired, not early (after %lu us)",
	       ns / NSEC_PER_USEC, came ? (fired_at - start) / NSEC_PER_USEC : 0);
	wait_count(&fired, 2, 2 * NSEC_PER_MSEC);
	report(fired == 1, "%lu us: fired once (%u)", ns / NSEC_PER_USEC, fired);
}

static void test_stop(void)
{
	unsigned int strays = timer_strays();
	bool pending;

	fired = 0;
	timer_start(20 * NSEC_PER_MSEC, fire, NULL);
	pending = timer_stop();
	wait_count(&fired, 1, 40 * NSEC_PER_MSEC);
	report(pending && !fired, "a stopped timer does not fire");
	report(!timer_stop(), "and is not running");
	strays = timer_strays() - strays;
	report(!strays, "and no interrupt of it comes (%u)", strays);
}

static void test_move(void)
{
	uint64_t start = clock_ns();

	fired = 0;
	timer_start(10 * NSEC_PER_MSEC, fire, NULL);
	timer_start(60 * NSEC_PER_MSEC, fire, NULL);
	wait_count(&fired, 1, LIMIT);
	report(fired == 1 && fired_at - start >= EARLY(60 * NSEC_PER_MSEC),
	       "set later while running, it fires later");
	fired = 0;
	timer_start(10 * NSEC_PER_SEC, fire, NULL);
	timer_start(5 * NSEC_PER_MSEC, fire, NULL);
	report(wait_count(&fired, 1, LIMIT), "set sooner, sooner");
}

static void test_masked(void)
{
	bool early;

	irq_off();
	fired = 0;
	timer_start(5 * NSEC_PER_MSEC, fire, NULL);
	delay(20 * NSEC_PER_MSEC);
	early = fired;
	report(!early && wait_count(&fired, 1, LIMIT),
	       "with interrupts off it waits, and comes when they are on");
}

static void again(void *arg)
{
	if (atomic_add(&fired, 1) < 20)
		timer_start(NSEC_PER_MSEC, again, NULL);
	fired_at = clock_ns();
}

static void test_series(void)
{
	uint64_t start = clock_ns();
	bool came;

	fired = 0;
	timer_start(NSEC_PER_MSEC, again, NULL);
	came = wait_count(&fired, 20, LIMIT);
	report(came && fired_at - start >= EARLY(20 * NSEC_PER_MSEC),
	       "20 of 1 ms, each set by the one before, took %lu us",
	       (fired_at - start) / NSEC_PER_USEC);
}

static void test_idle(void)
{
	uint64_t start;
	bool woken = true;

	/* Short ones hit the moment between the look at the condition and the wait. */
	for (unsigned int i = 0; i < 50 && woken; i++) {
		fired = 0;
		timer_start(i * 4 * NSEC_PER_USEC, fire, NULL);
		woken = idle_count(&fired, 1, LIMIT);
	}
	report(woken, "50 short timers woke the waiting CPU");
	fired = 0;
	start = clock_ns();
	timer_start(30 * NSEC_PER_MSEC, fire, NULL);
	woken = idle_count(&fired, 1, LIMIT);
	report(woken && fired_at - start >= EARLY(30 * NSEC_PER_MSEC), "30 ms asleep (%lu us)",
	       (fired_at - start) / NSEC_PER_USEC);
}

/* ---- Every CPU its own ------------------------------------------------------- */

static PER_CPU(unsigned int, hits);
static unsigned int wrong_cpu;

static void hit(void *arg)
{
	if (cpu_id() != (uint64_t)arg)
		atomic_add(&wrong_cpu, 1);
	atomic_add(this_cpu(hits), 1);
}

static void time_here(void *arg)
{
	for (unsigned int i = 1; i <= 5; i++) {
		timer_start((cpu_id() + 1) * NSEC_PER_MSEC, hit, (void *)(uint64_t)cpu_id());
		wait_count(this_cpu(hits), i, LIMIT);
	}
}

static void test_cpus(void)
{
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++)
		if (!cpu_start(cpu, time_here, NULL))
			report(false, "CPU %u did not start", cpu);
	time_here(NULL);
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++)
		cpu_wait(cpu, 5 * LIMIT);
	for (unsigned int cpu = 0; cpu < machine.nr_cpus; cpu++)
		report(atomic_get(of_cpu(hits, cpu)) == 5, "CPU %u: %u of 5", cpu,
		       atomic_get(of_cpu(hits, cpu)));
	report(!wrong_cpu, "none on another CPU");
}

int main(void)
{
	static const uint64_t lengths[] = {1, 10 * NSEC_PER_USEC, NSEC_PER_MSEC,
					   50 * NSEC_PER_MSEC};

	test_clock();
	if (!timer_start(NSEC_PER_SEC, fire, NULL)) {
		report_skip("this machine has no timer interrupt");
		return 0;
	}
	timer_stop();
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++)
		test_once(lengths[i]);
	test_stop();
	test_move();
	test_masked();
	test_series();
	test_idle();
	if (machine.nr_cpus > 1)
		test_cpus();
	return 0;
}
