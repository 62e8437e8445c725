/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the compiler calls where one instruction does not do it (GCC internals,
 * "Routines for integer arithmetic"); its own library of these is built for a
 * calling convention with floating-point registers.
 */
#include "riscv.h"

uint32_t __bswapsi2(uint32_t value);
int __ctzdi2(uint64_t value);

uint32_t __bswapsi2(uint32_t value)
{
	return value >> 24 | (value >> 8 & 0xff00) | (value & 0xff00) << 8 | value << 24;
}

int __ctzdi2(uint64_t value)
{
	int n = 0;

	for (; n < 63 && !(value & 1); n++)
		value >>= 1;
	return n;
}
