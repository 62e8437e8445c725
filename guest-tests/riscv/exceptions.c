/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V: exceptions by cause (scause). */
#include "../exceptions.h"

#define UNMAPPED 0x2f34567000ul

/*
 * Linux up to 7.1 at most does not delegate illegal instructions to the guest
 * (hedeleg): firmware gets them in M-mode and hands them to the host's kernel,
 * for which it clears mstatus.MPV. In QEMU 10.0 and 11.1 (not in 7.2) a write of
 * mstatus leaves that bit as it is, so the hart stays in the guest, at the
 * address of the host's trap handler. Linux 7.2 delegates them.
 */
const char *known_bug(enum exception_kind wanted, const struct exception *e)
{
	bool host_address = wanted == EXC_ILLEGAL && (int64_t)e->pc < 0;

	return e->vector == 12 && host_address && e->addr == e->pc
		       ? "QEMU 10 does not let firmware leave the guest (mstatus.MPV); Linux 7.2 does not need it to"
		       : NULL;
}

/* unimp: a write to the read-only CSR cycle. */
static void undefined(void *arg)
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

const enum exception_kind usual_kind = EXC_BREAK;
const unsigned int usual_length = 4;

/* Not an illegal instruction, because of what is said above. */
void usual(void *arg)
{
	asm volatile(".option push\n.option norvc\nebreak\n.option pop");
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
	{"ebreak", usual, EXC_BREAK, 3},
	{"a load where nothing is mapped", load_not_mapped, EXC_PAGE, 13},
	{"a store where nothing is mapped", store_not_mapped, EXC_PAGE, 15},
	{"a jump where nothing is mapped", call_not_mapped, EXC_PAGE, 12},
	{0},
};
