/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of `kvmbed caps`. The report is a JSON tree (docs/caps.md describes
 * it); text, answers to --has and differences are all made from it.
 */
#ifndef KVMBED_CAPS_H
#define KVMBED_CAPS_H

#include <stdbool.h>
#include <stdio.h>

#include "json.h"

#define CAPS_SCHEMA 1

enum caps_section {
	CAPS_KERNEL,
	CAPS_BACKEND,
	CAPS_CAPABILITIES,
	CAPS_REGISTERS,
	CAPS_DEVICES,
	CAPS_LIMITS,
	CAPS_PROBES,
	CAPS_SECTIONS
};

#define CAPS_ALL_SECTIONS ((1u << CAPS_SECTIONS) - 1)

/* The report's name of a section: "capabilities". */
const char *caps_section_name(enum caps_section section);
/* -EINVAL for a name that no section has. */
int caps_section_number(const char *name);

/*
 * Looks at the host: those sections (a mask) of the report. @kvm_fd may be -1
 * if only the kernel's is wanted. Of the probes, only the one named @probe is
 * asked unless that is NULL. The caller frees.
 */
struct json *caps_collect(int kvm_fd, unsigned int sections, const char *probe);

/* Prints a report for people; what is zero is left out unless @all. */
void caps_print(FILE *out, const struct json *report, bool all);

/* ---- keys of --has ---- */

enum caps_key_kind { KEY_ARCH, KEY_BACKEND, KEY_KERNEL, KEY_CAP, KEY_DEVICE, KEY_PROBE };
enum caps_key_op { KEY_THERE, KEY_EQUAL, KEY_AT_LEAST, KEY_BELOW };

struct caps_key {
	enum caps_key_kind kind;
	enum caps_key_op op;
	char name[64]; /* as the report has it: KVM_CAP_..., KVM_DEV_TYPE_...; "" for the kernel */
	char release[64]; /* KERNEL */
	long long value;  /* CAP, unless op is KEY_THERE */
};

/* Takes one key apart; NULL, or a sentence without a full stop that says what is wrong with it. */
const char *caps_key_parse(const char *text, struct caps_key *key);
/* Which section decides it. */
enum caps_section caps_key_section(const struct caps_key *key);
/* Can it be decided without /dev/kvm? */
bool caps_key_needs_kvm(const struct caps_key *key);
/*
 * Decides it: STATUS_PASS for yes, STATUS_FAIL for no, STATUS_HOST if it cannot be told. *@why, if there is
 * something to say, is set to a text inside @report, else to "".
 */
int caps_key_judge(const struct caps_key *key, const struct json *report, const char **why);
/* Every key there is, for people. */
void caps_keys_list(FILE *out);

/* ---- --diff ---- */

/* Reads a saved report; NULL after a message. The caller frees. */
struct json *caps_load(const char *path);
/* Prints what differs, by name, a line each; the number of lines. */
unsigned int caps_diff(FILE *out, const struct json *a, const struct json *b);

#endif
