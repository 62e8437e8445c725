/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PMU as its guest sees it. Of the events only software increments, the
 * chain and cycles are sure to be there; on an emulated host a cycle is a
 * nanosecond of its time, however little the guest has done in it.
 */
#include "pmu.h"

#define LIMIT NSEC_PER_SEC
/* A long way for a guest, in turns of a loop of two instructions. */
#define TURNS 20000
/* An emulated host may lose time at any place: what compares two counts gets several chances. */
#define CHANCES 5
#define ALL	0xfffffffful
#define EC_SVC	0x15

/* PMUSERENR_EL0: what EL0 may. */
#define USERENR_EN 1u
#define USERENR_SW 2u
#define USERENR_CR 4u

static struct pmu pmu;

/* ---- A loop at EL1 and at EL0 ----------------------------------------------------- */

asm(".pushsection .text.user, \"ax\"\n"
    "	.balign 64\n"
    "user_loop:\n"
    "1:	subs	x0, x0, #1\n"
    "	b.ne	1b\n"
    "	svc	#0\n"
    "user_flags:\n"
    "	mrs	x0, pmovsset_el0\n"
    "	svc	#0\n"
    "user_cycles:\n"
    "	mrs	x0, pmccntr_el0\n"
    "	svc	#0\n"
    "user_increment:\n"
    "	msr	pmswinc_el0, x0\n"
    "	svc	#0\n"
    ".popsection\n");
extern const char user_loop[], user_flags[], user_cycles[], user_increment[];

/* Where EL0 may execute the page that has these. */
#define USER_VA 0x2f23456000ul

static void loop(uint64_t turns)
{
	asm volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(turns)::"cc");
}

struct user {
	const char *code;
	uint64_t x0;
};

static void enter_user(void *arg)
{
	const struct user *user = arg;

	sysreg_write(elr_el1, USER_VA + (uint64_t)user->code % GUEST_PAGE_SIZE);
	sysreg_write(spsr_el1, 0); /* EL0, nothing masked */
	isb();
	asm volatile("mov x0, %0\n\teret" ::"r"(user->x0) : "x0", "memory");
	__builtin_unreachable();
}

/* Runs @code at EL0 and says which class of exception (ESR_EL1.EC) ended it. */
static unsigned int at_el0(const char *code, uint64_t x0)
{
	struct user user = {code, x0};
	struct exception e = {.vector = ~0u};

	expect_exception(enter_user, &user, &e);
	return e.vector;
}

static bool map_user(void)
{
	return map_page(USER_VA, (uint64_t)user_loop & -GUEST_PAGE_SIZE, MAP_EXEC | MAP_USER);
}

/* ---- Registers -------------------------------------------------------------------- */

static void read_beyond(void *arg)
{
	pmu_read(*(unsigned int *)arg);
}

static uint64_t there(void)
{
	return PMU_BIT(PMU_CYCLES) | (PMU_BIT(pmu.counters) - 1);
}

