/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory: ranges, the checked accessor, each kind of backing. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

#define PAGE 4096ULL
#define MIB  (1ULL << 20)

static const struct mem_backing anon = {.kind = MEM_ANON};

static int setup(void **state)
{
	static struct mem mem;

	mem_init(&mem);
	*state = &mem;
	return 0;
}

static int teardown(void **state)
{
	mem_destroy(*state);
	return 0;
}

static struct mem_range *add(struct mem *mem, uint64_t gpa, uint64_t size)
{
	struct mem_range *range = NULL;

	assert_int_equal(mem_add(mem, gpa, size, &anon, 0, "ram", &range), 0);
	assert_non_null(range);
	return range;
}

/* mem_add() must fail with @err and say @part in one line. */
static void refused(struct mem *mem, uint64_t gpa, uint64_t size, const struct mem_backing *backing,
		    int err, const char *part)
{
	unsigned int nr = mem->nr;
	const char *said;

	messages_begin();
	assert_int_equal(mem_add(mem, gpa, size, backing, 0, "more", NULL), err);
	said = messages_end();
	assert_said(said, part);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_int_equal(mem->nr, nr);
}

static void ranges_are_sorted_and_zeroed(void **state)
{
	static const uint8_t zeros[4 * PAGE];
	struct mem *mem = *state;
	struct mem_range *range;

	add(mem, 0x200000, 4 * PAGE);
	add(mem, 0, PAGE);
	range = add(mem, 0x100000, 2 * PAGE);
	assert_true(range->gpa == 0x100000 && range->size == 2 * PAGE && range->fd == -1);
	assert_string_equal(range->name, "ram");
	assert_int_equal(mem->nr, 3);
	assert_true(mem->ranges[0].gpa == 0);
	assert_true(mem->ranges[1].gpa == 0x100000);
	assert_true(mem->ranges[2].gpa == 0x200000);
	assert_memory_equal(mem->ranges[2].hva, zeros, sizeof(zeros));
	assert_true(mem_total(mem) == 7 * PAGE);
	assert_int_equal(mem_add(mem, 0x300000, PAGE, &anon, MEM_READONLY, "rom", NULL), 0);
	assert_true(mem_total(mem) == 7 * PAGE);
}

static void bad_ranges_are_refused(void **state)
{
	struct mem *mem = *state;

	add(mem, 0x10000, 0x10000);
	refused(mem, 0, 0, &anon, -EINVAL, "whole pages");
	refused(mem, 1, PAGE, &anon, -EINVAL, "whole pages");
	refused(mem, 0, PAGE + 1, &anon, -EINVAL, "whole pages");
	refused(mem, 0 - PAGE, PAGE, &anon, -EINVAL, "wraps");
	refused(mem, 0 - PAGE, 2 * PAGE, &anon, -EINVAL, "wraps");
	refused(mem, PAGE, 0 - PAGE, &anon, -EINVAL, "wraps");
	refused(mem, 0x10000, PAGE, &anon, -EEXIST, "overlaps \"ram\" at 0x10000");
	refused(mem, 0x1f000, 2 * PAGE, &anon, -EEXIST, "overlaps");
	refused(mem, 0xf000, 2 * PAGE, &anon, -EEXIST, "overlaps");
	refused(mem, 0, 0x100000, &anon, -EEXIST, "overlaps");
	add(mem, 0xf000, PAGE);
	add(mem, 0x20000, PAGE);
}

static void more_than_there_is_is_refused(void **state)
{
	/* More than an address space of 57 bits. */
	refused(*state, 0, 1ULL << 60, &anon, -ENOMEM, "cannot map 1125899906842624 KiB");
}

