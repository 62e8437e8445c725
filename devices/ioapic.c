/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APIC; specification: Intel 82093AA data sheet (290566-001), sections
 * below, and for the EOI register the I/O APIC of later chipsets (version
 * 0x20; Intel ICH2, 290687-002, section 8.6.5).
 *
 *   offset 0x00  IOREGSEL  index, bits 7-0                       (3.1.1)
 *   offset 0x10  IOWIN     the register that the index names     (3.1.2)
 *   offset 0x40  EOI       W: ends the vector in bits 7-0
 *
 *   index 0x00        IOAPICID   id in bits 27-24                (3.2.1)
 *   index 0x01        IOAPICVER  R: version, highest pin         (3.2.2)
 *   index 0x02        IOAPICARB  R: arbitration id, bits 27-24   (3.2.3)
 *   index 0x10 + 2n   IOREDTBL, pin n, bits 31-0                 (3.2.4)
 *   index 0x11 + 2n   IOREDTBL, pin n, bits 63-32
 *
 * Interrupts leave as messages and at once, so delivery status is always idle.
 * Registers are 32 bits wide; a narrower write is extended with zeros and a
 * narrower read cut, as KVM's own I/O APIC does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ioapic.h"

#define IOREGSEL 0x00
#define IOWIN	 0x10
#define EOI	 0x40

#define INDEX_ID    0x00
#define INDEX_VER   0x01
#define INDEX_ARB   0x02
#define INDEX_TABLE 0x10

#define VERSION	 0x20
#define ID_SHIFT 24
#define ID_MASK	 0x0f

/* 3.2.4 */
#define RTE_VECTOR	 UINT64_C(0xff)
#define RTE_MODE_SHIFT	 8
#define RTE_MODE	 (UINT64_C(7) << RTE_MODE_SHIFT)
#define RTE_DEST_LOGICAL (UINT64_C(1) << 11)
#define RTE_POLARITY	 (UINT64_C(1) << 13)
#define RTE_REMOTE_IRR	 (UINT64_C(1) << 14)
#define RTE_LEVEL	 (UINT64_C(1) << 15)
#define RTE_MASK	 (UINT64_C(1) << 16)
#define RTE_DEST_SHIFT	 56
#define RTE_DEST	 (UINT64_C(0xff) << RTE_DEST_SHIFT)
#define RTE_WRITABLE \
	(RTE_VECTOR | RTE_MODE | RTE_DEST_LOGICAL | RTE_POLARITY | RTE_LEVEL | RTE_MASK | RTE_DEST)

enum { MODE_FIXED, MODE_LOWEST, MODE_SMI, MODE_NMI = 4, MODE_INIT, MODE_EXTINT = 7 };

#define MODES_KNOWN                                                               \
	(1u << MODE_FIXED | 1u << MODE_LOWEST | 1u << MODE_SMI | 1u << MODE_NMI | \
	 1u << MODE_INIT | 1u << MODE_EXTINT)

/* Message format: Intel SDM volume 3, 11.11 (address, data). */
#define MSI_ADDRESS	 UINT64_C(0xfee00000)
#define MSI_DEST_SHIFT	 12
#define MSI_DEST_LOGICAL (UINT64_C(1) << 2)
#define MSI_ASSERT	 (1u << 14)
#define MSI_LEVEL	 (1u << 15)

struct ioapic {
	struct ioapic_config config;
	pthread_mutex_t lock; /* guards what follows; a table entry may be read without it */
	uint8_t index, id, arb;
	bool asserted[IOAPIC_PINS]; /* the inputs */
	_Atomic uint64_t table[IOAPIC_PINS];
};

static unsigned int mode(uint64_t rte)
{
	return (rte & RTE_MODE) >> RTE_MODE_SHIFT;
}

/*
 * 3.2.4, bits 10-8: the modes other than fixed and lowest priority are
 * edge-triggered whatever bit 15 says.
 */
