/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm GICv2; specification: Arm Generic Interrupt Controller Architecture
 * Specification, version 2.0 (Arm IHI 0048B.b). Sections below are its own; the
 * register map (4.1) is in gicv2.h.
 *
 *   wires, GICD_SGIR --> pending, enabled, group, priority, targets   distributor
 *                    --> mask, running priority, group enables        CPU interface
 *                    --> IRQ, FIQ                                     processor
 *
 * There are no Security Extensions, but there are two groups, as every GICv2
 * has (3.4): Group 0 may be signalled as FIQ.
 *
 * Chosen where the specification leaves a choice, as Linux's vgic-v2 chooses
 * where it has one (vgic-mmio-v2.c, vgic-mmio.c; of what hardware does for it,
 * as vgic-v3-sr.c does in its place):
 *  - SGIs are enabled after reset, and may be disabled (4.3.5).
 *  - PPIs are level-sensitive and cannot be made otherwise (4.3.13).
 *  - Writes to GICD_ISPENDR0 and GICD_ICPENDR0 leave SGIs alone (4.3.7).
 *  - Of an SGI's sources the lowest CPU comes first (3.2).
 *  - 5 priority bits; the smallest binary points are 2 and, for Group 1, 3
 *    (3.3.3).
 *  - The running priority is a group priority, 0xff when idle (4.4.6).
 *  - The active priorities of Group 1 are in GICC_NSAPR0, as they are with the
 *    Security Extensions (4.4.13).
 *  - There is no bypass of the interrupt signals; its bits of GICC_CTLR are
 *    RAZ/WI (2.3.1).
 *  - An end of interrupt that does not match the acknowledge (4.4.5:
 *    UNPREDICTABLE) drops the highest active priority, and deactivates the
 *    interrupt that it names if that is of the register's group. GICC_DIR
 *    while GICC_CTLR.EOImode is 0 does nothing (4.4.15).
 *  - Of interrupts with the same priority the lowest id comes first (3.2;
 *    vgic-v2: the one that came first).
 *  - SPIs are level-sensitive after reset (4.3.13; vgic-v2: edge-triggered).
 *  - Registers are accessed by words, and where 4.1.4 allows it by bytes. Of
 *    anything else reads give zero and writes are dropped, and it is counted.
 *
 * Where vgic-v2 differs from the specification, this is as the specification
 * says: GICD_CTLR has an enable bit for each group (4.3.1); an SPI with no
 * target goes nowhere, and one with several to all of them until one has
 * acknowledged it (1-N model, 1.4.3); with one CPU GICD_ITARGETSR is RAZ/WI
 * (4.3.12); GICD_ICPIDR2 tells the version (4.3.18); an edge is a wire that
 * rises, and one that is said to be high again is none; a pending bit that
 * software has set goes with the acknowledge (4.3.7, figure 4-10); an SGI that
 * is active and pending keeps no other from being signalled (3.2). The last two
 * were found by guest-tests/behaviours/arm64/vgic-v2-differential.lua.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gicv2.h"

#define WORDS ((GICV2_MAX_IRQS + 31) / 32)
#define SGIS  16u

#define UNUSED_BITS	 (8 - GICV2_PRIORITY_BITS)
#define PRIORITY_MASK	 (0xffu & 0xffu << UNUSED_BITS)
#define IDLE_PRIORITY	 0xffu
#define MIN_BINARY_POINT (UNUSED_BITS - 1) /* GICC_BPR; GICC_ABPR's is one more */

#define GICC_CTLR_BITS                                                                             \
	(GIC_ENABLE_GRP0 | GIC_ENABLE_GRP1 | GICC_CTLR_ACKCTL | GICC_CTLR_FIQEN | GICC_CTLR_CBPR | \
	 GICC_CTLR_EOIMODE)

/* No company's: there is no JEP106 code to give as implementer. Revision 0 of product 'k'. */
#define GICD_IIDR_VALUE (0x6bu << 24)
#define GICC_IIDR_VALUE (0x6bu << 20 | 2u << 16)
#define ICPIDR2_VALUE	(2u << 4) /* ArchRev */

