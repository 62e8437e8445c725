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
#include "irq.h"
#include "testdev.h"

#define LIMIT (3 * NSEC_PER_SEC)
/* How long nothing must come before it counts as nothing. */
#define QUIET (2 * NSEC_PER_MSEC)
/* More interrupts than any test here wants. */
#define STORM 1000

struct source {
	unsigned int bit; /* of the test device */
	unsigned int line;
	enum irq_trigger trigger;
	unsigned int count; /* atomic */
	unsigned int cpu;   /* that handled the last one */
	unsigned int again; /* level: leave the line raised this many times */
};

static struct source sources[TESTDEV_MAX_IRQS];
/* For what is not about the kind of trigger. */
static enum irq_trigger usual = IRQ_LEVEL;
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

/* Waits until @n have come, and a little longer for what should not follow. From now on they are counted anew. */
static bool came(struct source *s, unsigned int n, unsigned int *got)
{
	if (wait_count(&s->count, n, LIMIT))
		wait_count(&s->count, n + 1, QUIET);
	*got = __atomic_exchange_n(&s->count, 0, __ATOMIC_SEQ_CST);
	return *got == n;
}

static void expect(struct source *s, unsigned int n, const char *what)
{
	unsigned int got;
	bool ok = came(s, n, &got);

	report(ok, "line %u: %s (%u of %u)", s->line, what, got, n);
}

static void nothing(void *arg)
{
}

/* It must be up to take an interrupt, and idle to be given other work. */
static bool bring_up(unsigned int cpu)
{
	return cpu_start(cpu, nothing, NULL) && cpu_wait(cpu, LIMIT);
}

static bool use(struct source *s, enum irq_trigger trigger, unsigned int cpu)
{
	testdev_write(TESTDEV_LOWER, 1u << s->bit);
	s->count = 0;
	s->again = 0;
	s->trigger = trigger;
	return irq_enable(s->line, trigger, cpu, trigger == IRQ_EDGE ? on_edge : on_level, s);
}

/* Makes the device ask for one interrupt. */
static void request(const struct source *s)
{
	testdev_write(s->trigger == IRQ_EDGE ? TESTDEV_PULSE : TESTDEV_RAISE, 1u << s->bit);
}

/* ---- Edge ------------------------------------------------------------------------ */

static void test_edge(struct source *s)
{
	report(use(s, IRQ_EDGE, 0), "line %u can be enabled, edge-triggered", s->line);
	testdev_write(TESTDEV_PULSE, 1u << s->bit);
	expect(s, 1, "a pulse is one interrupt");
	for (unsigned int i = 1; i <= 10; i++) {
		testdev_write(TESTDEV_PULSE, 1u << s->bit);
		wait_count(&s->count, i, LIMIT);
	}
	expect(s, 10, "each pulse comes");

	irq_off();
	testdev_write(TESTDEV_PULSE, 1u << s->bit);
	delay(QUIET);
	report(!s->count, "line %u: with interrupts off nothing comes", s->line);
	expect(s, 1, "it comes when they are on");

	/* A line that stays up is one edge, not many. */
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	expect(s, 1, "one edge is one interrupt, however long the line stays up");
	testdev_write(TESTDEV_LOWER, 1u << s->bit);
	expect(s, 0, "lowering is none");
	irq_disable(s->line);
}

/* ---- Level ------------------------------------------------------------------------ */

static void test_level(struct source *s)
{
	report(use(s, IRQ_LEVEL, 0), "line %u can be enabled, level-triggered", s->line);
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	expect(s, 1, "raised, handled, lowered: one interrupt");
	report(!testdev_read(TESTDEV_LEVEL), "line %u: it is down", s->line);

	s->again = 4;
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	expect(s, 5, "left up 4 times, it comes again at each end of interrupt");

	irq_off();
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	delay(QUIET);
	report(!s->count, "line %u: raised with interrupts off, nothing comes", s->line);
	expect(s, 1, "it comes when they are on");

	irq_disable(s->line);
	testdev_write(TESTDEV_RAISE, 1u << s->bit);
	expect(s, 0, "disabled at the controller, nothing comes");
	irq_enable(s->line, IRQ_LEVEL, 0, on_level, s);
	expect(s, 1, "enabled while the line is up, it comes");
	irq_disable(s->line);
}

/* ---- Several, other CPUs, a waiting CPU ---------------------------------------------- */

static void test_together(void)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < nr_sources; i++) {
		use(&sources[i], usual, 0);
		bits |= 1u << sources[i].bit;
	}
	irq_off();
	testdev_write(usual == IRQ_EDGE ? TESTDEV_PULSE : TESTDEV_RAISE, bits);
	for (unsigned int i = 0; i < nr_sources; i++)
		expect(&sources[i], 1, "raised with all others at once, it comes");
	for (unsigned int i = 0; i < nr_sources; i++)
		irq_disable(sources[i].line);
}

static void test_other_cpu(struct source *s)
{
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++) {
		if (!bring_up(cpu)) {
			report(false, "CPU %u starts", cpu);
			return;
		}
		if (!use(s, usual, cpu)) {
			report_skip("this controller delivers to CPU 0 alone");
			return;
		}
		request(s);
		expect(s, 1, "sent to another CPU, it comes");
		report(s->cpu == cpu, "line %u: CPU %u took it (%u)", s->line, cpu, s->cpu);
		irq_disable(s->line);
	}
}

/* Raises the line again and again, each time a little later after the last one was handled. */
static void raise_later(void *arg)
{
	struct source *s = arg;

	for (unsigned int i = 0; i < 20; i++) {
		delay(i * 20 * NSEC_PER_USEC);
		request(s);
		if (!wait_count(&s->count, i + 1, LIMIT))
			return;
	}
}

static void test_wake(struct source *s)
{
	bool woken;

	use(s, usual, 0);
	if (!cpu_start(1, raise_later, s)) {
		report(false, "CPU 1 starts");
		return;
	}
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
	unsigned int got_one, got_two;
	bool ok;

	if (cpu && !bring_up(cpu)) {
		report(false, "CPU %u starts", cpu);
		return;
	}
	if (!msi_enable(cpu, on_edge, &one, &first) || !msi_enable(cpu, on_edge, &two, &second)) {
		report(false, "messages to CPU %u can be enabled", cpu);
		return;
	}
	report(testdev_send(&first), "CPU %u: the controller takes a message", cpu);
	ok = came(&one, 1, &got_one);
	report(ok && one.cpu == cpu && !two.count, "CPU %u: it comes there, once (%u, on %u)", cpu,
	       got_one, one.cpu);
	for (unsigned int i = 1; i <= 10; i++) {
		testdev_send(&second);
		wait_count(&two.count, i, LIMIT);
	}
	ok = came(&two, 10, &got_two);
	report(ok && !one.count, "CPU %u: 10 messages of another kind come there (%u)", cpu,
	       got_two);
	msi_disable(&first);
	testdev_send(&first);
	ok = came(&one, 0, &got_one);
	report(ok, "CPU %u: one whose handler is gone is dropped", cpu);
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

__attribute__((weak)) const char *irq_level_quirk(void)
{
	return NULL;
}

int main(void)
{
	const char *quirk;
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
	quirk = irq_level_quirk();
	if (quirk && edges) {
		report_skip("level-triggered interrupts: %s", quirk);
		usual = IRQ_EDGE;
	}
	report(nr_sources, "%u of the test device's lines reach the controller", nr_sources);
	for (unsigned int i = 0; i < nr_sources; i++) {
		if (edges)
			test_edge(&sources[i]);
		if (usual == IRQ_LEVEL)
			test_level(&sources[i]);
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