static void slots_are_the_lowest_free(void **state)
{
	struct mem *mem = *state;

	assert_int_equal(add(mem, 0x40000, PAGE)->slot, 0);
	assert_int_equal(add(mem, 0x30000, PAGE)->slot, 1);
	assert_int_equal(add(mem, 0x20000, PAGE)->slot, 2);
	assert_int_equal(mem_remove(mem, 0x30000), 0);
	assert_int_equal(mem_remove(mem, 0x40000), 0);
	assert_int_equal(add(mem, 0x10000, PAGE)->slot, 0);
	assert_int_equal(add(mem, 0x30000, PAGE)->slot, 1);
	assert_int_equal(add(mem, 0x40000, PAGE)->slot, 3);
}

static void remove_takes_one_away(void **state)
{
	struct mem *mem = *state;

	assert_int_equal(mem_remove(mem, 0), -ENOENT);
	for (uint64_t gpa = 0; gpa < 5 * PAGE; gpa += PAGE)
		add(mem, gpa, PAGE);
	assert_int_equal(mem_remove(mem, 2 * PAGE + 1), -ENOENT);
	assert_int_equal(mem_remove(mem, 2 * PAGE), 0);
	assert_int_equal(mem_remove(mem, 2 * PAGE), -ENOENT);
	assert_null(mem_find(mem, 2 * PAGE));
	assert_null(mem_find(mem, 3 * PAGE - 1));
	assert_non_null(mem_find(mem, 2 * PAGE - 1));
	assert_non_null(mem_find(mem, 3 * PAGE));
}

static void pointers_stay_in_one_range(void **state)
{
	struct mem *mem = *state;
	uint8_t *base;

	base = add(mem, 0x10000, 2 * PAGE)->hva;
	add(mem, 0x12000, PAGE);
	assert_ptr_equal(mem_ptr(mem, 0x10000, 2 * PAGE), base);
	assert_ptr_equal(mem_ptr(mem, 0x11fff, 1), base + 0x1fff);
	assert_ptr_equal(mem_ptr(mem, 0x11fff, 0), base + 0x1fff);
	assert_null(mem_ptr(mem, 0x11fff, 2));
	assert_null(mem_ptr(mem, 0x10000, 2 * PAGE + 1));
	assert_null(mem_ptr(mem, 0x10000, UINT64_MAX));
	assert_null(mem_ptr(mem, 0x11000, UINT64_MAX - 0xfff));
	assert_null(mem_ptr(mem, 0xffff, 1));
	assert_null(mem_ptr(mem, 0x13000, 1));
	assert_null(mem_ptr(mem, 0x13000, 0));
	assert_null(mem_ptr(mem, UINT64_MAX, 1));
}

static void copies_cross_ranges_but_not_holes(void **state)
{
	struct mem *mem = *state;
	uint8_t in[3 * PAGE], out[sizeof(in)];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 13 + i / 256);
	add(mem, 0x10000, PAGE);
	add(mem, 0x11000, PAGE);
	add(mem, 0x12000, PAGE);
	add(mem, 0x14000, PAGE);
	assert_int_equal(mem_write(mem, 0x10000, in, sizeof(in)), 0);
	assert_int_equal(mem_read(mem, 0x10000, out, sizeof(out)), 0);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(mem_read(mem, 0x10ffe, out, 5), 0);
	assert_memory_equal(in + 0xffe, out, 5);

	/* Nothing is copied when any byte is not memory. */
	memset(out, 0xee, sizeof(out));
	assert_int_equal(mem_read(mem, 0x12f00, out, 0x101), -EFAULT);
	assert_int_equal(out[0], 0xee);
	assert_int_equal(mem_write(mem, 0x12f00, out, 0x101), -EFAULT);
	assert_memory_equal(mem_ptr(mem, 0x12f00, 0x100), in + 0x2f00, 0x100);
	assert_int_equal(mem_set(mem, 0x12f00, 0, 0x2000), -EFAULT);
	assert_memory_equal(mem_ptr(mem, 0x12f00, 0x100), in + 0x2f00, 0x100);
	assert_int_equal(mem_write(mem, 0x12f00, in, 0x100), 0);

	assert_int_equal(mem_set(mem, 0x10ffe, 0x5a, 0x1004), 0);
	assert_int_equal(mem_read(mem, 0x10ffd, out, 0x1006), 0);
	assert_int_equal(out[0], in[0xffd]);
	for (unsigned int i = 1; i < 0x1005; i++)
		assert_int_equal(out[i], 0x5a);
	assert_int_equal(out[0x1005], in[0x2002]);
}

