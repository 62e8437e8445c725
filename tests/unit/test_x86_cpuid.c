/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID tables of x86: the text of --cpuid, its effect, and the topology of each CPU. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpuid.h"

/* A table with room to grow, of the leaves given as {leaf, subleaf, flags, eax, ebx, ecx, edx}. */
static struct kvm_cpuid2 *table(const uint32_t rows[][7], unsigned int nr)
{
	struct kvm_cpuid2 *t = cpuid_new(nr + 16);

	assert_non_null(t);
	for (unsigned int i = 0; i < nr; i++)
		t->entries[t->nent++] = (struct kvm_cpuid_entry2){
			.function = rows[i][0],
			.index = rows[i][1],
			.flags = rows[i][2],
			.eax = rows[i][3],
			.ebx = rows[i][4],
			.ecx = rows[i][5],
			.edx = rows[i][6],
		};
	return t;
}

static void parse(struct cpuid_edits *edits, const char *text)
{
	const char *why = cpuid_edits_parse(edits, text);

	if (why)
		fail_msg("%s: %s", text, why);
}

static void edit_is(const struct cpuid_edit *e, uint32_t leaf, uint32_t subleaf, enum cpuid_reg reg,
		    uint32_t clear, uint32_t set)
{
	assert_int_equal(e->leaf, leaf);
	assert_int_equal(e->subleaf, subleaf);
	assert_int_equal(e->reg, reg);
	assert_int_equal(e->clear, clear);
	assert_int_equal(e->set, set);
}

static void every_form_is_understood(void **state)
{
	struct cpuid_edits e = {0};

	parse(&e, "7.1:eax=0x10");
	parse(&e, "0x80000001:EDX=4294967295,1:ecx:-21,0xd.1:ebx:+0");
	parse(&e, "+svm");
	parse(&e, "-tsc-deadline,-tsc_deadline");
	assert_int_equal(e.nr, 7);
	edit_is(&e.list[0], 7, 1, CPUID_EAX, UINT32_MAX, 0x10);
	edit_is(&e.list[1], 0x80000001, 0, CPUID_EDX, UINT32_MAX, UINT32_MAX);
	edit_is(&e.list[2], 1, 0, CPUID_ECX, 1u << 21, 0);
	edit_is(&e.list[3], 0xd, 1, CPUID_EBX, 1, 1);
	edit_is(&e.list[4], 0x80000001, 0, CPUID_ECX, 1u << 2, 1u << 2);
	edit_is(&e.list[5], 1, 0, CPUID_ECX, 1u << 24, 0);
	edit_is(&e.list[6], 1, 0, CPUID_ECX, 1u << 24, 0);
	cpuid_edits_free(&e);
	assert_int_equal(e.nr, 0);
}

static void vendor_is_spelled_over_three_registers(void **state)
{
	static const uint32_t rows[][7] = {{0, 0, 0, 0xd}, {0x80000000, 0, 0, 0x80000008}};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));
	struct cpuid_edits e = {0};

	parse(&e, "vendor=GenuineIntel");
	cpuid_apply(t, &e);
	for (unsigned int i = 0; i < 2; i++) {
		const struct kvm_cpuid_entry2 *leaf = &t->entries[i];
		char name[13] = "";

		memcpy(name, &leaf->ebx, 4);
		memcpy(name + 4, &leaf->edx, 4);
		memcpy(name + 8, &leaf->ecx, 4);
		assert_string_equal(name, "GenuineIntel");
		assert_int_equal(leaf->eax, rows[i][3]);
	}
	cpuid_edits_free(&e);
	free(t);
}

static void bad_text_is_refused_and_adds_nothing(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "must be LEAF"},
		{"1", "must be LEAF"},
		{"1:", "must be LEAF"},
		{"1:ecx", "must be LEAF"},
		{"1:ecx:21", "must be LEAF"},
		{"1:ecx:+", "must be LEAF"},
		{"1:ecx:", "must be LEAF"},
		{"1:ecx=", "must be LEAF"},
		{"1:ecx=0x", "must be LEAF"},
		{"1:ecx=-1", "must be LEAF"},
		{"1:ecx=0x100000000", "must be LEAF"},
		{"0x100000000:ecx=1", "must be LEAF"},
		{"1.:ecx=1", "must be LEAF"},
		{"1.x:ecx=1", "must be LEAF"},
		{":ecx=1", "must be LEAF"},
		{"1:esi=1", "must be LEAF"},
		{"1:ecxx=1", "must be LEAF"},
		{"1:ecx=1,", "must be LEAF"},
		{"x2apic", "must be LEAF"},
		{"11111111111111111111111111111111111111111:eax=1", "must be LEAF"},
		{"1:ecx:+32", "bits 0 to 31"},
		{"-", "feature that is not known"},
		{"+avx1024", "feature that is not known"},
		{"-x2api", "feature that is not known"},
		{"-x2apicc", "feature that is not known"},
		{"vendor=Intel", "12 letters"},
		{"vendor=", "12 letters"},
		/* What stands before the mistake must not stay either. */
		{"-x2apic,vendor=GenuineIntel,1:ecx:+40", "bits 0 to 31"},
	};
	struct cpuid_edits e = {0};

	parse(&e, "+vmx");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *why = cpuid_edits_parse(&e, bad[i].text);

		if (!why)
			fail_msg("\"%s\" was taken", bad[i].text);
		assert_said(why, bad[i].why);
		assert_int_equal(e.nr, 1);
	}
	edit_is(&e.list[0], 1, 0, CPUID_ECX, 1u << 5, 1u << 5);
	cpuid_edits_free(&e);
}

