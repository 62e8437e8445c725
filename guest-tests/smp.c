/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * More than one CPU: all start, each is itself, interrupts between every two
 * arrive, memory is one, and a page is taken from all of them at once as a
 * kernel does it.
 */
#include "guest.h"

#define LIMIT (5 * NSEC_PER_SEC)
#define VA    0x2f45678000ul

static unsigned int nr; /* CPUs that started, CPU 0 included */

/* Runs fn on every CPU, this one too, and waits; true if all returned. */
static bool everywhere(void (*fn)(void *arg), void *arg)
{
	bool done = true;

	for (unsigned int cpu = 1; cpu < nr; cpu++)
		done &= cpu_start(cpu, fn, arg);
	fn(arg);
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		done &= cpu_wait(cpu, LIMIT);
	return done;
}

/* ---- Start -------------------------------------------------------------------- */

static unsigned int seen_ids[GUEST_MAX_CPUS], arrived;

static void arrive(void *arg)
{
	seen_ids[cpu_id()]++;
	atomic_add(&arrived, 1);
}

static void test_start(void)
{
	bool once = true;

	arrive(NULL);
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++) {
		if (!cpu_start(cpu, arrive, NULL) || !cpu_wait(cpu, LIMIT)) {
			report(false, "CPU %u starts and does its work", cpu);
			break;
		}
		nr = cpu + 1;
	}
	for (unsigned int cpu = 0; cpu < machine.nr_cpus; cpu++)
		once &= seen_ids[cpu] == 1;
	report(arrived == machine.nr_cpus && once,
	       "%u of %u CPUs started, each under its own number", arrived, machine.nr_cpus);
	report(!cpu_start(0, arrive, NULL) && !cpu_start(machine.nr_cpus, arrive, NULL),
	       "no other CPU can be started");
}

/* ---- One memory ----------------------------------------------------------------- */

/* Long enough for CPUs that share one of the host's to be switched in the middle of it. */
#define TOGETHER (20 * NSEC_PER_MSEC)

static unsigned int counter, guarded;
static struct spinlock lock;
static PER_CPU(unsigned int, added);

/* Not atomic, and with time between the load and the store for others to come in. */
static void add_slowly(void)
{
	unsigned int old = *(volatile unsigned int *)&guarded;

	for (unsigned int i = 0; i < 20; i++)
		cpu_relax();
	*(volatile unsigned int *)&guarded = old + 1;
}

static void add_locked(void)
{
	spin_lock(&lock);
	add_slowly();
	spin_unlock(&lock);
}

static void add_atomically(void)
{
	atomic_add(&counter, 1);
}

/* All begin together, and each counts for itself what it adds. */
static void add(void *arg)
{
	void (*once)(void) = arg;
	uint64_t start;

	*this_cpu(added) = 0;
	atomic_add(&arrived, 1);
	wait_count(&arrived, nr, LIMIT);
	for (start = clock_ns(); clock_ns() - start < TOGETHER; *this_cpu(added) += 20)
		for (unsigned int i = 0; i < 20; i++)
			once();
}

static void test_adding(void (*once)(void), const unsigned int *total, const char *how)
{
	unsigned int sum = 0;
	bool done;

	arrived = 0;
	done = everywhere(add, once);
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		sum += *of_cpu(added, cpu);
	report(done && *total == sum, "all CPUs add %s: %u of %u", how, *total, sum);
}

/* ---- Interrupts between CPUs ------------------------------------------------------ */

#define IPI_A 1
#define IPI_B 2

static PER_CPU(unsigned int, got_a);
static PER_CPU(unsigned int, got_b);

static void on_a(void *arg)
{
	atomic_add(this_cpu(got_a), 1);
}

static void on_b(void *arg)
{
	atomic_add(this_cpu(got_b), 1);
}

struct pair {
	unsigned int to, missed;
};

/* Spins on the sender with interrupts on: the receiver may be the sender. */
static void send_and_wait(void *arg)
{
	struct pair *p = arg;
	unsigned int a = atomic_get(of_cpu(got_a, p->to)), b = atomic_get(of_cpu(got_b, p->to));

	ipi_send(p->to, IPI_A);
	p->missed += !wait_count(of_cpu(got_a, p->to), a + 1, LIMIT);
	ipi_send(p->to, IPI_B);
	p->missed += !wait_count(of_cpu(got_b, p->to), b + 1, LIMIT);
}

