/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of `kvmbed caps --has`: what they are called, and what a report says to them; see caps.h. */
#include "caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "host.h"
#include "kvm.h"
#include "outcome.h"

#define CAP_PREFIX    "KVM_CAP_"
#define DEVICE_PREFIX "KVM_DEV_TYPE_"

static const char *const arch_names[] = {"x86", "arm64", "riscv", NULL};

/* Splits "NAME>=VALUE"; the value, or NULL if there is no comparison. */
static const char *split(char *text, enum caps_key_op *op)
{
	char *at = text + strcspn(text, "<>=");
	size_t len = 1;

	*op = KEY_THERE;
	if (!*at)
		return NULL;
	if (*at == '=') {
		*op = KEY_EQUAL;
	} else if (at[0] == '>' && at[1] == '=') {
		*op = KEY_AT_LEAST;
		len = 2;
	} else if (*at == '<') {
		*op = KEY_BELOW;
	}
	*at = '\0';
	return *op == KEY_THERE ? "" : at + len;
}

static bool has_name(const char *const *names, const char *name)
{
	for (; *names; names++) {
		if (!strcmp(*names, name))
			return true;
	}
	return false;
}

static const char *parse_arch(struct caps_key *key, const char *value)
{
	return has_name(arch_names, key->name) ? NULL
					       : "names no architecture: x86, arm64 or riscv";
}

static const char *parse_backend(struct caps_key *key, const char *value)
{
	return has_name(arch_backends, key->name)
		       ? NULL
		       : "names no back-end of this architecture: see `kvmbed caps --list-keys`";
}

static const char *parse_kernel(struct caps_key *key, const char *value)
{
	if (!value || *value < '0' || *value > '9' ||
	    snprintf(key->release, sizeof(key->release), "%s", value) >= (int)sizeof(key->release))
		return "must be kernel>=, kernel= or kernel< and a version, such as kernel>=6.1";
	return NULL;
}

/* The header's name, from one with or without its prefix. */
static bool full_name(struct caps_key *key, enum kvm_names table, const char *prefix)
{
	char name[sizeof(key->name)];
	bool has_prefix = !strncmp(key->name, prefix, strlen(prefix));
	const char *first;
	long number;

	if (snprintf(name, sizeof(name), "%s%s", has_prefix ? "" : prefix, key->name) >=
	    (int)sizeof(name))
		return false;
	number = kvm_number(table, name);
	/* The report has the first of several names. */
	first = number < 0 ? NULL : kvm_name(table, number);
	if (first)
		snprintf(key->name, sizeof(key->name), "%s", first);
	return first != NULL;
}

static const char *parse_cap(struct caps_key *key, const char *value)
{
	char *end;

	if (!full_name(key, KVM_NAMES_CAP, CAP_PREFIX))
		return "names no capability that linux/kvm.h has: see `kvmbed caps --list-keys`";
	if (!value)
		return NULL;
	errno = 0;
	key->value = strtoll(value, &end, 0);
	return end == value || *end || errno ? "must compare with a number" : NULL;
}

static const char *parse_device(struct caps_key *key, const char *value)
{
	return full_name(key, KVM_NAMES_DEVICE, DEVICE_PREFIX)
		       ? NULL
		       : "names no device type that linux/kvm.h has: see `kvmbed caps --list-keys`";
}

static const char *parse_probe(struct caps_key *key, const char *value)
{
	for (const struct probe_desc *p = arch_probes; p->name; p++) {
		if (!strcmp(p->name, key->name))
			return NULL;
	}
	return "names no probe of this architecture: see `kvmbed caps --list-keys`";
}

static const struct {
	const char *prefix;
	bool compares; /* takes a value */
	const char *(*parse)(struct caps_key *key, const char *value);
	enum caps_section section;
} kinds[] = {
	[KEY_ARCH] = {"arch:", false, parse_arch, CAPS_KERNEL},
	[KEY_BACKEND] = {"backend:", false, parse_backend, CAPS_BACKEND},
	[KEY_KERNEL] = {"kernel", true, parse_kernel, CAPS_KERNEL},
	[KEY_CAP] = {"cap:", true, parse_cap, CAPS_CAPABILITIES},
	[KEY_DEVICE] = {"device:", false, parse_device, CAPS_DEVICES},
	[KEY_PROBE] = {"probe:", false, parse_probe, CAPS_PROBES},
};

const char *caps_key_parse(const char *text, struct caps_key *key)
{
	char copy[128];
	const char *value;

	*key = (struct caps_key){.op = KEY_THERE};
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return "is longer than any key";
	value = split(copy, &key->op);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(copy, kinds[i].prefix, len))
			continue;
		/* "kernel" is a whole name, the others end in a colon. */
		if (i == KEY_KERNEL && copy[len])
			continue;
		key->kind = i;
		if (value && !kinds[i].compares)
			return "takes no comparison: it is there or not";
		if (value && key->op == KEY_THERE)
			return "must compare with =, >= or <";
		if (snprintf(key->name, sizeof(key->name), "%s", copy + len) >=
		    (int)sizeof(key->name))
			return "is longer than any key";
		return kinds[i].parse(key, value);
	}
	return "must begin with arch:, backend:, cap:, device:, probe: or kernel";
}