static void test_registers(void)
{
	uint64_t pmcr = sysreg_read(pmcr_el0), mask = there(), value;
	unsigned int beyond = pmu.counters;
	struct exception e = {.kind = EXC_NR};

	report(pmu_has_event(PMU_EVENT_SW_INCR), "software increments are an event");
	sysreg_write(pmcr_el0, pmcr ^ 0x1ful << 11);
	value = PMCR_N(sysreg_read(pmcr_el0));
	report(value == pmu.counters, "the number of counters cannot be written (%lu of %u)", value,
	       pmu.counters);
	sysreg_write(pmcr_el0, PMCR_P | PMCR_C | PMCR_LC);
	value = sysreg_read(pmcr_el0);
	report(!(value & (PMCR_P | PMCR_C)), "PMCR_EL0.P and C read as 0 (0x%lx)", value);

	sysreg_write(pmcntenset_el0, ALL);
	sysreg_write(pmintenset_el1, ALL);
	sysreg_write(pmovsset_el0, ALL);
	value = sysreg_read(pmcntenset_el0);
	report(value == mask && sysreg_read(pmcntenclr_el0) == mask,
	       "the counters that are there can be enabled (0x%lx of 0x%lx)", value, mask);
	value = sysreg_read(pmintenset_el1);
	report(value == mask && sysreg_read(pmintenclr_el1) == mask, "and their interrupts (0x%lx)",
	       value);
	value = sysreg_read(pmovsset_el0);
	report(value == mask && sysreg_read(pmovsclr_el0) == mask, "and have flags (0x%lx)", value);
	sysreg_write(pmcntenclr_el0, PMU_BIT(PMU_CYCLES));
	sysreg_write(pmovsclr_el0, PMU_BIT(PMU_CYCLES));
	value = sysreg_read(pmcntenset_el0);
	report(value == (mask ^ PMU_BIT(PMU_CYCLES)) && sysreg_read(pmovsset_el0) == value,
	       "each bit can be cleared alone (0x%lx)", value);

	report(expect_exception(read_beyond, &beyond, &e) && e.kind == EXC_ILLEGAL,
	       "a counter that is not there, %u, is undefined", beyond);
	pmu_reset(&pmu);
	report(!sysreg_read(pmcntenset_el0) && !sysreg_read(pmintenset_el1) && !pmu_overflows(),
	       "all can be cleared");
}

/* ---- Software increments ------------------------------------------------------------ */

static void increment(uint64_t counters, unsigned int times)
{
	while (times--)
		pmu_software_increment(counters);
}

/* PMUv3p5: event counters of 64 bits, which overflow at 32 until PMCR_EL0.LP is set. */
static bool has_long_counters(void)
{
	return pmu.version >= 6;
}

/* Counter 2 counts increments. */
static void test_long_counter(void)
{
	uint64_t pmcr = sysreg_read(pmcr_el0), value;

	sysreg_write(pmcr_el0, pmcr | PMCR_LP);
	isb();
	value = sysreg_read(pmcr_el0) & PMCR_LP;
	report(value, "event counters can overflow at 64 bits (PMCR_EL0.LP)");
	pmu_write(2, 0xffffffff);
	increment(PMU_BIT(2), 1);
	value = pmu_read(2);
	report(value == 1ul << 32 && !pmu_overflows(), "then 32 bits are no end (0x%lx)", value);
	pmu_write(2, ~0ul);
	increment(PMU_BIT(2), 1);
	value = pmu_read(2);
	report(!value && pmu_overflow_clear(ALL) == PMU_BIT(2), "but 64 are (0x%lx)", value);
}

static void test_increments(void)
{
	uint64_t value;

	for (unsigned int n = 0; n < pmu.counters; n++)
		pmu_event(n, PMU_EVENT_SW_INCR);
	pmu_event(1, PMU_EVENT_CHAIN);
	pmu_start(PMU_BIT(0) | PMU_BIT(2));
	increment(ALL, 7);
	value = pmu_read(0);
	report(value == 7, "7 software increments are counted (%lu)", value);
	report(!pmu_read(1) && !pmu_read(3) && pmu_read(2) == 7,
	       "by a counter with that event that is on, and no other");
	increment(PMU_BIT(2), 1);
	report(pmu_read(0) == 7 && pmu_read(2) == 8, "each counter has its bit");
	report(sysreg_read(pmevcntr2_el0) == 8, "its own register shows it, too");
	pmu_write(0, 100);
	increment(PMU_BIT(0), 1);
	value = pmu_read(0);
	report(value == 101, "it goes on from what is written (%lu of 101)", value);
	pmu_stop(PMU_BIT(0));
	increment(ALL, 5);
	report(pmu_read(0) == 101 && pmu_read(2) == 13, "one that is stopped keeps its value");
	pmu_write(2, 0xffffffff);
	increment(PMU_BIT(2), 1);
	value = pmu_read(2);
	report(value == (has_long_counters() ? 1ul << 32 : 0) && pmu_overflows() == PMU_BIT(2),
	       "after 32 bits it overflows (0x%lx)", value);
	report(pmu_overflow_clear(PMU_BIT(2)) && !pmu_overflows(), "the flag can be taken away");
	if (has_long_counters())
		test_long_counter();
	pmu_reset(&pmu);
}

