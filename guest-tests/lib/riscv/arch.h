/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V: saved registers, and what is one instruction. Included by guest.h. */
#ifndef GUEST_RISCV_ARCH_H
#define GUEST_RISCV_ARCH_H

struct cpu;

/* In the order in which trap.S saves them: x[n] is register xn, and x[0] the program counter. */
struct regs {
	uint64_t x[32];
	uint64_t sstatus, scause, stval;
	uint64_t pad; /* the stack stays aligned to 16 bytes */
};

/* Callee-saved by the calling convention; start.S knows the order. */
struct arch_context {
	uint64_t ra, sp, s[12];
};

#define SSTATUS_SIE (1ul << 1)
#define SSTATUS_SPP (1ul << 8)

#define csr_read(csr)                                                       \
	({                                                                  \
		uint64_t csr_value_;                                        \
		asm volatile("csrr %0, " csr : "=r"(csr_value_)::"memory"); \
		csr_value_;                                                 \
	})
#define csr_write(csr, value) asm volatile("csrw " csr ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits)    asm volatile("csrs " csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits)  asm volatile("csrc " csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")

static inline uint64_t regs_pc(const struct regs *regs)
{
	return regs->x[0];
}

static inline void regs_set_pc(struct regs *regs, uint64_t pc)
{
	regs->x[0] = pc;
}

/* The PAUSE hint of Zihintpause; an ordinary FENCE where that is not known. */
static inline void cpu_relax(void)
{
	asm volatile(".insn 0x0100000f" ::: "memory");
}

/* The thread pointer, which compiled code leaves alone, holds this CPU's struct cpu. */
static inline struct cpu *arch_cpu(void)
{
	struct cpu *cpu;

	asm("mv %0, tp" : "=r"(cpu));
	return cpu;
}

static inline void irq_on(void)
{
	csr_set("sstatus", SSTATUS_SIE);
}

static inline void irq_off(void)
{
	csr_clear("sstatus", SSTATUS_SIE);
}

static inline bool irq_save(void)
{
	uint64_t old;

	asm volatile("csrrc %0, sstatus, %1" : "=r"(old) : "rK"(SSTATUS_SIE) : "memory");
	return old & SSTATUS_SIE;
}

static inline void irq_restore(bool on)
{
	if (on)
		irq_on();
	else
		irq_off();
}

/* What the SBI calls CPU @cpu. */
uint64_t hart_id(unsigned int cpu);
/* Whether the harts' riscv,isa-extensions list @name. */
bool hart_has(const char *name);

struct sbi_ret {
	long error;
	unsigned long value;
};

/* A call of the SBI (RISC-V Supervisor Binary Interface Specification, "Binary Encoding"). */
static inline struct sbi_ret sbi_call(unsigned long extension, unsigned long function,
				      unsigned long arg0, unsigned long arg1, unsigned long arg2)
{
	register unsigned long a0 asm("a0") = arg0;
	register unsigned long a1 asm("a1") = arg1;
	register unsigned long a2 asm("a2") = arg2;
	register unsigned long a6 asm("a6") = function;
	register unsigned long a7 asm("a7") = extension;

	asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (struct sbi_ret){a0, a1};
}

#endif