static bool is_level(uint64_t rte)
{
	return (rte & RTE_LEVEL) && mode(rte) <= MODE_LOWEST;
}

static struct ioapic_route route(uint64_t rte)
{
	struct ioapic_route r = {
		.address = MSI_ADDRESS | (rte & RTE_DEST) >> RTE_DEST_SHIFT << MSI_DEST_SHIFT,
		.data = (rte & RTE_VECTOR) | (rte & RTE_MODE),
		.masked = (rte & RTE_MASK) || !(MODES_KNOWN >> mode(rte) & 1),
	};

	if (rte & RTE_DEST_LOGICAL)
		r.address |= MSI_DEST_LOGICAL;
	if (is_level(rte))
		r.data |= MSI_LEVEL | MSI_ASSERT;
	return r;
}

static bool send(struct ioapic *ioapic, const struct ioapic_route *r)
{
	const struct msi_target *msi = &ioapic->config.msi;

	return msi->send && msi->send(msi->ctx, r->address, r->data, 0) >= 0;
}

static void deliver_edge(struct ioapic *ioapic, unsigned int pin)
{
	const struct ioapic_route r = route(ioapic->table[pin]);

	/* 3.2.4, bit 16: an edge on a masked pin is neither delivered nor held. */
	if (!r.masked)
		send(ioapic, &r);
}

/*
 * Sends a level-triggered pin's interrupt if it is asserted, unmasked, and not
 * sent already: from here to the EOI, remote IRR (3.2.4, bit 14) says it is.
 */
static void deliver_level(struct ioapic *ioapic, unsigned int pin)
{
	const uint64_t rte = ioapic->table[pin];
	const struct ioapic_route r = route(rte);

	if (!ioapic->asserted[pin] || r.masked || (rte & RTE_REMOTE_IRR))
		return;
	if (send(ioapic, &r))
		ioapic->table[pin] = rte | RTE_REMOTE_IRR;
}

static void end_of_interrupt(struct ioapic *ioapic, uint8_t vector)
{
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		const uint64_t rte = ioapic->table[pin];

		if (!is_level(rte) || (rte & RTE_VECTOR) != vector)
			continue;
		ioapic->table[pin] = rte & ~RTE_REMOTE_IRR;
		deliver_level(ioapic, pin);
	}
}

static void write_entry(struct ioapic *ioapic, unsigned int pin, uint64_t value)
{
	const uint64_t old = ioapic->table[pin];
	uint64_t rte = (value & RTE_WRITABLE) | (old & RTE_REMOTE_IRR);

	/* Remote IRR is for level-triggered pins; Linux switches to edge and back to clear it. */
	if (!is_level(rte))
		rte &= ~RTE_REMOTE_IRR;
	ioapic->table[pin] = rte;

	/* The route comes first: KVM must know that it will have to report this vector's EOI. */
	if (((old ^ rte) & RTE_WRITABLE) && ioapic->config.route_changed)
		ioapic->config.route_changed(ioapic->config.ctx, pin);
	if (is_level(rte))
		deliver_level(ioapic, pin);
}

static uint32_t read_indexed(const struct ioapic *ioapic)
{
	unsigned int pin = (ioapic->index - INDEX_TABLE) / 2;

	switch (ioapic->index) {
	case INDEX_ID:
		return (uint32_t)ioapic->id << ID_SHIFT;
	case INDEX_VER:
		return (IOAPIC_PINS - 1) << 16 | VERSION;
	case INDEX_ARB:
		return (uint32_t)ioapic->arb << ID_SHIFT;
	}
	if (ioapic->index < INDEX_TABLE || pin >= IOAPIC_PINS)
		return 0;
	return ioapic->index & 1 ? ioapic->table[pin] >> 32 : ioapic->table[pin];
}

