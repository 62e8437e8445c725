/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores taken apart, as far as their address goes (Unprivileged ISA:
 * "RV32/64G Instruction Set Listings", "RVC Instruction Set Listings", and the
 * V extension's "Load and Store Instruction Encoding").
 */
#include "insn.h"

#define OPCODE_LOAD	0x03u
#define OPCODE_LOAD_FP	0x07u
#define OPCODE_STORE	0x23u
#define OPCODE_STORE_FP 0x27u
#define OPCODE_AMO	0x2fu
#define AMO_LR		0x02u /* funct5 */

#define X_SP 2u

static uint32_t bits(uint32_t insn, unsigned int high, unsigned int low)
{
	return insn >> low & ((2u << (high - low)) - 1);
}

unsigned int riscv_insn_length(uint16_t first)
{
	return (first & 3) == 3 ? 4 : 2;
}

/* The floating-point opcodes are shared with vector accesses, which have no offset: widths 0 and 5 to 7. */
static bool is_vector(uint32_t insn)
{
	uint32_t width = bits(insn, 14, 12);

	return width == 0 || width >= 5;
}

static bool full_access(uint32_t insn, struct riscv_access *access)
{
	int64_t load_offset = (int32_t)insn >> 20;
	int64_t store_offset = ((int32_t)insn >> 25) * 32 + (int64_t)bits(insn, 11, 7);

	*access = (struct riscv_access){.base = bits(insn, 19, 15)};
	switch (bits(insn, 6, 0)) {
	case OPCODE_LOAD:
		access->offset = load_offset;
		return true;
	case OPCODE_LOAD_FP:
		access->offset = is_vector(insn) ? 0 : load_offset;
		return true;
	case OPCODE_STORE:
		access->store = true;
		access->offset = store_offset;
		return true;
	case OPCODE_STORE_FP:
		access->store = true;
		access->offset = is_vector(insn) ? 0 : store_offset;
		return true;
	case OPCODE_AMO:
		access->store = bits(insn, 31, 27) != AMO_LR;
		return true;
	}
	return false;
}

/* Offsets of the compressed forms: of words and double words, by a register and by the stack pointer. */
static int64_t offset_w(uint32_t i)
{
	return bits(i, 12, 10) << 3 | bits(i, 6, 6) << 2 | bits(i, 5, 5) << 6;
}

static int64_t offset_d(uint32_t i)
{
	return bits(i, 12, 10) << 3 | bits(i, 6, 5) << 6;
}

static int64_t offset_wsp(uint32_t i, bool store)
{
	if (store)
		return bits(i, 12, 9) << 2 | bits(i, 8, 7) << 6;
	return bits(i, 12, 12) << 5 | bits(i, 6, 4) << 2 | bits(i, 3, 2) << 6;
}

static int64_t offset_dsp(uint32_t i, bool store)
{
	if (store)
		return bits(i, 12, 10) << 3 | bits(i, 9, 7) << 6;
	return bits(i, 12, 12) << 5 | bits(i, 6, 5) << 3 | bits(i, 4, 2) << 6;
}

/* Zcb: c.lbu, c.lhu, c.lh, c.sb, c.sh. */
static bool small_access(uint32_t insn, struct riscv_access *access)
{
	uint32_t kind = bits(insn, 12, 10);

	access->store = kind & 2;
	if (kind & 1)
		access->offset = bits(insn, 5, 5) << 1;
	else
		access->offset = bits(insn, 6, 6) | bits(insn, 5, 5) << 1;
	return kind <= 3;
}

/* funct3 1 to 3 load, 5 to 7 store; of each, the second is a word and the others are double words. */
static bool compressed_access(uint32_t insn, struct riscv_access *access)
{
	uint32_t quadrant = bits(insn, 1, 0), funct3 = bits(insn, 15, 13);
	bool store = funct3 >= 5, word = funct3 == 2 || funct3 == 6;

	*access = (struct riscv_access){.store = store};
	if (quadrant == 0) {
		access->base = 8 + bits(insn, 9, 7);
		if (funct3 == 4)
			return small_access(insn, access);
		access->offset = word ? offset_w(insn) : offset_d(insn);
	} else {
		access->base = X_SP;
		access->offset = word ? offset_wsp(insn, store) : offset_dsp(insn, store);
	}
	return quadrant != 1 && funct3 != 0 && funct3 != 4;
}

bool riscv_insn_access(uint32_t insn, struct riscv_access *access)
{
	return riscv_insn_length(insn) == 4 ? full_access(insn, access)
					    : compressed_access(insn & 0xffff, access);
}