/* 32 interrupts, a bit each or a byte. */
struct bank {
	uint32_t group; /* Group 1 */
	uint32_t enabled;
	uint32_t latch;	 /* pending by an edge, an SGI or GICD_ISPENDR (4.3.7, figure 4-10) */
	uint32_t level;	 /* wires */
	uint32_t edge;	 /* edge-triggered */
	uint32_t active; /* (3.2.4) */
	uint8_t priority[32];
	uint8_t targets[32]; /* of SPIs */
};

struct cpu {
	/* Its own part of the distributor. */
	struct bank private;
	uint8_t sources[SGIS]; /* CPUs whose SGI is pending; latch follows */
	/* Its CPU interface. */
	uint32_t ctlr, pmr, bpr, abpr;
	uint32_t active_priorities[2]; /* by group: GICC_APR0, GICC_NSAPR0 (4.4.12, 4.4.13) */
	bool irq, fiq;		       /* as last given to the outputs */
};

struct gicv2 {
	unsigned int nr_cpus, nr_irqs;
	struct irq_line irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
	unsigned int (*accessor)(void *ctx);
	void *ctx;
	pthread_mutex_t lock; /* guards what follows */

	uint32_t ctlr;		   /* GICD_CTLR */
	struct bank shared[WORDS]; /* but the first, of which each CPU has its own */
	struct cpu cpus[GICV2_MAX_CPUS];

	unsigned int odd_accesses;
};

/* ---- Interrupts -------------------------------------------------------------- */

static struct bank *bank_of(struct gicv2 *gic, struct cpu *cpu, unsigned int word)
{
	return word ? &gic->shared[word] : &cpu->private;
}

/* The bits of word @word that are interrupts. */
static uint32_t implemented(const struct gicv2 *gic, unsigned int word)
{
	unsigned int first = word * 32;

	if (first >= gic->nr_irqs)
		return 0;
	if (gic->nr_irqs - first >= 32)
		return UINT32_MAX;
	return (UINT32_C(1) << (gic->nr_irqs - first)) - 1;
}

static uint8_t *priority_of(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	return &bank_of(gic, cpu, id / 32)->priority[id % 32];
}

static uint8_t *targets_of(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	return &bank_of(gic, cpu, id / 32)->targets[id % 32];
}

static unsigned int group_of(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	return bank_of(gic, cpu, id / 32)->group >> id % 32 & 1;
}

/* A level counts while it lasts, whatever is latched (4.3.7, figure 4-10). */
static uint32_t pending(const struct bank *bank)
{
	return bank->latch | (bank->level & ~bank->edge);
}

/* Interrupts of a word whose group the distributor forwards (4.3.1). */
static uint32_t forwarded(const struct gicv2 *gic, const struct bank *bank)
{
	return (gic->ctlr & GIC_ENABLE_GRP0 ? ~bank->group : 0) |
	       (gic->ctlr & GIC_ENABLE_GRP1 ? bank->group : 0);
}

static unsigned int cpu_number(const struct gicv2 *gic, const struct cpu *cpu)
{
	return (unsigned int)(cpu - gic->cpus);
}

static uint8_t all_cpus(const struct gicv2 *gic)
{
	return (uint8_t)((1u << gic->nr_cpus) - 1);
}

/* Private interrupts, and all of them where there is one CPU, go to the CPU itself (4.3.12). */
static bool targets(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	return id < GICV2_FIRST_SPI || gic->nr_cpus == 1 ||
	       (*targets_of(gic, cpu, id) >> cpu_number(gic, cpu) & 1);
}

/*
 * The interrupt that the distributor forwards to @cpu, or GIC_SPURIOUS: of the
 * highest priority, the lowest number, and not one that is active (3.2).
 */
