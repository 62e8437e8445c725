/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv2, section by section of the Arm Generic Interrupt Controller
 * Architecture Specification 2.0 (Arm IHI 0048B.b).
 */
#include "tests/unit/device.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "devices/gicv2.h"

#define DIST 0x10000
#define CPU  0x20000

#define CPUS 3
#define IRQS 90 /* the last word is used in part */
#define SPI  40 /* the one that most tests use */
#define PPI  27

/* Outputs in the log: IRQs, then FIQs. */
#define FIQ GICV2_MAX_CPUS

static __thread unsigned int self; /* the CPU whose access is made */

struct fixture {
	struct bus bus;
	struct gicv2 *gic;
	struct irq_log out;
};

static unsigned int accessor(void *ctx)
{
	return self;
}

static struct gicv2 *create(struct fixture *f, unsigned int cpus, unsigned int irqs)
{
	struct irq_line irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
	const struct gicv2_config config = {
		.nr_cpus = cpus,
		.nr_irqs = irqs,
		.irq = irq,
		.fiq = fiq,
		.accessor = accessor,
	};

	for (unsigned int i = 0; i < GICV2_MAX_CPUS; i++) {
		irq[i] = irq_log_line(&f->out, i);
		fiq[i] = irq_log_line(&f->out, FIQ + i);
	}
	return gicv2_create(&config);
}