static void test_chain(void)
{
	uint64_t value, flags;

	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_event(1, PMU_EVENT_CHAIN);
	pmu_write(0, 0xfffffffe);
	pmu_write(1, 4);
	pmu_start(PMU_BIT(0) | PMU_BIT(1));
	increment(PMU_BIT(0), 5);
	value = pmu_read_pair(0);
	flags = pmu_overflow_clear(ALL);
	report(value == 0x500000003, "the odd counter counts the even one's overflows (0x%lx)",
	       value);
	report(flags == PMU_BIT(0), "each of which sets the even one's flag, chained (0x%lx)",
	       flags);
	pmu_write(0, 0xffffffff);
	pmu_write(1, 0xffffffff);
	increment(PMU_BIT(0), 1);
	value = pmu_read_pair(0);
	flags = pmu_overflow_clear(ALL);
	report(!value && flags & PMU_BIT(1), "after 64 bits comes 0 and the odd one's flag (0x%lx)",
	       flags);
	pmu_stop(PMU_BIT(1));
	pmu_write(0, 0xffffffff);
	increment(PMU_BIT(0), 1);
	value = pmu_read(1) & 0xffffffff;
	flags = pmu_overflow_clear(ALL);
	report(!value && flags == PMU_BIT(0), "unless that is off (%lu, 0x%lx)", value, flags);
	pmu_reset(&pmu);

	pmu_event(0, PMU_EVENT_CPU_CYCLES);
	pmu_event(1, PMU_EVENT_CHAIN);
	pmu_write(0, -(uint64_t)TURNS / 4 & 0xffffffff);
	pmu_start(PMU_BIT(0) | PMU_BIT(1));
	for (unsigned int i = 0; i < 100 && !pmu_read(1); i++)
		loop(TURNS);
	pmu_stop(ALL);
	value = pmu_read_pair(0);
	report(value >> 32 == 1, "cycles carry over, too (0x%lx)", value);
	pmu_reset(&pmu);
}

/* ---- Cycles ------------------------------------------------------------------------- */

static bool moves(unsigned int n)
{
	uint64_t before = pmu_read(n);

	loop(TURNS);
	return pmu_read(n) != before;
}

static void test_cycles(void)
{
	const uint64_t cycles = PMU_BIT(PMU_CYCLES);
	uint64_t first, second;

	report(!moves(PMU_CYCLES) && !pmu_read(PMU_CYCLES), "off, the cycle counter stands");
	pmu_start(cycles);
	report(moves(PMU_CYCLES), "on, it counts");
	sysreg_write(pmcr_el0, PMCR_LC);
	isb();
	report(!moves(PMU_CYCLES), "with PMCR_EL0.E clear it stands");
	pmu_start(0);
	report(moves(PMU_CYCLES), "with it set it goes on");
	pmu_stop(cycles);
	first = pmu_read(PMU_CYCLES);
	report(first && !moves(PMU_CYCLES), "off again it keeps its value (%lu)", first);
	pmu_write(PMU_CYCLES, 0xfffffffff000);
	second = pmu_read(PMU_CYCLES);
	report(second == 0xfffffffff000, "it has more than 32 bits (0x%lx)", second);
	pmu_start(cycles);
	loop(TURNS);
	second = pmu_read(PMU_CYCLES);
	report(second > 0xfffffffff000, "and counts in them (0x%lx)", second);
	pmu_reset(&pmu);
}

