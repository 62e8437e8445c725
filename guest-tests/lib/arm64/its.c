/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Message-signalled interrupts: LPIs (Arm IHI 0069, chapter 5) through the ITS.
 * One device, with ITS_EVENTS events; event n is LPI GIC_FIRST_LPI + n. A CPU
 * gets its collection when a first message is for it.
 */
#include "gic.h"

#define GICR_CTLR	 0x0000
#define GICR_TYPER	 0x0008
#define GICR_PROPBASER	 0x0070
#define GICR_PENDBASER	 0x0078
#define CTLR_ENABLE_LPIS 1
#define TYPER_PLPIS	 1

#define GITS_CTLR	  0x0000
#define GITS_TYPER	  0x0008
#define GITS_CBASER	  0x0080
#define GITS_CWRITER	  0x0088
#define GITS_CREADR	  0x0090
#define GITS_BASER(n)	  (0x0100 + 8 * (n))
#define GITS_TRANSLATER	  0x10040
#define GITS_TYPER_PTA	  (1 << 19)
#define BASER_DEVICES	  1
#define BASER_COLLECTIONS 4
#define CREADR_OFFSET	  0xfffe0ull

/* Inner shareable, write-back; the same fields in all table registers (12.9.x, 12.11.x). */
#define TABLE_VALID	(1ull << 63)
#define TABLE_INNER_WB	(7ull << 59)
#define REDIST_INNER_WB (7ull << 7)
#define TABLE_SHAREABLE (1ull << 10)

#define CMD_SYNC    0x05
#define CMD_MAPD    0x08
#define CMD_MAPC    0x09
#define CMD_MAPTI   0x0a
#define CMD_INV	    0x0c
#define CMD_DISCARD 0x0f

/* The test device's requester id: any number below the 512 that one small page of the device table holds. */
#define DEVICE_ID 0x10u

/* LPI numbers of 14 bits, the fewest there are: 8192 LPIs, a byte each. */
#define ID_BITS	      14u
#define CONFIG_ENABLE (GIC_PRIORITY | 3) /* Enable, and bit 1, which is RES1 */

#define PIECE 0x10000ull
enum { PIECE_QUEUE, PIECE_DEVICES, PIECE_COLLECTIONS, PIECE_PENDING /* one for each CPU */ };

static uint8_t config[1u << 13] __attribute__((aligned(4096)));
static uint64_t its;
static uint64_t *queue;
static unsigned int tail; /* in bytes */
static bool collection_made[GUEST_MAX_CPUS];

/* ---- Commands ------------------------------------------------------------------- */

/* False if the ITS does not take it within some time. */
static bool command(uint64_t dw0, uint64_t dw1, uint64_t dw2)
{
	uint64_t *slot = queue + tail / 8;
	uint64_t start = clock_ns();

	slot[0] = dw0;
	slot[1] = dw1;
	slot[2] = dw2;
	slot[3] = 0;
	asm volatile("dsb ishst" ::: "memory");
	tail = (tail + 32) % GUEST_PAGE_SIZE;
	mmio_write64(its + GITS_CWRITER, tail);
	while ((mmio_read64(its + GITS_CREADR) & CREADR_OFFSET) != tail) {
		if (clock_ns() - start > NSEC_PER_SEC)
			return false;
		cpu_relax();
	}
	return true;
}

/* How commands name the redistributor of @cpu: by number, or by address (GITS_TYPER.PTA). */
static uint64_t redistributor_field(const struct cpu *cpu)
{
	uint64_t frame = gicv3_redistributor(cpu);

	if (mmio_read64(its + GITS_TYPER) & GITS_TYPER_PTA)
		return frame;
	return (mmio_read64(frame + GICR_TYPER) >> 8 & 0xffff) << 16;
}

static bool sync(const struct cpu *cpu)
{
	return command(CMD_SYNC, 0, redistributor_field(cpu));
}

/* ---- Tables --------------------------------------------------------------------- */

/*
 * Pieces of 64 KiB, which is the largest alignment that a table can want, in the
 * RAM behind the image, which nothing else has: the VMM puts tree and initrd as
 * high as it can. Zeroed; 0 if there is no such RAM.
 */
static uint64_t piece(unsigned int n)
{
	uint64_t first = ((uint64_t)__image_end + PIECE - 1) & -PIECE;
	uint64_t start = first + n * PIECE;

	for (unsigned int i = 0; i < machine.nr_ram; i++) {
		const struct region *r = &machine.ram[i];

		if (start < r->start || start - r->start + PIECE > r->size)
			continue;
		memset((void *)start, 0, PIECE);
		return start;
	}
	return 0;
}