static void lengths_that_wrap_fault(void **state)
{
	struct mem *mem = *state;
	uint8_t byte = 0;

	add(mem, 0, PAGE);
	assert_int_equal(mem_read(mem, PAGE - 1, &byte, UINT64_MAX), -EFAULT);
	assert_int_equal(mem_write(mem, UINT64_MAX, &byte, 2), -EFAULT);
	assert_int_equal(mem_set(mem, 1, 0, UINT64_MAX), -EFAULT);
	/* Nothing is nowhere wrong. */
	assert_int_equal(mem_read(mem, 0x1234567, &byte, 0), 0);
}

static void backings_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int r;
		enum mem_backing_kind kind;
	} cases[] = {
		{"anon", 0, MEM_ANON},	 {"thp", 0, MEM_THP},	     {"hugetlb", 0, MEM_HUGETLB},
		{"memfd", 0, MEM_MEMFD}, {"file:/a b", 0, MEM_FILE}, {"file:", -EINVAL, 0},
		{"", -EINVAL, 0},	 {"anonymous", -EINVAL, 0},  {"ANON", -EINVAL, 0},
		{"file", -EINVAL, 0},	 {"memfd:x", -EINVAL, 0},
	};
	struct mem_backing backing;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(mem_backing_parse(cases[i].text, &backing), cases[i].r);
		if (!cases[i].r)
			assert_int_equal(backing.kind, cases[i].kind);
	}
	assert_int_equal(mem_backing_parse("file:/a b", &backing), 0);
	assert_string_equal(backing.path, "/a b");
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void memfd_is_shared_and_closed(void **state)
{
	static const struct mem_backing memfd = {.kind = MEM_MEMFD};
	struct mem *mem = *state;
	struct mem_range *range;
	unsigned int fds = count_fds();
	uint8_t byte;

	assert_int_equal(mem_add(mem, 0, 4 * PAGE, &memfd, 0, "ram", &range), 0);
	assert_true(range->fd >= 0);
	range->hva[0x2345] = 0x77;
	assert_int_equal(pread(range->fd, &byte, 1, 0x2345), 1);
	assert_int_equal(byte, 0x77);
	assert_int_equal(fcntl(range->fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(mem_remove(mem, 0), 0);
	assert_int_equal(count_fds(), fds);
}

static void file_grows_and_ranges_follow_one_another(void **state)
{
	char path[] = "/tmp/kvmbed-test-XXXXXX";
	struct mem_backing file = {.kind = MEM_FILE, .path = path};
	struct mem *mem = *state;
	unsigned int fds = count_fds();
	struct mem_range *range;
	struct stat st;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "first", 5, 0), 5);
	assert_int_equal(pwrite(fd, "second", 6, (off_t)(2 * PAGE)), 6);
	assert_int_equal(mem_add(mem, 0, 2 * PAGE, &file, 0, "low", &range), 0);
	assert_memory_equal(range->hva, "first", 6);
	assert_int_equal(mem_add(mem, 0x100000, 4 * PAGE, &file, 0, "high", &range), 0);
	assert_memory_equal(range->hva, "second", 7);
	assert_true(range->file_offset == 2 * PAGE);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == 6 * (off_t)PAGE);
	memcpy(range->hva + 3 * PAGE, "end", 3);
	mem_destroy(mem);
	char back[3];
	assert_int_equal(pread(fd, back, 3, (off_t)(5 * PAGE)), 3);
	assert_memory_equal(back, "end", 3);
	/* Smaller memory leaves a longer file alone. */
	assert_int_equal(mem_add(mem, 0, PAGE, &file, 0, "low", &range), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == 6 * (off_t)PAGE);
	mem_destroy(mem);
	close(fd);
	unlink(path);
	assert_int_equal(count_fds(), fds);
}

