/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RISC-V board as a guest finds it in its device tree: serial port or SBI
 * console (console=sbi on the command line), and the devices that end the VM
 * (the SBI where they are absent, or with exit=sbi).
 */
#include "riscv.h"
#include "script.h"
#include "arch/riscv/board.h"

/* 16550 (PC16550D datasheet). */
#define UART_IER   1
#define UART_FCR   2
#define UART_LCR   3
#define UART_MCR   4
#define UART_LSR   5
#define FCR_ENABLE 0x01
#define LCR_8BITS  0x03
#define LSR_THRE   0x20
#define FIFO_SIZE  16

/* sifive,test0: the low half is the command, the high half a code. */
#define FINISHER_FAIL  0x3333
#define FINISHER_PASS  0x5555
#define FINISHER_RESET 0x7777

#define PVPANIC_PANICKED 1

#define SRST_SHUTDOWN	    0
#define SRST_COLD_REBOOT    1
#define SRST_NO_REASON	    0
#define SRST_SYSTEM_FAILURE 1

uint64_t boot_hartid = 0; /* start.S */

static bool have_tree;
static uint64_t uart, finisher, pvpanic; /* 0: absent */
/* An empty transmitter takes as many bytes as its FIFO has, which saves most of the exits for asking. */
static unsigned int fifo_room;

static uint64_t device(const char *compatible)
{
	struct region reg;

	return fdt_reg(fdt_compatible(NULL, compatible), 0, &reg) ? reg.start : 0;
}

void arch_console_init(uint64_t boot)
{
	const char *cmdline;

	have_tree = fdt_init(boot);
	if (!have_tree)
		return;
	cmdline = fdt_string(fdt_path("/chosen"), "bootargs");
	if (cmdline)
		machine.cmdline = cmdline;
	if (option_is("console", "sbi"))
		return;
	uart = device("ns16550a");
	console_reset();
}

void console_reset(void)
{
	if (!uart)
		return;
	/* Whatever state it is in: 8 bits and the divisor out of sight, no loopback, no interrupts, FIFOs. */
	mmio_write8(uart + UART_LCR, LCR_8BITS);
	mmio_write8(uart + UART_MCR, 0);
	mmio_write8(uart + UART_IER, 0);
	mmio_write8(uart + UART_FCR, FCR_ENABLE);
	fifo_room = 0;
}

void console_putc(char c)
{
	if (!uart) {
		sbi_call(SBI_DBCN, SBI_DBCN_WRITE_BYTE, (uint8_t)c, 0, 0);
		return;
	}
	/* A UART that never gets ready must not hang the guest. */
	for (unsigned int i = 0; !fifo_room && i < 10000; i++)
		if (mmio_read8(uart + UART_LSR) & LSR_THRE)
			fifo_room = FIFO_SIZE;
	fifo_room -= fifo_room > 0;
	mmio_write8(uart, c);
}

static void srst(unsigned int type, unsigned int reason)
{
	sbi_call(SBI_SRST, SBI_SRST_RESET, type, reason, 0);
}

static void stop(void) __attribute__((noreturn));

static void stop(void)
{
	irq_off();
	for (;;)
		asm volatile("wfi");
}

void guest_shutdown(unsigned int code)
{
	script_end("shutdown", code);
	if (finisher)
		mmio_write32(finisher, code ? code << 16 | FINISHER_FAIL : FINISHER_PASS);
	srst(SRST_SHUTDOWN, code ? SRST_SYSTEM_FAILURE : SRST_NO_REASON);
	stop();
}

void guest_reset(void)
{
	script_end("reset", 0);
	if (finisher)
		mmio_write32(finisher, FINISHER_RESET);
	srst(SRST_COLD_REBOOT, SRST_NO_REASON);
	stop();
}

void guest_crash(void)
{
	script_end("crash", 0);
	if (pvpanic)
		mmio_write8(pvpanic, PVPANIC_PANICKED);
	srst(SRST_SHUTDOWN, SRST_SYSTEM_FAILURE);
	stop();
}

static void find_testdev(void)
{
	fdt_node node = fdt_compatible(NULL, "kvmbed,testdev");
	unsigned int cells = fdt_compatible(NULL, "riscv,aplic") ? 2 : 1;

	machine.testdev = device("kvmbed,testdev");
	for (unsigned int i = 0; i < ARRAY_SIZE(machine.testdev_lines); i++) {
		uint32_t line = fdt_cell(node, "interrupts", i * cells, 0);

		if (line)
			machine.testdev_lines[machine.nr_testdev_lines++] = line;
	}
}

void arch_init(uint64_t boot)
{
	if (!have_tree && !script_boot())
		guest_panic("no device tree at 0x%lx", boot);
	if (have_tree) {
		fdt_machine(boot_hartid);
		find_testdev();
	}
	if (!option_is("exit", "sbi")) {
		finisher = device("sifive,test0");
		pvpanic = device("qemu,pvpanic-mmio");
	}
	machine.hole = HOLE_BASE;
	paging_init();
	paging_on();
	clock_init();
	irq_controllers_init();
	irq_cpu_init();
}