static void replace(struct fixture *f, unsigned int cpus, unsigned int irqs)
{
	if (f->gic) {
		bus_remove(&f->bus, DIST);
		bus_remove(&f->bus, CPU);
		gicv2_destroy(f->gic);
	}
	f->gic = create(f, cpus, irqs);
	assert_non_null(f->gic);
	assert_int_equal(gicv2_attach(f->gic, &f->bus, DIST, CPU), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	self = 0;
	bus_init(&f->bus, "test");
	replace(f, CPUS, IRQS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	gicv2_destroy(f->gic);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static uint32_t dist(struct fixture *f, uint64_t offset)
{
	return (uint32_t)bus_in(&f->bus, DIST + offset, 4);
}

static void set_dist(struct fixture *f, uint64_t offset, uint32_t value)
{
	bus_out(&f->bus, DIST + offset, value, 4);
}

static void set_dist8(struct fixture *f, uint64_t offset, uint8_t value)
{
	bus_out(&f->bus, DIST + offset, value, 1);
}

static uint32_t cpu(struct fixture *f, uint64_t offset)
{
	return (uint32_t)bus_in(&f->bus, CPU + offset, 4);
}

static void set_cpu(struct fixture *f, uint64_t offset, uint32_t value)
{
	bus_out(&f->bus, CPU + offset, value, 4);
}

/* A bit of a register with a bit an interrupt. */
static bool bit(struct fixture *f, uint32_t reg, unsigned int id)
{
	return dist(f, reg + id / 32 * 4) >> id % 32 & 1;
}

static void set_bit(struct fixture *f, uint32_t reg, unsigned int id)
{
	set_dist(f, reg + id / 32 * 4, 1u << id % 32);
}

static void set_group1(struct fixture *f, unsigned int id)
{
	uint32_t at = GICD_IGROUPR + id / 32 * 4;

	set_dist(f, at, dist(f, at) | 1u << id % 32);
}

static void set_edge(struct fixture *f, unsigned int id)
{
	uint32_t at = GICD_ICFGR + id / 16 * 4;

	set_dist(f, at, dist(f, at) | 2u << id % 16 * 2);
}

static void set_priority(struct fixture *f, unsigned int id, uint8_t priority)
{
	set_dist8(f, GICD_IPRIORITYR + id, priority);
}

static void wire(struct fixture *f, unsigned int input, bool level)
{
	gicv2_set_irq(f->gic, input, level);
}

static void enable(struct fixture *f, unsigned int id)
{
	set_bit(f, GICD_ISENABLER, id);
}

/* Distributor on, interfaces open for everything, SPI @id enabled for CPU 0. */
static void open_all(struct fixture *f)
{
	set_dist(f, GICD_CTLR, GIC_ENABLE_GRP0 | GIC_ENABLE_GRP1);
	for (self = 0; self < CPUS; self++) {
		set_cpu(f, GICC_CTLR, GIC_ENABLE_GRP0 | GIC_ENABLE_GRP1);
		set_cpu(f, GICC_PMR, 0xff);
	}
	self = 0;
}

static void give(struct fixture *f, unsigned int id, uint8_t targets, uint8_t priority)
{
	set_dist8(f, GICD_ITARGETSR + id, targets);
	set_priority(f, id, priority);
	enable(f, id);
}

/* ---- Distributor ---------------------------------------------------------- */

/* 4.1.2, 4.1.3: reset values, and that nothing is signalled. */
static void reset_state(void **state)
{
	struct fixture *f = *state;

	for (self = 0; self < CPUS; self++) {
		assert_int_equal(dist(f, GICD_CTLR), 0);
		/* 4.3.5: SGIs are enabled in this implementation. */
		assert_int_equal(dist(f, GICD_ISENABLER), 0xffff);
		assert_int_equal(dist(f, GICD_ICENABLER), 0xffff);
		assert_int_equal(dist(f, GICD_ISENABLER + 4), 0);
		for (unsigned int i = 0; i < 3; i++) {
			assert_int_equal(dist(f, GICD_IGROUPR + 4 * i), 0);
			assert_int_equal(dist(f, GICD_ISPENDR + 4 * i), 0);
			assert_int_equal(dist(f, GICD_ISACTIVER + 4 * i), 0);
		}
		for (unsigned int i = 0; i < IRQS; i += 4)
			assert_int_equal(dist(f, GICD_IPRIORITYR + i), 0);
		for (unsigned int i = 32; i < IRQS; i += 4)
			assert_int_equal(dist(f, GICD_ITARGETSR + i), 0);
		assert_int_equal(cpu(f, GICC_CTLR), 0);
		assert_int_equal(cpu(f, GICC_PMR), 0);
		assert_int_equal(cpu(f, GICC_BPR), 2);
		assert_int_equal(cpu(f, GICC_ABPR), 3);
		assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
		assert_int_equal(cpu(f, GICC_RPR), 0xff);
		assert_int_equal(cpu(f, GICC_HPPIR), GIC_SPURIOUS);
		assert_int_equal(cpu(f, GICC_APR), 0);
		assert_int_equal(cpu(f, GICC_NSAPR), 0);
		assert_int_equal(f->out.calls[self], 0);
		assert_int_equal(f->out.calls[FIQ + self], 0);
	}
	assert_int_equal(gicv2_odd_accesses(f->gic), 0);
}

/* 4.3.2, 4.3.3, 4.3.18, 4.4.14: what it says of itself, read-only. */
static void identification(void **state)
{
	static const struct {
		unsigned int cpus, irqs;
		uint32_t typer;
	} rows[] = {
		{1, 32, 0}, {2, 64, 1u << 5 | 1}, {3, 90, 2u << 5 | 2}, {8, 1020, 7u << 5 | 31}};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		replace(f, rows[i].cpus, rows[i].irqs);
		set_dist(f, GICD_TYPER, UINT32_MAX);
		assert_int_equal(dist(f, GICD_TYPER), rows[i].typer);
	}
	set_dist(f, GICD_IIDR, UINT32_MAX);
	assert_int_equal(dist(f, GICD_IIDR), 0x6b000000);
	set_dist(f, GICD_ICPIDR2, UINT32_MAX);
	assert_int_equal(dist(f, GICD_ICPIDR2) >> 4 & 15, 2);
	set_cpu(f, GICC_IIDR, UINT32_MAX);
	assert_int_equal(cpu(f, GICC_IIDR) >> 16 & 15, 2);
}

/* 4.3.1: an enable bit a group; without it the distributor forwards nothing of that group. */
static void distributor_enables(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	set_dist(f, GICD_CTLR, UINT32_MAX);
	assert_int_equal(dist(f, GICD_CTLR), 3);
	give(f, SPI, 1, 0x20);
	give(f, SPI + 1, 1, 0x40);
	set_group1(f, SPI + 1);
	wire(f, SPI, true);
	wire(f, SPI + 1, true);
	assert_int_equal(cpu(f, GICC_HPPIR), SPI);
	set_dist(f, GICD_CTLR, GIC_ENABLE_GRP1);
	assert_int_equal(cpu(f, GICC_AHPPIR), SPI + 1);
	assert_true(f->out.level[0]);
	set_dist(f, GICD_CTLR, GIC_ENABLE_GRP0);
	assert_int_equal(cpu(f, GICC_AHPPIR), GIC_SPURIOUS);
	assert_true(f->out.level[0]);
	set_dist(f, GICD_CTLR, 0);
	assert_false(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_HPPIR), GIC_SPURIOUS);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	/* It stays pending meanwhile. */
	assert_true(bit(f, GICD_ISPENDR, SPI));
}

/* 4.3.4 to 4.3.10: set and clear registers; what is not implemented reads as zero. */
static void bit_registers(void **state)
{
	static const struct {
		uint32_t set, clear, other; /* @other reads the same state */
		uint32_t first;		    /* what of word 0 may be set */
	} rows[] = {
		{GICD_ISENABLER, GICD_ICENABLER, GICD_ICENABLER, UINT32_MAX},
		{GICD_ISPENDR, GICD_ICPENDR, GICD_ICPENDR, 0xffff0000},
		{GICD_ISACTIVER, GICD_ICACTIVER, GICD_ICACTIVER, UINT32_MAX},
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		set_dist(f, rows[i].clear, UINT32_MAX);
		assert_int_equal(dist(f, rows[i].set), 0);
		for (unsigned int word = 0; word < 32; word++)
			set_dist(f, rows[i].set + 4 * word, UINT32_MAX);
		assert_int_equal(dist(f, rows[i].set), rows[i].first);
		assert_int_equal(dist(f, rows[i].set + 4), UINT32_MAX);
		assert_int_equal(dist(f, rows[i].set + 8), (1u << (IRQS - 64)) - 1);
		for (unsigned int word = 3; word < 32; word++)
			assert_int_equal(dist(f, rows[i].set + 4 * word), 0);
		/* A zero changes nothing, a one its own bit. */
		set_dist(f, rows[i].set + 4, 0);
		set_dist(f, rows[i].clear + 4, 0x00ff00f0);
		assert_int_equal(dist(f, rows[i].set + 4), 0xff00ff0f);
		assert_int_equal(dist(f, rows[i].other + 4), 0xff00ff0f);
		set_dist(f, rows[i].set + 4, 0x00010010);
		assert_int_equal(dist(f, rows[i].set + 4), 0xff01ff1f);
	}
	for (unsigned int word = 0; word < 32; word++)
		set_dist(f, GICD_IGROUPR + 4 * word, UINT32_MAX);
	assert_int_equal(dist(f, GICD_IGROUPR), UINT32_MAX);
	assert_int_equal(dist(f, GICD_IGROUPR + 8), (1u << (IRQS - 64)) - 1);
	set_dist(f, GICD_IGROUPR, 0x12345678);
	assert_int_equal(dist(f, GICD_IGROUPR), 0x12345678);
}

/* 4.1.6 (banking) and 4.3.4 to 4.3.12: each CPU has its own registers of SGIs and PPIs. */
static void banked(void **state)
{
	struct fixture *f = *state;
	static const uint32_t regs[] = {GICD_IGROUPR, GICD_ISENABLER, GICD_ISPENDR, GICD_ISACTIVER};

	for (self = 0; self < CPUS; self++) {
		set_dist(f, GICD_ICENABLER, UINT32_MAX);
		for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++)
			set_dist(f, regs[i], 1u << (20 + self));
		set_dist(f, GICD_IPRIORITYR + 4, 0x08080808u * (self + 1));
		set_cpu(f, GICC_PMR, 0x10 * (self + 1));
	}
	for (self = 0; self < CPUS; self++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++)
			assert_int_equal(dist(f, regs[i]), 1u << (20 + self));
		assert_int_equal(dist(f, GICD_IPRIORITYR + 4), 0x08080808u * (self + 1));
		assert_int_equal(dist(f, GICD_ITARGETSR), 0x01010101u << self);
		assert_int_equal(dist(f, GICD_ITARGETSR + 28), 0x01010101u << self);
		assert_int_equal(cpu(f, GICC_PMR), 0x10 * (self + 1));
	}
	/* What is shared is so. */
	self = 0;
	set_priority(f, SPI, 0x38);
	enable(f, SPI);
	self = 2;
	assert_int_equal(dist(f, GICD_IPRIORITYR + SPI), 0x38);
	assert_true(bit(f, GICD_ISENABLER, SPI));
	/* A CPU that is not there has nothing. */
	self = CPUS;
	assert_int_equal(dist(f, GICD_IPRIORITYR + SPI), 0);
	set_dist(f, GICD_CTLR, 1);
	self = 0;
	assert_int_equal(dist(f, GICD_CTLR), 0);
}

