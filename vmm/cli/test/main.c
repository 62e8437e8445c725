/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmbed-test: what `kvmbed test` starts. A program of its own, so that `kvmbed run` does not pay for Lua. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch.h"
#include "cli/caps.h"
#include "json.h"
#include "kvm.h"
#include "msg.h"
#include "options.h"
#include "outcome.h"
#include "test.h"

#define DEFAULT_TIMEOUT 30

struct options {
	const struct report *report;
	struct run_options run;
	const char *trace;
	const char *skeleton, *tag;
	bool help, list, no_skip, verbose, bisect;
};

/* ---- options ---- */

static const char *set_format(void *target, const char *value)
{
	static const struct report *const reports[] = {&report_ktap, &report_junit, &report_json,
						       &report_pretty};

	for (unsigned int i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		if (!strcmp(reports[i]->name, value)) {
			((struct options *)target)->report = reports[i];
			return NULL;
		}
	}
	return "must be ktap, junit, json or pretty";
}

static const char *set_list(void *target, const char *value)
{
	((struct options *)target)->list = true;
	return NULL;
}

static const char *set_no_skip(void *target, const char *value)
{
	((struct options *)target)->no_skip = true;
	return NULL;
}

static const char *set_bisect(void *target, const char *value)
{
	((struct options *)target)->bisect = true;
	return NULL;
}

static const char *set_tag(void *target, const char *value)
{
	((struct options *)target)->tag = value;
	return NULL;
}

static const char *set_new(void *target, const char *value)
{
	if (!*value || value[strlen(value) - 1] == '/')
		return "must be a name, for example mine";
	((struct options *)target)->skeleton = value;
	return NULL;
}

static const char *set_repeat(void *target, const char *value)
{
	struct options *o = target;

	if (parse_u64(value, &o->run.repeat) || !o->run.repeat || o->run.repeat > 1000000)
		return "must be from 1 to 1000000";
	return NULL;
}

static const char *set_jobs(void *target, const char *value)
{
	uint64_t jobs;

	if (parse_u64(value, &jobs) || !jobs || jobs > MOST_JOBS)
		return "must be from 1 to 64";
	((struct options *)target)->run.jobs = (unsigned int)jobs;
	return NULL;
}

static const char *set_verbose(void *target, const char *value)
{
	((struct options *)target)->verbose = true;
	return NULL;
}

static const char *set_timeout(void *target, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (*end || end == value || !(seconds > 0) || seconds > 1e6)
		return "must be a number of seconds above 0";
	((struct options *)target)->run.timeout = seconds;
	return NULL;
}

static const char *set_trace(void *target, const char *value)
{
	((struct options *)target)->trace = value ? value : "";
	return NULL;
}

static const char *set_inject(void *target, const char *value)
{
	const char *why = NULL;

	return kvm_inject(value, &why) ? why : NULL;
}

static const char *set_help(void *target, const char *value)
{
	((struct options *)target)->help = true;
	return NULL;
}

static const struct option_desc test_options[] = {
	{"list", 'l', NULL,
	 "show the behaviours: id, needs, title; with -f json all of their headers", set_list},
	{"format", 'f', "FORMAT", "ktap (default), junit, json, or pretty for people", set_format},
	{"tag", 0, "TAG", "of those named, the ones with this tag", set_tag},
	{"no-skip", 0, NULL, "what is skipped has failed", set_no_skip},
	{"jobs", 'j', "N", "run N at once (default 1)", set_jobs},
	{"repeat", 'r', "N", "run each N times, or until it does not pass", set_repeat},
	{"bisect", 0, NULL, "exit status for git bisect run: 0 good, 1 bad, 125 cannot tell",
	 set_bisect},
	{"new", 0, "NAME", "write NAME.lua, a behaviour to begin with", set_new},
	{"timeout", 't', "SECONDS", "for a behaviour that does not say (default 30)", set_timeout},
	{"verbose", 'v', NULL, "show what passing scripts print, too", set_verbose},
	{"trace", 0, "[=FILE]", "print every KVM ioctl, decoded, with its result", set_trace},
	{"inject", 0, "IOCTL:ERRNO[:N]", "make the N-th such ioctl of each behaviour fail",
	 set_inject},
	{"help", 'h', NULL, "this help", set_help},
	{NULL, 0, NULL, NULL, NULL},
};

