/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traps of supervisor mode into itself: all registers onto the stack that was
 * in use, as struct regs of arch.h; trap_handle(regs); and back.
 */
#define REGS_SIZE    288
#define REGS_SSTATUS 256
#define REGS_SCAUSE  264
#define REGS_STVAL   272

#define CPU_STACK_TOP	24 /* offsetof(struct cpu, stack_top); smp.c checks it */
#define STACK_SIZE_LOG2	13 /* of GUEST_STACK_SIZE; trap.c checks it */

	.macro	each_reg op
	\op	x1, 8(sp)
	.irp	n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	x\n, 8 * \n(sp)
	.endr
	.endm

	.text
	.balign	4	/* stvec's lowest bits are its mode: 0, all traps come here */
	.globl	trap_entry
trap_entry:
	/* 0 < stack_top - sp <= GUEST_STACK_SIZE, or saving registers would trap, and again. */
	csrw	sscratch, t0
	ld	t0, CPU_STACK_TOP(tp)
	sub	t0, t0, sp
	addi	t0, t0, -1
	srli	t0, t0, STACK_SIZE_LOG2
	bnez	t0, bad_stack
	csrr	t0, sscratch

	addi	sp, sp, -REGS_SIZE
	each_reg sd
	addi	t0, sp, REGS_SIZE
	sd	t0, 16(sp)
	csrr	t0, sepc
	csrr	t1, sstatus
	csrr	t2, scause
	csrr	t3, stval
	sd	t0, 0(sp)
	sd	t1, REGS_SSTATUS(sp)
	sd	t2, REGS_SCAUSE(sp)
	sd	t3, REGS_STVAL(sp)
	mv	a0, sp
	call	trap_handle
	ld	t0, 0(sp)
	ld	t1, REGS_SSTATUS(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	each_reg ld
	ld	sp, 16(sp)
	sret

/* All that can be done without a stack is to say so, on a spare one. */
bad_stack:
	mv	t0, sp
	la	sp, spare_stack_end - REGS_SIZE
	sd	t0, 16(sp)
	csrr	t0, sscratch
	each_reg sd
	csrr	t0, sepc
	csrr	t1, sstatus
	csrr	t2, scause
	csrr	t3, stval
	sd	t0, 0(sp)
	sd	t1, REGS_SSTATUS(sp)
	sd	t2, REGS_SCAUSE(sp)
	sd	t3, REGS_STVAL(sp)
	mv	a0, sp
	call	trap_without_stack

	.bss
	.balign	16
	.skip	4096
spare_stack_end:

	.section .note.GNU-stack, "", @progbits