static unsigned int best_interrupt(struct gicv2 *gic, struct cpu *cpu)
{
	unsigned int best = GIC_SPURIOUS, best_priority = 0x100;

	for (unsigned int word = 0; word * 32 < gic->nr_irqs; word++) {
		const struct bank *bank = bank_of(gic, cpu, word);
		uint32_t candidates =
			pending(bank) & bank->enabled & ~bank->active & forwarded(gic, bank);

		for (; candidates; candidates &= candidates - 1) {
			unsigned int id = word * 32 + (unsigned int)__builtin_ctz(candidates);
			unsigned int priority = *priority_of(gic, cpu, id);

			if (priority < best_priority && targets(gic, cpu, id)) {
				best = id;
				best_priority = priority;
			}
		}
	}
	return best;
}

/* ---- Priorities -------------------------------------------------------------- */

/* The part of a priority that preemption looks at: the binary point cuts it (3.3.3). */
static unsigned int group_priority(const struct cpu *cpu, unsigned int group, unsigned int priority)
{
	unsigned int cut = cpu->bpr + 1;

	if (group && !(cpu->ctlr & GICC_CTLR_CBPR))
		cut = cpu->abpr;
	return priority & 0xffu << cut;
}

/* Active priorities are bits, bit 0 the highest (4.4.12). */
static unsigned int running_priority(const struct cpu *cpu)
{
	uint32_t active = cpu->active_priorities[0] | cpu->active_priorities[1];

	return active ? (unsigned int)__builtin_ctz(active) << UNUSED_BITS : IDLE_PRIORITY;
}

static void raise_priority(struct cpu *cpu, unsigned int group, unsigned int priority)
{
	cpu->active_priorities[group] |= UINT32_C(1)
					 << (group_priority(cpu, group, priority) >> UNUSED_BITS);
}

/* The priority drop (3.2.1): of the two groups' highest active priorities the higher. */
static void drop_priority(struct cpu *cpu)
{
	uint32_t *grp0 = &cpu->active_priorities[0], *grp1 = &cpu->active_priorities[1];
	uint32_t highest = (*grp0 | *grp1) & -(*grp0 | *grp1);

	/* Both have it only if software wrote so: one would not have preempted the other. */
	if (*grp1 & highest)
		*grp1 &= ~highest;
	else
		*grp0 &= ~highest;
}

/* The CPU interface passes it on: its group is enabled here (4.4.1). */
static bool group_enabled(struct gicv2 *gic, const struct cpu *cpu, unsigned int group)
{
	return cpu->ctlr & (group ? GIC_ENABLE_GRP1 : GIC_ENABLE_GRP0);
}

/*
 * The interrupt that @cpu is signalled, or GIC_SPURIOUS: the best one, if the
 * interface lets its group through, the mask its priority (3.3.2), and the
 * running priority its group priority (3.3.1).
 */
static unsigned int signalled(struct gicv2 *gic, struct cpu *cpu)
{
	unsigned int id = best_interrupt(gic, cpu), group, priority;

	if (id == GIC_SPURIOUS)
		return id;
	group = group_of(gic, cpu, id);
	priority = *priority_of(gic, cpu, id);
	if (!group_enabled(gic, cpu, group) || priority >= cpu->pmr ||
	    group_priority(cpu, group, priority) >= running_priority(cpu))
		return GIC_SPURIOUS;
	return id;
}

/* ---- Outputs ----------------------------------------------------------------- */

static void set_output(const struct irq_line *line, bool *last, bool level)
{
	if (*last == level)
		return;
	*last = level;
	irq_set(line, level);
}

/* Group 0 by FIQ if GICC_CTLR.FIQEn says so, all else by IRQ (3.4, 4.4.1). */
static void update_outputs(struct gicv2 *gic)
{
	for (unsigned int i = 0; i < gic->nr_cpus; i++) {
		struct cpu *cpu = &gic->cpus[i];
		unsigned int id = signalled(gic, cpu);
		bool any = id != GIC_SPURIOUS;
		bool fiq = any && !group_of(gic, cpu, id) && cpu->ctlr & GICC_CTLR_FIQEN;

		set_output(&gic->irq[i], &cpu->irq, any && !fiq);
		set_output(&gic->fiq[i], &cpu->fiq, fiq);
	}
}