/* 4.3.11: by bytes too; 5 bits are implemented, from the top. */
static void priorities(void **state)
{
	struct fixture *f = *state;

	set_dist(f, GICD_IPRIORITYR + SPI, 0xff778001);
	assert_int_equal(dist(f, GICD_IPRIORITYR + SPI), 0xf8708000);
	set_priority(f, SPI + 1, 0x4f);
	assert_int_equal(dist(f, GICD_IPRIORITYR + SPI), 0xf8704800);
	assert_int_equal(bus_in(&f->bus, DIST + GICD_IPRIORITYR + SPI + 3, 1), 0xf8);
	set_dist(f, GICD_IPRIORITYR + 88, UINT32_MAX);
	assert_int_equal(dist(f, GICD_IPRIORITYR + 88), 0xf8f8);
	set_dist(f, GICD_IPRIORITYR + 1020, UINT32_MAX);
	assert_int_equal(dist(f, GICD_IPRIORITYR + 1020), 0);
}

/* 4.3.12: the targets of SPIs; bits of CPUs that are not there, and those of private interrupts, stay. */
static void target_registers(void **state)
{
	struct fixture *f = *state;

	set_dist(f, GICD_ITARGETSR + SPI, 0xff020105);
	assert_int_equal(dist(f, GICD_ITARGETSR + SPI), 0x07020105);
	set_dist8(f, GICD_ITARGETSR + SPI + 1, 3);
	assert_int_equal(dist(f, GICD_ITARGETSR + SPI), 0x07020305);
	set_dist(f, GICD_ITARGETSR + 16, 0);
	assert_int_equal(dist(f, GICD_ITARGETSR + 16), 0x01010101);
	set_dist(f, GICD_ITARGETSR + 88, UINT32_MAX);
	assert_int_equal(dist(f, GICD_ITARGETSR + 88), 0x0707);
}

/* 4.3.12: with one CPU they are RAZ/WI, and everything goes to it. */
static void one_cpu(void **state)
{
	struct fixture *f = *state;

	replace(f, 1, IRQS);
	set_dist(f, GICD_ITARGETSR + SPI, 0x01010101);
	assert_int_equal(dist(f, GICD_ITARGETSR + SPI), 0);
	assert_int_equal(dist(f, GICD_ITARGETSR), 0);
	set_dist(f, GICD_CTLR, 1);
	set_cpu(f, GICC_CTLR, 1);
	set_cpu(f, GICC_PMR, 0xf0);
	enable(f, SPI);
	wire(f, SPI, true);
	assert_true(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
}

/* 4.3.12: an SPI goes to its targets, whatever was pending before; without one it goes nowhere. */
static void routing(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 0, 0x20);
	wire(f, SPI, true);
	for (unsigned int i = 0; i < CPUS; i++)
		assert_false(f->out.level[i]);
	set_dist8(f, GICD_ITARGETSR + SPI, 2);
	assert_false(f->out.level[0]);
	assert_true(f->out.level[1]);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	set_dist8(f, GICD_ITARGETSR + SPI, 4);
	assert_false(f->out.level[1]);
	assert_true(f->out.level[2]);
}

/* 1.4.3, 3.2.3: the 1-N model: all targets are told, the first to acknowledge has it. */
static void one_of_many(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 6, 0x20);
	wire(f, SPI, true);
	assert_false(f->out.level[0]);
	assert_true(f->out.level[1]);
	assert_true(f->out.level[2]);
	self = 2;
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	assert_false(f->out.level[1]);
	self = 1;
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	self = 2;
	set_cpu(f, GICC_EOIR, SPI);
	assert_true(f->out.level[1]);
	assert_true(f->out.level[2]);
}

/* 4.3.13: SGIs are edge-triggered, PPIs level-sensitive here, SPIs as one wants; the low bit is RAZ. */
static void configuration(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 64; i++)
		set_dist(f, GICD_ICFGR + 4 * i, UINT32_MAX);
	assert_int_equal(dist(f, GICD_ICFGR), 0xaaaaaaaa);
	assert_int_equal(dist(f, GICD_ICFGR + 4), 0);
	for (unsigned int i = 2; i < 5; i++)
		assert_int_equal(dist(f, GICD_ICFGR + 4 * i), 0xaaaaaaaa);
	assert_int_equal(dist(f, GICD_ICFGR + 20), 0xaaaaaaaa & ((1u << 2 * (IRQS - 80)) - 1));
	assert_int_equal(dist(f, GICD_ICFGR + 24), 0);
	set_dist(f, GICD_ICFGR, 0);
	assert_int_equal(dist(f, GICD_ICFGR), 0xaaaaaaaa);
	set_dist(f, GICD_ICFGR + 8, 0x00000008);
	set_dist(f, GICD_ICFGR + 12, 0x20000000);
	assert_int_equal(dist(f, GICD_ICFGR + 8), 0x00000008);
	assert_int_equal(dist(f, GICD_ICFGR + 12), 0x20000000);
}

/* ---- Pending --------------------------------------------------------------- */

