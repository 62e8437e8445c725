/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock is the time CSR; the timer is stimecmp where the hart has Sstc, or
 * the SBI's TIME extension (always, with timer=sbi on the command line).
 */
#include "riscv.h"
#include "script.h"

#define NEVER (~0ull)

static uint64_t frequency = 10000000; /* Hz, until the tree has said it */
static bool has_sstc, has_timer;

static uint64_t now(void)
{
	uint64_t ticks;

	asm volatile("rdtime %0" : "=r"(ticks)::"memory");
	return ticks;
}

/* value * to / from, in 64 bits as long as from and to are below 2^32 and the result fits. */
static uint64_t scale(uint64_t value, uint64_t to, uint64_t from)
{
	return value / from * to + value % from * to / from;
}

uint64_t clock_ns(void)
{
	return scale(now(), NSEC_PER_SEC, frequency);
}

static void set_deadline(uint64_t ticks)
{
	if (has_sstc)
		csr_write("0x14d", ticks); /* stimecmp, which older assemblers do not know */
	else
		sbi_call(SBI_TIME, SBI_TIME_SET, ticks, 0, 0);
}

bool arch_timer_set(uint64_t ns)
{
	if (!has_timer)
		return false;
	/* One more because the division rounds down, and one because the current tick is not whole. */
	set_deadline(now() + scale(ns, frequency, NSEC_PER_SEC) + 2);
	return true;
}

void arch_timer_off(void)
{
	if (has_timer)
		set_deadline(NEVER);
}

bool hart_has(const char *name)
{
	uint32_t len;
	const char *list = fdt_prop(fdt_path("/cpus/cpu"), "riscv,isa-extensions", &len);

	for (const char *s = list; list && s < list + len; s += strlen(s) + 1)
		if (!strcmp(s, name))
			return true;
	return false;
}

void clock_init(void)
{
	if (script_boot())
		frequency = script_boot()->clock_hz;
	frequency = fdt_cell(fdt_path("/cpus"), "timebase-frequency", 0, frequency);
	has_sstc = hart_has("sstc") && !option_is("timer", "sbi");
	has_timer = has_sstc || sbi_call(SBI_BASE, SBI_BASE_PROBE, SBI_TIME, 0, 0).value;
	arch_timer_off();
}
