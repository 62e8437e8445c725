/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON trees: building, looking, writing; see json.h. Reading is in json_read.c. */
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct json *make(enum json_kind kind)
{
	struct json *json = calloc(1, sizeof(*json));

	if (json)
		json->kind = kind;
	return json;
}

/* With a text of its own, which may be NULL for lack of memory. */
static struct json *make_text(enum json_kind kind, char *text)
{
	struct json *json = text ? make(kind) : NULL;

	if (json)
		json->text = text;
	else
		free(text);
	return json;
}

struct json *json_null(void)
{
	return make(JSON_NULL);
}

struct json *json_bool(bool value)
{
	struct json *json = make(JSON_BOOL);

	if (json)
		json->boolean = value;
	return json;
}

struct json *json_number(long long value)
{
	char *text;

	return make_text(JSON_NUMBER, asprintf(&text, "%lld", value) < 0 ? NULL : text);
}

struct json *json_string(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return make_text(JSON_STRING, n < 0 ? NULL : text);
}

struct json *json_array(void)
{
	return make(JSON_ARRAY);
}

struct json *json_object(void)
{
	return make(JSON_OBJECT);
}

void json_free(struct json *json)
{
	struct json *next;

	if (!json)
		return;
	for (struct json *item = json->first; item; item = next) {
		next = item->next;
		json_free(item);
	}
	free(json->text);
	free(json->key);
	free(json);
}

struct json *json_add(struct json *to, struct json *value)
{
	if (!to) {
		json_free(value);
		return NULL;
	}
	if (!value) {
		to->broken = true;
		return NULL;
	}
	if (to->last)
		to->last->next = value;
	else
		to->first = value;
	to->last = value;
	return value;
}

struct json *json_set(struct json *to, const char *key, struct json *value)
{
	char *copy = value ? strdup(key) : NULL;

	if (value && !copy) {
		json_free(value);
		value = NULL;
	}
	if (value)
		value->key = copy;
	return json_add(to, value);
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json *item = object->first; item; item = item->next) {
		if (!strcmp(item->key, key))
			return item;
	}
	return NULL;
}

const char *json_text(const struct json *json)
{
	return json && json->kind == JSON_STRING ? json->text : NULL;
}

bool json_integer(const struct json *json, long long *value)
{
	char *end;

	if (!json || json->kind != JSON_NUMBER)
		return false;
	errno = 0;
	*value = strtoll(json->text, &end, 10);
	return !*end && !errno;
}

size_t json_count(const struct json *json)
{
	size_t n = 0;

	for (const struct json *item = json ? json->first : NULL; item; item = item->next)
		n++;
	return n;
}

static bool is_broken(const struct json *json)
{
	bool broken = !json || json->broken;

	for (const struct json *item = json ? json->first : NULL; item && !broken;
	     item = item->next)
		broken = is_broken(item);
	return broken;
}

unsigned int json_utf8_length(const char *text)
{
	/* RFC 3629, section 4. */
	static const struct {
		uint8_t first, last, second, second_last, length;
	} rows[] = {
		{0x01, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *s = (const unsigned char *)text;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s[0] < rows[i].first || s[0] > rows[i].last)
			continue;
		for (unsigned int n = 1; n < rows[i].length; n++) {
			uint8_t low = n == 1 ? rows[i].second : 0x80;
			uint8_t high = n == 1 ? rows[i].second_last : 0xbf;

			if (s[n] < low || s[n] > high)
				return 0;
		}
		return rows[i].length;
	}
	return 0;
}

/* What is no UTF-8, as a file name or a CPU's model name may be, becomes U+FFFD. */
static void write_string(FILE *out, const char *text)
{
	static const char escapes[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
					  {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		unsigned int n = json_utf8_length((const char *)s), e = 0;

		while (e < sizeof(escapes) / sizeof(escapes[0]) && escapes[e][0] != (char)*s)
			e++;
		if (e < sizeof(escapes) / sizeof(escapes[0]))
			fprintf(out, "\\%c", escapes[e][1]);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else if (!n)
			fputs("\\ufffd", out);
		else
			fwrite(s, 1, n, out);
		s += n ? n : 1;
	}
	fputc('"', out);
}

/* Room on one line, or more than any line if something nested is inside. */
static size_t line_room(const struct json *json)
{
	size_t room = 2;

	for (const struct json *item = json->first; item; item = item->next) {
		if (item->first)
			return SIZE_MAX / 2;
		room += 8 + (item->key ? strlen(item->key) : 0) +
			(item->text ? strlen(item->text) : 0);
	}
	return room;
}

static void write_value(FILE *out, const struct json *json, unsigned int depth)
{
	bool object = json->kind == JSON_OBJECT;
	bool lines;

	switch (json->kind) {
	case JSON_NULL:
		fputs("null", out);
		return;
	case JSON_BOOL:
		fputs(json->boolean ? "true" : "false", out);
		return;
	case JSON_NUMBER:
		fputs(json->text, out);
		return;
	case JSON_STRING:
		write_string(out, json->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	lines = line_room(json) > 100;
	fputc(object ? '{' : '[', out);
	for (const struct json *item = json->first; item; item = item->next) {
		if (lines)
			fprintf(out, "\n%*s", 2 * (int)depth + 2, "");
		if (item->key) {
			write_string(out, item->key);
			fputs(": ", out);
		}
		write_value(out, item, depth + 1);
		if (item->next)
			fputs(lines ? "," : ", ", out);
	}
	if (lines)
		fprintf(out, "\n%*s", 2 * (int)depth, "");
	fputc(object ? '}' : ']', out);
}

int json_write(FILE *out, const struct json *json)
{
	if (is_broken(json))
		return -ENOMEM;
	write_value(out, json, 0);
	fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
