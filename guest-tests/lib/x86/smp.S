/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the other CPUs enter, after INIT and a startup IPI: real mode at
 * TRAMPOLINE, below 1 MiB, where smp.c has copied this. Goes to long mode in
 * one step on the page tables of CPU 0, then to cpu_entry(cpu).
 */
#include "x86.h"

/* An address inside the copy. */
#define HERE(label) (TRAMPOLINE + (label) - trampoline_start)

	.section .rodata
	.globl	trampoline_start, trampoline_end, trampoline_cr3, trampoline_cpu, trampoline_stack, trampoline_entry
	.code16
trampoline_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	HERE(gdt_pointer)
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	HERE(trampoline_cr3), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PG | CR0_PE | 0x10), %eax
	movl	%eax, %cr0
	ljmpl	$SEL_CODE64, $HERE(long_mode)

	.code64
long_mode:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movq	HERE(trampoline_stack), %rsp
	movq	HERE(trampoline_cpu), %rdi
	movq	HERE(trampoline_entry), %rax
	xorl	%ebp, %ebp
	cld
	call	*%rax

	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* SEL_CODE64 */
	.quad	0x00cf93000000ffff	/* SEL_DATA */
gdt_pointer:
	.word	. - gdt - 1
	.long	HERE(gdt)
	.balign	8
trampoline_cr3:
	.quad	0
trampoline_cpu:
	.quad	0
trampoline_stack:
	.quad	0
trampoline_entry:
	.quad	0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
