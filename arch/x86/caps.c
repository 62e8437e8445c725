/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kvmbed caps` says of an x86 host: back-end, model-specific registers, limits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "host.h"
#include "json.h"
#include "kvm.h"
#include "kvm_reglist.h"
#include "reg_names.h"

const char *const arch_backends[] = {"vmx", "svm", "pvm", NULL};

unsigned long arch_caps_vm_type(int kvm_fd)
{
	return KVM_X86_DEFAULT_VM;
}

void arch_reg_name(uint64_t id, char *buf, size_t size)
{
	x86_reg_name(id, buf, size);
}

/* ---- back-end ---- */

struct sign {
	const char *backend;
	const char *module;
	const char *cpu_flag; /* NULL: it needs none */
	/* What KVM_CAP_NESTED_STATE answers where nesting is on: the header, and vmcs12 twice or vmcb12. */
	int nested_state;
};

static const struct sign signs[] = {
	{"vmx", "kvm_intel", "vmx",
	 sizeof(struct kvm_nested_state) + sizeof(struct kvm_vmx_nested_state_data)},
	{"svm", "kvm_amd", "svm",
	 sizeof(struct kvm_nested_state) + sizeof(struct kvm_svm_nested_state_data)},
	{"pvm", "kvm_pvm", NULL, -1},
};

#define NR_SIGNS (sizeof(signs) / sizeof(signs[0]))

/*
 * A module that is built into the kernel is there even when it found no
 * hardware, so the processor must bear it out. The size of the nested state
 * decides alone, for it comes from the back-end itself. NULL when more than
 * one is possible, or none.
 */
static const struct sign *judge(int nested, const bool *module, const bool *flag)
{
	const struct sign *found = NULL;

	for (unsigned int i = 0; i < NR_SIGNS; i++) {
		if (signs[i].nested_state == nested)
			return &signs[i];
	}
	for (unsigned int i = 0; i < NR_SIGNS; i++) {
		if (!module[i] || !flag[i])
			continue;
		if (found)
			return NULL;
		found = &signs[i];
	}
	/* Without /sys the processor speaks alone. */
	for (unsigned int i = 0; i < NR_SIGNS && !found; i++) {
		if (signs[i].cpu_flag && flag[i])
			found = &signs[i];
	}
	return found;
}

static void reasons(int nested, const bool *module, const bool *flag, struct json *because)
{
	for (unsigned int i = 0; i < NR_SIGNS; i++) {
		if (signs[i].nested_state == nested)
			json_add(because, json_string("the nested state has %s's size, %d bytes",
						      signs[i].backend, nested));
		if (module[i])
			json_add(because, json_string("module %s is there", signs[i].module));
		if (signs[i].cpu_flag)
			json_add(because,
				 json_string("the processor's flags %s %s",
					     flag[i] ? "have" : "do not have", signs[i].cpu_flag));
	}
}

/* KVM_CAP_VM_TYPES: a bit for each type that KVM_CREATE_VM takes. */
static void vm_types(int kvm_fd, struct json *out)
{
	static const char *const names[] = {
		[KVM_X86_DEFAULT_VM] = "default", [KVM_X86_SW_PROTECTED_VM] = "sw-protected",
		[KVM_X86_SEV_VM] = "sev",	  [KVM_X86_SEV_ES_VM] = "sev-es",
		[KVM_X86_SNP_VM] = "snp",	  [KVM_X86_TDX_VM] = "tdx",
	};
	int mask = kvm_check_extension(kvm_fd, KVM_CAP_VM_TYPES);
	struct json *types;

	if (!mask)
		return;
	types = json_set(out, "vm_types", json_array());
	for (unsigned int i = 0; i < 31; i++) {
		if (!(mask >> i & 1))
			continue;
		if (i < sizeof(names) / sizeof(names[0]))
			json_add(types, json_string("%s", names[i]));
		else
			json_add(types, json_string("type %u", i));
	}
}

void arch_caps_backend(int kvm_fd, int vm_fd, struct json *out)
{
	int nested = kvm_check_extension(kvm_fd, KVM_CAP_NESTED_STATE);
	bool module[NR_SIGNS], flag[NR_SIGNS];
	char *flags = calloc(1, 16384);
	const struct sign *found;

	if (flags)
		host_cpuinfo("flags", flags, 16384);
	for (unsigned int i = 0; i < NR_SIGNS; i++) {
		module[i] = host_has_module(signs[i].module);
		flag[i] = !signs[i].cpu_flag || (flags && host_has_word(flags, signs[i].cpu_flag));
	}
	free(flags);
	found = judge(nested, module, flag);
	json_set(out, "name", json_string("%s", found ? found->backend : "unknown"));
	reasons(nested, module, flag, json_set(out, "because", json_array()));
	vm_types(kvm_fd, out);
	for (unsigned int i = 0; i < NR_SIGNS; i++) {
		if (module[i])
			host_module_parameters(signs[i].module,
					       json_set(out, signs[i].module, json_object()));
	}
}

/* ---- registers ---- */

/* The list of MSRs that @request gives; NULL without one. The caller frees. */
static struct kvm_msr_list *msr_list(int kvm_fd, unsigned long request)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list));

	/* The first call fails with E2BIG and says how many there are. */
	if (list && kvm_try(kvm_fd, request, (uintptr_t)list) < 0 && list->nmsrs) {
		uint32_t n = list->nmsrs;

		free(list);
		list = calloc(1, sizeof(*list) + n * sizeof(list->indices[0]));
		if (list)
			list->nmsrs = n;
		if (list && kvm_try(kvm_fd, request, (uintptr_t)list) >= 0)
			return list;
	}
	free(list);
	return NULL;
}

/* The host's own value of a feature MSR, asked of /dev/kvm. */
static bool feature_value(int kvm_fd, uint32_t index, uint64_t *value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {.head.nmsrs = 1, .entry.index = index};

	if (kvm_try(kvm_fd, KVM_GET_MSRS, (uintptr_t)&msrs) != 1)
		return false;
	*value = msrs.entry.data;
	return true;
}

static void msr_set(int kvm_fd, const char *set, unsigned long request, struct json *out)
{
	struct kvm_msr_list *list = msr_list(kvm_fd, request);
	struct json *names, *reg;
	uint64_t value;
	char name[48];

	if (!list)
		return;
	out = json_set(out, set, json_object());
	json_set(out, "count", json_number(list->nmsrs));
	names = json_set(out, "names", json_object());
	for (uint32_t i = 0; i < list->nmsrs; i++) {
		x86_msr_name(list->indices[i], name, sizeof(name));
		reg = json_set(names, name, json_object());
		json_set(reg, "id", json_string("0x%" PRIx32, list->indices[i]));
		if (request == KVM_GET_MSR_FEATURE_INDEX_LIST &&
		    feature_value(kvm_fd, list->indices[i], &value))
			json_set(reg, "value", json_string("0x%" PRIx64, value));
	}
	free(list);
}

static bool no_value(uint64_t id)
{
	return false;
}

/* Since Linux 6.18 x86 has one-reg ids too: MSRs are not listed, what else there is may be. */
static void one_reg_set(int kvm_fd, struct json *out)
{
	int vm_fd = kvm_try(kvm_fd, KVM_CREATE_VM, KVM_X86_DEFAULT_VM), vcpu_fd = -1, error;
	struct kvm_reg_list *list = NULL;

	if (vm_fd >= 0)
		vcpu_fd = kvm_try(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu_fd >= 0)
		list = kvm_reglist_get(vcpu_fd, &error);
	if (list)
		kvm_reglist_describe(out, "one_reg", vcpu_fd, list, NULL, no_value);
	free(list);
	kvm_close(vcpu_fd);
	kvm_close(vm_fd);
}

void arch_caps_registers(int kvm_fd, struct json *out)
{
	msr_set(kvm_fd, "msr", KVM_GET_MSR_INDEX_LIST, out);
	msr_set(kvm_fd, "feature_msr", KVM_GET_MSR_FEATURE_INDEX_LIST, out);
	one_reg_set(kvm_fd, out);
}

/* ---- limits ---- */

#define MAX_CPUID 256

/* A leaf of what KVM_GET_SUPPORTED_CPUID gives, or NULL. */
static const struct kvm_cpuid_entry2 *leaf(const struct kvm_cpuid2 *cpuid, uint32_t function)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	}
	return NULL;
}

static void cpuid_limits(int kvm_fd, struct json *out)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	const struct kvm_cpuid_entry2 *e;

	if (cpuid)
		cpuid->nent = MAX_CPUID;
	if (cpuid && !kvm_try(kvm_fd, KVM_GET_SUPPORTED_CPUID, (uintptr_t)cpuid)) {
		json_set(out, "cpuid_leaves", json_number(cpuid->nent));
		/* Intel SDM and AMD APM, CPUID: address sizes; AMD's guest width where it is given. */
		e = leaf(cpuid, 0x80000008);
		if (e) {
			uint32_t guest = e->eax >> 16 & 0xff;

			json_set(out, "guest_physical_bits",
				 json_number(guest ? guest : e->eax & 0xff));
			json_set(out, "linear_bits", json_number(e->eax >> 8 & 0xff));
		}
		/* Leaf 0xA, AH: counters of Intel's architectural PMU; 0 without one, and on AMD. */
		e = leaf(cpuid, 0xa);
		if (e)
			json_set(out, "arch_pmu_counters", json_number(e->eax >> 8 & 0xff));
	}
	free(cpuid);
}

void arch_caps_limits(int kvm_fd, int vm_fd, struct json *out)
{
	static const struct {
		const char *name;
		unsigned int cap;
	} caps[] = {
		{"mce_banks", KVM_CAP_MCE},
		{"xsave_bytes", KVM_CAP_XSAVE2},
	};
	int vcpu_fd, khz;

	for (unsigned int i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		int value = kvm_check_extension(vm_fd >= 0 ? vm_fd : kvm_fd, caps[i].cap);

		if (value > 0)
			json_set(out, caps[i].name, json_number(value));
	}
	cpuid_limits(kvm_fd, out);
	vcpu_fd = vm_fd < 0 ? -1 : kvm_try(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu_fd < 0)
		return;
	khz = kvm_try(vcpu_fd, KVM_GET_TSC_KHZ, 0);
	if (khz > 0)
		json_set(out, "tsc_khz", json_number(khz));
	kvm_close(vcpu_fd);
}