/* ---- Distributor registers (4.3) --------------------------------------------- */

static uint32_t read_dist_ctlr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return gic->ctlr;
}

static void write_dist_ctlr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	gic->ctlr = value & (GIC_ENABLE_GRP0 | GIC_ENABLE_GRP1);
}

static uint32_t read_typer(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return (gic->nr_cpus - 1) << 5 | ((gic->nr_irqs + 31) / 32 - 1);
}

static uint32_t read_dist_iidr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return GICD_IIDR_VALUE;
}

static uint32_t read_icpidr2(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return ICPIDR2_VALUE;
}

static uint32_t read_group(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return bank_of(gic, cpu, n)->group;
}

static void write_group(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->group = value & implemented(gic, n);
}

static uint32_t read_enable(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return bank_of(gic, cpu, n)->enabled;
}

static void set_enable(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->enabled |= value & implemented(gic, n);
}

static void clear_enable(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->enabled &= ~value;
}

static uint32_t read_pending(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return pending(bank_of(gic, cpu, n));
}

/* SGIs have registers of their own for it (4.3.16, 4.3.17). */
static uint32_t not_sgis(unsigned int n, uint32_t value)
{
	return n ? value : value & ~((UINT32_C(1) << SGIS) - 1);
}

static void set_pending(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->latch |= not_sgis(n, value) & implemented(gic, n);
}

static void clear_pending(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->latch &= ~not_sgis(n, value);
}

static uint32_t read_active(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return bank_of(gic, cpu, n)->active;
}

static void set_active(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->active |= value & implemented(gic, n);
}

static void clear_active(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	bank_of(gic, cpu, n)->active &= ~value;
}

static uint32_t read_priority(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	return id < gic->nr_irqs ? *priority_of(gic, cpu, id) : 0;
}

static void write_priority(struct gicv2 *gic, struct cpu *cpu, unsigned int id, uint32_t value)
{
	if (id < gic->nr_irqs)
		*priority_of(gic, cpu, id) = (uint8_t)(value & PRIORITY_MASK);
}

/* The first eight registers tell the reader which CPU it is. */
static uint32_t read_targets(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	if (gic->nr_cpus == 1 || id >= gic->nr_irqs)
		return 0;
	return id < GICV2_FIRST_SPI ? 1u << cpu_number(gic, cpu) : *targets_of(gic, cpu, id);
}

static void write_targets(struct gicv2 *gic, struct cpu *cpu, unsigned int id, uint32_t value)
{
	if (gic->nr_cpus > 1 && id >= GICV2_FIRST_SPI && id < gic->nr_irqs)
		*targets_of(gic, cpu, id) = (uint8_t)value & all_cpus(gic);
}

/* Two bits an interrupt, of which the upper one counts: half of a bank's word. */
static uint32_t read_config(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	uint32_t edge = bank_of(gic, cpu, n / 2)->edge >> 16 * (n % 2), value = 0;

	for (unsigned int i = 0; i < 16; i++)
		value |= (edge >> i & 1) << (2 * i + 1);
	return value;
}

static void write_config(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	struct bank *bank = bank_of(gic, cpu, n / 2);
	uint32_t edge = 0;

	if (n < GICV2_FIRST_SPI / 16)
		return;
	for (unsigned int i = 0; i < 16; i++)
		edge |= (value >> (2 * i + 1) & 1) << i;
	bank->edge = (bank->edge & UINT32_C(0xffff) << 16 * !(n % 2)) |
		     (edge << 16 * (n % 2) & implemented(gic, n / 2));
}

static void set_sources(struct cpu *cpu, unsigned int sgi, uint8_t sources)
{
	cpu->sources[sgi] = sources;
	if (sources)
		cpu->private.latch |= UINT32_C(1) << sgi;
	else
		cpu->private.latch &= ~(UINT32_C(1) << sgi);
}

