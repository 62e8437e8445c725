/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PLIC, chapter by chapter of the RISC-V PLIC Specification 1.0.0. */
#include "tests/unit/device.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "devices/plic.h"

#define BASE 0xc000000

#define SOURCES	  95 /* three words of bits, all in use but bit 0 */
#define LAST	  SOURCES
#define CONTEXTS  4
#define EDGE	  7 /* this source has an edge gateway */
#define PRIO_BITS 3

struct fixture {
	struct bus bus;
	struct plic *plic;
	struct irq_log out; /* line n: context n */
};

static struct plic_config config_of(struct fixture *f, struct irq_line *lines)
{
	for (unsigned int i = 0; i < CONTEXTS; i++)
		lines[i] = irq_log_line(&f->out, i);
	return (struct plic_config){
		.nr_sources = SOURCES,
		.nr_contexts = CONTEXTS,
		.priority_bits = PRIO_BITS,
		.outputs = lines,
	};
}

static int setup(void **state)
{
	static const uint32_t edge[SOURCES / 32 + 1] = {1u << EDGE};
	struct fixture *f = calloc(1, sizeof(*f));
	struct irq_line lines[CONTEXTS];
	struct plic_config config = config_of(f, lines);

	config.edge = edge;
	bus_init(&f->bus, "test");
	f->plic = plic_create(&config);
	assert_non_null(f->plic);
	assert_int_equal(plic_attach(f->plic, &f->bus, BASE), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	plic_destroy(f->plic);
	bus_destroy(&f->bus);
	free(f);
	return 0;
}

static uint32_t in(struct fixture *f, uint64_t offset)
{
	return bus_in(&f->bus, BASE + offset, 4);
}

static void out(struct fixture *f, uint64_t offset, uint32_t value)
{
	bus_out(&f->bus, BASE + offset, value, 4);
}

static void set_priority(struct fixture *f, unsigned int source, uint32_t priority)
{
	out(f, PLIC_PRIORITY + 4 * source, priority);
}

static uint64_t enable_word(unsigned int context, unsigned int source)
{
	return PLIC_ENABLE + PLIC_ENABLE_STRIDE * context + source / 32 * 4;
}

static void enable(struct fixture *f, unsigned int context, unsigned int source)
{
	uint64_t at = enable_word(context, source);

	out(f, at, in(f, at) | 1u << source % 32);
}

static void disable(struct fixture *f, unsigned int context, unsigned int source)
{
	uint64_t at = enable_word(context, source);

	out(f, at, in(f, at) & ~(1u << source % 32));
}

static bool pending(struct fixture *f, unsigned int source)
{
	return in(f, PLIC_PENDING + source / 32 * 4) >> source % 32 & 1;
}

static void set_threshold(struct fixture *f, unsigned int context, uint32_t threshold)
{
	out(f, PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * context + PLIC_THRESHOLD, threshold);
}

static uint32_t claim(struct fixture *f, unsigned int context)
{
	return in(f, PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * context + PLIC_CLAIM);
}

static void complete(struct fixture *f, unsigned int context, uint32_t source)
{
	out(f, PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * context + PLIC_CLAIM, source);
}

static void set_wire(struct fixture *f, unsigned int source, bool level)
{
	plic_set_irq(f->plic, source, level);
}

static void reset_state(void **state)
{
	struct fixture *f = *state;

	for (uint64_t offset = 0; offset < PLIC_ENABLE + PLIC_ENABLE_STRIDE * CONTEXTS; offset += 4)
		assert_int_equal(in(f, offset), 0);
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		assert_int_equal(in(f, PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * i), 0);
		assert_int_equal(claim(f, i), 0);
		assert_int_equal(f->out.calls[i], 0);
	}
}

/*
 * 4: priorities are WARL; every combination of the implemented bits is kept.
 * Source 0 does not exist.
 */
