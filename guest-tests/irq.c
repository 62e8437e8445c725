/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of a device, through the board's controller: edge and level, held
 * back and let through, raised again at the end of interrupt, several at once,
 * to another CPU, and as messages. The device is the platform test device.
 *
 * Options: controller=NAME picks one of several controllers, and it is a
 * failure if the board does not have it; edge=no where a controller knows
 * levels only (a PLIC's gateway makes one request of a pulse either way, so
 * that is for the manifest to say); msi=yes wants messages to work.
 */
#include "testdev.h"

#define LIMIT NSEC_PER_SEC
/* How long nothing must come before it counts as nothing. */
#define QUIET (2 * NSEC_PER_MSEC)
/* More interrupts than any test here wants. */
#define STORM 1000

struct source {
	unsigned int bit; /* of the test device */
	unsigned int line;
	unsigned int count; /* atomic */
	unsigned int cpu;   /* that handled the last one */
	unsigned int again; /* level: leave the line raised this many times */
};

static struct source sources[TESTDEV_MAX_IRQS];
static unsigned int nr_sources;

static void on_edge(void *arg)
{
	struct source *s = arg;

	s->cpu = cpu_id();
	/* A level taken for an edge would keep this CPU in its handler for ever. */
	if (atomic_add(&s->count, 1) > STORM)
		testdev_write(TESTDEV_LOWER, 1u << s->bit);
}

static void on_level(void *arg)
{
	struct source *s = arg;

	s->cpu = cpu_id();
	if (s->again)
		s->again--;
	else
		testdev_write(TESTDEV_LOWER, 1u << s->bit);
	if (atomic_add(&s->count, 1) > STORM)
		irq_disable(s->line);
}

/* Exactly @n came, and no more follows. */
static bool came(struct source *s, unsigned int n)
{
	if (!wait_count(&s->count, n, LIMIT))
		return false;
	return !wait_count(&s->count, n + 1, QUIET);
}

static bool use(struct source *s, enum irq_trigger trigger, unsigned int cpu)
{
	testdev_write(TESTDEV_LOWER, 1u << s->bit);
	s->count = 0;
	s->again = 0;
	return irq_enable(s->line, trigger, cpu, trigger == IRQ_EDGE ? on_edge : on_level, s);
}

/* ---- Edge ------------------------------------------------------------------------ */

static void test_edge(struct source *s)
{
	bool early;

	report(use(s, IRQ_EDGE, 0), "line %u can be enabled, edge-triggered", s->line);
	testdev_write(TESTDEV_PULSE, 1u << s->bit);
	report(came(s, 1), "line %u: a pulse is one interrupt (%u)", s->line, s->count);
	for (unsigned int i = 2; i <= 10; i++) {
		testdev_write(TESTDEV_PULSE, 1u << s->bit);
		wait_count(&s->count, i, LIMIT);
	}
	report(came(s, 10), "line %u: each of 10 pulses came (%u)", s->line, s->count);

	irq_off();
	testdev_write(TESTDEV_PULSE, 1u << s->bit);
	delay(QUIET);
	early = s->count != 10;
	report(!early && came(s, 11), "line %u: a pulse with interrupts off comes when they are on",
	       s->line);
	irq_disable(s->line);
}

/* A line that stays up is one edge, not many. */
static void test_edge_held(struct source *s)
{
	use(s, IRQ_EDGE, 0);
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	report(came(s, 1),
	       "line %u: one edge is one interrupt, however long the line stays up (%u)", s->line,
	       s->count);
	testdev_write(TESTDEV_LOWER, 1u << s->bit);
	irq_disable(s->line);
}

/* ---- Level ------------------------------------------------------------------------ */

static void test_level(struct source *s)
{
	bool early;

	report(use(s, IRQ_LEVEL, 0), "line %u can be enabled, level-triggered", s->line);
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	report(came(s, 1) && !testdev_read(TESTDEV_LEVEL),
	       "line %u: raised, handled, lowered: one interrupt (%u)", s->line, s->count);

	s->again = 4;
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	report(came(s, 6),
	       "line %u: left up 4 times, it comes again at each end of interrupt (%u of 5)",
	       s->line, s->count - 1);

	irq_off();
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	delay(QUIET);
	early = s->count != 6;
	report(!early && came(s, 7),
	       "line %u: raised with interrupts off, it comes when they are on", s->line);
	irq_disable(s->line);
}

/* Disabled at the controller, nothing comes; enabled while the line is up, it does. */
static void test_disabled(struct source *s)
{
	use(s, IRQ_LEVEL, 0);
	irq_disable(s->line);
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	report(!wait_count(&s->count, 1, QUIET), "line %u: nothing comes while it is disabled",
	       s->line);
	irq_enable(s->line, IRQ_LEVEL, 0, on_level, s);
	report(came(s, 1), "line %u: it comes when it is enabled with the line up (%u)", s->line,
	       s->count);
	irq_disable(s->line);
}