static void bad_files_are_refused(void **state)
{
	char dir[] = "/tmp/kvmbed-test-XXXXXX", path[64];
	struct mem_backing file = {.kind = MEM_FILE, .path = path};
	struct mem *mem = *state;
	struct rlimit was, limit;
	unsigned int fds = count_fds();

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/no/such", dir);
	refused(mem, 0, PAGE, &file, -ENOENT, "open(): No such file or directory");
	snprintf(path, sizeof(path), "%s", dir);
	refused(mem, 0, PAGE, &file, -EISDIR, "open(): Is a directory");
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(mem, 0, PAGE, &file, -EINVAL, "not a regular file");
	unlink(path);

	/* A file that cannot grow is an error now, and not a signal when the guest stores. */
	snprintf(path, sizeof(path), "%s/ram", dir);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	limit = was;
	limit.rlim_cur = PAGE;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	refused(mem, 0, 2 * PAGE, &file, -EFBIG, "File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	unlink(path);
	rmdir(dir);
	assert_int_equal(count_fds(), fds);
}

static bool thp_possible(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	char line[64] = "";
	bool possible = f && fgets(line, sizeof(line), f) && !strstr(line, "[never]");

	if (f)
		fclose(f);
	return possible;
}

/* Whether the mapping that begins at @hva has flag @flag ("hg") in its VmFlags. */
static bool vm_flag(const void *hva, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[1024], start[32], word[8];
	bool inside = false, found = false;

	assert_non_null(f);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)hva);
	snprintf(word, sizeof(word), " %s", flag);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, start, strlen(start)))
			inside = true;
		else if (inside && !strncmp(line, "VmFlags:", 8)) {
			found = strstr(line, word);
			break;
		}
	}
	fclose(f);
	return found;
}

static void thp_is_aligned_with_the_guest(void **state)
{
	static const struct mem_backing thp = {.kind = MEM_THP};
	static const uint64_t gpas[] = {0, 0x100000, 0x7ff000, 2 * MIB, 1ULL << 32};
	struct mem *mem = *state;
	struct mem_range *range;

	if (!thp_possible()) {
		refused(mem, 0, 4 * MIB, &thp, -EOPNOTSUPP,
			"echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
		skip();
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(gpas); i++) {
		assert_int_equal(mem_add(mem, gpas[i], 4 * MIB - 0x1000, &thp, 0, "ram", &range),
				 0);
		assert_true(((uintptr_t)range->hva - gpas[i]) % (2 * MIB) == 0);
		memset(range->hva, 1, range->size);
		assert_true(vm_flag(range->hva, "hg"));
		mem_destroy(mem);
	}
}

static void small_pages_are_for_what_the_host_chooses(void **state)
{
	static const struct mem_backing thp = {.kind = MEM_THP};
	struct mem *mem = *state;
	struct mem_range *range = add(mem, 0x100000, 8 * MIB);

	if (!thp_possible())
		skip();
	/* From the middle of a page to the middle of the next. */
	mem_small_pages(mem, 0x100000 + 2 * MIB + 0x800, PAGE);
	assert_false(vm_flag(range->hva, "nh"));
	assert_true(vm_flag(range->hva + 2 * MIB, "nh"));
	assert_true(vm_flag(range->hva + 2 * MIB + 2 * PAGE, "rd"));
	assert_false(vm_flag(range->hva + 2 * MIB + 2 * PAGE, "nh"));
	/* Not memory, and not all of it memory. */
	mem_small_pages(mem, 0x100000 + 8 * MIB, PAGE);
	mem_small_pages(mem, 0x100000 + 8 * MIB - PAGE, 2 * PAGE);
	assert_false(vm_flag(range->hva + 2 * MIB + 2 * PAGE, "nh"));
	/* Whoever asked for huge pages gets them. */
	assert_int_equal(mem_add(mem, 64 * MIB, 4 * MIB, &thp, 0, "big", &range), 0);
	mem_small_pages(mem, 64 * MIB, PAGE);
	assert_true(vm_flag(range->hva, "hg"));
}

static uint64_t free_huge_pages(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t value, all = 0, reserved = 0;
	char line[128];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "HugePages_Free: %lu", &value) == 1)
			all = value;
		if (sscanf(line, "HugePages_Rsvd: %lu", &value) == 1)
			reserved = value;
	}
	fclose(f);
	return all - reserved;
}

