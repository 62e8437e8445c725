/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Driver of the Advanced Interrupt Architecture (RISC-V Advanced Interrupt
 * Architecture 1.0): an IMSIC in each hart, and an APLIC that turns wires into
 * messages to them (its chapter 4; "MSI delivery mode"). A script, which has no
 * tree, tells by an option where they are: "aia=APLIC,IMSICS", with 31 sources,
 * 63 identities and an IMSIC's page for each hart.
 */
#include "riscv.h"
#include "script.h"

/* APLIC, section 4.5. */
#define APLIC_DOMAINCFG	   0x0000
#define DOMAINCFG_IE	   (1 << 8)
#define DOMAINCFG_DM_MSI   (1 << 2)
#define APLIC_SOURCECFG(n) (0x0004 + 4 * ((n)-1))
#define SOURCECFG_INACTIVE 0
#define SOURCECFG_EDGE	   4 /* rising */
#define SOURCECFG_LEVEL	   6 /* high */
#define APLIC_SETIPNUM	   0x1cdc
#define APLIC_CLRIPNUM	   0x1ddc
#define APLIC_SETIENUM	   0x1edc
#define APLIC_CLRIENUM	   0x1fdc
#define APLIC_TARGET(n)	   (0x3004 + 4 * ((n)-1))
#define TARGET_HART(n)	   ((uint32_t)(n) << 18)

/* IMSIC, section 3.8: indirectly accessed registers. */
#define EIDELIVERY  0x70
#define EITHRESHOLD 0x72
#define EIE(n)	    (0xc0 + (n) / 64 * 2) /* 64 identities in every second register */
#define IMSIC_PAGE  4096

#define MAX_IDS 2048

static uint64_t aplic, imsics;
static unsigned int nr_sources, nr_ids;
static unsigned int hart_index[GUEST_MAX_CPUS]; /* of each CPU's IMSIC */

/* Who an identity belongs to, the same on all harts: a line of the APLIC, or a message. */
static struct identity {
	bool used;
	unsigned int line; /* 0: a message */
	irq_handler handler;
	void *arg;
} identities[MAX_IDS];

static struct {
	unsigned int id; /* 0: never enabled */
	bool level;
} lines[MAX_LINES];

static unsigned int new_identity(void)
{
	for (unsigned int id = 1; id <= nr_ids; id++) {
		if (identities[id].used)
			continue;
		identities[id].used = true;
		return id;
	}
	return 0;
}

/* siselect and sireg, by number for older assemblers. */
static void imsic_write(unsigned int reg, uint64_t value)
{
	csr_write("0x150", reg);
	csr_write("0x151", value);
}

#define TOLD_SOURCES 31
#define TOLD_IDS     63

static bool aia_told(void)
{
	char text[64], *second;

	if (!script_boot() || !option("aia", text, sizeof(text)))
		return false;
	second = strchr(text, ',');
	aplic = parse_number(text);
	imsics = second ? parse_number(second + 1) : 0;
	nr_sources = TOLD_SOURCES;
	nr_ids = TOLD_IDS;
	for (unsigned int i = 0; i < GUEST_MAX_CPUS; i++)
		hart_index[i] = i;
	return imsics;
}

/* Of the APLIC: its domain on, with messages. */
static bool aia_start(void)
{
	mmio_write32(aplic + APLIC_DOMAINCFG, DOMAINCFG_IE | DOMAINCFG_DM_MSI);
	machine.can_msi = true;
	return true;
}

