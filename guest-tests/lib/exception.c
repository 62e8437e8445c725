/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions: who gets one, and what is printed when nobody wanted it. */
#include "arch_api.h"

struct catcher {
	struct arch_context context;
	struct exception caught;
	struct catcher *outer;
};

static const char *const names[EXC_NR] = {
	[EXC_OTHER] = "other exception",   [EXC_ILLEGAL] = "illegal instruction",
	[EXC_PAGE] = "page fault",	   [EXC_ACCESS] = "access fault",
	[EXC_ALIGN] = "misaligned access", [EXC_BREAK] = "breakpoint",
	[EXC_DEBUG] = "debug exception",   [EXC_DIVIDE] = "divide error",
	[EXC_CALL] = "hypervisor call",
};
static exception_handler handlers[EXC_NR];

const char *exception_name(enum exception_kind kind)
{
	return (unsigned int)kind < EXC_NR ? names[kind] : "?";
}

exception_handler on_exception(enum exception_kind kind, exception_handler handler)
{
	exception_handler old = handlers[kind];

	handlers[kind] = handler;
	return old;
}

bool expect_exception(void (*fn)(void *arg), void *arg, struct exception *e)
{
	struct cpu *cpu = arch_cpu();
	bool was_on = irq_save();
	struct catcher catcher;
	bool caught;

	catcher.outer = cpu->catcher;
	caught = arch_context_save(&catcher.context);
	if (!caught) {
		cpu->catcher = &catcher;
		irq_restore(was_on);
		fn(arg);
		irq_off();
	}
	cpu->catcher = catcher.outer;
	if (caught && e)
		*e = catcher.caught;
	irq_restore(was_on);
	return caught;
}

static void unexpected(const struct exception *e, struct regs *regs)
{
	struct cpu *cpu = arch_cpu();
	static unsigned int printing;

	/* A second one, from the dump itself or another CPU, must not print over the first. */
	if (atomic_add(&printing, 1) > 1)
		guest_crash();
	printf("\nUNEXPECTED EXCEPTION: %s (%u) on CPU %u, code 0x%lx, address 0x%lx, pc 0x%lx\n",
	       exception_name(e->kind), e->vector, cpu->id, e->code, e->addr, e->pc);
	arch_dump_regs(regs);
	guest_crash();
}

void exception_raise(const struct exception *e, struct regs *regs)
{
	struct catcher *catcher = arch_cpu()->catcher;

	if (handlers[e->kind] && handlers[e->kind](e, regs))
		return;
	if (!catcher)
		unexpected(e, regs);
	catcher->caught = *e;
	arch_context_load(&catcher->context);
}
