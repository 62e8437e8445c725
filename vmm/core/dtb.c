/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device trees over libfdt's sequential writer; see dtb.h. */
#include "dtb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libfdt.h>

#include "mem.h"
#include "msg.h"

#define FIRST_ROOM 4096u
/* arm64 and RISC-V Linux map no more than 2 MiB for their tree. */
#define MAX_ROOM (2u << 20)

/* Remembers and reports the first failure, with the path of the node that is open. */
static void fail(struct dtb *t, int err, const char *call, const char *name, const char *why)
{
	char path[sizeof(t->path) + DTB_MAX_DEPTH] = "";

	if (t->error)
		return;
	t->error = err;
	for (unsigned int i = 1; i < t->depth; i++) {
		strcat(path, "/");
		strcat(path, t->path[i]);
	}
	msg_error("device tree: %s(%s) in %s/: %s", call, name, path, why);
}

/* Twice the room, or an error that sticks. */
static void grow(struct dtb *t, const char *call, const char *name)
{
	uint32_t room = t->room * 2;
	void *blob;
	int r;

	if (room > MAX_ROOM) {
		fail(t, -E2BIG, call, name, "the tree is larger than 2 MiB");
		return;
	}
	blob = realloc(t->blob, room);
	if (!blob) {
		fail(t, -ENOMEM, call, name, "no memory");
		return;
	}
	t->blob = blob;
	/* In place: libfdt moves the strings block to the new end. */
	r = fdt_resize(blob, blob, (int)room);
	if (r) {
		fail(t, -EINVAL, "fdt_resize", name, fdt_strerror(r));
		return;
	}
	t->room = room;
}

