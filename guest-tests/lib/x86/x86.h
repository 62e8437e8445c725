/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86 part of the guest runtime: what its files share. Numbers: Intel SDM volume 3. */
#ifndef GUEST_X86_H
#define GUEST_X86_H

#define SEL_CODE64 0x08
#define SEL_DATA   0x10
#define SEL_TSS	   0x18 /* two descriptors; one TSS a CPU */

#define MSR_APIC_BASE 0x1b
#define MSR_EFER      0xc0000080
#define MSR_GS_BASE   0xc0000101
#define EFER_LME      (1 << 8)
#define EFER_NXE      (1 << 11)
#define CR0_PE	      (1 << 0)
#define CR0_WP	      (1 << 16)
#define CR0_PG	      (1u << 31)
#define CR4_PAE	      (1 << 5)

/* Where an AP starts: page SIPI_VECTOR of memory below 1 MiB, copied from smp.S. */
#define SIPI_VECTOR 0x08
#define TRAMPOLINE  (SIPI_VECTOR << 12)

/* Interrupt vectors. */
#define VECTOR_PIC	0x20 /* 16 of them */
#define VECTOR_IOAPIC	0x30 /* one for each of up to 32 inputs */
#define VECTOR_MSI	0x60
#define NR_MSI		16
#define VECTOR_TIMER	0xe0
#define VECTOR_IPI	0xf0
#define VECTOR_SPURIOUS 0xff

#ifndef __ASSEMBLER__
#include "arch_api.h"

/* descriptors.c: GDT, TSS and IDT of the calling CPU; its GS. */
void descriptors_load(struct cpu *cpu);

/* paging.c: builds the boot map and switches to it; the same on another CPU. */
void paging_init(void);
uint64_t paging_root(void);

/* apic.c */
bool lapic_present(void);
void lapic_init(void); /* of the calling CPU */
uint32_t lapic_read(unsigned int reg);
void lapic_write(unsigned int reg, uint32_t value);
void lapic_eoi(void);
void lapic_send(uint64_t apic_id, uint32_t command);
#define LAPIC_ID	 0x020
#define LAPIC_VERSION	 0x030
#define LAPIC_EOI	 0x0b0
#define LAPIC_SPURIOUS	 0x0f0
#define LAPIC_ICR	 0x300
#define LAPIC_ICR_HIGH	 0x310
#define LAPIC_LVT_TIMER	 0x320
#define LAPIC_LVT_LINT0	 0x350
#define LAPIC_LVT_LINT1	 0x360
#define LAPIC_TIMER_INIT 0x380
#define LAPIC_TIMER_NOW	 0x390
#define LAPIC_TIMER_DIV	 0x3e0
#define LVT_MASKED	 (1 << 16)
#define ICR_INIT	 0x4500 /* INIT, level assert */
#define ICR_STARTUP	 0x4600

/* irq.c: what came in on a vector >= 32; @vector of the saved registers. */
void irq_dispatch(unsigned int vector);
void irq_controllers_init(void);
/* Takes a vector from 0x70 to 0xdf for a guest's own use; the end of interrupt is sent after @handler. */
void vector_handler(unsigned int vector, irq_handler handler, void *arg);

/* clock.c */
void clock_init(void);
#endif

#endif
