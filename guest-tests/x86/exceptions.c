/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86: exceptions by vector. Those of software interrupts (int3, int n) stand
 * in softint.c, because some hosts' KVM cannot emulate them.
 */
#include "../exceptions.h"
#include "x86.h"

#define NON_CANONICAL 0x8000000000000000ul
#define UNMAPPED      0x2f34567000ul
#define BAD_MSR	      0x12345678
#define BAD_SELECTOR  0xfff8
#define RFLAGS_TF     (1 << 8)

const enum exception_kind usual_kind = EXC_ILLEGAL;
const unsigned int usual_length = 2;

void usual(void *arg)
{
	asm volatile("ud2");
}

static void divide_by_zero(void *arg)
{
	uint32_t eax = 1, edx = 0;

	asm volatile("divl %2" : "+a"(eax), "+d"(edx) : "r"(0) : "cc");
}

static void divide_overflow(void *arg)
{
	uint32_t eax = 0, edx = 1;

	asm volatile("divl %2" : "+a"(eax), "+d"(edx) : "r"(1) : "cc");
}

static void non_canonical(void *arg)
{
	mmio_read64(NON_CANONICAL);
}

static void read_bad_msr(void *arg)
{
	rdmsr(BAD_MSR);
}

static void write_bad_msr(void *arg)
{
	wrmsr(BAD_MSR, 0);
}

static void bad_selector(void *arg)
{
	asm volatile("movl %0, %%ds" ::"r"(BAD_SELECTOR));
}

static void clear_pae(void *arg)
{
	uint64_t cr4;

	asm volatile("movq %%cr4, %0" : "=r"(cr4));
	asm volatile("movq %0, %%cr4" ::"r"(cr4 & ~(uint64_t)CR4_PAE) : "memory");
}

static void not_mapped(void *arg)
{
	mmio_read32(UNMAPPED);
}

static void single_step(void *arg)
{
	asm volatile("pushfq; orl %0, (%%rsp); popfq; nop; nop" ::"i"(RFLAGS_TF) : "memory", "cc");
}

const struct provocation provocations[] = {
	{"ud2", usual, EXC_ILLEGAL, 6},
	{"division by zero", divide_by_zero, EXC_DIVIDE, 0},
	{"a quotient that does not fit", divide_overflow, EXC_DIVIDE, 0},
	{"a non-canonical address", non_canonical, EXC_ACCESS, 13},
	{"rdmsr of an MSR that does not exist", read_bad_msr, EXC_ACCESS, 13},
	{"wrmsr to it", write_bad_msr, EXC_ACCESS, 13},
	{"a selector beyond the GDT", bad_selector, EXC_ACCESS, 13},
	{"CR4.PAE cleared in long mode", clear_pae, EXC_ACCESS, 13},
	{"a page that is not present", not_mapped, EXC_PAGE, 14},
	{"RFLAGS.TF", single_step, EXC_DEBUG, 1},
	{0},
};

/* The error code's bits: P 0, W 1, U 2, RSVD 3, I/D 4. */
static void write_read_only(void *arg)
{
	mmio_write8(UNMAPPED, 0);
}

static void test_error_codes(void)
{
	struct exception e = {.code = -1ul};

	expect_exception(not_mapped, NULL, &e);
	report(e.code == 0 && e.addr == UNMAPPED,
	       "#PF of a read of nothing: error code 0x%lx, CR2 0x%lx", e.code, e.addr);
	map_page(UNMAPPED, (uint64_t)page_alloc(), 0);
	e.code = -1ul;
	expect_exception(write_read_only, NULL, &e);
	report(e.code == 3, "#PF of a write to a read-only page: error code 0x%lx (P, W)", e.code);
	unmap_page(UNMAPPED);
	e.code = -1ul;
	expect_exception(bad_selector, NULL, &e);
	report(e.code == BAD_SELECTOR, "#GP of a selector tells it: error code 0x%lx", e.code);
	e.code = -1ul;
	expect_exception(read_bad_msr, NULL, &e);
	report(e.code == 0, "#GP of rdmsr has error code 0x%lx", e.code);
}

void exceptions_arch(void)
{
	test_error_codes();
}
