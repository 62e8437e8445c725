/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmbed caps` without a KVM: keys of --has, differences of reports, the text that people see. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "cli/caps.h"
#include "host.h"
#include "kvm.h"
#include "outcome.h"

/* ---- what the parts that are not pure would say: two names of one number, a probe, back-ends ---- */

const char arch_name[] = "riscv";
const char *const arch_backends[] = {"hext", "hext-nacl", NULL};
const struct probe_desc arch_probes[] = {
	{"dbcn", "DBCN exits", NULL},
	{"sstc", "Sstc is there", NULL},
	{NULL, NULL, NULL},
};

static const struct kvm_name caps[] = {
	{"KVM_CAP_GENERAL", 7},
	{"KVM_CAP_ONE_REG", 70},
	{"KVM_CAP_S390_SPECIAL", 7},
	{NULL, 0},
};

static const struct kvm_name devices[] = {
	{"KVM_DEV_TYPE_VFIO", 4},
	{"KVM_DEV_TYPE_RISCV_AIA", 12},
	{NULL, 0},
};

const struct kvm_name *kvm_names(enum kvm_names table)
{
	return table == KVM_NAMES_CAP ? caps : devices;
}

const char *kvm_name(enum kvm_names table, unsigned long value)
{
	for (const struct kvm_name *n = kvm_names(table); n->name; n++) {
		if (n->value == value)
			return n->name;
	}
	return NULL;
}

long kvm_number(enum kvm_names table, const char *name)
{
	for (const struct kvm_name *n = kvm_names(table); n->name; n++) {
		if (!strcmp(n->name, name))
			return (long)n->value;
	}
	return -EINVAL;
}

const char *probe_result_name(enum probe_result result)
{
	static const char *const names[] = {"yes", "no", "hangs", "error"};

	return names[result];
}

/* ---- helpers ---- */

static struct json *json_of(const char *text)
{
	struct json_error error;
	struct json *json;

	if (json_read(text, strlen(text), &json, &error))
		fail_msg("%s: line %u: %s", text, error.line, error.what);
	return json;
}

static const char report_text[] =
	"{\"schema\": 1, \"tool\": \"kvmbed 0.1\", \"arch\": \"riscv\","
	" \"kernel\": {\"release\": \"6.12.9-amd64\"},"
	" \"backend\": {\"name\": \"hext\", \"because\": [\"one\"]},"
	" \"capabilities\": {"
	"  \"KVM_CAP_GENERAL\": {\"number\": 7, \"kvm\": 15, \"vm\": 11},"
	"  \"KVM_CAP_ONE_REG\": {\"number\": 70, \"kvm\": 0, \"vm\": 0}},"
	" \"registers\": {\"base\": {\"count\": 4, \"names\": {"
	"  \"X0\": {\"id\": \"0x0\"}, \"X1\": {\"id\": \"0x1\"}, \"X2\": {\"id\": \"0x2\"},"
	"  \"ID\": {\"id\": \"0x9\", \"value\": \"0x5\"}}}},"
	" \"devices\": {"
	"  \"KVM_DEV_TYPE_VFIO\": {\"number\": 4, \"there\": true},"
	"  \"KVM_DEV_TYPE_RISCV_AIA\": {\"number\": 12, \"there\": false}},"
	" \"limits\": {\"vcpus_max\": 8},"
	" \"probes\": {"
	"  \"dbcn\": {\"question\": \"q\", \"result\": \"hangs\", \"detail\": \"\"},"
	"  \"sstc\": {\"question\": \"q\", \"result\": \"no\", \"detail\": \"a trap\"}}}";

/* ---- keys ---- */

static void keys_parsed(void **state)
{
	static const struct {
		const char *text;
		enum caps_key_kind kind;
		enum caps_key_op op;
		const char *name;
		long long value;
	} rows[] = {
		{"cap:ONE_REG", KEY_CAP, KEY_THERE, "KVM_CAP_ONE_REG", 0},
		{"cap:KVM_CAP_ONE_REG", KEY_CAP, KEY_THERE, "KVM_CAP_ONE_REG", 0},
		{"cap:ONE_REG=3", KEY_CAP, KEY_EQUAL, "KVM_CAP_ONE_REG", 3},
		{"cap:ONE_REG>=0x10", KEY_CAP, KEY_AT_LEAST, "KVM_CAP_ONE_REG", 16},
		{"cap:ONE_REG<2", KEY_CAP, KEY_BELOW, "KVM_CAP_ONE_REG", 2},
		/* The report has the first of two names. */
		{"cap:S390_SPECIAL", KEY_CAP, KEY_THERE, "KVM_CAP_GENERAL", 0},
		{"device:RISCV_AIA", KEY_DEVICE, KEY_THERE, "KVM_DEV_TYPE_RISCV_AIA", 0},
		{"probe:dbcn", KEY_PROBE, KEY_THERE, "dbcn", 0},
		{"arch:x86", KEY_ARCH, KEY_THERE, "x86", 0},
		{"backend:hext-nacl", KEY_BACKEND, KEY_THERE, "hext-nacl", 0},
		{"kernel>=6.1", KEY_KERNEL, KEY_AT_LEAST, "", 0},
		{"kernel=6.1.4", KEY_KERNEL, KEY_EQUAL, "", 0},
		{"kernel<7", KEY_KERNEL, KEY_BELOW, "", 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct caps_key key;
		const char *why = caps_key_parse(rows[i].text, &key);

		if (why)
			fail_msg("%s: %s", rows[i].text, why);
		assert_int_equal(key.kind, rows[i].kind);
		assert_int_equal(key.op, rows[i].op);
		assert_string_equal(key.name, rows[i].name);
		assert_true(key.value == rows[i].value);
		assert_int_equal(caps_key_needs_kvm(&key),
				 key.kind != KEY_ARCH && key.kind != KEY_KERNEL);
	}
}

static void keys_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "must begin with"},
		{"x", "must begin with"},
		{"kernels>=6", "must begin with"},
		{"kernel", "must be kernel>="},
		{"kernel>=", "must be kernel>="},
		{"kernel>=six", "must be kernel>="},
		{"kernel>6", "must compare with"},
		{"cap:", "no capability"},
		{"cap:NONE", "no capability"},
		{"cap:one_reg", "no capability"},
		{"cap:ONE_REG>3", "must compare with"},
		{"cap:ONE_REG=", "a number"},
		{"cap:ONE_REG=3x", "a number"},
		{"cap:ONE_REG=99999999999999999999", "a number"},
		{"device:NONE", "no device"},
		{"device:VFIO=1", "no comparison"},
		{"probe:none", "no probe"},
		{"arch:vax", "no architecture"},
		{"backend:vmx", "no back-end"},
	};
	char longest[400];
	struct caps_key key;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *why = caps_key_parse(rows[i].text, &key);

		if (!why || !strstr(why, rows[i].why))
			fail_msg("%s: %s", rows[i].text, why ? why : "taken");
	}
	memset(longest, 'A', sizeof(longest));
	memcpy(longest, "cap:", 4);
	for (unsigned int n = sizeof(longest) - 1; n > 60; n--) {
		longest[n] = '\0';
		assert_non_null(caps_key_parse(longest, &key));
	}
}

static int judged(const char *text, const struct json *report, const char *because)
{
	struct caps_key key;
	const char *why;
	int status;

	assert_null(caps_key_parse(text, &key));
	status = caps_key_judge(&key, report, &why);
	if (strcmp(why, because) != 0)
		fail_msg("%s: %s, not %s", text, why, because);
	return status;
}

static void keys_judged(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *why;
	} rows[] = {
		{"arch:riscv", STATUS_PASS, ""},
		{"arch:x86", STATUS_FAIL, ""},
		{"backend:hext", STATUS_PASS, "hext"},
		{"backend:hext-nacl", STATUS_FAIL, "hext"},
		{"kernel>=6.12", STATUS_PASS, "6.12.9-amd64"},
		{"kernel>=6.12.9", STATUS_PASS, "6.12.9-amd64"},
		{"kernel>=6.12.10", STATUS_FAIL, "6.12.9-amd64"},
		{"kernel>=6.2", STATUS_PASS, "6.12.9-amd64"},
		{"kernel<6.12", STATUS_FAIL, "6.12.9-amd64"},
		{"kernel<6.13", STATUS_PASS, "6.12.9-amd64"},
		{"kernel=6.12", STATUS_PASS, "6.12.9-amd64"},
		{"kernel=6.1", STATUS_FAIL, "6.12.9-amd64"},
		/* The VM's answer counts where both are there. */
		{"cap:GENERAL", STATUS_PASS, "11"},
		{"cap:GENERAL=11", STATUS_PASS, "11"},
		{"cap:GENERAL=15", STATUS_FAIL, "11"},
		{"cap:GENERAL>=11", STATUS_PASS, "11"},
		{"cap:GENERAL>=12", STATUS_FAIL, "11"},
		{"cap:GENERAL<12", STATUS_PASS, "11"},
		{"cap:ONE_REG", STATUS_FAIL, "0"},
		{"cap:ONE_REG=0", STATUS_PASS, "0"},
		{"device:VFIO", STATUS_PASS, ""},
		{"device:RISCV_AIA", STATUS_FAIL, ""},
		{"probe:sstc", STATUS_FAIL, "a trap"},
		{"probe:dbcn", STATUS_FAIL, "hangs"},
	};
	struct json *report = json_of(report_text);

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		int status = judged(rows[i].text, report, rows[i].why);

		if (status != rows[i].status)
			fail_msg("%s: status %d", rows[i].text, status);
	}
	json_free(report);
}

/* What is not known is neither yes nor no. */
static void keys_not_told(void **state)
{
	struct json *report = json_of(
		"{\"kernel\": {}, \"backend\": {\"name\": \"unknown\"}, \"devices\": {},"
		" \"capabilities\": {\"KVM_CAP_GENERAL\": {\"kvm\": 3, \"vm\": null},"
		"                    \"KVM_CAP_ONE_REG\": {\"kvm\": null, \"vm\": null}},"
		" \"probes\": {\"dbcn\": {\"result\": \"error\", \"detail\": \"no memory\"}}}");

	assert_int_equal(judged("kernel>=6", report, ""), STATUS_HOST);
	assert_int_equal(judged("backend:hext", report, "unknown"), STATUS_HOST);
	assert_int_equal(judged("device:VFIO", report, ""), STATUS_HOST);
	assert_int_equal(judged("cap:GENERAL=3", report, "3"), STATUS_PASS);
	assert_int_equal(judged("cap:ONE_REG", report, ""), STATUS_HOST);
	assert_int_equal(judged("probe:dbcn", report, "no memory"), STATUS_HOST);
	assert_int_equal(judged("probe:sstc", report, ""), STATUS_HOST);
	json_free(report);
}

static void releases(void **state)
{
	assert_true(host_release_compare("6.12.1", "6.2") > 0);
	assert_true(host_release_compare("6.1.0-18-amd64", "6.1") == 0);
	assert_true(host_release_compare("6.1.0-18-amd64", "6.1.1") < 0);
	assert_true(host_release_compare("5.10", "6") < 0);
	assert_true(host_release_compare("7", "7.0.0") == 0);
	assert_true(host_release_compare("6.18.44-fc", "6.18.44") == 0);
	assert_true(host_release_compare("", "0") == 0);
}

static void words_of_a_list(void **state)
{
	assert_true(host_has_word("fpu vme svm", "svm"));
	assert_true(host_has_word("fpu\tvme\n", "vme"));
	assert_false(host_has_word("fpu svm_lock", "svm"));
	assert_false(host_has_word("xsvm fpu", "svm"));
	assert_false(host_has_word("", "svm"));
	assert_false(host_has_word("fpu", ""));
}

/* ---- differences ---- */

static char *diff_text(const char *a, const char *b, unsigned int *lines)
{
	struct json *x = json_of(a), *y = json_of(b);
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	*lines = caps_diff(f, x, y);
	fclose(f);
	json_free(x);
	json_free(y);
	return text;
}

static void check_diff(const char *a, const char *b, const char *want)
{
	unsigned int lines, wanted = 0;
	char *text = diff_text(a, b, &lines);

	assert_string_equal(text, want);
	for (const char *s = want; *s; s++)
		wanted += *s == '\n';
	assert_int_equal(lines, wanted);
	free(text);
}

static void alike(void **state)
{
	check_diff(report_text, report_text, "");
	/* Comments do not count, wherever they are; nor does the order. */
	check_diff(
		"{\"tool\": \"1\", \"p\": {\"x\": {\"result\": \"no\", \"detail\": \"a\"}, \"y\": 1},"
		" \"because\": [1]}",
		"{\"p\": {\"y\": 1, \"x\": {\"detail\": \"b\", \"result\": \"no\"}}, \"tool\": \"2\"}",
		"");
}

static void differences(void **state)
{
	check_diff("{\"arch\": \"x86\"}", "{\"arch\": \"riscv\"}", "arch: x86 -> riscv\n");
	/* A thing and its properties: one line. */
	check_diff("{\"c\": {\"K\": {\"number\": 7, \"kvm\": 0, \"vm\": 1, \"gone\": 2}}}",
		   "{\"c\": {\"K\": {\"number\": 7, \"kvm\": 3, \"vm\": 1, \"new\": true}}}",
		   "c K: kvm 0 -> 3, gone 2 -> unknown, new unknown -> yes\n");
	/* What one side lacks, down to the things. */
	check_diff(
		"{\"r\": {\"m\": {\"names\": {\"A\": {\"id\": \"1\"}, \"B\": {\"id\": \"2\"}}}}}",
		"{\"r\": {}}", "r m names A: only in A: id 1\nr m names B: only in A: id 2\n");
	check_diff("{\"l\": {}}", "{\"l\": {\"a\": 5, \"detail\": \"x\"}}", "l a: only in B: 5\n");
	check_diff("{}", "{\"p\": {\"q\": {\"result\": \"no\", \"detail\": \"d\"}}}",
		   "p q: only in B: result no\n");
	/* Values of other kinds, lists, null. */
	check_diff("{\"l\": {\"a\": 5, \"b\": null, \"c\": [1, 2], \"d\": \"1\"}}",
		   "{\"l\": {\"a\": \"5x\", \"b\": 0, \"c\": [1, 3], \"d\": 1}}",
		   "l a: 5 -> 5x\nl b: unknown -> 0\nl c: 1, 2 -> 1, 3\nl d: 1 -> 1\n");
	check_diff("{\"l\": {\"a\": \"\"}}", "{\"l\": {\"a\": [1]}}", "l a: \"\" -> 1\n");
}

/* ---- reading saved reports ---- */

static struct json *load_text(const char *text, size_t size, const char **said)
{
	char path[] = "/tmp/kvmbed-caps-XXXXXX";
	int fd = mkstemp(path);
	struct json *json;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
	messages_begin();
	json = caps_load(path);
	*said = messages_end();
	unlink(path);
	return json;
}

static void loading(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{"", "is not JSON: line 1"},
		{"{\n\"schema\": 1,\n", "is not JSON: line 3"},
		{"[]", "is no report"},
		{"{\"schema\": 1}", "is no report"},
		{"{\"schema\": \"1\", \"arch\": \"x86\"}", "is no report"},
		{"{\"schema\": 2, \"arch\": \"x86\"}", "schema 2; this kvmbed knows 1"},
	};
	const char *said;
	struct json *json = load_text(report_text, strlen(report_text), &said);

	assert_non_null(json);
	assert_string_equal(said, "");
	json_free(json);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(load_text(bad[i].text, strlen(bad[i].text), &said));
		assert_said(said, bad[i].said);
	}
	messages_begin();
	assert_null(caps_load("/nowhere/at/all"));
	assert_said(messages_end(), "cannot read /nowhere/at/all: No such file");
	messages_begin();
	assert_null(caps_load("/"));
	assert_said(messages_end(), "cannot read /: Is a directory");
}

/* ---- text ---- */

static char *print_text(const char *report, bool all)
{
	struct json *json = json_of(report);
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	caps_print(f, json, all);
	fclose(f);
	json_free(json);
	return text;
}

static void printed(void **state)
{
	char *text = print_text(report_text, false);

	assert_string_equal(text, "Kernel\n"
				  "  release  6.12.9-amd64\n"
				  "\n"
				  "Back-end\n"
				  "  name     hext\n"
				  "  because  one\n"
				  "\n"
				  "Capabilities (1 of 2; --all shows the rest)\n"
				  "  GENERAL          11  (/dev/kvm says 15)\n"
				  "\n"
				  "Registers\n"
				  "  base: 4 registers\n"
				  "    X0 to X2    ID\n"
				  "\n"
				  "Devices\n"
				  "  VFIO       yes\n"
				  "\n"
				  "Limits\n"
				  "  vcpus_max  8\n"
				  "\n"
				  "Quirks, probed\n"
				  "  dbcn  hangs  q\n"
				  "  sstc  no     q [a trap]\n");
	free(text);
	text = print_text(report_text, true);
	assert_said(text, "  ONE_REG           0\n");
	assert_said(text, "  RISCV_AIA  no\n");
	free(text);
}

/* Rows of numbered names, and what only looks like one. */
static void rows(void **state)
{
	static const struct {
		const char *names, *text;
	} cases[] = {
		{"\"D0_A\":{},\"E0_A\":{},\"D1_A\":{},\"E1_A\":{},\"D2_A\":{},\"E2_A\":{}",
		 "    D0_A to D2_A      E0_A to E2_A\n"},
		{"\"P8\":{},\"P9\":{},\"P10\":{},\"P11\":{}", "    P8 to P11\n"},
		{"\"P1\":{},\"P2\":{}", "    P1  P2\n"},
		{"\"P1\":{},\"P3\":{},\"P5\":{}", "    P1  P3  P5\n"},
		{"\"P1A\":{},\"P2B\":{},\"P3A\":{}", "    P1A  P2B  P3A\n"},
		{"\"S3_0_1\":{},\"S3_0_2\":{},\"S3_0_3\":{}", "    S3_0_1  S3_0_2  S3_0_3\n"},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		char report[256], *text;

		snprintf(report, sizeof(report),
			 "{\"registers\": {\"s\": {\"count\": 1, \"names\": {%s}}}}",
			 cases[i].names);
		text = print_text(report, false);
		assert_said(text, cases[i].text);
		free(text);
	}
}

static void sections(void **state)
{
	for (int i = 0; i < CAPS_SECTIONS; i++)
		assert_int_equal(caps_section_number(caps_section_name(i)), i);
	assert_int_equal(caps_section_number("nothing"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_parsed), cmocka_unit_test(keys_refused),
		cmocka_unit_test(keys_judged), cmocka_unit_test(keys_not_told),
		cmocka_unit_test(releases),    cmocka_unit_test(words_of_a_list),
		cmocka_unit_test(alike),       cmocka_unit_test(differences),
		cmocka_unit_test(loading),     cmocka_unit_test(printed),
		cmocka_unit_test(rows),	       cmocka_unit_test(sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
