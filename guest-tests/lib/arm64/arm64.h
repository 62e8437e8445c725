/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64 part of the guest runtime: what its files share. Numbers: Arm ARM (DDI 0487) unless a file says otherwise. */
#ifndef GUEST_ARM64_H
#define GUEST_ARM64_H

/* MAIR_EL1 indices, and attributes of a descriptor (D8.3). Not global: so a change of ASID changes the map. */
#define MAIR_DEVICE  0 /* Device-nGnRE */
#define MAIR_NORMAL  1 /* write-back */
#define MAIR_VALUE   0xff04
#define PTE_VALID    0x1
#define PTE_TABLE    0x3 /* also a page, at the last level */
#define PTE_INDEX    2
#define PTE_USER     0x40
#define PTE_RO	     0x80
#define PTE_INNER    0x300
#define PTE_AF	     0x400
#define PTE_NG	     0x800
#define PTE_XN	     (3 << 53) /* UXN and PXN */
#define BLOCK_NORMAL (PTE_VALID | MAIR_NORMAL << PTE_INDEX | PTE_INNER | PTE_AF | PTE_NG)
#define BLOCK_DEVICE (PTE_VALID | MAIR_DEVICE << PTE_INDEX | PTE_AF | PTE_NG)

/* 4 KiB pages, 48-bit addresses, no upper half; IPS is added. */
#define TCR_VALUE 0x803510

/* start.S: offset of struct cpu's stack_top. */
#define CPU_STACK_TOP 24
#define SIZEOF_REGS   272

#ifndef __ASSEMBLER__
#include "arch_api.h"

#define MPIDR_AFFINITY 0xff00fffffful

/* start.S: where CPU_ON lands, with the struct cpu in x0; then secondary_main() on its stack. */
void secondary_start(void);
void secondary_main(struct cpu *cpu) __attribute__((noreturn));

/* trap.S and trap.c */
void trap(struct regs *regs, unsigned int vector);

/* paging.c: the map of this machine, made on CPU 0; the calling CPU's use of it. */
void paging_init(void);
void paging_use(void);

/* gic.c: the controller of the device tree; the calling CPU's part; what has come in. */
void gic_init(void);
void gic_cpu_init(void);
void gic_interrupt(void);
/* Lets the calling CPU's private interrupt through. */
void gic_enable_private(unsigned int intid);

/* clock.c: after gic_init() */
void clock_init(void);
extern unsigned int timer_intid; /* 0: none */
void clock_cpu_init(void);
void clock_interrupt(void);
#endif

#endif
