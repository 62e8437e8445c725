/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory: host mappings at guest physical addresses; see mem.h. */
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg.h"

#define THP_DIR "/sys/kernel/mm/transparent_hugepage/"

/* A mapping in the making: what mem_add() was asked for, and what mmap() is to be given. */
struct request {
	const struct mem_backing *backing;
	struct mem_range *range;
	uint64_t align; /* gpa and hva are equal modulo this, so that big pages can serve both */
};

void mem_init(struct mem *mem)
{
	*mem = (struct mem){0};
}

static void unmap(struct mem_range *range)
{
	munmap(range->map, range->map_size);
	if (range->fd >= 0)
		close(range->fd);
}

void mem_destroy(struct mem *mem)
{
	for (unsigned int i = 0; i < mem->nr; i++)
		unmap(&mem->ranges[i]);
	free(mem->ranges);
	mem_init(mem);
}

int mem_backing_parse(const char *text, struct mem_backing *backing)
{
	static const struct {
		const char *name;
		enum mem_backing_kind kind;
	} kinds[] = {
		{"anon", MEM_ANON},
		{"thp", MEM_THP},
		{"hugetlb", MEM_HUGETLB},
		{"memfd", MEM_MEMFD},
	};

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(text, kinds[i].name)) {
			*backing = (struct mem_backing){.kind = kinds[i].kind};
			return 0;
		}
	}
	if (!strncmp(text, "file:", 5) && text[5]) {
		*backing = (struct mem_backing){.kind = MEM_FILE, .path = text + 5};
		return 0;
	}
	return -EINVAL;
}

/* The number behind @key in /proc/meminfo; 0 if it is not there. */
static uint64_t meminfo(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t value = 0;
	char line[128];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':') {
			value = strtoull(line + strlen(key) + 1, NULL, 10);
			break;
		}
	}
	fclose(f);
	return value;
}

/* The size of a transparent huge page, which is that of a PMD: 2 MiB with 4 KiB pages, 32 or 512 MiB on some arm64. */
static uint64_t thp_size(void)
{
	FILE *f = fopen(THP_DIR "hpage_pmd_size", "re");
	char line[32] = "";
	uint64_t size = 0;

	if (f) {
		if (fgets(line, sizeof(line), f))
			size = strtoull(line, NULL, 10);
		fclose(f);
	}
	return size;
}

static bool thp_is_off(void)
{
	FILE *f = fopen(THP_DIR "enabled", "re");
	char line[64] = "";
	bool off = true;

	if (f) {
		off = !fgets(line, sizeof(line), f) || strstr(line, "[never]");
		fclose(f);
	}
	return off;
}

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* Reports why the host gave no memory; returns -@err. */
static int no_memory(const struct mem_range *range, const char *tried, int err)
{
	msg_error("cannot map %" PRIu64 " KiB for guest memory \"%s\" at gpa 0x%" PRIx64 ": %s: %s",
		  range->size >> 10, range->name, range->gpa, tried, strerror(err));
	return -err;
}

/* Maps with hva = gpa modulo the alignment. The guest's part is range->hva; the whole is range->map. */
static int map_aligned(struct request *rq, int flags, int fd, uint64_t fd_offset)
{
	struct mem_range *range = rq->range;
	uint64_t size = range->size + rq->align;
	uint64_t skip;
	uint8_t *p;

	if (rq->align <= (uint64_t)sysconf(_SC_PAGESIZE)) {
		p = mmap(NULL, range->size, PROT_READ | PROT_WRITE, flags, fd, (off_t)fd_offset);
		if (p == MAP_FAILED)
			return no_memory(range, "mmap()", errno);
		range->map = range->hva = p;
		range->map_size = range->size;
		return 0;
	}
	if (size < range->size)
		return no_memory(range, "mmap()", ENOMEM);
	/* Reserve enough to find the alignment in, keep the pages that are wanted, give back the rest. */
	p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return no_memory(range, "mmap()", errno);
	skip = (range->gpa - (uintptr_t)p) & (rq->align - 1);
	if (skip)
		munmap(p, skip);
	if (size - skip > range->size)
		munmap(p + skip + range->size, size - skip - range->size);
	range->map = p + skip;
	range->map_size = range->size;
	range->hva = range->map;
	if (mmap(range->map, range->size, PROT_READ | PROT_WRITE, MAP_FIXED | flags, fd,
		 (off_t)fd_offset) == MAP_FAILED) {
		int err = errno;

		munmap(range->map, range->size);
		return no_memory(range, "mmap()", err);
	}
	return 0;
}

