/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where CPUs enter, EL1 or EL2, MMU and caches off: CPU 0 with the device tree
 * in x0, another with its struct cpu. Nothing is written to memory before the
 * caches are on, so nothing of it can be hidden by an older line in one.
 */
#include "arm64.h"

#define HCR_EL2_HOST (1 << 34 | 1 << 31 | 1 << 27) /* E2H, RW, TGE: EL2 is a host, EL1's names are its own */
#define SCTLR	     0x30d0180d /* RES1 bits, I, SA, C, M */

	.section .text.start, "ax"
	.globl	_start
_start:
	mov	x20, x0
	bl	mmu_on
	ldr	x1, =boot_stack + 8192
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	b	guest_main

	.globl	secondary_start
secondary_start:
	mov	x20, x0
	bl	mmu_on
	ldr	x1, [x20, #CPU_STACK_TOP]
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	b	secondary_main

/* Clobbers x0 and x1. */
mmu_on:
	mrs	x0, currentel
	cmp	x0, #(2 << 2)
	b.ne	1f
	ldr	x0, =HCR_EL2_HOST
	msr	hcr_el2, x0
	isb
1:	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	ldr	x0, =MAIR_VALUE
	msr	mair_el1, x0
	/* TCR_EL1.IPS takes ID_AA64MMFR0_EL1.PARange, no more than 48 bits. */
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #0xf
	cmp	x1, #5
	mov	x0, #5
	csel	x1, x1, x0, lo
	ldr	x0, =TCR_VALUE
	orr	x0, x0, x1, lsl #32
	msr	tcr_el1, x0
	adrp	x0, boot_level0
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	ldr	x0, =SCTLR
	msr	sctlr_el1, x0
	isb
	/* Debug exceptions and SError: they are the guest's to see. */
	msr	daifclr, #0xc
	ret
	.ltorg

/* int arch_context_save(struct arch_context *), void arch_context_load(const struct arch_context *) */
	.text
	.globl	arch_context_save
arch_context_save:
	stp	x19, x20, [x0, #0]
	stp	x21, x22, [x0, #16]
	stp	x23, x24, [x0, #32]
	stp	x25, x26, [x0, #48]
	stp	x27, x28, [x0, #64]
	stp	x29, x30, [x0, #80]
	mov	x1, sp
	str	x1, [x0, #96]
	mov	x0, #0
	ret

	.globl	arch_context_load
arch_context_load:
	ldp	x19, x20, [x0, #0]
	ldp	x21, x22, [x0, #16]
	ldp	x23, x24, [x0, #32]
	ldp	x25, x26, [x0, #48]
	ldp	x27, x28, [x0, #64]
	ldp	x29, x30, [x0, #80]
	ldr	x1, [x0, #96]
	mov	sp, x1
	/* As it was before the exception that led here masked them. */
	msr	daifclr, #0xc
	mov	x0, #1
	ret

/* The first GiBs one to one: two of devices, one of RAM, in which the image lies. Never changed. */
	.section .data.boot, "aw"
	.balign	4096
boot_level0:
	.quad	boot_level1 + PTE_TABLE
	.zero	4096 - 8
boot_level1:
	.quad	0x00000000 | BLOCK_DEVICE | PTE_XN
	.quad	0x40000000 | BLOCK_DEVICE | PTE_XN
	.quad	0x80000000 | BLOCK_NORMAL
	.zero	4096 - 24

	.section .note.GNU-stack, "", @progbits