/* GICD_SGIR (4.3.15): to a list of CPUs, to all others, or to the writer itself. */
static void write_sgir(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	uint8_t self = (uint8_t)(1u << cpu_number(gic, cpu));
	const uint8_t lists[4] = {(uint8_t)(value >> 16), all_cpus(gic) & ~self, self};
	uint8_t list = lists[value >> 24 & 3];
	unsigned int sgi = value & 15;

	for (unsigned int i = 0; i < gic->nr_cpus; i++) {
		if (list >> i & 1)
			set_sources(&gic->cpus[i], sgi, gic->cpus[i].sources[sgi] | self);
	}
}

static uint32_t read_sources(struct gicv2 *gic, struct cpu *cpu, unsigned int sgi)
{
	return cpu->sources[sgi];
}

static void clear_sources(struct gicv2 *gic, struct cpu *cpu, unsigned int sgi, uint32_t value)
{
	set_sources(cpu, sgi, cpu->sources[sgi] & (uint8_t)~value);
}

static void add_sources(struct gicv2 *gic, struct cpu *cpu, unsigned int sgi, uint32_t value)
{
	set_sources(cpu, sgi, cpu->sources[sgi] | ((uint8_t)value & all_cpus(gic)));
}

/* ---- CPU interface registers (4.4) ------------------------------------------- */

static uint32_t read_cpu_ctlr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return cpu->ctlr;
}

static void write_cpu_ctlr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	cpu->ctlr = value & GICC_CTLR_BITS;
}

static uint32_t read_pmr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return cpu->pmr;
}

static void write_pmr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	cpu->pmr = value & PRIORITY_MASK;
}

/* Less than the smallest binary point is the smallest (4.4.3). */
static uint32_t binary_point(uint32_t value, uint32_t least)
{
	value &= 7;
	return value < least ? least : value;
}

static uint32_t read_bpr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return cpu->bpr;
}

static void write_bpr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	cpu->bpr = binary_point(value, MIN_BINARY_POINT);
}

static uint32_t read_abpr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return cpu->abpr;
}

static void write_abpr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	cpu->abpr = binary_point(value, MIN_BINARY_POINT + 1);
}

static uint32_t read_rpr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return running_priority(cpu);
}

/*
 * What a register shows of interrupt @id. The first kind of register is for
 * Group 0, and for both if GICC_CTLR.AckCtl is set; without it Group 1 is only
 * told of. The aliased kind is for Group 1 (4.4.4, 4.4.7, 4.4.9, 4.4.11).
 */
static unsigned int shown(struct gicv2 *gic, struct cpu *cpu, unsigned int id, bool aliased)
{
	unsigned int group;

	if (id == GIC_SPURIOUS)
		return id;
	group = group_of(gic, cpu, id);
	if (aliased)
		return group ? id : GIC_SPURIOUS;
	return group && !(cpu->ctlr & GICC_CTLR_ACKCTL) ? GIC_GROUP1 : id;
}

/* An SGI is read with the CPU that sent it. */
static uint32_t with_source(const struct cpu *cpu, unsigned int id)
{
	return id < SGIS ? (uint32_t)__builtin_ctz(cpu->sources[id]) << 10 | id : id;
}

/* It becomes active; what is latched has been told, but a wire still counts (3.2.4). */
static uint32_t acknowledge(struct gicv2 *gic, struct cpu *cpu, bool aliased)
{
	unsigned int id = shown(gic, cpu, signalled(gic, cpu), aliased);
	uint32_t value, bit = UINT32_C(1) << id % 32;
	struct bank *bank;

	if (id >= GIC_GROUP1)
		return id;
	bank = bank_of(gic, cpu, id / 32);
	value = with_source(cpu, id);
	if (id < SGIS)
		set_sources(cpu, id, cpu->sources[id] & (cpu->sources[id] - 1));
	else
		bank->latch &= ~bit;
	bank->active |= bit;
	raise_priority(cpu, group_of(gic, cpu, id), *priority_of(gic, cpu, id));
	update_outputs(gic);
	return value;
}

static uint32_t read_iar(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return acknowledge(gic, cpu, false);
}

