/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arm64 board as a guest finds it: by its device tree, with the ways out that it has. */
#include "arm64.h"
#include "fdt.h"
#include "script.h"

#define UART_BASE 0x01000000ul /* if the tree does not say */
#define UART_THR  0
#define UART_IER  1
#define UART_LCR  3
#define UART_MCR  4
#define UART_LSR  5
#define LCR_8BITS 3
#define LSR_THRE  0x20

/* What kvmtool has its flash for, and this board nothing. */
#define HOLE 0x02000000ul

/* SiFive's test finisher: what is written ends the VM. */
#define FINISHER_PASS 0x5555
#define FINISHER_FAIL 0x3333 /* the code is in the upper half */

#define PVPANIC_PANICKED 1

static uint64_t uart = UART_BASE;
static bool have_tree;

static uint64_t base_of(const char *compatible)
{
	struct region reg;

	return have_tree && fdt_reg(fdt_compatible(NULL, compatible), 0, &reg) ? reg.start : 0;
}

void arch_console_init(uint64_t boot)
{
	struct region reg;
	const char *path;

	have_tree = fdt_init(boot);
	if (have_tree) {
		path = fdt_string(fdt_path("/chosen"), "stdout-path");
		if (path && fdt_reg(fdt_path(path), 0, &reg))
			uart = reg.start;
	}
	console_reset();
}

void console_reset(void)
{
	/* Whatever state it is in: 8 bits and the divisor out of sight, no loopback, no interrupts. */
	mmio_write8(uart + UART_LCR, LCR_8BITS);
	mmio_write8(uart + UART_MCR, 0);
	mmio_write8(uart + UART_IER, 0);
}

void console_putc(char c)
{
	/* A UART that never gets ready must not hang the guest. */
	for (unsigned int i = 0; i < 10000 && !(mmio_read8(uart + UART_LSR) & LSR_THRE); i++)
		cpu_relax();
	mmio_write8(uart + UART_THR, c);
}

static void stop(void) __attribute__((noreturn));
static void stop(void)
{
	for (;;)
		asm volatile("msr daifset, #0xf\n\twfi");
}

void guest_shutdown(unsigned int code)
{
	uint64_t finisher = base_of("sifive,test0");

	script_end("shutdown", code);
	if (finisher)
		mmio_write32(finisher, code ? code << 16 | FINISHER_FAIL : FINISHER_PASS);
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	stop();
}

void guest_reset(void)
{
	script_end("reset", 0);
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	stop();
}

void guest_crash(void)
{
	uint64_t pvpanic = base_of("qemu,pvpanic-mmio");

	script_end("crash", 0);
	if (pvpanic)
		mmio_write8(pvpanic, PVPANIC_PANICKED);
	stop();
}

/* Shared interrupts, of three cells each: 0, number, flags. */
static void find_testdev(void)
{
	fdt_node node = fdt_compatible(NULL, "kvmbed,testdev");
	unsigned int n = 0;

	machine.testdev = base_of("kvmbed,testdev");
	while (n < ARRAY_SIZE(machine.testdev_lines) &&
	       fdt_cell(node, "interrupts", 3 * n, ~0u) == 0) {
		machine.testdev_lines[n] = 32 + fdt_cell(node, "interrupts", 3 * n + 1, 0);
		n++;
	}
	machine.nr_testdev_lines = n;
}

void arch_init(uint64_t boot)
{
	if (!have_tree && !script_boot())
		guest_panic("there is no device tree at 0x%lx", boot);
	if (have_tree) {
		fdt_machine(sysreg_read(mpidr_el1) & MPIDR_AFFINITY);
		find_testdev();
	}
	machine.hole = HOLE;
	paging_init();
	gic_init();
	clock_init();
}
