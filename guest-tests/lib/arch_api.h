/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the runtime's common part (lib/) and an architecture (lib/<arch>/).
 * Guests include guest.h only.
 *
 * lib/<arch>/ holds:
 *   guest.lds	the linker script: where the image lies, its entry, __image_start and __image_end
 *   arch.h	struct regs, struct arch_context, and the inline functions listed below
 *   *.c, *.S	the rest of what is listed below
 * and is compiled with the flags of mk/guests.mk. Together with the functions
 * here, it provides these of guest.h: guest_shutdown(), guest_reset(),
 * guest_crash(), console_reset(), mmio_*() of fixed size, map_page(), unmap_page(),
 * tlb_flush_page(), irq_enable(), irq_disable(), irq_use(), msi_enable(),
 * msi_disable(), clock_ns().
 */
#ifndef GUEST_ARCH_API_H
#define GUEST_ARCH_API_H

#include "guest.h"

/* ---- lib/<arch>/arch.h, inline --------------------------------------------- */
/*
 * struct regs			what the exception entry code saves
 * struct arch_context		what arch_context_save() saves: callee-saved registers, stack, return address
 * uint64_t regs_pc(regs)	and void regs_set_pc(regs, pc)
 * void cpu_relax(void)		a pause for spinning
 * struct cpu *arch_cpu(void)	this CPU's own, from the register that arch_cpu_set() put it into
 * void irq_on(void), irq_off(void), bool irq_save(void), void irq_restore(bool)
 */

/* ---- A CPU, as the common part sees it ------------------------------------- */

struct cpu {
	struct cpu *self; /* for arch_cpu() where a segment holds the address */
	unsigned int id;  /* 0 to machine.nr_cpus - 1 */
	uint64_t
		hwid; /* APIC id, MPIDR affinity, hartid; the architecture fills it for every CPU in arch_init() */
	void *stack_top;	 /* 16-byte aligned; of GUEST_STACK_SIZE bytes */
	struct catcher *catcher; /* innermost expect_exception() */

	/* Work from cpu_start(). */
	bool booted;	   /* asked to start; CPU 0 only */
	unsigned int up;   /* atomic: has reached cpu_main() */
	unsigned int busy; /* atomic: fn is set and has not returned */
	void (*fn)(void *arg);
	void *arg;

	unsigned int ipis; /* atomic: bit n for each pending ipi_send() */

	bool timer_armed;
	unsigned int timer_strays;
	irq_handler timer_handler;
	void *timer_arg;
};

extern struct cpu cpus[GUEST_MAX_CPUS];
extern char __image_start[], __image_end[];

/* ---- Common part, called by the architecture ------------------------------- */

/*
 * From the entry code on CPU 0, on cpus[0].stack_top's stack (which is
 * boot_stack's end), BSS zero, MMU off or on: runs arch_init(), main(),
 * guest_exit(). @boot is what the loader passed: multiboot information or the
 * device tree.
 */
void guest_main(uint64_t boot) __attribute__((noreturn));
extern char boot_stack[GUEST_MAX_CPUS][GUEST_STACK_SIZE];

/* From the entry code of every other CPU, on cpu->stack_top, after the CPU's own set-up. Never returns. */
void cpu_main(struct cpu *cpu) __attribute__((noreturn));

/*
 * From the exception entry code, interrupts off. Returns when execution is to
 * be resumed from @regs; otherwise it leaves through a context or ends the VM.
 */
void exception_raise(const struct exception *e, struct regs *regs);
/* From the interrupt code when this CPU's timer, or an inter-processor interrupt, has come in. */
void timer_interrupt(void);
void ipi_interrupt(void);

/* Raw text, under no lock; for panics. */
void console_write(const char *text);

/* ---- Architecture, called by the common part ------------------------------- */

/* Makes @cpu what arch_cpu() gives on this CPU. */
void arch_cpu_set(struct cpu *cpu);
/* First thing on CPU 0: console_putc() works afterwards. */
void arch_console_init(uint64_t boot);
void console_putc(char c);
/* Fills machine and cpus[].hwid; MMU, exceptions, interrupt controller, clock and timer of CPU 0. */
void arch_init(uint64_t boot);

/* setjmp and longjmp by other names: save returns 0 first and 1 after a load. Interrupt flag not included. */
int arch_context_save(struct arch_context *context) __attribute__((returns_twice));
void arch_context_load(const struct arch_context *context) __attribute__((noreturn));
/* All registers, by the manual's names. */
void arch_dump_regs(const struct regs *regs);

/* Fires once, @ns from now at the earliest, through timer_interrupt(); off takes it back. False: there is none. */
bool arch_timer_set(uint64_t ns);
void arch_timer_off(void);

/* Starts a CPU so that it reaches cpu_main(); false if the platform refuses. Does not wait. */
bool arch_cpu_boot(struct cpu *cpu);
/* Makes ipi_interrupt() run there. Without an interrupt controller: nothing. */
void arch_ipi_send(struct cpu *cpu);
/*
 * Interrupts are off. Sleeps until an interrupt is pending, takes it, and
 * returns with interrupts off. One that became pending before the call ends
 * the sleep at once. Where nothing could wake it, it only pauses.
 */
void arch_idle(void);

#endif
