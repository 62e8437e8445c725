/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: what KVM's instruction emulator must make of memory operands that are a device's. */
#include "../memory.h"
#include "testdev.h"

#define SCRATCH (machine.testdev + TESTDEV_SCRATCH)

/* One load, and what the whole register holds after it. */
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
	extension("movzbl", LOAD("movzbl (%1), %k0", 0), 0x80);
	extension("movsbl", LOAD("movsbl (%1), %k0", 0), 0xffffff80);
	extension("movsbq", LOAD("movsbq (%1), %q0", 0), 0xffffffffffffff80);
	extension("movzwl", LOAD("movzwl (%1), %k0", 0), 0x3280);
	extension("movswq", LOAD("movswq (%1), %q0", 6), 0xfffffffffffffedc);
	extension("movslq", LOAD("movslq (%1), %q0", 4), 0xfffffffffedcba98);
	extension("movb", LOAD("movb (%1), %b0", 0), 0x5a5a5a5a5a5a5a80);
	extension("movw", LOAD("movw (%1), %w0", 0), 0x5a5a5a5a5a5a3280);
	extension("movl", LOAD("movl (%1), %k0", 0), 0x76543280);
}

/* The architecture allows any alignment; inside the window it is one access, or pieces that add up. */
static void test_unaligned(void)
{
	uint64_t va = SCRATCH;

	mmio_write64(va, 0x8877665544332211ull);
	report(mmio_read16(va + 1) == 0x3322 && mmio_read32(va + 3) == 0x77665544 &&
		       mmio_read16(va + 3) == 0x5544,
	       "unaligned reads of a device");
	mmio_write32(va + 1, 0xddccbbaa);
	report(mmio_read64(va) == 0x887766ddccbbaa11ull, "an unaligned write to a device");
	/* Two bytes in the page, which read zero there, and two where nothing is. */
	report(mmio_read32(machine.testdev + TESTDEV_SIZE - 2) >> 16 == 0xffff,
	       "a read across the device's end has all ones beyond it");
}

static void test_compound(void)
{
	uint64_t va = SCRATCH;
	uint32_t old = 7;
	uint8_t flag;

	mmio_write64(va, 5);
	asm volatile("addl $3, (%0)" ::"r"(va) : "memory", "cc");
	report(mmio_read64(va) == 8, "add to a device reads, then writes");
	asm volatile("xchgl %0, (%1)" : "+r"(old) : "r"(va) : "memory");
	report(old == 8 && mmio_read64(va) == 7, "xchg with a device");
	asm volatile("lock; orb $0x10, (%0)" ::"r"(va) : "memory", "cc");
	report(mmio_read64(va) == 0x17, "a locked or to a device");
	asm volatile("testb $0x10, (%1); setnz %0" : "=q"(flag) : "r"(va) : "memory", "cc");
	report(flag, "test of a device sets the flags");
	asm volatile("movl $0x12345678, (%0)" ::"r"(va) : "memory");
	report(mmio_read32(va) == 0x12345678, "an immediate stored to a device");
}

static void test_string(void)
{
	uint8_t buf[8] = {0};
	void *dst = buf;
	const void *src = (const void *)SCRATCH;
	uint64_t count = 8;

	mmio_write64(SCRATCH, 0x0807060504030201ull);
	testdev_write(TESTDEV_CLEAR, 0);
	asm volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(count)::"memory");
	report(!count && buf[0] == 1 && buf[7] == 8, "rep movsb from a device");
	src = buf;
	dst = (void *)SCRATCH;
	count = 2;
	memset(buf, 0xc3, sizeof(buf));
	asm volatile("rep movsl" : "+D"(dst), "+S"(src), "+c"(count)::"memory");
	report(!count && mmio_read64(SCRATCH) == 0xc3c3c3c3c3c3c3c3ull, "rep movsl to a device");
	dst = (void *)SCRATCH;
	count = 4;
	asm volatile("rep stosw" : "+D"(dst), "+c"(count) : "a"(0xbeef) : "memory");
	report(!count && mmio_read64(SCRATCH) == 0xbeefbeefbeefbeefull, "rep stosw to a device");
}

void memory_arch(void)
{
	test_extension();
	test_unaligned();
	test_compound();
	test_string();
}
