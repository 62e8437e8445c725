/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board: which device is where, and which line is whose; see board.h. */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#include "arch.h"
#include "msg.h"
#include "arch/x86/acpi.h"
#include "arch/x86/board.h"
#include "arch/x86/x86.h"
#include "devices/acpi_hw.h"
#include "devices/exit.h"
#include "devices/fwcfg.h"
#include "devices/serial.h"
#include "devices/testdev.h"

#define PAGE_SIZE 4096

/* POST codes go nowhere. The port has to be there, for guests write to it to wait. */
static void post_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
}

static uint64_t read_ones(void *dev, uint64_t offset, unsigned int size)
{
	return UINT64_MAX;
}

static const struct bus_ops post_ops = {.read = read_ones, .write = post_write};

/*
 * PCI configuration mechanism 1 (PCI 3.0, 3.2.2.3.2) with nothing behind it: the
 * address register takes 32-bit accesses only, the data register reads as all
 * ones. The byte at offset 1 is another register, the reset control: a write of
 * an address must not reach it.
 */
#define PCI_CONFIG_SIZE	 8u
#define PCI_CONFIG_CF9	 1u
#define PCI_ADDRESS_BITS 0x80fffffcu

static uint64_t pci_config_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct arch_vm *arch = opaque;

	if (offset == 0 && size == 4)
		return atomic_load(&arch->pci_address);
	if (offset == PCI_CONFIG_CF9 && size == 1)
		return exit_ops[EXIT_CF9].read(arch->exit, 0, 1);
	return UINT64_MAX;
}

static void pci_config_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct arch_vm *arch = opaque;

	if (offset == 0 && size == 4)
		atomic_store(&arch->pci_address, value & PCI_ADDRESS_BITS);
	else if (offset == PCI_CONFIG_CF9 && size == 1)
		exit_ops[EXIT_CF9].write(arch->exit, 0, value, 1);
}

static const struct bus_ops pci_config_ops = {
	.read = pci_config_read, .write = pci_config_write, .sizes = 1 | 2 | 4};

static int add_small_ports(struct vm *vm)
{
	const struct bus_range ranges[] = {
		{.base = BOARD_POST, .size = 1, .ops = &post_ops, .name = "POST code"},
		{.base = BOARD_PCI_CONFIG,
		 .size = PCI_CONFIG_SIZE,
		 .ops = &pci_config_ops,
		 .dev = vm->arch,
		 .name = "PCI configuration"},
	};
	int r = 0;

	for (unsigned int i = 0; !r && i < sizeof(ranges) / sizeof(ranges[0]); i++)
		r = bus_add(&vm->pio, &ranges[i]);
	return r;
}

static void guest_ends(void *ctx, enum outcome_kind kind, unsigned int code, int raw)
{
	vm_end_raw(ctx, kind, code, raw);
}

static int add_exits(struct vm *vm)
{
	static const struct {
		enum exit_kind kind;
		uint16_t port;
	} ports[] = {
		{EXIT_DEBUG, EXIT_DEBUG_PORT},
		{EXIT_PVPANIC, EXIT_PVPANIC_PORT},
		{EXIT_SHUTDOWN, EXIT_SHUTDOWN_PORT},
		{EXIT_KBC, EXIT_KBC_PORT},
	};
	const struct exit_config config = {.end = guest_ends, .ctx = vm};
	struct arch_vm *arch = vm->arch;
	int r = 0;

	arch->exit = exit_create(&config);
	if (!arch->exit)
		return x86_no_memory();
	for (unsigned int i = 0; !r && i < sizeof(ports) / sizeof(ports[0]); i++)
		r = exit_attach(arch->exit, ports[i].kind, &vm->pio, ports[i].port);
	return r;
}

static void console_output(void *ctx, const uint8_t *data, size_t len)
{
	const struct console_out *out = ctx;

	if (out->write)
		out->write(out->ctx, data, len);
}

static int add_console(struct vm *vm)
{
	const struct serial_config config = {
		.name = "COM1",
		.irq_needs_out2 = true,
		.irq_edge = true,
		.irq = x86_irq(vm, BOARD_GSI_COM1),
		.output = console_output,
		.ctx = (void *)&vm->config->console,
	};

	vm->console = serial_create(&config);
	return vm->console ? serial_attach(vm->console, &vm->pio, BOARD_COM1) : x86_no_memory();
}

