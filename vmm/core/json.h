/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON (RFC 8259) as a tree: reports are built in it, written from it, and read
 * back to be compared.
 *
 * Building sticks at its first failure: adding NULL, as comes from a
 * constructor without memory, marks the tree, and json_write() refuses a marked
 * one. So a report is written down without a check on each line. One thread at
 * a time.
 */
#ifndef KVMBED_JSON_H
#define KVMBED_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	bool boolean;
	bool broken;		   /* something in here is missing for lack of memory */
	char *text;		   /* STRING: UTF-8; NUMBER: as it is written */
	char *key;		   /* if it is a member of an object */
	struct json *first, *last; /* ARRAY, OBJECT: what is inside, in order */
	struct json *next;	   /* its neighbour in the same array or object */
};

/* Constructors; the caller owns the result. NULL without memory. */
struct json *json_null(void);
struct json *json_bool(bool value);
struct json *json_number(long long value);
struct json *json_string(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct json *json_array(void);
struct json *json_object(void);
/* Frees it and all inside; NULL is fine. Not for what was added to something. */
void json_free(struct json *json);

/* Adds @value, whose owner @to becomes, at the end; returns @value. Freed at once if @to is NULL. */
struct json *json_add(struct json *to, struct json *value);
/* The same under a name that @to does not have yet; the name is copied. */
struct json *json_set(struct json *to, const char *key, struct json *value);

/* The member of that name, or NULL; of NULL, or of something that is no object, NULL. */
const struct json *json_get(const struct json *object, const char *key);
/* A string's text; NULL for anything else. */
const char *json_text(const struct json *json);
/* True and the value for a whole number that fits; @json may be NULL. */
bool json_integer(const struct json *json, long long *value);
/* Members or elements; 0 for anything else. */
size_t json_count(const struct json *json);

/*
 * Writes it with a line end behind, indented for people: what holds nothing
 * nested goes on one line if it is short. 0; -ENOMEM for a tree that stuck;
 * -EIO when @out did not take it.
 */
int json_write(FILE *out, const struct json *json);

/* Length of the well-formed UTF-8 sequence that a string begins with; 0 if it begins with none. */
unsigned int json_utf8_length(const char *text);

/*
 * Reads one value with nothing behind it but white space. -EINVAL for a text
 * that is not JSON (in UTF-8), or nested deeper than 32, with the line (from 1) and what is wrong; -ENOMEM.
 */
struct json_error {
	unsigned int line;
	const char *what; /* a constant */
};
int json_read(const char *text, size_t size, struct json **out, struct json_error *error);

#endif
