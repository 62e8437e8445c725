/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `kvmbed run` that only arm64 has. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "msg.h"

/* FEAT_LPA's: Arm ARM, D8.1.6. */
#define MIN_IPA_BITS 32u
#define MAX_IPA_BITS 52u

const char arch_name[] = "arm64";

static struct arch_config *arch_of(void *target)
{
	return ((struct config *)target)->arch;
}

/* Options that exclude each other, in whichever order they come; KVM would say EINVAL of the whole set. */
static const char *check(void *target)
{
	const struct arch_config *c = arch_of(target);
	const struct {
		bool both;
		const char *why;
	} rules[] = {
		{c->aarch32 && c->el2, "--aarch32 and --el2 cannot be used together"},
		{c->aarch32 && c->sve, "--aarch32 and --sve cannot be used together"},
		{c->aarch32 && c->mte, "--aarch32 and --mte cannot be used together"},
		{c->aarch32 && c->ptrauth == CHOICE_YES,
		 "--aarch32 and --ptrauth cannot be used together"},
		{c->el2 && (c->irqchip == IRQCHIP_NONE || c->irqchip == IRQCHIP_GICV2 ||
			    c->irqchip == IRQCHIP_GICV2_USER),
		 "--el2 needs --irqchip gicv3 or gicv3-its"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].both)
			return rules[i].why;
	}
	return NULL;
}

static const char *set_irqchip(void *target, const char *value)
{
	static const struct {
		const char *name;
		enum irqchip irqchip;
	} names[] = {
		{"none", IRQCHIP_NONE},
		{"gicv2", IRQCHIP_GICV2},
		{"gicv3", IRQCHIP_GICV3},
		{"gicv3-its", IRQCHIP_GICV3_ITS},
		{"gicv2-user", IRQCHIP_GICV2_USER},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i].name)) {
			arch_of(target)->irqchip = names[i].irqchip;
			return check(target);
		}
	}
	return "must be gicv2, gicv3, gicv3-its, gicv2-user or none";
}

static const char *set_ipa_bits(void *target, const char *value)
{
	uint64_t bits;

	if (parse_u64(value, &bits) || bits < MIN_IPA_BITS || bits > MAX_IPA_BITS)
		return "must be from 32 to 52";
	arch_of(target)->ipa_bits = bits;
	return NULL;
}

static const char *set_sve(void *target, const char *value)
{
	arch_of(target)->sve = true;
	return check(target);
}

static const char *set_sve_max_vl(void *target, const char *value)
{
	uint64_t bits;

	if (parse_u64(value, &bits) || bits < 128 || bits > 2048 || bits % 128)
		return "must be a multiple of 128 from 128 to 2048";
	arch_of(target)->sve = true;
	arch_of(target)->sve_max_bits = bits;
	return check(target);
}

static const char *set_pmu(void *target, const char *value)
{
	arch_of(target)->pmu = true;
	return NULL;
}

static const char *set_el2(void *target, const char *value)
{
	arch_of(target)->el2 = true;
	return check(target);
}

static const char *set_aarch32(void *target, const char *value)
{
	arch_of(target)->aarch32 = true;
	return check(target);
}

static const char *set_ptrauth(void *target, const char *value)
{
	arch_of(target)->ptrauth = CHOICE_YES;
	return check(target);
}

static const char *set_no_ptrauth(void *target, const char *value)
{
	arch_of(target)->ptrauth = CHOICE_NO;
	return NULL;
}

static const char *set_mte(void *target, const char *value)
{
	arch_of(target)->mte = true;
	return check(target);
}

/* clang-format off */
const struct option_desc arch_options[] = {
	{"irqchip", 0, "CHIP", "gicv2, gicv3, gicv3-its, gicv2-user (outside the kernel) or none (default: the best the host has)", set_irqchip},
	{"ipa-bits", 0, "N", "size of the guest's physical address space (default: 40, more if RAM needs it)", set_ipa_bits},
	{"pmu", 0, NULL, "give the guest a performance monitor (PMUv3)", set_pmu},
	{"sve", 0, NULL, "give the guest SVE with all vector lengths of the host", set_sve},
	{"sve-max-vl", 0, "BITS", "give the guest SVE with vectors of at most BITS", set_sve_max_vl},
	{"el2", 0, NULL, "start the guest at EL2, with nested virtualization", set_el2},
	{"nested", 0, NULL, NULL, set_el2},
	{"aarch32", 0, NULL, "a 32-bit guest: every vCPU's EL1 is AArch32", set_aarch32},
	{"ptrauth", 0, NULL, "insist on pointer authentication (default: if the host has it)", set_ptrauth},
	{"no-ptrauth", 0, NULL, "no pointer authentication", set_no_ptrauth},
	{"mte", 0, NULL, "give the guest the memory tagging extension", set_mte},
	{0},
};
/* clang-format on */

unsigned int arm64_ram_bits(const struct config *config)
{
	uint64_t last = RAM_BASE + config->mem_size - 1;
	unsigned int bits = 0;

	for (; last; last >>= 1)
		bits++;
	return bits;
}

int arm64_check_config(const struct config *config)
{
	const struct arch_config *c = config->arch;

	if (config->mem_size > (1ull << MAX_IPA_BITS) - RAM_BASE) {
		msg_error("--mem: %" PRIu64 " MiB are more than an arm64 guest can address",
			  config->mem_size >> 20);
		return -EINVAL;
	}
	if (c->ipa_bits && c->ipa_bits < arm64_ram_bits(config)) {
		msg_error("RAM of %" PRIu64 " MiB from 0x%llx needs %u bits of address: use "
			  "--ipa-bits %u or less --mem",
			  config->mem_size >> 20, RAM_BASE, arm64_ram_bits(config),
			  arm64_ram_bits(config));
		return -EINVAL;
	}
	if ((c->irqchip == IRQCHIP_GICV2 || c->irqchip == IRQCHIP_GICV2_USER) &&
	    config->nr_vcpus > GICV2_MAX_VCPUS) {
		msg_error(
			"a GICv2 takes at most %u vCPUs: use --cpus %u or less, or --irqchip gicv3",
			GICV2_MAX_VCPUS, GICV2_MAX_VCPUS);
		return -EINVAL;
	}
	return 0;
}

struct arch_config *arch_config_new(void)
{
	return calloc(1, sizeof(struct arch_config));
}

void arch_config_free(struct arch_config *config)
{
	free(config);
}