enum caps_section caps_key_section(const struct caps_key *key)
{
	return kinds[key->kind].section;
}

bool caps_key_needs_kvm(const struct caps_key *key)
{
	return caps_key_section(key) != CAPS_KERNEL;
}

static int verdict(bool yes)
{
	return yes ? STATUS_PASS : STATUS_FAIL;
}

static int judge_backend(const struct caps_key *key, const struct json *section, const char **why)
{
	const char *name = json_text(json_get(section, "name"));

	*why = name ? name : "";
	if (!name || !strcmp(name, "unknown"))
		return STATUS_HOST;
	return verdict(!strcmp(name, key->name));
}

/* "=" compares as many numbers as the key has: 6.1 is every 6.1.x. */
static int judge_kernel(const struct caps_key *key, const struct json *section, const char **why)
{
	const char *release = json_text(json_get(section, "release"));
	size_t len = strlen(key->release);

	*why = release ? release : "";
	if (!release)
		return STATUS_HOST;
	switch (key->op) {
	case KEY_AT_LEAST:
		return verdict(host_release_compare(release, key->release) >= 0);
	case KEY_BELOW:
		return verdict(host_release_compare(release, key->release) < 0);
	default:
		return verdict(!strncmp(release, key->release, len) &&
			       (release[len] < '0' || release[len] > '9'));
	}
}

static int judge_cap(const struct caps_key *key, const struct json *section, const char **why)
{
	const struct json *entry = json_get(section, key->name);
	const struct json *answer = json_get(entry, "vm");
	long long value;

	/* Where no VM can be made, /dev/kvm's answer has to do. */
	if (!json_integer(answer, &value)) {
		answer = json_get(entry, "kvm");
		if (!json_integer(answer, &value))
			return STATUS_HOST;
	}
	*why = answer->text;
	switch (key->op) {
	case KEY_EQUAL:
		return verdict(value == key->value);
	case KEY_AT_LEAST:
		return verdict(value >= key->value);
	case KEY_BELOW:
		return verdict(value < key->value);
	default:
		return verdict(value != 0);
	}
}

static int judge_device(const struct caps_key *key, const struct json *section, const char **why)
{
	const struct json *there = json_get(json_get(section, key->name), "there");

	return there ? verdict(there->boolean) : STATUS_HOST;
}

static int judge_probe(const struct caps_key *key, const struct json *section, const char **why)
{
	const struct json *entry = json_get(section, key->name);
	const char *result = json_text(json_get(entry, "result"));
	const char *detail = json_text(json_get(entry, "detail"));

	if (!result || !strcmp(result, probe_result_name(PROBE_ERROR))) {
		*why = detail ? detail : "";
		return STATUS_HOST;
	}
	if (detail && *detail)
		*why = detail;
	else if (!strcmp(result, probe_result_name(PROBE_HANGS)))
		*why = result;
	return verdict(!strcmp(result, probe_result_name(PROBE_YES)));
}

int caps_key_judge(const struct caps_key *key, const struct json *report, const char **why)
{
	const struct json *section = json_get(report, caps_section_name(caps_key_section(key)));

	*why = "";
	switch (key->kind) {
	case KEY_ARCH:
		return verdict(!strcmp(key->name, arch_name));
	case KEY_BACKEND:
		return judge_backend(key, section, why);
	case KEY_KERNEL:
		return judge_kernel(key, section, why);
	case KEY_CAP:
		return judge_cap(key, section, why);
	case KEY_DEVICE:
		return judge_device(key, section, why);
	case KEY_PROBE:
		return judge_probe(key, section, why);
	}
	return STATUS_HOST;
}

void caps_keys_list(FILE *out)
{
	fprintf(out, "kernel>=VERSION, kernel=VERSION, kernel<VERSION\n");
	for (const char *const *n = arch_names; *n; n++)
		fprintf(out, "arch:%s\n", *n);
	for (const char *const *n = arch_backends; *n; n++)
		fprintf(out, "backend:%s\n", *n);
	for (const struct probe_desc *p = arch_probes; p->name; p++)
		fprintf(out, "probe:%-18s %s\n", p->name, p->question);
	for (const struct kvm_name *n = kvm_names(KVM_NAMES_DEVICE); n->name; n++)
		fprintf(out, "device:%s\n", n->name + strlen(DEVICE_PREFIX));
	/* Each may be followed by =VALUE, >=VALUE or <VALUE. */
	for (const struct kvm_name *n = kvm_names(KVM_NAMES_CAP); n->name; n++)
		fprintf(out, "cap:%s\n", n->name + strlen(CAP_PREFIX));
}