static uint32_t read_aiar(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return acknowledge(gic, cpu, true);
}

/*
 * Neither the mask nor the running priority counts here (4.4.7). If the
 * distributor forwards one whose group is off at this interface, it hides the
 * rest and reads as spurious (Arm DDI 0601, GICC_HPPIR).
 */
static uint32_t highest_pending(struct gicv2 *gic, struct cpu *cpu, bool aliased)
{
	unsigned int id = best_interrupt(gic, cpu);

	if (id != GIC_SPURIOUS && !group_enabled(gic, cpu, group_of(gic, cpu, id)))
		id = GIC_SPURIOUS;
	return with_source(cpu, shown(gic, cpu, id, aliased));
}

static uint32_t read_hppir(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return highest_pending(gic, cpu, false);
}

static uint32_t read_ahppir(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return highest_pending(gic, cpu, true);
}

static void deactivate(struct gicv2 *gic, struct cpu *cpu, unsigned int id)
{
	bank_of(gic, cpu, id / 32)->active &= ~(UINT32_C(1) << id % 32);
}

/* The end of interrupt: priority drop, and without EOImode the deactivation (3.2.1). */
static void end_interrupt(struct gicv2 *gic, struct cpu *cpu, uint32_t value, bool aliased)
{
	unsigned int id = value & 0x3ff;

	if (id >= gic->nr_irqs)
		return;
	drop_priority(cpu);
	if (!(cpu->ctlr & GICC_CTLR_EOIMODE) && shown(gic, cpu, id, aliased) == id)
		deactivate(gic, cpu, id);
}

static void write_eoir(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	end_interrupt(gic, cpu, value, false);
}

static void write_aeoir(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	end_interrupt(gic, cpu, value, true);
}

static void write_dir(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	unsigned int id = value & 0x3ff;

	if (id < gic->nr_irqs && cpu->ctlr & GICC_CTLR_EOIMODE)
		deactivate(gic, cpu, id);
}

static uint32_t read_apr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return cpu->active_priorities[0];
}

static void write_apr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	cpu->active_priorities[0] = value;
}

static uint32_t read_nsapr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return cpu->active_priorities[1];
}

static void write_nsapr(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value)
{
	cpu->active_priorities[1] = value;
}

static uint32_t read_cpu_iidr(struct gicv2 *gic, struct cpu *cpu, unsigned int n)
{
	return GICC_IIDR_VALUE;
}

/* ---- Accesses (4.1.4) -------------------------------------------------------- */

/* Registers of one kind: @n counts words, or bytes where there are byte accesses too. */
struct registers {
	uint32_t base, size;
	unsigned int unit; /* 1 or 4 bytes */
	uint32_t (*read)(struct gicv2 *gic, struct cpu *cpu, unsigned int n);
	void (*write)(struct gicv2 *gic, struct cpu *cpu, unsigned int n, uint32_t value);
};

/* clang-format off */
static const struct registers dist_registers[] = {
	{GICD_CTLR,       4,     4, read_dist_ctlr, write_dist_ctlr},
	{GICD_TYPER,      4,     4, read_typer,     NULL},
	{GICD_IIDR,       4,     4, read_dist_iidr, NULL},
	{GICD_IGROUPR,    0x80,  4, read_group,     write_group},
	{GICD_ISENABLER,  0x80,  4, read_enable,    set_enable},
	{GICD_ICENABLER,  0x80,  4, read_enable,    clear_enable},
	{GICD_ISPENDR,    0x80,  4, read_pending,   set_pending},
	{GICD_ICPENDR,    0x80,  4, read_pending,   clear_pending},
	{GICD_ISACTIVER,  0x80,  4, read_active,    set_active},
	{GICD_ICACTIVER,  0x80,  4, read_active,    clear_active},
	{GICD_IPRIORITYR, 0x400, 1, read_priority,  write_priority},
	{GICD_ITARGETSR,  0x400, 1, read_targets,   write_targets},
	{GICD_ICFGR,      0x100, 4, read_config,    write_config},
	{GICD_SGIR,       4,     4, NULL,           write_sgir},
	{GICD_CPENDSGIR,  SGIS,  1, read_sources,   clear_sources},
	{GICD_SPENDSGIR,  SGIS,  1, read_sources,   add_sources},
	{GICD_ICPIDR2,    4,     4, read_icpidr2,   NULL},
	{0},
};

