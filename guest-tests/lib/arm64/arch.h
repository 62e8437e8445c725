/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AArch64: saved registers, and what is one instruction. Included by guest.h. */
#ifndef GUEST_ARM64_ARCH_H
#define GUEST_ARM64_ARCH_H

struct cpu;

/* In the order in which trap.S stores them. */
struct regs {
	uint64_t x[31];
	uint64_t sp, pc, pstate;
};

/* Callee-saved by the AAPCS64: x19 to x28, fp, lr, sp; start.S knows the order. */
struct arch_context {
	uint64_t x[12], sp;
};

#define sysreg_read(name)                                                \
	({                                                               \
		uint64_t value_;                                         \
		asm volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
		value_;                                                  \
	})
#define sysreg_write(name, value) \
	asm volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

static inline void isb(void)
{
	asm volatile("isb" ::: "memory");
}

static inline uint64_t regs_pc(const struct regs *regs)
{
	return regs->pc;
}

static inline void regs_set_pc(struct regs *regs, uint64_t pc)
{
	regs->pc = pc;
}

static inline void cpu_relax(void)
{
	asm volatile("yield" ::: "memory");
}

static inline struct cpu *arch_cpu(void)
{
	struct cpu *cpu;

	asm("mrs %0, tpidr_el1" : "=r"(cpu));
	return cpu;
}

/* Of map_page(), on arm64 alone: EL0 may, too. EL1 does not execute what EL0 can write. */
#define MAP_USER 16u

#define PSTATE_I (1ul << 7)

static inline void irq_on(void)
{
	asm volatile("msr daifclr, #2" ::: "memory");
}

static inline void irq_off(void)
{
	asm volatile("msr daifset, #2" ::: "memory");
}

static inline bool irq_save(void)
{
	bool on = !(sysreg_read(daif) & PSTATE_I);

	irq_off();
	return on;
}

static inline void irq_restore(bool on)
{
	if (on)
		irq_on();
	else
		irq_off();
}

/* The guest was started at EL2 (kvmbed run --el2); it then runs there with the registers of EL1 redirected (VHE). */
static inline bool at_el2(void)
{
	return sysreg_read(currentel) == 2 << 2;
}

/* SMC Calling Convention (Arm DEN 0028), by the instruction that the device tree names. x0 of the result. */
uint64_t psci_call(uint64_t function, uint64_t arg1, uint64_t arg2, uint64_t arg3);

#define PSCI_VERSION	  0x84000000
#define PSCI_CPU_OFF	  0x84000002
#define PSCI_CPU_ON	  0xc4000003
#define PSCI_SYSTEM_OFF	  0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

#endif