static void priority_warl(void **state)
{
	struct fixture *f = *state;

	for (uint32_t p = 0; p < 1u << PRIO_BITS; p++) {
		set_priority(f, 1, p | 0xfffffff8);
		assert_int_equal(in(f, PLIC_PRIORITY + 4), p);
	}
	set_priority(f, LAST, 5);
	assert_int_equal(in(f, PLIC_PRIORITY + 4 * LAST), 5);
	set_priority(f, LAST + 1, 5);
	assert_int_equal(in(f, PLIC_PRIORITY + 4 * (LAST + 1)), 0);
	set_priority(f, 0, 5);
	assert_int_equal(in(f, PLIC_PRIORITY), 0);
}

/* 4: all 32 bits can be implemented. */
static void priority_full_width(void **state)
{
	struct fixture *f = *state;
	struct irq_line lines[CONTEXTS];
	struct plic_config config = config_of(f, lines);

	plic_destroy(f->plic);
	bus_remove(&f->bus, BASE);
	config.priority_bits = 32;
	f->plic = plic_create(&config);
	assert_int_equal(plic_attach(f->plic, &f->bus, BASE), 0);
	set_priority(f, 3, UINT32_MAX);
	assert_int_equal(in(f, PLIC_PRIORITY + 12), UINT32_MAX);
	set_threshold(f, 0, UINT32_MAX - 1);
	enable(f, 0, 3);
	set_wire(f, 3, true);
	assert_true(f->out.level[0]);
	set_threshold(f, 0, UINT32_MAX);
	assert_false(f->out.level[0]);
}

/* 4: priority 0 never interrupts: no notification, and a claim does not give it. */
static void priority_zero(void **state)
{
	struct fixture *f = *state;

	enable(f, 0, 5);
	set_wire(f, 5, true);
	assert_true(pending(f, 5));
	assert_false(f->out.level[0]);
	assert_int_equal(claim(f, 0), 0);
	assert_true(pending(f, 5));
	set_priority(f, 5, 1);
	assert_true(f->out.level[0]);
	set_priority(f, 5, 0);
	assert_false(f->out.level[0]);
}

/* 1.4 and 4: the highest priority first, and among equals the lowest id. */
static void priority_order(void **state)
{
	static const unsigned int sources[] = {70, 3, 40, 64, 2, 31, 32};
	static const unsigned int order[] = {40, 31, 64, 2, 32, 70, 3};
	struct fixture *f = *state;

	set_priority(f, 40, 7);
	set_priority(f, 31, 6);
	set_priority(f, 64, 6);
	set_priority(f, 2, 5);
	set_priority(f, 32, 5);
	set_priority(f, 70, 5);
	set_priority(f, 3, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		enable(f, 1, sources[i]);
		set_wire(f, sources[i], true);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		assert_true(f->out.level[1]);
		assert_int_equal(claim(f, 1), order[i]);
	}
	assert_false(f->out.level[1]);
	assert_int_equal(claim(f, 1), 0);
}

/* 5: pending bits of all words; they are read-only, and there is none for source 0. */
static void pending_bits(void **state)
{
	static const unsigned int sources[] = {1, 31, 32, 63, 64, LAST};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		assert_false(pending(f, sources[i]));
		set_wire(f, sources[i], true);
		assert_true(pending(f, sources[i]));
	}
	assert_int_equal(in(f, PLIC_PENDING), 1u << 1 | 1u << 31);
	assert_int_equal(in(f, PLIC_PENDING + 4), 1u << 0 | 1u << 31);
	assert_int_equal(in(f, PLIC_PENDING + 8), 1u << 0 | 1u << 31);
	for (unsigned int word = 0; word < 32; word++)
		out(f, PLIC_PENDING + 4 * word, word & 1 ? 0 : UINT32_MAX);
	assert_int_equal(in(f, PLIC_PENDING), 1u << 1 | 1u << 31);
	assert_int_equal(in(f, PLIC_PENDING + 4), 1u << 0 | 1u << 31);
	assert_int_equal(in(f, PLIC_PENDING + 8), 1u << 0 | 1u << 31);

	set_wire(f, 0, true);
	set_wire(f, LAST + 1, true);
	set_wire(f, 1024, true);
	assert_int_equal(in(f, PLIC_PENDING) & 1, 0);
	assert_int_equal(in(f, PLIC_PENDING + 12), 0);
}