/* Any CPU may set up the redistributor of any other. */
static bool enable_lpis(const struct cpu *cpu)
{
	uint64_t frame = gicv3_redistributor(cpu), table;

	if (!frame || !(mmio_read64(frame + GICR_TYPER) & TYPER_PLPIS))
		return false;
	table = piece(PIECE_PENDING + cpu->id);
	if (!table)
		return false;
	asm volatile("dsb sy" ::: "memory");
	mmio_write64(frame + GICR_PROPBASER,
		     (uint64_t)config | REDIST_INNER_WB | TABLE_SHAREABLE | (ID_BITS - 1));
	mmio_write64(frame + GICR_PENDBASER, table | REDIST_INNER_WB | TABLE_SHAREABLE);
	mmio_write32(frame + GICR_CTLR, CTLR_ENABLE_LPIS);
	return mmio_read32(frame + GICR_CTLR) & CTLR_ENABLE_LPIS;
}

/* One page, of whatever size the ITS has, for each kind of table that it keeps in memory. */
static bool give_tables(void)
{
	for (unsigned int n = 0; n < 8; n++) {
		unsigned int type = mmio_read64(its + GITS_BASER(n)) >> 56 & 7;
		uint64_t table;

		if (type != BASER_DEVICES && type != BASER_COLLECTIONS)
			continue;
		table = piece(type == BASER_DEVICES ? PIECE_DEVICES : PIECE_COLLECTIONS);
		if (!table)
			return false;
		mmio_write64(its + GITS_BASER(n),
			     TABLE_VALID | TABLE_INNER_WB | TABLE_SHAREABLE | table);
		if (!(mmio_read64(its + GITS_BASER(n)) & TABLE_VALID))
			return false;
	}
	return true;
}

bool its_present(void)
{
	return fdt_compatible(NULL, "arm,gic-v3-its");
}

/* Once, when the first message is wanted. */
static bool start(void)
{
	struct region reg;
	uint64_t *events = page_alloc();

	if (!fdt_reg(fdt_compatible(NULL, "arm,gic-v3-its"), 0, &reg))
		return false;
	its = reg.start;
	/* An ITS of 64 KiB pages, as KVM's is, drops the lower bits of the queue's address as well. */
	queue = (uint64_t *)piece(PIECE_QUEUE);
	if (!queue || !events || !give_tables())
		return false;
	mmio_write64(its + GITS_CBASER,
		     TABLE_VALID | TABLE_INNER_WB | TABLE_SHAREABLE | (uint64_t)queue);
	mmio_write64(its + GITS_CWRITER, 0);
	mmio_write32(its + GITS_CTLR, 1);
	/* The interrupt translation table: bits of the event number less one, and its address. */
	return command(CMD_MAPD | (uint64_t)DEVICE_ID << 32, __builtin_ctz(ITS_EVENTS) - 1,
		       TABLE_VALID | (uint64_t)events);
}

static bool started(void)
{
	static bool tried, works;

	if (!tried)
		works = start();
	tried = true;
	return works;
}

static bool make_collection(const struct cpu *cpu)
{
	if (collection_made[cpu->id])
		return true;
	collection_made[cpu->id] =
		enable_lpis(cpu) &&
		command(CMD_MAPC, 0, TABLE_VALID | redistributor_field(cpu) | cpu->id) && sync(cpu);
	return collection_made[cpu->id];
}

bool its_map(unsigned int event, const struct cpu *cpu, struct msi *msi)
{
	uint64_t lpi = GIC_FIRST_LPI + event;

	config[event] = CONFIG_ENABLE;
	asm volatile("dsb ishst" ::: "memory");
	if (!started() || !make_collection(cpu) ||
	    !command(CMD_MAPTI | (uint64_t)DEVICE_ID << 32, event | lpi << 32, cpu->id) ||
	    !command(CMD_INV | (uint64_t)DEVICE_ID << 32, event, 0) || !sync(cpu))
		return false;
	*msi = (struct msi){.address = its + GITS_TRANSLATER, .data = event, .devid = DEVICE_ID};
	return true;
}

void its_unmap(unsigned int event)
{
	command(CMD_DISCARD | (uint64_t)DEVICE_ID << 32, event, 0);
}
