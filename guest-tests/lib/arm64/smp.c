/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls into the hypervisor's PSCI (Arm DEN 0022), and the other CPUs' start by it. */
#include "arm64.h"
#include "fdt.h"

static bool by_smc(void)
{
	const char *method = fdt_string(fdt_compatible(NULL, "arm,psci-0.2"), "method");

	return method && !strcmp(method, "smc");
}

uint64_t psci_call(uint64_t function, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	/* Asked first: a call would change what the registers below hold. */
	bool smc = by_smc();
	register uint64_t x0 asm("x0") = function;
	register uint64_t x1 asm("x1") = arg1;
	register uint64_t x2 asm("x2") = arg2;
	register uint64_t x3 asm("x3") = arg3;

	/* SMCCC lets a call change x4 to x17 as well. */
#define CALL(insn)                                                                            \
	asm volatile(insn " #0"                                                               \
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                 \
		     :                                                                        \
		     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
		       "x15", "x16", "x17", "memory")
	if (smc)
		CALL("smc");
	else
		CALL("hvc");
	return x0;
}

void arch_cpu_set(struct cpu *cpu)
{
	sysreg_write(tpidr_el1, cpu);
}

void secondary_main(struct cpu *cpu)
{
	arch_cpu_set(cpu);
	paging_use();
	gic_cpu_init();
	clock_cpu_init();
	cpu_main(cpu);
}

bool arch_cpu_boot(struct cpu *cpu)
{
	return psci_call(PSCI_CPU_ON, cpu->hwid, (uint64_t)secondary_start, (uint64_t)cpu) == 0;
}
