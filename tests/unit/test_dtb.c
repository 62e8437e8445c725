/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device trees: what is written is read back with libfdt's reading half and
 * walked whole; errors stick and name where they happened.
 */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libfdt.h>

#include "dtb.h"
#include "mem.h"

static int node(const struct dtb *t, const char *path)
{
	int offset = fdt_path_offset(t->blob, path);

	if (offset < 0)
		fail_msg("%s: %s", path, fdt_strerror(offset));
	return offset;
}

static void assert_prop(const struct dtb *t, const char *path, const char *name, const void *bytes,
			int size)
{
	int len = -1;
	const void *value = fdt_getprop(t->blob, node(t, path), name, &len);

	if (!value)
		fail_msg("%s has no %s", path, name);
	assert_int_equal(len, size);
	assert_memory_equal(value, bytes, size);
}

/* Also where a reader would get lost: every token is walked. */
static void finish(struct dtb *t)
{
	int depth = 0, offset = -1;

	assert_int_equal(dtb_finish(t), 0);
	assert_int_equal(fdt_check_full(t->blob, t->size), 0);
	do
		offset = fdt_next_node(t->blob, offset, &depth);
	while (offset >= 0 && depth >= 0);
	assert_int_equal(offset, -FDT_ERR_NOTFOUND);
}

