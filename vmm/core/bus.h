/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus: address ranges and the devices behind them. One instance serves port
 * I/O (x86), one memory-mapped I/O. No knowledge of KVM or of an architecture.
 *
 * Threads: any vCPU thread may access while another thread adds or removes.
 * A device's callbacks run without a bus lock held, on the thread of the
 * access: a device guards its own state. bus_remove() does not wait for an
 * access in flight, so a device lives until its machine's vCPUs are stopped.
 */
#ifndef KVMBED_BUS_H
#define KVMBED_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <pthread.h>

/* Access sizes a device takes, as a mask of byte counts: 1 | 2 | 4 | 8. */
#define BUS_SIZE_ANY (1 | 2 | 4 | 8)

struct bus_ops {
	/*
	 * @offset is from the range's base, @size a size the device takes, and
	 * offset + size never passes the range's end. Values are in the low
	 * bits, as the guest's little-endian data says. NULL stands for a
	 * device that is never read, or never written: such an access is
	 * refused like one of a wrong size.
	 */
	uint64_t (*read)(void *dev, uint64_t offset, unsigned int size);
	void (*write)(void *dev, uint64_t offset, uint64_t value, unsigned int size);
	/*
	 * Sizes taken as they are. Another access is cut, from its lowest byte
	 * up, into the largest taken sizes that fit; if that does not come out
	 * even it is refused as a whole: reads give all ones, writes are
	 * dropped, both are logged as unclaimed. 0 stands for BUS_SIZE_ANY.
	 */
	unsigned int sizes;
};

struct bus_range {
	uint64_t base;
	uint64_t size; /* bytes, > 0; base + size must not pass 2^64 */
	const struct bus_ops *ops;
	void *dev;
	const char *name; /* for people; must outlive the range */
};

struct bus {
	const char *name;	 /* "mmio" or "port" */
	struct bus_table *table; /* bus.c's own */
	unsigned int seq;	 /* odd while the table changes */
	uint64_t id;		 /* no two buses of a process have the same */
	pthread_mutex_t lock;	 /* of bus_add() and bus_remove(); accesses take none */
	bool log_unclaimed;	 /* say each access that nothing answered; set before the first */
	unsigned int unclaimed;	 /* how many there were */
	unsigned int logged;	 /* how many were said */
};

void bus_init(struct bus *bus, const char *name);
void bus_destroy(struct bus *bus);

/* Copies @range. -EEXIST: overlaps a range (reported, both by name); -EINVAL: empty or wraps; -ENOMEM. */
int bus_add(struct bus *bus, const struct bus_range *range);
/* Takes away the range that begins at @base; -ENOENT if there is none. */
int bus_remove(struct bus *bus, uint64_t base);

/*
 * The guest's access of @size bytes (1 to 8) at @addr. What no device answers
 * reads as all ones; the result of a read is cut to @size bytes. An access
 * that crosses the edge of a range is given to each side in parts. True if
 * devices answered all of it.
 */
bool bus_read(struct bus *bus, uint64_t addr, unsigned int size, uint64_t *value);
bool bus_write(struct bus *bus, uint64_t addr, unsigned int size, uint64_t value);

/* Calls @fn for each range in order of address, used for listings; @fn must not change the bus. */
void bus_for_each(struct bus *bus, void (*fn)(const struct bus_range *range, void *ctx), void *ctx);

#endif