static void hugetlb_lack_is_explained(void **state)
{
	static const struct mem_backing hugetlb = {.kind = MEM_HUGETLB};
	uint64_t more = free_huge_pages() + 7;

	if (access("/proc/sys/vm/nr_hugepages", F_OK)) {
		refused(*state, 0, 2 * MIB, &hugetlb, -EOPNOTSUPP, "no huge pages");
		skip();
	}
	refused(*state, 0, more * 2 * MIB, &hugetlb, -ENOMEM, " > /proc/sys/vm/nr_hugepages");
}

static void hugetlb_is_mapped(void **state)
{
	static const struct mem_backing hugetlb = {.kind = MEM_HUGETLB};
	struct mem *mem = *state;
	struct mem_range *range;
	uint64_t before = free_huge_pages();

	if (before < 3)
		skip();
	/* It begins and ends inside a huge page: three are needed. */
	assert_int_equal(mem_add(mem, 0x100000, 4 * MIB, &hugetlb, 0, "ram", &range), 0);
	assert_int_equal(before - free_huge_pages(), 3);
	assert_true((uintptr_t)range->hva % (2 * MIB) == 0x100000);
	memset(range->hva, 1, range->size);
	assert_true(vm_flag(range->map, "ht"));
	mem_destroy(mem);
	assert_int_equal(free_huge_pages(), before);
}

/* MiB of address space in use. */
static long address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pages), 1);
	fclose(f);
	return pages * (long)PAGE / (long)MIB;
}

/* It must come back whole, or adding and removing in turn ends some day. */
static void nothing_stays_mapped(void **state)
{
	static const struct mem_backing backings[] = {
		{.kind = MEM_ANON}, {.kind = MEM_MEMFD}, {.kind = MEM_THP}};
	struct mem *mem = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(backings); i++) {
		long before = address_space();

		if (backings[i].kind == MEM_THP && !thp_possible())
			continue;
		for (unsigned int round = 0; round < 200; round++) {
			assert_int_equal(
				mem_add(mem, 0x100000, 4 * MIB, &backings[i], 0, "ram", NULL), 0);
			/* What else is mapped changes how THP must be aligned. */
			assert_int_equal(mem_add(mem, 0x1000000, PAGE * (round % 7 + 1), &anon, 0,
						 "x", NULL),
					 0);
			mem_destroy(mem);
		}
		assert_true(address_space() - before < 20);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ranges_are_sorted_and_zeroed),
		TEST(bad_ranges_are_refused),
		TEST(more_than_there_is_is_refused),
		TEST(slots_are_the_lowest_free),
		TEST(remove_takes_one_away),
		TEST(pointers_stay_in_one_range),
		TEST(copies_cross_ranges_but_not_holes),
		TEST(lengths_that_wrap_fault),
		TEST(backings_are_parsed),
		TEST(memfd_is_shared_and_closed),
		TEST(file_grows_and_ranges_follow_one_another),
		TEST(bad_files_are_refused),
		TEST(thp_is_aligned_with_the_guest),
		TEST(small_pages_are_for_what_the_host_chooses),
		TEST(hugetlb_lack_is_explained),
		TEST(hugetlb_is_mapped),
		TEST(nothing_stays_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
