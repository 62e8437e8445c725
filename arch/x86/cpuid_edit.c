/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of --cpuid, and the features that have names; see cpuid.h. */
#include "arch/x86/cpuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options.h"

/* Rows of one register: leaf, subleaf, register, then names with their bits. */
#define F(leaf, subleaf, reg, bit, name)              \
	{                                             \
		name, leaf, subleaf, CPUID_##reg, bit \
	}
/* clang-format off */
const struct cpuid_feature cpuid_features[] = {
	F(1, 0, EDX, 0, "fpu"), F(1, 0, EDX, 1, "vme"), F(1, 0, EDX, 2, "de"),
	F(1, 0, EDX, 3, "pse"), F(1, 0, EDX, 4, "tsc"), F(1, 0, EDX, 5, "msr"),
	F(1, 0, EDX, 6, "pae"), F(1, 0, EDX, 7, "mce"), F(1, 0, EDX, 8, "cx8"),
	F(1, 0, EDX, 9, "apic"), F(1, 0, EDX, 11, "sep"), F(1, 0, EDX, 12, "mtrr"),
	F(1, 0, EDX, 13, "pge"), F(1, 0, EDX, 14, "mca"), F(1, 0, EDX, 15, "cmov"),
	F(1, 0, EDX, 16, "pat"), F(1, 0, EDX, 17, "pse36"), F(1, 0, EDX, 19, "clflush"),
	F(1, 0, EDX, 23, "mmx"), F(1, 0, EDX, 24, "fxsr"), F(1, 0, EDX, 25, "sse"),
	F(1, 0, EDX, 26, "sse2"), F(1, 0, EDX, 28, "ht"),

	F(1, 0, ECX, 0, "sse3"), F(1, 0, ECX, 0, "pni"), F(1, 0, ECX, 1, "pclmulqdq"),
	F(1, 0, ECX, 3, "monitor"), F(1, 0, ECX, 5, "vmx"), F(1, 0, ECX, 6, "smx"),
	F(1, 0, ECX, 9, "ssse3"), F(1, 0, ECX, 12, "fma"), F(1, 0, ECX, 13, "cx16"),
	F(1, 0, ECX, 15, "pdcm"), F(1, 0, ECX, 17, "pcid"), F(1, 0, ECX, 19, "sse4_1"),
	F(1, 0, ECX, 20, "sse4_2"), F(1, 0, ECX, 21, "x2apic"), F(1, 0, ECX, 22, "movbe"),
	F(1, 0, ECX, 23, "popcnt"), F(1, 0, ECX, 24, "tsc_deadline"),
	F(1, 0, ECX, 24, "tsc_deadline_timer"), F(1, 0, ECX, 25, "aes"),
	F(1, 0, ECX, 26, "xsave"), F(1, 0, ECX, 28, "avx"), F(1, 0, ECX, 29, "f16c"),
	F(1, 0, ECX, 30, "rdrand"), F(1, 0, ECX, 31, "hypervisor"),

	F(6, 0, EAX, 2, "arat"), F(6, 0, ECX, 0, "aperfmperf"),

	F(7, 0, EBX, 0, "fsgsbase"), F(7, 0, EBX, 1, "tsc_adjust"), F(7, 0, EBX, 2, "sgx"),
	F(7, 0, EBX, 3, "bmi1"), F(7, 0, EBX, 4, "hle"), F(7, 0, EBX, 5, "avx2"),
	F(7, 0, EBX, 7, "smep"), F(7, 0, EBX, 8, "bmi2"), F(7, 0, EBX, 9, "erms"),
	F(7, 0, EBX, 10, "invpcid"), F(7, 0, EBX, 11, "rtm"), F(7, 0, EBX, 14, "mpx"),
	F(7, 0, EBX, 16, "avx512f"), F(7, 0, EBX, 18, "rdseed"), F(7, 0, EBX, 19, "adx"),
	F(7, 0, EBX, 20, "smap"), F(7, 0, EBX, 23, "clflushopt"), F(7, 0, EBX, 24, "clwb"),
	F(7, 0, EBX, 29, "sha_ni"),
	F(7, 0, ECX, 2, "umip"), F(7, 0, ECX, 3, "pku"), F(7, 0, ECX, 4, "ospke"),
	F(7, 0, ECX, 5, "waitpkg"), F(7, 0, ECX, 7, "shstk"), F(7, 0, ECX, 8, "gfni"),
	F(7, 0, ECX, 9, "vaes"), F(7, 0, ECX, 16, "la57"), F(7, 0, ECX, 22, "rdpid"),
	F(7, 0, ECX, 24, "bus_lock_detect"), F(7, 0, ECX, 27, "movdiri"),
	F(7, 0, ECX, 28, "movdir64b"), F(7, 0, ECX, 31, "pks"),
	F(7, 0, EDX, 4, "fsrm"), F(7, 0, EDX, 10, "md_clear"), F(7, 0, EDX, 14, "serialize"),
	F(7, 0, EDX, 19, "arch_lbr"), F(7, 0, EDX, 20, "ibt"), F(7, 0, EDX, 26, "spec_ctrl"),
	F(7, 0, EDX, 27, "stibp"), F(7, 0, EDX, 28, "flush_l1d"),
	F(7, 0, EDX, 29, "arch_capabilities"), F(7, 0, EDX, 31, "ssbd"),
	F(7, 1, EAX, 4, "avx_vnni"), F(7, 1, EAX, 17, "fred"), F(7, 1, EAX, 26, "lam"),

	F(0xd, 1, EAX, 0, "xsaveopt"), F(0xd, 1, EAX, 1, "xsavec"),
	F(0xd, 1, EAX, 2, "xgetbv1"), F(0xd, 1, EAX, 3, "xsaves"),

	F(0x40000001, 0, EAX, 0, "kvmclock"), F(0x40000001, 0, EAX, 1, "kvm_nopiodelay"),
	F(0x40000001, 0, EAX, 3, "kvmclock2"), F(0x40000001, 0, EAX, 4, "kvm_asyncpf"),
	F(0x40000001, 0, EAX, 5, "kvm_steal_time"), F(0x40000001, 0, EAX, 6, "kvm_pv_eoi"),
	F(0x40000001, 0, EAX, 7, "kvm_pv_unhalt"), F(0x40000001, 0, EAX, 9, "kvm_pv_tlb_flush"),
	F(0x40000001, 0, EAX, 11, "kvm_pv_ipi"), F(0x40000001, 0, EAX, 12, "kvm_poll_control"),
	F(0x40000001, 0, EAX, 13, "kvm_pv_sched_yield"), F(0x40000001, 0, EAX, 14, "kvm_asyncpf_int"),
	F(0x40000001, 0, EAX, 15, "kvm_msi_ext_dest_id"),
	F(0x40000001, 0, EAX, 24, "kvmclock_stable_bit"),

	F(0x80000001, 0, EDX, 11, "syscall"), F(0x80000001, 0, EDX, 20, "nx"),
	F(0x80000001, 0, EDX, 22, "mmxext"), F(0x80000001, 0, EDX, 25, "fxsr_opt"),
	F(0x80000001, 0, EDX, 26, "pdpe1gb"), F(0x80000001, 0, EDX, 27, "rdtscp"),
	F(0x80000001, 0, EDX, 29, "lm"),
	F(0x80000001, 0, ECX, 0, "lahf_lm"), F(0x80000001, 0, ECX, 1, "cmp_legacy"),
	F(0x80000001, 0, ECX, 2, "svm"), F(0x80000001, 0, ECX, 4, "cr8_legacy"),
	F(0x80000001, 0, ECX, 5, "abm"), F(0x80000001, 0, ECX, 6, "sse4a"),
	F(0x80000001, 0, ECX, 8, "3dnowprefetch"), F(0x80000001, 0, ECX, 9, "osvw"),
	F(0x80000001, 0, ECX, 11, "xop"), F(0x80000001, 0, ECX, 12, "skinit"),
	F(0x80000001, 0, ECX, 16, "fma4"), F(0x80000001, 0, ECX, 21, "tbm"),
	F(0x80000001, 0, ECX, 22, "topoext"), F(0x80000001, 0, ECX, 23, "perfctr_core"),
	F(0x80000007, 0, EDX, 8, "invtsc"),
	F(0x80000008, 0, EBX, 0, "clzero"), F(0x80000008, 0, EBX, 2, "xsaveerptr"),
	F(0x80000008, 0, EBX, 4, "rdpru"), F(0x80000008, 0, EBX, 9, "wbnoinvd"),
	F(0x80000008, 0, EBX, 12, "amd_ibpb"), F(0x80000008, 0, EBX, 14, "amd_ibrs"),
	F(0x80000008, 0, EBX, 15, "amd_stibp"), F(0x80000008, 0, EBX, 24, "amd_ssbd"),
	F(0x80000008, 0, EBX, 25, "virt_ssbd"),
	F(0x8000000a, 0, EDX, 0, "npt"), F(0x8000000a, 0, EDX, 1, "lbrv"),
	F(0x8000000a, 0, EDX, 3, "nrip_save"), F(0x8000000a, 0, EDX, 4, "tsc_scale"),
	F(0x8000000a, 0, EDX, 5, "vmcb_clean"), F(0x8000000a, 0, EDX, 6, "flushbyasid"),
	F(0x8000000a, 0, EDX, 7, "decodeassists"), F(0x8000000a, 0, EDX, 10, "pause_filter"),
	F(0x8000000a, 0, EDX, 12, "pfthreshold"), F(0x8000000a, 0, EDX, 13, "avic"),
	F(0x8000000a, 0, EDX, 15, "v_vmsave_vmload"), F(0x8000000a, 0, EDX, 16, "vgif"),
	F(0x8000000a, 0, EDX, 25, "vnmi"), F(0x8000000a, 0, EDX, 28, "svme_addr_chk"),
	F(0x80000021, 0, EAX, 0, "no_nested_data_bp"), F(0x80000021, 0, EAX, 6, "null_sel_clr_base"),
	F(0x80000021, 0, EAX, 8, "autoibrs"),
	{NULL, 0, 0, 0, 0},
};
/* clang-format on */
#undef F