static const struct registers cpu_registers[] = {
	{GICC_CTLR,   4, 4, read_cpu_ctlr, write_cpu_ctlr},
	{GICC_PMR,    4, 4, read_pmr,      write_pmr},
	{GICC_BPR,    4, 4, read_bpr,      write_bpr},
	{GICC_IAR,    4, 4, read_iar,      NULL},
	{GICC_EOIR,   4, 4, NULL,          write_eoir},
	{GICC_RPR,    4, 4, read_rpr,      NULL},
	{GICC_HPPIR,  4, 4, read_hppir,    NULL},
	{GICC_ABPR,   4, 4, read_abpr,     write_abpr},
	{GICC_AIAR,   4, 4, read_aiar,     NULL},
	{GICC_AEOIR,  4, 4, NULL,          write_aeoir},
	{GICC_AHPPIR, 4, 4, read_ahppir,   NULL},
	{GICC_APR,    4, 4, read_apr,      write_apr},
	{GICC_NSAPR,  4, 4, read_nsapr,    write_nsapr},
	{GICC_IIDR,   4, 4, read_cpu_iidr, NULL},
	{GICC_DIR,    4, 4, NULL,          write_dir},
	{0},
};
/* clang-format on */

/* Reserved: reads as zero, ignores writes. */
static const struct registers reserved = {.size = UINT32_MAX, .unit = 4};

static const struct registers *find(const struct registers *table, uint64_t offset)
{
	for (; table->size; table++) {
		if (offset >= table->base && offset - table->base < table->size)
			return table;
	}
	return &reserved;
}

/* The CPU whose access this is; NULL, and counted, if the access is not to be. */
static struct cpu *admit(struct gicv2 *gic, const struct registers *r, uint64_t offset,
			 unsigned int size)
{
	unsigned int cpu = gic->accessor(gic->ctx);

	if ((size != 4 && size != r->unit) || offset % size) {
		gic->odd_accesses++;
		return NULL;
	}
	return cpu < gic->nr_cpus ? &gic->cpus[cpu] : NULL;
}

static uint64_t read_registers(struct gicv2 *gic, const struct registers *table, uint64_t offset,
			       unsigned int size)
{
	const struct registers *r = find(table, offset);
	uint64_t value = 0;
	struct cpu *cpu;

	pthread_mutex_lock(&gic->lock);
	cpu = admit(gic, r, offset, size);
	for (unsigned int i = 0; cpu && r->read && i < size; i += r->unit)
		value |= (uint64_t)r->read(gic, cpu, (unsigned int)(offset - r->base + i) / r->unit)
			 << 8 * i;
	pthread_mutex_unlock(&gic->lock);
	return value;
}

static void write_registers(struct gicv2 *gic, const struct registers *table, uint64_t offset,
			    uint64_t value, unsigned int size)
{
	const struct registers *r = find(table, offset);
	uint32_t mask = r->unit == 1 ? 0xff : UINT32_MAX;
	struct cpu *cpu;

	pthread_mutex_lock(&gic->lock);
	cpu = admit(gic, r, offset, size);
	for (unsigned int i = 0; cpu && r->write && i < size; i += r->unit)
		r->write(gic, cpu, (unsigned int)(offset - r->base + i) / r->unit,
			 (uint32_t)(value >> 8 * i) & mask);
	update_outputs(gic);
	pthread_mutex_unlock(&gic->lock);
}

static uint64_t dist_read(void *dev, uint64_t offset, unsigned int size)
{
	return read_registers(dev, dist_registers, offset, size);
}

static void dist_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	write_registers(dev, dist_registers, offset, value, size);
}

