/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: ports, string I/O, hypercalls, MSRs, CPUID, and the board's devices. */
#include "../misbehave.h"
#include "x86.h"
#include "arch/x86/board.h"

const bool any_alignment = true;

const struct victim victims[] = {
	{"I/O APIC", 0xfec00000, 0x100},
	{"test device", BOARD_TESTDEV, 0x1000},
	/* The page's registers; those that would start or stop this CPU are spared. */
	{"local APIC", 0xfee00000, 0x400},
	{"local APIC's last page bytes", 0xfee00ff0, 0x10},
	{NULL, 0, 0},
};

const struct region spared[] = {
	/* ICR: an INIT to oneself. */
	{0xfee00300, 0x20},
	/* KVM's own pages for VMX without unrestricted guest; they are its business. */
	{BOARD_IDENTITY_MAP, 0x4000},
	{0, 0},
};

unsigned int physical_bits(void)
{
	unsigned int bits = 36;

	if (cpuid(0x80000000, 0).eax >= 0x80000008)
		bits = cpuid(0x80000008, 0).eax & 0xff;
	return bits > 52 ? 52 : bits;
}

/* ---- Ports --------------------------------------------------------------------- */

struct port_range {
	uint16_t first, last;
};

/* Ports that end the VM, which is their job, and the three below each, from where a wide access reaches them. */
static const struct port_range deadly[] = {
	{0x61, 0x64},	  /* keyboard controller: reset */
	{0x8f, 0x92},	  /* fast reset */
	{0xf1, 0xf7},	  /* debug exit */
	{0x502, 0x505},	  /* pvpanic */
	{0x5fd, 0x60b},	  /* ACPI: power off */
	{0xcf6, 0xcf9},	  /* reset control */
	{0x88fd, 0x8900}, /* "Shutdown" */
	{0, 0},
};

static bool is_deadly(unsigned int port)
{
	for (const struct port_range *r = deadly; r->last; r++)
		if (port >= r->first && port <= r->last)
			return true;
	return false;
}

static void test_ports(void)
{
	unsigned int tried = 0;
	uint64_t value;

	for (unsigned int port = 0; port < 0x10000; port += port < 0x600 ? 1 : 61) {
		inb(port);
		inw(port);
		inl(port);
		tried += 3;
		if (is_deadly(port))
			continue;
		/* What reaches the console's data is spaces, so that the report stays readable. */
		if (port + 3 >= BOARD_COM1 && port <= BOARD_COM1)
			value = 0x2020202020202020;
		else
			value = random64();
		outb(port, value);
		outw(port, value);
		outl(port, value);
		tried += 3;
	}
	report(true, "%u accesses to ports", tried);
}

static void test_string_io(void)
{
	static uint8_t buf[4096];
	unsigned int tried = 0;

	for (unsigned int port = 0; port < 0x10000; port += port < 0x600 ? 7 : 4099) {
		const void *src = buf;
		void *dst = buf;
		uint64_t n = 64;

		if (is_deadly(port))
			continue;
		asm volatile("rep insb" : "+D"(dst), "+c"(n) : "d"(port) : "memory");
		dst = buf;
		n = 300;
		asm volatile("rep insl" : "+D"(dst), "+c"(n) : "d"(port) : "memory");
		n = 64;
		asm volatile("rep outsb" : "+S"(src), "+c"(n) : "d"(port) : "memory");
		src = buf;
		n = 17;
		asm volatile("rep outsw" : "+S"(src), "+c"(n) : "d"(port) : "memory");
		tried += 4;
	}
	report(true, "%u string instructions to and from ports", tried);
	/* Out of a device's memory, into another's. */
	{
		const void *src = (const void *)(uint64_t)BOARD_TESTDEV;
		void *dst = (void *)(uint64_t)BOARD_TESTDEV;
		uint64_t n = 64;

		asm volatile("rep outsl" : "+S"(src), "+c"(n) : "d"(0xe0) : "memory");
		n = 64;
		asm volatile("rep insw" : "+D"(dst), "+c"(n) : "d"(0x21) : "memory");
		report(!n, "string I/O from a device to a device");
	}
}

/* ---- Hypercalls, MSRs, CPUID ------------------------------------------------------ */

#define KVM_ENOSYS (-1000l) /* Documentation/virt/kvm/x86/hypercalls.rst */

struct hypercall {
	bool amd;
	uint64_t nr, result;
};

