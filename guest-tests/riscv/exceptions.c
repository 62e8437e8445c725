/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V: exceptions by cause (scause). */
#include "../exceptions.h"

#define UNMAPPED 0x2f34567000ul

const unsigned int undefined_length = 4;

/* unimp: a write to the read-only CSR cycle. */
void undefined(void *arg)
{
	asm volatile(".option push\n.option norvc\nunimp\n.option pop");
}

static void compressed_zero(void *arg)
{
	asm volatile(".2byte 0");
}

static void machine_csr(void *arg)
{
	uint64_t value;

	asm volatile("csrr %0, mstatus" : "=r"(value));
}

static void breakpoint(void *arg)
{
	asm volatile("ebreak");
}

static void load_not_mapped(void *arg)
{
	mmio_read32(UNMAPPED);
}

static void store_not_mapped(void *arg)
{
	mmio_write32(UNMAPPED, 0);
}

static void call_not_mapped(void *arg)
{
	((void (*)(void))UNMAPPED)();
}

const struct provocation provocations[] = {
	{"unimp", undefined, EXC_ILLEGAL, 2},
	{"a compressed instruction of zeroes", compressed_zero, EXC_ILLEGAL, 2},
	{"a machine-mode CSR", machine_csr, EXC_ILLEGAL, 2},
	{"ebreak", breakpoint, EXC_BREAK, 3},
	{"a load where nothing is mapped", load_not_mapped, EXC_PAGE, 13},
	{"a store where nothing is mapped", store_not_mapped, EXC_PAGE, 15},
	{"a jump where nothing is mapped", call_not_mapped, EXC_PAGE, 12},
	{NULL, NULL, EXC_OTHER, 0},
};