/*
 * Not reserved in advance: a guest with more RAM than the host has can run as
 * long as it touches little of it, as people expect of a VMM.
 */
static int map_anon(struct request *rq)
{
	return map_aligned(rq, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static int map_thp(struct request *rq)
{
	uint64_t pmd = thp_size();
	int r;

	if (!pmd || thp_is_off()) {
		msg_error("this host gives no transparent huge pages: echo madvise > " THP_DIR
			  "enabled, or use another --mem-backing");
		return -EOPNOTSUPP;
	}
	rq->align = pmd;
	r = map_anon(rq);
	if (r)
		return r;
	if (madvise(rq->range->map, rq->range->map_size, MADV_HUGEPAGE)) {
		r = no_memory(rq->range, "madvise(MADV_HUGEPAGE)", errno);
		munmap(rq->range->map, rq->range->map_size);
	}
	return r;
}

static int no_huge_pages(const struct mem_range *range, uint64_t huge, int err)
{
	uint64_t need = range->map_size / huge, total = meminfo("HugePages_Total");
	uint64_t idle = meminfo("HugePages_Free"), reserved = meminfo("HugePages_Rsvd");

	idle -= reserved < idle ? reserved : idle;
	if (err != ENOMEM || idle >= need)
		return no_memory(range, "mmap(MAP_HUGETLB)", err);
	msg_error("guest memory \"%s\" needs %" PRIu64 " huge pages of %" PRIu64
		  " KiB, the host has %" PRIu64 " free: echo %" PRIu64
		  " > /proc/sys/vm/nr_hugepages",
		  range->name, need, huge >> 10, idle, total - idle + need);
	return -err;
}

/* Whole huge pages round the guest's part; they are reserved now, so that a later access cannot fail. */
static int map_hugetlb(struct request *rq)
{
	struct mem_range *range = rq->range;
	uint64_t huge = meminfo("Hugepagesize") << 10, lead;
	void *p;

	if (!huge) {
		msg_error("this host has no huge pages (hugetlbfs): use another --mem-backing");
		return -EOPNOTSUPP;
	}
	lead = range->gpa & (huge - 1);
	if (range->size > UINT64_MAX - 2 * huge)
		return no_memory(range, "mmap(MAP_HUGETLB)", ENOMEM);
	range->map_size = round_up(lead + range->size, huge);
	p = mmap(NULL, range->map_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		return no_huge_pages(range, huge, errno);
	range->map = p;
	range->hva = range->map + lead;
	return 0;
}

static int map_memfd(struct request *rq)
{
	struct mem_range *range = rq->range;
	int r;

	range->fd = memfd_create(range->name, MFD_CLOEXEC);
	if (range->fd < 0)
		return no_memory(range, "memfd_create()", errno);
	if (ftruncate(range->fd, (off_t)range->size)) {
		r = no_memory(range, "ftruncate()", errno);
	} else {
		r = map_aligned(rq, MAP_SHARED, range->fd, 0);
		if (!r)
			return 0;
	}
	close(range->fd);
	return r;
}

/* Where in a file the next range goes: behind those that are in it already. */
static uint64_t file_end(const struct mem *mem, const struct stat *st)
{
	uint64_t end = 0;

	for (unsigned int i = 0; i < mem->nr; i++) {
		const struct mem_range *range = &mem->ranges[i];
		struct stat other;

		if (range->fd < 0 || fstat(range->fd, &other) || other.st_dev != st->st_dev ||
		    other.st_ino != st->st_ino)
			continue;
		if (range->file_offset + range->size > end)
			end = range->file_offset + range->size;
	}
	return end;
}

static int bad_file(const struct request *rq, const char *tried, int err)
{
	msg_error("cannot use %s as guest memory: %s: %s", rq->backing->path, tried, strerror(err));
	return -err;
}

static int map_open_file(const struct mem *mem, struct request *rq)
{
	struct mem_range *range = rq->range;
	struct stat st;

	if (fstat(range->fd, &st))
		return bad_file(rq, "fstat()", errno);
	if (!S_ISREG(st.st_mode)) {
		msg_error("cannot use %s as guest memory: it is not a regular file",
			  rq->backing->path);
		return -EINVAL;
	}
	range->file_offset = file_end(mem, &st);
	if (range->file_offset + range->size > INT64_MAX)
		return bad_file(rq, "its size", EFBIG);
	/*
	 * Blocks are allocated now where the file system can: a full disk must
	 * be an error here and not a SIGBUS when the guest stores.
	 */
	if (fallocate(range->fd, 0, (off_t)range->file_offset, (off_t)range->size)) {
		if (errno != EOPNOTSUPP)
			return bad_file(rq, "fallocate()", errno);
		if ((uint64_t)st.st_size < range->file_offset + range->size &&
		    ftruncate(range->fd, (off_t)(range->file_offset + range->size)))
			return bad_file(rq, "ftruncate()", errno);
	}
	return map_aligned(rq, MAP_SHARED, range->fd, range->file_offset);
}

static int map_file(const struct mem *mem, struct request *rq)
{
	int r;

	rq->range->fd = open(rq->backing->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (rq->range->fd < 0)
		return bad_file(rq, "open()", errno);
	r = map_open_file(mem, rq);
	if (r)
		close(rq->range->fd);
	return r;
}

static int map(const struct mem *mem, struct request *rq)
{
	switch (rq->backing->kind) {
	case MEM_ANON:
		return map_anon(rq);
	case MEM_THP:
		return map_thp(rq);
	case MEM_HUGETLB:
		return map_hugetlb(rq);
	case MEM_MEMFD:
		return map_memfd(rq);
	case MEM_FILE:
		return map_file(mem, rq);
	}
	return -EINVAL;
}

/* The number of ranges whose gpa is not above @gpa. */
static unsigned int count_upto(const struct mem *mem, uint64_t gpa)
{
	unsigned int lo = 0, hi = mem->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (mem->ranges[mid].gpa <= gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The lowest number that no range has: KVM's are limited, and a guest may cause memory to come and go. */
static uint32_t free_slot(const struct mem *mem)
{
	for (uint32_t slot = 0;; slot++) {
		unsigned int i = 0;

		while (i < mem->nr && mem->ranges[i].slot != slot)
			i++;
		if (i == mem->nr)
			return slot;
	}
}

int mem_add(struct mem *mem, uint64_t gpa, uint64_t size, const struct mem_backing *backing,
	    unsigned int flags, const char *name, struct mem_range **out)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct mem_range range =
				 {
					 .gpa = gpa,
					 .size = size,
					 .flags = flags,
					 .slot = free_slot(mem),
					 .fd = -1,
					 .host_chooses = backing->kind == MEM_ANON,
					 .name = name,
				 },
			 *ranges;
	struct request rq = {.backing = backing, .range = &range, .align = page};
	unsigned int at = count_upto(mem, gpa);
	const struct mem_range *other = NULL;
	int r;

	if ((gpa | size) & (page - 1) || gpa + size <= gpa) {
		msg_error("guest memory \"%s\": gpa 0x%" PRIx64 ", size 0x%" PRIx64
			  " is empty, wraps or is not in whole pages of %" PRIu64 " bytes",
			  name, gpa, size, page);
		return -EINVAL;
	}
	if (at && gpa - mem->ranges[at - 1].gpa < mem->ranges[at - 1].size)
		other = &mem->ranges[at - 1];
	else if (at < mem->nr && mem->ranges[at].gpa - gpa < size)
		other = &mem->ranges[at];
	if (other) {
		msg_error("guest memory \"%s\": gpa 0x%" PRIx64 ", size 0x%" PRIx64
			  " overlaps \"%s\" at 0x%" PRIx64,
			  name, gpa, size, other->name, other->gpa);
		return -EEXIST;
	}
	ranges = realloc(mem->ranges, (mem->nr + 1) * sizeof(*ranges));
	if (!ranges)
		return no_memory(&range, "realloc()", ENOMEM);
	mem->ranges = ranges;
	r = map(mem, &rq);
	if (r)
		return r;
	memmove(&ranges[at + 1], &ranges[at], (mem->nr - at) * sizeof(*ranges));
	ranges[at] = range;
	mem->nr++;
	if (out)
		*out = &ranges[at];
	return 0;
}

int mem_remove(struct mem *mem, uint64_t gpa)
{
	struct mem_range *range = mem_find(mem, gpa);

	if (!range || range->gpa != gpa)
		return -ENOENT;
	unmap(range);
	mem->nr--;
	memmove(range, range + 1, (size_t)(mem->ranges + mem->nr - range) * sizeof(*range));
	return 0;
}

struct mem_range *mem_find(const struct mem *mem, uint64_t gpa)
{
	unsigned int n = count_upto(mem, gpa);
	struct mem_range *range = n ? &mem->ranges[n - 1] : NULL;

	return range && gpa - range->gpa < range->size ? range : NULL;
}

void *mem_ptr(const struct mem *mem, uint64_t gpa, uint64_t len)
{
	struct mem_range *range = mem_find(mem, gpa);

	if (!range || len > range->size - (gpa - range->gpa))
		return NULL;
	return range->hva + (gpa - range->gpa);
}

/* The longest piece of [gpa, gpa + len) from @gpa on that lies in one range; NULL if @gpa is not memory. */
static uint8_t *piece(const struct mem *mem, uint64_t gpa, uint64_t len, uint64_t *got)
{
	struct mem_range *range = mem_find(mem, gpa);
	uint64_t offset;

	if (!range)
		return NULL;
	offset = gpa - range->gpa;
	*got = len < range->size - offset ? len : range->size - offset;
	return range->hva + offset;
}

/* No range reaches the end of the address space, so a length that wraps meets a hole first. */
static bool all_memory(const struct mem *mem, uint64_t gpa, uint64_t len)
{
	uint64_t got;

	for (; len; gpa += got, len -= got) {
		if (!piece(mem, gpa, len, &got))
			return false;
	}
	return true;
}

int mem_read(const struct mem *mem, uint64_t gpa, void *buf, uint64_t len)
{
	uint8_t *to = buf, *p;
	uint64_t got;

	if (!all_memory(mem, gpa, len))
		return -EFAULT;
	for (; len && (p = piece(mem, gpa, len, &got)); gpa += got, to += got, len -= got)
		memcpy(to, p, got);
	return 0;
}

int mem_write(const struct mem *mem, uint64_t gpa, const void *buf, uint64_t len)
{
	const uint8_t *from = buf;
	uint64_t got;
	uint8_t *p;

	if (!all_memory(mem, gpa, len))
		return -EFAULT;
	for (; len && (p = piece(mem, gpa, len, &got)); gpa += got, from += got, len -= got)
		memcpy(p, from, got);
	return 0;
}

int mem_set(const struct mem *mem, uint64_t gpa, int byte, uint64_t len)
{
	uint64_t got;
	uint8_t *p;

	if (!all_memory(mem, gpa, len))
		return -EFAULT;
	for (; len && (p = piece(mem, gpa, len, &got)); gpa += got, len -= got)
		memset(p, byte, got);
	return 0;
}

void mem_small_pages(const struct mem *mem, uint64_t gpa, uint64_t len)
{
	const struct mem_range *range = mem_find(mem, gpa);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), skip = gpa & (page - 1);

	if (range && range->host_chooses && mem_ptr(mem, gpa, len))
		madvise(range->hva + (gpa - skip - range->gpa), round_up(skip + len, page),
			MADV_NOHUGEPAGE);
}

uint64_t mem_total(const struct mem *mem)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < mem->nr; i++) {
		if (!(mem->ranges[i].flags & MEM_READONLY))
			total += mem->ranges[i].size;
	}
	return total;
}
