/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of model-specific registers and of one-reg ids. Pure: tested on any machine. */
#ifndef KVMBED_X86_REG_NAMES_H
#define KVMBED_X86_REG_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* The manual's name, "IA32_PMC3"; "MSR_0x1234" for a register without one here. Always terminated. */
void x86_msr_name(uint32_t index, char *buf, size_t size);
/* What arch_reg_name() is here. */
void x86_reg_name(uint64_t id, char *buf, size_t size);

#endif
