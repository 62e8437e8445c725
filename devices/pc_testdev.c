/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kvm-unit-tests' x86 guests drive to test the hypervisor; specification:
 * the behaviour of QEMU's pc-testdev and the guests that use it.
 *
 *   port 0xe0, 4 bytes     a 32-bit latch, at any width and byte
 *   port 0xe4, 32 bits     W: the page with this address leaves the guest's
 *                          mapping and comes back, so the next access faults
 *   port 0xe8, 4 bytes     the same latch, one byte at a time
 *   port 0x2000 + n, byte  W: interrupt line n is raised (not 0) or lowered
 *   0xff000000, 64 KiB     memory that each access leaves the guest for
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "testdev.h"

struct pc_testdev {
	struct pc_testdev_config config;
	pthread_mutex_t lock; /* guards what follows, and the order of line changes */
	uint8_t latch[4];
	uint8_t *mem; /* mapped, so that it has pages only where the guest has been */
};

/* The bus keeps [offset, offset + size) inside the range. */
static uint64_t read_bytes(struct pc_testdev *dev, const uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	pthread_mutex_lock(&dev->lock);
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void write_bytes(struct pc_testdev *dev, uint8_t *at, uint64_t value, unsigned int size)
{
	pthread_mutex_lock(&dev->lock);
	for (unsigned int i = 0; i < size; i++)
		at[i] = value >> 8 * i;
	pthread_mutex_unlock(&dev->lock);
}

static uint64_t latch_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct pc_testdev *dev = opaque;

	return read_bytes(dev, &dev->latch[offset], size);
}

static void latch_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pc_testdev *dev = opaque;

	write_bytes(dev, &dev->latch[offset], value, size);
}

static uint64_t mem_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct pc_testdev *dev = opaque;

	return read_bytes(dev, &dev->mem[offset], size);
}

static void mem_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pc_testdev *dev = opaque;

	write_bytes(dev, &dev->mem[offset], value, size);
}

static uint64_t read_ones(void *opaque, uint64_t offset, unsigned int size)
{
	return UINT64_MAX;
}

static void flush_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pc_testdev *dev = opaque;

	if (dev->config.flush_page)
		dev->config.flush_page(dev->config.ctx, value & ~UINT64_C(0xfff));
}

static void irq_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pc_testdev *dev = opaque;

	pthread_mutex_lock(&dev->lock);
	irq_set(&dev->config.irqs[offset], value != 0);
	pthread_mutex_unlock(&dev->lock);
}

const struct bus_ops pc_testdev_latch_ops = {latch_read, latch_write, 1 | 2 | 4};
const struct bus_ops pc_testdev_bytes_ops = {latch_read, latch_write, 1};
const struct bus_ops pc_testdev_flush_ops = {read_ones, flush_write, 4};
const struct bus_ops pc_testdev_irq_ops = {read_ones, irq_write, 1};
const struct bus_ops pc_testdev_mem_ops = {mem_read, mem_write, BUS_SIZE_ANY};

struct pc_testdev *pc_testdev_create(const struct pc_testdev_config *config)
{
	struct pc_testdev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->mem = mmap(NULL, PC_TESTDEV_MEM_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dev->mem == MAP_FAILED) {
		free(dev);
		errno = ENOMEM;
		return NULL;
	}
	dev->config = *config;
	pthread_mutex_init(&dev->lock, NULL);
	return dev;
}

void pc_testdev_destroy(struct pc_testdev *dev)
{
	if (!dev)
		return;
	pthread_mutex_destroy(&dev->lock);
	munmap(dev->mem, PC_TESTDEV_MEM_SIZE);
	free(dev);
}

int pc_testdev_attach(struct pc_testdev *dev, struct bus *port, struct bus *mmio)
{
	const struct {
		struct bus *bus;
		struct bus_range range;
	} parts[] = {
		{port, {PC_TESTDEV_LATCH, 4, &pc_testdev_latch_ops, dev, "test latch"}},
		{port, {PC_TESTDEV_FLUSH, 4, &pc_testdev_flush_ops, dev, "test page flush"}},
		{port, {PC_TESTDEV_BYTES, 4, &pc_testdev_bytes_ops, dev, "test byte latch"}},
		{port,
		 {PC_TESTDEV_IRQ, PC_TESTDEV_IRQS, &pc_testdev_irq_ops, dev, "test irq lines"}},
		{mmio,
		 {PC_TESTDEV_MEM, PC_TESTDEV_MEM_SIZE, &pc_testdev_mem_ops, dev, "test memory"}},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !r; i++)
		r = bus_add(parts[i].bus, &parts[i].range);
	return r;
}