static void help(void)
{
	printf("usage: kvmbed test [OPTIONS] [ID|GLOB|FILE|DIR...]\n"
	       "Runs behaviours: scripts that say how KVM must behave. All of this architecture,\n"
	       "those with an id (x86/sregs2-flags), in a folder of them (x86), matching a pattern\n"
	       "('*/mem*'), a script (./mine.lua), or all scripts in a folder (./mine/).\n"
	       "docs/scripts.md tells how to write one.\n\n");
	options_help(stdout, test_options);
	printf("\nExit status: 0 all passed or were skipped, 1 one failed, crashed or hung, 2 usage, or\n"
	       "a script is wrong in itself, 3 no /dev/kvm, 4 everything was skipped. With --bisect\n"
	       "125 for whatever is neither good nor bad.\n");
}

/* ---- what the engine asks ---- */

static const char *check_key(const char *text)
{
	struct caps_key key;

	return caps_key_parse(text, &key);
}

/* Questions of ours are no part of what a behaviour does: --inject does not touch them. */
static int has(const char *text, char *why, size_t size)
{
	static const int answers[] = {[STATUS_PASS] = 1, [STATUS_FAIL] = 0, [STATUS_HOST] = -1};
	struct caps_key key;
	struct json *report;
	const char *because, *bad = caps_key_parse(text, &key);
	int kvm_fd = -1, answer;

	if (bad) {
		snprintf(why, size, "%s", bad);
		return -1;
	}
	kvm_inject_hold(true);
	if (caps_key_needs_kvm(&key))
		kvm_fd = kvm_open();
	report = caps_collect(kvm_fd, 1u << caps_key_section(&key), key.name);
	kvm_inject_hold(false);
	answer = answers[caps_key_judge(&key, report, &because)];
	snprintf(why, size, "%s", because);
	json_free(report);
	kvm_close(kvm_fd);
	return answer;
}

/* Leaves @name alone where there is no KVM. */
static void find_backend(char *name, size_t size)
{
	struct json *report;
	const char *text;
	int kvm_fd;

	if (access("/dev/kvm", R_OK | W_OK))
		return;
	kvm_inject_hold(true);
	kvm_fd = kvm_open();
	report = kvm_fd < 0 ? NULL : caps_collect(kvm_fd, 1u << CAPS_BACKEND, NULL);
	kvm_inject_hold(false);
	if (kvm_fd < 0)
		return;
	text = json_text(json_get(json_get(report, "backend"), "name"));
	snprintf(name, size, "%s", text ? text : "unknown");
	json_free(report);
	kvm_close(kvm_fd);
}

/* ---- */

/* The output may be a full disk or a closed pipe. */
static int printed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	msg_error("cannot write the output: %s", strerror(errno));
	return STATUS_HOST;
}

static int list(const struct tests *tests, bool json)
{
	int status = STATUS_PASS;

	for (unsigned int i = 0; i < tests->nr; i++) {
		const struct test *t = &tests->list[i];

		if (t->broken) {
			msg_error("%s", t->broken);
			status = STATUS_USAGE;
			continue;
		}
		if (!json)
			printf("%-32s %-24s %s\n", t->b.id, t->b.needs[0] ? t->b.needs : "-",
			       t->b.title);
	}
	if (json)
		list_json(tests);
	return printed(status);
}

