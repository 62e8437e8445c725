/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86 board as a guest finds it: multiboot information, fw_cfg, the first
 * serial port, and the ports that end the VM.
 */
#include "x86.h"
#include "script.h"
#include "arch/x86/board.h"

#define UART_IER	 1
#define UART_FCR	 2
#define FCR_ENABLE	 1
#define FIFO_SIZE	 16
#define UART_LCR	 3
#define LCR_8BITS	 3
#define UART_MCR	 4
#define UART_LSR	 5
#define LSR_THRE	 0x20
#define PORT_DEBUG_EXIT	 0xf4 /* isa-debug-exit */
#define PORT_PVPANIC	 0x505
#define PVPANIC_PANICKED 1
#define KBD_RESET	 0xfe
#define FW_CFG_SELECT	 0x510
#define FW_CFG_DATA	 0x511
#define FW_CFG_NB_CPUS	 5
#define HOLE		 0xd0000000 /* in what the board leaves for PCI windows */

/* Multiboot 1, section 3.3. */
#define MB_CMDLINE (1 << 2)
#define MB_MMAP	   (1 << 6)
#define MB_RAM	   1

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct multiboot_mmap {
	uint32_t size; /* of what follows */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

/* An empty transmitter takes as many bytes as its FIFO has, which saves most of the exits for asking. */
static unsigned int fifo_room;

void console_reset(void)
{
	outb(BOARD_COM1 + UART_LCR, LCR_8BITS); /* and the divisor latch is closed */
	outb(BOARD_COM1 + UART_IER, 0);		/* no interrupts: it is polled */
	outb(BOARD_COM1 + UART_MCR, 0);		/* no loopback */
}

void arch_console_init(uint64_t boot)
{
	console_reset();
}

void console_putc(char c)
{
	/* A UART that never gets ready must not hang the guest. */
	for (unsigned int i = 0; !fifo_room && i < 10000; i++)
		if (inb(BOARD_COM1 + UART_LSR) & LSR_THRE)
			fifo_room = FIFO_SIZE;
	fifo_room -= fifo_room > 0;
	outb(BOARD_COM1, c);
}

void guest_shutdown(unsigned int code)
{
	script_end("shutdown", code);
	outl(PORT_DEBUG_EXIT, code);
	for (;;)
		asm volatile("cli; hlt");
}

void guest_reset(void)
{
	script_end("reset", 0);
	outb(BOARD_KBC, KBD_RESET);
	for (;;)
		asm volatile("cli; hlt");
}

void guest_crash(void)
{
	script_end("crash", 0);
	outb(PORT_PVPANIC, PVPANIC_PANICKED);
	for (;;)
		asm volatile("cli; hlt");
}

static unsigned int count_cpus(void)
{
	unsigned int n;

	outw(FW_CFG_SELECT, FW_CFG_NB_CPUS);
	n = inb(FW_CFG_DATA);
	n |= inb(FW_CFG_DATA) << 8;
	if (!n || n == 0xffff)
		return 1;
	return n < GUEST_MAX_CPUS ? n : GUEST_MAX_CPUS;
}

/* The loader's memory is used for other things later, so what is kept is copied. */
static void read_multiboot(const struct multiboot_info *info)
{
	static char cmdline[512];

	if (info->flags & MB_CMDLINE) {
		snprintf(cmdline, sizeof(cmdline), "%s", (const char *)(uint64_t)info->cmdline);
		machine.cmdline = cmdline;
	}
	if (!(info->flags & MB_MMAP))
		return;
	for (uint32_t at = 0; at < info->mmap_length;) {
		const struct multiboot_mmap *e = (const void *)((uint64_t)info->mmap_addr + at);

		if (e->type == MB_RAM && machine.nr_ram < ARRAY_SIZE(machine.ram))
			machine.ram[machine.nr_ram++] = (struct region){e->base, e->length};
		at += e->size + sizeof(e->size);
	}
}

static void find_board(uint64_t boot)
{
	read_multiboot((const struct multiboot_info *)boot);
	machine.nr_cpus = count_cpus();
	for (unsigned int i = 0; i < machine.nr_cpus; i++)
		cpus[i].hwid = i;
	machine.testdev = BOARD_TESTDEV;
	machine.testdev_lines[0] = BOARD_GSI_TESTDEV0;
	machine.testdev_lines[1] = BOARD_GSI_TESTDEV1;
	machine.testdev_lines[2] = BOARD_GSI_TESTDEV2;
	machine.testdev_lines[3] = BOARD_GSI_TESTDEV3;
	machine.nr_testdev_lines = 4;
}

void arch_init(uint64_t boot)
{
	const struct script_boot *script = script_boot();

	machine.hole = HOLE;
	if (!script)
		find_board(boot);
	descriptors_load(&cpus[0]);
	paging_init();
	/* Looking for what is not there would leave the guest, which only the board's VMM can answer. */
	if (!script || script->flags & SCRIPT_LAPIC)
		lapic_init();
	if (!script || script->flags & SCRIPT_IRQCHIP)
		irq_controllers_init();
	clock_init();
}
