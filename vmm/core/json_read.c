/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading JSON (RFC 8259), strictly: see json.h. The text need not end in a zero byte. */
#include "json.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

struct reader {
	const char *at, *end;
	unsigned int line;
	unsigned int depth;
	const char *what; /* the first thing that was wrong; NULL while all is well */
	bool no_memory;
};

static struct json *fail(struct reader *r, const char *what)
{
	if (!r->what)
		r->what = what;
	return NULL;
}

/* The next character without taking it; 0 at the end, which no valid text has inside. */
static char look(const struct reader *r)
{
	if (r->at == r->end)
		return '\0';
	return *r->at;
}

static bool take(struct reader *r, char c)
{
	if (look(r) != c || r->at == r->end)
		return false;
	r->at++;
	return true;
}

static void skip_space(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->line += *r->at++ == '\n';
}

static bool hex4(struct reader *r, unsigned int *value)
{
	*value = 0;
	for (unsigned int i = 0; i < 4; i++) {
		char c = look(r);
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10;
		else
			return false;
		*value = *value << 4 | digit;
		r->at++;
	}
	return true;
}

static char *put_utf8(char *to, unsigned int code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* What stands behind a backslash. A surrogate without its partner becomes U+FFFD; so does U+0000, which ends a C string. */
static char *escape(struct reader *r, char *to)
{
	static const char plain[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	unsigned int code, low;
	char c = look(r);

	if (r->at < r->end)
		r->at++;
	for (unsigned int i = 0; i + 1 < sizeof(plain) - 1; i += 2) {
		if (c == plain[i]) {
			*to++ = plain[i + 1];
			return to;
		}
	}
	if (c != 'u' || !hex4(r, &code)) {
		fail(r, "a backslash is followed by no escape that JSON has");
		return to;
	}
	if (code >= 0xd800 && code < 0xdc00) {
		const char *back = r->at;

		if (take(r, '\\') && take(r, 'u') && hex4(r, &low) && low >= 0xdc00 &&
		    low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		} else {
			r->at = back;
			code = 0xfffd;
		}
	} else if ((code >= 0xdc00 && code < 0xe000) || !code) {
		code = 0xfffd;
	}
	return put_utf8(to, code);
}

/* Behind the opening quote; the result is the caller's to free. */
static char *read_string(struct reader *r)
{
	const char *quote = r->at;
	char *text, *to;

	/* Its end bounds the length: an escape never makes a text longer. */
	while (quote < r->end && *quote != '"')
		quote += *quote == '\\' ? 2 : 1;
	if (quote >= r->end) {
		fail(r, "a string does not end");
		return NULL;
	}
	text = to = malloc(quote - r->at + 1);
	if (!text) {
		r->no_memory = true;
		return NULL;
	}
	while (r->at < quote && !r->what) {
		if (*r->at == '\\') {
			r->at++;
			to = escape(r, to);
		} else if ((unsigned char)*r->at < 0x20) {
			fail(r,
			     "a string holds a control character, or its closing quote is missing");
		} else {
			*to++ = *r->at++;
		}
	}
	*to = '\0';
	for (const char *s = text; *s && !r->what; s += json_utf8_length(s)) {
		if (!json_utf8_length(s))
			fail(r, "a string is not in UTF-8");
	}
	if (r->what) {
		free(text);
		return NULL;
	}
	r->at = quote + 1;
	return text;
}

static struct json *with_text(struct reader *r, enum json_kind kind, char *text)
{
	struct json *json = text ? json_null() : NULL;

	if (!json) {
		r->no_memory |= text != NULL;
		free(text);
		return NULL;
	}
	json->kind = kind;
	json->text = text;
	return json;
}

static bool digits(struct reader *r)
{
	const char *from = r->at;

	while (look(r) >= '0' && look(r) <= '9')
		r->at++;
	return r->at > from;
}

static struct json *read_number(struct reader *r)
{
	const char *from = r->at;
	bool good;
	char *text;

	take(r, '-');
	good = take(r, '0') || digits(r);
	if (take(r, '.'))
		good &= digits(r);
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			take(r, '-');
		good &= digits(r);
	}
	if (!good)
		return fail(r, "a number is malformed");
	text = strndup(from, r->at - from);
	r->no_memory |= !text;
	return with_text(r, JSON_NUMBER, text);
}

static struct json *read_value(struct reader *r);

/* One member or element; false if it is bad. */
static bool read_item(struct reader *r, struct json *to)
{
	struct json *value;
	char *key = NULL;

	if (to->kind == JSON_OBJECT) {
		skip_space(r);
		if (!take(r, '"')) {
			fail(r, "a member of an object must begin with its name in quotes");
			return false;
		}
		key = read_string(r);
		if (!key)
			return false;
		skip_space(r);
		if (!take(r, ':')) {
			fail(r, "a member's name must be followed by a colon");
			free(key);
			return false;
		}
	}
	value = read_value(r);
	if (!value) {
		free(key);
		return false;
	}
	value->key = key;
	json_add(to, value);
	return true;
}

static struct json *read_container(struct reader *r, char close)
{
	struct json *json = close == '}' ? json_object() : json_array();
	bool good = true;

	if (!json) {
		r->no_memory = true;
		return NULL;
	}
	if (++r->depth > MAX_DEPTH) {
		fail(r, "it is nested too deeply");
		good = false;
	}
	if (good) {
		skip_space(r);
		if (!take(r, close)) {
			do {
				good = read_item(r, json);
				skip_space(r);
			} while (good && take(r, ','));
			if (good && !take(r, close)) {
				fail(r, close == '}' ? "an object goes on without a comma or `}`"
						     : "an array goes on without a comma or `]`");
				good = false;
			}
		}
	}
	r->depth--;
	if (good)
		return json;
	json_free(json);
	return NULL;
}

static struct json *read_word(struct reader *r)
{
	static const struct {
		const char *word;
		enum json_kind kind;
		bool value;
	} words[] = {
		{"true", JSON_BOOL, true}, {"false", JSON_BOOL, false}, {"null", JSON_NULL, false}};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		struct json *json;

		if ((size_t)(r->end - r->at) < n || memcmp(r->at, words[i].word, n))
			continue;
		r->at += n;
		json = words[i].kind == JSON_NULL ? json_null() : json_bool(words[i].value);
		r->no_memory |= !json;
		return json;
	}
	return fail(r, r->at < r->end ? "something stands where a value belongs"
				      : "it ends where a value belongs");
}

static struct json *read_value(struct reader *r)
{
	skip_space(r);
	if (take(r, '{'))
		return read_container(r, '}');
	if (take(r, '['))
		return read_container(r, ']');
	if (take(r, '"'))
		return with_text(r, JSON_STRING, read_string(r));
	if (look(r) == '-' || (look(r) >= '0' && look(r) <= '9'))
		return read_number(r);
	return read_word(r);
}

int json_read(const char *text, size_t size, struct json **out, struct json_error *error)
{
	struct reader r = {.at = text, .end = text + size, .line = 1};
	struct json *json = read_value(&r);

	if (json) {
		skip_space(&r);
		if (r.at < r.end) {
			fail(&r, "something follows the value");
			json_free(json);
			json = NULL;
		}
	}
	*out = json;
	*error = (struct json_error){.line = r.line, .what = r.what ? r.what : ""};
	if (json)
		return 0;
	return r.no_memory ? -ENOMEM : -EINVAL;
}
