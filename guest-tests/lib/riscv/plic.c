/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Driver of a PLIC (RISC-V PLIC Specification 1.0.0). A script, which has no
 * tree, tells by an option where it is: "plic=BASE", with 31 sources and a
 * context for each hart.
 */
#include "riscv.h"
#include "script.h"

/* Chapter 3, "Memory Map": bytes from the base. */
#define PLIC_PRIORITY	    0x000000 /* + 4 * source */
#define PLIC_ENABLE	    0x002000 /* + 0x80 * context + 4 * (source / 32) */
#define PLIC_ENABLE_STRIDE  0x80
#define PLIC_CONTEXT	    0x200000 /* + 0x1000 * context */
#define PLIC_CONTEXT_STRIDE 0x1000
#define PLIC_THRESHOLD	    0
#define PLIC_CLAIM	    4

static uint64_t base;
static unsigned int nr_sources;
static int contexts[GUEST_MAX_CPUS]; /* of each CPU's supervisor mode; -1 if it has none */

static uint64_t context_reg(unsigned int cpu, unsigned int reg)
{
	return base + PLIC_CONTEXT + (uint64_t)contexts[cpu] * PLIC_CONTEXT_STRIDE + reg;
}

static void set_enabled(unsigned int line, unsigned int cpu, bool on)
{
	uint64_t word =
		base + PLIC_ENABLE + (uint64_t)contexts[cpu] * PLIC_ENABLE_STRIDE + line / 32 * 4;
	uint32_t bit = 1u << line % 32;

	if (contexts[cpu] < 0)
		return;
	mmio_write32(word, on ? mmio_read32(word) | bit : mmio_read32(word) & ~bit);
}

#define TOLD_SOURCES 31

static bool plic_told(void)
{
	base = option_number("plic", 0);
	nr_sources = TOLD_SOURCES;
	for (unsigned int i = 0; i < GUEST_MAX_CPUS; i++)
		contexts[i] = i;
	return script_boot() && base;
}

static bool plic_probe(void)
{
	fdt_node node = fdt_compatible(NULL, "sifive,plic-1.0.0");
	struct region reg;
	uint32_t len;

	if (!fdt_reg(node, 0, &reg))
		return plic_told();
	base = reg.start;
	nr_sources = fdt_cell(node, "riscv,ndev", 0, 0);
	for (unsigned int i = 0; i < GUEST_MAX_CPUS; i++)
		contexts[i] = -1;
	fdt_prop(node, "interrupts-extended", &len);
	for (unsigned int i = 0; i < len / 8; i++) {
		int cpu = irq_node_cpu(node, i);

		if (cpu >= 0)
			contexts[cpu] = i;
	}
	return true;
}

static void plic_cpu_init(void)
{
	if (contexts[cpu_id()] >= 0)
		mmio_write32(context_reg(cpu_id(), PLIC_THRESHOLD), 0);
}

/* The gateways are wired as level-triggered; an edge that comes and goes is kept by them all the same. */
static bool plic_enable(unsigned int line, enum irq_trigger trigger, unsigned int cpu)
{
	if (line > nr_sources || contexts[cpu] < 0)
		return false;
	for (unsigned int i = 0; i < machine.nr_cpus; i++)
		set_enabled(line, i, i == cpu);
	mmio_write32(base + PLIC_PRIORITY + 4 * line, 1);
	return true;
}

static void plic_disable(unsigned int line)
{
	if (line > nr_sources)
		return;
	mmio_write32(base + PLIC_PRIORITY + 4 * line, 0);
	for (unsigned int i = 0; i < machine.nr_cpus; i++)
		set_enabled(line, i, false);
}

static void plic_interrupt(void)
{
	uint64_t claim = context_reg(cpu_id(), PLIC_CLAIM);
	uint32_t line = mmio_read32(claim);

	if (!line)
		return;
	irq_line_handle(line);
	mmio_write32(claim, line);
}

const struct controller plic = {
	.name = "plic",
	.probe = plic_probe,
	.cpu_init = plic_cpu_init,
	.enable = plic_enable,
	.disable = plic_disable,
	.interrupt = plic_interrupt,
};