/* 6: each context has its own enables; bit 0, and bits of sources that do not exist, stay zero. */
static void enable_bits(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < CONTEXTS; i++)
		out(f, PLIC_ENABLE + PLIC_ENABLE_STRIDE * i + 4, 0x11111111u << i);
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		assert_int_equal(in(f, enable_word(i, 0)), 0);
		assert_int_equal(in(f, enable_word(i, 32)), 0x11111111u << i);
	}
	for (unsigned int word = 0; word < 32; word++)
		out(f, PLIC_ENABLE + 4 * word, UINT32_MAX);
	assert_int_equal(in(f, PLIC_ENABLE), 0xfffffffe);
	assert_int_equal(in(f, PLIC_ENABLE + 4), UINT32_MAX);
	assert_int_equal(in(f, PLIC_ENABLE + 8), UINT32_MAX);
	for (unsigned int word = 3; word < 32; word++)
		assert_int_equal(in(f, PLIC_ENABLE + 4 * word), 0);
}

/* 6: the mask of the last word, where the number of sources is not one below a multiple of 32. */
static void enable_bits_last_word(void **state)
{
	static const struct {
		unsigned int sources;
		uint32_t words[3];
	} rows[] = {{1, {0x2, 0, 0}},
		    {31, {0xfffffffe, 0, 0}},
		    {32, {0xfffffffe, 0x1, 0}},
		    {33, {0xfffffffe, 0x3, 0}},
		    {63, {0xfffffffe, UINT32_MAX, 0}}};
	struct fixture *f = *state;
	struct irq_line lines[CONTEXTS];

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plic_config config = config_of(f, lines);

		plic_destroy(f->plic);
		bus_remove(&f->bus, BASE);
		config.nr_sources = rows[i].sources;
		f->plic = plic_create(&config);
		assert_int_equal(plic_attach(f->plic, &f->bus, BASE), 0);
		for (unsigned int word = 0; word < 3; word++) {
			out(f, PLIC_ENABLE + 4 * word, UINT32_MAX);
			assert_int_equal(in(f, PLIC_ENABLE + 4 * word), rows[i].words[word]);
		}
	}
}

/*
 * 1.3 and 6: every context that enables the source is told; one that does not
 * is not, and claims nothing.
 */
static void notify_enabled(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	enable(f, 2, 9);
	set_wire(f, 9, true);
	assert_true(f->out.level[0]);
	assert_false(f->out.level[1]);
	assert_true(f->out.level[2]);
	assert_int_equal(claim(f, 1), 0);

	/* Enabling and disabling while it is pending counts at once. */
	enable(f, 1, 9);
	assert_true(f->out.level[1]);
	disable(f, 1, 9);
	assert_false(f->out.level[1]);
}

/* 1.3: an output is called when it changes and not otherwise: a call can cost an ioctl. */
static void output_called_on_change(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	set_priority(f, 10, 1);
	enable(f, 0, 9);
	enable(f, 0, 10);
	set_wire(f, 9, true);
	set_wire(f, 9, true);
	set_wire(f, 10, true);
	assert_int_equal(f->out.calls[0], 1);
	claim(f, 0);
	assert_int_equal(f->out.calls[0], 1);
	claim(f, 0);
	assert_int_equal(f->out.calls[0], 2);
	claim(f, 0);
	assert_int_equal(f->out.calls[0], 2);
}

/* 7: the threshold masks priorities up to itself, for its context alone. */
static void threshold_masks(void **state)
{
	struct fixture *f = *state;

	enable(f, 0, 9);
	enable(f, 1, 9);
	set_wire(f, 9, true);
	for (uint32_t priority = 0; priority <= 7; priority++) {
		set_priority(f, 9, priority);
		for (uint32_t threshold = 0; threshold <= 7; threshold++) {
			set_threshold(f, 0, threshold);
			assert_int_equal(f->out.level[0], priority > threshold);
			assert_int_equal(f->out.level[1], priority > 0);
		}
	}
}

