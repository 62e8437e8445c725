/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options from tables, their help, and numbers. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

struct target {
	const char *mem, *trace, *kernel;
	unsigned int raw, traced, pmu;
};

static const char *set_mem(void *target, const char *value)
{
	((struct target *)target)->mem = value;
	return strcmp(value, "bad") ? NULL : "must be a size such as 64M";
}

static const char *set_trace(void *target, const char *value)
{
	((struct target *)target)->traced++;
	((struct target *)target)->trace = value;
	return NULL;
}

static const char *set_raw(void *target, const char *value)
{
	((struct target *)target)->raw++;
	return value ? "got a value" : NULL;
}

static const char *set_pmu(void *target, const char *value)
{
	((struct target *)target)->pmu++;
	return "needs a CPU that has one";
}

static const char *set_kernel(void *target, const char *value)
{
	((struct target *)target)->kernel = value;
	return NULL;
}

static const struct option_desc common[] = {
	{"mem", 'm', "SIZE", "guest RAM", set_mem},
	{"mem-backing", 0, "KIND", "what is behind it", set_mem},
	{"trace", 't', "[=FILE]", "print what is done", set_trace},
	{"raw", 'r', NULL, "load bytes", set_raw},
	{"kernel", 'k', "FILE", NULL, set_kernel},
	{NULL},
};

static const struct option_desc special[] = {
	{"pmu", 0, NULL, "give a PMU", set_pmu},
	{NULL},
};

static const struct option_desc *const tables[] = {common, special, NULL};

static char *argv[16];
static int argc;

/* Parses the words of @line ("_" stands for an empty word) into @t. */
static int parse(struct target *t, const char *line)
{
	static char words[256];

	*t = (struct target){0};
	snprintf(words, sizeof(words), "kvmbed %s", line);
	argc = 0;
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "_") ? word : word + 1;
	argv[argc] = NULL;
	return options_parse(argc, argv, tables, t);
}

static void forms_of_an_option(void **state)
{
	static const char *const lines[] = {"--mem=64M", "--mem 64M", "-m64M",
					    "-m 64M",	 "-rm 64M",   "x --mem=64M y"};
	struct target t;

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_true(parse(&t, lines[i]) > 0);
		assert_string_equal(t.mem, "64M");
	}
	assert_int_equal(parse(&t, "--raw --raw -r --ra"), 5);
	assert_int_equal(t.raw, 4);
	assert_int_equal(parse(&t, "--kernel=image"), 2);
	assert_string_equal(t.kernel, "image");
	assert_int_equal(parse(&t, "--mem= x"), 2);
	assert_string_equal(t.mem, "");
}

static void value_that_may_be_left_out(void **state)
{
	struct target t;

	assert_int_equal(parse(&t, "--trace image"), 2);
	assert_int_equal(t.traced, 1);
	assert_null(t.trace);
	assert_string_equal(argv[2], "image");
	assert_int_equal(parse(&t, "--trace=log image"), 2);
	assert_string_equal(t.trace, "log");
	assert_int_equal(parse(&t, "-t image"), 2);
	assert_null(t.trace);
	assert_int_equal(parse(&t, "-tlog image"), 2);
	assert_string_equal(t.trace, "log");
}

static void operands_come_last_in_order(void **state)
{
	struct target t;

	assert_int_equal(parse(&t, "a --raw b -m 1 c"), 4);
	assert_int_equal(argc, 7);
	assert_string_equal(argv[4], "a");
	assert_string_equal(argv[5], "b");
	assert_string_equal(argv[6], "c");
	assert_int_equal(parse(&t, "--raw -- --mem=1 -x"), 3);
	assert_null(t.mem);
	assert_string_equal(argv[3], "--mem=1");
	assert_int_equal(parse(&t, ""), 1);
	assert_int_equal(parse(&t, "-"), 1);
}

static void mistakes_are_said_in_one_line(void **state)
{
	static const struct {
		const char *line, *said;
	} bad[] = {
		{"--nonsense", "unknown option --nonsense; --help lists the options"},
		{"--nonsense=3", "unknown option --nonsense=3"},
		{"--=x", "unknown option --=x"},
		{"-x", "unknown option -x; --help lists the options"},
		{"-rx", "unknown option -x"},
		{"--mem", "--mem needs a value: --mem=SIZE"},
		{"-m", "--mem needs a value: --mem=SIZE"},
		{"-rm", "--mem needs a value"},
		{"--raw=1", "--raw takes no value"},
		{"--me=4", "option --me=4 is ambiguous"},
		{"--mem=bad", "--mem=bad: must be a size such as 64M"},
		{"-m bad --raw", "--mem=bad: must be a size such as 64M"},
		{"--pmu", "--pmu: needs a CPU that has one"},
		{"file --nonsense more", "unknown option --nonsense"},
	};
	struct target t;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *said;

		messages_begin();
		assert_int_equal(parse(&t, bad[i].line), -EINVAL);
		said = messages_end();
		assert_said(said, bad[i].said);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
	/* A mistake does not spoil the next parse. */
	assert_int_equal(parse(&t, "--raw x"), 2);
}

static void help_is_aligned_and_hides_aliases(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	options_help(f, common);
	fclose(f);
	assert_string_equal(text, "  -m, --mem=SIZE          guest RAM\n"
				  "      --mem-backing=KIND  what is behind it\n"
				  "  -t, --trace[=FILE]      print what is done\n"
				  "  -r, --raw               load bytes\n");
	free(text);
}

struct number {
	const char *text;
	int r;
	uint64_t value;
};

static void numbers(void **state)
{
	static const struct number cases[] = {
		{"0", 0, 0},
		{"10", 0, 10},
		{"010", 0, 10},
		{"0x10", 0, 16},
		{"0XaBcDeF", 0, 0xabcdef},
		{"18446744073709551615", 0, UINT64_MAX},
		{"0xffffffffffffffff", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"0x10000000000000000", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"0x", -EINVAL, 0},
		{"x10", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1k", -EINVAL, 0},
		{"f", -EINVAL, 0},
		{"ff", -EINVAL, 0},
		{"1f", -EINVAL, 0},
		{"0xg", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 77;

		if (parse_u64(cases[i].text, &value) != cases[i].r ||
		    value != (cases[i].r ? 77 : cases[i].value))
			fail_msg("\"%s\"", cases[i].text);
	}
}

static void sizes(void **state)
{
	static const struct number cases[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"1K", 0, 1 << 10},
		{"1k", 0, 1 << 10},
		{"256M", 0, 256 << 20},
		{"0x10m", 0, 16 << 20},
		{"3G", 0, 3ULL << 30},
		{"16777215T", 0, 16777215ULL << 40},
		{"16777216T", -ERANGE, 0},
		{"18014398509481983K", 0, 18014398509481983ULL << 10},
		{"18014398509481984K", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"M", -EINVAL, 0},
		{"1MB", -EINVAL, 0},
		{"1P", -EINVAL, 0},
		{"1 M", -EINVAL, 0},
		{"-1M", -EINVAL, 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 77;

		if (parse_size(cases[i].text, &value) != cases[i].r ||
		    value != (cases[i].r ? 77 : cases[i].value))
			fail_msg("\"%s\"", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_an_option),
		cmocka_unit_test(value_that_may_be_left_out),
		cmocka_unit_test(operands_come_last_in_order),
		cmocka_unit_test(mistakes_are_said_in_one_line),
		cmocka_unit_test(help_is_aligned_and_hides_aliases),
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
