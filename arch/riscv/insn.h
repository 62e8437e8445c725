/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V instructions that access memory, taken apart. No KVM, no knowledge of the host. */
#ifndef KVMBED_RISCV_INSN_H
#define KVMBED_RISCV_INSN_H

#include <stdbool.h>
#include <stdint.h>

struct riscv_access {
	bool store;	   /* or load and store, as an atomic operation */
	unsigned int base; /* the register x0 to x31 with the address */
	int64_t offset;	   /* added to it */
};

/* Bytes of the instruction that begins with these 16 bits: 2 or 4. */
unsigned int riscv_insn_length(uint16_t first);

/* @insn is in the low bits. False if it is not a load, store or atomic operation. */
bool riscv_insn_access(uint32_t insn, struct riscv_access *access);

#endif
