/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of devices, of other CPUs and of the timer, through whichever GIC
 * the device tree has; messages through its ITS. A script, which has no tree,
 * tells by an option where it is: "gicv3=DISTRIBUTOR,REDISTRIBUTORS" or
 * "gicv2=DISTRIBUTOR,CPU-INTERFACE".
 */
#include "gic.h"
#include "script.h"

#define SGI_IPI 0

#define TOLD_SIZE 0x1000000ul

struct action {
	irq_handler handler;
	void *arg;
};

static const struct gic *gic;
static struct action actions[GIC_MAX_INTID];
static struct action lpi_actions[ITS_EVENTS];
static unsigned int nr_intids;

/* ---- Registers of a field of bits for each INTID ------------------------------ */

static void write_bit(unsigned int reg, unsigned int intid)
{
	mmio_write32(gic->registers(intid) + reg + intid / 32 * 4, 1u << intid % 32);
}

static void set_trigger(unsigned int intid, enum irq_trigger trigger)
{
	uint64_t va = gic->registers(intid) + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = 2u << intid % 16 * 2;
	uint32_t value = mmio_read32(va);

	mmio_write32(va, trigger == IRQ_EDGE ? value | bit : value & ~bit);
}

static void enable(unsigned int intid)
{
	mmio_write8(gic->registers(intid) + GICD_IPRIORITYR + intid, GIC_PRIORITY);
	write_bit(GICD_ISENABLER, intid);
}

/* ---- Set-up ------------------------------------------------------------------- */

static bool told(const char *name, struct region regions[2])
{
	char text[64], *second;

	if (!option(name, text, sizeof(text)))
		return false;
	second = strchr(text, ',');
	regions[0].start = parse_number(text);
	regions[1].start = second ? parse_number(second + 1) : 0;
	/* How far they go is for the last redistributor to say. */
	regions[0].size = regions[1].size = TOLD_SIZE;
	return second;
}

void gic_init(void)
{
	static const struct {
		const char *compatible;
		const struct gic *gic;
	} known[] = {
		{"arm,gic-v3", &gicv3},
		{"arm,cortex-a15-gic", &gicv2},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(known) && !gic; i++) {
		fdt_node node = fdt_compatible(NULL, known[i].compatible);
		struct region regions[2];

		if ((fdt_reg(node, 0, &regions[0]) && fdt_reg(node, 1, &regions[1])) ||
		    (script_boot() && told(known[i].gic->name, regions))) {
			gic = known[i].gic;
			gic->init(&regions[0], &regions[1]);
		}
	}
	if (!gic)
		return;
	machine.irqchip = gic->name;
	nr_intids = 32 * ((mmio_read32(gic->registers(GIC_FIRST_SPI) + GICD_TYPER) & 31) + 1);
	if (nr_intids > GIC_MAX_INTID)
		nr_intids = GIC_MAX_INTID;
	gic_cpu_init();
	machine.can_msi = gic == &gicv3 && its_present();
}

void gic_cpu_init(void)
{
	if (!gic)
		return;
	gic->cpu_init();
	enable(SGI_IPI);
}

void gic_enable_private(unsigned int intid)
{
	if (gic)
		enable(intid);
}

bool irq_use(const char *name)
{
	return gic && !strcmp(name, gic->name);
}

/* ---- Lines -------------------------------------------------------------------- */

static bool is_line(unsigned int line)
{
	/* SGIs and the timer are the runtime's own. */
	return gic && line >= 16 && line < nr_intids && line != timer_intid;
}

bool irq_enable(unsigned int line, enum irq_trigger trigger, unsigned int cpu, irq_handler handler,
		void *arg)
{
	if (!is_line(line) || cpu >= machine.nr_cpus)
		return false;
	/* A private interrupt is set up by the CPU that gets it. */
	if (line < GIC_FIRST_SPI && cpu != cpu_id())
		return false;
	write_bit(GICD_ICENABLER, line);
	actions[line] = (struct action){handler, arg};
	if (line >= GIC_FIRST_SPI) {
		set_trigger(line, trigger);
		gic->route(line, &cpus[cpu]);
	}
	enable(line);
	return true;
}

void irq_disable(unsigned int line)
{
	if (is_line(line))
		write_bit(GICD_ICENABLER, line);
}

/* ---- Messages ----------------------------------------------------------------- */

bool msi_enable(unsigned int cpu, irq_handler handler, void *arg, struct msi *msi)
{
	if (!machine.can_msi || cpu >= machine.nr_cpus)
		return false;
	for (unsigned int event = 0; event < ITS_EVENTS; event++) {
		if (lpi_actions[event].handler)
			continue;
		lpi_actions[event] = (struct action){handler, arg};
		if (its_map(event, &cpus[cpu], msi))
			return true;
		lpi_actions[event].handler = NULL;
		break;
	}
	return false;
}

void msi_disable(const struct msi *msi)
{
	if (msi->data >= ITS_EVENTS)
		return;
	its_unmap(msi->data);
	lpi_actions[msi->data].handler = NULL;
}

/* ---- What comes in -------------------------------------------------------------- */

static void dispatch(unsigned int intid)
{
	const struct action *a = NULL;

	if (intid == SGI_IPI)
		ipi_interrupt();
	else if (intid == timer_intid)
		clock_interrupt();
	else if (intid < GIC_MAX_INTID)
		a = &actions[intid];
	else if (intid - GIC_FIRST_LPI < ITS_EVENTS)
		a = &lpi_actions[intid - GIC_FIRST_LPI];
	if (a && a->handler)
		a->handler(a->arg);
}

void gic_interrupt(void)
{
	uint32_t acknowledged;
	unsigned int intid;

	if (!gic)
		return;
	acknowledged = gic->acknowledge();
	intid = acknowledged & gic->intid_mask;
	if (intid >= GIC_SPURIOUS && intid < GIC_FIRST_LPI)
		return;
	dispatch(intid);
	gic->end(acknowledged);
}

void arch_ipi_send(struct cpu *cpu)
{
	if (gic)
		gic->send(cpu);
}

void arch_idle(void)
{
	if (!gic) {
		cpu_relax();
		return;
	}
	asm volatile("dsb sy\n\twfi" ::: "memory");
	irq_on();
	isb();
	irq_off();
}
