/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V: loads and stores to a device that KVM decodes from the instruction,
 * compressed ones and x0 included. A misaligned access to a device is left
 * out: KVM ends KVM_RUN with EIO for it (arch/riscv/kvm/vcpu_insn.c).
 */
#include "../memory.h"
#include "testdev.h"

#define SCRATCH (machine.testdev + TESTDEV_SCRATCH)

#define LOAD(insn, offset)                                                           \
	({                                                                           \
		uint64_t reg = 0x5a5a5a5a5a5a5a5aull;                                \
		asm volatile(insn : "+r"(reg) : "r"(SCRATCH + (offset)) : "memory"); \
		reg;                                                                 \
	})

static void extension(const char *insn, uint64_t got, uint64_t wanted)
{
	report(got == wanted, "%s from a device gives 0x%lx (0x%lx)", insn, wanted, got);
}

static void test_extension(void)
{
	mmio_write64(SCRATCH, 0xfedcba9876543280ull);
	extension("lb", LOAD("lb %0, 0(%1)", 0), 0xffffffffffffff80);
	extension("lbu", LOAD("lbu %0, 0(%1)", 0), 0x80);
	extension("lh", LOAD("lh %0, 0(%1)", 6), 0xfffffffffffffedc);
	extension("lhu", LOAD("lhu %0, 0(%1)", 6), 0xfedc);
	extension("lw", LOAD(".option push\n.option norvc\nlw %0, 0(%1)\n.option pop", 4),
		  0xfffffffffedcba98);
	extension("lwu", LOAD("lwu %0, 0(%1)", 4), 0xfedcba98);
	extension("ld", LOAD(".option push\n.option norvc\nld %0, 0(%1)\n.option pop", 0),
		  0xfedcba9876543280);
}

/* Registers x8 to x15 only; the instruction is 2 bytes long, and KVM must step over just those. */
static void test_compressed(void)
{
	register uint64_t at asm("a4") = SCRATCH;
	register uint64_t value asm("a5");

	mmio_write64(SCRATCH, 0xfedcba9876543280ull);
	asm volatile("c.lw %0, 4(%1)" : "=r"(value) : "r"(at) : "memory");
	extension("c.lw", value, 0xfffffffffedcba98);
	asm volatile("c.ld %0, 0(%1)" : "=r"(value) : "r"(at) : "memory");
	extension("c.ld", value, 0xfedcba9876543280);
	value = 0x1122334455667788;
	asm volatile("c.sw %0, 0(%1)" ::"r"(value), "r"(at) : "memory");
	report(mmio_read64(SCRATCH) == 0xfedcba9855667788, "c.sw to a device");
	asm volatile("c.sd %0, 0(%1)" ::"r"(value), "r"(at) : "memory");
	report(mmio_read64(SCRATCH) == 0x1122334455667788, "c.sd to a device");
}

/* With the stack pointer as base: the encoding has no base register at all. */
static void test_stack_relative(void)
{
	uint64_t value;

	mmio_write64(SCRATCH, 0xfedcba9876543280ull);
	asm volatile("mv t0, sp\n\tmv sp, %1\n\tc.ldsp %0, 0(sp)\n\tmv sp, t0"
		     : "=r"(value)
		     : "r"(SCRATCH)
		     : "t0", "memory");
	extension("c.ldsp", value, 0xfedcba9876543280);
	asm volatile("mv t0, sp\n\tmv sp, %0\n\tc.swsp %1, 0(sp)\n\tmv sp, t0" ::"r"(SCRATCH),
		     "r"(0x1234)
		     : "t0", "memory");
	report(mmio_read64(SCRATCH) == 0xfedcba9800001234, "c.swsp to a device");
}

static void test_zero_register(void)
{
	mmio_write64(SCRATCH, UINT64_MAX);
	asm volatile("lw x0, 0(%0)" ::"r"(SCRATCH) : "memory");
	asm volatile("sw x0, 0(%0)" ::"r"(SCRATCH) : "memory");
	report(mmio_read64(SCRATCH) == 0xffffffff00000000ull, "a store of x0 stores zero");
}

void memory_arch(void)
{
	test_extension();
	test_compressed();
	test_stack_relative();
	test_zero_register();
}
