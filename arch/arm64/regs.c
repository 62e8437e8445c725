/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a vCPU, by KVM_GET_ONE_REG and KVM_SET_ONE_REG: single ones, the
 * set that the guest starts with, and the dump for a person. Numbers of system
 * registers are those of their MRS encoding (Arm ARM, DDI 0487, D19).
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "arch.h"
#include "arch/arm64/arm64.h"

#define CORE_REG(field) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
/* X registers are 8 bytes, two units of a core register's number. */
#define CORE_X(n)   (CORE_REG(regs.regs[0]) + 2 * (n))
#define CORE_SP_EL0 CORE_REG(regs.sp)
#define CORE_SP_EL1 CORE_REG(sp_el1)
#define CORE_PC	    CORE_REG(regs.pc)
#define CORE_PSTATE CORE_REG(regs.pstate)
#define CORE_ELR    CORE_REG(elr_el1)
#define CORE_SPSR   CORE_REG(spsr[0])

/* PSTATE as SPSR has it (Arm ARM, C5.2.19); AArch32 modes are the CPSR's. */
#define PSTATE_DAIF    0x3c0u
#define PSTATE_EL1H    0x5u
#define PSTATE_EL2H    0x9u
#define CPSR_SVC       0x13u
#define CPSR_A_I_F     0x1c0u
#define CPSR_T	       0x20u
#define ARM_NO_MACHINE 0xffffffffu /* r1 of an AArch32 Linux that has a device tree */

int arm64_get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

	return kvm_get_one_reg(vcpu->fd, &reg);
}

int arm64_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	return kvm_set_one_reg(vcpu->fd, &reg);
}

int arm64_set_start(struct vcpu *vcpu, const struct arm64_start *start)
{
	const struct arch_config *c = vcpu->vm->config->arch;
	/* Documentation/arch/arm64/booting.rst: x0 is the device tree, x1 to x3 zero, interrupts masked. */
	const struct reg_value {
		uint64_t id, value;
	} aarch64[] = {
		{CORE_PSTATE, PSTATE_DAIF | (c->el2 ? PSTATE_EL2H : PSTATE_EL1H)},
		{CORE_X(0), start->dtb},
		{CORE_X(1), 0},
		{CORE_X(2), 0},
		{CORE_X(3), 0},
		{CORE_PC, start->entry},
	};
	/* Documentation/arch/arm/booting.rst: r0 zero, r1 the machine type, r2 the device tree. */
	const struct reg_value aarch32[] = {
		{CORE_PSTATE, CPSR_A_I_F | CPSR_SVC | (start->entry & 1 ? CPSR_T : 0)},
		{CORE_X(0), 0},
		{CORE_X(1), ARM_NO_MACHINE},
		{CORE_X(2), start->dtb},
		{CORE_PC, start->entry & ~1ull},
	};
	const struct reg_value *regs = c->aarch32 ? aarch32 : aarch64;
	size_t n = c->aarch32 ? sizeof(aarch32) : sizeof(aarch64);

	for (size_t i = 0; i < n / sizeof(*regs); i++) {
		int r = arm64_set_reg(vcpu, regs[i].id, regs[i].value);

		if (r)
			return r;
	}
	return 0;
}

struct dumped {
	const char *name;
	uint64_t id;
};

static const struct dumped core_regs[] = {
	{"pc", CORE_PC},
	{"pstate", CORE_PSTATE},
	{"sp_el0", CORE_SP_EL0},
	{"sp_el1", CORE_SP_EL1},
};

static const struct dumped el1_regs[] = {
	{"elr_el1", CORE_ELR},
	{"spsr_el1", CORE_SPSR},
	{"esr_el1", ARM64_SYS_REG(3, 0, 5, 2, 0)},
	{"far_el1", ARM64_SYS_REG(3, 0, 6, 0, 0)},
	{"vbar_el1", ARM64_SYS_REG(3, 0, 12, 0, 0)},
	{"sctlr_el1", ARM64_SYS_REG(3, 0, 1, 0, 0)},
	{"tcr_el1", ARM64_SYS_REG(3, 0, 2, 0, 2)},
	{"mair_el1", ARM64_SYS_REG(3, 0, 10, 2, 0)},
	{"ttbr0_el1", ARM64_SYS_REG(3, 0, 2, 0, 0)},
	{"ttbr1_el1", ARM64_SYS_REG(3, 0, 2, 0, 1)},
	{"mpidr_el1", ARM64_SYS_REG(3, 0, 0, 0, 5)},
};

static const struct dumped el2_regs[] = {
	{"elr_el2", ARM64_SYS_REG(3, 4, 4, 0, 1)},   {"spsr_el2", ARM64_SYS_REG(3, 4, 4, 0, 0)},
	{"sp_el2", ARM64_SYS_REG(3, 6, 4, 1, 0)},    {"esr_el2", ARM64_SYS_REG(3, 4, 5, 2, 0)},
	{"far_el2", ARM64_SYS_REG(3, 4, 6, 0, 0)},   {"vbar_el2", ARM64_SYS_REG(3, 4, 12, 0, 0)},
	{"sctlr_el2", ARM64_SYS_REG(3, 4, 1, 0, 0)}, {"hcr_el2", ARM64_SYS_REG(3, 4, 1, 1, 0)},
};

#define DUMP_COLUMNS 3

/* One register of a table of three columns; what cannot be read is left out of the dump. */
static void dump_one(struct vcpu *vcpu, FILE *out, const struct dumped *d, unsigned int *column)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = {.id = d->id, .addr = (uintptr_t)&value};

	if (kvm_try(vcpu->fd, KVM_GET_ONE_REG, (uintptr_t)&reg))
		return;
	fprintf(out, "%s%9s %016" PRIx64, *column ? "  " : " ", d->name, value);
	if (++*column == DUMP_COLUMNS) {
		fputc('\n', out);
		*column = 0;
	}
}

static void dump_table(struct vcpu *vcpu, FILE *out, const struct dumped *table, size_t n)
{
	unsigned int column = 0;

	for (size_t i = 0; i < n; i++)
		dump_one(vcpu, out, &table[i], &column);
	if (column)
		fputc('\n', out);
}

#define DUMP(vcpu, out, table) dump_table(vcpu, out, table, sizeof(table) / sizeof((table)[0]))

void arch_vcpu_dump(struct vcpu *vcpu, FILE *out)
{
	unsigned int column = 0;
	char name[8];

	DUMP(vcpu, out, core_regs);
	for (unsigned int n = 0; n <= 30; n++) {
		snprintf(name, sizeof(name), "x%u", n);
		dump_one(vcpu, out, &(struct dumped){name, CORE_X(n)}, &column);
	}
	if (column)
		fputc('\n', out);
	DUMP(vcpu, out, el1_regs);
	if (vcpu->vm->config->arch->el2)
		DUMP(vcpu, out, el2_regs);
}
