/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kvmbed caps` says of an arm64 host: back-end, sets of registers, limits. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "host.h"
#include "json.h"
#include "kvm.h"
#include "kvm_reglist.h"
#include "msg.h"
#include "reg_names.h"

void arch_reg_name(uint64_t id, char *buf, size_t size)
{
	arm64_reg_name(id, buf, size);
}

/* Type 0 is a VM with 40 bits of physical address, which some hosts do not have. */
unsigned long arch_caps_vm_type(int kvm_fd)
{
	int bits = kvm_check_extension(kvm_fd, KVM_CAP_ARM_VM_IPA_SIZE);

	return bits && bits < 40 ? KVM_VM_TYPE_ARM_IPA_SIZE(bits) : 0;
}

/* ---- back-end ---- */

const char *const arch_backends[] = {"vhe", "nvhe", "hvhe", "protected", NULL};

/*
 * The private interrupt that the host's own timer uses: a kernel at EL2 takes
 * the hypervisor timer's, one at EL1 with KVM below it the non-secure physical
 * one's (numbers: Arm Base System Architecture, "PPI assignments"). -1 if unknown.
 */
#define PPI_HYP_TIMER  26
#define PPI_PHYS_TIMER 30

static int host_timer_ppi(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	size_t room = 0;
	char *line = NULL;
	int ppi = -1;

	while (f && ppi < 0 && getline(&line, &room, f) > 0) {
		const char *chip = strstr(line, "GIC");

		/* "11:  1234  5678  GICv3  26 Level  arch_timer" */
		if (!chip || !host_has_word(line, "arch_timer"))
			continue;
		chip += strcspn(chip, " \t");
		if (sscanf(chip, "%d", &ppi) != 1)
			ppi = -1;
	}
	free(line);
	if (f)
		fclose(f);
	return ppi;
}

/* What the kernel says when KVM starts, newest wording first; in this order, because one contains another. */
static const struct {
	const char *text;
	const char *backend;
} log_lines[] = {
	{"Protected nVHE mode initialized", "protected"},
	{"Protected hVHE mode initialized", "protected"},
	{"hVHE mode initialized", "hvhe"},
	{"Hyp nVHE mode initialized", "nvhe"},
	{"nVHE mode initialized", "nvhe"},
	{"VHE mode initialized", "vhe"},
	{"VHE+NV2 mode initialized", "vhe"},
	{"Hyp mode initialized", "nvhe"},
};

static const char *from_log(struct json *because)
{
	static const char *const needles[] = {"mode initialized successfully", NULL};
	char line[256];
	int r = host_kernel_log(needles, line, sizeof(line));

	if (r == -EPERM)
		json_add(because, json_string("the kernel's log may not be read by this user"));
	for (unsigned int i = 0; !r && i < sizeof(log_lines) / sizeof(log_lines[0]); i++) {
		if (strstr(line, log_lines[i].text)) {
			json_add(because, json_string("the kernel's log says \"%s\"", line));
			return log_lines[i].backend;
		}
	}
	return NULL;
}

/* Only a kernel in protected mode takes this type; kernels before 7.1 have protected mode without the type. */
static bool has_protected_vm(int kvm_fd)
{
	int fd = kvm_try(kvm_fd, KVM_CREATE_VM,
			 KVM_VM_TYPE_ARM_PROTECTED | arch_caps_vm_type(kvm_fd));

	if (fd < 0)
		return false;
	kvm_close(fd);
	return true;
}

static const char *find_backend(int kvm_fd, struct json *because)
{
	const char *logged = from_log(because);
	int ppi = host_timer_ppi();

	if (has_protected_vm(kvm_fd)) {
		json_add(because, json_string("a protected VM can be created"));
		return "protected";
	}
	if (ppi >= 0)
		json_add(because, json_string("the host's timer is PPI %d", ppi));
	/* Between nVHE, hVHE and protected mode without its VM type only the log can tell. */
	if (logged)
		return logged;
	if (ppi == PPI_HYP_TIMER) {
		json_add(because, json_string("so the kernel runs at EL2"));
		return "vhe";
	}
	if (ppi == PPI_PHYS_TIMER) {
		json_add(because,
			 json_string("so the kernel runs at EL1: nvhe, hvhe or protected"));
		return "unknown";
	}
	json_add(because, json_string("/proc/interrupts does not tell the exception level"));
	return "unknown";
}

void arch_caps_backend(int kvm_fd, int vm_fd, struct json *out)
{
	struct json *because = json_array();

	json_set(out, "name", json_string("%s", find_backend(kvm_fd, because)));
	json_set(out, "because", because);
	json_set(out, "nested", json_bool(kvm_check_extension(kvm_fd, KVM_CAP_ARM_EL2) > 0));
}

/* ---- a vCPU with features ---- */

/* A VM of one vCPU that has been initialised; nothing in it can run. */
struct sample {
	int vm_fd, vcpu_fd;
	char error[96]; /* why there is none; "" if there is */
};

static void sample_failed(struct sample *s, const char *what, int r)
{
	if (!*s->error)
		snprintf(s->error, sizeof(s->error), "%s: %s", what, errno_name(r));
}

static void sample_destroy(struct sample *s)
{
	kvm_close(s->vcpu_fd);
	kvm_close(s->vm_fd);
}

static void sample_create(struct sample *s, int kvm_fd, uint32_t features)
{
	struct kvm_vcpu_init init;
	int feature = KVM_ARM_VCPU_SVE, r;

	*s = (struct sample){.vcpu_fd = -1};
	s->vm_fd = kvm_try(kvm_fd, KVM_CREATE_VM, arch_caps_vm_type(kvm_fd));
	if (s->vm_fd < 0) {
		sample_failed(s, "KVM_CREATE_VM", s->vm_fd);
		return;
	}
	s->vcpu_fd = kvm_try(s->vm_fd, KVM_CREATE_VCPU, 0);
	if (s->vcpu_fd < 0) {
		sample_failed(s, "KVM_CREATE_VCPU", s->vcpu_fd);
		return;
	}
	r = kvm_try(s->vm_fd, KVM_ARM_PREFERRED_TARGET, (uintptr_t)&init);
	if (r < 0)
		sample_failed(s, "KVM_ARM_PREFERRED_TARGET", r);
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2 | features;
	r = r < 0 ? r : kvm_try(s->vcpu_fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init);
	if (r < 0)
		sample_failed(s, "KVM_ARM_VCPU_INIT", r);
	if (r >= 0 && features & 1u << KVM_ARM_VCPU_SVE) {
		r = kvm_try(s->vcpu_fd, KVM_ARM_VCPU_FINALIZE, (uintptr_t)&feature);
		if (r < 0)
			sample_failed(s, "KVM_ARM_VCPU_FINALIZE", r);
	}
}

static bool sample_get(const struct sample *s, uint64_t id, void *value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

	return !*s->error && kvm_try(s->vcpu_fd, KVM_GET_ONE_REG, (uintptr_t)&reg) >= 0;
}

/* ---- registers ---- */

static const struct {
	const char *name;
	uint32_t features;
} sets[] = {
	{"base", 0},
	{"pmu", 1u << KVM_ARM_VCPU_PMU_V3},
	{"sve", 1u << KVM_ARM_VCPU_SVE},
	{"ptrauth", 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS | 1u << KVM_ARM_VCPU_PTRAUTH_GENERIC},
	{"el2", 1u << KVM_ARM_VCPU_HAS_EL2},
};

/*
 * Registers that tell about the host: the feature ID space (op0 3; op1 0, 1 or
 * 3; CRn 0; asm/kvm.h, KVM_ARM_GET_REG_WRITABLE_MASKS), and what firmware KVM plays.
 */
static bool tells_host(uint64_t id)
{
	unsigned int kind = (id & KVM_REG_ARM_COPROC_MASK);
	unsigned int op0 = (id & KVM_REG_ARM64_SYSREG_OP0_MASK) >> KVM_REG_ARM64_SYSREG_OP0_SHIFT;
	unsigned int op1 = (id & KVM_REG_ARM64_SYSREG_OP1_MASK) >> KVM_REG_ARM64_SYSREG_OP1_SHIFT;
	unsigned int crn = (id & KVM_REG_ARM64_SYSREG_CRN_MASK) >> KVM_REG_ARM64_SYSREG_CRN_SHIFT;

	if (kind == KVM_REG_ARM_FW || kind == KVM_REG_ARM_FW_FEAT_BMAP)
		return true;
	return kind == KVM_REG_ARM64_SYSREG && op0 == 3 && (op1 < 2 || op1 == 3) && !crn;
}

/* Of a reg_list, or why there is none. */
static struct kvm_reg_list *sample_list(struct sample *s)
{
	struct kvm_reg_list *list = NULL;
	int r;

	if (!*s->error) {
		list = kvm_reglist_get(s->vcpu_fd, &r);
		if (!list)
			sample_failed(s, "KVM_GET_REG_LIST", r);
	}
	return list;
}

void arch_caps_registers(int kvm_fd, struct json *out)
{
	struct kvm_reg_list *base = NULL, *list;
	struct sample s;

	for (unsigned int i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		sample_create(&s, kvm_fd, sets[i].features);
		list = sample_list(&s);
		if (list)
			kvm_reglist_describe(out, sets[i].name, s.vcpu_fd, list, base, tells_host);
		else
			json_set(json_set(out, sets[i].name, json_object()), "absent",
				 json_string("%s", s.error));
		sample_destroy(&s);
		if (i)
			free(list);
		else
			base = list;
	}
	free(base);
}

/* ---- limits ---- */

#define PMCR_EL0 ARM64_SYS_REG(3, 3, 9, 12, 0)

static void pmu_limits(int kvm_fd, struct json *out)
{
	struct sample s;
	uint64_t pmcr;

	sample_create(&s, kvm_fd, 1u << KVM_ARM_VCPU_PMU_V3);
	/* PMCR_EL0.N, bits 15:11. */
	if (sample_get(&s, PMCR_EL0, &pmcr))
		json_set(out, "pmu_counters", json_number((long long)(pmcr >> 11 & 0x1f)));
	sample_destroy(&s);
}

/* The longest vector: bit n of the list stands for n + 1 times 128 bits. */
static void sve_limits(int kvm_fd, struct json *out)
{
	uint64_t lengths[KVM_ARM64_SVE_VLS_WORDS] = {0};
	struct sample s;
	int longest = 0;

	sample_create(&s, kvm_fd, 1u << KVM_ARM_VCPU_SVE);
	if (sample_get(&s, KVM_REG_ARM64_SVE_VLS, lengths)) {
		for (int i = 0; i < KVM_ARM64_SVE_VLS_WORDS * 64; i++) {
			if (lengths[i / 64] >> (i % 64) & 1)
				longest = (i + 1) * 128;
		}
		json_set(out, "sve_bits", json_number(longest));
	}
	sample_destroy(&s);
}

void arch_caps_limits(int kvm_fd, int vm_fd, struct json *out)
{
	static const struct {
		const char *name;
		unsigned int cap;
	} caps[] = {
		{"hw_breakpoints", KVM_CAP_GUEST_DEBUG_HW_BPS},
		{"hw_watchpoints", KVM_CAP_GUEST_DEBUG_HW_WPS},
	};
	int bits = kvm_check_extension(kvm_fd, KVM_CAP_ARM_VM_IPA_SIZE);
	uint64_t hz;

	json_set(out, "ipa_bits", json_number(bits ? bits : 40));
	for (unsigned int i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		json_set(out, caps[i].name, json_number(kvm_check_extension(kvm_fd, caps[i].cap)));
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	json_set(out, "counter_hz", json_number((long long)hz));
	pmu_limits(kvm_fd, out);
	sve_limits(kvm_fd, out);
}