/* 1.4.1, 4.3.7: a level is pending while the wire is up, and again after the end if it still is. */
static void level_sensitive(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	wire(f, SPI, true);
	assert_true(f->out.level[0]);
	wire(f, SPI, false);
	assert_false(f->out.level[0]);
	assert_false(bit(f, GICD_ISPENDR, SPI));
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	/* Active and pending: told of in the register, not signalled. */
	assert_true(bit(f, GICD_ISPENDR, SPI));
	assert_true(bit(f, GICD_ISACTIVER, SPI));
	assert_false(f->out.level[0]);
	set_cpu(f, GICC_EOIR, SPI);
	assert_true(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	wire(f, SPI, false);
	set_cpu(f, GICC_EOIR, SPI);
	assert_false(f->out.level[0]);
	assert_false(bit(f, GICD_ISACTIVER, SPI));
}

/* 1.4.1, 4.3.7: an edge is remembered until the acknowledge, once; a wire that stays up is no edge. */
static void edge_triggered(void **state)
{
	struct fixture *f = *state;
	struct irq_line line = gicv2_input(f->gic, SPI);

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_edge(f, SPI);
	wire(f, SPI, true);
	wire(f, SPI, false);
	assert_true(bit(f, GICD_ISPENDR, SPI));
	irq_pulse(&line);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	assert_false(bit(f, GICD_ISPENDR, SPI));
	/* One that comes while it is active waits for the end. */
	wire(f, SPI, true);
	assert_true(bit(f, GICD_ISPENDR, SPI));
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	set_cpu(f, GICC_EOIR, SPI);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	set_cpu(f, GICC_EOIR, SPI);
	wire(f, SPI, true);
	assert_false(bit(f, GICD_ISPENDR, SPI));
	assert_false(f->out.level[0]);
}

/* 4.3.7, figure 4-10: a level-sensitive one may be made pending by software, until the acknowledge. */
static void pending_by_software(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_bit(f, GICD_ISPENDR, SPI);
	assert_true(f->out.level[0]);
	wire(f, SPI, true);
	wire(f, SPI, false);
	assert_true(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	assert_false(bit(f, GICD_ISPENDR, SPI));
	set_cpu(f, GICC_EOIR, SPI);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	/* A PPI of another CPU is its own. */
	self = 1;
	enable(f, PPI);
	set_bit(f, GICD_ISPENDR, PPI);
	assert_true(f->out.level[1]);
	assert_false(f->out.level[0]);
}

/* 4.3.8: clearing takes what is latched; a wire that is up stays pending. */
static void clear_pending(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_bit(f, GICD_ISPENDR, SPI);
	set_bit(f, GICD_ICPENDR, SPI);
	assert_false(f->out.level[0]);
	wire(f, SPI, true);
	set_bit(f, GICD_ISPENDR, SPI);
	set_bit(f, GICD_ICPENDR, SPI);
	assert_true(bit(f, GICD_ISPENDR, SPI));
	assert_true(f->out.level[0]);
	wire(f, SPI, false);
	assert_false(f->out.level[0]);
	set_edge(f, SPI);
	wire(f, SPI, true);
	set_bit(f, GICD_ICPENDR, SPI);
	assert_false(f->out.level[0]);
}

/* 4.3.5, 4.3.6: disabled, it becomes pending and is not forwarded. */
static void disabled(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_bit(f, GICD_ICENABLER, SPI);
	wire(f, SPI, true);
	assert_true(bit(f, GICD_ISPENDR, SPI));
	assert_false(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_HPPIR), GIC_SPURIOUS);
	enable(f, SPI);
	assert_true(f->out.level[0]);
	set_bit(f, GICD_ICENABLER, SPI);
	assert_false(f->out.level[0]);
}

/* 2.2.1: a PPI's wire is one CPU's; inputs that are none do nothing. */
static void inputs(void **state)
{
	static const unsigned int wrong[] = {
		0,	  15,	      IRQS,	      1023, GICV2_PPI(1, SPI), GICV2_PPI(CPUS, PPI),
		1u << 31, UINT32_MAX, GICV2_PPI(1, 3)};
	struct fixture *f = *state;

	open_all(f);
	for (self = 0; self < CPUS; self++)
		enable(f, PPI);
	self = 0;
	wire(f, GICV2_PPI(1, PPI), true);
	assert_false(f->out.level[0]);
	assert_true(f->out.level[1]);
	assert_false(bit(f, GICD_ISPENDR, PPI));
	self = 1;
	assert_int_equal(cpu(f, GICC_IAR), PPI);
	wire(f, GICV2_PPI(1, PPI), false);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		wire(f, wrong[i], true);
	for (self = 0; self < CPUS; self++)
		for (unsigned int word = 0; word < 3; word++)
			assert_int_equal(dist(f, GICD_ISPENDR + 4 * word), 0);
}

/* 4.3.9, 4.3.10: software makes active and inactive; an active one is not signalled. */
static void active_by_software(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_bit(f, GICD_ISACTIVER, SPI);
	wire(f, SPI, true);
	assert_false(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	set_bit(f, GICD_ICACTIVER, SPI);
	assert_true(f->out.level[0]);
}

/* ---- SGIs ------------------------------------------------------------------ */

/* 4.3.15: to a list of CPUs, to all but the sender, to the sender, and the reserved filter. */
static void sgi_targets(void **state)
{
	static const struct {
		uint32_t value;
		unsigned int cpus; /* that get it, from CPU 1 */
	} rows[] = {
		{0u << 24 | 5u << 16, 5}, {0u << 24 | 0xfau << 16, 2}, {0u << 24, 0},
		{1u << 24 | 2u << 16, 5}, {2u << 24 | 5u << 16, 2},    {3u << 24 | 7u << 16, 0},
	};
	struct fixture *f = *state;

	open_all(f);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		self = 1;
		set_dist(f, GICD_SGIR, rows[i].value | i);
		assert_int_equal(dist(f, GICD_SGIR), 0);
		for (self = 0; self < CPUS; self++) {
			bool got = rows[i].cpus >> self & 1;

			assert_int_equal(f->out.level[self], got);
			assert_int_equal(dist(f, GICD_ISPENDR), got ? 1u << i : 0);
			/* 4.4.4: with the sender's number. */
			assert_int_equal(cpu(f, GICC_IAR), got ? 1u << 10 | i : GIC_SPURIOUS);
			set_cpu(f, GICC_EOIR, got ? 1u << 10 | i : GIC_SPURIOUS);
		}
	}
}

/* 3.2, 4.3.16, 4.3.17: one SGI from several CPUs is pending for each, and comes one by one. */
static void sgi_sources(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	for (self = 0; self < CPUS; self++)
		set_dist(f, GICD_SGIR, 1u << 16 | 5);
	self = 0;
	set_dist(f, GICD_SGIR, 1u << 16 | 5);
	assert_int_equal(dist(f, GICD_CPENDSGIR + 4), 0x0700);
	assert_int_equal(dist(f, GICD_SPENDSGIR + 4), 0x0700);
	for (unsigned int source = 0; source < CPUS; source++) {
		assert_true(f->out.level[0]);
		assert_int_equal(cpu(f, GICC_HPPIR), source << 10 | 5);
		assert_int_equal(cpu(f, GICC_IAR), source << 10 | 5);
		assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
		set_cpu(f, GICC_EOIR, source << 10 | 5);
	}
	assert_false(f->out.level[0]);
	assert_int_equal(dist(f, GICD_ISPENDR), 0);
}

/* 4.3.16, 4.3.17: set and clear by source, by bytes and words, each CPU its own. */
static void sgi_pending_registers(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	set_dist(f, GICD_SPENDSGIR, 0xff000600);
	assert_int_equal(dist(f, GICD_SPENDSGIR), 0x07000600);
	assert_int_equal(dist(f, GICD_ISPENDR), 1u << 3 | 1u << 1);
	set_dist8(f, GICD_CPENDSGIR + 1, 2);
	assert_int_equal(dist(f, GICD_CPENDSGIR), 0x07000400);
	assert_int_equal(cpu(f, GICC_IAR), 2u << 10 | 1);
	assert_int_equal(dist(f, GICD_CPENDSGIR), 0x07000000);
	set_dist8(f, GICD_CPENDSGIR + 3, 0xff);
	assert_int_equal(dist(f, GICD_ISPENDR), 0);
	set_dist8(f, GICD_SPENDSGIR + 15, 1);
	self = 1;
	assert_int_equal(dist(f, GICD_SPENDSGIR + 12), 0);
	assert_int_equal(dist(f, GICD_ISPENDR), 0);
	/* 4.3.7: the other registers leave them alone. */
	set_dist(f, GICD_ISPENDR, 0xffff);
	assert_int_equal(dist(f, GICD_ISPENDR), 0);
	set_dist8(f, GICD_SPENDSGIR + 2, 1);
	set_dist(f, GICD_ICPENDR, 0xffff);
	assert_int_equal(dist(f, GICD_ISPENDR), 4);
}

/* ---- Priorities ------------------------------------------------------------ */

/* 3.3: the highest priority (lowest value) first; among equals the lowest id. */
static void priority_order(void **state)
{
	static const struct {
		unsigned int id;
		uint8_t priority;
	} rows[] = {{80, 0x20}, {33, 0x28}, {64, 0x20}, {50, 0x10}, {34, 0x28}, {PPI, 0x20}};
	static const unsigned int order[] = {50, PPI, 64, 80, 33, 34};
	struct fixture *f = *state;

	open_all(f);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		give(f, rows[i].id, 1, rows[i].priority);
		wire(f, rows[i].id, true);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		assert_true(f->out.level[0]);
		assert_int_equal(cpu(f, GICC_IAR), order[i]);
		wire(f, order[i], false);
		set_cpu(f, GICC_EOIR, order[i]);
	}
	assert_false(f->out.level[0]);
}

