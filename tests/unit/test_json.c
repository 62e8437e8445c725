/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON trees: what is written is JSON (RFC 8259), what is read is what was written, what is bad is refused. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* The text of a tree; the caller frees. */
static char *text_of(const struct json *json)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(json_write(f, json), 0);
	fclose(f);
	return text;
}

/* Reads exactly these bytes, with nothing behind them that could be looked at. */
static int read_bytes(const char *bytes, size_t size, struct json **out, struct json_error *error)
{
	char *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	r = json_read(copy, size, out, error);
	free(copy);
	return r;
}

static struct json *read_good(const char *text)
{
	struct json_error error;
	struct json *json;

	if (read_bytes(text, strlen(text), &json, &error))
		fail_msg("%s: line %u: %s", text, error.line, error.what);
	return json;
}

static void writing(void **state)
{
	struct json *root = json_object(), *list;
	char *text;

	json_set(root, "number", json_number(LLONG_MIN));
	json_set(root, "truth", json_bool(true));
	json_set(root, "nothing", json_null());
	list = json_set(root, "list", json_array());
	json_add(list, json_string("%s %d", "a", 1));
	json_add(list, json_bool(false));
	json_set(root, "empty", json_object());
	text = text_of(root);
	assert_string_equal(text, "{\n"
				  "  \"number\": -9223372036854775808,\n"
				  "  \"truth\": true,\n"
				  "  \"nothing\": null,\n"
				  "  \"list\": [\"a 1\", false],\n"
				  "  \"empty\": {}\n"
				  "}\n");
	free(text);
	json_free(root);
}

/* Section 7: what must be escaped is; what is no UTF-8 becomes U+FFFD (3629: overlong, surrogates, cut off). */
static void strings_written(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"plain", "\"plain\""},
		{"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"\xff", "\"\\ufffd\""},
		{"a\xc3", "\"a\\ufffd\""},
		{"\xc0\xaf", "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json *list = json_array();
		char *text, want[128];

		json_add(list, json_string("%s", rows[i].text));
		text = text_of(list);
		snprintf(want, sizeof(want), "[%s]\n", rows[i].json);
		assert_string_equal(text, want);
		free(text);
		json_free(list);
	}
}

static void long_ones_take_lines(void **state)
{
	struct json *root = json_object(), *list = json_set(root, "list", json_array());
	struct json *back;
	char *text;

	for (int i = 0; i < 20; i++)
		json_add(list, json_number(1000000 + i));
	text = text_of(root);
	assert_non_null(strstr(text, "\n    1000019\n  ]\n}\n"));
	back = read_good(text);
	assert_int_equal(json_count(json_get(back, "list")), 20);
	json_free(back);
	free(text);
	json_free(root);
}

static void reading(void **state)
{
	struct json *root =
		read_good(" { \"a\" : [ 1 , -0.5e+3, true ,null ] ,\n\t\"b\":{\"c\":\"x\"}}\r\n ");
	const struct json *a = json_get(root, "a");
	long long value;

	assert_int_equal(json_count(a), 4);
	assert_true(json_integer(a->first, &value));
	assert_int_equal(value, 1);
	assert_false(json_integer(a->first->next, &value));
	assert_string_equal(a->first->next->text, "-0.5e+3");
	assert_int_equal(a->last->kind, JSON_NULL);
	assert_string_equal(json_text(json_get(json_get(root, "b"), "c")), "x");
	assert_null(json_get(root, "no"));
	assert_null(json_get(json_get(root, "no"), "further"));
	assert_null(json_get(a, "of an array"));
	assert_null(json_text(a));
	json_free(root);
}

static void strings_read(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{"\"\\u0041\\u00e4\\u20ac\"", "A\xc3\xa4\xe2\x82\xac"},
		{"\"\\uD83D\\ude00\"", "\xf0\x9f\x98\x80"},
		/* A surrogate alone, or twice the same half; the zero that C strings cannot hold. */
		{"\"\\ud83d\"", "\xef\xbf\xbd"},
		{"\"\\ud83dx\"", "\xef\xbf\xbdx"},
		{"\"\\ud83d\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\"\\ude00\"", "\xef\xbf\xbd"},
		{"\"a\\u0000b\"", "a\xef\xbf\xbd"
				  "b"},
		{"\"\"", ""},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json *json = read_good(rows[i].json);

		assert_string_equal(json_text(json), rows[i].text);
		json_free(json);
	}
}

