/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of results to other programs: JSON, and XML as JUnit has it; see test.h. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "json.h"
#include "msg.h"

#define REPORT_SCHEMA 1

/* The words of a verdict; docs/scripts.md has them. */
static const char *const words[VERDICTS] = {
	[VERDICT_PASS] = "pass",     [VERDICT_FAIL] = "fail",	[VERDICT_SKIP] = "skip",
	[VERDICT_BROKEN] = "broken", [VERDICT_CRASH] = "crash", [VERDICT_HANG] = "hang",
};

/* ---- JSON ---- */

static struct json *report, *report_tests;

static void json_begin(unsigned int tests)
{
	report = json_object();
	json_set(report, "schema", json_number(REPORT_SCHEMA));
	json_set(report, "arch", json_string("%s", arch_name));
	report_tests = json_set(report, "tests", json_array());
}

/* A member only if there is something to say. Output may have any bytes; JSON may not. */
static void set_text(struct json *to, const char *key, const char *text)
{
	char *clean, *end;

	if (!text || !*text)
		return;
	clean = end = malloc(strlen(text) + 1);
	if (!clean) {
		json_set(to, key, NULL);
		return;
	}
	while (*text) {
		unsigned int n = json_utf8_length(text);

		if (n) {
			memcpy(end, text, n);
			end += n;
		} else {
			*end++ = '?';
		}
		text += n ? n : 1;
	}
	*end = '\0';
	json_set(to, key, json_string("%s", clean));
	free(clean);
}

static struct json *lines_json(const char *text)
{
	struct json *list = json_array();

	while (*text) {
		size_t n = strcspn(text, "\n");

		json_add(list, json_string("%.*s", (int)n, text));
		text += n + (text[n] == '\n');
	}
	return list;
}

static void json_result(unsigned int number, const struct test *test, const struct result *result,
			const char *host, bool verbose)
{
	struct json *t = json_add(report_tests, json_object());

	if (number == 1)
		set_text(report, "host", host);
	set_text(t, "id", test->b.id);
	set_text(t, "title", test->b.title);
	json_set(t, "verdict", json_string("%s", words[result->verdict]));
	set_text(t, "reason", result->reason);
	json_set(t, "milliseconds", json_number((long long)(result->seconds * 1000 + 0.5)));
	set_text(t, "needs", test->b.needs);
	set_text(t, "fixes", test->b.fixes);
	set_text(t, "since", test->b.since);
	set_text(t, "output", test->broken ? test->broken : result->output);
	set_text(t, "kernel_log", result->kernel);
	if (result->ioctls && result->verdict != VERDICT_PASS && result->verdict != VERDICT_SKIP)
		json_set(t, "ioctls", lines_json(result->ioctls));
}

static void json_end(const struct totals *totals)
{
	struct json *t = json_set(report, "totals", json_object());

	for (int v = 0; v < VERDICTS; v++)
		json_set(t, words[v], json_number(totals->nr[v]));
	if (json_write(stdout, report))
		msg_error("the report cannot be written");
	json_free(report);
}

void list_json(const struct tests *tests)
{
	struct json *list, *out = json_object();

	json_set(out, "schema", json_number(REPORT_SCHEMA));
	list = json_set(out, "behaviours", json_array());
	for (unsigned int i = 0; i < tests->nr; i++) {
		const struct behaviour *b = &tests->list[i].b;
		const struct {
			const char *key, *text;
		} members[] = {
			{"id", b->id},	     {"title", b->title},
			{"arch", b->arch},   {"needs", b->needs},
			{"tags", b->tags},   {"fixes", b->fixes},
			{"since", b->since}, {"seen_failing", b->seen_failing},
			{"path", b->path},
		};
		struct json *one;

		if (tests->list[i].broken)
			continue;
		one = json_add(list, json_object());
		for (unsigned int k = 0; k < sizeof(members) / sizeof(members[0]); k++)
			set_text(one, members[k].key, members[k].text);
	}
	if (json_write(stdout, out))
		msg_error("the list cannot be written");
	json_free(out);
}

/* ---- JUnit ---- */

static FILE *cases;
static char *cases_text;
static size_t cases_size;
static double cases_seconds;

/* XML 1.0 has no way to say most control characters, and is UTF-8 here. */
static void xml(FILE *out, const char *text)
{
	static const char *const entities[128] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;"};

	while (*text) {
		unsigned char c = (unsigned char)*text;
		unsigned int n = json_utf8_length(text);

		if (c < 128 && entities[c])
			fputs(entities[c], out);
		else if (!n || (c < 32 && c != '\n' && c != '\t'))
			fputc('?', out);
		else
			fwrite(text, 1, n, out);
		text += n ? n : 1;
	}
}

static void attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	xml(out, value);
	fputc('"', out);
}

static void junit_begin(unsigned int tests)
{
	cases_seconds = 0;
	cases = open_memstream(&cases_text, &cases_size);
}

/* What happened, as the text of <failure> or <error>. */
static void junit_details(const struct test *test, const struct result *result, const char *host)
{
	const char *texts[] = {test->broken, result->output, result->kernel, host, result->ioctls};

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i]) {
			xml(cases, texts[i]);
			fputc('\n', cases);
		}
	}
}

static void junit_result(unsigned int number, const struct test *test, const struct result *result,
			 const char *host, bool verbose)
{
	const char *element = result->verdict == VERDICT_FAIL ? "failure" : "error";

	if (!cases)
		return;
	cases_seconds += result->seconds;
	fputs("    <testcase", cases);
	attribute(cases, "classname", "kvmbed");
	attribute(cases, "name", test->b.id);
	fprintf(cases, " time=\"%.3f\"", result->seconds);
	if (result->verdict == VERDICT_PASS) {
		fputs("/>\n", cases);
		return;
	}
	fputs(">\n      <", cases);
	if (result->verdict == VERDICT_SKIP) {
		fputs("skipped", cases);
		attribute(cases, "message", result->reason);
		fputs("/>\n", cases);
	} else {
		fputs(element, cases);
		attribute(cases, "type", words[result->verdict]);
		attribute(cases, "message", result->reason);
		fputc('>', cases);
		junit_details(test, result, host);
		fprintf(cases, "</%s>\n", element);
	}
	fputs("    </testcase>\n", cases);
}

static void junit_end(const struct totals *t)
{
	unsigned int errors = t->nr[VERDICT_CRASH] + t->nr[VERDICT_HANG] + t->nr[VERDICT_BROKEN];
	unsigned int total = 0;

	if (!cases || fclose(cases)) {
		msg_error("no memory for the report");
		return;
	}
	for (int v = 0; v < VERDICTS; v++)
		total += t->nr[v];
	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	       "  <testsuite name=\"kvmbed\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" "
	       "time=\"%.3f\">\n%s  </testsuite>\n</testsuites>\n",
	       total, t->nr[VERDICT_FAIL], errors, t->nr[VERDICT_SKIP], cases_seconds, cases_text);
	free(cases_text);
	cases = NULL;
}

const struct report report_json = {"json", json_begin, json_result, json_end};
const struct report report_junit = {"junit", junit_begin, junit_result, junit_end};
