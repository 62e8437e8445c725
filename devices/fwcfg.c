/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware configuration device; specification: QEMU docs/specs/fw_cfg, its
 * port I/O form, without DMA.
 *
 *   offset 0  W, 16 bits  selector: chooses an item and begins at its start
 *   offset 1  R, 8 bits   data: the item's next byte; zero after its end, and
 *                         for an item that does not exist
 *
 * Writing to items has been withdrawn from the specification: bit 14 of the
 * selector is ignored, and so is a write to the data port.
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fwcfg.h"

enum { SELECTOR, DATA };

#define SELECTOR_WRITE 0x4000
#define ID_TRADITIONAL 0x1

struct item {
	uint16_t key;
	uint8_t *data; /* owned */
	size_t size;
};

struct fwcfg {
	pthread_mutex_t lock; /* guards what follows */
	struct item *items;   /* in the order in which they were added */
	size_t nr_items;
	uint16_t selected;
	size_t position; /* in the selected item */
};

static struct item *find(const struct fwcfg *fwcfg, uint16_t key)
{
	for (size_t i = 0; i < fwcfg->nr_items; i++)
		if (fwcfg->items[i].key == key)
			return &fwcfg->items[i];
	return NULL;
}

static uint8_t next_byte(struct fwcfg *fwcfg)
{
	const struct item *item = find(fwcfg, fwcfg->selected);

	return item && fwcfg->position < item->size ? item->data[fwcfg->position++] : 0;
}

static uint64_t fwcfg_read(void *dev, uint64_t offset, unsigned int size)
{
	struct fwcfg *fwcfg = dev;
	uint8_t value;

	if (offset != DATA)
		return UINT64_MAX;
	pthread_mutex_lock(&fwcfg->lock);
	value = next_byte(fwcfg);
	pthread_mutex_unlock(&fwcfg->lock);
	return value;
}

static void fwcfg_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct fwcfg *fwcfg = dev;

	if (offset != SELECTOR || size != 2)
		return;
	pthread_mutex_lock(&fwcfg->lock);
	fwcfg->selected = value & ~SELECTOR_WRITE;
	fwcfg->position = 0;
	pthread_mutex_unlock(&fwcfg->lock);
}

const struct bus_ops fwcfg_ops = {
	.read = fwcfg_read,
	.write = fwcfg_write,
	.sizes = 1 | 2,
};

int fwcfg_add(struct fwcfg *fwcfg, uint16_t key, const void *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct item *item, *items;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, size);

	pthread_mutex_lock(&fwcfg->lock);
	item = find(fwcfg, key);
	if (!item) {
		items = reallocarray(fwcfg->items, fwcfg->nr_items + 1, sizeof(*items));
		if (!items) {
			r = -ENOMEM;
			goto out;
		}
		fwcfg->items = items;
		item = &items[fwcfg->nr_items++];
		*item = (struct item){.key = key};
	}
	free(item->data);
	item->data = copy;
	item->size = size;
	copy = NULL;
out:
	pthread_mutex_unlock(&fwcfg->lock);
	free(copy);
	return r;
}

struct fwcfg *fwcfg_create(const struct fwcfg_config *config)
{
	const uint32_t id = htole32(ID_TRADITIONAL);
	const uint64_t ram_size = htole64(config->ram_size);
	const uint16_t nr_cpus = htole16(config->nr_cpus), max_cpus = htole16(config->max_cpus);
	const uint32_t nr_files = htobe32(0);
	const struct {
		uint16_t key;
		const void *data;
		size_t size;
	} items[] = {
		{FWCFG_SIGNATURE, "QEMU", 4},
		{FWCFG_ID, &id, sizeof(id)},
		{FWCFG_RAM_SIZE, &ram_size, sizeof(ram_size)},
		{FWCFG_NB_CPUS, &nr_cpus, sizeof(nr_cpus)},
		{FWCFG_MAX_CPUS, &max_cpus, sizeof(max_cpus)},
		{FWCFG_FILE_DIR, &nr_files, sizeof(nr_files)},
	};
	struct fwcfg *fwcfg = calloc(1, sizeof(*fwcfg));

	if (!fwcfg)
		return NULL;
	pthread_mutex_init(&fwcfg->lock, NULL);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (fwcfg_add(fwcfg, items[i].key, items[i].data, items[i].size)) {
			fwcfg_destroy(fwcfg);
			errno = ENOMEM;
			return NULL;
		}
	}
	return fwcfg;
}

void fwcfg_destroy(struct fwcfg *fwcfg)
{
	if (!fwcfg)
		return;
	for (size_t i = 0; i < fwcfg->nr_items; i++)
		free(fwcfg->items[i].data);
	free(fwcfg->items);
	pthread_mutex_destroy(&fwcfg->lock);
	free(fwcfg);
}

int fwcfg_attach(struct fwcfg *fwcfg, struct bus *port, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = FWCFG_SIZE,
		.ops = &fwcfg_ops,
		.dev = fwcfg,
		.name = "fw_cfg",
	};

	return bus_add(port, &range);
}
