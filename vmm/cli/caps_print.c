/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of `kvmbed caps` as text for people, and what its sections are called; see caps.h. */
#include "caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 100

static const char *without(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) ? name : name + len;
}

/* A plain value in a person's words. */
static const char *words(const struct json *json)
{
	if (!json || json->kind == JSON_NULL)
		return "unknown";
	if (json->kind == JSON_BOOL)
		return json->boolean ? "yes" : "no";
	return json->text ? json->text : "";
}

static int longest_key(const struct json *object, const char *prefix)
{
	int longest = 0;

	for (const struct json *item = object->first; item; item = item->next) {
		int len = (int)strlen(without(item->key, prefix));

		longest = len > longest ? len : longest;
	}
	return longest;
}

/*
 * Is @b what @a is but for a number that is one more? "DBGBVR9_EL1" and
 * "DBGBVR10_EL1". Not so what is all numbers: "S3_0_C0_C3_3", a register without a name.
 */
static bool follows(const char *a, const char *b)
{
	size_t at = 0;
	unsigned long x, y;
	char *end_a, *end_b;

	if (a[0] == 'S' && a[1] >= '0' && a[1] <= '9' && a[2] == '_')
		return false;
	while (a[at] && a[at] == b[at])
		at++;
	while (at && a[at - 1] >= '0' && a[at - 1] <= '9')
		at--;
	if (a[at] < '0' || a[at] > '9' || b[at] < '0' || b[at] > '9')
		return false;
	x = strtoul(a + at, &end_a, 10);
	y = strtoul(b + at, &end_b, 10);
	return y == x + 1 && !strcmp(end_a, end_b);
}

/* Names to be printed; those that a printed row stands for are struck out. */
struct names {
	const char **list;
	size_t nr;
};

/*
 * Strikes out those that number on from name @from, wherever they are ("X0",
 * "X1"...), and returns the last of them. NULL, and nothing struck out, if
 * there are fewer than three in all.
 */
static const char *take_row(struct names *names, size_t from)
{
	const char *last = NULL;
	size_t found = 1;

	for (int pass = 0; pass < 2; pass++) {
		last = names->list[from];
		for (size_t i = from + 1; i < names->nr; i++) {
			if (!names->list[i] || !follows(last, names->list[i]))
				continue;
			last = names->list[i];
			if (pass)
				names->list[i] = NULL;
			else
				found++;
		}
		if (found < 3)
			return NULL;
	}
	return last;
}

/* Names side by side; a long entry takes several columns. */
static void columns(FILE *out, const struct json *object)
{
	int width = longest_key(object, "") + 2, at = 0, gap = 0;
	struct names names = {calloc(json_count(object) + 1, sizeof(char *)), 0};
	char text[160];

	for (const struct json *item = object->first; names.list && item; item = item->next)
		names.list[names.nr++] = item->key;
	for (size_t i = 0; i < names.nr; i++) {
		const char *last = names.list[i] ? take_row(&names, i) : NULL;
		int len, room;

		if (!names.list[i])
			continue;
		len = snprintf(text, sizeof(text), "%s%s%s", names.list[i], last ? " to " : "",
			       last ? last : "");
		room = (len + 2 + width - 1) / width * width;
		if (at && at + room > WIDTH) {
			fputc('\n', out);
			at = 0;
		}
		fprintf(out, "%*s%s", at ? gap : 4, "", text);
		gap = room - len;
		at += room;
	}
	if (at)
		fputc('\n', out);
	free(names.list);
}

/* Words one after the other, with line ends where they are due. */
static void wrapped(FILE *out, int indent, int *at, const char *word)
{
	int len = (int)strlen(word) + 1;

	if (*at + len > WIDTH) {
		fprintf(out, "\n%*s", indent, "");
		*at = indent;
	}
	fprintf(out, " %s", word);
	*at += len;
}

static void print_plain(FILE *out, const struct json *section, bool all)
{
	int width = longest_key(section, "");

	for (const struct json *item = section->first; item; item = item->next)
		fprintf(out, "  %-*s  %s\n", width, item->key, words(item));
}

/* Lists on one line, and the parameters of modules wrapped. */
static void print_backend(FILE *out, const struct json *section, bool all)
{
	int width = longest_key(section, ""), at;
	char text[512];

	for (const struct json *item = section->first; item; item = item->next) {
		fprintf(out, "  %-*s ", width, item->key);
		at = width + 3;
		if (!item->first)
			fprintf(out, " %s", words(item));
		for (const struct json *in = item->first; in; in = in->next) {
			snprintf(text, sizeof(text), "%s%s%s%s", in->key ? in->key : "",
				 in->key ? "=" : "", words(in), !in->key && in->next ? "," : "");
			wrapped(out, width + 3, &at, text);
		}
		fputc('\n', out);
	}
}

