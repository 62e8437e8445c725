/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmbed caps --diff`: two saved reports, and what differs between them; see caps.h. */
#include "caps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg.h"

/* A report has some 100 KiB. */
#define MAX_FILE (4 << 20)

/* What comments on a value, and may read differently each time, is no difference. */
static const char *const comments[] = {"tool", "because", "detail", "question", NULL};

static bool is_comment(const char *key)
{
	for (unsigned int i = 0; comments[i]; i++) {
		if (!strcmp(comments[i], key))
			return true;
	}
	return false;
}

/* The file's bytes; NULL after a message. */
static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;
	char *text = NULL;
	ssize_t n = 0;

	*size = 0;
	if (fd < 0 || fstat(fd, &st))
		err = errno;
	else if (st.st_size > MAX_FILE)
		err = EFBIG;
	else
		text = malloc(MAX_FILE);
	/* Read to its end rather than st_size, which a pipe does not have. */
	while (text && *size < MAX_FILE && (n = read(fd, text + *size, MAX_FILE - *size)) > 0)
		*size += n;
	if (n < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	if (text && !err)
		return text;
	msg_error("cannot read %s: %s", path, strerror(err ? err : ENOMEM));
	free(text);
	return NULL;
}

struct json *caps_load(const char *path)
{
	struct json_error error;
	struct json *report;
	long long schema;
	size_t size;
	char *text = read_file(path, &size);
	int r;

	if (!text)
		return NULL;
	r = json_read(text, size, &report, &error);
	free(text);
	if (r == -EINVAL)
		msg_error("%s is not JSON: line %u: %s", path, error.line, error.what);
	else if (r)
		msg_error("no memory for %s", path);
	if (r)
		return NULL;
	if (!json_integer(json_get(report, "schema"), &schema) ||
	    !json_text(json_get(report, "arch")))
		msg_error("%s is no report of `kvmbed caps --json`", path);
	else if (schema != CAPS_SCHEMA)
		msg_error("%s has schema %lld; this kvmbed knows %d", path, schema, CAPS_SCHEMA);
	else
		return report;
	json_free(report);
	return NULL;
}

/* Where in the report we are, as a person says it: "capabilities KVM_CAP_X vm". */
struct path {
	const struct path *up;
	const char *key;
};

static void print_path(FILE *out, const struct path *path)
{
	if (!path)
		return;
	print_path(out, path->up);
	fprintf(out, "%s%s", path->up ? " " : "", path->key);
}

static bool is_container(const struct json *json)
{
	return json->kind == JSON_OBJECT || json->kind == JSON_ARRAY;
}

/* One value, or what is inside of something small, on one line. */
static void print_value(FILE *out, const struct json *json)
{
	const char *between = "";

	switch (json->kind) {
	case JSON_NULL:
		fputs("unknown", out);
		return;
	case JSON_BOOL:
		fputs(json->boolean ? "yes" : "no", out);
		return;
	case JSON_NUMBER:
		fputs(json->text, out);
		return;
	case JSON_STRING:
		fputs(*json->text ? json->text : "\"\"", out);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	for (const struct json *item = json->first; item; item = item->next) {
		if (item->key && is_comment(item->key))
			continue;
		fputs(between, out);
		if (item->key)
			fprintf(out, "%s ", item->key);
		print_value(out, item);
		between = ", ";
	}
}

/* What only one report has. A group of groups is taken apart, so that each line names one thing. */
static unsigned int print_single(FILE *out, const struct path *path, const struct json *json,
				 const char *which)
{
	unsigned int lines = 0;
	bool groups = false;

	for (const struct json *item = json->first; item; item = item->next)
		groups |= is_container(item);
	if (groups && json->kind == JSON_OBJECT) {
		for (const struct json *item = json->first; item; item = item->next) {
			struct path below = {path, item->key};

			if (!is_comment(item->key))
				lines += print_single(out, &below, item, which);
		}
		return lines;
	}
	print_path(out, path);
	fprintf(out, ": only in %s: ", which);
	print_value(out, json);
	fputc('\n', out);
	return 1;
}

/* In all but comments. */
static bool same(const struct json *a, const struct json *b);

static bool same_members(const struct json *a, const struct json *b)
{
	for (const struct json *x = a->first; x; x = x->next) {
		const struct json *y = json_get(b, x->key);

		if (!is_comment(x->key) && (!y || !same(x, y)))
			return false;
	}
	for (const struct json *y = b->first; y; y = y->next) {
		if (!is_comment(y->key) && !json_get(a, y->key))
			return false;
	}
	return true;
}

static bool same(const struct json *a, const struct json *b)
{
	const struct json *x = a->first, *y = b->first;

	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case JSON_NULL:
		return true;
	case JSON_BOOL:
		return a->boolean == b->boolean;
	case JSON_NUMBER:
	case JSON_STRING:
		return !strcmp(a->text, b->text);
	case JSON_OBJECT:
		return same_members(a, b);
	case JSON_ARRAY:
		break;
	}
	for (; x && y; x = x->next, y = y->next) {
		if (!same(x, y))
			return false;
	}
	return !x && !y;
}

static void print_change(FILE *out, const struct json *a, const struct json *b)
{
	print_value(out, a);
	fputs(" -> ", out);
	print_value(out, b);
}

/* Nothing but plain values inside: a thing with its properties, such as a capability. */
static bool is_leaf(const struct json *json)
{
	for (const struct json *item = json->first; item; item = item->next) {
		if (is_container(item))
			return false;
	}
	return json->kind == JSON_OBJECT;
}

/* "vm 0 -> 1, number 7 -> 8": what differs between two things of one name. */
static void print_properties(FILE *out, const struct json *a, const struct json *b)
{
	static const struct json absent = {.kind = JSON_NULL};
	const char *between = "";

	for (int pass = 0; pass < 2; pass++) {
		for (const struct json *x = (pass ? b : a)->first; x; x = x->next) {
			const struct json *y = json_get(pass ? a : b, x->key);

			if (is_comment(x->key) || (y && (pass || same(x, y))))
				continue;
			fprintf(out, "%s%s ", between, x->key);
			print_change(out, pass ? &absent : x, pass ? x : y ? y : &absent);
			between = ", ";
		}
	}
}

static unsigned int diff(FILE *out, const struct path *path, const struct json *a,
			 const struct json *b);

static unsigned int diff_members(FILE *out, const struct path *path, const struct json *a,
				 const struct json *b)
{
	unsigned int lines = 0;

	for (const struct json *x = a->first; x; x = x->next) {
		const struct json *y = json_get(b, x->key);
		struct path below = {path, x->key};

		if (is_comment(x->key))
			continue;
		lines += y ? diff(out, &below, x, y) : print_single(out, &below, x, "A");
	}
	for (const struct json *y = b->first; y; y = y->next) {
		struct path below = {path, y->key};

		if (!is_comment(y->key) && !json_get(a, y->key))
			lines += print_single(out, &below, y, "B");
	}
	return lines;
}

static unsigned int diff(FILE *out, const struct path *path, const struct json *a,
			 const struct json *b)
{
	bool objects = a->kind == JSON_OBJECT && b->kind == JSON_OBJECT;

	if (same(a, b))
		return 0;
	/* A section (path->up is NULL) is always taken apart, also one of plain values. */
	if (objects && (!path->up || !is_leaf(a) || !is_leaf(b)))
		return diff_members(out, path, a, b);
	print_path(out, path);
	fputs(": ", out);
	if (objects)
		print_properties(out, a, b);
	else
		print_change(out, a, b);
	fputc('\n', out);
	return 1;
}

unsigned int caps_diff(FILE *out, const struct json *a, const struct json *b)
{
	return diff_members(out, NULL, a, b);
}
