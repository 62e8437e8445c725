/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PMU between a hypervisor at EL2 and its guest (Arm ARM D13.6):
 * MDCR_EL2.HPMN counters are the guest's, the others EL2's alone, which
 * MDCR_EL2.HPME turns on and not PMCR_EL0.E.
 */
#include "l2.h"
#include "pmu.h"

#define MDCR_TPM  (1ul << 6)
#define MDCR_HPME (1ul << 7)
#define MDCR_HPMN 0x1ful

#define TURNS 20000
#define LIMIT NSEC_PER_SEC
/* L2 has two counters; the next one is EL2's. */
#define L2_COUNTERS 2u
#define OWN	    L2_COUNTERS

asm(".pushsection .text.l2, \"ax\"\n"
    "	.balign 4096\n"
    "l2_start:\n"
    "	.skip	0x200\n" /* its vectors: synchronous, of its own level */
    "	mov	x0, #0xbad\n"
    "	hvc	#0\n"
    "	.balign 2048\n"
    "l2_pmcr:\n"
    "	mrs	x0, pmcr_el0\n"
    "	hvc	#0\n"
    "l2_enable:\n"
    "	msr	pmcntenset_el0, x0\n"
    "	mrs	x0, pmcntenset_el0\n"
    "	hvc	#0\n"
    "l2_disable:\n"
    "	msr	pmcntenclr_el0, x0\n"
    "	mrs	x0, pmcntenset_el0\n"
    "	hvc	#0\n"
    "l2_read:\n"
    "	adr	x1, l2_start\n"
    "	msr	vbar_el1, x1\n"
    "	msr	pmselr_el0, x0\n"
    "	isb\n"
    "	mrs	x0, pmxevcntr_el0\n"
    "	hvc	#0\n"
    "l2_reset:\n"
    "	msr	pmcr_el0, x0\n"
    "	isb\n"
    "	hvc	#0\n"
    "l2_loop:\n"
    "	subs	x0, x0, #1\n"
    "	b.ne	l2_loop\n"
    "	hvc	#0\n"
    "l2_overflow:\n"
    "	msr	pmevcntr0_el0, x0\n"
    "	mov	x1, #1\n"
    "	msr	pmswinc_el0, x1\n"
    "	isb\n"
    "	ldr	x0, [x20]\n"
    "	hvc	#0\n"
    ".popsection\n");
extern const char l2_start[], l2_pmcr[], l2_enable[], l2_disable[], l2_read[], l2_reset[],
	l2_loop[], l2_overflow[];

static struct pmu pmu;
static uint64_t all;

static void set_mdcr(uint64_t bits)
{
	sysreg_write(mdcr_el2,
		     (sysreg_read(mdcr_el2) & ~(MDCR_HPMN | MDCR_HPME | MDCR_TPM)) | bits);
	isb();
}

static void set_pmcr(uint64_t bits)
{
	sysreg_write(pmcr_el0, PMCR_LC | bits);
	isb();
}

static void loop(uint64_t turns)
{
	asm volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(turns)::"cc");
}

static uint64_t moved(unsigned int n)
{
	uint64_t before = pmu_read(n);

	loop(TURNS);
	return pmu_read(n) - before;
}

/* ---- Whose counters ------------------------------------------------------------------- */

static void test_partition(void)
{
	uint64_t mine = all & ~(PMU_BIT(L2_COUNTERS) - 1) & ~PMU_BIT(PMU_CYCLES);
	bool ok;

	set_mdcr(pmu.counters);
	ok = l2_run(l2_pmcr, 0, 0);
	report(ok && PMCR_N(l2_told) == pmu.counters, "with all of them L2 has all (%lu)",
	       PMCR_N(l2_told));
	set_mdcr(L2_COUNTERS);
	ok = l2_run(l2_pmcr, 0, 0);
	report(ok && PMCR_N(l2_told) == L2_COUNTERS, "with HPMN 2 it has 2 (%lu)", PMCR_N(l2_told));
	report(PMCR_N(sysreg_read(pmcr_el0)) == pmu.counters, "EL2 still has all");

	pmu_write(1, 0x111);
	pmu_write(OWN, 0x222);
	ok = l2_run(l2_read, 1, 0);
	report(ok && l2_told == 0x111, "L2 reads its own counter (0x%lx)", l2_told);
	l2_answer = 0xeee;
	ok = l2_run(l2_read, OWN, 0);
	/* With FEAT_FGT it is EL2's to say (Arm ARM, PMXEVCNTR_EL0); without L2's own exception. */
	report(ok && (l2_exit.count ? l2_exit.ec == EC_SYSREG && l2_told == 0xeee
				    : l2_told == 0xbad),
	       "its access to EL2's is trapped, or undefined (%u exits, class 0x%x, 0x%lx)",
	       l2_exit.count, l2_exit.ec, l2_told);
	set_pmcr(0);
	ok = l2_run(l2_reset, PMCR_LC | PMCR_P, 0);
	report(ok && !pmu_read(1) && pmu_read(OWN) == 0x222,
	       "its PMCR_EL0.P makes its own counters 0 and no other (0x%lx)", pmu_read(OWN));
	pmu_write(1, 0x111);
	set_pmcr(PMCR_P);
	report(!pmu_read(1) && !pmu_read(OWN), "that of EL2 all");

	pmu_stop(all);
	sysreg_write(pmcntenset_el0, mine);
	ok = l2_run(l2_enable, all, 0);
	report(ok && (sysreg_read(pmcntenset_el0) & all) == all, "L2 turns its own on (0x%lx)",
	       sysreg_read(pmcntenset_el0));
	ok = l2_run(l2_disable, all, 0);
	report(ok && sysreg_read(pmcntenset_el0) == mine, "and off, not EL2's (0x%lx of 0x%lx)",
	       sysreg_read(pmcntenset_el0), mine);
	pmu_reset(&pmu);
}

