/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2 (Arm IHI 0048B): one distributor, and a CPU interface in memory at the same address for every CPU. */
#include "gic.h"

#define GICD_CTLR_ENABLE 1
#define GICD_SGIR	 0xf00

#define GICC_CTLR 0x00
#define GICC_PMR  0x04
#define GICC_IAR  0x0c
#define GICC_EOIR 0x10

static struct region distributor, interface;

/* KVM gives the CPU interfaces the numbers of the vCPUs, as their MPIDR has them. */
static uint8_t target(const struct cpu *cpu)
{
	return 1u << (cpu->hwid & 7);
}

static void init(const struct region *dist, const struct region *cpu_part)
{
	distributor = *dist;
	interface = *cpu_part;
	mmio_write32(distributor.start + GICD_CTLR, GICD_CTLR_ENABLE);
}

static void cpu_init(void)
{
	mmio_write32(interface.start + GICC_PMR, GIC_PMR_ALL);
	mmio_write32(interface.start + GICC_CTLR, 1);
}

static uint64_t registers(unsigned int intid)
{
	return distributor.start;
}

static void route(unsigned int spi, const struct cpu *cpu)
{
	mmio_write8(distributor.start + GICD_ITARGETSR + spi, target(cpu));
}

static uint32_t acknowledge(void)
{
	return mmio_read32(interface.start + GICC_IAR);
}

static void end(uint32_t acknowledged)
{
	mmio_write32(interface.start + GICC_EOIR, acknowledged);
}

static void send(const struct cpu *cpu)
{
	/* The store of what the other CPU is to look at comes first. */
	asm volatile("dsb ishst" ::: "memory");
	mmio_write32(distributor.start + GICD_SGIR, (uint32_t)target(cpu) << 16);
}

const struct gic gicv2 = {
	.name = "gicv2",
	.init = init,
	.cpu_init = cpu_init,
	.registers = registers,
	.route = route,
	.acknowledge = acknowledge,
	.end = end,
	.send = send,
	.intid_mask = 0x3ff, /* GICC_IAR has the sender of an SGI above */
};
