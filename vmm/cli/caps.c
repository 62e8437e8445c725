/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmbed caps`: what this host's KVM is and can do; options in, text or JSON out. */
#include "caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "cli.h"
#include "kvm.h"
#include "msg.h"
#include "outcome.h"

#define MAX_KEYS 32

struct caps {
	bool help, list_keys, diff, json, all;
	const char *has[8]; /* as given, each a list */
	unsigned int nr_has;
};

static const char *set_json(void *target, const char *value)
{
	((struct caps *)target)->json = true;
	return NULL;
}

static const char *set_all(void *target, const char *value)
{
	((struct caps *)target)->all = true;
	return NULL;
}

static const char *set_diff(void *target, const char *value)
{
	((struct caps *)target)->diff = true;
	return NULL;
}

static const char *set_has(void *target, const char *value)
{
	struct caps *caps = target;

	if (caps->nr_has == sizeof(caps->has) / sizeof(caps->has[0]))
		return "is one too many: join keys by commas";
	caps->has[caps->nr_has++] = value;
	return NULL;
}

static const char *set_list_keys(void *target, const char *value)
{
	((struct caps *)target)->list_keys = true;
	return NULL;
}

static const char *set_help(void *target, const char *value)
{
	((struct caps *)target)->help = true;
	return NULL;
}

static const struct option_desc caps_options[] = {
	{"json", 'j', NULL, "print the report as JSON (docs/caps.md)", set_json},
	{"all", 'a', NULL, "show capabilities and devices that are not there as well", set_all},
	{"diff", 'd', NULL, "compare two reports saved with --json: kvmbed caps --diff A B",
	 set_diff},
	{"has", 0, "KEY[,KEY...]",
	 "is all of this there? status 0 yes, 1 no, 2 no such key, 3 no KVM", set_has},
	{"list-keys", 0, NULL, "show the keys that --has knows", set_list_keys},
	{"help", 'h', NULL, "this help", set_help},
	{NULL, 0, NULL, NULL, NULL},
};

static void help(void)
{
	printf("usage: kvmbed caps [OPTIONS] [SECTION...]\n"
	       "       kvmbed caps --diff A.json B.json\n"
	       "       kvmbed caps --has KEY[,KEY...]\n"
	       "Shows what this host's KVM is: kernel, back-end, capabilities, registers, devices,\n"
	       "limits, and what it really does when probed.\n\nSections:");
	for (int i = 0; i < CAPS_SECTIONS; i++)
		printf(" %s", caps_section_name(i));
	printf("\n\n");
	options_help(stdout, caps_options);
	printf("\nExit status: 0 done (--diff: alike; --has: yes), 1 different, or no; 2 usage, bad file or\n"
	       "unknown key; 3 no /dev/kvm, or it cannot be told.\n");
}

/* The output may be a full disk or a closed pipe. */
static int printed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	msg_error("cannot write the output: %s", strerror(errno));
	return STATUS_HOST;
}

static int show(const struct caps *caps, unsigned int sections)
{
	int kvm_fd = kvm_open(), status = STATUS_PASS;
	struct json *report;

	if (kvm_fd < 0)
		return STATUS_HOST;
	report = caps_collect(kvm_fd, sections, NULL);
	kvm_close(kvm_fd);
	if (!caps->json) {
		caps_print(stdout, report, caps->all);
	} else if (json_write(stdout, report) == -ENOMEM) {
		msg_error("no memory for the report");
		status = STATUS_HOST;
	}
	json_free(report);
	return printed(status);
}

/* "A: Linux 6.1.0 (x86, svm)": which report is which. */
static void print_origin(const char *letter, const char *path, const struct json *report)
{
	const char *release = json_text(json_get(json_get(report, "kernel"), "release"));
	const char *name = json_text(json_get(json_get(report, "backend"), "name"));

	printf("%s: %s: %s, Linux %s, %s\n", letter, path, json_text(json_get(report, "arch")),
	       release ? release : "unknown", name ? name : "unknown");
}

static int compare(const char *path_a, const char *path_b)
{
	struct json *a = caps_load(path_a), *b = a ? caps_load(path_b) : NULL;
	int status = STATUS_USAGE;

	if (a && b) {
		print_origin("A", path_a, a);
		print_origin("B", path_b, b);
		status = printed(caps_diff(stdout, a, b) ? STATUS_FAIL : STATUS_PASS);
	}
	json_free(a);
	json_free(b);
	return status;
}

/* One key against what is now. */
static int ask(const char *text, const struct caps_key *key)
{
	static const char *const words[] = {
		[STATUS_PASS] = "yes", [STATUS_FAIL] = "no", [STATUS_HOST] = "cannot be told"};
	int kvm_fd = -1, status;
	struct json *report;
	const char *why;

	if (caps_key_needs_kvm(key)) {
		kvm_fd = kvm_open();
		if (kvm_fd < 0)
			return STATUS_HOST;
	}
	report = caps_collect(kvm_fd, 1u << caps_key_section(key), key->name);
	status = caps_key_judge(key, report, &why);
	printf("%s: %s%s%s%s\n", text, words[status], *why ? " (" : "", why, *why ? ")" : "");
	json_free(report);
	kvm_close(kvm_fd);
	return status;
}

struct asked {
	struct caps_key key;
	const char *text;
};

/*
 * All are taken apart before the first is decided, so that a mistyped key is
 * found whatever the host is. What follows another architecture's "arch:" is
 * that one's business, and not looked at.
 */
static int parse_keys(char *lists, struct asked *asked, unsigned int *nr)
{
	char *state = NULL;

	*nr = 0;
	for (char *text = strtok_r(lists, ",", &state); text; text = strtok_r(NULL, ",", &state)) {
		struct asked *a = &asked[*nr];
		const char *why = "is one too many";

		if (*nr < MAX_KEYS)
			why = caps_key_parse(text, &a->key);
		if (why) {
			msg_error("--has: %s: %s", text, why);
			return STATUS_USAGE;
		}
		a->text = text;
		(*nr)++;
		if (a->key.kind == KEY_ARCH && strcmp(a->key.name, arch_name) != 0)
			break;
	}
	if (*nr)
		return STATUS_PASS;
	msg_error("--has: no key given: see kvmbed caps --list-keys");
	return STATUS_USAGE;
}

/* Asks in the order given; the first that is not yes decides. */
static int has(const struct caps *caps)
{
	struct asked asked[MAX_KEYS];
	unsigned int nr;
	size_t size = 1;
	char *lists;
	int status;

	for (unsigned int i = 0; i < caps->nr_has; i++)
		size += strlen(caps->has[i]) + 1;
	lists = calloc(1, size);
	if (!lists) {
		msg_error("no memory for the keys");
		return STATUS_HOST;
	}
	for (unsigned int i = 0; i < caps->nr_has; i++) {
		strcat(lists, caps->has[i]);
		strcat(lists, ",");
	}
	status = parse_keys(lists, asked, &nr);
	for (unsigned int i = 0; status == STATUS_PASS && i < nr; i++)
		status = ask(asked[i].text, &asked[i].key);
	free(lists);
	return printed(status);
}

/* The mask of the sections named; 0 after a message. */
static unsigned int sections_of(int argc, char **argv)
{
	unsigned int sections = 0;

	for (int i = 0; i < argc; i++) {
		int number = caps_section_number(argv[i]);

		if (number < 0) {
			msg_error("there is no section `%s`: see kvmbed caps --help", argv[i]);
			return 0;
		}
		sections |= 1u << number;
	}
	return sections ? sections : CAPS_ALL_SECTIONS;
}

int cmd_caps(int argc, char **argv)
{
	const struct option_desc *const tables[] = {caps_options, NULL};
	struct caps caps = {0};
	unsigned int sections;
	int first = options_parse(argc, argv, tables, &caps);

	if (first < 0)
		return STATUS_USAGE;
	argc -= first;
	argv += first;
	if (caps.help) {
		help();
		return printed(STATUS_PASS);
	}
	if ((caps.nr_has > 0) + caps.diff + caps.json + caps.list_keys > 1) {
		msg_error("--json, --diff, --has and --list-keys exclude each other");
		return STATUS_USAGE;
	}
	if (caps.diff) {
		if (argc == 2)
			return compare(argv[0], argv[1]);
		msg_error("--diff wants two files, made with kvmbed caps --json");
		return STATUS_USAGE;
	}
	if ((caps.nr_has || caps.list_keys) && argc) {
		msg_error("%s takes no operands: %s", caps.nr_has ? "--has" : "--list-keys",
			  argv[0]);
		return STATUS_USAGE;
	}
	if (caps.list_keys) {
		caps_keys_list(stdout);
		return printed(STATUS_PASS);
	}
	if (caps.nr_has)
		return has(&caps);
	sections = sections_of(argc, argv);
	return sections ? show(&caps, sections) : STATUS_USAGE;
}