static bool is_zero(const struct json *json)
{
	long long value;

	return !json_integer(json, &value) || !value;
}

static void print_capabilities(FILE *out, const struct json *section, bool all)
{
	int width = longest_key(section, "KVM_CAP_");

	for (const struct json *item = section->first; item; item = item->next) {
		const struct json *kvm = json_get(item, "kvm"), *vm = json_get(item, "vm");
		long long value;
		bool differ = vm && vm->kind != JSON_NULL && strcmp(words(kvm), words(vm)) != 0;

		if (!all && is_zero(kvm) && is_zero(vm))
			continue;
		fprintf(out, "  %-*s  %10s", width, without(item->key, "KVM_CAP_"),
			words(differ ? vm : kvm));
		/* Large ones are often masks. */
		if (json_integer(differ ? vm : kvm, &value) && value > 0xff)
			fprintf(out, "  0x%llx", value);
		if (differ)
			fprintf(out, "  (/dev/kvm says %s)", words(kvm));
		fputc('\n', out);
	}
}

static void print_registers(FILE *out, const struct json *section, bool all)
{
	for (const struct json *set = section->first; set; set = set->next) {
		const struct json *names = json_get(set, "names");
		long long count;
		const struct json *absent = json_get(set, "absent");

		if (absent) {
			fprintf(out, "  %s: not here (%s)\n", set->key, words(absent));
			continue;
		}
		fprintf(out, "  %s: %s registers", set->key, words(json_get(set, "count")));
		/* A further set names only what the first does not have. */
		if (set != section->first && json_integer(json_get(set, "count"), &count) &&
		    json_count(names) != (size_t)count)
			fprintf(out, ", of which %s does not have", section->first->key);
		fputs("\n", out);
		if (names)
			columns(out, names);
	}
}

static void print_devices(FILE *out, const struct json *section, bool all)
{
	int width = longest_key(section, "KVM_DEV_TYPE_");

	for (const struct json *item = section->first; item; item = item->next) {
		const struct json *there = json_get(item, "there");
		const struct json *error = json_get(item, "error");

		if (!all && !error && there && !there->boolean)
			continue;
		fprintf(out, "  %-*s  %s%s%s\n", width, without(item->key, "KVM_DEV_TYPE_"),
			words(there), error ? ": " : "", error ? words(error) : "");
	}
}

static void print_probes(FILE *out, const struct json *section, bool all)
{
	int width = longest_key(section, "");

	for (const struct json *item = section->first; item; item = item->next) {
		const char *detail = words(json_get(item, "detail"));

		fprintf(out, "  %-*s  %-5s  %s%s%s%s\n", width, item->key,
			words(json_get(item, "result")), words(json_get(item, "question")),
			*detail ? " [" : "", detail, *detail ? "]" : "");
	}
}

static const struct {
	const char *name, *title;
	void (*print)(FILE *out, const struct json *section, bool all);
} sections[CAPS_SECTIONS] = {
	[CAPS_KERNEL] = {"kernel", "Kernel", print_plain},
	[CAPS_BACKEND] = {"backend", "Back-end", print_backend},
	[CAPS_CAPABILITIES] = {"capabilities", "Capabilities", print_capabilities},
	[CAPS_REGISTERS] = {"registers", "Registers", print_registers},
	[CAPS_DEVICES] = {"devices", "Devices", print_devices},
	[CAPS_LIMITS] = {"limits", "Limits", print_plain},
	[CAPS_PROBES] = {"probes", "Quirks, probed", print_probes},
};

const char *caps_section_name(enum caps_section section)
{
	return sections[section].name;
}

int caps_section_number(const char *name)
{
	for (int i = 0; i < CAPS_SECTIONS; i++) {
		if (!strcmp(sections[i].name, name))
			return i;
	}
	return -EINVAL;
}

/* How many members a section has for which a VM, or without one /dev/kvm, answers yes. */
static void print_count(FILE *out, const struct json *section, bool all)
{
	unsigned int there = 0;

	for (const struct json *item = section->first; item; item = item->next)
		there += !is_zero(json_get(item, "kvm")) || !is_zero(json_get(item, "vm"));
	fprintf(out, " (%u of %zu%s)", there, json_count(section),
		all ? "" : "; --all shows the rest");
}

void caps_print(FILE *out, const struct json *report, bool all)
{
	const char *gap = "";

	for (int i = 0; i < CAPS_SECTIONS; i++) {
		const struct json *section = json_get(report, sections[i].name);

		if (!section)
			continue;
		fprintf(out, "%s%s", gap, sections[i].title);
		if (i == CAPS_CAPABILITIES)
			print_count(out, section, all);
		fputc('\n', out);
		sections[i].print(out, section, all);
		gap = "\n";
	}
}
