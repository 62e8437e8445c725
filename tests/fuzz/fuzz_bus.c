/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus against the simplest bus there can be: a list that is looked through
 * byte by byte. Ranges come and go, accesses are of any place and width; what
 * is read, and which bytes reach which device, must be the same.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "bus.h"

#define MAX_RANGES 24
#define SPAN	   0x100u

struct model {
	struct bus bus;
	struct dev {
		struct model *model;
		struct bus_range range;
		bool there;
	} dev[MAX_RANGES];
	/* What is stored at each address, from @origin on; an access begins in the first SPAN of them. */
	uint8_t bytes[SPAN + 8];
	uint64_t origin;
};

/* A device is memory: its bytes are those of the addresses it has. */
static uint64_t dev_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct dev *d = arg;
	uint64_t value = 0;

	FUZZ_CHECK(d->there && offset < d->range.size && size <= d->range.size - offset);
	FUZZ_CHECK(!d->range.ops->sizes || d->range.ops->sizes & size);
	FUZZ_CHECK(size == 1 || size == 2 || size == 4 || size == 8);
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)d->model->bytes[d->range.base - d->model->origin + offset + i]
			 << (8 * i);
	return value;
}

static void dev_write(void *arg, uint64_t offset, uint64_t value, unsigned int size)
{
	struct dev *d = arg;

	FUZZ_CHECK(d->there && offset < d->range.size && size <= d->range.size - offset);
	FUZZ_CHECK(!d->range.ops->sizes || d->range.ops->sizes & size);
	FUZZ_CHECK(size == 8 || !(value >> (8 * size)));
	for (unsigned int i = 0; i < size; i++)
		d->model->bytes[d->range.base - d->model->origin + offset + i] =
			(uint8_t)(value >> (8 * i));
}

static const struct bus_ops ops[] = {
	{dev_read, dev_write, 0},     {dev_read, dev_write, 1}, {dev_read, dev_write, 4},
	{dev_read, dev_write, 2 | 8}, {dev_read, NULL, 0},	{NULL, dev_write, 1 | 4},
};

static struct dev *at(struct model *m, uint64_t addr)
{
	for (unsigned int i = 0; i < MAX_RANGES; i++) {
		struct dev *d = &m->dev[i];

		if (d->there && addr >= d->range.base && addr - d->range.base < d->range.size)
			return d;
	}
	return NULL;
}

/* Can @len bytes be made of the sizes, the biggest first? */
static bool even(unsigned int sizes, unsigned int len)
{
	for (unsigned int size = 8; size; size /= 2) {
		while ((!sizes || sizes & size) && size <= len)
			len -= size;
	}
	return !len;
}

static void add(struct model *m, struct fuzz_input *in)
{
	struct dev *d = &m->dev[fuzz_number(in, 1) % MAX_RANGES];
	struct bus_range range = {
		.base = m->origin + fuzz_number(in, 2) % sizeof(m->bytes),
		.size = fuzz_number(in, 1) % 20,
		.ops = &ops[fuzz_number(in, 1) % ARRAY_SIZE(ops)],
		.dev = d,
		.name = "d",
	};
	int want = 0;

	if (d->there) {
		FUZZ_CHECK(!bus_remove(&m->bus, d->range.base));
		d->there = false;
	}
	/* Nothing past the end of the model's bytes. */
	if (range.base - m->origin + range.size > sizeof(m->bytes))
		return;
	if (!range.size || range.base + (range.size - 1) < range.base)
		want = -EINVAL;
	for (uint64_t i = 0; !want && i < range.size; i++)
		want = at(m, range.base + i) ? -EEXIST : 0;
	FUZZ_CHECK(bus_add(&m->bus, &range) == want);
	if (!want) {
		d->range = range;
		d->there = true;
	}
}

static void access_both(struct model *m, struct fuzz_input *in, bool write)
{
	uint64_t addr = m->origin + fuzz_number(in, 1), value = 0, want = 0, got;
	unsigned int size = (unsigned int)fuzz_number(in, 1) % 8 + 1, part;
	uint8_t after[sizeof(m->bytes)];
	bool all = true, claimed;

	if (write)
		value = fuzz_number(in, size);
	memcpy(after, m->bytes, sizeof(after));
	for (unsigned int i = 0; i < size; i += part) {
		const struct dev *d = addr + i < addr ? NULL : at(m, addr + i);
		bool yes;

		for (part = 1;
		     i + part < size && addr + i + part > addr && at(m, addr + i + part) == d;
		     part++)
			;
		yes = d && even(d->range.ops->sizes, part) &&
		      (write ? !!d->range.ops->write : !!d->range.ops->read);
		all &= yes;
		for (unsigned int n = i; n < i + part; n++) {
			if (yes && write)
				after[addr - m->origin + n] = (uint8_t)(value >> (8 * n));
			want |= (yes ? (uint64_t)m->bytes[addr - m->origin + n] : 0xff) << (8 * n);
		}
	}
	if (write) {
		claimed = bus_write(&m->bus, addr, size, value);
		FUZZ_CHECK(!memcmp(after, m->bytes, sizeof(after)));
	} else {
		claimed = bus_read(&m->bus, addr, size, &got);
		FUZZ_CHECK(got == want);
	}
	FUZZ_CHECK(claimed == all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The last one has the end of the address space in it: what follows is address 0. */
	static const uint64_t origins[] = {0, 0x1000, 0xffffff00, 0 - (uint64_t)SPAN};
	struct fuzz_input in = {data, size};
	static struct model m;

	memset(&m, 0, sizeof(m));
	for (unsigned int i = 0; i < sizeof(m.bytes); i++)
		m.bytes[i] = (uint8_t)(i * 37);
	for (unsigned int i = 0; i < MAX_RANGES; i++)
		m.dev[i].model = &m;
	m.origin = origins[fuzz_number(&in, 1) % ARRAY_SIZE(origins)];
	bus_init(&m.bus, "mmio");
	while (in.left) {
		unsigned int op = (unsigned int)fuzz_number(&in, 1) % 4;

		if (op < 2)
			add(&m, &in);
		else
			access_both(&m, &in, op == 2);
	}
	bus_destroy(&m.bus);
	return 0;
}

void fuzz_seeds(void (*add_seed)(const void *data, size_t size))
{
	uint8_t s[1 + 40 * 6 + 60 * 11] = {0};
	size_t n = 1;

	for (unsigned int i = 0; i < 40; i++) {
		const uint8_t op[] = {0, (uint8_t)i, (uint8_t)(255 - i * 9), i == 0, 8, (uint8_t)i};

		memcpy(s + n, op, sizeof(op));
		n += sizeof(op);
	}
	for (unsigned int i = 0; i < 60; i++) {
		const uint8_t op[] = {2 + i % 2, (uint8_t)(i * 4), (uint8_t)i, 1, 2, 3, 4, 5, 6, 7,
				      8};
		size_t len = i % 2 ? 3 : 4 + i % 8;

		memcpy(s + n, op, len);
		n += len;
	}
	for (s[0] = 0; s[0] < 4; s[0]++)
		add_seed(s, n);
}
