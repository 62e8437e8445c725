/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device tree under construction: what a board tells its guest about itself
 * (Devicetree Specification v0.4). Nodes and properties are written in the
 * order in which they stand in the tree, over libfdt's sequential writer, into
 * a buffer that grows.
 *
 * Errors stick: the first call that fails reports itself with the node and
 * property it was about, later calls do nothing, dtb_finish() returns the
 * error. So a board is written down without a check on each line.
 *
 *	dtb_init(&t);
 *	dtb_node(&t, "serial@%" PRIx64, base);
 *	dtb_string(&t, "compatible", "ns16550a");
 *	dtb_reg(&t, base, size);
 *	dtb_end(&t);
 *	err = dtb_finish(&t);
 *
 * Not called fdt.h, because libfdt.h includes a file of that name. One thread
 * at a time.
 */
#ifndef KVMBED_DTB_H
#define KVMBED_DTB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mem;

#define DTB_MAX_DEPTH 8

struct dtb {
	void *blob;		      /* owned; a complete tree after dtb_finish() */
	uint32_t room;		      /* bytes that @blob has */
	uint32_t size;		      /* bytes of the finished tree */
	int error;		      /* 0 or the first failure, -errno */
	uint32_t phandles;	      /* given out so far */
	unsigned int depth;	      /* nodes open, the root included */
	char path[DTB_MAX_DEPTH][48]; /* their names, for messages */
	bool has_child;		      /* the open node has one: no more properties */
};

/* Begins a tree and opens its root. Freed by dtb_destroy(), also after an error. */
void dtb_init(struct dtb *t);
void dtb_destroy(struct dtb *t);

/* Opens a child node; the name is a printf format. */
void dtb_node(struct dtb *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Closes the node opened last. */
void dtb_end(struct dtb *t);

/* Properties of the open node: before its first child. Numbers are of the host's byte order. */
void dtb_empty(struct dtb *t, const char *name);
void dtb_u32(struct dtb *t, const char *name, uint32_t value);
void dtb_u64(struct dtb *t, const char *name, uint64_t value);
void dtb_string(struct dtb *t, const char *name, const char *value);
void dtb_bytes(struct dtb *t, const char *name, const void *data, size_t len);
/* The same in number: @n 32-bit cells, 64-bit values (two cells each), strings. */
void dtb_u32_list(struct dtb *t, const char *name, const uint32_t *values, size_t n);
void dtb_u64_list(struct dtb *t, const char *name, const uint64_t *values, size_t n);
void dtb_string_list(struct dtb *t, const char *name, const char *const *values, size_t n);

/*
 * The values written out: dtb_cells(t, "interrupts", 0, 5, 4);
 * dtb_u64s(t, "reg", base, size); dtb_strings(t, "compatible", "a", "b").
 */
#define DTB_LIST(fn, t, name, type, ...) \
	fn(t, name, (type[]){__VA_ARGS__}, sizeof((type[]){__VA_ARGS__}) / sizeof(type))
#define dtb_cells(t, name, ...)	  DTB_LIST(dtb_u32_list, t, name, const uint32_t, __VA_ARGS__)
#define dtb_u64s(t, name, ...)	  DTB_LIST(dtb_u64_list, t, name, const uint64_t, __VA_ARGS__)
#define dtb_strings(t, name, ...) DTB_LIST(dtb_string_list, t, name, const char *const, __VA_ARGS__)
/* "reg" of one or more (address, size) pairs under #address-cells = #size-cells = 2. */
#define dtb_reg(t, ...) dtb_u64s(t, "reg", __VA_ARGS__)

/* A phandle that no node of this tree has yet; dtb_phandle() makes it the open node's. */
uint32_t dtb_new_phandle(struct dtb *t);
void dtb_phandle(struct dtb *t, uint32_t phandle);

/* A memory node for each range of @mem that is named "ram". */
void dtb_memory(struct dtb *t, const struct mem *mem);

/* /chosen. What is NULL, or empty, is left out. */
struct dtb_chosen {
	const char *bootargs;
	const char *stdout_path;
	uint64_t initrd_start, initrd_end; /* gpa, end not included */
};
void dtb_chosen(struct dtb *t, const struct dtb_chosen *chosen);

/*
 * Closes the root and completes the tree in @t->blob, @t->size bytes. 0, or
 * the first error: -ENOMEM, -E2BIG (larger than boot protocols allow, 2 MiB),
 * -EINVAL (a node not closed, a property after a child, ...).
 */
int dtb_finish(struct dtb *t);

/* Writes the finished tree to a file (--dump-dtb). -errno, reported with the path. */
int dtb_write_file(const struct dtb *t, const char *path);

#endif