static void test_events(void)
{
	uint64_t value;

	for (unsigned int n = 0; n < pmu.counters; n++) {
		pmu_event(n, PMU_EVENT_CPU_CYCLES);
		pmu_start(PMU_BIT(n));
		report(moves(n), "event counter %u counts cycles", n);
		pmu_stop(PMU_BIT(n));
	}
	pmu_reset(&pmu);
	if (!pmu_has_event(PMU_EVENT_INST_RETIRED)) {
		report_skip("this PMU does not count instructions");
		return;
	}
	pmu_event(0, PMU_EVENT_INST_RETIRED);
	pmu_start(PMU_BIT(0));
	loop(TURNS);
	pmu_stop(PMU_BIT(0));
	value = pmu_read(0);
	report(value >= 2 * TURNS && value < 2 * TURNS + 1000,
	       "a loop of %u instructions is counted as such (%lu)", 2 * TURNS, value);
	pmu_reset(&pmu);
}

/* ---- PMCR_EL0's resets ---------------------------------------------------------------- */

static void test_reset_bits(void)
{
	pmu_write(PMU_CYCLES, 1000);
	for (unsigned int n = 0; n < pmu.counters; n++)
		pmu_write(n, 2000 + n);
	sysreg_write(pmcr_el0, PMCR_LC | PMCR_P);
	isb();
	report(pmu_read(PMU_CYCLES) == 1000, "PMCR_EL0.P leaves the cycle counter");
	for (unsigned int n = 0; n < pmu.counters; n++)
		report(!pmu_read(n), "it makes event counter %u 0", n);
	for (unsigned int n = 0; n < pmu.counters; n++)
		pmu_write(n, 2000 + n);
	sysreg_write(pmcr_el0, PMCR_LC | PMCR_C);
	isb();
	report(!pmu_read(PMU_CYCLES), "PMCR_EL0.C makes the cycle counter 0");
	for (unsigned int n = 0; n < pmu.counters; n++)
		report(pmu_read(n) == 2000 + n, "it leaves event counter %u", n);
	sysreg_write(pmovsset_el0, PMU_BIT(0) | PMU_BIT(PMU_CYCLES));
	sysreg_write(pmcr_el0, PMCR_LC | PMCR_C | PMCR_P);
	isb();
	report(pmu_overflows() == (PMU_BIT(0) | PMU_BIT(PMU_CYCLES)),
	       "neither takes an overflow's flag away");
	pmu_reset(&pmu);
}

/* ---- Exception levels ------------------------------------------------------------------- */

enum { BOTH, EL0_ONLY, EL1_ONLY, NEITHER, FILTERS };
static const uint64_t filters[FILTERS] = {
	[EL0_ONLY] = PMU_NOT_EL1,
	[EL1_ONLY] = PMU_NOT_EL0,
	[NEITHER] = PMU_NOT_EL1 | PMU_NOT_EL0,
};

/* Cycles by each filter, of a loop at EL0 or EL1. The cycle counter has filter @cycles. */
static void count(bool el0, unsigned int cycles, uint64_t counts[FILTERS], uint64_t *counted)
{
	for (unsigned int n = 0; n < FILTERS; n++)
		pmu_event(n, PMU_EVENT_CPU_CYCLES | filters[n]);
	pmu_event(PMU_CYCLES, filters[cycles]);
	pmu_start(PMU_BIT(PMU_CYCLES) | (PMU_BIT(FILTERS) - 1));
	if (el0)
		at_el0(user_loop, 10 * TURNS);
	else
		loop(10 * TURNS);
	pmu_stop(ALL);
	for (unsigned int n = 0; n < FILTERS; n++)
		counts[n] = pmu_read(n);
	*counted = pmu_read(PMU_CYCLES);
	pmu_reset(&pmu);
}

