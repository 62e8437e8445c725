/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one-shot timer and waiting with a limit. */
#include "arch_api.h"

void delay(uint64_t ns)
{
	uint64_t start = clock_ns();

	while (clock_ns() - start < ns)
		cpu_relax();
}

bool timer_start(uint64_t ns, irq_handler handler, void *arg)
{
	bool on = irq_save();
	struct cpu *cpu = arch_cpu();
	bool armed;

	cpu->timer_handler = handler;
	cpu->timer_arg = arg;
	armed = arch_timer_set(ns);
	cpu->timer_armed = armed;
	irq_restore(on);
	return armed;
}

bool timer_stop(void)
{
	bool on = irq_save();
	struct cpu *cpu = arch_cpu();
	bool was = cpu->timer_armed;

	arch_timer_off();
	cpu->timer_armed = false;
	irq_restore(on);
	return was;
}

unsigned int timer_strays(void)
{
	return arch_cpu()->timer_strays;
}

void timer_interrupt(void)
{
	struct cpu *cpu = arch_cpu();

	if (!cpu->timer_armed) {
		cpu->timer_strays++;
		return;
	}
	cpu->timer_armed = false;
	cpu->timer_handler(cpu->timer_arg);
}

bool wait_until(bool (*cond)(void *arg), void *arg, uint64_t ns)
{
	bool was_on = irq_save();
	uint64_t start = clock_ns();
	bool met;

	irq_on();
	/* The clock is read first: a vCPU that was not scheduled for long gets one more look. */
	for (;;) {
		bool late = clock_ns() - start >= ns;

		met = cond(arg);
		if (met || late)
			break;
		cpu_relax();
	}
	irq_restore(was_on);
	return met;
}

static void wake(void *arg)
{
}

bool idle_until(bool (*cond)(void *arg), void *arg, uint64_t ns)
{
	bool was_on = irq_save();
	uint64_t start = clock_ns();
	bool own_timer = !arch_cpu()->timer_armed;
	bool met;

	for (;;) {
		uint64_t passed = clock_ns() - start;

		met = cond(arg);
		if (met || passed >= ns)
			break;
		if (own_timer && !arch_cpu()->timer_armed)
			timer_start(ns - passed, wake, NULL);
		arch_idle();
	}
	if (own_timer)
		timer_stop();
	irq_restore(was_on);
	return met;
}

struct count {
	const unsigned int *counter;
	unsigned int value;
};

static bool reached(void *arg)
{
	const struct count *c = arg;

	return atomic_get(c->counter) >= c->value;
}

bool wait_count(const unsigned int *counter, unsigned int value, uint64_t ns)
{
	return wait_until(reached, &(struct count){counter, value}, ns);
}

bool idle_count(const unsigned int *counter, unsigned int value, uint64_t ns)
{
	return idle_until(reached, &(struct count){counter, value}, ns);
}