/* 7: WARL, with the bits of a priority. */
static void threshold_warl(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < CONTEXTS; i++)
		set_threshold(f, i, 0xfffffff8 | i);
	for (unsigned int i = 0; i < CONTEXTS; i++)
		assert_int_equal(in(f, PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * i), i);
}

/* 8: a claim is not affected by the threshold, so a hart can poll. */
static void claim_ignores_threshold(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	set_threshold(f, 0, 7);
	set_wire(f, 9, true);
	assert_false(f->out.level[0]);
	assert_int_equal(claim(f, 0), 9);
	assert_int_equal(claim(f, 0), 0);
}

/* 8: the claim clears the pending bit for everybody, so the other contexts find nothing. */
static void claim_once(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	enable(f, 1, 9);
	set_wire(f, 9, true);
	assert_int_equal(claim(f, 1), 9);
	assert_false(pending(f, 9));
	assert_false(f->out.level[0]);
	assert_false(f->out.level[1]);
	assert_int_equal(claim(f, 0), 0);
}

/* 8: after a claim a lower priority shows, and the output stays up. */
static void claim_reveals_next(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	set_priority(f, 10, 2);
	enable(f, 0, 9);
	enable(f, 0, 10);
	set_wire(f, 9, true);
	set_wire(f, 10, true);
	assert_int_equal(claim(f, 0), 10);
	assert_true(f->out.level[0]);
	assert_int_equal(claim(f, 0), 9);
	assert_false(f->out.level[0]);
}

/* 1.2: the gateway waits for the completion; then a level that is still asserted asks again. */
static void level_reasserted_at_completion(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	set_wire(f, 9, true);
	assert_int_equal(claim(f, 0), 9);
	set_wire(f, 9, true);
	set_wire(f, 9, false);
	set_wire(f, 9, true);
	assert_false(pending(f, 9));
	assert_false(f->out.level[0]);
	complete(f, 0, 9);
	assert_true(pending(f, 9));
	assert_true(f->out.level[0]);
	assert_int_equal(claim(f, 0), 9);
	set_wire(f, 9, false);
	complete(f, 0, 9);
	assert_false(pending(f, 9));
	assert_false(f->out.level[0]);
	/* And the next assertion is heard. */
	set_wire(f, 9, true);
	assert_true(f->out.level[0]);
}

/* 1.2: a request once forwarded is not retracted when the level falls. */
static void level_not_retracted(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	set_wire(f, 9, true);
	set_wire(f, 9, false);
	assert_true(f->out.level[0]);
	assert_int_equal(claim(f, 0), 9);
	complete(f, 0, 9);
	assert_false(f->out.level[0]);
}

/* 1.2: edges between a request and its completion are counted, and come one by one. */
static void edges_counted(void **state)
{
	struct fixture *f = *state;

	set_priority(f, EDGE, 1);
	enable(f, 0, EDGE);
	set_wire(f, EDGE, true);
	assert_int_equal(claim(f, 0), EDGE);
	complete(f, 0, EDGE);
	/* The wire is still high: that is no new edge. */
	assert_false(pending(f, EDGE));
	set_wire(f, EDGE, true);
	assert_false(pending(f, EDGE));
	set_wire(f, EDGE, false);
	assert_false(pending(f, EDGE));

	for (int i = 0; i < 3; i++) {
		const struct irq_line line = plic_input(f->plic, EDGE);

		irq_pulse(&line);
	}
	for (int i = 0; i < 3; i++) {
		assert_true(f->out.level[0]);
		assert_int_equal(claim(f, 0), EDGE);
		assert_false(f->out.level[0]);
		complete(f, 0, EDGE);
	}
	assert_false(f->out.level[0]);
}

/* 9: a completion from a context that does not enable the source is ignored. */
static void completion_needs_enable(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	set_wire(f, 9, true);
	assert_int_equal(claim(f, 0), 9);
	complete(f, 1, 9);
	assert_false(pending(f, 9));
	disable(f, 0, 9);
	complete(f, 0, 9);
	assert_false(pending(f, 9));
	enable(f, 0, 9);
	complete(f, 0, 9);
	assert_true(pending(f, 9));
}