static void test_filters(void)
{
	uint64_t c[FILTERS], cycles;
	bool ok = false;

	if (pmu.counters < FILTERS) {
		report_skip("%u counters are too few for each filter", pmu.counters);
		return;
	}
	for (unsigned int i = 0; i < CHANCES && !ok; i++) {
		count(false, EL1_ONLY, c, &cycles);
		ok = c[BOTH] && c[EL1_ONLY] && cycles;
	}
	report(ok, "a loop at EL1 is counted without filter (%lu) and without EL0 (%lu, %lu)",
	       c[BOTH], c[EL1_ONLY], cycles);
	report(!c[EL0_ONLY] && !c[NEITHER], "but not without EL1 (%lu, %lu)", c[EL0_ONLY],
	       c[NEITHER]);
	count(false, EL0_ONLY, c, &cycles);
	report(!cycles, "nor by a cycle counter without EL1 (%lu)", cycles);

	if (!map_user() || at_el0(user_loop, 1) != EC_SVC) {
		report(false, "the guest can go to EL0 and back");
		return;
	}
	ok = false;
	for (unsigned int i = 0; i < CHANCES && !ok; i++) {
		count(true, EL0_ONLY, c, &cycles);
		ok = c[EL0_ONLY] > c[EL1_ONLY] && c[BOTH] > c[EL0_ONLY] && cycles > c[EL1_ONLY];
	}
	report(ok,
	       "of a loop at EL0 most is counted without EL1 (%lu, %lu), little without EL0 (%lu)",
	       c[EL0_ONLY], cycles, c[EL1_ONLY]);
	report(!c[NEITHER], "and nothing without both (%lu)", c[NEITHER]);
}

static uint64_t user_x0;

static bool take_x0(const struct exception *e, struct regs *regs)
{
	user_x0 = regs->x[0];
	return false;
}

static void grant(uint64_t rights)
{
	sysreg_write(pmuserenr_el0, rights);
	isb();
}

/*
 * KVM lets EL0 into the host's PMU as far as PMUSERENR_EL0 goes, since EL2
 * traps it all (MDCR_EL2.TPM). An emulator that forgets the latter gives EL0
 * the host's counter, while EL1 has the right one.
 */
static void test_user_access(void)
{
	const char *bug = NULL;
	unsigned int ec;

	on_exception(EXC_OTHER, take_x0);
	grant(0);
	sysreg_write(pmovsset_el0, PMU_BIT(2));
	ec = at_el0(user_flags, 0);
	report(ec != EC_SVC, "EL0 has no access by itself (class 0x%x)", ec);
	grant(USERENR_EN);
	ec = at_el0(user_flags, 0);
	report(ec == EC_SVC && user_x0 == PMU_BIT(2),
	       "PMUSERENR_EL0.EN gives it (class 0x%x, 0x%lx)", ec, user_x0);

	pmu_write(PMU_CYCLES, 0x12345678);
	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_start(PMU_BIT(0));
	grant(0);
	ec = at_el0(user_cycles, 0);
	if (ec == EC_SVC && user_x0 != 0x12345678 && pmu_read(PMU_CYCLES) == 0x12345678)
		bug = "QEMU up to 10 at least: pmreg_access_ccntr() does not look at MDCR_EL2.TPM";
	report_known(ec != EC_SVC, bug, "EL0 does not read the cycle counter (class 0x%x)", ec);
	grant(USERENR_CR);
	ec = at_el0(user_cycles, 0);
	report_known(ec == EC_SVC && user_x0 == 0x12345678, bug,
		     "PMUSERENR_EL0.CR lets it (class 0x%x, 0x%lx)", ec, user_x0);
	grant(USERENR_SW);
	ec = at_el0(user_increment, 1);
	report_known(ec == EC_SVC && pmu_read(0) == 1, bug,
		     "PMUSERENR_EL0.SW lets it increment (class 0x%x, %lu)", ec, pmu_read(0));
	grant(0);
	on_exception(EXC_OTHER, NULL);
	pmu_reset(&pmu);
}

/* ---- Overflow interrupts ------------------------------------------------------------------ */

static struct interrupts {
	unsigned int count; /* atomic */
	uint64_t flags;
} interrupts;

static void overflowed(void *arg)
{
	interrupts.flags |= pmu_overflow_clear(ALL);
	atomic_add(&interrupts.count, 1);
}