/* For a bisection a skip is no pass, and an error in a script no failure. */
static int bisect_status(const struct totals *t)
{
	if (t->nr[VERDICT_FAIL] || t->nr[VERDICT_CRASH] || t->nr[VERDICT_HANG])
		return STATUS_FAIL;
	return t->nr[VERDICT_PASS] && !t->nr[VERDICT_SKIP] && !t->nr[VERDICT_BROKEN]
		       ? STATUS_PASS
		       : STATUS_UNKNOWN;
}

static int status_of(const struct totals *t)
{
	if (t->nr[VERDICT_FAIL] || t->nr[VERDICT_CRASH] || t->nr[VERDICT_HANG])
		return STATUS_FAIL;
	if (t->nr[VERDICT_BROKEN])
		return STATUS_USAGE;
	return t->nr[VERDICT_PASS] ? STATUS_PASS : STATUS_SKIP;
}

/* Results come as they come, and are told in the order of the tests. */
struct telling {
	const struct tests *tests;
	const struct options *options;
	const char *host;
	struct result *results;
	bool *there;
	unsigned int told;
	bool trace_lost;
	struct totals totals;
};

static void tell(void *ctx, unsigned int index, struct result *result)
{
	struct telling *t = ctx;

	if (result->verdict == VERDICT_SKIP && t->options->no_skip)
		result->verdict = VERDICT_FAIL;
	t->trace_lost |= result->trace_lost;
	t->results[index] = *result;
	t->there[index] = true;
	progress_clear();
	for (; t->told < t->tests->nr && t->there[t->told]; t->told++) {
		struct result *r = &t->results[t->told];

		t->options->report->result(t->told + 1, &t->tests->list[t->told], r, t->host,
					   t->options->verbose);
		t->totals.nr[r->verdict]++;
		free(r->output);
		free(r->kernel);
		free(r->ioctls);
	}
}

static void tell_running(void *ctx, unsigned int index, uint64_t round, double seconds)
{
	struct telling *t = ctx;

	progress_show(t->told + 1, t->tests->nr, t->tests->list[index].b.id, round, seconds);
}

static int run_all(struct engine *engine, const struct tests *tests, const struct options *o,
		   const char *host)
{
	struct telling t = {.tests = tests, .options = o, .host = host};
	struct run_options run = o->run;
	int status = STATUS_HOST;

	t.results = calloc(tests->nr + 1, sizeof(*t.results));
	t.there = calloc(tests->nr + 1, sizeof(*t.there));
	if (!t.results || !t.there) {
		msg_error("no memory for the results");
	} else {
		kernel_trouble(); /* what is there by now is nobody's */
		o->report->begin(tests->nr);
		run.running = progress_wanted() ? tell_running : NULL;
		if (!tests_run(engine, tests, &run, tell, &t)) {
			o->report->end(&t.totals);
			status = printed(o->bisect ? bisect_status(&t.totals)
						   : status_of(&t.totals));
			if (t.trace_lost) {
				msg_error(
					"the trace is not complete: it could not be written to %s",
					*o->trace ? o->trace : "standard error");
				status = STATUS_HOST;
			}
		}
	}
	free(t.results);
	free(t.there);
	return status;
}

static const char skeleton[] =
	"behaviour {\n"
	"\tid = \"%s\",\n"
	"\ttitle = \"What KVM must do, in a sentence\",\n"
	"\t-- arch = \"%s\",                 without it: for every architecture\n"
	"\t-- needs = cap.NR_MEMSLOTS,      or a key of `kvmbed caps --has`, or a list of them\n"
	"\t-- fixes = \"the patch's subject\", since = \"6.1\",\n"
	"\t-- seen_failing = \"where, or how, this was seen to fail\",\n"
	"}\n"
	"\n"
	"-- Each ioctl is a method, by its name in small letters: KVM_CHECK_EXTENSION, KVM_GET_MP_STATE.\n"
	"local vm = kvm.vm()\n"
	"local vcpu = vm:vcpu(0)\n"
	"expect(vm:check_extension(cap.NR_MEMSLOTS) > 0, \"every host has memslots\")\n"
	"\n"
	"-- Structs have their fields, and the last argument of an expectation is its reason.\n"
	"local slot = struct(\"kvm_userspace_memory_region\", {slot = 0, memory_size = 1})\n"
	"expect_errno(\"EINVAL\", vm.set_user_memory_region, vm, slot, \"one byte is no page\")\n"
	"\n"
	"-- docs/scripts.md has the rest: memory, guest code, registers, threads.\n";

