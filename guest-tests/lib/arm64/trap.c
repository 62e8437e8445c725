/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions by class: ESR_EL1.EC and, for aborts, the fault status (Arm ARM D24.2.40). */
#include "arm64.h"

_Static_assert(sizeof(struct regs) == SIZEOF_REGS, "trap.S has this number");
_Static_assert(SIZEOF_REGS % 16 == 0, "SP is always a multiple of 16");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "start.S has this number");

#define EC_UNKNOWN     0x00
#define EC_HVC	       0x16
#define EC_SMC	       0x17
#define EC_SYSREG      0x18
#define EC_FETCH_LOWER 0x20
#define EC_FETCH       0x21
#define EC_PC_ALIGN    0x22
#define EC_DATA_LOWER  0x24
#define EC_DATA	       0x25
#define EC_SP_ALIGN    0x26
#define EC_BREAKPOINT  0x30 /* to 0x35: step and watchpoint too, each from below and from here */
#define EC_WATCHPOINT  0x35
#define EC_BRK	       0x3c
#define ISS_WNR	       (1 << 6)
#define FSC_ALIGN      0x21

/* The table's column: entries of the same kind come four apart. */
enum vector_kind { VECTOR_SYNC, VECTOR_IRQ, VECTOR_FIQ, VECTOR_SERROR };

static enum exception_kind kind_of_abort(unsigned int fsc)
{
	if (fsc == FSC_ALIGN)
		return EXC_ALIGN;
	/* Translation, access flag, permission at any level; else address size, external, ... */
	return fsc >= 0x04 && fsc <= 0x0f ? EXC_PAGE : EXC_ACCESS;
}

static enum exception_kind kind_of(unsigned int ec, uint64_t esr)
{
	switch (ec) {
	case EC_UNKNOWN:
	case EC_SYSREG:
		return EXC_ILLEGAL;
	case EC_HVC:
	case EC_SMC:
		return EXC_CALL;
	case EC_FETCH_LOWER:
	case EC_FETCH:
	case EC_DATA_LOWER:
	case EC_DATA:
		return kind_of_abort(esr & 0x3f);
	case EC_PC_ALIGN:
	case EC_SP_ALIGN:
		return EXC_ALIGN;
	case EC_BRK:
		return EXC_BREAK;
	}
	return ec >= EC_BREAKPOINT && ec <= EC_WATCHPOINT ? EXC_DEBUG : EXC_OTHER;
}

void trap(struct regs *regs, unsigned int vector)
{
	struct exception e = {.kind = EXC_OTHER, .pc = regs->pc};

	if (vector % 4 == VECTOR_IRQ) {
		gic_interrupt();
		return;
	}
	e.code = sysreg_read(esr_el1);
	e.vector = e.code >> 26 & 0x3f;
	e.addr = sysreg_read(far_el1);
	if (vector % 4 == VECTOR_SYNC)
		e.kind = kind_of(e.vector, e.code);
	e.fetch = e.vector == EC_FETCH || e.vector == EC_FETCH_LOWER;
	e.write = (e.vector == EC_DATA || e.vector == EC_DATA_LOWER) && e.code & ISS_WNR;
	exception_raise(&e, regs);
}

void arch_dump_regs(const struct regs *regs)
{
	for (unsigned int i = 0; i < 31; i++)
		printf("%sx%-2u 0x%016lx%s", i % 4 ? " " : "", i, regs->x[i],
		       i % 4 == 3 ? "\n" : "");
	printf(" sp  0x%016lx\n", regs->sp);
	printf("pc  0x%016lx pstate 0x%08lx esr 0x%08lx far 0x%016lx\n", regs->pc, regs->pstate,
	       sysreg_read(esr_el1), sysreg_read(far_el1));
	printf("sctlr 0x%lx tcr 0x%lx ttbr0 0x%lx vbar 0x%lx mpidr 0x%lx el %lu\n",
	       sysreg_read(sctlr_el1), sysreg_read(tcr_el1), sysreg_read(ttbr0_el1),
	       sysreg_read(vbar_el1), sysreg_read(mpidr_el1), sysreg_read(currentel) >> 2);
}
