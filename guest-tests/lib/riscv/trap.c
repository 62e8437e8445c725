/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trap was: an interrupt of this hart, or an exception (Privileged Architecture, scause). */
#include "riscv.h"

_Static_assert(sizeof(struct regs) == 288, "trap.S has its size");
_Static_assert(offsetof(struct regs, sstatus) == 256, "trap.S has its layout");
_Static_assert(GUEST_STACK_SIZE == 1 << 13, "trap.S has its logarithm");

static const struct {
	enum exception_kind kind;
	bool write, fetch;
} causes[] = {
	[0] = {EXC_ALIGN, .fetch = true},
	[1] = {EXC_ACCESS, .fetch = true},
	[2] = {EXC_ILLEGAL},
	[3] = {EXC_BREAK},
	[4] = {EXC_ALIGN},
	[5] = {EXC_ACCESS},
	[6] = {EXC_ALIGN, .write = true},
	[7] = {EXC_ACCESS, .write = true},
	[12] = {EXC_PAGE, .fetch = true},
	[13] = {EXC_PAGE},
	[15] = {EXC_PAGE, .write = true},
};

static void interrupt(unsigned int n)
{
	switch (n) {
	case IRQ_SOFT:
		/* First, so that one sent from now on is seen as another. */
		csr_clear("sip", 1 << IRQ_SOFT);
		ipi_interrupt();
		return;
	case IRQ_TIMER:
		arch_timer_off();
		timer_interrupt();
		return;
	case IRQ_EXTERNAL:
		irq_external();
		return;
	}
	guest_panic("interrupt %u, which nobody enabled", n);
}

void trap_handle(struct regs *regs);

void trap_handle(struct regs *regs)
{
	uint64_t cause = regs->scause;
	struct exception e = {
		.kind = EXC_OTHER,
		.vector = cause,
		.addr = regs->stval,
		.pc = regs_pc(regs),
	};

	if (cause & CAUSE_IRQ) {
		interrupt(cause & ~CAUSE_IRQ);
		return;
	}
	if (cause < ARRAY_SIZE(causes)) {
		e.kind = causes[cause].kind;
		e.write = causes[cause].write;
		e.fetch = causes[cause].fetch;
	}
	exception_raise(&e, regs);
}

/* trap.S found sp outside this CPU's stack. */
void trap_without_stack(struct regs *regs) __attribute__((noreturn));

void trap_without_stack(struct regs *regs)
{
	printf("\nTRAP 0x%lx on CPU %u with a stack pointer that is not one, pc 0x%lx\n",
	       regs->scause, cpu_id(), regs_pc(regs));
	arch_dump_regs(regs);
	guest_crash();
}

void arch_dump_regs(const struct regs *regs)
{
	static const char *const names[] = {
		"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
		"a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
		"s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		printf("  %3s %016lx%s", names[i], regs->x[i], i % 4 == 3 ? "\n" : "");
	printf("  sstatus %016lx  scause %016lx  stval %016lx\n", regs->sstatus, regs->scause,
	       regs->stval);
	printf("  satp %016lx  sie %lx  sip %lx\n", csr_read("satp"), csr_read("sie"),
	       csr_read("sip"));
}
