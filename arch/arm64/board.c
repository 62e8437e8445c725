/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's devices: made, put on the bus, wired, and described. Where they are stands in board.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "devices/exit.h"
#include "devices/serial.h"
#include "devices/testdev.h"
#include "dtb.h"
#include "msg.h"

struct board {
	struct serial *uarts[UART_NR];
	struct testdev *testdev;
	struct exit_dev *exit;
	char stdout_path[32];
};

static uint64_t uart_base(unsigned int n)
{
	return UART_BASE + n * UART_STRIDE;
}

static int add_uarts(struct vm *vm)
{
	static const char *const names[UART_NR] = {"uart0", "uart1", "uart2", "uart3"};

	for (unsigned int i = 0; i < UART_NR; i++) {
		struct serial_config config = {
			.name = names[i],
			.irq = gic_spi(vm, UART_SPI + i),
		};
		int r;

		/* What is sent to the ports behind the first goes nowhere. */
		if (i == 0) {
			config.output = vm->config->console.write;
			config.ctx = vm->config->console.ctx;
		}
		vm->arch->board->uarts[i] = serial_create(&config);
		if (!vm->arch->board->uarts[i])
			return -errno;
		r = serial_attach(vm->arch->board->uarts[i], &vm->mmio, uart_base(i));
		if (r)
			return r;
	}
	vm->console = vm->arch->board->uarts[0];
	return 0;
}

static int add_testdev(struct vm *vm)
{
	struct testdev_config config = {.msi = vm->msi};

	if (vm->arch->irqchip != IRQCHIP_NONE)
		config.nr_irqs = TESTDEV_MAX_IRQS;
	for (unsigned int i = 0; i < config.nr_irqs; i++)
		config.irqs[i] = gic_spi(vm, TESTDEV_SPI + i);
	vm->arch->board->testdev = testdev_create(&config);
	if (!vm->arch->board->testdev)
		return -errno;
	return testdev_attach(vm->arch->board->testdev, &vm->mmio, TESTDEV_BASE);
}

static void end_vm(void *ctx, enum outcome_kind kind, unsigned int code, int raw)
{
	vm_end_raw(ctx, kind, code, raw);
}

static int add_exits(struct vm *vm)
{
	struct exit_config config = {.end = end_vm, .ctx = vm};
	struct exit_dev *dev = exit_create(&config);
	int r;

	if (!dev)
		return -errno;
	vm->arch->board->exit = dev;
	r = exit_attach(dev, EXIT_FINISHER, &vm->mmio, FINISHER_BASE);
	return r ? r : exit_attach(dev, EXIT_PVPANIC, &vm->mmio, PVPANIC_BASE);
}

int arch_board(struct vm *vm)
{
	struct board *board = calloc(1, sizeof(*board));
	int r;

	if (!board)
		return -ENOMEM;
	vm->arch->board = board;
	snprintf(board->stdout_path, sizeof(board->stdout_path), "/serial@%" PRIx64, uart_base(0));
	r = add_uarts(vm);
	if (!r)
		r = add_testdev(vm);
	if (!r)
		r = add_exits(vm);
	if (r)
		msg_error("cannot make the board's devices: %s", strerror(-r));
	return r;
}

void board_destroy(struct board *board)
{
	if (!board)
		return;
	for (unsigned int i = 0; i < UART_NR; i++)
		serial_destroy(board->uarts[i]);
	if (board->testdev)
		testdev_destroy(board->testdev);
	if (board->exit)
		exit_destroy(board->exit);
	free(board);
}

const char *board_stdout_path(const struct vm *vm)
{
	return vm->arch->board->stdout_path;
}

static void spi_cells(uint32_t cells[3], uint32_t spi)
{
	cells[0] = GIC_FDT_SPI;
	cells[1] = spi;
	cells[2] = IRQ_TYPE_LEVEL_HIGH;
}

void board_tree(struct vm *vm, struct dtb *t)
{
	bool interrupts = vm->arch->irqchip != IRQCHIP_NONE;
	uint32_t cells[TESTDEV_MAX_IRQS][3];

	for (unsigned int i = 0; i < UART_NR; i++) {
		dtb_node(t, "serial@%" PRIx64, uart_base(i));
		dtb_string(t, "compatible", "ns16550a");
		dtb_reg(t, uart_base(i), UART_SIZE);
		dtb_u32(t, "clock-frequency", UART_CLOCK);
		if (interrupts) {
			spi_cells(cells[0], UART_SPI + i);
			dtb_u32_list(t, "interrupts", cells[0], 3);
		}
		dtb_end(t);
	}

	dtb_node(t, "testdev@%" PRIx64, (uint64_t)TESTDEV_BASE);
	dtb_string(t, "compatible", "kvmbed,testdev");
	dtb_reg(t, TESTDEV_BASE, TESTDEV_SIZE);
	if (interrupts) {
		for (unsigned int i = 0; i < TESTDEV_MAX_IRQS; i++)
			spi_cells(cells[i], TESTDEV_SPI + i);
		dtb_u32_list(t, "interrupts", cells[0], 3 * TESTDEV_MAX_IRQS);
	}
	dtb_end(t);

	dtb_node(t, "test@%" PRIx64, (uint64_t)FINISHER_BASE);
	dtb_strings(t, "compatible", "sifive,test1", "sifive,test0");
	dtb_reg(t, FINISHER_BASE, exit_size[EXIT_FINISHER]);
	dtb_end(t);

	dtb_node(t, "pvpanic@%" PRIx64, (uint64_t)PVPANIC_BASE);
	dtb_string(t, "compatible", "qemu,pvpanic-mmio");
	dtb_reg(t, PVPANIC_BASE, exit_size[EXIT_PVPANIC]);
	dtb_end(t);
}
