/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V: SBI calls, CSRs, and the board's devices. */
#include "../misbehave.h"
#include "arch/riscv/board.h"

/* KVM_RUN fails with EIO for a misaligned access to a device; kvmbed makes an exception of it (arch/riscv/trap.c). */
const bool any_alignment = true;

const struct victim victims[] = {
	{"serial port", UART_BASE, 8},
	{"test device", TESTDEV_BASE, 0x1000},
	/* One of the two is there. */
	{"PLIC", PLIC_BASE, 0x400000},
	{"APLIC", APLIC_BASE, 0x4000},
	{"IMSIC", IMSIC_BASE, 0x1000},
	{NULL, 0, 0},
};

const struct region spared[] = {
	{FINISHER_BASE, 0x1000},
	{PVPANIC_BASE, 0x1000},
	{0, 0},
};

/* What a page table entry can name; the second stage may have less, and then the guest gets a fault. */
unsigned int physical_bits(void)
{
	return 56;
}

/* ---- SBI ------------------------------------------------------------------------ */

#define SBI_ERR_NOT_SUPPORTED (-2l)

static long sbi(uint64_t extension, uint64_t function)
{
	register uint64_t a0 asm("a0") = random64();
	register uint64_t a1 asm("a1") = random64();
	register uint64_t a6 asm("a6") = function;
	register uint64_t a7 asm("a7") = extension;

	asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
	return a0;
}

static void test_extensions(void)
{
	/* Reserved, experimental, vendor, firmware, and no extension's space at all; legacy ones that SBI 0.1 lacks. */
	static const uint64_t extensions[] = {
		0x9,	    0xf,	0x123456,   0x08000000, 0x08ffffff, 0x09000000,
		0x09ffffff, 0x0a000001, 0x0affffff, 0x7fffffff, 0xffffffff, UINT64_MAX,
	};
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(extensions); i++) {
		long error = sbi(extensions[i], 0);

		if (error == SBI_ERR_NOT_SUPPORTED)
			refused++;
		else
			report_info("extension 0x%lx gave %ld", extensions[i], error);
	}
	report(refused == ARRAY_SIZE(extensions),
	       "%u of %u unknown extensions are refused as not supported", refused,
	       (unsigned int)ARRAY_SIZE(extensions));
}

/* Functions that these extensions do not have: base, TIME, IPI, RFENCE, HSM, SRST. */
static void test_functions(void)
{
	static const uint64_t extensions[] = {0x10,	  0x54494d45, 0x735049,
					      0x52464e43, 0x48534d,   0x53525354};
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(extensions); i++) {
		long error = sbi(extensions[i], 0x77);

		if (error < 0)
			refused++;
		else
			report_info("function 0x77 of 0x%lx gave %ld", extensions[i], error);
	}
	report(refused == ARRAY_SIZE(extensions), "%u of %u unknown functions are refused", refused,
	       (unsigned int)ARRAY_SIZE(extensions));
}

/* ---- CSRs ------------------------------------------------------------------------- */

#define CSR(number)                                                \
	static void access_##number(void *arg)                     \
	{                                                          \
		uint64_t value;                                    \
                                                                   \
		asm volatile("csrr %0, " #number : "=r"(value));   \
		asm volatile("csrw " #number ", %0" ::"r"(value)); \
	}

/* Custom, machine, hypervisor, debug, and holes. */
CSR(0x008)
CSR(0x0ff)
CSR(0x300)
CSR(0x5c0)
CSR(0x600)
CSR(0x6c0)
CSR(0x7b0)
CSR(0x7c0)
CSR(0x800)
CSR(0xbc0)
CSR(0xf11)
CSR(0xfff)

static void test_csrs(void)
{
	static void (*const tries[])(void *arg) = {
		access_0x008, access_0x0ff, access_0x300, access_0x5c0, access_0x600, access_0x6c0,
		access_0x7b0, access_0x7c0, access_0x800, access_0xbc0, access_0xf11, access_0xfff,
	};
	unsigned int illegal = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++)
		illegal += expect_exception(tries[i], NULL, NULL);
	report(illegal == ARRAY_SIZE(tries),
	       "%u of %u CSRs that a supervisor does not have are illegal", illegal,
	       (unsigned int)ARRAY_SIZE(tries));
}

/* ---- Accesses that KVM does not emulate --------------------------------------------- */

static void load_misaligned(void *arg)
{
	mmio_read32(machine.hole + 2);
}

static void store_misaligned(void *arg)
{
	mmio_write64(machine.hole + 4, 0);
}

static void load_reserved(void *arg)
{
	asm volatile("lr.d a0, (%0)" ::"r"(machine.hole) : "a0", "memory");
}

static void add_atomically(void *arg)
{
	asm volatile("amoadd.w a0, a1, (%0)" ::"r"(machine.hole) : "a0", "memory");
}

static void compressed_store_misaligned(void *arg)
{
	register uint64_t at asm("a4") = machine.hole + 2;

	asm volatile("c.sw a5, 4(%0)" ::"r"(at) : "memory");
}

/* The hole is not executable in the boot map, so it is mapped once more. */
#define CODE 0x2f67890000ul

static void fetch(void *arg)
{
	((void (*)(void))CODE)();
}

/* Hardware has an exception for each: misaligned (4, 6), or access fault (1, 5, 7). */
static void test_not_emulated(void)
{
	const struct {
		const char *text;
		void (*fn)(void *arg);
		unsigned int cause;
		uint64_t addr;
	} tries[] = {
		{"a misaligned load", load_misaligned, 4, machine.hole + 2},
		{"a misaligned store", store_misaligned, 6, machine.hole + 4},
		{"a compressed misaligned store", compressed_store_misaligned, 6, machine.hole + 6},
		{"a load-reserved", load_reserved, 5, machine.hole},
		{"an atomic addition", add_atomically, 7, machine.hole},
		{"a jump", fetch, 1, CODE},
	};

	map_page(CODE, machine.hole, MAP_EXEC);
	for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
		struct exception e = {0};
		bool caught = expect_exception(tries[i].fn, NULL, &e);

		report(caught && e.vector == tries[i].cause && e.addr == tries[i].addr,
		       "%s where nothing is: exception %u at 0x%lx (%u at 0x%lx)", tries[i].text,
		       tries[i].cause, tries[i].addr, e.vector, e.addr);
	}
}

void misbehave_arch(void)
{
	test_not_emulated();
	test_extensions();
	test_functions();
	test_csrs();
}
