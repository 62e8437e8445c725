/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus: a sorted table of ranges, searched without a lock.
 *
 * Every port or MMIO exit comes through here, so a reader takes no lock: it
 * searches the table and then looks at a sequence count, which is odd while a
 * writer is at work and different after one (the kernel calls this a seqcount).
 * What a reader saw meanwhile is thrown away. A table that is too small is
 * replaced by one of twice the size; the old one stays allocated until
 * bus_destroy(), because a reader may still be inside, and all old ones
 * together are never bigger than the present one.
 *
 * A guest mostly goes on with the device it spoke to last, so each thread keeps
 * the range that it found last, and what the count was then.
 */
#include "bus.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>

#include "hot.h"
#include "msg.h"

/* Lines that log_unclaimed prints; after that a guest's wild accesses are only counted. */
#define LOG_LIMIT 1000

struct bus_table {
	struct bus_table *older;
	unsigned int nr, room; /* nr <= room, whatever a racing reader sees */
	struct bus_range range[];
};

static __thread struct {
	uint64_t bus; /* its id; 0: nothing found yet */
	unsigned int seq;
	struct bus_range range;
	struct bus_ops ops; /* a copy: one page less to touch */
} latest;

static uint64_t ones(unsigned int size)
{
	return size >= 8 ? UINT64_MAX : (1ULL << (size * 8)) - 1;
}

void bus_init(struct bus *bus, const char *name)
{
	static uint64_t buses;

	*bus = (struct bus){
		.name = name,
		.id = __atomic_add_fetch(&buses, 1, __ATOMIC_RELAXED),
	};
	pthread_mutex_init(&bus->lock, NULL);
}

void bus_destroy(struct bus *bus)
{
	struct bus_table *t = bus->table;

	while (t) {
		struct bus_table *older = t->older;

		free(t);
		t = older;
	}
	pthread_mutex_destroy(&bus->lock);
	bus->table = NULL;
}

/* Fields are stored and loaded one by one, as atomics: a reader may see a half-written row, which the count then tells. */
#define COPY_FIELD(dst, src, field)                                                       \
	__atomic_store_n(&(dst)->field, __atomic_load_n(&(src)->field, __ATOMIC_RELAXED), \
			 __ATOMIC_RELAXED)

static void copy_range(struct bus_range *dst, const struct bus_range *src)
{
	COPY_FIELD(dst, src, base);
	COPY_FIELD(dst, src, size);
	COPY_FIELD(dst, src, ops);
	COPY_FIELD(dst, src, dev);
	COPY_FIELD(dst, src, name);
}

