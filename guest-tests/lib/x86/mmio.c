/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory access by one plain MOV of a given width. */
#include "x86.h"

#define MMIO(bits, suffix, reg)                                                               \
	uint##bits##_t mmio_read##bits(uint64_t va)                                           \
	{                                                                                     \
		uint##bits##_t value;                                                         \
                                                                                              \
		asm volatile("mov" suffix " (%1), %0" : "=" reg(value) : "r"(va) : "memory"); \
		return value;                                                                 \
	}                                                                                     \
                                                                                              \
	void mmio_write##bits(uint64_t va, uint##bits##_t value)                              \
	{                                                                                     \
		asm volatile("mov" suffix " %0, (%1)" ::reg(value), "r"(va) : "memory");      \
	}

MMIO(8, "b", "q")
MMIO(16, "w", "r")
MMIO(32, "l", "r")
MMIO(64, "q", "r")
