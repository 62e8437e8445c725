/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform test device. Its specification is the register map in
 * testdev_regs.h, which guests include too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "testdev.h"

#define NR_WIDTHS 4 /* 1, 2, 4 and 8 bytes */

struct testdev {
	struct testdev_config config;
	pthread_mutex_t lock; /* guards what follows */

	uint32_t level; /* a bit for each raised line */
	uint32_t rings; /* writes of the doorbell */
	uint64_t rung;	/* the last one's value */

	uint64_t msi_addr;
	uint32_t msi_data;
	bool msi_taken;

	uint8_t scratch[8];
	uint32_t reads[NR_WIDTHS], writes[NR_WIDTHS];
	uint32_t last_offset, last_width;
	uint64_t last_value;
};

static uint32_t read_register(const struct testdev *dev, unsigned int offset)
{
	switch (offset) {
	case TESTDEV_ID:
		return TESTDEV_ID_VALUE;
	case TESTDEV_NR_IRQS:
		return dev->config.nr_irqs;
	case TESTDEV_LEVEL:
		return dev->level;
	case TESTDEV_DOORBELL:
		return dev->rings;
	case TESTDEV_RUNG:
		return dev->rung;
	case TESTDEV_RUNG + 4:
		return dev->rung >> 32;
	case TESTDEV_MSI_ADDR:
		return dev->msi_addr;
	case TESTDEV_MSI_ADDR + 4:
		return dev->msi_addr >> 32;
	case TESTDEV_MSI_DATA:
		return dev->msi_data;
	case TESTDEV_MSI_SEND:
		return dev->msi_taken;
	case TESTDEV_READS_1:
	case TESTDEV_READS_2:
	case TESTDEV_READS_4:
	case TESTDEV_READS_8:
		return dev->reads[(offset - TESTDEV_READS_1) / 4];
	case TESTDEV_WRITES_1:
	case TESTDEV_WRITES_2:
	case TESTDEV_WRITES_4:
	case TESTDEV_WRITES_8:
		return dev->writes[(offset - TESTDEV_WRITES_1) / 4];
	case TESTDEV_LAST_OFFSET:
		return dev->last_offset;
	case TESTDEV_LAST_WIDTH:
		return dev->last_width;
	case TESTDEV_LAST_VALUE:
		return dev->last_value;
	case TESTDEV_LAST_VALUE + 4:
		return dev->last_value >> 32;
	default:
		return 0;
	}
}

static void set_lines(struct testdev *dev, uint32_t mask, bool level)
{
	for (unsigned int i = 0; i < dev->config.nr_irqs; i++) {
		if (!(mask & 1u << i))
			continue;
		irq_set(&dev->config.irqs[i], level);
		dev->level = level ? dev->level | 1u << i : dev->level & ~(1u << i);
	}
}

static void send_message(struct testdev *dev, uint32_t devid)
{
	const struct msi_target *msi = &dev->config.msi;

	dev->msi_taken = msi->send && !msi->send(msi->ctx, dev->msi_addr, dev->msi_data, devid);
}

static void clear_records(struct testdev *dev)
{
	memset(dev->reads, 0, sizeof(dev->reads));
	memset(dev->writes, 0, sizeof(dev->writes));
	dev->last_offset = dev->last_width = 0;
	dev->last_value = 0;
	dev->rings = 0;
	dev->rung = 0;
}

static void write_register(struct testdev *dev, unsigned int offset, uint32_t value)
{
	switch (offset) {
	case TESTDEV_RAISE:
		set_lines(dev, value, true);
		break;
	case TESTDEV_LOWER:
		set_lines(dev, value, false);
		break;
	case TESTDEV_PULSE:
		set_lines(dev, value, true);
		set_lines(dev, value, false);
		break;
	case TESTDEV_MSI_ADDR:
		dev->msi_addr = (dev->msi_addr & ~UINT64_C(0xffffffff)) | value;
		break;
	case TESTDEV_MSI_ADDR + 4:
		dev->msi_addr = (uint32_t)dev->msi_addr | (uint64_t)value << 32;
		break;
	case TESTDEV_MSI_DATA:
		dev->msi_data = value;
		break;
	case TESTDEV_MSI_SEND:
		send_message(dev, value);
		break;
	case TESTDEV_CLEAR:
		clear_records(dev);
		break;
	}
}

/* Any bytes of the registers: an access may be narrower or wider than one, and lie across two. */
static uint64_t read_registers(const struct testdev *dev, unsigned int offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		unsigned int at = offset + i;
		uint8_t byte = read_register(dev, at & ~3u) >> 8 * (at & 3);

		/* An access that begins below the window may end in it; it is not noted. */
		if (at < TESTDEV_WINDOW)
			value |= (uint64_t)byte << 8 * i;
	}
	return value;
}

static void note(struct testdev *dev, unsigned int offset, uint64_t value, unsigned int size,
		 bool write)
{
	unsigned int width = __builtin_ctz(size);

	if (write)
		dev->writes[width]++;
	else
		dev->reads[width]++;
	dev->last_offset = offset;
	dev->last_width = size | (write ? TESTDEV_LAST_WRITE : 0);
	dev->last_value = value;
}

static uint64_t read_window(struct testdev *dev, unsigned int offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		unsigned int at = offset - TESTDEV_SCRATCH + i;

		if (at < sizeof(dev->scratch))
			value |= (uint64_t)dev->scratch[at] << 8 * i;
	}
	note(dev, offset, value, size, false);
	return value;
}

static void write_window(struct testdev *dev, unsigned int offset, uint64_t value,
			 unsigned int size)
{
	for (unsigned int i = 0; i < size; i++) {
		unsigned int at = offset - TESTDEV_SCRATCH + i;

		if (at < sizeof(dev->scratch))
			dev->scratch[at] = value >> 8 * i;
	}
	note(dev, offset, value, size, true);
}

static uint64_t testdev_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct testdev *dev = opaque;
	uint64_t value;

	pthread_mutex_lock(&dev->lock);
	if (offset >= TESTDEV_WINDOW)
		value = read_window(dev, offset, size);
	else
		value = read_registers(dev, offset, size);
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void testdev_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct testdev *dev = opaque;

	pthread_mutex_lock(&dev->lock);
	if (offset >= TESTDEV_WINDOW) {
		write_window(dev, offset, value, size);
	} else if (offset == TESTDEV_DOORBELL) {
		dev->rings++;
		dev->rung = value;
	} else if (size == 4) {
		write_register(dev, offset, value);
	}
	pthread_mutex_unlock(&dev->lock);
}

const struct bus_ops testdev_ops = {
	.read = testdev_read,
	.write = testdev_write,
	.sizes = BUS_SIZE_ANY,
};

struct testdev *testdev_create(const struct testdev_config *config)
{
	struct testdev *dev;

	if (config->nr_irqs > TESTDEV_MAX_IRQS) {
		errno = EINVAL;
		return NULL;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->config = *config;
	pthread_mutex_init(&dev->lock, NULL);
	return dev;
}

void testdev_destroy(struct testdev *dev)
{
	if (!dev)
		return;
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

int testdev_attach(struct testdev *dev, struct bus *bus, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = TESTDEV_SIZE,
		.ops = &testdev_ops,
		.dev = dev,
		.name = "test device",
	};

	return bus_add(bus, &range);
}
