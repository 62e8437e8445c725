/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64: loads and stores to a device that KVM decodes from the syndrome (ESR_EL2.ISS: SAS, SSE, SF). */
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

static void sign_extension(const char *insn, uint64_t got, uint64_t wanted, uint64_t zero_extended)
{
	const char *bug =
		"KVM cuts the extended sign off again (kvm_handle_mmio_return() of Linux 5.10, "
		"6.1, 6.12; right in 7.2)";

	report_known(got == wanted, got == zero_extended ? bug : NULL,
		     "%s from a device gives 0x%lx (0x%lx)", insn, wanted, got);
}

static void test_extension(void)
{
	mmio_write64(SCRATCH, 0xfedcba9876543280ull);
	extension("ldrb", LOAD("ldrb %w0, [%1]", 0), 0x80);
	extension("ldrh", LOAD("ldrh %w0, [%1]", 0), 0x3280);
	extension("ldr w", LOAD("ldr %w0, [%1]", 4), 0xfedcba98);
	extension("ldar w", LOAD("ldar %w0, [%1]", 0), 0x76543280);
	sign_extension("ldrsb w", LOAD("ldrsb %w0, [%1]", 0), 0xffffff80, 0x80);
	sign_extension("ldrsb x", LOAD("ldrsb %x0, [%1]", 0), 0xffffffffffffff80, 0x80);
	sign_extension("ldrsh w", LOAD("ldrsh %w0, [%1]", 6), 0xfffffedc, 0xfedc);
	sign_extension("ldrsh x", LOAD("ldrsh %x0, [%1]", 6), 0xfffffffffffffedc, 0xfedc);
	sign_extension("ldrsw", LOAD("ldrsw %x0, [%1]", 4), 0xfffffffffedcba98, 0xfedcba98);
}

/* The register XZR is number 31 in the syndrome, and must not be taken for SP. */
static void test_zero_register(void)
{
	uint64_t sp_before, sp_after;

	mmio_write64(SCRATCH, UINT64_MAX);
	asm volatile("str wzr, [%0]" ::"r"(SCRATCH) : "memory");
	report(mmio_read64(SCRATCH) == 0xffffffff00000000ull, "a store of WZR stores zero");
	asm volatile("mov %0, sp\n\tldr xzr, [%2]\n\tmov %1, sp"
		     : "=&r"(sp_before), "=r"(sp_after)
		     : "r"(SCRATCH)
		     : "memory");
	report(sp_before == sp_after, "a load into XZR changes nothing");
}

static void unaligned(void *arg)
{
	asm volatile("ldr wzr, [%0]" ::"r"(SCRATCH + 1) : "memory");
}

static void test_unaligned(void)
{
	struct exception e = {.kind = EXC_NR};

	report(expect_exception(unaligned, NULL, &e) && e.kind == EXC_ALIGN &&
		       e.addr == SCRATCH + 1,
	       "an unaligned load of Device memory faults in the guest (%s)",
	       exception_name(e.kind));
}

void memory_arch(void)
{
	test_extension();
	test_zero_register();
	test_unaligned();
}