static int write_skeleton(const char *name)
{
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	char path[4096], id[256];
	FILE *out;
	int n = (int)strlen(base);

	if (n > 4 && !strcmp(base + n - 4, ".lua"))
		n -= 4;
	snprintf(id, sizeof(id), "%.*s", n, base);
	snprintf(path, sizeof(path), "%.*s%.*s.lua", (int)(base - name), name, n, base);
	out = fopen(path, "wxe");
	if (!out || fprintf(out, skeleton, id, arch_name) < 0 || fclose(out)) {
		msg_error("cannot write %s: %s", path, strerror(errno));
		return STATUS_USAGE;
	}
	printf("%s: run it with `kvmbed test %s`\n", path, path);
	return printed(STATUS_PASS);
}

/* Whether /dev/kvm can be had, if a test wants it; says so if not. */
static bool host_will_do(const struct tests *tests)
{
	bool wanted = false;
	int kvm_fd;

	for (unsigned int i = 0; i < tests->nr; i++)
		wanted |= !tests->list[i].broken && !tests->list[i].b.no_kvm;
	if (!wanted)
		return true;
	kvm_inject_hold(true);
	kvm_fd = kvm_open();
	kvm_inject_hold(false);
	kvm_close(kvm_fd);
	return kvm_fd >= 0;
}

static int run_tests(struct options *o, char **operands, int nr)
{
	char backend[64] = "none", host[256];
	struct engine_host above = {.backend = backend, .has = has, .check_key = check_key};
	struct engine *engine;
	struct tests tests = {0};
	struct utsname uts;
	int status = STATUS_USAGE;

	if (!o->list)
		find_backend(backend, sizeof(backend));
	snprintf(host, sizeof(host), "Linux %s, %s, back-end %s",
		 uname(&uts) ? "unknown" : uts.release, arch_name, backend);
	engine = engine_new(&above);
	if (!engine)
		return STATUS_HOST;
	if (!tests_select(&tests, engine, operands, nr, o->tag)) {
		if (o->list)
			status = list(&tests, o->report == &report_json);
		else
			status = host_will_do(&tests) ? run_all(engine, &tests, o, host)
						      : STATUS_HOST;
	}
	tests_free(&tests);
	engine_free(engine);
	return status;
}

int main(int argc, char **argv)
{
	const struct option_desc *const tables[] = {test_options, NULL};
	struct options o = {.report = &report_ktap, .run = {.timeout = DEFAULT_TIMEOUT, .jobs = 1}};
	int first = options_parse(argc, argv, tables, &o), status;

	if (first < 0)
		return STATUS_USAGE;
	if (o.help) {
		help();
		return printed(STATUS_PASS);
	}
	if (o.skeleton)
		return write_skeleton(o.skeleton);
	if (o.trace) {
		/* Not by its name: that would begin a file anew that others append to. */
		o.run.trace =
			*o.trace ? fopen(o.trace, "we") : fdopen(fcntl(2, F_DUPFD_CLOEXEC, 3), "w");
		if (!o.run.trace) {
			msg_error("cannot write the trace to %s: %s", o.trace, strerror(errno));
			return STATUS_USAGE;
		}
		setlinebuf(o.run.trace);
	}
	status = run_tests(&o, argv + first, argc - first);
	if (o.run.trace && fclose(o.run.trace) && status == STATUS_PASS) {
		msg_error("cannot write the trace to %s: %s", o.trace, strerror(errno));
		status = STATUS_HOST;
	}
	return status;
}
