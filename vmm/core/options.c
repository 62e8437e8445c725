/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command-line options from tables; see options.h. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

/* What getopt_long() returns for row 0; short forms are below it. */
#define FIRST_LONG 256

/* All tables in one, in getopt's form. */
struct set {
	struct option *longs;		 /* ended by a row of zeros */
	const struct option_desc **rows; /* of each long option */
	unsigned int nr;
	char *shorts;
};

static int has_arg(const struct option_desc *row)
{
	if (!row->arg)
		return no_argument;
	return row->arg[0] == '[' ? optional_argument : required_argument;
}

static void set_free(struct set *set)
{
	free(set->longs);
	free(set->rows);
	free(set->shorts);
}

static int set_make(struct set *set, const struct option_desc *const *tables)
{
	unsigned int nr = 0, s = 0;

	for (unsigned int t = 0; tables[t]; t++) {
		for (const struct option_desc *row = tables[t]; row->name; row++)
			nr++;
	}
	*set = (struct set){
		.longs = calloc(nr + 1, sizeof(*set->longs)),
		.rows = calloc(nr + 1, sizeof(struct option_desc *)),
		.shorts = malloc(3 * (size_t)nr + 2),
	};
	if (!set->longs || !set->rows || !set->shorts) {
		set_free(set);
		return -ENOMEM;
	}
	/* The colon in front tells a missing value from an unknown option. */
	set->shorts[s++] = ':';
	for (unsigned int t = 0; tables[t]; t++) {
		for (const struct option_desc *row = tables[t]; row->name; row++) {
			set->rows[set->nr] = row;
			set->longs[set->nr] = (struct option){
				.name = row->name,
				.has_arg = has_arg(row),
				.val = (int)(FIRST_LONG + set->nr),
			};
			set->nr++;
			if (!row->letter)
				continue;
			set->shorts[s++] = row->letter;
			for (int colons = has_arg(row); colons; colons--)
				set->shorts[s++] = ':';
		}
	}
	set->shorts[s] = '\0';
	return 0;
}

/* The row for what getopt_long() returned or left in optopt; NULL if there is none. */
static const struct option_desc *row_of(const struct set *set, int val)
{
	if (val >= FIRST_LONG && (unsigned int)val - FIRST_LONG < set->nr)
		return set->rows[val - FIRST_LONG];
	for (unsigned int i = 0; val && i < set->nr; i++) {
		if (set->rows[i]->letter == val)
			return set->rows[i];
	}
	return NULL;
}

/* How many options begin with the name in @word ("--na=x")? */
static unsigned int candidates(const struct set *set, const char *word)
{
	size_t len = strcspn(word, "=");
	unsigned int n = 0;

	for (unsigned int i = 0; i < set->nr; i++)
		n += len > 2 && !strncmp(set->rows[i]->name, word + 2, len - 2);
	return n;
}

/* Says what getopt_long() did not like; @val is its ':' or '?'. */
static int refuse(const struct set *set, int val, char **argv)
{
	const struct option_desc *row = row_of(set, optopt);
	const char *word = optind > 0 ? argv[optind - 1] : "";

	if (val == ':' && row)
		msg_error("--%s needs a value: --%s=%s", row->name, row->name, row->arg);
	else if (row)
		msg_error("--%s takes no value", row->name);
	else if (optopt)
		msg_error("unknown option -%c; --help lists the options", optopt);
	else if (candidates(set, word) > 1)
		msg_error("option %s is ambiguous; --help lists the options", word);
	else
		msg_error("unknown option %s; --help lists the options", word);
	return -EINVAL;
}

static int parse(const struct set *set, int argc, char **argv, void *target)
{
	int val;

	/* 0 makes glibc forget an earlier parse. It says nothing itself, because of the colon in front. */
	optind = 0;
	while ((val = getopt_long(argc, argv, set->shorts, set->longs, NULL)) != -1) {
		const struct option_desc *row = val == ':' || val == '?' ? NULL : row_of(set, val);
		const char *why;

		if (!row)
			return refuse(set, val, argv);
		why = row->set(target, optarg);
		if (why) {
			msg_error("--%s%s%s: %s", row->name, optarg ? "=" : "",
				  optarg ? optarg : "", why);
			return -EINVAL;
		}
	}
	return optind;
}

int options_parse(int argc, char **argv, const struct option_desc *const *tables, void *target)
{
	struct set set;
	int r = set_make(&set, tables);

	if (r) {
		msg_error("no memory for the options");
		return r;
	}
	r = parse(&set, argc, argv, target);
	set_free(&set);
	return r;
}

/* Prints "  -m, --mem=SIZE", or only counts its width when @out is NULL. */
static int print_form(FILE *out, const struct option_desc *row)
{
	char letter[] = "    ";
	char form[80];
	int n;

	if (row->letter)
		memcpy(letter, (char[]){'-', row->letter, ',', ' '}, 4);
	/* An optional value brings its own "[=". */
	n = snprintf(form, sizeof(form), "  %s--%s%s%s", letter, row->name,
		     row->arg && row->arg[0] != '[' ? "=" : "", row->arg ? row->arg : "");
	if (out)
		fputs(form, out);
	return n;
}

void options_help(FILE *out, const struct option_desc *table)
{
	int width = 0;

	for (const struct option_desc *row = table; row->name; row++) {
		int n = row->help ? print_form(NULL, row) : 0;

		width = n > width ? n : width;
	}
	for (const struct option_desc *row = table; row->name; row++) {
		if (row->help)
			fprintf(out, "%*s%s\n", width + 2 - print_form(out, row), "", row->help);
	}
}

/* The number at the start of @text; *@end is what follows it. */
static int parse_number(const char *text, uint64_t *value, const char **end)
{
	unsigned int base = 10;
	const char *p = text;
	uint64_t n = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	if (!(base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p)))
		return -EINVAL;
	for (;; p++) {
		unsigned int digit;

		if (isdigit((unsigned char)*p))
			digit = (unsigned int)(*p - '0');
		else if (base == 16 && isxdigit((unsigned char)*p))
			digit = (unsigned int)(tolower((unsigned char)*p) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit, &n))
			return -ERANGE;
	}
	*end = p;
	*value = n;
	return 0;
}

int parse_u64(const char *text, uint64_t *value)
{
	const char *end;
	uint64_t n;
	int r = parse_number(text, &n, &end);

	if (r)
		return r;
	if (*end)
		return -EINVAL;
	*value = n;
	return 0;
}

int parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *end, *unit;
	unsigned int shift = 0;
	uint64_t n;
	int r = parse_number(text, &n, &end);

	if (r)
		return r;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = n << shift;
	return 0;
}