/* 3.3.2, 4.4.2: only a priority above the mask passes; 5 bits. */
static void priority_mask(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0);
	wire(f, SPI, true);
	for (unsigned int mask = 0; mask < 0x100; mask += 8) {
		set_cpu(f, GICC_PMR, 0xffffff00 | mask | 7);
		assert_int_equal(cpu(f, GICC_PMR), mask);
		for (unsigned int priority = 0; priority < 0x100; priority += 8) {
			set_priority(f, SPI, (uint8_t)priority);
			assert_int_equal(f->out.level[0], priority < mask);
		}
	}
	set_priority(f, SPI, 0x80);
	set_cpu(f, GICC_PMR, 0x80);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	/* 4.4.7: but one can see it. */
	assert_int_equal(cpu(f, GICC_HPPIR), SPI);
}

/* 3.3.1, 4.4.6: only a higher group priority preempts; the running priority is the highest active one. */
static void preemption(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x40);
	give(f, SPI + 1, 1, 0x40);
	give(f, SPI + 2, 1, 0x38);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	assert_int_equal(cpu(f, GICC_RPR), 0x40);
	assert_int_equal(cpu(f, GICC_APR), 1u << (0x40 >> 3));
	wire(f, SPI + 1, true);
	assert_false(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	wire(f, SPI + 2, true);
	assert_true(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), SPI + 2);
	assert_int_equal(cpu(f, GICC_RPR), 0x38);
	wire(f, SPI + 2, false);
	set_cpu(f, GICC_EOIR, SPI + 2);
	assert_int_equal(cpu(f, GICC_RPR), 0x40);
	wire(f, SPI, false);
	set_cpu(f, GICC_EOIR, SPI);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	assert_int_equal(cpu(f, GICC_IAR), SPI + 1);
}

/* 3.3.3, 4.4.3, 4.4.8: where the binary points cut, for each group. Group 1's cuts one bit lower. */
static void binary_points(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 8; i++) {
		set_cpu(f, GICC_BPR, i | 0xfffffff8);
		assert_int_equal(cpu(f, GICC_BPR), i < 2 ? 2 : i);
		set_cpu(f, GICC_ABPR, i);
		assert_int_equal(cpu(f, GICC_ABPR), i < 3 ? 3 : i);
	}
	open_all(f);
	give(f, SPI, 1, 0);
	give(f, SPI + 1, 1, 0);
	for (unsigned int group = 0; group < 2; group++) {
		if (group) {
			set_group1(f, SPI);
			set_group1(f, SPI + 1);
		}
		for (unsigned int point = 2 + group; point < 8; point++) {
			unsigned int cut = group ? point : point + 1;

			set_cpu(f, group ? GICC_ABPR : GICC_BPR, point);
			set_cpu(f, group ? GICC_BPR : GICC_ABPR, 7);
			set_priority(f, SPI, 0x88);
			wire(f, SPI, true);
			assert_int_equal(cpu(f, group ? GICC_AIAR : GICC_IAR), SPI);
			/* 4.4.6: what runs is the group priority. */
			assert_int_equal(cpu(f, GICC_RPR), 0x88 & 0xff << cut);
			for (unsigned int priority = 0; priority < 0x100; priority += 8) {
				set_priority(f, SPI + 1, (uint8_t)priority);
				wire(f, SPI + 1, true);
				assert_int_equal(f->out.level[0],
						 priority < 0xf8 && priority >> cut < 0x88u >> cut);
				wire(f, SPI + 1, false);
			}
			wire(f, SPI, false);
			set_cpu(f, group ? GICC_AEOIR : GICC_EOIR, SPI);
		}
	}
}

