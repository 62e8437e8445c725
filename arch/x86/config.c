/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `kvmbed run` that only x86 has. */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/x86/x86.h"

const char arch_name[] = "x86";

static struct arch_config *config_of(void *target)
{
	return ((struct config *)target)->arch;
}

static const char *set_irqchip(void *target, const char *value)
{
	static const char *const names[] = {
		[X86_IRQCHIP_KERNEL] = "kernel",
		[X86_IRQCHIP_SPLIT] = "split",
		[X86_IRQCHIP_NONE] = "none",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			config_of(target)->irqchip = i;
			return NULL;
		}
	}
	return "must be kernel, split or none";
}

static const char *set_start(void *target, const char *value)
{
	static const char *const names[] = {
		[X86_START_AUTO] = "auto",
		[X86_START_REAL] = "real",
		[X86_START_PROTECTED] = "protected",
		[X86_START_LONG] = "long",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			config_of(target)->start = i;
			return NULL;
		}
	}
	return "must be auto, real, protected or long";
}

static const char *set_cpuid(void *target, const char *value)
{
	return cpuid_edits_parse(&config_of(target)->cpuid, value);
}

static const char *set_msr_exits(void *target, const char *value)
{
	config_of(target)->msr_exits = true;
	return NULL;
}

const struct option_desc arch_options[] = {
	{"irqchip", 0, "KIND", "kernel (default), split (our I/O APIC and PIC) or none (our PIC)",
	 set_irqchip},
	{"start", 0, "MODE", "real, protected or long; auto (default) follows the image",
	 set_start},
	{"cpuid", 0, "EDITS", "change CPUID: 1:ecx:-21, 0xd.1:eax=7, -x2apic, vendor=GenuineIntel",
	 set_cpuid},
	{"msr-exits", 0, NULL, "say each access to an MSR that KVM does not know", set_msr_exits},
	{NULL, 0, NULL, NULL, NULL},
};

struct arch_config *arch_config_new(void)
{
	return calloc(1, sizeof(struct arch_config));
}

void arch_config_free(struct arch_config *config)
{
	if (!config)
		return;
	cpuid_edits_free(&config->cpuid);
	free(config);
}