static bool aia_probe(void)
{
	fdt_node imsic = fdt_compatible(NULL, "riscv,imsics");
	fdt_node node = fdt_compatible(NULL, "riscv,aplic");
	struct region imsic_reg, aplic_reg;
	uint32_t len;

	if (!fdt_reg(imsic, 0, &imsic_reg) || !fdt_reg(node, 0, &aplic_reg))
		return aia_told() && aia_start();
	imsics = imsic_reg.start;
	nr_ids = fdt_cell(imsic, "riscv,num-ids", 0, 0);
	if (nr_ids >= MAX_IDS)
		nr_ids = MAX_IDS - 1;
	fdt_prop(imsic, "interrupts-extended", &len);
	for (unsigned int i = 0; i < len / 8; i++) {
		int cpu = irq_node_cpu(imsic, i);

		if (cpu >= 0)
			hart_index[cpu] = i;
	}

	aplic = aplic_reg.start;
	nr_sources = fdt_cell(node, "riscv,num-sources", 0, 0);
	return aia_start();
}

/* All identities are enabled on every hart: what is not wanted is turned off where it comes from. */
static void aia_cpu_init(void)
{
	for (unsigned int id = 0; id <= nr_ids; id += 64)
		imsic_write(EIE(id), id ? ~0ull : ~1ull);
	imsic_write(EITHRESHOLD, 0);
	imsic_write(EIDELIVERY, 1);
}

static bool aia_enable(unsigned int line, enum irq_trigger trigger, unsigned int cpu)
{
	if (line > nr_sources)
		return false;
	if (!lines[line].id)
		lines[line].id = new_identity();
	if (!lines[line].id)
		return false;
	lines[line].level = trigger == IRQ_LEVEL;
	identities[lines[line].id].line = line;
	mmio_write32(aplic + APLIC_SOURCECFG(line),
		     trigger == IRQ_LEVEL ? SOURCECFG_LEVEL : SOURCECFG_EDGE);
	mmio_write32(aplic + APLIC_TARGET(line), TARGET_HART(hart_index[cpu]) | lines[line].id);
	mmio_write32(aplic + APLIC_SETIENUM, line);
	/* A wire that was up before its source became active is not seen as pending otherwise. */
	if (trigger == IRQ_LEVEL)
		mmio_write32(aplic + APLIC_SETIPNUM, line);
	return true;
}

static void aia_disable(unsigned int line)
{
	if (line > nr_sources)
		return;
	mmio_write32(aplic + APLIC_CLRIENUM, line);
	mmio_write32(aplic + APLIC_CLRIPNUM, line);
	mmio_write32(aplic + APLIC_SOURCECFG(line), SOURCECFG_INACTIVE);
}

static void handle(unsigned int id)
{
	struct identity *i = &identities[id];

	if (i->line) {
		irq_line_handle(i->line);
		/* Section 4.9.2: a level that is still there when its message has been served is made pending again. */
		if (lines[i->line].level)
			mmio_write32(aplic + APLIC_SETIPNUM, i->line);
	} else if (i->handler) {
		i->handler(i->arg);
	}
}

/* Section 3.9: a write of stopei claims the identity that the same instruction reads. */
static void aia_interrupt(void)
{
	uint64_t top;

	for (;;) {
		asm volatile("csrrw %0, 0x15c, zero" : "=r"(top)::"memory");
		if (!top)
			return;
		handle(top >> 16 & (MAX_IDS - 1));
	}
}

bool msi_enable(unsigned int cpu, irq_handler handler, void *arg, struct msi *msi)
{
	unsigned int id;

	if (!machine.can_msi || cpu >= machine.nr_cpus)
		return false;
	id = new_identity();
	if (!id)
		return false;
	identities[id].handler = handler;
	identities[id].arg = arg;
	*msi = (struct msi){
		.address = imsics + (uint64_t)hart_index[cpu] * IMSIC_PAGE,
		.data = id,
	};
	return true;
}

void msi_disable(const struct msi *msi)
{
	identities[msi->data & (MAX_IDS - 1)] = (struct identity){0};
}

const struct controller aia = {
	.name = "aia",
	.probe = aia_probe,
	.cpu_init = aia_cpu_init,
	.enable = aia_enable,
	.disable = aia_disable,
	.interrupt = aia_interrupt,
};