static void test_trap(void)
{
	bool ok;

	set_mdcr(L2_COUNTERS | MDCR_TPM);
	l2_answer = 0x5a5a;
	ok = l2_run(l2_pmcr, 0, 0);
	report(ok && l2_exit.count == 1 && l2_exit.ec == EC_SYSREG && l2_told == 0x5a5a,
	       "MDCR_EL2.TPM traps L2's access (class 0x%x, 0x%lx)", l2_exit.ec, l2_told);
	set_mdcr(L2_COUNTERS);
	pmu_reset(&pmu);
}

/* ---- What turns them on ----------------------------------------------------------------- */

static void test_enables(void)
{
	set_mdcr(L2_COUNTERS);
	pmu_event(0, PMU_EVENT_CPU_CYCLES | PMU_EL2);
	pmu_event(OWN, PMU_EVENT_CPU_CYCLES | PMU_EL2);
	pmu_start(PMU_BIT(0) | PMU_BIT(OWN));
	report(moved(0), "with PMCR_EL0.E L2's counters count");
	report(!moved(OWN), "EL2's do not without MDCR_EL2.HPME");
	set_mdcr(L2_COUNTERS | MDCR_HPME);
	report(moved(OWN), "with it they do");
	set_pmcr(0);
	report(!moved(0), "without PMCR_EL0.E L2's counters stand");
	report(moved(OWN), "EL2's do not mind");
	pmu_stop(all);

	pmu_event(OWN, PMU_EVENT_SW_INCR);
	pmu_write(OWN, 0);
	sysreg_write(pmcntenset_el0, PMU_BIT(OWN));
	pmu_software_increment(PMU_BIT(OWN));
	report(pmu_read(OWN) == 1,
	       "software increments of EL2's are counted by HPME alone (%lu of 1)", pmu_read(OWN));
	set_mdcr(L2_COUNTERS);
	set_pmcr(PMCR_E);
	pmu_write(OWN, 0);
	pmu_software_increment(PMU_BIT(OWN));
	report(!pmu_read(OWN), "software increments of EL2's are not counted by PMCR_EL0.E (%lu)",
	       pmu_read(OWN));
	pmu_reset(&pmu);
}

/* ---- Which level is counted --------------------------------------------------------------- */

static void test_filters(void)
{
	bool ok;
	uint64_t both, el1, el2;

	set_mdcr(pmu.counters);
	pmu_event(0, PMU_EVENT_CPU_CYCLES);
	pmu_event(1, PMU_EVENT_CPU_CYCLES | PMU_EL2);
	pmu_event(2, PMU_EVENT_CPU_CYCLES | PMU_EL2 | PMU_NOT_EL1);
	pmu_start(PMU_BIT(0) | PMU_BIT(1) | PMU_BIT(2));
	loop(TURNS);
	el1 = pmu_read(0);
	both = pmu_read(1);
	el2 = pmu_read(2);
	report(!el1 && both && el2, "EL2 is counted where its filter says so (%lu, %lu, %lu)", el1,
	       both, el2);
	ok = l2_run(l2_loop, 10 * TURNS, 0);
	el1 = pmu_read(0);
	report(ok && el1, "L2 is EL1, counted by default (%lu)", el1);
	report(pmu_read(1) > el1, "EL2 and L2 together are more (%lu)", pmu_read(1));
	pmu_reset(&pmu);
}

/* ---- L2's overflow is the hypervisor's interrupt --------------------------------------------- */

static unsigned int overflows;
static uint64_t *page;

static void overflowed(void *arg)
{
	if (pmu_overflow_clear(all) & PMU_BIT(0))
		atomic_add(&overflows, 1);
	*page = 0x77;
}

static void test_overflow(void)
{
	bool ok;

	page = page_alloc();
	l2_map(L2_DATA, (uint64_t)page, L2_READ);
	set_mdcr(L2_COUNTERS);
	if (!irq_enable(pmu_intid(), IRQ_LEVEL, 0, overflowed, NULL)) {
		report(false, "interrupt %u is there", pmu_intid());
		return;
	}
	pmu_event(0, PMU_EVENT_SW_INCR);
	pmu_interrupts(PMU_BIT(0));
	pmu_start(PMU_BIT(0));
	ok = l2_run(l2_overflow, 0xffffffff, 0);
	report(ok && overflows == 1 && l2_told == 0x77,
	       "it comes to the hypervisor before L2's next instruction (%u, 0x%lx)", overflows,
	       l2_told);
	irq_disable(pmu_intid());
	pmu_reset(&pmu);
}

int main(void)
{
	if (!at_el2() || !pmu_probe(&pmu) || pmu.counters <= OWN) {
		report(false, "the guest is at EL2 and has a PMU of more than %u counters", OWN);
		return 0;
	}
	all = PMU_BIT(PMU_CYCLES) | (PMU_BIT(pmu.counters) - 1);
	tell("mdcr", sysreg_read(mdcr_el2));
	pmu_reset(&pmu);
	l2_init(l2_start);
	test_partition();
	test_trap();
	test_enables();
	test_filters();
	test_overflow();
	return 0;
}