/* The number of ranges whose base is not above @addr. */
static unsigned int count_upto(const struct bus_table *t, uint64_t addr)
{
	unsigned int lo = 0, hi = __atomic_load_n(&t->nr, __ATOMIC_RELAXED);

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (__atomic_load_n(&t->range[mid].base, __ATOMIC_RELAXED) <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * Copies the range that holds @addr and returns true; otherwise returns false,
 * and *@next is the base of the next range above @addr (0 if there is none).
 */
static bool find(struct bus *bus, uint64_t addr, struct bus_range *range, uint64_t *next)
{
	unsigned int seq, spins = 0;
	bool found;

	do {
		const struct bus_table *t;
		unsigned int n;

		while ((seq = __atomic_load_n(&bus->seq, __ATOMIC_ACQUIRE)) & 1) {
			/* The writer may have lost its CPU to us. */
			if (++spins % 64 == 0)
				sched_yield();
		}
		t = __atomic_load_n(&bus->table, __ATOMIC_ACQUIRE);
		found = false;
		*next = 0;
		if (t) {
			n = count_upto(t, addr);
			if (n) {
				copy_range(range, &t->range[n - 1]);
				found = addr - range->base < range->size;
			}
			if (!found && n < __atomic_load_n(&t->nr, __ATOMIC_RELAXED))
				*next = __atomic_load_n(&t->range[n].base, __ATOMIC_RELAXED);
		}
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&bus->seq, __ATOMIC_RELAXED) != seq);
	if (found) {
		latest.bus = bus->id;
		latest.seq = seq;
		latest.range = *range;
		latest.ops = *range->ops;
	}
	return found;
}

/*
 * The range of this thread's last access, if it holds all of this one, is
 * unchanged and takes accesses of this size as they are; otherwise NULL.
 */
static const struct bus_range *same_again(const struct bus *bus, uint64_t addr, unsigned int size)
{
	uint64_t offset = addr - latest.range.base;

	if (latest.bus != bus->id || __atomic_load_n(&bus->seq, __ATOMIC_ACQUIRE) != latest.seq)
		return NULL;
	if (offset >= latest.range.size || size > latest.range.size - offset)
		return NULL;
	if ((size & (size - 1)) || !((latest.ops.sizes ?: BUS_SIZE_ANY) & size))
		return NULL;
	return &latest.range;
}

static void change_begin(struct bus *bus)
{
	__atomic_store_n(&bus->seq, bus->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct bus *bus)
{
	__atomic_store_n(&bus->seq, bus->seq + 1, __ATOMIC_RELEASE);
}

/* A table with room for one more; nothing that a reader sees has changed but the place. */
static int make_room(struct bus *bus)
{
	struct bus_table *t = bus->table, *bigger;
	unsigned int room = t ? 2 * t->room : 16;

	if (t && t->nr < t->room)
		return 0;
	bigger = malloc(sizeof(*bigger) + room * sizeof(bigger->range[0]));
	if (!bigger)
		return -ENOMEM;
	bigger->older = t;
	bigger->room = room;
	bigger->nr = t ? t->nr : 0;
	for (unsigned int i = 0; i < bigger->nr; i++)
		bigger->range[i] = t->range[i];
	__atomic_store_n(&bus->table, bigger, __ATOMIC_RELEASE);
	return 0;
}

static int refuse_overlap(const struct bus *bus, const struct bus_range *range,
			  const struct bus_range *other)
{
	msg_error("%s: %s at 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s at 0x%" PRIx64 "-0x%" PRIx64,
		  bus->name, range->name, range->base, range->base + (range->size - 1), other->name,
		  other->base, other->base + (other->size - 1));
	return -EEXIST;
}

static int add_locked(struct bus *bus, const struct bus_range *range)
{
	struct bus_table *t;
	unsigned int at;
	int r = make_room(bus);

	if (r)
		return r;
	t = bus->table;
	at = count_upto(t, range->base);
	if (at && range->base - t->range[at - 1].base < t->range[at - 1].size)
		return refuse_overlap(bus, range, &t->range[at - 1]);
	if (at < t->nr && t->range[at].base - range->base < range->size)
		return refuse_overlap(bus, range, &t->range[at]);
	change_begin(bus);
	for (unsigned int i = t->nr; i > at; i--)
		copy_range(&t->range[i], &t->range[i - 1]);
	copy_range(&t->range[at], range);
	__atomic_store_n(&t->nr, t->nr + 1, __ATOMIC_RELAXED);
	change_end(bus);
	return 0;
}

int bus_add(struct bus *bus, const struct bus_range *range)
{
	int r;

	if (!range->size || range->base + (range->size - 1) < range->base)
		return -EINVAL;
	pthread_mutex_lock(&bus->lock);
	r = add_locked(bus, range);
	pthread_mutex_unlock(&bus->lock);
	return r;
}

int bus_remove(struct bus *bus, uint64_t base)
{
	struct bus_table *t;
	unsigned int n;
	int r = -ENOENT;

	pthread_mutex_lock(&bus->lock);
	t = bus->table;
	n = t ? count_upto(t, base) : 0;
	if (n && t->range[n - 1].base == base) {
		change_begin(bus);
		for (unsigned int i = n; i < t->nr; i++)
			copy_range(&t->range[i - 1], &t->range[i]);
		__atomic_store_n(&t->nr, t->nr - 1, __ATOMIC_RELAXED);
		change_end(bus);
		r = 0;
	}
	pthread_mutex_unlock(&bus->lock);
	return r;
}

/* The piece in which @left bytes are given to a device that takes @sizes; 0 if it takes none that small. */
static unsigned int piece_size(unsigned int sizes, unsigned int left)
{
	for (unsigned int size = 8; size; size /= 2) {
		if (size <= left && (sizes & size))
			return size;
	}
	return 0;
}

/* Whether @len bytes can be given to the device in sizes that it takes, so that nothing is half done. */
static bool takes(unsigned int sizes, unsigned int len)
{
	while (len) {
		unsigned int piece = piece_size(sizes, len);

		if (!piece)
			return false;
		len -= piece;
	}
	return true;
}

/* A part of an access that lies inside one range. False if the device refuses it. */
static bool access_range(const struct bus_range *range, uint64_t addr, unsigned int len, bool write,
			 uint64_t *value)
{
	const struct bus_ops *ops = range->ops;
	unsigned int sizes = ops->sizes ? ops->sizes : BUS_SIZE_ANY, piece;
	uint64_t offset = addr - range->base, out = 0;

	if (!(write ? (void *)ops->write : (void *)ops->read) || !takes(sizes, len)) {
		*value = ones(len);
		return false;
	}
	for (unsigned int done = 0; done < len; done += piece) {
		piece = piece_size(sizes, len - done);
		if (write)
			ops->write(range->dev, offset + done, (*value >> (8 * done)) & ones(piece),
				   piece);
		else
			out |= (ops->read(range->dev, offset + done, piece) & ones(piece))
			       << (8 * done);
	}
	if (!write)
		*value = out;
	return true;
}

static void note_unclaimed(struct bus *bus, uint64_t addr, unsigned int size, bool write,
			   uint64_t value)
{
	bool last;

	__atomic_fetch_add(&bus->unclaimed, 1, __ATOMIC_RELAXED);
	if (!bus->log_unclaimed)
		return;
	if (msg_ratelimit(&bus->logged, LOG_LIMIT, &last)) {
		if (write)
			msg_warn("%s: no device took a write of %u bytes, 0x%" PRIx64
				 ", at 0x%" PRIx64,
				 bus->name, size, value, addr);
		else
			msg_warn("%s: no device answered a read of %u bytes at 0x%" PRIx64,
				 bus->name, size, addr);
	} else if (last) {
		msg_warn("%s: more than %d unclaimed accesses; the rest are not shown", bus->name,
			 LOG_LIMIT);
	}
}

static bool access_bus(struct bus *bus, uint64_t addr, unsigned int size, bool write,
		       uint64_t *value)
{
	uint64_t in = write ? *value & ones(size) : 0, out = 0;
	bool claimed = true;

	/* Nearly always one turn; more when the access crosses the edge of a range. */
	for (unsigned int done = 0, len; done < size; done += len) {
		struct bus_range range;
		uint64_t at = addr + done, edge, part = in >> (8 * done);
		bool found;

		len = size - done;
		/* An access does not wrap round to address 0. */
		found = at >= addr && find(bus, at, &range, &edge);
		if (found) {
			if (range.size - (at - range.base) < len)
				len = range.size - (at - range.base);
			if (!access_range(&range, at, len, write, &part))
				claimed = false;
		} else {
			if (at >= addr && edge && edge - at < len)
				len = edge - at;
			part = ones(len);
			claimed = false;
		}
		out |= (part & ones(len)) << (8 * done);
	}
	if (!claimed)
		note_unclaimed(bus, addr, size, write, in);
	if (!write)
		*value = out;
	return claimed;
}

HOT bool bus_read(struct bus *bus, uint64_t addr, unsigned int size, uint64_t *value)
{
	const struct bus_range *range = same_again(bus, addr, size);

	if (range && latest.ops.read) {
		*value = latest.ops.read(range->dev, addr - range->base, size) & ones(size);
		return true;
	}
	*value = UINT64_MAX;
	if (!size || size > 8)
		return false;
	return access_bus(bus, addr, size, false, value);
}

HOT bool bus_write(struct bus *bus, uint64_t addr, unsigned int size, uint64_t value)
{
	const struct bus_range *range = same_again(bus, addr, size);

	if (range && latest.ops.write) {
		latest.ops.write(range->dev, addr - range->base, value & ones(size), size);
		return true;
	}
	if (!size || size > 8)
		return false;
	return access_bus(bus, addr, size, true, &value);
}

void bus_for_each(struct bus *bus, void (*fn)(const struct bus_range *range, void *ctx), void *ctx)
{
	pthread_mutex_lock(&bus->lock);
	for (unsigned int i = 0; bus->table && i < bus->table->nr; i++)
		fn(&bus->table->range[i], ctx);
	pthread_mutex_unlock(&bus->lock);
}
