/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: software interrupts. Apart from exceptions.c, because a KVM that emulates CPL 0 may not know them. */
#include "guest.h"
#include "x86.h"

#define VECTOR 0x91

static void breakpoint(void *arg)
{
	asm volatile("int3");
}

static void int_3(void *arg)
{
	asm volatile(".byte 0xcd, 3"); /* the assembler would make int3 of it */
}

static void int_6(void *arg)
{
	asm volatile("int $6");
}

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

int main(void)
{
	struct exception e = {.kind = EXC_NR};
	unsigned int counted = 0;

	/* A trap: the saved address is that of the next instruction. */
	report(expect_exception(breakpoint, NULL, &e) && e.kind == EXC_BREAK && e.vector == 3 &&
		       *(const uint8_t *)(e.pc - 1) == 0xcc,
	       "int3 is #BP, its address one past it");
	report(expect_exception(int_3, NULL, &e) && e.vector == 3 &&
		       *(const uint8_t *)(e.pc - 2) == 0xcd,
	       "int $3, the long form, too");
	report(expect_exception(int_6, NULL, &e) && e.vector == 6 &&
		       *(const uint8_t *)(e.pc - 2) == 0xcd,
	       "int $6 enters vector 6 past the instruction");
	vector_handler(VECTOR, count, &counted);
	for (unsigned int i = 0; i < 10; i++)
		asm volatile("int %0" ::"i"(VECTOR) : "memory");
	report(counted == 10, "int $0x%x reached its handler %u of 10 times and came back", VECTOR,
	       counted);
	return 0;
}
