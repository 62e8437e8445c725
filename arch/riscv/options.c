/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `kvmbed run` that only RISC-V has. */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/riscv/riscv.h"

const char arch_name[] = "riscv";

static struct arch_config *arch_of(void *target)
{
	return ((struct config *)target)->arch;
}

static const char *set_irqchip(void *target, const char *value)
{
	static const struct {
		const char *name;
		enum irqchip irqchip;
		int aia_mode;
	} names[] = {
		{"none", IRQCHIP_NONE, -1},
		{"plic", IRQCHIP_PLIC, -1},
		{"aia", IRQCHIP_AIA, -1},
		{"aia:emul", IRQCHIP_AIA, KVM_DEV_RISCV_AIA_MODE_EMUL},
		{"aia:hwaccel", IRQCHIP_AIA, KVM_DEV_RISCV_AIA_MODE_HWACCEL},
		{"aia:auto", IRQCHIP_AIA, KVM_DEV_RISCV_AIA_MODE_AUTO},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i].name))
			continue;
		arch_of(target)->irqchip = names[i].irqchip;
		arch_of(target)->aia_mode = names[i].aia_mode;
		return NULL;
	}
	return "must be aia, aia:emul, aia:hwaccel, aia:auto, plic or none";
}

static const char *set_isa(void *target, const char *value)
{
	return riscv_ext_parse(riscv_isa_exts, value, arch_of(target)->isa);
}

static const char *set_sbi(void *target, const char *value)
{
	return riscv_ext_parse(riscv_sbi_exts, value, arch_of(target)->sbi);
}

/* clang-format off */
const struct option_desc arch_options[] = {
	{"irqchip", 0, "CHIP", "aia (in the kernel; aia:emul, aia:hwaccel, aia:auto choose its mode), plic or none (default: aia if the host has it, or plic)", set_irqchip},
	{"isa", 0, "EXT=on|off", "turn an ISA extension on or off, such as zicboz=off; may be repeated", set_isa},
	{"sbi", 0, "EXT=on|off", "turn an SBI extension on or off, such as dbcn=off; may be repeated", set_sbi},
	{0},
};
/* clang-format on */

struct arch_config *arch_config_new(void)
{
	struct arch_config *config = calloc(1, sizeof(*config));

	if (config)
		config->aia_mode = -1;
	return config;
}

void arch_config_free(struct arch_config *config)
{
	free(config);
}
