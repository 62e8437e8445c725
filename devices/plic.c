/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V platform-level interrupt controller; specification: RISC-V PLIC
 * Specification 1.0.0. Chapters below are its own; the memory map (3) is in
 * plic.h.
 *
 *   source --> gateway --> pending bit --> contexts that enable it --> outputs
 *
 * A gateway (1.2) lets one request through and then waits for its completion.
 * Chosen where the specification leaves a choice:
 *  - An edge gateway counts edges that come before the completion (1.2).
 *  - Priorities and thresholds are WARL registers that keep their low
 *    priority_bits bits (4, 7).
 *  - A completion for a source that waits for none does nothing (9).
 *  - Registers are 32 bits wide (3). An aligned access of 8 bytes is two of 4,
 *    the lower address first. A read of 1 or 2 bytes gives those bytes of the
 *    register, but never claims: bytes of the claim register read as zero, and
 *    so does all that is misaligned or reserved. Other writes than aligned ones
 *    of 4 and 8 bytes are dropped. What the specification does not allow is
 *    counted.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plic.h"

/* All sources, one bit each, and source 0 that does not exist. */
#define WORDS ((PLIC_MAX_SOURCES + 1) / 32)

struct context {
	uint32_t enable[WORDS];
	uint32_t threshold;
	bool notified; /* EIP (1.3), as last given to the output */
};

struct plic {
	unsigned int nr_sources, nr_contexts;
	uint32_t priority_mask;
	struct irq_line *outputs; /* nr_contexts */
	uint32_t edge[WORDS];	  /* sources with an edge gateway */
	pthread_mutex_t lock;	  /* guards what follows */

	uint32_t priority[PLIC_MAX_SOURCES + 1];
	uint32_t pending[WORDS];
	struct context *contexts; /* nr_contexts */

	/* Gateways. */
	uint32_t level[WORDS]; /* the wires */
	uint32_t busy[WORDS];  /* a request was let through and has not been completed */
	uint32_t
		edges[PLIC_MAX_SOURCES + 1]; /* edge gateways: edges seen and not yet let through */

	unsigned int odd_accesses;
};

static bool get_bit(const uint32_t *bits, unsigned int n)
{
	return bits[n / 32] >> n % 32 & 1;
}

static void put_bit(uint32_t *bits, unsigned int n, bool value)
{
	if (value)
		bits[n / 32] |= UINT32_C(1) << n % 32;
	else
		bits[n / 32] &= ~(UINT32_C(1) << n % 32);
}

/* The bits of word @word that belong to sources: not source 0, none above nr_sources. */
static uint32_t source_mask(const struct plic *plic, unsigned int word)
{
	uint32_t mask = UINT32_MAX;

	if (word > plic->nr_sources / 32)
		return 0;
	if (word == plic->nr_sources / 32)
		mask = (uint32_t)((UINT64_C(2) << plic->nr_sources % 32) - 1);
	return word ? mask : mask & ~UINT32_C(1);
}

/*
 * The source that a claim by @context would give, or 0: pending, enabled, of
 * the highest priority above 0, and of those the lowest id (1.4, 4).
 */
static unsigned int best_source(const struct plic *plic, const struct context *context)
{
	unsigned int best = 0;
	uint32_t best_priority = 0;

	for (unsigned int word = 0; word <= plic->nr_sources / 32; word++) {
		uint32_t candidates = plic->pending[word] & context->enable[word];

		for (; candidates; candidates &= candidates - 1) {
			unsigned int source = word * 32 + __builtin_ctz(candidates);

			if (plic->priority[source] > best_priority) {
				best = source;
				best_priority = plic->priority[source];
			}
		}
	}
	return best;
}

/* Notifications (1.3): the priority must exceed the threshold (7). */
static void update_outputs(struct plic *plic)
{
	for (unsigned int i = 0; i < plic->nr_contexts; i++) {
		struct context *context = &plic->contexts[i];
		unsigned int best = best_source(plic, context);
		bool notify = best && plic->priority[best] > context->threshold;

		if (notify == context->notified)
			continue;
		context->notified = notify;
		irq_set(&plic->outputs[i], notify);
	}
}

