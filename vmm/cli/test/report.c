/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of results: KTAP, and text for people; see test.h. */
#include "test.h"

#include <string.h>

/* The lines of @text, each behind @prefix. */
static void lines(const char *prefix, const char *text)
{
	while (text && *text) {
		size_t n = strcspn(text, "\n");

		printf("%s%.*s\n", prefix, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

#define IOCTLS_SHOWN 20

/* The last of the script's ioctls. */
static void show_ioctls(const char *prefix, const struct result *result)
{
	const char *text = result->ioctls;
	unsigned int nr = 0;
	char inside[32];

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		nr++;
	for (; nr > IOCTLS_SHOWN; nr--)
		text = strchr(text, '\n') + 1;
	printf("%sits %s%u ioctls (seconds, object, ioctl = result):\n", prefix,
	       result->nr_ioctls > nr ? "last " : "", nr);
	snprintf(inside, sizeof(inside), "%s  ", prefix);
	lines(inside, text);
}

/* All that helps to understand a failure, each line behind @prefix. */
static void diagnose(const char *prefix, const struct test *test, const struct result *result,
		     const char *host)
{
	lines(prefix, test->broken);
	lines(prefix, result->output);
	if (test->broken)
		return;
	if (result->kernel) {
		printf("%sthe kernel's log:\n", prefix);
		lines(prefix, result->kernel);
	}
	if (result->verdict == VERDICT_BROKEN)
		return;
	printf("%son %s\n", prefix, host);
	if (test->b.fixes[0])
		printf("%sabout: %s%s%s\n", prefix, test->b.fixes,
		       test->b.since[0] ? ", since Linux " : "", test->b.since);
	if (result->ioctls)
		show_ioctls(prefix, result);
}

static bool good(const struct result *result)
{
	return result->verdict == VERDICT_PASS || result->verdict == VERDICT_SKIP;
}

/* ---- KTAP (the kernel's Documentation/dev-tools/ktap.rst) ---- */

static void ktap_begin(unsigned int tests)
{
	printf("KTAP version 1\n1..%u\n", tests);
	fflush(stdout);
}

/* A name or reason must not look like a directive. */
static void ktap_text(const char *text)
{
	for (; *text; text++)
		putchar(*text == '#' || *text == '\n' ? ' ' : *text);
}

static void ktap_result(unsigned int number, const struct test *test, const struct result *result,
			const char *host, bool verbose)
{
	static const char *const directives[VERDICTS] = {
		[VERDICT_SKIP] = "SKIP",
		[VERDICT_HANG] = "TIMEOUT",
		[VERDICT_CRASH] = "ERROR",
		[VERDICT_BROKEN] = "ERROR",
	};
	const char *directive = directives[result->verdict];

	if (!good(result))
		diagnose("# ", test, result, host);
	else if (verbose)
		lines("# ", result->output);
	if (result->verdict == VERDICT_FAIL)
		printf("# %s\n", result->reason);
	printf("%s %u ", good(result) ? "ok" : "not ok", number);
	ktap_text(test->b.id);
	if (directive) {
		printf(" # %s ", directive);
		ktap_text(result->reason);
	}
	putchar('\n');
	fflush(stdout);
}

static void ktap_end(const struct totals *t)
{
	unsigned int error = t->nr[VERDICT_CRASH] + t->nr[VERDICT_HANG] + t->nr[VERDICT_BROKEN];
	unsigned int total = 0;

	for (int v = 0; v < VERDICTS; v++)
		total += t->nr[v];
	printf("# Totals: pass:%u fail:%u skip:%u error:%u total:%u\n", t->nr[VERDICT_PASS],
	       t->nr[VERDICT_FAIL], t->nr[VERDICT_SKIP], error, total);
}

/* ---- text ---- */

static const char *const words[VERDICTS] = {
	[VERDICT_PASS] = "pass",     [VERDICT_FAIL] = "FAIL",	[VERDICT_SKIP] = "skip",
	[VERDICT_BROKEN] = "BROKEN", [VERDICT_CRASH] = "CRASH", [VERDICT_HANG] = "HANG",
};

static void pretty_begin(unsigned int tests)
{
}

static void pretty_result(unsigned int number, const struct test *test, const struct result *result,
			  const char *host, bool verbose)
{
	printf("%-6s  %-32s %7.3f s  %s\n", words[result->verdict], test->b.id, result->seconds,
	       result->verdict == VERDICT_PASS ? test->b.title : result->reason);
	if (!good(result))
		diagnose("        ", test, result, host);
	else if (verbose)
		lines("        ", result->output);
	fflush(stdout);
}

static void pretty_end(const struct totals *t)
{
	const char *comma = "";

	for (int v = 0; v < VERDICTS; v++) {
		if (v > VERDICT_SKIP && !t->nr[v])
			continue;
		printf("%s%u %s", comma, t->nr[v], words[v]);
		comma = ", ";
	}
	putchar('\n');
}

const struct report report_ktap = {"ktap", ktap_begin, ktap_result, ktap_end};
const struct report report_pretty = {"pretty", pretty_begin, pretty_result, pretty_end};
