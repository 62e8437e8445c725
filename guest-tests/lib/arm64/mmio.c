/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory access by one load or store without write-back, which ESR_EL2.ISS describes to KVM. */
#include "arm64.h"

#define MMIO(bits, suffix, reg)                                                                   \
	uint##bits##_t mmio_read##bits(uint64_t va)                                               \
	{                                                                                         \
		uint##bits##_t value;                                                             \
                                                                                                  \
		asm volatile("ldr" suffix " %" reg "0, [%1]" : "=r"(value) : "r"(va) : "memory"); \
		return value;                                                                     \
	}                                                                                         \
                                                                                                  \
	void mmio_write##bits(uint64_t va, uint##bits##_t value)                                  \
	{                                                                                         \
		asm volatile("str" suffix " %" reg "0, [%1]" ::"r"(value), "r"(va) : "memory");   \
	}

MMIO(8, "b", "w")
MMIO(16, "h", "w")
MMIO(32, "", "w")
MMIO(64, "", "x")