static void test_pairs(void)
{
	unsigned int pairs = 0, missed = 0, total = 0;

	ipi_handler(IPI_A, on_a, NULL);
	ipi_handler(IPI_B, on_b, NULL);
	for (unsigned int from = 0; from < nr; from++) {
		for (unsigned int to = 0; to < nr; to++) {
			struct pair p = {.to = to};

			if (!from)
				send_and_wait(&p);
			else if (!cpu_start(from, send_and_wait, &p) || !cpu_wait(from, 3 * LIMIT))
				p.missed++;
			if (p.missed)
				report(false, "an interrupt from CPU %u to CPU %u", from, to);
			missed += p.missed;
			pairs++;
			if (missed)
				return;
		}
	}
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		total += atomic_get(of_cpu(got_a, cpu)) + atomic_get(of_cpu(got_b, cpu));
	report(total == 2 * pairs, "%u interrupts in %u pairs, %u handled", 2 * pairs, pairs,
	       total);
}

/* All send to CPU 0 at once, which waits asleep. Equal ones may merge, so each sends its next after an answer. */
static unsigned int answers;

static void answer(void *arg)
{
	atomic_add(&answers, 1);
}

static void storm(void *arg)
{
	for (unsigned int i = 0; i < 50; i++) {
		unsigned int before = atomic_get(&answers);

		ipi_send(0, 3);
		if (!wait_count(&answers, before + 1, LIMIT))
			return;
	}
	/* And once more, so that the waiting CPU looks at what it waits for. */
	atomic_add(&arrived, 1);
	ipi_send(0, 3);
}

static void test_storm(void)
{
	bool done = true;

	ipi_handler(3, answer, NULL);
	arrived = 0;
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		done &= cpu_start(cpu, storm, NULL);
	done &= idle_count(&arrived, nr - 1, 3 * LIMIT);
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		done &= cpu_wait(cpu, LIMIT);
	report(done, "interrupts from all CPUs at once keep waking a waiting one (%u answers)",
	       answers);
}

/* ---- Shootdown --------------------------------------------------------------------- */

static unsigned int flushed, go_on;
static unsigned int stale;

static void flush(void *arg)
{
	tlb_flush_page(VA);
	atomic_add(&flushed, 1);
}

/*
 * Reads through the page all the time. It holds 1; the page that takes its
 * place 2; and when all have flushed, 3 is put into the old one, which nobody
 * may see any more.
 */
static void watch(void *arg)
{
	atomic_add(&arrived, 1);
	while (atomic_get(&go_on) != 2) {
		bool changed = atomic_get(&go_on) == 1;
		uint64_t value = mmio_read64(VA);

		if (value != 2 && (changed || value != 1))
			atomic_add(&stale, 1);
	}
}

static void test_shootdown(void)
{
	uint64_t *one = page_alloc(), *two = page_alloc();
	bool done = true;

	one[0] = 1;
	two[0] = 2;
	map_page(VA, (uint64_t)one, 0);
	ipi_handler(4, flush, NULL);
	arrived = 0;
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		done &= cpu_start(cpu, watch, NULL);
	done &= wait_count(&arrived, nr - 1, LIMIT);
	map_page(VA, (uint64_t)two, 0);
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		ipi_send(cpu, 4);
	done &= wait_count(&flushed, nr - 1, LIMIT);
	one[0] = 3;
	atomic_set(&go_on, 1);
	delay(5 * NSEC_PER_MSEC);
	atomic_set(&go_on, 2);
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		done &= cpu_wait(cpu, LIMIT);
	report(done && !stale, "a page changed under %u other CPUs, all flushed: %u stale reads",
	       nr - 1, stale);
}

/* ---- Time ----------------------------------------------------------------------------- */

static uint64_t baton;
static unsigned int backwards;

static void pass_baton(void *arg)
{
	for (unsigned int i = 0; i < 100; i++) {
		spin_lock(&lock);
		/* An emulated host may keep its CPUs' counters a little apart. */
		if (clock_ns() + 100 * NSEC_PER_USEC < baton)
			backwards++;
		baton = clock_ns();
		spin_unlock(&lock);
	}
}

static void test_time(void)
{
	bool done = everywhere(pass_baton, NULL);

	report(done && !backwards, "no CPU's clock is more than 100 us behind another's");
}

int main(void)
{
	nr = 1;
	if (machine.nr_cpus < 2) {
		report_skip("one CPU only");
		return 0;
	}
	test_start();
	if (nr < machine.nr_cpus)
		return 0;
	test_adding(add_atomically, &counter, "atomically");
	test_adding(add_locked, &guarded, "under a lock");
	test_pairs();
	test_storm();
	test_shootdown();
	test_time();
	return 0;
}