static void call(void *arg)
{
	struct hypercall *h = arg;

	h->result = h->nr;
	if (h->amd)
		asm volatile("vmmcall"
			     : "+a"(h->result)
			     : "b"(-1ul), "c"(-1ul), "d"(-1ul), "S"(-1ul)
			     : "memory");
	else
		asm volatile("vmcall"
			     : "+a"(h->result)
			     : "b"(-1ul), "c"(-1ul), "d"(-1ul), "S"(-1ul)
			     : "memory");
}

/*
 * A KVM that emulates CPL 0 puts the host's own instruction in place of the
 * hypercall, executes again, and so on for ever. The timer gets out of that:
 * its handler leaves through the exception that expect_exception() waits for.
 */
static void give_up(void *arg)
{
	lapic_eoi();
	asm volatile("ud2");
}

static void call_for_a_while(void *arg)
{
	timer_start(200 * NSEC_PER_MSEC, give_up, NULL);
	irq_on();
	call(arg);
}

static bool host_loops(void)
{
	struct hypercall h = {.nr = 0x63};
	struct exception e;
	bool never = expect_exception(call_for_a_while, &h, &e) && *(const uint8_t *)e.pc == 0x0f &&
		     *(const uint8_t *)(e.pc + 1) == 0x0b;

	timer_stop();
	return never;
}

static void test_hypercalls(void)
{
	static const uint64_t numbers[] = {0x63, 0x1234, 0x7fffffff, 0x8000000000000000, -1ul};
	unsigned int refused = 0, undefined = 0;

	if (!lapic_present()) {
		report_skip("hypercalls: no timer to end one that never returns");
		return;
	}
	if (host_loops()) {
		report_skip("hypercalls: this host's KVM executes one for ever");
		return;
	}
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(numbers); i++) {
		struct hypercall h = {.amd = i & 1, .nr = numbers[i / 2]};
		struct exception e;

		if (expect_exception(call, &h, &e))
			undefined += e.kind == EXC_ILLEGAL;
		else
			refused += (int64_t)h.result == KVM_ENOSYS;
	}
	report(refused + undefined == 2 * ARRAY_SIZE(numbers),
	       "unknown hypercalls: %u refused with -ENOSYS, %u undefined instructions", refused,
	       undefined);
}

struct msr {
	uint32_t number;
	uint64_t value;
};

static void msr_read(void *arg)
{
	struct msr *m = arg;

	m->value = rdmsr(m->number);
}

static void msr_write(void *arg)
{
	struct msr *m = arg;

	wrmsr(m->number, m->value);
}

/* One that reads is written back as it was; one that does not gets garbage. */
static void test_msrs(void)
{
	static const struct {
		uint32_t first, nr;
	} ranges[] = {
		{0x0, 0x300},	    {0x400, 0x100},	 {0x480, 0x40},
		{0xc0000080, 0x90}, {0xc0010000, 0x140}, {0x40000000, 0x120},
		{0x4b564d00, 0x10}, {0xc0002000, 0x20},	 {0xfffffff0, 0x10},
	};
	unsigned int known = 0, unknown = 0;

	for (unsigned int r = 0; r < ARRAY_SIZE(ranges); r++)
		for (unsigned int i = 0; i < ranges[r].nr; i++) {
			struct msr m = {.number = ranges[r].first + i};

			/* The clock goes on counting; putting its old value back would turn it back. */
			if (m.number == 0x10)
				continue;
			if (expect_exception(msr_read, &m, NULL)) {
				unknown++;
				m.value = random64();
			} else {
				known++;
			}
			expect_exception(msr_write, &m, NULL);
		}
	report(known && unknown, "%u MSRs read and written back, %u unknown ones read and written",
	       known, unknown);
}

static void test_cpuid(void)
{
	uint32_t sum = 0;

	for (uint32_t leaf = 0; leaf < 0x30; leaf++)
		for (uint32_t subleaf = 0; subleaf < 4; subleaf++)
			sum += cpuid(leaf, subleaf).eax + cpuid(0x80000000 + leaf, subleaf).eax +
			       cpuid(0x40000000 + leaf, subleaf).eax;
	sum += cpuid(UINT32_MAX, UINT32_MAX).eax;
	report(true, "CPUID of all leaves, known or not (0x%x)", sum);
}

void misbehave_arch(void)
{
	test_hypercalls();
	test_cpuid();
	test_msrs();
	test_ports();
	test_string_io();
}