static void bad_texts(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *what;
	} rows[] = {
		{"", 1, "ends where a value belongs"},
		{" \n\n", 3, "ends where a value belongs"},
		{"nul", 1, "where a value belongs"},
		{"tru", 1, "where a value belongs"},
		{"True", 1, "where a value belongs"},
		{"[1,\n2,\n]", 3, "where a value belongs"},
		{"[1 2]", 1, "without a comma"},
		{"[1", 1, "without a comma"},
		{"{\"a\":1,}", 1, "begin with its name"},
		{"{a:1}", 1, "begin with its name"},
		{"{\"a\" 1}", 1, "colon"},
		{"{\"a\":1 \"b\":2}", 1, "without a comma"},
		{"{\"a\"", 1, "colon"},
		{"{\"a\":", 1, "ends where a value belongs"},
		{"{\"a", 1, "does not end"},
		{"\"a", 1, "does not end"},
		{"\"a\\\"", 1, "does not end"},
		{"\"a\\", 1, "does not end"},
		{"\"\\x\"", 1, "escape"},
		{"\"\\u12g4\"", 1, "escape"},
		{"\"\\u12\"", 1, "escape"},
		{"\"a\nb\"", 1, "control character"},
		{"\"\xff\"", 1, "UTF-8"},
		{"\"a\xc3\"", 1, "UTF-8"},
		{"\"\xc3\\u00e4\"", 1, "UTF-8"},
		{"\"\xed\xa0\x80\"", 1, "UTF-8"},
		{"01", 1, "follows the value"},
		{"-", 1, "malformed"},
		{"1.", 1, "malformed"},
		{".5", 1, "where a value belongs"},
		{"1e", 1, "malformed"},
		{"+1", 1, "where a value belongs"},
		{"1 2", 1, "follows the value"},
		{"{}}", 1, "follows the value"},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_error error;
		struct json *json;

		if (read_bytes(rows[i].text, strlen(rows[i].text), &json, &error) != -EINVAL)
			fail_msg("taken: %s", rows[i].text);
		assert_null(json);
		if (error.line != rows[i].line || !strstr(error.what, rows[i].what))
			fail_msg("%s: line %u: %s", rows[i].text, error.line, error.what);
	}
}

/* A zero byte is a character like another, and none that JSON has. */
static void zero_bytes(void **state)
{
	struct json_error error;
	struct json *json;

	assert_int_equal(read_bytes("1\0", 2, &json, &error), -EINVAL);
	assert_int_equal(read_bytes("\0", 1, &json, &error), -EINVAL);
	assert_int_equal(read_bytes("\"a\0b\"", 5, &json, &error), -EINVAL);
}

static void depth(void **state)
{
	char text[128];
	struct json_error error;
	struct json *json;

	for (int n = 32; n <= 33; n++) {
		memset(text, '[', n);
		memset(text + n, ']', n);
		assert_int_equal(read_bytes(text, 2 * n, &json, &error), n == 32 ? 0 : -EINVAL);
		if (n == 33)
			assert_said(error.what, "nested too deeply");
		json_free(json);
	}
}

static void integers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		long long value;
	} rows[] = {
		{"9223372036854775807", true, LLONG_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, LLONG_MIN},
		{"-0", true, 0},
		{"1.0", false, 0},
		{"1e3", false, 0},
		{"\"1\"", false, 0},
		{"true", false, 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json *json = read_good(rows[i].text);
		long long value;

		assert_int_equal(json_integer(json, &value), rows[i].good);
		if (rows[i].good)
			assert_true(value == rows[i].value);
		json_free(json);
	}
	assert_false(json_integer(NULL, &(long long){0}));
}

/* A constructor without memory gives NULL: nothing is lost, nothing half written is taken for whole. */
static void failures_stick(void **state)
{
	struct json *root = json_object(), *inner;
	FILE *f = fopen("/dev/null", "w");

	inner = json_set(root, "inner", json_array());
	assert_int_equal(json_write(f, root), 0);
	assert_null(json_add(inner, NULL));
	assert_int_equal(json_write(f, root), -ENOMEM);
	/* Into what could not be made: freed, which LeakSanitizer sees. */
	assert_null(json_set(NULL, "lost", json_string("x")));
	assert_int_equal(json_write(f, NULL), -ENOMEM);
	json_free(root);
	fclose(f);
}

static void full_disk(void **state)
{
	struct json *root = json_object();
	FILE *f = fopen("/dev/full", "w");

	if (!f)
		skip();
	assert_int_equal(json_write(f, root), -EIO);
	fclose(f);
	json_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writing),
		cmocka_unit_test(strings_written),
		cmocka_unit_test(long_ones_take_lines),
		cmocka_unit_test(reading),
		cmocka_unit_test(strings_read),
		cmocka_unit_test(bad_texts),
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(depth),
		cmocka_unit_test(integers),
		cmocka_unit_test(failures_stick),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
