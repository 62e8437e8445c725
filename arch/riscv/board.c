/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices the board has; board.h says where they are. */
#include <errno.h>
#include <stdlib.h>

#include "arch.h"
#include "arch/riscv/board.h"
#include "arch/riscv/riscv.h"
#include "devices/exit.h"
#include "devices/serial.h"
#include "devices/testdev.h"
#include "dtb.h"
#include "msg.h"

struct board {
	struct exit_dev *exit;
	struct testdev *testdev;
};

static void guest_ended(void *ctx, enum outcome_kind kind, unsigned int code, int raw)
{
	vm_end_raw(ctx, kind, code, raw);
}

static int add_serial(struct vm *vm)
{
	const struct config *config = vm->config;
	struct serial_config serial = {
		.name = "serial",
		.irq = irqchip_source(vm, UART_SOURCE),
		.output = config->console.write,
		.ctx = config->console.ctx,
	};

	vm->console = serial_create(&serial);
	if (!vm->console)
		return -errno;
	return serial_attach(vm->console, &vm->mmio, UART_BASE);
}

static int add_exits(struct vm *vm)
{
	struct exit_config config = {.end = guest_ended, .ctx = vm};
	struct board *board = vm->arch->board;
	int r;

	board->exit = exit_create(&config);
	if (!board->exit)
		return -errno;
	r = exit_attach(board->exit, EXIT_FINISHER, &vm->mmio, FINISHER_BASE);
	return r ? r : exit_attach(board->exit, EXIT_PVPANIC, &vm->mmio, PVPANIC_BASE);
}

static int add_testdev(struct vm *vm)
{
	struct testdev_config config = {.msi = vm->msi};
	struct board *board = vm->arch->board;

	if (vm->arch->irqchip != IRQCHIP_NONE)
		config.nr_irqs = TESTDEV_MAX_IRQS;
	for (unsigned int i = 0; i < config.nr_irqs; i++)
		config.irqs[i] = irqchip_source(vm, TESTDEV_SOURCE + i);
	board->testdev = testdev_create(&config);
	if (!board->testdev)
		return -errno;
	return testdev_attach(board->testdev, &vm->mmio, TESTDEV_BASE);
}

int arch_board(struct vm *vm)
{
	int r;

	vm->arch->board = calloc(1, sizeof(*vm->arch->board));
	r = vm->arch->board ? 0 : -ENOMEM;
	if (!r)
		r = add_serial(vm);
	if (!r)
		r = add_exits(vm);
	if (!r)
		r = add_testdev(vm);
	if (r == -ENOMEM)
		msg_error("no memory for the board's devices");
	return r;
}

void board_tree_soc(struct vm *vm, struct dtb *t, uint32_t finisher)
{
	dtb_node(t, "serial@%llx", UART_BASE);
	dtb_string(t, "compatible", "ns16550a");
	dtb_reg(t, UART_BASE, SERIAL_SIZE(0));
	dtb_u32(t, "clock-frequency", UART_CLOCK);
	irqchip_interrupts(vm, t, UART_SOURCE, 1);
	dtb_end(t);

	dtb_node(t, "test@%llx", FINISHER_BASE);
	dtb_strings(t, "compatible", "sifive,test1", "sifive,test0", "syscon");
	dtb_reg(t, FINISHER_BASE, exit_size[EXIT_FINISHER]);
	dtb_phandle(t, finisher);
	dtb_end(t);

	dtb_node(t, "pvpanic@%llx", PVPANIC_BASE);
	dtb_string(t, "compatible", "qemu,pvpanic-mmio");
	dtb_reg(t, PVPANIC_BASE, exit_size[EXIT_PVPANIC]);
	dtb_end(t);

	dtb_node(t, "testdev@%llx", TESTDEV_BASE);
	dtb_string(t, "compatible", "kvmbed,testdev");
	dtb_reg(t, TESTDEV_BASE, TESTDEV_SIZE);
	irqchip_interrupts(vm, t, TESTDEV_SOURCE, TESTDEV_MAX_IRQS);
	dtb_end(t);
}

/* How Linux is told to use the finisher (bindings/power/reset/syscon-poweroff.yaml and syscon-reboot.yaml). */
static void finisher_use(struct dtb *t, const char *name, const char *compatible, uint32_t finisher,
			 uint32_t value)
{
	dtb_node(t, "%s", name);
	dtb_string(t, "compatible", compatible);
	dtb_u32(t, "regmap", finisher);
	dtb_u32(t, "offset", 0);
	dtb_u32(t, "value", value);
	dtb_end(t);
}

void board_tree_root(struct dtb *t, uint32_t finisher)
{
	finisher_use(t, "poweroff", "syscon-poweroff", finisher, 0x5555);
	finisher_use(t, "reboot", "syscon-reboot", finisher, 0x7777);
}

void board_destroy(struct board *board)
{
	if (!board)
		return;
	exit_destroy(board->exit);
	testdev_destroy(board->testdev);
	free(board);
}
