/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64: exceptions by class (ESR_EL1.EC). */
#include "../exceptions.h"

#define UNMAPPED 0x2f34567000ul

const enum exception_kind usual_kind = EXC_ILLEGAL;
const unsigned int usual_length = 4;

void usual(void *arg)
{
	asm volatile("udf #0");
}

/* An implementation-defined encoding that no CPU under KVM has. */
static void undefined_register(void *arg)
{
	uint64_t value;

	asm volatile("mrs %0, s3_7_c15_c15_7" : "=r"(value));
}

static void breakpoint(void *arg)
{
	asm volatile("brk #1");
}

static void not_mapped(void *arg)
{
	mmio_read32(UNMAPPED);
}

static void call_not_mapped(void *arg)
{
	((void (*)(void))UNMAPPED)();
}

static void supervisor_call(void *arg)
{
	asm volatile("svc #0");
}

const struct provocation provocations[] = {
	{"udf", usual, EXC_ILLEGAL, 0x00},
	{"a system register that does not exist", undefined_register, EXC_ILLEGAL, 0x00},
	{"brk", breakpoint, EXC_BREAK, 0x3c},
	{"a load where nothing is mapped", not_mapped, EXC_PAGE, 0x25},
	{"a jump where nothing is mapped", call_not_mapped, EXC_PAGE, 0x21},
	{"svc", supervisor_call, EXC_OTHER, 0x15},
	{0},
};
