/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory access by one plain load or store of a given width. */
#include "riscv.h"

#define MMIO(bits, load, store)                                                              \
	uint##bits##_t mmio_read##bits(uint64_t va)                                          \
	{                                                                                    \
		uint64_t value;                                                              \
                                                                                             \
		asm volatile(load " %0, (%1)" : "=r"(value) : "r"(va) : "memory");           \
		return value;                                                                \
	}                                                                                    \
                                                                                             \
	void mmio_write##bits(uint64_t va, uint##bits##_t value)                             \
	{                                                                                    \
		asm volatile(store " %0, (%1)" ::"rJ"((uint64_t)value), "r"(va) : "memory"); \
	}

MMIO(8, "lbu", "sb")
MMIO(16, "lhu", "sh")
MMIO(32, "lwu", "sw")
MMIO(64, "ld", "sd")