static int add_fwcfg(struct vm *vm)
{
	const struct fwcfg_config config = {
		.ram_size = vm->config->mem_size,
		.nr_cpus = vm->config->nr_vcpus,
		.max_cpus = vm->config->nr_vcpus,
	};

	vm->arch->fwcfg = fwcfg_create(&config);
	return vm->arch->fwcfg ? fwcfg_attach(vm->arch->fwcfg, &vm->pio, FWCFG_BASE)
			       : x86_no_memory();
}

static void guest_sleeps(void *ctx, unsigned int type)
{
	/* The DSDT offers no other state. */
	if (type == ACPI_S5)
		vm_end(ctx, OUTCOME_SHUTDOWN, 0);
}

static uint64_t now_ns(void *ctx)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int add_acpi_hw(struct vm *vm)
{
	const struct acpi_hw_config config = {.sleep = guest_sleeps, .now = now_ns, .ctx = vm};

	vm->arch->acpi_hw = acpi_hw_create(&config);
	return vm->arch->acpi_hw ? acpi_hw_attach(vm->arch->acpi_hw, &vm->pio, BOARD_ACPI_HW)
				 : x86_no_memory();
}

static int add_testdev(struct vm *vm)
{
	static const unsigned int gsis[] = {
		BOARD_GSI_TESTDEV0,
		BOARD_GSI_TESTDEV1,
		BOARD_GSI_TESTDEV2,
		BOARD_GSI_TESTDEV3,
	};
	struct testdev_config config = {.msi = vm->msi};

	/* The connected ones come first: with a PIC alone the last GSI leads nowhere. */
	for (unsigned int i = 0; i < sizeof(gsis) / sizeof(gsis[0]); i++) {
		struct irq_line line = x86_irq(vm, gsis[i]);

		if (line.set)
			config.irqs[config.nr_irqs++] = line;
	}
	vm->arch->testdev = testdev_create(&config);
	return vm->arch->testdev ? testdev_attach(vm->arch->testdev, &vm->mmio, BOARD_TESTDEV)
				 : x86_no_memory();
}

/*
 * Makes KVM forget its mapping of a page of RAM: the host's page table entry
 * changes twice, and KVM drops its own each time. Read-only in between, and not
 * inaccessible, so that other vCPUs can go on reading.
 */
static void flush_page(void *ctx, uint64_t gpa)
{
	struct vm *vm = ctx;
	void *page = mem_ptr(&vm->mem, gpa, PAGE_SIZE);

	if (!page)
		return;
	mprotect(page, PAGE_SIZE, PROT_READ);
	mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static int add_pc_testdev(struct vm *vm)
{
	struct pc_testdev_config config = {.flush_page = flush_page, .ctx = vm};

	for (unsigned int gsi = 0; gsi < PC_TESTDEV_IRQS; gsi++)
		config.irqs[gsi] = x86_irq(vm, gsi);
	vm->arch->pc_testdev = pc_testdev_create(&config);
	return vm->arch->pc_testdev ? pc_testdev_attach(vm->arch->pc_testdev, &vm->pio, &vm->mmio)
				    : x86_no_memory();
}

int arch_board(struct vm *vm)
{
	static int (*const steps[])(struct vm * vm) = {
		add_exits,   add_small_ports, add_console,    add_fwcfg,
		add_acpi_hw, add_testdev,     add_pc_testdev,
	};
	int r = 0;

	for (unsigned int i = 0; !r && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](vm);
	return r;
}

void x86_board_destroy(struct vm *vm)
{
	struct arch_vm *arch = vm->arch;

	if (vm->console)
		serial_destroy(vm->console);
	vm->console = NULL;
	if (arch->pc_testdev)
		pc_testdev_destroy(arch->pc_testdev);
	if (arch->testdev)
		testdev_destroy(arch->testdev);
	if (arch->acpi_hw)
		acpi_hw_destroy(arch->acpi_hw);
	if (arch->fwcfg)
		fwcfg_destroy(arch->fwcfg);
	if (arch->exit)
		exit_destroy(arch->exit);
}