/* 3.3.3: a priority is cut by the binary point of its own group before it is held against what runs. */
static void cut_by_own_group(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	set_cpu(f, GICC_ABPR, 7);
	give(f, SPI, 1, 0x88);
	give(f, SPI + 1, 1, 0x90);
	set_group1(f, SPI + 1);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	wire(f, SPI + 1, true);
	assert_int_equal(cpu(f, GICC_AIAR), SPI + 1);
	assert_int_equal(cpu(f, GICC_RPR), 0x80);
}

/* 4.4.1: CBPR makes GICC_BPR count for both groups. */
static void common_binary_point(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	set_cpu(f, GICC_CTLR, GIC_ENABLE_GRP1 | GICC_CTLR_CBPR);
	set_cpu(f, GICC_BPR, 4);
	give(f, SPI, 1, 0x78);
	set_group1(f, SPI);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_AIAR), SPI);
	assert_int_equal(cpu(f, GICC_RPR), 0x60);
	assert_int_equal(cpu(f, GICC_NSAPR), 1u << (0x60 >> 3));
}

/* 4.4.12, 4.4.13: active priorities by group, that may be saved and restored. */
static void active_priorities(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x40);
	give(f, SPI + 1, 1, 0x20);
	set_group1(f, SPI);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_AIAR), SPI);
	wire(f, SPI + 1, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI + 1);
	assert_int_equal(cpu(f, GICC_APR), 1u << 4);
	assert_int_equal(cpu(f, GICC_NSAPR), 1u << 8);
	assert_int_equal(cpu(f, GICC_RPR), 0x20);
	set_cpu(f, GICC_APR, 0);
	assert_int_equal(cpu(f, GICC_RPR), 0x40);
	set_cpu(f, GICC_NSAPR, 1u << 31);
	assert_int_equal(cpu(f, GICC_RPR), 0xf8);
	set_cpu(f, GICC_APR, 1);
	assert_int_equal(cpu(f, GICC_RPR), 0);
	/* 3.2.1: a priority drop takes the highest of both. */
	set_cpu(f, GICC_EOIR, SPI + 1);
	assert_int_equal(cpu(f, GICC_APR), 0);
	assert_int_equal(cpu(f, GICC_NSAPR), 1u << 31);
	set_cpu(f, GICC_AEOIR, SPI);
	assert_int_equal(cpu(f, GICC_NSAPR), 0);
}

/* ---- CPU interface --------------------------------------------------------- */

/* 4.4.1: which bits there are, and what the group enables do. */
static void interface_enables(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	set_cpu(f, GICC_CTLR, UINT32_MAX);
	assert_int_equal(cpu(f, GICC_CTLR), 0x21f);
	give(f, SPI, 1, 0x20);
	give(f, SPI + 1, 1, 0x40);
	set_group1(f, SPI + 1);
	wire(f, SPI, true);
	wire(f, SPI + 1, true);
	set_cpu(f, GICC_CTLR, GIC_ENABLE_GRP0);
	assert_true(f->out.level[0]);
	/* The distributor's choice is the highest; that it may not pass lets no other pass. */
	set_cpu(f, GICC_CTLR, GIC_ENABLE_GRP1);
	assert_false(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	assert_int_equal(cpu(f, GICC_HPPIR), GIC_SPURIOUS);
	assert_int_equal(cpu(f, GICC_AIAR), GIC_SPURIOUS);
	wire(f, SPI, false);
	assert_true(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_AIAR), SPI + 1);
	set_cpu(f, GICC_CTLR, 0);
	assert_false(f->out.level[0]);
}

/* 3.4, 4.4.1: FIQEn sends Group 0 by FIQ, never Group 1. */
static void fiq(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	give(f, SPI + 1, 1, 0x40);
	set_group1(f, SPI + 1);
	wire(f, SPI, true);
	assert_true(f->out.level[0]);
	assert_false(f->out.level[FIQ]);
	set_cpu(f, GICC_CTLR, GIC_ENABLE_GRP0 | GIC_ENABLE_GRP1 | GICC_CTLR_FIQEN);
	assert_false(f->out.level[0]);
	assert_true(f->out.level[FIQ]);
	assert_false(f->out.level[FIQ + 1]);
	wire(f, SPI + 1, true);
	wire(f, SPI, false);
	assert_true(f->out.level[0]);
	assert_false(f->out.level[FIQ]);
}

/* 4.4.4, 4.4.9: who may acknowledge what, by group and AckCtl; what reads otherwise. */
static void acknowledge_groups(void **state)
{
	static const struct {
		bool group1, ackctl;
		uint32_t iar, aiar;
	} rows[] = {
		{false, false, SPI, GIC_SPURIOUS},
		{false, true, SPI, GIC_SPURIOUS},
		{true, false, GIC_GROUP1, SPI},
		{true, true, SPI, SPI},
	};
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	wire(f, SPI, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		set_dist(f, GICD_IGROUPR + 4, rows[i].group1 ? 1u << (SPI - 32) : 0);
		set_cpu(f, GICC_CTLR, 3 | (rows[i].ackctl ? GICC_CTLR_ACKCTL : 0));
		/* 4.4.7, 4.4.11: the same without an effect. */
		assert_int_equal(cpu(f, GICC_HPPIR), rows[i].iar);
		assert_int_equal(cpu(f, GICC_AHPPIR), rows[i].aiar);
		for (unsigned int alias = 0; alias < 2; alias++) {
			uint32_t want = alias ? rows[i].aiar : rows[i].iar;

			assert_false(bit(f, GICD_ISACTIVER, SPI));
			assert_int_equal(cpu(f, alias ? GICC_AIAR : GICC_IAR), want);
			assert_int_equal(bit(f, GICD_ISACTIVER, SPI), want == SPI);
			assert_int_equal(cpu(f, GICC_RPR), want == SPI ? 0x20 : 0xff);
			set_cpu(f, alias ? GICC_AEOIR : GICC_EOIR, want);
		}
	}
	/* Masked, Group 1 is not even told of. */
	set_cpu(f, GICC_CTLR, 3);
	set_cpu(f, GICC_PMR, 0x20);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
	assert_int_equal(cpu(f, GICC_HPPIR), GIC_GROUP1);
}

/* 4.4.7: an active and pending interrupt is not shown, and looking acknowledges nothing. */
static void highest_pending(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_HPPIR), SPI);
	assert_true(f->out.level[0]);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	assert_int_equal(cpu(f, GICC_HPPIR), GIC_SPURIOUS);
	give(f, SPI + 1, 1, 0x60);
	wire(f, SPI + 1, true);
	assert_int_equal(cpu(f, GICC_HPPIR), SPI + 1);
}