/* Lets a request of @source through, if there is one and none is on its way (1.2). */
static void gateway_forward(struct plic *plic, unsigned int source)
{
	bool edge = get_bit(plic->edge, source);

	if (get_bit(plic->busy, source))
		return;
	if (edge ? !plic->edges[source] : !get_bit(plic->level, source))
		return;
	if (edge)
		plic->edges[source]--;
	put_bit(plic->busy, source, true);
	put_bit(plic->pending, source, true);
}

/* A claim (8) ignores the threshold. */
static uint32_t claim(struct plic *plic, struct context *context)
{
	unsigned int source = best_source(plic, context);

	if (source) {
		put_bit(plic->pending, source, false);
		update_outputs(plic);
	}
	return source;
}

/* A completion (9) counts only from a context that enables the source. */
static void complete(struct plic *plic, const struct context *context, uint32_t source)
{
	if (source > plic->nr_sources || !get_bit(context->enable, source))
		return;
	/* Still pending: nobody has claimed it, so there is nothing to complete. */
	if (get_bit(plic->pending, source))
		return;
	put_bit(plic->busy, source, false);
	gateway_forward(plic, source);
	update_outputs(plic);
}

/* Registers of a context's page (7, 8, 9). */
static uint32_t read_context(struct plic *plic, struct context *context, unsigned int offset,
			     bool whole)
{
	switch (offset) {
	case PLIC_THRESHOLD:
		return context->threshold;
	case PLIC_CLAIM:
		return whole ? claim(plic, context) : 0;
	default:
		return 0;
	}
}

static void write_context(struct plic *plic, struct context *context, unsigned int offset,
			  uint32_t value)
{
	switch (offset) {
	case PLIC_THRESHOLD:
		context->threshold = value & plic->priority_mask;
		update_outputs(plic);
		break;
	case PLIC_CLAIM:
		complete(plic, context, value);
		break;
	}
}

/* One 32-bit register at an aligned offset. Without @whole the read must have no effect. */
static uint32_t read_register(struct plic *plic, uint64_t offset, bool whole)
{
	if (offset >= PLIC_CONTEXT) {
		uint64_t n = (offset - PLIC_CONTEXT) / PLIC_CONTEXT_STRIDE;

		if (n >= plic->nr_contexts)
			return 0;
		return read_context(plic, &plic->contexts[n], offset % PLIC_CONTEXT_STRIDE, whole);
	}
	if (offset >= PLIC_ENABLE) {
		uint64_t n = (offset - PLIC_ENABLE) / PLIC_ENABLE_STRIDE;

		if (n >= plic->nr_contexts)
			return 0;
		return plic->contexts[n].enable[offset % PLIC_ENABLE_STRIDE / 4];
	}
	if (offset >= PLIC_PENDING) {
		unsigned int word = (offset - PLIC_PENDING) / 4;

		return word < WORDS ? plic->pending[word] : 0;
	}
	return plic->priority[offset / 4];
}

static void write_register(struct plic *plic, uint64_t offset, uint32_t value)
{
	if (offset >= PLIC_CONTEXT) {
		uint64_t n = (offset - PLIC_CONTEXT) / PLIC_CONTEXT_STRIDE;

		if (n < plic->nr_contexts)
			write_context(plic, &plic->contexts[n], offset % PLIC_CONTEXT_STRIDE,
				      value);
	} else if (offset >= PLIC_ENABLE) {
		uint64_t n = (offset - PLIC_ENABLE) / PLIC_ENABLE_STRIDE;
		unsigned int word = offset % PLIC_ENABLE_STRIDE / 4;

		if (n < plic->nr_contexts) {
			plic->contexts[n].enable[word] = value & source_mask(plic, word);
			update_outputs(plic);
		}
	} else if (offset < PLIC_PENDING) {
		unsigned int source = offset / 4;

		if (source && source <= plic->nr_sources) {
			plic->priority[source] = value & plic->priority_mask;
			update_outputs(plic);
		}
	}
}

/* Aligned 8-byte accesses are taken as two words; the specification knows 32 bits only. */
static bool is_words(uint64_t offset, unsigned int size)
{
	return (size == 4 || size == 8) && offset % size == 0;
}

