/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where CPU 0 enters: long mode, the VMM's page tables one to one, interrupts
 * off, RBX = RDI = gpa of the multiboot information, no stack.
 */
	.section .text.start, "ax"
	.globl	_start
_start:
	leaq	boot_stack + 8192(%rip), %rsp
	xorl	%ebp, %ebp
	cld
	call	guest_main

/* int arch_context_save(struct arch_context *), void arch_context_load(const struct arch_context *) */
	.text
	.globl	arch_context_save
arch_context_save:
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, 48(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 56(%rdi)
	xorl	%eax, %eax
	ret

	.globl	arch_context_load
arch_context_load:
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movl	$1, %eax
	jmp	*56(%rdi)

	.section .note.GNU-stack, "", @progbits