/* 3.2.1, 4.4.5: without EOImode the end drops the priority and deactivates. */
static void end_of_interrupt(void **state)
{
	struct fixture *f = *state;
	static const uint32_t wrong[] = {IRQS, 1020, 1021, GIC_GROUP1, GIC_SPURIOUS};

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_edge(f, SPI);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	/* Spurious ids, and those that are not there, end nothing. */
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		set_cpu(f, GICC_EOIR, wrong[i]);
	assert_int_equal(cpu(f, GICC_RPR), 0x20);
	/* 4.4.15: unpredictable, here nothing. */
	set_cpu(f, GICC_DIR, SPI);
	assert_true(bit(f, GICD_ISACTIVER, SPI));
	set_cpu(f, GICC_EOIR, SPI);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	assert_false(bit(f, GICD_ISACTIVER, SPI));
	/* An end with nothing active. */
	set_cpu(f, GICC_EOIR, SPI);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	assert_int_equal(cpu(f, GICC_EOIR), 0);
}

/* 3.2.1, 4.4.15: with EOImode the end drops the priority and GICC_DIR deactivates. */
static void split_end(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	set_cpu(f, GICC_CTLR, 3 | GICC_CTLR_EOIMODE);
	give(f, SPI, 1, 0x20);
	give(f, SPI + 1, 1, 0x20);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	set_cpu(f, GICC_EOIR, SPI);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	assert_true(bit(f, GICD_ISACTIVER, SPI));
	/* It does not come again, and another of its priority does. */
	assert_false(f->out.level[0]);
	wire(f, SPI + 1, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI + 1);
	set_cpu(f, GICC_DIR, SPI);
	assert_false(bit(f, GICD_ISACTIVER, SPI));
	assert_int_equal(cpu(f, GICC_RPR), 0x20);
	set_cpu(f, GICC_DIR, GIC_SPURIOUS);
	assert_true(bit(f, GICD_ISACTIVER, SPI + 1));
	assert_int_equal(cpu(f, GICC_DIR), 0);
}

/* 4.4.5, 4.4.10: what is not of the register's group is not deactivated, but the priority drops. */
static void end_by_wrong_register(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	wire(f, SPI, true);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
	set_cpu(f, GICC_AEOIR, SPI);
	assert_true(bit(f, GICD_ISACTIVER, SPI));
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	set_cpu(f, GICC_EOIR, SPI);
	assert_false(bit(f, GICD_ISACTIVER, SPI));
	set_group1(f, SPI);
	assert_int_equal(cpu(f, GICC_AIAR), SPI);
	set_cpu(f, GICC_EOIR, SPI);
	assert_true(bit(f, GICD_ISACTIVER, SPI));
	set_cpu(f, GICC_CTLR, 3 | GICC_CTLR_ACKCTL);
	set_cpu(f, GICC_EOIR, SPI);
	assert_false(bit(f, GICD_ISACTIVER, SPI));
}

/* An output is called when it changes and not otherwise: a call costs an ioctl. */
static void output_called_on_change(void **state)
{
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	give(f, SPI + 1, 1, 0x20);
	wire(f, SPI, true);
	wire(f, SPI, true);
	wire(f, SPI + 1, true);
	assert_int_equal(f->out.calls[0], 1);
	wire(f, SPI, false);
	assert_int_equal(f->out.calls[0], 1);
	wire(f, SPI + 1, false);
	assert_int_equal(f->out.calls[0], 2);
	assert_int_equal(f->out.calls[FIQ], 0);
}

/* ---- Accesses -------------------------------------------------------------- */

/* 4.1.4: words everywhere, bytes of some registers; all else reads as zero, does nothing, is counted. */
static void access_widths(void **state)
{
	static const struct {
		uint64_t at;
		unsigned int size;
	} rows[] = {
		{DIST + GICD_CTLR, 1},
		{DIST + GICD_CTLR, 2},
		{DIST + GICD_CTLR, 8},
		{DIST + GICD_ISENABLER, 1},
		{DIST + GICD_IPRIORITYR + SPI, 2},
		{DIST + GICD_IPRIORITYR + SPI, 8},
		{DIST + GICD_IPRIORITYR + 41, 4},
		{DIST + GICD_ITARGETSR + SPI, 2},
		{DIST + GICD_ITARGETSR + 33, 2},
		{DIST + GICD_ICFGR + 8, 1},
		{CPU + GICC_IAR, 1},
		{CPU + GICC_IAR, 2},
		{CPU + GICC_IAR, 8},
		{CPU + GICC_IAR + 1, 4},
		{CPU + GICC_HPPIR, 8},
		{CPU + GICC_EOIR, 2},
		{CPU + GICC_PMR, 1},
		{DIST + 0x40, 2},
	};
	struct fixture *f = *state;

	open_all(f);
	give(f, SPI, 1, 0x20);
	set_dist(f, GICD_IPRIORITYR + SPI, 0x18182020);
	set_edge(f, SPI);
	wire(f, SPI, true);
	assert_int_equal(gicv2_odd_accesses(f->gic), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(bus_in(&f->bus, rows[i].at, rows[i].size), 0);
		assert_int_equal(gicv2_odd_accesses(f->gic), 2 * i + 1);
		bus_out(&f->bus, rows[i].at, UINT64_MAX, rows[i].size);
		assert_int_equal(gicv2_odd_accesses(f->gic), 2 * i + 2);
	}
	assert_int_equal(dist(f, GICD_CTLR), 3);
	assert_int_equal(dist(f, GICD_ISENABLER + 4), 1u << (SPI - 32));
	assert_int_equal(dist(f, GICD_IPRIORITYR + SPI), 0x18182020);
	assert_int_equal(dist(f, GICD_ITARGETSR + SPI), 1);
	assert_int_equal(dist(f, GICD_ICFGR + 8), 2u << 2 * (SPI - 32));
	assert_int_equal(cpu(f, GICC_PMR), 0xf8);
	assert_int_equal(cpu(f, GICC_IAR), SPI);
}

