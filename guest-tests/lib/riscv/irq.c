/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of devices, whichever controller the board has; the harts' own enable bits. */
#include "riscv.h"

#define CPU_INTC_COMPATIBLE "riscv,cpu-intc"

static const struct controller *const controllers[] = {&aia, &plic};
static const struct controller *in_use;

static struct {
	irq_handler handler;
	void *arg;
} actions[MAX_LINES];

/* The CPU whose own controller, a child of its node, is @phandle. */
static int cpu_of_intc(uint32_t phandle)
{
	uint32_t hartid = 0;

	for (fdt_node node = fdt_root(); node; node = fdt_next(node, NULL)) {
		const char *type = fdt_string(node, "device_type");

		if (type && !strcmp(type, "cpu"))
			hartid = fdt_cell(node, "reg", 0, 0);
		if (fdt_cell(node, "phandle", 0, 0) != phandle)
			continue;
		for (unsigned int i = 0; i < machine.nr_cpus; i++)
			if (cpus[i].hwid == hartid)
				return i;
	}
	return -1;
}

int irq_node_cpu(fdt_node node, unsigned int i)
{
	uint32_t phandle = fdt_cell(node, "interrupts-extended", 2 * i, 0);
	uint32_t cause = fdt_cell(node, "interrupts-extended", 2 * i + 1, 0);

	return cause == IRQ_EXTERNAL ? cpu_of_intc(phandle) : -1;
}

void irq_controllers_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(controllers) && !in_use; i++)
		if (controllers[i]->probe())
			in_use = controllers[i];
	if (in_use)
		machine.irqchip = in_use->name;
}

void irq_cpu_init(void)
{
	if (in_use)
		in_use->cpu_init();
	csr_write("sie", 1ul << IRQ_SOFT | 1ul << IRQ_TIMER | 1ul << IRQ_EXTERNAL);
}

void irq_external(void)
{
	if (in_use)
		in_use->interrupt();
	else
		guest_panic("external interrupt without a controller");
}

void irq_line_handle(unsigned int line)
{
	if (line < MAX_LINES && actions[line].handler)
		actions[line].handler(actions[line].arg);
}

bool irq_use(const char *name)
{
	return in_use && !strcmp(name, in_use->name);
}

bool irq_enable(unsigned int line, enum irq_trigger trigger, unsigned int cpu, irq_handler handler,
		void *arg)
{
	if (!in_use || !line || line >= MAX_LINES || cpu >= machine.nr_cpus)
		return false;
	actions[line].handler = handler;
	actions[line].arg = arg;
	return in_use->enable(line, trigger, cpu);
}

void irq_disable(unsigned int line)
{
	if (in_use && line && line < MAX_LINES)
		in_use->disable(line);
}
