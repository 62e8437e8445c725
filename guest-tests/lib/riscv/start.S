/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where harts enter: supervisor mode, satp 0, interrupts off, a0 = hart id. The
 * boot hart has the device tree in a1, the others what sbi_hart_start() was
 * given: their struct cpu.
 */
#define CPU_STACK_TOP 24 /* offsetof(struct cpu, stack_top); smp.c checks it */

	.section .text.start, "ax"
	.globl	_start
_start:
	la	t0, trap_entry
	csrw	stvec, t0
	la	tp, cpus	/* trap_entry looks there */
	la	sp, boot_stack + 8192
	la	t0, boot_hartid
	sd	a0, (t0)
	mv	a0, a1
	li	s0, 0
	call	guest_main

	.globl	secondary_start
secondary_start:
	la	t0, trap_entry
	csrw	stvec, t0
	mv	tp, a1
	ld	sp, CPU_STACK_TOP(a1)
	mv	a0, a1
	li	s0, 0
	call	secondary_main

/* int arch_context_save(struct arch_context *), void arch_context_load(const struct arch_context *) */
	.text
	.globl	arch_context_save
arch_context_save:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	sd	s0, 16(a0)
	sd	s1, 24(a0)
	sd	s2, 32(a0)
	sd	s3, 40(a0)
	sd	s4, 48(a0)
	sd	s5, 56(a0)
	sd	s6, 64(a0)
	sd	s7, 72(a0)
	sd	s8, 80(a0)
	sd	s9, 88(a0)
	sd	s10, 96(a0)
	sd	s11, 104(a0)
	li	a0, 0
	ret

	.globl	arch_context_load
arch_context_load:
	ld	ra, 0(a0)
	ld	sp, 8(a0)
	ld	s0, 16(a0)
	ld	s1, 24(a0)
	ld	s2, 32(a0)
	ld	s3, 40(a0)
	ld	s4, 48(a0)
	ld	s5, 56(a0)
	ld	s6, 64(a0)
	ld	s7, 72(a0)
	ld	s8, 80(a0)
	ld	s9, 88(a0)
	ld	s10, 96(a0)
	ld	s11, 104(a0)
	li	a0, 1
	ret

	.section .note.GNU-stack, "", @progbits