/* 4.1.2, 4.1.3: what is reserved reads as zero; a write to a read-only register does nothing. */
static void reserved_registers(void **state)
{
	static const uint32_t dist_offsets[] = {0x00c, 0x07c, 0xd00, 0xe00, 0xf04,
						0xf30, 0xfd0, 0xfe4, 0xfec, 0xffc};
	static const uint32_t cpu_offsets[] = {0x02c, 0x0cc, 0x0d4, 0x0e4, 0x100, 0xffc, 0x1004};
	struct fixture *f = *state;

	open_all(f);
	for (unsigned int i = 0; i < ARRAY_SIZE(dist_offsets); i++) {
		set_dist(f, dist_offsets[i], UINT32_MAX);
		assert_int_equal(dist(f, dist_offsets[i]), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(cpu_offsets); i++) {
		set_cpu(f, cpu_offsets[i], UINT32_MAX);
		assert_int_equal(cpu(f, cpu_offsets[i]), 0);
	}
	set_cpu(f, GICC_IAR, SPI);
	set_cpu(f, GICC_RPR, 0);
	set_cpu(f, GICC_HPPIR, 0);
	assert_int_equal(cpu(f, GICC_RPR), 0xff);
	assert_int_equal(gicv2_odd_accesses(f->gic), 0);
}

/* 2.2.1: the largest there is; the last id is 1019. */
static void largest(void **state)
{
	struct fixture *f = *state;

	replace(f, 8, 1020);
	set_dist(f, GICD_CTLR, 1);
	self = 7;
	set_cpu(f, GICC_CTLR, 1);
	set_cpu(f, GICC_PMR, 0xf0);
	give(f, 1019, 0x80, 8);
	assert_int_equal(dist(f, GICD_ITARGETSR + 1016), 0x80000000);
	set_dist(f, GICD_ISENABLER + 124, UINT32_MAX);
	assert_int_equal(dist(f, GICD_ISENABLER + 124), 0x0fffffff);
	wire(f, 1019, true);
	wire(f, 1020, true);
	assert_true(f->out.level[7]);
	assert_int_equal(cpu(f, GICC_IAR), 1019);
	assert_int_equal(cpu(f, GICC_IAR), GIC_SPURIOUS);
}

static void bad_configurations(void **state)
{
	static const struct {
		unsigned int cpus, irqs;
	} rows[] = {{0, 64}, {9, 64}, {1, 31}, {1, 0}, {1, 1021}};
	struct fixture *f = *state;
	struct bus_range range = {.base = CPU, .size = 8, .ops = &gicv2_cpu_ops, .name = "other"};
	struct gicv2 *other;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		errno = 0;
		assert_null(create(f, rows[i].cpus, rows[i].irqs));
		assert_int_equal(errno, EINVAL);
	}
	gicv2_destroy(NULL);
	/* A place that is taken. */
	bus_remove(&f->bus, CPU);
	bus_remove(&f->bus, DIST);
	assert_int_equal(bus_add(&f->bus, &range), 0);
	other = create(f, 1, 32);
	assert_int_equal(gicv2_attach(other, &f->bus, DIST, CPU), -EEXIST);
	gicv2_destroy(other);
}

#define ROUNDS 2000
/* Longer than an interrupt ever waits, unless something is wrong. */
#define TAKEN_S 3

struct receiver {
	struct fixture *f;
	unsigned int cpu;
	unsigned int got, bad;
	atomic_bool *stop;
};

/* A CPU that takes what comes until it is told to stop and nothing is left. */
static void *receive(void *arg)
{
	struct receiver *r = arg;

	self = r->cpu;
	while (r->got <= ROUNDS && !r->bad) {
		bool stop = atomic_load(r->stop);
		uint32_t id = cpu(r->f, GICC_IAR);

		if (id == SPI) {
			r->got++;
			/* Nobody else has it. */
			r->bad += !bit(r->f, GICD_ISACTIVER, SPI);
			set_cpu(r->f, GICC_EOIR, id);
		} else if (id != GIC_SPURIOUS) {
			r->bad++;
		} else if (stop) {
			break;
		}
	}
	return NULL;
}

/* False if nobody takes it. */
static bool taken(struct fixture *f, unsigned int id)
{
	time_t end = time(NULL) + TAKEN_S;

	while (bit(f, GICD_ISPENDR, id)) {
		if (time(NULL) > end)
			return false;
		sched_yield();
	}
	return true;
}

/* Any thread: of edges that nobody misses none is lost, and none is handled twice. */
static void used_by_threads(void **state)
{
	struct fixture *f = *state;
	atomic_bool stop = false;
	struct receiver r[CPUS];
	pthread_t threads[CPUS];
	unsigned int got = 0;
	bool all = true;

	open_all(f);
	give(f, SPI, 7, 0x20);
	set_edge(f, SPI);
	for (unsigned int i = 0; i < CPUS; i++) {
		r[i] = (struct receiver){.f = f, .cpu = i, .stop = &stop};
		pthread_create(&threads[i], NULL, receive, &r[i]);
	}
	for (unsigned int i = 0; i < ROUNDS && all; i++) {
		wire(f, SPI, true);
		wire(f, SPI, false);
		all = taken(f, SPI);
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < CPUS; i++) {
		pthread_join(threads[i], NULL);
		got += r[i].got;
		assert_int_equal(r[i].bad, 0);
	}
	assert_true(all);
	assert_int_equal(got, ROUNDS);
	for (unsigned int i = 0; i < CPUS; i++)
		assert_false(f->out.level[i]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reset_state),
		CASE(identification),
		CASE(distributor_enables),
		CASE(bit_registers),
		CASE(banked),
		CASE(priorities),
		CASE(target_registers),
		CASE(one_cpu),
		CASE(routing),
		CASE(one_of_many),
		CASE(configuration),
		CASE(level_sensitive),
		CASE(edge_triggered),
		CASE(pending_by_software),
		CASE(clear_pending),
		CASE(disabled),
		CASE(inputs),
		CASE(active_by_software),
		CASE(sgi_targets),
		CASE(sgi_sources),
		CASE(sgi_pending_registers),
		CASE(priority_order),
		CASE(priority_mask),
		CASE(preemption),
		CASE(binary_points),
		CASE(cut_by_own_group),
		CASE(common_binary_point),
		CASE(active_priorities),
		CASE(interface_enables),
		CASE(fiq),
		CASE(acknowledge_groups),
		CASE(highest_pending),
		CASE(end_of_interrupt),
		CASE(split_end),
		CASE(end_by_wrong_register),
		CASE(output_called_on_change),
		CASE(access_widths),
		CASE(reserved_registers),
		CASE(largest),
		CASE(bad_configurations),
		CASE(used_by_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
