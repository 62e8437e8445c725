/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's small devices together: the two 8259, the IOAPIC, fw_cfg, the ways
 * out, the test devices, under a guest of any behaviour while lines come and go
 * and a CPU acknowledges and ends interrupts out of turn.
 */
#include "fuzz.h"

#include <string.h>

#include "devices/exit.h"
#include "devices/fwcfg.h"
#include "devices/ioapic.h"
#include "devices/pic.h"
#include "devices/testdev.h"

#define TESTDEV_BASE 0xfe000000u

struct pc {
	struct bus port, mmio;
	struct pic *pic;
	struct ioapic *ioapic;
	bool intr;
};

static void set_intr(void *ctx, unsigned int n, bool level)
{
	((struct pc *)ctx)->intr = level;
}

static int send(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	return 0;
}

static void changed(void *ctx, unsigned int pin)
{
	FUZZ_CHECK(pin < IOAPIC_PINS);
}

static void end(void *ctx, enum outcome_kind kind, unsigned int code, int raw)
{
	FUZZ_CHECK(kind == OUTCOME_SHUTDOWN || kind == OUTCOME_RESET || kind == OUTCOME_CRASH);
}

static void flush_page(void *ctx, uint64_t gpa)
{
	FUZZ_CHECK(!(gpa & 0xfff));
}

static void other(void *ctx, unsigned int what, struct fuzz_input *in)
{
	struct pc *pc = ctx;
	int vector;

	switch (what >> 5) {
	case 0:
		pic_set_irq(pc->pic, (unsigned int)fuzz_number(in, 1), what & 1);
		break;
	case 1:
		ioapic_set_irq(pc->ioapic, (unsigned int)fuzz_number(in, 1), what & 1);
		break;
	case 2:
		ioapic_eoi(pc->ioapic, (uint8_t)fuzz_number(in, 1));
		break;
	default:
		FUZZ_CHECK(pic_pending(pc->pic) == pc->intr);
		vector = pic_acknowledge(pc->pic);
		FUZZ_CHECK(vector >= 0 && vector < 256);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct pc pc = {0};
	const struct msi_target msi = {.send = send};
	const struct pic_config pic = {.intr = {.set = set_intr, .ctx = &pc}};
	const struct ioapic_config ioapic = {.msi = msi, .route_changed = changed};
	const struct fwcfg_config fwcfg = {.ram_size = 1 << 28, .nr_cpus = 2, .max_cpus = 2};
	const struct exit_config exit_config = {.end = end};
	const struct testdev_config testdev = {.nr_irqs = 2, .msi = msi};
	const struct pc_testdev_config pc_testdev = {.flush_page = flush_page};
	const struct fuzz_window windows[] = {
		{&pc.port, PIC_MASTER_BASE, 2},	    {&pc.port, PIC_SLAVE_BASE, 2},
		{&pc.port, PIC_ELCR_BASE, 2},	    {&pc.mmio, IOAPIC_BASE, 0x50},
		{&pc.port, FWCFG_BASE, 2},	    {&pc.mmio, TESTDEV_BASE, 0x120},
		{&pc.port, PC_TESTDEV_LATCH, 0x20}, {&pc.mmio, PC_TESTDEV_MEM, PC_TESTDEV_MEM_SIZE},
	};
	struct fwcfg *f = fwcfg_create(&fwcfg);
	struct exit_dev *e = exit_create(&exit_config);
	struct testdev *t = testdev_create(&testdev);
	struct pc_testdev *p = pc_testdev_create(&pc_testdev);

	bus_init(&pc.port, "port");
	bus_init(&pc.mmio, "mmio");
	pc.pic = pic_create(&pic);
	pc.ioapic = ioapic_create(&ioapic);
	FUZZ_CHECK(pc.pic && pc.ioapic && f && e && t && p);
	FUZZ_CHECK(!pic_attach(pc.pic, &pc.port) &&
		   !ioapic_attach(pc.ioapic, &pc.mmio, IOAPIC_BASE));
	FUZZ_CHECK(!fwcfg_attach(f, &pc.port, FWCFG_BASE) &&
		   !testdev_attach(t, &pc.mmio, TESTDEV_BASE));
	FUZZ_CHECK(!exit_attach(e, EXIT_DEBUG, &pc.port, EXIT_DEBUG_PORT));
	FUZZ_CHECK(!pc_testdev_attach(p, &pc.port, &pc.mmio));
	fuzz_bus(&in, windows, ARRAY_SIZE(windows), other, &pc);
	FUZZ_CHECK(pic_pending(pc.pic) == pc.intr);
	pc_testdev_destroy(p);
	testdev_destroy(t);
	exit_destroy(e);
	fwcfg_destroy(f);
	ioapic_destroy(pc.ioapic);
	pic_destroy(pc.pic);
	bus_destroy(&pc.mmio);
	bus_destroy(&pc.port);
	return 0;
}

void fuzz_seeds(void (*add)(const void *data, size_t size))
{
	static const struct {
		uint8_t window, offset, size;
		bool write;
		uint32_t value;
	} program[] = {
		/* ICW1 to ICW4 of both 8259, all unmasked. */
		{0, 0, 1, true, 0x11},
		{0, 1, 1, true, 0x20},
		{0, 1, 1, true, 4},
		{0, 1, 1, true, 1},
		{1, 0, 1, true, 0x11},
		{1, 1, 1, true, 0x28},
		{1, 1, 1, true, 2},
		{1, 1, 1, true, 1},
		{0, 1, 1, true, 0},
		{1, 1, 1, true, 0},
		{2, 1, 1, true, 0x0c},
		/* Reads of IRR and ISR, poll, EOI. */
		{0, 0, 1, true, 0x0a},
		{0, 0, 1, false, 0},
		{0, 0, 1, true, 0x0b},
		{0, 0, 1, false, 0},
		{0, 0, 1, true, 0x0c},
		{0, 0, 1, false, 0},
		{0, 0, 1, true, 0x20},
		{1, 0, 1, true, 0x20},
		/* The IOAPIC's version; pin 4 level-triggered, vector 0x31. */
		{3, 0, 4, true, 1},
		{3, 0x10, 4, false, 0},
		{3, 0, 4, true, 0x18},
		{3, 0x10, 4, true, 0x8031},
		/* fw_cfg's signature; the test devices. */
		{4, 0, 2, true, 0},
		{4, 1, 1, false, 0},
		{4, 1, 1, false, 0},
		{5, 0, 4, false, 0},
		{5, 8, 4, true, 1},
		{6, 0, 4, true, 0x12345678},
		{6, 8, 1, false, 0},
		{7, 0x20, 8, true, 0x5555},
		{7, 0x20, 8, false, 0},
	};
	/* Line 1 of the 8259 up and acknowledged, pin 4 of the IOAPIC up, its EOI. */
	static const uint8_t lines[] = {0x81, 1, 0xe0, 0xa1, 4, 0xc0, 0x31};
	uint8_t s[ARRAY_SIZE(program) * FUZZ_ACCESS + 2 * sizeof(lines)];
	size_t n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(program); i++) {
		n += fuzz_access(s + n, program[i].window, program[i].offset, program[i].size,
				 program[i].write, program[i].value);
		if (i == 10 || i == 22) {
			memcpy(s + n, lines, sizeof(lines));
			n += sizeof(lines);
		}
	}
	add(s, n);
}