/* Two names of one bit are fine (pni and sse3), one name of two bits is not. */
static void feature_names_are_unique(void **state)
{
	for (const struct cpuid_feature *a = cpuid_features; a->name; a++) {
		assert_true(a->bit < 32 && a->reg <= CPUID_EDX);
		assert_null(strchr(a->name, '-'));
		for (const struct cpuid_feature *b = a + 1; b->name; b++)
			assert_string_not_equal(a->name, b->name);
	}
}

static void edits_change_what_they_name_only(void **state)
{
	static const uint32_t rows[][7] = {
		{1, 0, 0, 1, 2, 0xffffffff, 4},
		{7, 0, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 1, 10, 20, 30},
		{7, 1, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 40, 50, 60, 70},
	};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));
	struct cpuid_edits e = {0};

	parse(&e, "1:ecx:-21,7.1:eax:+0,7:ebx=5,7:ebx:+3");
	cpuid_apply(t, &e);
	/* Applied again, as for a CPU's own table, they change nothing more. */
	cpuid_apply(t, &e);
	assert_int_equal(t->nent, 3);
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_ECX), ~(1u << 21));
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_EDX), 4);
	assert_int_equal(cpuid_get(t, 7, 0, CPUID_EBX), 13);
	assert_int_equal(cpuid_get(t, 7, 0, CPUID_EAX), 1);
	assert_int_equal(cpuid_get(t, 7, 1, CPUID_EAX), 41);
	assert_int_equal(cpuid_get(t, 7, 1, CPUID_EBX), 50);
	cpuid_edits_free(&e);
	free(t);
}

static void absent_leaves_are_added(void **state)
{
	static const uint32_t rows[][7] = {
		{1, 0, 0, 1},
		{7, 1, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 1},
	};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));
	struct cpuid_edits e = {0};

	parse(&e, "0x50000000:eax=1,7:edx=2,0x50000001.3:ecx=4");
	cpuid_apply(t, &e);
	assert_int_equal(t->nent, 5);
	/* A leaf alone answers whatever ECX is ... */
	assert_int_equal(t->entries[2].flags, 0);
	assert_int_equal(cpuid_get(t, 0x50000000, 9, CPUID_EAX), 1);
	/* ... one of several, or with a subleaf named, does not. */
	assert_int_equal(cpuid_get(t, 7, 0, CPUID_EDX), 2);
	assert_int_equal(cpuid_get(t, 7, 3, CPUID_EDX), 0);
	assert_int_equal(cpuid_get(t, 0x50000001, 3, CPUID_ECX), 4);
	assert_int_equal(cpuid_get(t, 0x50000001, 0, CPUID_ECX), 0);
	cpuid_edits_free(&e);
	free(t);
}

#define IDX KVM_CPUID_FLAG_SIGNIFCANT_INDEX

/* SDM volume 2A, CPUID: leaves 1, 4 and 0xb. */
static void intel_topology(void **state)
{
	static const uint32_t rows[][7] = {
		{0, 0, 0, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69},
		{1, 0, 0, 0, 0x5a5a0800, 0, 0},
		{4, 0, IDX, 0x1c03c121, 1, 2, 3}, /* L1 data */
		{4, 3, IDX, 0x1c03c163, 1, 2, 3}, /* L3 */
		{4, 4, IDX, 0, 0, 0, 0},
		{0xb, 0, IDX, 1, 2, 0x100, 77},
		{0xb, 1, IDX, 5, 40, 0x201, 77},
		{0x1f, 0, IDX, 1, 2, 0x100, 77},
		{0x80000008, 0, 0, 0x3027, 0, 0, 0},
	};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));

	/* Three CPUs need two bits; id 2. */
	cpuid_topology(t, 2, 3);
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_EBX), 0x02040800);
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_EDX), 1u << 28);
	/* 31-26: ids for cores, less one; 25-14: ids that share this cache, less one. */
	assert_int_equal(cpuid_get(t, 4, 0, CPUID_EAX), 3u << 26 | 0x0121);
	assert_int_equal(cpuid_get(t, 4, 3, CPUID_EAX), 3u << 26 | 3 << 14 | 0x0163);
	assert_int_equal(cpuid_get(t, 4, 4, CPUID_EAX), 0);
	assert_int_equal(cpuid_get(t, 0xb, 0, CPUID_EAX), 0);
	assert_int_equal(cpuid_get(t, 0xb, 0, CPUID_EBX), 1);
	assert_int_equal(cpuid_get(t, 0xb, 0, CPUID_ECX), 0x100);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EAX), 2);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EBX), 3);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_ECX), 0x201);
	assert_int_equal(cpuid_get(t, 0xb, 2, CPUID_EBX), 0);
	assert_int_equal(cpuid_get(t, 0xb, 2, CPUID_ECX), 2);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(cpuid_get(t, 0xb, i, CPUID_EDX), 2);
	assert_null(cpuid_find(t, 0x1f, 0));
	/* AMD's count has no meaning on Intel. */
	assert_int_equal(cpuid_get(t, 0x80000008, 0, CPUID_ECX), 0);
	free(t);
}

