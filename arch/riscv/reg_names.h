/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of one-reg ids; what arch_reg_name() is here. Pure: tested on any machine. */
#ifndef KVMBED_RISCV_REG_NAMES_H
#define KVMBED_RISCV_REG_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Always terminated; an id without a name gets one made of its numbers. */
void riscv_reg_name(uint64_t id, char *buf, size_t size);

#endif