static uint64_t plic_read(void *dev, uint64_t offset, unsigned int size)
{
	struct plic *plic = dev;
	uint64_t value = 0;

	pthread_mutex_lock(&plic->lock);
	if (size != 4 || offset % 4)
		plic->odd_accesses++;
	if (is_words(offset, size)) {
		for (unsigned int i = 0; i < size; i += 4)
			value |= (uint64_t)read_register(plic, offset + i, true) << 8 * i;
	} else if (offset % size == 0) {
		value = read_register(plic, offset & ~UINT64_C(3), false) >> 8 * (offset & 3);
		value &= (UINT64_C(1) << 8 * size) - 1;
	}
	pthread_mutex_unlock(&plic->lock);
	return value;
}

static void plic_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct plic *plic = dev;

	pthread_mutex_lock(&plic->lock);
	if (size != 4 || offset % 4)
		plic->odd_accesses++;
	if (is_words(offset, size))
		for (unsigned int i = 0; i < size; i += 4)
			write_register(plic, offset + i, value >> 8 * i);
	pthread_mutex_unlock(&plic->lock);
}

const struct bus_ops plic_ops = {
	.read = plic_read,
	.write = plic_write,
	.sizes = BUS_SIZE_ANY,
};

void plic_set_irq(void *opaque, unsigned int source, bool level)
{
	struct plic *plic = opaque;
	bool rises;

	if (!source || source > plic->nr_sources)
		return;
	pthread_mutex_lock(&plic->lock);
	rises = level && !get_bit(plic->level, source);
	put_bit(plic->level, source, level);
	if (rises) {
		if (get_bit(plic->edge, source) && plic->edges[source] != UINT32_MAX)
			plic->edges[source]++;
		gateway_forward(plic, source);
		update_outputs(plic);
	}
	pthread_mutex_unlock(&plic->lock);
}

struct irq_line plic_input(struct plic *plic, unsigned int source)
{
	return (struct irq_line){.set = plic_set_irq, .ctx = plic, .n = source};
}

unsigned int plic_odd_accesses(struct plic *plic)
{
	unsigned int n;

	pthread_mutex_lock(&plic->lock);
	n = plic->odd_accesses;
	pthread_mutex_unlock(&plic->lock);
	return n;
}

static bool config_valid(const struct plic_config *config)
{
	return config->nr_sources >= 1 && config->nr_sources <= PLIC_MAX_SOURCES &&
	       config->nr_contexts >= 1 && config->nr_contexts <= PLIC_MAX_CONTEXTS &&
	       config->priority_bits >= 1 && config->priority_bits <= 32;
}

struct plic *plic_create(const struct plic_config *config)
{
	struct plic *plic;

	if (!config_valid(config)) {
		errno = EINVAL;
		return NULL;
	}
	plic = calloc(1, sizeof(*plic));
	if (!plic)
		return NULL;
	pthread_mutex_init(&plic->lock, NULL);
	plic->nr_sources = config->nr_sources;
	plic->nr_contexts = config->nr_contexts;
	plic->priority_mask = (uint32_t)((UINT64_C(1) << config->priority_bits) - 1);
	plic->outputs = calloc(config->nr_contexts, sizeof(*plic->outputs));
	plic->contexts = calloc(config->nr_contexts, sizeof(*plic->contexts));
	if (!plic->outputs || !plic->contexts) {
		plic_destroy(plic);
		errno = ENOMEM;
		return NULL;
	}
	memcpy(plic->outputs, config->outputs, config->nr_contexts * sizeof(*plic->outputs));
	if (config->edge)
		memcpy(plic->edge, config->edge,
		       (config->nr_sources / 32 + 1) * sizeof(plic->edge[0]));
	return plic;
}

void plic_destroy(struct plic *plic)
{
	if (!plic)
		return;
	pthread_mutex_destroy(&plic->lock);
	free(plic->outputs);
	free(plic->contexts);
	free(plic);
}

int plic_attach(struct plic *plic, struct bus *bus, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = PLIC_SIZE(plic->nr_contexts),
		.ops = &plic_ops,
		.dev = plic,
		.name = "plic",
	};

	return bus_add(bus, &range);
}
