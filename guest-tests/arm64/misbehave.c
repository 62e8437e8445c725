/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64: calls to hypervisor and firmware, system registers, and the board's devices. */
#include "../misbehave.h"
#include "arch/arm64/board.h"

/* Device memory wants aligned access (DDI 0487, "Alignment"). */
const bool any_alignment = false;

const struct victim victims[] = {
	{"serial ports", UART_BASE, UART_NR *UART_STRIDE},
	{"test device", TESTDEV_BASE, 0x1000},
	{"GIC distributor", GIC_DIST_BASE, GIC_DIST_SIZE},
	/* Whatever lies there: the GICv2's CPU interface, or redistributors, and the ITS. */
	{"below the distributor", GIC_DIST_BASE - 0x60000, 0x60000},
	{NULL, 0, 0},
};

const struct region spared[] = {
	{FINISHER_BASE, 0x1000},
	{PVPANIC_BASE, 0x1000},
	{0, 0},
};

unsigned int physical_bits(void)
{
	static const unsigned int bits[] = {32, 36, 40, 42, 44, 48, 48, 48};
	uint64_t mmfr0;

	asm("mrs %0, id_aa64mmfr0_el1" : "=r"(mmfr0));
	return bits[mmfr0 & 7];
}

/* ---- Calls -------------------------------------------------------------------- */

struct call {
	bool smc;
	uint64_t function, result;
};

/* SMC Calling Convention (DEN 0028): x0 to x17 may change. */
static void do_call(void *arg)
{
	struct call *c = arg;
	register uint64_t x0 asm("x0") = c->function;
	register uint64_t x1 asm("x1") = random64();
	register uint64_t x2 asm("x2") = random64();
	register uint64_t x3 asm("x3") = random64();

	if (c->smc)
		asm volatile("smc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8",
			       "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			       "memory");
	else
		asm volatile("hvc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8",
			       "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			       "memory");
	c->result = x0;
}

static void test_calls(void)
{
	/* No service of DEN 0028's table 6-1 uses these numbers; the last two are not of its form at all. */
	static const uint64_t functions[] = {
		0x8000ff77, 0x8100ff77, 0x8300ff77, 0x8400ff77, 0xc400ff77, 0x8600ff77,
		0xc600ff77, 0xb200ff77, 0xf200ff77, 0x12345678, UINT64_MAX,
	};
	unsigned int refused = 0, undefined = 0, tried = 2 * ARRAY_SIZE(functions);

	for (unsigned int i = 0; i < tried; i++) {
		struct call c = {.smc = i & 1, .function = functions[i / 2]};
		struct exception e;

		if (expect_exception(do_call, &c, &e))
			undefined += e.kind == EXC_ILLEGAL;
		/* NOT_SUPPORTED; a 32-bit function may leave the upper half zero. */
		else if ((int32_t)c.result == -1)
			refused++;
		else
			report_info("%s 0x%lx gave 0x%lx", c.smc ? "smc" : "hvc", c.function,
				    c.result);
	}
	report(refused + undefined == tried,
	       "unknown calls: %u of %u refused as not supported, %u undefined instructions",
	       refused, tried, undefined);
}

/* ---- System registers ------------------------------------------------------------ */

#define SYSREG(name)                                            \
	static void access_##name(void *arg)                    \
	{                                                       \
		uint64_t value;                                 \
                                                                \
		asm volatile("mrs %0, " #name : "=r"(value));   \
		asm volatile("msr " #name ", %0" ::"r"(value)); \
	}

/* Implementation defined, EL2's and EL3's, and holes of the encoding. */
SYSREG(s3_0_c15_c0_0)
SYSREG(s3_1_c15_c2_0)
SYSREG(s3_3_c15_c1_7)
SYSREG(s3_4_c1_c1_0)
SYSREG(s3_6_c1_c1_0)
SYSREG(s3_0_c11_c7_5)
SYSREG(s3_2_c0_c0_7)
SYSREG(s3_7_c15_c15_7)
SYSREG(s2_7_c15_c15_7)

static void test_system_registers(void)
{
	static void (*const tries[])(void *arg) = {
		access_s3_0_c15_c0_0, access_s3_1_c15_c2_0,  access_s3_3_c15_c1_7,
		access_s3_4_c1_c1_0,  access_s3_6_c1_c1_0,   access_s3_0_c11_c7_5,
		access_s3_2_c0_c0_7,  access_s3_7_c15_c15_7, access_s2_7_c15_c15_7,
	};
	unsigned int undefined = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++)
		undefined += expect_exception(tries[i], NULL, NULL);
	report(undefined, "%u of %u system registers that do not exist here are undefined",
	       undefined, (unsigned int)ARRAY_SIZE(tries));
}

/*
 * Loads and stores without a valid syndrome (DDI 0487, ESR_EL2.ISV): a pair,
 * with write-back, an exclusive. User space is asked, or the guest gets an
 * abort; they are tried where nothing is.
 */
static void load_pair(void *arg)
{
	uint64_t a, b;

	asm volatile("ldp %0, %1, [%2]" : "=&r"(a), "=r"(b) : "r"(arg) : "memory");
}

static void store_write_back(void *arg)
{
	asm volatile("str xzr, [%0], #8" : "+r"(arg)::"memory");
}

static void load_exclusive(void *arg)
{
	uint64_t value;

	asm volatile("ldxr %0, [%1]" : "=r"(value) : "r"(arg) : "memory");
}

static void zero_cache_line(void *arg)
{
	asm volatile("dc zva, %0" ::"r"(arg) : "memory");
}

static void test_no_syndrome(void)
{
	static void (*const tries[])(void *arg) = {load_pair, store_write_back, load_exclusive,
						   zero_cache_line};
	unsigned int aborts = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++)
		aborts += expect_exception(tries[i], (void *)machine.hole, NULL);
	report(true, "%u accesses that cannot be decoded, to a hole: %u exceptions",
	       (unsigned int)ARRAY_SIZE(tries), aborts);
}

void misbehave_arch(void)
{
	test_calls();
	test_system_registers();
	test_no_syndrome();
}
