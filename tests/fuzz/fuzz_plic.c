/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PLIC of any size under a guest of any behaviour and sources that come and
 * go. What must hold (PLIC specification 1.0.0, chapters 8 and 9): a claim gives
 * 0 or a source that exists; after a claim of 0 the context's line is down.
 */
#include "fuzz.h"

#include <string.h>

#include "devices/plic.h"

#define BASE	 0xc000000u
#define CONTEXTS 4

struct lines {
	struct plic *plic;
	unsigned int nr_sources;
	bool level[CONTEXTS];
};

static void set_level(void *ctx, unsigned int n, bool level)
{
	((struct lines *)ctx)->level[n] = level;
}

static void other(void *ctx, unsigned int what, struct fuzz_input *in)
{
	struct lines *l = ctx;

	unsigned int source = (unsigned int)fuzz_number(in, 2);

	/* Sources beyond the last, too, by a little and by much. */
	plic_set_irq(l->plic, what & 2 ? source : source % (l->nr_sources + 3), what & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct lines lines = {0};
	struct irq_line outputs[CONTEXTS];
	uint32_t edge[PLIC_MAX_SOURCES / 32 + 1];
	struct plic_config config = {
		.nr_sources = 1 + (unsigned int)fuzz_number(&in, 2) % PLIC_MAX_SOURCES,
		.nr_contexts = 1 + (unsigned int)fuzz_number(&in, 1) % CONTEXTS,
		.priority_bits = 1 + (unsigned int)fuzz_number(&in, 1) % 32,
		.outputs = outputs,
		.edge = edge,
	};
	struct bus bus;
	struct fuzz_window windows[] = {
		{&bus, BASE, 0x100},
		{&bus, BASE + PLIC_PENDING, 0x90},
		{&bus, BASE + PLIC_ENABLE, CONTEXTS * PLIC_ENABLE_STRIDE},
		{&bus, BASE + PLIC_CONTEXT, 16},
		{&bus, BASE + PLIC_CONTEXT + PLIC_CONTEXT_STRIDE, 16},
		{&bus, BASE, PLIC_SIZE(CONTEXTS)},
	};
	uint64_t claim;

	for (unsigned int i = 0; i < ARRAY_SIZE(edge); i++)
		edge[i] = (uint32_t)fuzz_number(&in, i < 2 ? 4 : 0);
	for (unsigned int i = 0; i < CONTEXTS; i++)
		outputs[i] = (struct irq_line){.set = set_level, .ctx = &lines, .n = i};
	bus_init(&bus, "mmio");
	lines.nr_sources = config.nr_sources;
	lines.plic = plic_create(&config);
	FUZZ_CHECK(lines.plic && !plic_attach(lines.plic, &bus, BASE));
	fuzz_bus(&in, windows, ARRAY_SIZE(windows), other, &lines);
	for (unsigned int c = 0; c < config.nr_contexts; c++) {
		/* A source is claimed once, so this ends. */
		for (unsigned int n = 0;; n++) {
			bus_read(&bus, BASE + PLIC_CONTEXT + c * PLIC_CONTEXT_STRIDE + PLIC_CLAIM,
				 4, &claim);
			FUZZ_CHECK(claim <= config.nr_sources && n <= config.nr_sources);
			if (!claim)
				break;
		}
		FUZZ_CHECK(!lines.level[c]);
	}
	plic_destroy(lines.plic);
	bus_destroy(&bus);
	return 0;
}

void fuzz_seeds(void (*add)(const void *data, size_t size))
{
	/* Windows 0, 2 and 3 as above: priorities, enables, a claim and its completion. */
	static const struct {
		uint8_t window, offset;
		bool write;
		uint32_t value;
	} program[] = {
		{0, 4, true, 1},  {0, 8, true, 7},  {0, 40, true, 3}, {2, 0, true, 0x406},
		{3, 0, true, 0},  {3, 4, false, 0}, {1, 0, false, 0}, {3, 4, true, 2},
		{3, 4, false, 0}, {3, 4, true, 10}, {3, 0, true, 7},
	};
	uint8_t s[16 + ARRAY_SIZE(program) * (FUZZ_ACCESS + 3)] = {
		53, 0, 1, 2, /* no source is edge-triggered */
	};
	size_t n = 4 + 8;

	for (unsigned int i = 0; i < ARRAY_SIZE(program); i++) {
		const uint8_t up[] = {0x81, (uint8_t)(i % 11), 0};

		memcpy(s + n, up, sizeof(up));
		n += sizeof(up);
		n += fuzz_access(s + n, program[i].window, program[i].offset, 4, program[i].write,
				 program[i].value);
	}
	add(s, n);
	/* Source 2 is. */
	s[4] = 4;
	add(s, n);
}