static void values(void **state)
{
	struct dtb t;

	dtb_init(&t);
	dtb_u32(&t, "one", 0x01020304);
	dtb_u64(&t, "two", 0x0102030405060708ull);
	dtb_string(&t, "text", "abc");
	dtb_empty(&t, "empty");
	dtb_bytes(&t, "bytes", "\x00\xff\x01", 3);
	dtb_cells(&t, "cells", 1, 0x80000000u, 3);
	dtb_u64s(&t, "wide", 1, 2);
	dtb_strings(&t, "list", "a", "", "bcd");
	dtb_node(&t, "serial@%" PRIx64, (uint64_t)0x1001000);
	dtb_reg(&t, 0x1001000, 8, 0x80000000, 0x100000000ull);
	dtb_end(&t);
	finish(&t);
	assert_prop(&t, "/", "one", "\1\2\3\4", 4);
	assert_prop(&t, "/", "two", "\1\2\3\4\5\6\7\10", 8);
	assert_prop(&t, "/", "text", "abc", 4);
	assert_prop(&t, "/", "empty", "", 0);
	assert_prop(&t, "/", "bytes", "\0\377\1", 3);
	assert_prop(&t, "/", "cells", "\0\0\0\1\200\0\0\0\0\0\0\3", 12);
	assert_prop(&t, "/", "wide", "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 16);
	assert_prop(&t, "/", "list", "a\0\0bcd", 7);
	assert_prop(&t, "/serial@1001000", "reg",
		    "\0\0\0\0\1\0\20\0\0\0\0\0\0\0\0\10\0\0\0\0\200\0\0\0\0\0\0\1\0\0\0\0", 32);
	dtb_destroy(&t);
}

static void nesting(void **state)
{
	struct dtb t;

	dtb_init(&t);
	dtb_node(&t, "a");
	dtb_u32(&t, "x", 1);
	dtb_node(&t, "b");
	dtb_u32(&t, "x", 2);
	dtb_end(&t);
	dtb_end(&t);
	dtb_node(&t, "c");
	dtb_u32(&t, "x", 3);
	dtb_end(&t);
	finish(&t);
	assert_prop(&t, "/a", "x", "\0\0\0\1", 4);
	assert_prop(&t, "/a/b", "x", "\0\0\0\2", 4);
	assert_prop(&t, "/c", "x", "\0\0\0\3", 4);
	dtb_destroy(&t);
}

static void phandles(void **state)
{
	struct dtb t;
	uint32_t a, b;

	dtb_init(&t);
	a = dtb_new_phandle(&t);
	b = dtb_new_phandle(&t);
	assert_true(a && b && a != b);
	dtb_node(&t, "a");
	dtb_phandle(&t, b);
	dtb_end(&t);
	finish(&t);
	assert_int_equal(fdt_node_offset_by_phandle(t.blob, b), node(&t, "/a"));
	dtb_destroy(&t);
}

/* Far past the first size; nothing written before is lost when the buffer moves. */
static void growing(void **state)
{
	struct dtb t;
	char path[32];

	dtb_init(&t);
	for (uint32_t i = 1; i <= 3000; i++) {
		dtb_node(&t, "node@%x", i);
		dtb_u32_list(&t, "number", &i, 1);
		dtb_string(&t, "name-that-is-shared", "and a value that is not short");
		dtb_end(&t);
	}
	finish(&t);
	assert_true(t.size > 200000);
	assert_true(t.size <= t.room);
	for (uint32_t i = 1; i <= 3000; i += 97) {
		uint8_t bytes[4] = {0, 0, i >> 8, i};

		snprintf(path, sizeof(path), "/node@%x", i);
		assert_prop(&t, path, "number", bytes, 4);
	}
	dtb_destroy(&t);
}

static void memory(void **state)
{
	struct mem_range ranges[] = {
		{.gpa = 0x80000000, .size = 0x10000000, .name = "ram"},
		{.gpa = 0xf0000000, .size = 0x10000, .name = "rom"},
		{.gpa = 0x100000000ull, .size = 0x40000000, .name = "ram"},
	};
	struct mem mem = {.ranges = ranges, .nr = 3};
	struct dtb t;

	dtb_init(&t);
	dtb_memory(&t, &mem);
	finish(&t);
	assert_prop(&t, "/memory@80000000", "device_type", "memory", 7);
	assert_prop(&t, "/memory@80000000", "reg", "\0\0\0\0\200\0\0\0\0\0\0\0\20\0\0\0", 16);
	assert_prop(&t, "/memory@100000000", "reg", "\0\0\0\1\0\0\0\0\0\0\0\0\100\0\0\0", 16);
	assert_int_equal(fdt_path_offset(t.blob, "/memory@f0000000"), -FDT_ERR_NOTFOUND);
	dtb_destroy(&t);
}

static void chosen(void **state)
{
	struct dtb t;

	dtb_init(&t);
	dtb_chosen(&t, &(struct dtb_chosen){.bootargs = "a b",
					    .stdout_path = "/serial@0",
					    .initrd_start = 0x81000000,
					    .initrd_end = 0x100000001ull});
	finish(&t);
	assert_prop(&t, "/chosen", "bootargs", "a b", 4);
	assert_prop(&t, "/chosen", "stdout-path", "/serial@0", 10);
	assert_prop(&t, "/chosen", "linux,initrd-start", "\0\0\0\0\201\0\0\0", 8);
	assert_prop(&t, "/chosen", "linux,initrd-end", "\0\0\0\1\0\0\0\1", 8);
	dtb_destroy(&t);

	dtb_init(&t);
	dtb_chosen(&t, &(struct dtb_chosen){.bootargs = ""});
	finish(&t);
	assert_int_equal(fdt_first_property_offset(t.blob, node(&t, "/chosen")), -FDT_ERR_NOTFOUND);
	dtb_destroy(&t);
}

/* ---- Errors ------------------------------------------------------------------ */

/* What has been written so far is wrong, with @error, and @part of the message says where. */
static void assert_wrong(struct dtb *t, int error, const char *part)
{
	/* Whatever follows is ignored, quietly. */
	dtb_node(t, "more");
	dtb_u32(t, "x", 1);
	dtb_end(t);
	assert_int_equal(dtb_finish(t), error);
	assert_said(messages_end(), part);
	dtb_destroy(t);
}

static void property_after_child(void **state)
{
	struct dtb t;

	messages_begin();
	dtb_init(&t);
	dtb_node(&t, "cpus");
	dtb_node(&t, "cpu@0");
	dtb_end(&t);
	dtb_u32(&t, "late", 1);
	assert_wrong(&t, -EINVAL, "property(late) in /cpus/");
}

static void node_left_open(void **state)
{
	struct dtb t;

	messages_begin();
	dtb_init(&t);
	dtb_node(&t, "cpus");
	assert_int_equal(dtb_finish(&t), -EINVAL);
	assert_said(messages_end(), "dtb_finish() in /cpus/");
	dtb_destroy(&t);
}

static void too_many_ends(void **state)
{
	struct dtb t;

	messages_begin();
	dtb_init(&t);
	dtb_node(&t, "a");
	dtb_end(&t);
	dtb_end(&t);
	assert_wrong(&t, -EINVAL, "no node is open");
}

static void too_deep(void **state)
{
	struct dtb t;

	messages_begin();
	dtb_init(&t);
	for (unsigned int i = 0; i < DTB_MAX_DEPTH; i++)
		dtb_node(&t, "n%u", i);
	assert_wrong(&t, -EINVAL, "dtb_node(n7)");
}

static void name_too_long(void **state)
{
	struct dtb t;

	messages_begin();
	dtb_init(&t);
	dtb_node(&t, "%0100d", 1);
	assert_wrong(&t, -EINVAL, "too long");
}

static void too_large(void **state)
{
	size_t len = 3u << 20;
	uint8_t *bytes = test_calloc(1, len);
	struct dtb t;

	messages_begin();
	dtb_init(&t);
	dtb_bytes(&t, "at-once", bytes, len);
	assert_wrong(&t, -E2BIG, "property(at-once)");

	messages_begin();
	dtb_init(&t);
	for (unsigned int i = 0; i < 40; i++)
		dtb_bytes(&t, "bit-by-bit", bytes, 64 << 10);
	assert_wrong(&t, -E2BIG, "(bit-by-bit)");
	test_free(bytes);
}

/* The first one is said, and it alone. */
static void first_error_stays(void **state)
{
	struct dtb t;
	const char *said;

	messages_begin();
	dtb_init(&t);
	dtb_node(&t, "%0100d", 1);
	dtb_node(&t, "%0200d", 1);
	dtb_end(&t);
	dtb_end(&t);
	assert_int_equal(dtb_finish(&t), -EINVAL);
	said = messages_end();
	assert_said(said, "too long");
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	dtb_destroy(&t);
}

static void files(void **state)
{
	char path[] = "/tmp/kvmbed-dtb-XXXXXX";
	int fd = mkstemp(path);
	uint8_t read_back[4096];
	struct dtb t;

	assert_true(fd >= 0);
	dtb_init(&t);
	dtb_string(&t, "model", "x");
	finish(&t);
	assert_int_equal(dtb_write_file(&t, path), 0);
	assert_int_equal(read(fd, read_back, sizeof(read_back)), t.size);
	assert_memory_equal(read_back, t.blob, t.size);
	close(fd);
	unlink(path);

	messages_begin();
	assert_int_equal(dtb_write_file(&t, "/nowhere/to/be/found"), -ENOENT);
	assert_said(messages_end(), "--dump-dtb: cannot write /nowhere/to/be/found");
	/* So small that only fclose() gets to hear of it. */
	messages_begin();
	assert_int_equal(dtb_write_file(&t, "/dev/full"), -ENOSPC);
	assert_said(messages_end(), "/dev/full");
	dtb_destroy(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(nesting),
		cmocka_unit_test(phandles),
		cmocka_unit_test(growing),
		cmocka_unit_test(memory),
		cmocka_unit_test(chosen),
		cmocka_unit_test(property_after_child),
		cmocka_unit_test(node_left_open),
		cmocka_unit_test(too_many_ends),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(name_too_long),
		cmocka_unit_test(too_large),
		cmocka_unit_test(first_error_stays),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