/* ---- Several, other CPUs, a waiting CPU ---------------------------------------------- */

static void test_together(void)
{
	uint32_t bits = 0;
	bool all = true;

	for (unsigned int i = 0; i < nr_sources; i++) {
		all &= use(&sources[i], IRQ_LEVEL, 0);
		bits |= 1u << sources[i].bit;
	}
	irq_off();
	testdev_write(TESTDEV_RAISE, bits);
	for (unsigned int i = 0; i < nr_sources; i++)
		all &= came(&sources[i], 1);
	report(all, "%u lines raised at once: each came once", nr_sources);
	for (unsigned int i = 0; i < nr_sources; i++)
		irq_disable(sources[i].line);
}

static void test_other_cpu(struct source *s)
{
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++) {
		if (!use(s, IRQ_LEVEL, cpu)) {
			report_skip("this controller delivers to CPU 0 alone");
			return;
		}
		testdev_write(TESTDEV_RAISE, 1u << s->bit);
		report(came(s, 1) && s->cpu == cpu,
		       "line %u delivered to CPU %u (came to %u, %u times)", s->line, cpu, s->cpu,
		       s->count);
		irq_disable(s->line);
	}
}

static void pulse_later(void *arg)
{
	struct source *s = arg;

	for (unsigned int i = 0; i < 20; i++) {
		delay(i * 20 * NSEC_PER_USEC);
		testdev_write(TESTDEV_RAISE, 1u << s->bit);
		if (!wait_count(&s->count, i + 1, LIMIT))
			return;
	}
}

static void test_wake(struct source *s)
{
	bool woken;

	use(s, IRQ_LEVEL, 0);
	cpu_start(1, pulse_later, s);
	woken = idle_count(&s->count, 20, 20 * LIMIT);
	cpu_wait(1, LIMIT);
	report(woken, "line %u, raised by another CPU, wakes a waiting one (%u of 20)", s->line,
	       s->count);
	irq_disable(s->line);
}

/* ---- Messages --------------------------------------------------------------------------- */

static void test_msi(unsigned int cpu)
{
	struct source one = {0}, two = {0};
	struct msi first, second;

	if (!msi_enable(cpu, on_edge, &one, &first) || !msi_enable(cpu, on_edge, &two, &second)) {
		report(false, "messages to CPU %u can be enabled", cpu);
		return;
	}
	report(testdev_send(&first) && came(&one, 1) && one.cpu == cpu && !two.count,
	       "a message to CPU %u comes there, once (%u)", cpu, one.count);
	for (unsigned int i = 1; i <= 10; i++) {
		testdev_send(&second);
		wait_count(&two.count, i, LIMIT);
	}
	report(came(&two, 10) && one.count == 1, "10 messages of another kind come there (%u)",
	       two.count);
	msi_disable(&first);
	testdev_send(&first);
	report(!wait_count(&one.count, 2, QUIET), "one without a taker is dropped");
	msi_disable(&second);
}

static void test_messages(void)
{
	if (!machine.can_msi) {
		if (option_is("msi", "yes"))
			report(false, "this board takes messages");
		else
			report_skip("this board takes no messages");
		return;
	}
	for (unsigned int cpu = 0; cpu < machine.nr_cpus; cpu++)
		test_msi(cpu);
}

int main(void)
{
	char controller[16];
	bool edges = !option_is("edge", "no");

	if (option("controller", controller, sizeof(controller)) && !irq_use(controller)) {
		report(false, "the board has a controller called %s", controller);
		return 0;
	}
	if (!testdev_present()) {
		report(false, "the test device is there");
		return 0;
	}
	if (!strcmp(machine.irqchip, "none")) {
		report_skip("this machine has no interrupt controller");
		return 0;
	}
	report_info("controller %s, %u lines", machine.irqchip, testdev_read(TESTDEV_NR_IRQS));
	for (unsigned int i = 0; i < testdev_read(TESTDEV_NR_IRQS) && i < machine.nr_testdev_lines;
	     i++) {
		struct source *s = &sources[nr_sources];

		*s = (struct source){.bit = i, .line = machine.testdev_lines[i]};
		/* A controller may have fewer inputs than the board has lines. */
		if (!use(s, IRQ_LEVEL, 0))
			continue;
		irq_disable(s->line);
		nr_sources++;
	}
	report(nr_sources, "%u of the test device's lines reach the controller", nr_sources);
	for (unsigned int i = 0; i < nr_sources; i++) {
		if (edges) {
			test_edge(&sources[i]);
			test_edge_held(&sources[i]);
		}
		test_level(&sources[i]);
		test_disabled(&sources[i]);
	}
	if (nr_sources) {
		test_together();
		test_other_cpu(&sources[0]);
		if (machine.nr_cpus > 1)
			test_wake(&sources[0]);
	}
	test_messages();
	return 0;
}
