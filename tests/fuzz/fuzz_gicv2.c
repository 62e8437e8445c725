/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GICv2 of any size under guests of any behaviour on up to eight CPUs, and
 * wires that come and go. What must hold (Arm IHI 0048B): an acknowledge gives
 * an interrupt that exists or a special id; when all is over and every
 * interrupt is disabled, all lines are down and nothing can be acknowledged.
 */
#include "fuzz.h"

#include "devices/gicv2.h"

#define DIST 0x10000u
#define CPU  0x20000u

struct machine {
	struct gicv2 *gic;
	unsigned int nr_cpus, cpu; /* the CPU whose accesses come */
	bool irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
};

static unsigned int accessor(void *ctx)
{
	return ((struct machine *)ctx)->cpu;
}

static void set_irq(void *ctx, unsigned int n, bool level)
{
	struct machine *m = ctx;

	FUZZ_CHECK(m->irq[n] != level);
	m->irq[n] = level;
}

static void set_fiq(void *ctx, unsigned int n, bool level)
{
	struct machine *m = ctx;

	FUZZ_CHECK(m->fiq[n] != level);
	m->fiq[n] = level;
}

static void other(void *ctx, unsigned int what, struct fuzz_input *in)
{
	struct machine *m = ctx;

	/* Another CPU goes on, now and then one that is not there; or a wire moves. */
	if (what & 4)
		m->cpu = what >> 3 & 15;
	else
		gicv2_set_irq(m->gic, (unsigned int)fuzz_number(in, 2), what & 1);
}

/* What an acknowledge gives: special, or there, with a sender for an SGI only. */
static void check_id(uint64_t value, unsigned int nr_irqs)
{
	unsigned int id = value & 0x3ff;

	FUZZ_CHECK(id < nr_irqs || id == GIC_GROUP1 || id == GIC_SPURIOUS);
	FUZZ_CHECK(id < GICV2_FIRST_PPI ? !(value >> 13) : value == id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct machine m = {.nr_cpus = 1 + (unsigned int)fuzz_number(&in, 1) % GICV2_MAX_CPUS};
	struct irq_line irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
	const struct gicv2_config config = {
		.nr_cpus = m.nr_cpus,
		.nr_irqs = GICV2_MIN_IRQS + (unsigned int)fuzz_number(&in, 2) %
						    (GICV2_MAX_IRQS - GICV2_MIN_IRQS + 1),
		.irq = irq,
		.fiq = fiq,
		.accessor = accessor,
		.ctx = &m,
	};
	struct bus bus;
	const struct fuzz_window windows[] = {
		{&bus, DIST, 0x20},
		{&bus, DIST + GICD_IGROUPR, 0x380},
		{&bus, DIST + GICD_IPRIORITYR, 0x400},
		{&bus, DIST + GICD_ITARGETSR, 0x500},
		{&bus, DIST + GICD_SGIR, 0x30},
		{&bus, CPU, 0x2c},
		{&bus, CPU + GICC_APR, 0x30},
		{&bus, DIST, CPU + GICC_SIZE - DIST},
	};
	uint64_t value;

	for (unsigned int i = 0; i < GICV2_MAX_CPUS; i++) {
		irq[i] = (struct irq_line){set_irq, &m, i};
		fiq[i] = (struct irq_line){set_fiq, &m, i};
	}
	bus_init(&bus, "mmio");
	m.gic = gicv2_create(&config);
	FUZZ_CHECK(m.gic && !gicv2_attach(m.gic, &bus, DIST, CPU));
	fuzz_bus(&in, windows, ARRAY_SIZE(windows), other, &m);
	for (m.cpu = 0; m.cpu < m.nr_cpus; m.cpu++) {
		bool any = m.irq[m.cpu] || m.fiq[m.cpu];

		FUZZ_CHECK(!m.irq[m.cpu] || !m.fiq[m.cpu]);
		bus_read(&bus, CPU + GICC_IAR, 4, &value);
		check_id(value, config.nr_irqs);
		FUZZ_CHECK(any == (value != GIC_SPURIOUS));
		bus_read(&bus, CPU + GICC_HPPIR, 4, &value);
		check_id(value, config.nr_irqs);
		for (unsigned int word = 0; word < 32; word++)
			bus_write(&bus, DIST + GICD_ICENABLER + 4 * word, 4, UINT32_MAX);
	}
	for (m.cpu = 0; m.cpu < m.nr_cpus; m.cpu++) {
		FUZZ_CHECK(!m.irq[m.cpu] && !m.fiq[m.cpu]);
		bus_read(&bus, CPU + GICC_AIAR, 4, &value);
		FUZZ_CHECK(value == GIC_SPURIOUS);
	}
	gicv2_destroy(m.gic);
	bus_destroy(&bus);
	return 0;
}

void fuzz_seeds(void (*add)(const void *data, size_t size))
{
	/* Windows as above: everything on, an SPI and an SGI, their acknowledge and end. */
	static const struct {
		uint8_t window;
		uint16_t offset;
		bool write;
		uint32_t value;
	} program[] = {
		{0, 0, true, 3},
		{5, GICC_CTLR, true, 0xf},
		{5, GICC_PMR, true, 0xf8},
		{1, GICD_ISENABLER + 4 - GICD_IGROUPR, true, 0xff},
		{3, 32, true, 0x03020101},
		{2, 32, true, 0x20304050},
		{1, GICD_IGROUPR + 4 - GICD_IGROUPR, true, 2},
		{4, 0, true, 0x00010002},
		{5, GICC_HPPIR, false, 0},
		{5, GICC_IAR, false, 0},
		{5, GICC_AIAR, false, 0},
		{5, GICC_EOIR, true, 33},
		{1, GICD_ISPENDR + 4 - GICD_IGROUPR, true, 4},
		{5, GICC_AEOIR, true, 33},
		{6, 0, false, 0},
	};
	uint8_t s[16 + ARRAY_SIZE(program) * (FUZZ_ACCESS + 4)] = {2, 64, 0};
	size_t n = 3;

	for (unsigned int i = 0; i < ARRAY_SIZE(program); i++) {
		s[n++] = 0x81;
		s[n++] = (uint8_t)(32 + i % 8);
		s[n++] = 0;
		if (i % 5 == 4)
			s[n++] = (uint8_t)(0x84 | (i / 5) << 3);
		n += fuzz_access(s + n, program[i].window, program[i].offset, 4, program[i].write,
				 program[i].value);
		/* What is left behind by each step counts, too. */
		add(s, n);
	}
}