/* 9: the completing context need not be the one that claimed, if it enables the source. */
static void completion_by_another(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 9, 1);
	enable(f, 0, 9);
	enable(f, 3, 9);
	set_wire(f, 9, true);
	assert_int_equal(claim(f, 0), 9);
	complete(f, 3, 9);
	assert_true(f->out.level[0]);
	assert_true(f->out.level[3]);
}

/* 9: completions of what nobody claimed, of 0, and of sources that do not exist. */
static void completion_of_nothing(void **state)
{
	struct fixture *f = *state;
	static const uint32_t wrong[] = {0, LAST + 1, 1023, 1024, 0x80000009, UINT32_MAX};

	set_priority(f, 9, 1);
	set_priority(f, EDGE, 1);
	enable(f, 0, 9);
	enable(f, 0, EDGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		complete(f, 0, wrong[i]);
	complete(f, 0, 9);
	assert_int_equal(f->out.calls[0], 0);

	/* One that is pending and not claimed is not lost, nor doubled. */
	set_wire(f, EDGE, true);
	set_wire(f, EDGE, false);
	set_wire(f, EDGE, true);
	complete(f, 0, EDGE);
	assert_int_equal(claim(f, 0), EDGE);
	complete(f, 0, EDGE);
	assert_int_equal(claim(f, 0), EDGE);
	complete(f, 0, EDGE);
	assert_int_equal(claim(f, 0), 0);

	/* The ids are compared whole: one that is wrong in its high bits completes nothing. */
	set_wire(f, 9, true);
	assert_int_equal(claim(f, 0), 9);
	complete(f, 0, 0x10009);
	assert_false(pending(f, 9));
}

/*
 * 3: registers are 32 bits wide; what other widths read. Narrow reads of the
 * claim register claim nothing.
 */
static void narrow_reads(void **state)
{
	struct fixture *f = *state;
	uint64_t claim_reg = BASE + PLIC_CONTEXT + PLIC_CLAIM;

	assert_int_equal(plic_odd_accesses(f->plic), 0);
	out(f, PLIC_ENABLE + 4, 0x44332211);
	set_priority(f, 9, 1);
	enable(f, 0, 9);
	set_wire(f, 9, true);
	assert_int_equal(plic_odd_accesses(f->plic), 0);

	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(bus_in(&f->bus, BASE + PLIC_ENABLE + 4 + i, 1), 0x11 * (i + 1));
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_ENABLE + 4, 2), 0x2211);
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_ENABLE + 6, 2), 0x4433);
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_PENDING + 1, 1), 1u << 1);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(bus_in(&f->bus, claim_reg + i, 1), 0);
	assert_int_equal(bus_in(&f->bus, claim_reg, 2), 0);
	assert_int_equal(bus_in(&f->bus, claim_reg + 2, 2), 0);
	assert_true(pending(f, 9));
	assert_int_equal(plic_odd_accesses(f->plic), 13);
}

/* 3: misaligned reads give zero and do nothing. */
static void misaligned_reads(void **state)
{
	struct fixture *f = *state;
	uint64_t context = BASE + PLIC_CONTEXT;

	out(f, PLIC_ENABLE + 4, UINT32_MAX);
	set_priority(f, 9, 1);
	enable(f, 0, 9);
	set_wire(f, 9, true);
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_ENABLE + 5, 2), 0);
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_ENABLE + 2, 4), 0);
	assert_int_equal(bus_in(&f->bus, context + 1, 4), 0);
	assert_int_equal(bus_in(&f->bus, context + 2, 4), 0);
	assert_int_equal(bus_in(&f->bus, context + 4, 8), 0);
	assert_true(pending(f, 9));
	assert_int_equal(plic_odd_accesses(f->plic), 5);
}