static void one_cpu_alone(void **state)
{
	static const uint32_t rows[][7] = {
		{0, 0, 0, 0xd, 0x756e6547, 0x6c65746e, 0x49656e69},
		{1, 0, 0, 0, 0x5a5a0800, 0, 1u << 28 | 1},
		{4, 3, IDX, 0x1c03c163, 1, 2, 3},
	};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));

	cpuid_topology(t, 0, 1);
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_EBX), 0x00010800);
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_EDX), 1);
	assert_int_equal(cpuid_get(t, 4, 3, CPUID_EAX), 0x0163);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EAX), 0);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EBX), 1);
	free(t);
}

/* Fields that are narrower than the number of CPUs hold the most they can. */
static void more_cpus_than_the_fields_hold(void **state)
{
	static const uint32_t rows[][7] = {
		{0, 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65},
		{1, 0, 0, 0, 0x800, 0, 0},
		{4, 3, IDX, 0x163, 1, 2, 3},
		{0x80000008, 0, 0, 0x3027, 0, 0x30000, 0},
	};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));

	cpuid_topology(t, 300, 1000);
	assert_int_equal(cpuid_get(t, 1, 0, CPUID_EBX), (300u & 0xff) << 24 | 0xff0800);
	assert_int_equal(cpuid_get(t, 4, 3, CPUID_EAX), 63u << 26 | 1023 << 14 | 0x163);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EAX), 10);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EBX), 1000);
	assert_int_equal(cpuid_get(t, 0xb, 1, CPUID_EDX), 300);
	assert_int_equal(cpuid_get(t, 0x80000008, 0, CPUID_ECX), 0x30000 | 10 << 12 | 255);
	free(t);
}

/* AMD APM volume 3, appendix E.4: leaves 0x80000001, 8, 0x1d, 0x1e. */
static void amd_topology(void **state)
{
	static const uint32_t rows[][7] = {
		{0, 0, 0, 0xa, 0x68747541, 0x444d4163, 0x69746e65},
		{1, 0, 0, 0, 0x800, 0, 0},
		{0x80000001, 0, 0, 0, 0, 0x4, 0},
		{0x80000008, 0, 0, 0x3027, 0, 0xf0ff, 0},
		{0x8000001d, 2, IDX, 0x3fc142, 1, 2, 3},
		{0x8000001d, 3, IDX, 0x3fc163, 1, 2, 3},
		{0x8000001e, 0, 0, 9, 9, 9, 9},
	};
	struct kvm_cpuid2 *t = table(rows, ARRAY_SIZE(rows));

	cpuid_topology(t, 3, 4);
	assert_int_equal(cpuid_get(t, 0x80000001, 0, CPUID_ECX), 0x6);
	assert_int_equal(cpuid_get(t, 0x80000008, 0, CPUID_ECX), 0x2003);
	assert_int_equal(cpuid_get(t, 0x8000001d, 2, CPUID_EAX), 0x142);
	assert_int_equal(cpuid_get(t, 0x8000001d, 3, CPUID_EAX), 3 << 14 | 0x163);
	assert_int_equal(cpuid_get(t, 0x8000001e, 0, CPUID_EAX), 3);
	assert_int_equal(cpuid_get(t, 0x8000001e, 0, CPUID_EBX), 3);
	assert_int_equal(cpuid_get(t, 0x8000001e, 0, CPUID_ECX), 0);
	/* The highest basic leaf is below 0xb, so there must be none. */
	assert_null(cpuid_find(t, 0xb, 0));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_understood),
		cmocka_unit_test(vendor_is_spelled_over_three_registers),
		cmocka_unit_test(bad_text_is_refused_and_adds_nothing),
		cmocka_unit_test(feature_names_are_unique),
		cmocka_unit_test(edits_change_what_they_name_only),
		cmocka_unit_test(absent_leaves_are_added),
		cmocka_unit_test(intel_topology),
		cmocka_unit_test(one_cpu_alone),
		cmocka_unit_test(more_cpus_than_the_fields_hold),
		cmocka_unit_test(amd_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