/* Waits for @n interrupts and a little longer for more; they are counted anew afterwards. */
static unsigned int came(unsigned int n, uint64_t *flags)
{
	unsigned int count;

	wait_count(&interrupts.count, n, LIMIT);
	wait_count(&interrupts.count, n + 1, NSEC_PER_MSEC / 2);
	count = interrupts.count;
	*flags = interrupts.flags;
	interrupts = (struct interrupts){0};
	return count;
}

static void test_counted_overflow(unsigned int n)
{
	uint64_t flags, soon = -(uint64_t)TURNS;
	unsigned int count;

	if (n != PMU_CYCLES)
		pmu_event(n, PMU_EVENT_CPU_CYCLES);
	pmu_write(n, n == PMU_CYCLES ? soon : soon & 0xffffffff);
	pmu_interrupts(PMU_BIT(n));
	pmu_start(PMU_BIT(n));
	count = came(1, &flags);
	pmu_stop(PMU_BIT(n));
	report(count == 1 && flags == PMU_BIT(n),
	       "counter %u's cycles overflow and interrupt once (%u, 0x%lx)", n, count, flags);
	pmu_reset(&pmu);
}

static void test_overflow_interrupt(void)
{
	uint64_t flags;
	unsigned int count;

	if (!irq_enable(pmu_intid(), IRQ_LEVEL, cpu_id(), overflowed, NULL)) {
		report(false, "interrupt %u is there", pmu_intid());
		return;
	}
	irq_on();
	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_write(0, 0xffffffff);
	pmu_start(PMU_BIT(0));
	increment(PMU_BIT(0), 1);
	count = came(0, &flags);
	report(!count && pmu_overflows() == PMU_BIT(0),
	       "an overflow whose interrupt is off leaves a flag and does not interrupt (%u)",
	       count);
	pmu_interrupts(PMU_BIT(0));
	count = came(1, &flags);
	report(count == 1 && flags == PMU_BIT(0),
	       "it does when its interrupt is turned on (%u, 0x%lx)", count, flags);
	for (unsigned int i = 0; i < 10; i++) {
		pmu_write(0, 0xffffffff);
		increment(PMU_BIT(0), 1);
	}
	count = came(10, &flags);
	report(count == 10, "each of 10 overflows interrupts (%u)", count);

	irq_off();
	pmu_write(0, 0xffffffff);
	increment(PMU_BIT(0), 1);
	pmu_overflow_clear(ALL);
	irq_on();
	count = came(0, &flags);
	report(!count, "a flag that is gone before the interrupt is taken takes it along (%u)",
	       count);
	sysreg_write(pmcr_el0, PMCR_LC);
	sysreg_write(pmovsset_el0, PMU_BIT(0));
	count = came(0, &flags);
	report(!count, "with PMCR_EL0.E clear a flag does not interrupt (%u)", count);
	pmu_start(0);
	count = came(1, &flags);
	report(count == 1, "with it set it does (%u)", count);
	pmu_reset(&pmu);

	test_counted_overflow(PMU_CYCLES);
	test_counted_overflow(0);
	irq_off();
	irq_disable(pmu_intid());
}

/* Without a GIC in the kernel the line is user space's. The script looks at it between these. */
static void raise_line(void)
{
	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_interrupts(PMU_BIT(0));
	pmu_start(PMU_BIT(0));
	tell("down", 0);
	pmu_write(0, 0xffffffff);
	increment(PMU_BIT(0), 1);
	tell("up", pmu_overflows());
	pmu_overflow_clear(ALL);
	tell("down again", pmu_overflows());
	pmu_reset(&pmu);
}

int main(void)
{
	if (!pmu_probe(&pmu)) {
		report(false, "the guest has a PMU");
		return 0;
	}
	tell("version", pmu.version);
	tell("counters", pmu.counters);
	pmu_reset(&pmu);
	if (option_is("part", "line")) {
		raise_line();
		report(true, "the line has been up");
		return 0;
	}
	test_registers();
	if (option_is("part", "registers"))
		return 0;
	test_increments();
	test_chain();
	test_cycles();
	test_events();
	test_reset_bits();
	test_filters();
	test_user_access();
	test_overflow_interrupt();
	return 0;
}