/* 3: an aligned access of 8 bytes is two of 4, the lower address first. */
static void wide_accesses(void **state)
{
	struct fixture *f = *state;

	bus_out(&f->bus, BASE + PLIC_PRIORITY + 8, UINT64_C(0x0000000500000003), 8);
	assert_int_equal(in(f, PLIC_PRIORITY + 8), 3);
	assert_int_equal(in(f, PLIC_PRIORITY + 12), 5);
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_PRIORITY + 8, 8), 0x0000000500000003);
	bus_out(&f->bus, BASE + PLIC_ENABLE, UINT64_C(0xffffffff00000008), 8);
	set_wire(f, 3, true);
	set_threshold(f, 0, 2);
	/* Threshold and claim. */
	assert_int_equal(bus_in(&f->bus, BASE + PLIC_CONTEXT, 8), 0x0000000300000002);
	assert_false(pending(f, 3));
	/* And completion, with a new threshold. */
	bus_out(&f->bus, BASE + PLIC_CONTEXT, UINT64_C(0x0000000300000000), 8);
	assert_true(pending(f, 3));
	assert_int_equal(in(f, PLIC_CONTEXT), 0);
	assert_int_equal(plic_odd_accesses(f->plic), 5);
}

/* 3: narrow and misaligned writes change nothing and are counted. */
static void odd_writes(void **state)
{
	struct fixture *f = *state;

	set_priority(f, 1, 3);
	set_wire(f, 9, true);
	for (unsigned int i = 0; i < 4; i++)
		bus_out(&f->bus, BASE + PLIC_PRIORITY + 4 + i, 0x7, 1);
	bus_out(&f->bus, BASE + PLIC_PRIORITY + 4, 0x7, 2);
	bus_out(&f->bus, BASE + PLIC_PRIORITY + 6, 0x7, 2);
	bus_out(&f->bus, BASE + PLIC_PRIORITY + 2, 0x70007, 4);
	bus_out(&f->bus, BASE + PLIC_PRIORITY + 4, UINT64_C(0x700000007), 8);
	assert_int_equal(in(f, PLIC_PRIORITY + 4), 3);
	assert_int_equal(in(f, PLIC_PRIORITY + 8), 0);
	assert_int_equal(plic_odd_accesses(f->plic), 8);
}

/* 3: what is reserved, and contexts that this controller does not have. */
static void reserved_registers(void **state)
{
	struct fixture *f = *state;
	static const uint64_t offsets[] = {
		PLIC_PENDING + 0x80,
		PLIC_ENABLE - 4,
		PLIC_ENABLE + PLIC_ENABLE_STRIDE * CONTEXTS,
		0x1f1ffc,
		0x1f2000,
		PLIC_CONTEXT - 4,
		PLIC_CONTEXT + 8,
		PLIC_CONTEXT + PLIC_CONTEXT_STRIDE - 4,
		PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * CONTEXTS - 4,
	};
	uint64_t value;

	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		out(f, offsets[i], UINT32_MAX);
		assert_int_equal(in(f, offsets[i]), 0);
	}
	for (unsigned int i = 0; i < CONTEXTS; i++)
		for (unsigned int word = 0; word < 32; word++)
			assert_int_equal(in(f, enable_word(i, 32 * word)), 0);
	/* Beyond the last context's page there is no controller. */
	assert_false(bus_read(&f->bus, BASE + PLIC_SIZE(CONTEXTS), 4, &value));
	assert_int_equal(PLIC_SIZE(PLIC_MAX_CONTEXTS), 0x4000000);
}

/* 3: the most that the memory map has room for. */
static void largest(void **state)
{
	struct fixture *f = *state;
	const unsigned int last = PLIC_MAX_CONTEXTS - 1;
	struct irq_line *lines = calloc(PLIC_MAX_CONTEXTS, sizeof(*lines));
	struct plic_config config = {
		.nr_sources = PLIC_MAX_SOURCES,
		.nr_contexts = PLIC_MAX_CONTEXTS,
		.priority_bits = 1,
		.outputs = lines,
	};

	lines[last] = irq_log_line(&f->out, 0);
	plic_destroy(f->plic);
	bus_remove(&f->bus, BASE);
	f->plic = plic_create(&config);
	assert_non_null(f->plic);
	free(lines);
	assert_int_equal(plic_attach(f->plic, &f->bus, BASE), 0);
	set_priority(f, 1023, 1);
	assert_int_equal(in(f, 0xffc), 1);
	out(f, 0x1f1ffc, 0x80000000);
	assert_int_equal(in(f, enable_word(last, 1023)), 0x80000000);
	set_wire(f, 1023, true);
	assert_int_equal(in(f, 0x107c), 0x80000000);
	assert_true(f->out.level[0]);
	assert_int_equal(in(f, 0x3fff004), 1023);
	assert_false(f->out.level[0]);
}