static const char right_form[] =
	"must be LEAF[.SUBLEAF]:REG=VALUE, LEAF[.SUBLEAF]:REG:+BIT or -BIT, +FEATURE, -FEATURE or "
	"vendor=NAME, or a list of these with commas, as in 1:ecx:-21,0xd.1:eax=7,-x2apic";

static int add(struct cpuid_edits *edits, const struct cpuid_edit *edit)
{
	struct cpuid_edit *list = realloc(edits->list, (edits->nr + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	list[edits->nr++] = *edit;
	edits->list = list;
	return 0;
}

/* A number of at most 32 bits that ends at one of @ends; moves *@text there. */
static int number(char **text, const char *ends, uint32_t *value)
{
	size_t len = strcspn(*text, ends);
	char digits[32];
	uint64_t v;

	if (len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, *text, len);
	digits[len] = 0;
	if (parse_u64(digits, &v) || v > UINT32_MAX)
		return -EINVAL;
	*value = v;
	*text += len;
	return 0;
}

static const char *by_number(struct cpuid_edits *edits, char *text)
{
	static const char *const regs[] = {"eax", "ebx", "ecx", "edx"};
	struct cpuid_edit edit = {0};
	uint32_t bit;
	char how;

	if (number(&text, ".:", &edit.leaf))
		return right_form;
	if (*text == '.') {
		text++;
		if (number(&text, ":", &edit.subleaf))
			return right_form;
	}
	if (*text++ != ':')
		return right_form;
	while (edit.reg < 4 && strncasecmp(text, regs[edit.reg], 3))
		edit.reg++;
	if (edit.reg == 4)
		return right_form;
	text += 3;
	if (*text == '=') {
		text++;
		edit.clear = UINT32_MAX;
		if (number(&text, "", &edit.set))
			return right_form;
	} else {
		if (*text++ != ':')
			return right_form;
		how = *text++;
		if ((how != '+' && how != '-') || number(&text, "", &bit))
			return right_form;
		if (bit > 31)
			return "names a bit beyond 31: a CPUID register has bits 0 to 31";
		edit.clear = 1u << bit;
		edit.set = how == '+' ? 1u << bit : 0;
	}
	return add(edits, &edit) ? "does not fit into memory" : NULL;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	}
	return *a == *b;
}

static const char *by_name(struct cpuid_edits *edits, const char *text)
{
	for (const struct cpuid_feature *f = cpuid_features; f->name; f++) {
		struct cpuid_edit edit = {
			.leaf = f->leaf,
			.subleaf = f->subleaf,
			.reg = f->reg,
			.clear = 1u << f->bit,
			.set = *text == '+' ? 1u << f->bit : 0,
		};

		if (same_name(f->name, text + 1))
			return add(edits, &edit) ? "does not fit into memory" : NULL;
	}
	return "names a feature that is not known: say it by its bit, as in 1:ecx:-21 (leaf, "
	       "register, bit)";
}

/* The letters lie in EBX, EDX, ECX of leaf 0; AMD's leaf 0x80000000 has them again. */
static const char *vendor(struct cpuid_edits *edits, const char *name)
{
	static const enum cpuid_reg order[] = {CPUID_EBX, CPUID_EDX, CPUID_ECX};
	static const uint32_t leaves[] = {0, 0x80000000};

	if (strlen(name) != 12)
		return "names a vendor that has not 12 letters, as GenuineIntel and AuthenticAMD "
		       "have";
	for (unsigned int i = 0; i < 6; i++) {
		const uint8_t *c = (const uint8_t *)name + i % 3 * 4;
		struct cpuid_edit edit = {
			.leaf = leaves[i / 3],
			.reg = order[i % 3],
			.clear = UINT32_MAX,
			.set = c[0] | c[1] << 8 | c[2] << 16 | (uint32_t)c[3] << 24,
		};

		if (add(edits, &edit))
			return "does not fit into memory";
	}
	return NULL;
}

const char *cpuid_edits_parse(struct cpuid_edits *edits, const char *text)
{
	unsigned int had = edits->nr;
	char *copy = strdup(text), *rest = copy, *word;
	const char *why = copy ? NULL : "does not fit into memory";

	while (!why && (word = strsep(&rest, ","))) {
		if (*word == '+' || *word == '-')
			why = by_name(edits, word);
		else if (!strncmp(word, "vendor=", 7))
			why = vendor(edits, word + 7);
		else
			why = by_number(edits, word);
	}
	if (why)
		edits->nr = had;
	free(copy);
	return why;
}

void cpuid_edits_free(struct cpuid_edits *edits)
{
	free(edits->list);
	*edits = (struct cpuid_edits){0};
}
