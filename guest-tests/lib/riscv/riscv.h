/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V part of the guest runtime: what its files share. */
#ifndef GUEST_RISCV_H
#define GUEST_RISCV_H

#include "arch_api.h"
#include "fdt.h"

/* SBI extensions and functions, by the specification's names. */
#define SBI_BASE	    0x10
#define SBI_BASE_PROBE	    3
#define SBI_TIME	    0x54494d45
#define SBI_TIME_SET	    0
#define SBI_IPI		    0x735049
#define SBI_IPI_SEND	    0
#define SBI_HSM		    0x48534d
#define SBI_HSM_START	    0
#define SBI_SRST	    0x53525354
#define SBI_SRST_RESET	    0
#define SBI_DBCN	    0x4442434e
#define SBI_DBCN_WRITE_BYTE 2

/* Interrupt numbers of scause, and their bits in sie and sip (Privileged Architecture, "Supervisor Interrupt"). */
#define IRQ_SOFT     1
#define IRQ_TIMER    5
#define IRQ_EXTERNAL 9
#define CAUSE_IRQ    (1ul << 63)

/* trap.S: what stvec holds. */
void trap_entry(void);

/* paging.c: builds the tables; turns them on for the calling CPU. */
void paging_init(void);
void paging_on(void);

/* irq.c: finds the controller; the calling CPU's own part of it; an external interrupt. */
void irq_controllers_init(void);
void irq_cpu_init(void);
void irq_external(void);

/* plic.c and aia.c: one controller each, for irq.c. */
struct controller {
	const char *name;
	bool (*probe)(void); /* whether the tree has it; sets it up */
	void (*cpu_init)(void);
	/* The line's interrupts go to @cpu from now on; false if there is no such line. */
	bool (*enable)(unsigned int line, enum irq_trigger trigger, unsigned int cpu);
	void (*disable)(unsigned int line);
	/* Handles everything that waits for this CPU. */
	void (*interrupt)(void);
};
extern const struct controller plic, aia;

/* What irq_enable() was told. Runs the line's handler, if there is one. */
void irq_line_handle(unsigned int line);
#define MAX_LINES 1024

/* The CPUs of an interrupt controller's node, in the order of its interrupts-extended: hart i's CPU, or -1. */
int irq_node_cpu(fdt_node node, unsigned int i);

/* time.c would be a second file of that name: the clock and timer are in clock.c. */
void clock_init(void);

#endif