static void bad_configurations(void **state)
{
	struct fixture *f = *state;
	struct irq_line lines[CONTEXTS];
	const struct plic_config good = config_of(f, lines);
	struct plic_config bad[6];

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].nr_sources = 0;
	bad[1].nr_sources = PLIC_MAX_SOURCES + 1;
	bad[2].nr_contexts = 0;
	bad[3].nr_contexts = PLIC_MAX_CONTEXTS + 1;
	bad[4].priority_bits = 0;
	bad[5].priority_bits = 33;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		assert_null(plic_create(&bad[i]));
		assert_int_equal(errno, EINVAL);
	}
}

#define CLAIMS 500

struct claimer {
	struct fixture *f;
	unsigned int context;
	unsigned int claims;
};

/*
 * A hart: takes what it gets until the device has been served CLAIMS times by
 * all harts together.
 */
static atomic_uint served;
static atomic_int in_service;

static void *claimer_thread(void *arg)
{
	struct claimer *c = arg;
	uint64_t reg = BASE + PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * c->context + PLIC_CLAIM;
	uint64_t source;

	while (atomic_load(&served) < CLAIMS) {
		bus_read(&c->f->bus, reg, 4, &source);
		if (!source) {
			sched_yield();
			continue;
		}
		if (atomic_fetch_add(&in_service, 1) != 0)
			break;
		c->claims++;
		atomic_fetch_add(&served, 1);
		sched_yield(); /* let another hart try it meanwhile */
		atomic_fetch_sub(&in_service, 1);
		bus_write(&c->f->bus, reg, 4, source);
	}
	return NULL;
}

/* 8: claims are atomic: a source is served by one hart at a time, however many try. */
static void claims_from_threads(void **state)
{
	struct fixture *f = *state;
	struct claimer claimers[CONTEXTS];
	pthread_t threads[CONTEXTS];
	unsigned int sum = 0;

	atomic_store(&served, 0);
	atomic_store(&in_service, 0);
	set_priority(f, 9, 1);
	for (unsigned int i = 0; i < CONTEXTS; i++)
		enable(f, i, 9);
	set_wire(f, 9, true);
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		claimers[i] = (struct claimer){.f = f, .context = i};
		assert_int_equal(pthread_create(&threads[i], NULL, claimer_thread, &claimers[i]),
				 0);
	}
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		pthread_join(threads[i], NULL);
		sum += claimers[i].claims;
	}
	assert_int_equal(atomic_load(&in_service), 0);
	assert_in_range(sum, CLAIMS, CLAIMS + CONTEXTS);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(reset_state),
		CASE(priority_warl),
		CASE(priority_full_width),
		CASE(priority_zero),
		CASE(priority_order),
		CASE(pending_bits),
		CASE(enable_bits),
		CASE(enable_bits_last_word),
		CASE(notify_enabled),
		CASE(output_called_on_change),
		CASE(threshold_masks),
		CASE(threshold_warl),
		CASE(claim_ignores_threshold),
		CASE(claim_once),
		CASE(claim_reveals_next),
		CASE(level_reasserted_at_completion),
		CASE(level_not_retracted),
		CASE(edges_counted),
		CASE(completion_needs_enable),
		CASE(completion_by_another),
		CASE(completion_of_nothing),
		CASE(narrow_reads),
		CASE(misaligned_reads),
		CASE(wide_accesses),
		CASE(odd_writes),
		CASE(reserved_registers),
		CASE(largest),
		CASE(bad_configurations),
		CASE(claims_from_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
