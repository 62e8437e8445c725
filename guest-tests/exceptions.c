/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions reach the guest's handler with the right kind, number and
 * address; the handler can let the program go on; all CPUs have their own.
 */
#include "exceptions.h"

#define VA    0x2f23456000ul
#define LIMIT (2 * NSEC_PER_SEC)

__attribute__((weak)) const char *known_bug(enum exception_kind wanted, const struct exception *e)
{
	return NULL;
}

static void test_provocations(void)
{
	for (const struct provocation *p = provocations; p->what; p++) {
		struct exception e = {.kind = EXC_NR};
		bool caught = expect_exception(p->fn, NULL, &e);
		bool ok = caught && e.kind == p->kind && e.vector == p->vector;
		const char *bug = caught ? known_bug(p->kind, &e) : NULL;

		report_known(ok, bug, "%s: %s (%u)", p->what, exception_name(p->kind), p->vector);
		if (!caught)
			report_info("nothing came");
		else if (!ok)
			report_info("it was %s (%u), code 0x%lx, pc 0x%lx", exception_name(e.kind),
				    e.vector, e.code, e.pc);
	}
}

static void nothing(void *arg)
{
}

static void nested(void *arg)
{
	unsigned int *caught = arg;

	*caught += expect_exception(usual, NULL, NULL);
	usual(NULL);
}

static void test_nesting(void)
{
	unsigned int inner = 0;
	struct exception e;

	report(!expect_exception(nothing, NULL, &e), "no exception where nothing is wrong");
	report(expect_exception(nested, &inner, &e) && inner == 1 && e.kind == usual_kind,
	       "one inside the other, each caught by its own");
}

static void test_many(void)
{
	unsigned int caught = 0;

	for (unsigned int i = 0; i < 200; i++)
		caught += expect_exception(usual, NULL, NULL);
	report(caught == 200, "%u of 200 in a row", caught);
}

/* ---- Handlers that go on ------------------------------------------------------ */

static unsigned int handled;

static bool step_over(const struct exception *e, struct regs *regs)
{
	handled++;
	regs_set_pc(regs, regs_pc(regs) + usual_length);
	return e->pc + usual_length == regs_pc(regs);
}

static void test_resume(void)
{
	exception_handler old = on_exception(usual_kind, step_over);
	bool on = irq_save();

	handled = 0;
	for (unsigned int i = 0; i < 10; i++)
		usual(NULL);
	report(handled == 10, "a handler stepped over %u of 10", handled);
	report(!irq_save(), "interrupts are still off after it");
	irq_restore(on);
	on_exception(usual_kind, old);
}

static uint64_t fault_address;
static bool fault_write;

/* Demand paging: the instruction is tried again once the page is there. */
static bool map_it(const struct exception *e, struct regs *regs)
{
	handled++;
	fault_address = e->addr;
	fault_write = e->write;
	return map_page(e->addr & -GUEST_PAGE_SIZE, (uint64_t)page_alloc(), MAP_WRITE);
}

static void test_demand_paging(void)
{
	exception_handler old = on_exception(EXC_PAGE, map_it);
	uint64_t value;

	handled = 0;
	mmio_write64(VA + 0x10, 0x1234);
	value = mmio_read64(VA + 0x10);
	report(handled == 1 && value == 0x1234,
	       "a page mapped by the fault's handler lets the store finish");
	report(fault_address == VA + 0x10 && fault_write,
	       "the fault told the address and that it was a write");
	value = mmio_read64(VA + GUEST_PAGE_SIZE + 8);
	report(handled == 2 && value == 0 && !fault_write, "the same for a load");
	on_exception(EXC_PAGE, old);
	unmap_page(VA);
	unmap_page(VA + GUEST_PAGE_SIZE);
}

/* ---- Fetching ------------------------------------------------------------------ */

static void call(void *arg)
{
	((void (*)(void *))arg)(NULL);
}

static void test_fetch(void)
{
	uint64_t offset = (uint64_t)nothing % GUEST_PAGE_SIZE;
	uint64_t page = (uint64_t)nothing - offset;
	void *there = (void *)(VA + offset);
	struct exception e = {.kind = EXC_NR};

	report(map_page(VA, page, MAP_EXEC) && !expect_exception(call, there, NULL),
	       "code runs through a second map");
	report(map_page(VA, page, 0) && expect_exception(call, there, &e) && e.kind == EXC_PAGE &&
		       e.fetch && e.addr == VA + offset && e.pc == VA + offset,
	       "and faults where the map does not allow execution");
	unmap_page(VA);
	e.kind = EXC_NR;
	report(expect_exception(call, there, &e) && e.kind == EXC_PAGE && e.pc == VA + offset,
	       "and where there is no map");
}

/* ---- Every CPU ------------------------------------------------------------------ */

static PER_CPU(unsigned int, caught);

static void provoke_here(void *arg)
{
	for (unsigned int i = 0; i < 50; i++)
		*this_cpu(caught) += expect_exception(usual, NULL, NULL);
}

static void test_cpus(void)
{
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++)
		if (!cpu_start(cpu, provoke_here, NULL))
			report(false, "CPU %u did not start", cpu);
	provoke_here(NULL);
	for (unsigned int cpu = 0; cpu < machine.nr_cpus; cpu++) {
		bool done = !cpu || cpu_wait(cpu, LIMIT);

		report(done && *of_cpu(caught, cpu) == 50, "CPU %u caught its own, %u of 50", cpu,
		       *of_cpu(caught, cpu));
	}
}

__attribute__((weak)) void exceptions_arch(void)
{
}

int main(void)
{
	test_provocations();
	test_nesting();
	test_many();
	test_resume();
	test_demand_paging();
	test_fetch();
	if (machine.nr_cpus > 1)
		test_cpus();
	exceptions_arch();
	return 0;
}
