/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between gic.c and the two GICs. INTIDs: 0-15 SGI, 16-31 PPI, 32-1019 SPI, 8192- LPI. */
#ifndef GUEST_ARM64_GIC_H
#define GUEST_ARM64_GIC_H

#include "arm64.h"
#include "fdt.h"

#define GIC_FIRST_SPI 32u
#define GIC_MAX_INTID 1020u
#define GIC_SPURIOUS  1020u /* to 1023: nothing is pending */
#define GIC_FIRST_LPI 8192u
#define GIC_PRIORITY  0xa0
#define GIC_PMR_ALL   0xf0

/* Distributor registers that both have at the same place (IHI 0048 and IHI 0069). */
#define GICD_CTLR	0x000
#define GICD_TYPER	0x004
#define GICD_IGROUPR	0x080
#define GICD_ISENABLER	0x100
#define GICD_ICENABLER	0x180
#define GICD_ICPENDR	0x280
#define GICD_ICACTIVER	0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR	0x800
#define GICD_ICFGR	0xc00

struct gic {
	const char *name;
	/* Sets up the distributor. @cpu_part: the CPU interface of a GICv2, the redistributors of a GICv3. */
	void (*init)(const struct region *distributor, const struct region *cpu_part);
	void (*cpu_init)(void); /* the calling CPU's interface */
	/* Where the enable, configuration and priority registers of a private or shared INTID are. */
	uint64_t (*registers)(unsigned int intid);
	void (*route)(unsigned int spi, const struct cpu *cpu);
	uint32_t (*acknowledge)(void); /* what end() wants back; the INTID is in bits 0 to 23 */
	void (*end)(uint32_t acknowledged);
	void (*send)(const struct cpu *cpu); /* SGI 0 */
	uint32_t intid_mask;
};

extern const struct gic gicv2, gicv3;

/* gicv3.c, for its.c: the calling CPU's redistributor; that of another CPU, 0 if it has none. */
uint64_t gicv3_redistributor(const struct cpu *cpu);

/* its.c: messages 0 to ITS_EVENTS - 1, each to a CPU as an LPI; false where the ITS does not play along. */
#define ITS_EVENTS 32
bool its_present(void);
bool its_map(unsigned int event, const struct cpu *cpu, struct msi *msi);
void its_unmap(unsigned int event);

#endif
