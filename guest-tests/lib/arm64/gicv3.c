/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3 (Arm IHI 0069): distributor, a redistributor for each CPU, and the CPU interface in system registers. */
#include "gic.h"

#define GICD_CTLR_ENABLE_G1 (1 << 1)
#define GICD_CTLR_ARE	    (1 << 4)
#define CTLR_RWP	    (1u << 31)
#define GICD_IROUTER	    0x6000

#define GICR_CTLR    0x0000
#define GICR_TYPER   0x0008
#define GICR_WAKER   0x0014
#define TYPER_VLPIS  (1 << 1)
#define TYPER_LAST   (1 << 4)
#define WAKER_SLEEP  (1 << 1)
#define WAKER_ASLEEP (1 << 2)
#define RD_FRAME     0x10000ull
#define SGI_FRAME    0x10000ull

#define SRE_ENABLE 0x7 /* SRE, DFB, DIB */
#define SRE_EL2	   0x8 /* and EL1 may */

static struct region distributor, redistributors;

/* A redistributor that never gets ready must not hang the guest. */
static void wait_clear(uint64_t va, uint32_t bits)
{
	for (unsigned int i = 0; i < 100000 && mmio_read32(va) & bits; i++)
		cpu_relax();
}

/* As GICR_TYPER and GICD_IROUTER have the affinity: Aff3 moves down to bit 24 in the former. */
static uint32_t packed_affinity(const struct cpu *cpu)
{
	return (cpu->hwid & 0xffffff) | (cpu->hwid >> 32 & 0xff) << 24;
}

uint64_t gicv3_redistributor(const struct cpu *cpu)
{
	uint64_t frame = redistributors.start, end = frame + redistributors.size;
	uint64_t typer;

	for (; frame < end; frame += (typer & TYPER_VLPIS ? 4 : 2) * RD_FRAME) {
		typer = mmio_read64(frame + GICR_TYPER);
		if (typer >> 32 == packed_affinity(cpu))
			return frame;
		if (typer & TYPER_LAST)
			break;
	}
	return 0;
}

static void init(const struct region *dist, const struct region *cpu_part)
{
	uint64_t base = dist->start;
	unsigned int spis;

	distributor = *dist;
	redistributors = *cpu_part;
	mmio_write32(base + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1);
	wait_clear(base + GICD_CTLR, CTLR_RWP);
	spis = 32 * ((mmio_read32(base + GICD_TYPER) & 31) + 1);
	for (unsigned int intid = GIC_FIRST_SPI; intid < spis; intid += 32)
		mmio_write32(base + GICD_IGROUPR + intid / 8, UINT32_MAX);
}

static void cpu_init(void)
{
	uint64_t base = gicv3_redistributor(arch_cpu());

	if (!base)
		guest_panic("CPU %u has no redistributor", cpu_id());
	mmio_write32(base + GICR_WAKER, mmio_read32(base + GICR_WAKER) & ~WAKER_SLEEP);
	wait_clear(base + GICR_WAKER, WAKER_ASLEEP);
	mmio_write32(base + SGI_FRAME + GICD_IGROUPR, UINT32_MAX);
	wait_clear(base + GICR_CTLR, 1 << 3); /* RWP */
	if (at_el2()) {
		sysreg_write(icc_sre_el2, SRE_ENABLE | SRE_EL2);
		isb();
	}
	sysreg_write(icc_sre_el1, SRE_ENABLE);
	isb();
	sysreg_write(icc_pmr_el1, GIC_PMR_ALL);
	sysreg_write(icc_ctlr_el1, 0);
	sysreg_write(icc_igrpen1_el1, 1);
	isb();
}

static uint64_t registers(unsigned int intid)
{
	/* Private interrupts of the calling CPU have theirs in the second frame of its redistributor. */
	return intid < GIC_FIRST_SPI ? gicv3_redistributor(arch_cpu()) + SGI_FRAME
				     : distributor.start;
}

static void route(unsigned int spi, const struct cpu *cpu)
{
	mmio_write64(distributor.start + GICD_IROUTER + 8 * spi, cpu->hwid);
}

static uint32_t acknowledge(void)
{
	uint32_t intid = sysreg_read(icc_iar1_el1);

	/* The device's registers are read after it. */
	asm volatile("dsb sy" ::: "memory");
	return intid;
}

static void end(uint32_t acknowledged)
{
	sysreg_write(icc_eoir1_el1, acknowledged);
	isb();
}

static void send(const struct cpu *cpu)
{
	uint64_t aff0 = cpu->hwid & 0xff;

	/* Aff3, Aff2, Aff1, sixteen CPUs by Aff0; INTID 0. */
	asm volatile("dsb ishst" ::: "memory");
	sysreg_write(icc_sgi1r_el1, (cpu->hwid >> 32 & 0xff) << 48 |
					    (cpu->hwid >> 16 & 0xff) << 32 | aff0 / 16 << 44 |
					    (cpu->hwid >> 8 & 0xff) << 16 | 1ull << aff0 % 16);
	isb();
}

const struct gic gicv3 = {
	.name = "gicv3",
	.init = init,
	.cpu_init = cpu_init,
	.registers = registers,
	.route = route,
	.acknowledge = acknowledge,
	.end = end,
	.send = send,
	.intid_mask = 0xffffff,
};
