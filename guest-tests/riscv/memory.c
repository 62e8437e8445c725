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

#define UNCOMPRESSED(insn) ".option push\n.option norvc\n" insn "\n.option pop"

static void extension(const char *insn, uint64_t got, uint64_t wanted)
{
	report(got == wanted, "%s from a device gives 0x%lx (0x%lx)", insn, wanted, got);
}

static void sign_extension(const char *insn, uint64_t got, uint64_t wanted, uint64_t zero_extended)
{
	const char *bug =
		"KVM shifts the sign in as unsigned (kvm_riscv_vcpu_mmio_return() of Linux 6.12; "
		"right in 7.2)";

	report_known(got == wanted, got == zero_extended ? bug : NULL,
		     "%s from a device gives 0x%lx (0x%lx)", insn, wanted, got);
}

static void test_extension(void)
{
	mmio_write64(SCRATCH, 0xfedcba9876543280ull);
	extension("lbu", LOAD("lbu %0, 0(%1)", 0), 0x80);
	extension("lhu", LOAD("lhu %0, 0(%1)", 6), 0xfedc);
	extension("lwu", LOAD("lwu %0, 0(%1)", 4), 0xfedcba98);
	extension("ld", LOAD(UNCOMPRESSED("ld %0, 0(%1)"), 0), 0xfedcba9876543280);
	sign_extension("lb", LOAD("lb %0, 0(%1)", 0), 0xffffffffffffff80, 0x80);
	sign_extension("lh", LOAD("lh %0, 0(%1)", 6), 0xfffffffffffffedc, 0xfedc);
	sign_extension("lw", LOAD(UNCOMPRESSED("lw %0, 0(%1)"), 4), 0xfffffffffedcba98, 0xfedcba98);
}

/*
 * Registers x8 to x15 only; the instruction is 2 bytes long, and KVM must step
 * over just those.
 */
#define COMPRESSED_LOAD(insn)                                                         \
	({                                                                            \
		uint64_t at = SCRATCH;                                                \
		register uint64_t base asm("a4") = at;                                \
		register uint64_t value asm("a5");                                    \
		asm volatile(insn " %0, 0(%1)" : "=r"(value) : "r"(base) : "memory"); \
		value;                                                                \
	})

#define COMPRESSED_STORE(insn, what)                                                \
	({                                                                          \
		uint64_t at = SCRATCH;                                              \
		register uint64_t base asm("a4") = at;                              \
		register uint64_t value asm("a5") = what;                           \
		asm volatile(insn " %0, 0(%1)" ::"r"(value), "r"(base) : "memory"); \
	})

static void test_compressed(void)
{
	mmio_write64(SCRATCH, 0xfedcba9876543280ull);
	extension("c.ld", COMPRESSED_LOAD("c.ld"), 0xfedcba9876543280);
	COMPRESSED_STORE("c.sw", 0x1122334455667788);
	report(mmio_read64(SCRATCH) == 0xfedcba9855667788, "c.sw to a device");
	COMPRESSED_STORE("c.sd", 0x1122334455667788);
	report(mmio_read64(SCRATCH) == 0x1122334455667788, "c.sd to a device");
	mmio_write64(SCRATCH, 0x76543280);
	extension("c.lw", COMPRESSED_LOAD("c.lw"), 0x76543280);
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
	const char *bug = "KVM keeps what a load into x0 has read and stores it as x0 "
			  "(SET_RD() and GET_RS2() on struct kvm_cpu_context.zero; Linux 7.2 too)";
	uint64_t value;

	mmio_write64(SCRATCH, UINT64_MAX);
	asm volatile("sw x0, 0(%0)" ::"r"(SCRATCH) : "memory");
	report(mmio_read64(SCRATCH) == 0xffffffff00000000ull, "a store of x0 stores zero");
	asm volatile("lw x0, 4(%0)\n\tsw x0, 4(%0)" ::"r"(SCRATCH) : "memory");
	value = mmio_read64(SCRATCH);
	report_known(!value, value >> 32 == UINT32_MAX ? bug : NULL,
		     "after a load into x0 it is still zero (0x%lx)", value >> 32);
}

void memory_arch(void)
{
	test_extension();
	test_compressed();
	test_stack_relative();
	test_zero_register();
}