static uint64_t cpu_read(void *dev, uint64_t offset, unsigned int size)
{
	return read_registers(dev, cpu_registers, offset, size);
}

static void cpu_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	write_registers(dev, cpu_registers, offset, value, size);
}

const struct bus_ops gicv2_dist_ops = {
	.read = dist_read,
	.write = dist_write,
	.sizes = BUS_SIZE_ANY,
};

const struct bus_ops gicv2_cpu_ops = {
	.read = cpu_read,
	.write = cpu_write,
	.sizes = BUS_SIZE_ANY,
};

/* ---- Inputs ------------------------------------------------------------------ */

void gicv2_set_irq(void *opaque, unsigned int input, bool level)
{
	struct gicv2 *gic = opaque;
	unsigned int id = input & 0x3ff, cpu = input >> 10;
	uint32_t bit = UINT32_C(1) << id % 32;
	struct bank *bank;

	if (id < GICV2_FIRST_PPI || id >= gic->nr_irqs || cpu >= gic->nr_cpus ||
	    (cpu && id >= GICV2_FIRST_SPI))
		return;
	pthread_mutex_lock(&gic->lock);
	bank = bank_of(gic, &gic->cpus[cpu], id / 32);
	if (level && !(bank->level & bit))
		bank->latch |= bit & bank->edge;
	bank->level = level ? bank->level | bit : bank->level & ~bit;
	update_outputs(gic);
	pthread_mutex_unlock(&gic->lock);
}

struct irq_line gicv2_input(struct gicv2 *gic, unsigned int input)
{
	return (struct irq_line){.set = gicv2_set_irq, .ctx = gic, .n = input};
}

unsigned int gicv2_odd_accesses(struct gicv2 *gic)
{
	unsigned int n;

	pthread_mutex_lock(&gic->lock);
	n = gic->odd_accesses;
	pthread_mutex_unlock(&gic->lock);
	return n;
}

/* ---- Creation ---------------------------------------------------------------- */

static void reset_cpu(struct cpu *cpu)
{
	cpu->private.enabled = (UINT32_C(1) << SGIS) - 1;
	cpu->private.edge = (UINT32_C(1) << SGIS) - 1;
	cpu->bpr = MIN_BINARY_POINT;
	cpu->abpr = MIN_BINARY_POINT + 1;
}

struct gicv2 *gicv2_create(const struct gicv2_config *config)
{
	struct gicv2 *gic;

	if (!config->nr_cpus || config->nr_cpus > GICV2_MAX_CPUS ||
	    config->nr_irqs < GICV2_MIN_IRQS || config->nr_irqs > GICV2_MAX_IRQS) {
		errno = EINVAL;
		return NULL;
	}
	gic = calloc(1, sizeof(*gic));
	if (!gic)
		return NULL;
	pthread_mutex_init(&gic->lock, NULL);
	gic->nr_cpus = config->nr_cpus;
	gic->nr_irqs = config->nr_irqs;
	gic->accessor = config->accessor;
	gic->ctx = config->ctx;
	memcpy(gic->irq, config->irq, config->nr_cpus * sizeof(gic->irq[0]));
	memcpy(gic->fiq, config->fiq, config->nr_cpus * sizeof(gic->fiq[0]));
	for (unsigned int i = 0; i < gic->nr_cpus; i++)
		reset_cpu(&gic->cpus[i]);
	return gic;
}

void gicv2_destroy(struct gicv2 *gic)
{
	if (!gic)
		return;
	pthread_mutex_destroy(&gic->lock);
	free(gic);
}

int gicv2_attach(struct gicv2 *gic, struct bus *bus, uint64_t dist, uint64_t cpu)
{
	const struct bus_range ranges[] = {
		{dist, GICD_SIZE, &gicv2_dist_ops, gic, "gic-dist"},
		{cpu, GICC_SIZE, &gicv2_cpu_ops, gic, "gic-cpu"},
	};
	int r = bus_add(bus, &ranges[0]);

	return r ? r : bus_add(bus, &ranges[1]);
}