static void write_indexed(struct ioapic *ioapic, uint32_t value)
{
	unsigned int pin = (ioapic->index - INDEX_TABLE) / 2;
	uint64_t rte;

	if (ioapic->index == INDEX_ID) {
		/* 3.2.3: the arbitration id is loaded whenever the id is written. */
		ioapic->id = ioapic->arb = value >> ID_SHIFT & ID_MASK;
		return;
	}
	if (ioapic->index < INDEX_TABLE || pin >= IOAPIC_PINS)
		return;
	rte = ioapic->table[pin];
	if (ioapic->index & 1)
		rte = (uint32_t)rte | (uint64_t)value << 32;
	else
		rte = (rte & ~UINT64_C(0xffffffff)) | value;
	write_entry(ioapic, pin, rte);
}

static uint64_t ioapic_read(void *dev, uint64_t offset, unsigned int size)
{
	struct ioapic *ioapic = dev;
	uint32_t value = 0;

	pthread_mutex_lock(&ioapic->lock);
	if (offset == IOREGSEL)
		value = ioapic->index;
	else if (offset == IOWIN)
		value = read_indexed(ioapic);
	pthread_mutex_unlock(&ioapic->lock);
	return value;
}

static void ioapic_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct ioapic *ioapic = dev;

	pthread_mutex_lock(&ioapic->lock);
	switch (offset) {
	case IOREGSEL:
		ioapic->index = value;
		break;
	case IOWIN:
		write_indexed(ioapic, value);
		break;
	case EOI:
		end_of_interrupt(ioapic, value);
		break;
	}
	pthread_mutex_unlock(&ioapic->lock);
}

const struct bus_ops ioapic_ops = {
	.read = ioapic_read,
	.write = ioapic_write,
	.sizes = 1 | 2 | 4,
};

void ioapic_set_irq(void *opaque, unsigned int pin, bool level)
{
	struct ioapic *ioapic = opaque;
	bool rises;

	if (pin >= IOAPIC_PINS)
		return;
	pthread_mutex_lock(&ioapic->lock);
	rises = level && !ioapic->asserted[pin];
	ioapic->asserted[pin] = level;
	if (is_level(ioapic->table[pin]))
		deliver_level(ioapic, pin);
	else if (rises)
		deliver_edge(ioapic, pin);
	pthread_mutex_unlock(&ioapic->lock);
}

struct irq_line ioapic_input(struct ioapic *ioapic, unsigned int pin)
{
	return (struct irq_line){.set = ioapic_set_irq, .ctx = ioapic, .n = pin};
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
	pthread_mutex_lock(&ioapic->lock);
	end_of_interrupt(ioapic, vector);
	pthread_mutex_unlock(&ioapic->lock);
}

struct ioapic_route ioapic_route(struct ioapic *ioapic, unsigned int pin)
{
	/* Without the lock, which route_changed() is called with. */
	return route(pin < IOAPIC_PINS ? ioapic->table[pin] : RTE_MASK);
}

struct ioapic *ioapic_create(const struct ioapic_config *config)
{
	struct ioapic *ioapic;

	if (config->id > ID_MASK) {
		errno = EINVAL;
		return NULL;
	}
	ioapic = calloc(1, sizeof(*ioapic));
	if (!ioapic)
		return NULL;
	ioapic->config = *config;
	ioapic->id = config->id;
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->table[pin] = RTE_MASK;
	pthread_mutex_init(&ioapic->lock, NULL);
	return ioapic;
}

void ioapic_destroy(struct ioapic *ioapic)
{
	if (!ioapic)
		return;
	pthread_mutex_destroy(&ioapic->lock);
	free(ioapic);
}

int ioapic_attach(struct ioapic *ioapic, struct bus *bus, uint64_t base)
{
	const struct bus_range range = {
		.base = base,
		.size = IOAPIC_SIZE,
		.ops = &ioapic_ops,
		.dev = ioapic,
		.name = "ioapic",
	};

	return bus_add(bus, &range);
}