/* Runs a writing call of libfdt until it has room; on another error that sticks. */
#define WRITE(t, name, fn, ...)                                                      \
	do {                                                                         \
		int write_r_ = -FDT_ERR_NOSPACE;                                     \
		while (!(t)->error && write_r_ == -FDT_ERR_NOSPACE) {                \
			write_r_ = fn((t)->blob, ##__VA_ARGS__);                     \
			if (write_r_ == -FDT_ERR_NOSPACE)                            \
				grow(t, #fn, name);                                  \
			else if (write_r_)                                           \
				fail(t, -EINVAL, #fn, name, fdt_strerror(write_r_)); \
		}                                                                    \
	} while (0)

static void begin_node(struct dtb *t, const char *name)
{
	if (t->error)
		return;
	if (t->depth == DTB_MAX_DEPTH) {
		fail(t, -EINVAL, "dtb_node", name, "nodes are nested too deep");
		return;
	}
	WRITE(t, name, fdt_begin_node, name);
	if (t->error)
		return;
	snprintf(t->path[t->depth++], sizeof(t->path[0]), "%s", name);
	t->has_child = false;
}

void dtb_init(struct dtb *t)
{
	memset(t, 0, sizeof(*t));
	t->blob = malloc(FIRST_ROOM);
	if (!t->blob) {
		fail(t, -ENOMEM, "dtb_init", "", "no memory");
		return;
	}
	t->room = FIRST_ROOM;
	/* A search through all names for each property would be most of the work. */
	WRITE(t, "", fdt_create_with_flags, (int)t->room, FDT_CREATE_FLAG_NO_NAME_DEDUP);
	WRITE(t, "", fdt_finish_reservemap);
	begin_node(t, "");
}

void dtb_destroy(struct dtb *t)
{
	free(t->blob);
	t->blob = NULL;
	t->room = t->size = 0;
}

void dtb_node(struct dtb *t, const char *fmt, ...)
{
	char name[sizeof(t->path[0])];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(name))
		fail(t, -EINVAL, "dtb_node", name, "the name is too long");
	begin_node(t, name);
}

void dtb_end(struct dtb *t)
{
	if (t->error)
		return;
	if (t->depth <= 1) {
		fail(t, -EINVAL, "dtb_end", "", "no node is open");
		return;
	}
	WRITE(t, t->path[t->depth - 1], fdt_end_node);
	t->depth--;
	t->has_child = true;
}

/* Room for a value of @n pieces of @size bytes inside the tree, for the caller to fill; NULL if failed. */
static void *value_room(struct dtb *t, const char *name, size_t n, size_t size)
{
	void *room = NULL;

	/* libfdt would write it, and readers would not find it. */
	if (t->has_child)
		fail(t, -EINVAL, "property", name, "it comes after a child node");
	if (n > MAX_ROOM / size)
		fail(t, -E2BIG, "property", name, "the value is larger than 2 MiB");
	WRITE(t, name, fdt_property_placeholder, name, (int)(n * size), &room);
	return t->error ? NULL : room;
}

void dtb_bytes(struct dtb *t, const char *name, const void *data, size_t len)
{
	void *room = value_room(t, name, len, 1);

	if (room && len)
		memcpy(room, data, len);
}

void dtb_empty(struct dtb *t, const char *name)
{
	dtb_bytes(t, name, NULL, 0);
}

void dtb_u32(struct dtb *t, const char *name, uint32_t value)
{
	dtb_u32_list(t, name, &value, 1);
}

void dtb_u64(struct dtb *t, const char *name, uint64_t value)
{
	dtb_u64_list(t, name, &value, 1);
}

void dtb_string(struct dtb *t, const char *name, const char *value)
{
	dtb_bytes(t, name, value, strlen(value) + 1);
}

void dtb_u32_list(struct dtb *t, const char *name, const uint32_t *values, size_t n)
{
	uint8_t *room = value_room(t, name, n, sizeof(*values));

	for (size_t i = 0; room && i < n; i++)
		fdt32_st(room + i * sizeof(*values), values[i]);
}

void dtb_u64_list(struct dtb *t, const char *name, const uint64_t *values, size_t n)
{
	uint8_t *room = value_room(t, name, n, sizeof(*values));

	for (size_t i = 0; room && i < n; i++)
		fdt64_st(room + i * sizeof(*values), values[i]);
}

void dtb_string_list(struct dtb *t, const char *name, const char *const *values, size_t n)
{
	size_t len = 0;
	char *room;

	for (size_t i = 0; i < n; i++)
		len += strlen(values[i]) + 1;
	room = value_room(t, name, len, 1);
	for (size_t i = 0; room && i < n; i++)
		room = stpcpy(room, values[i]) + 1;
}

uint32_t dtb_new_phandle(struct dtb *t)
{
	return ++t->phandles;
}

void dtb_phandle(struct dtb *t, uint32_t phandle)
{
	dtb_u32(t, "phandle", phandle);
}

void dtb_memory(struct dtb *t, const struct mem *mem)
{
	for (unsigned int i = 0; i < mem->nr; i++) {
		const struct mem_range *r = &mem->ranges[i];

		if (strcmp(r->name, "ram"))
			continue;
		dtb_node(t, "memory@%" PRIx64, r->gpa);
		dtb_string(t, "device_type", "memory");
		dtb_reg(t, r->gpa, r->size);
		dtb_end(t);
	}
}

void dtb_chosen(struct dtb *t, const struct dtb_chosen *chosen)
{
	dtb_node(t, "chosen");
	if (chosen->bootargs && *chosen->bootargs)
		dtb_string(t, "bootargs", chosen->bootargs);
	if (chosen->stdout_path)
		dtb_string(t, "stdout-path", chosen->stdout_path);
	if (chosen->initrd_end > chosen->initrd_start) {
		dtb_u64(t, "linux,initrd-start", chosen->initrd_start);
		dtb_u64(t, "linux,initrd-end", chosen->initrd_end);
	}
	dtb_end(t);
}

int dtb_finish(struct dtb *t)
{
	if (!t->error && t->depth != 1)
		fail(t, -EINVAL, "dtb_finish", "", "a node is not closed");
	WRITE(t, "", fdt_end_node);
	WRITE(t, "", fdt_finish);
	if (t->error)
		return t->error;
	t->depth = 0;
	t->size = fdt_totalsize(t->blob);
	return 0;
}

int dtb_write_file(const struct dtb *t, const char *path)
{
	FILE *f = fopen(path, "wb");
	int err = 0;

	if (!f) {
		err = -errno;
	} else {
		if (fwrite(t->blob, 1, t->size, f) != t->size)
			err = -(errno ?: EIO);
		if (fclose(f) && !err)
			err = -errno;
	}
	if (err)
		msg_error("--dump-dtb: cannot write %s: %s", path, strerror(-err));
	return err;
}
