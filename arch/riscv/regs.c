/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of a vCPU: KVM's one-reg interface, and the dump for people. */
#include <errno.h>
#include <inttypes.h>

#include "arch.h"
#include "arch/riscv/riscv.h"

int riscv_get_reg(const struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

	return kvm_get_one_reg(vcpu->fd, &reg);
}

int riscv_set_reg(const struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	return kvm_set_one_reg(vcpu->fd, &reg);
}

int riscv_try_get_reg(const struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

	return kvm_try(vcpu->fd, KVM_GET_ONE_REG, (uintptr_t)&reg);
}

int riscv_try_set_reg(const struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	return kvm_try(vcpu->fd, KVM_SET_ONE_REG, (uintptr_t)&reg);
}

bool riscv_reg_absent(int r)
{
	return r == -ENOENT || r == -EINVAL || r == -EOPNOTSUPP;
}

struct named_reg {
	const char *name;
	uint64_t id;
};

/* In the order of the register numbers, by the names of the calling convention. */
static const struct named_reg gprs[] = {
	{"pc", REG_GPR(pc)}, {"ra", REG_GPR(ra)}, {"sp", REG_GPR(sp)},	 {"gp", REG_GPR(gp)},
	{"tp", REG_GPR(tp)}, {"t0", REG_GPR(t0)}, {"t1", REG_GPR(t1)},	 {"t2", REG_GPR(t2)},
	{"s0", REG_GPR(s0)}, {"s1", REG_GPR(s1)}, {"a0", REG_GPR(a0)},	 {"a1", REG_GPR(a1)},
	{"a2", REG_GPR(a2)}, {"a3", REG_GPR(a3)}, {"a4", REG_GPR(a4)},	 {"a5", REG_GPR(a5)},
	{"a6", REG_GPR(a6)}, {"a7", REG_GPR(a7)}, {"s2", REG_GPR(s2)},	 {"s3", REG_GPR(s3)},
	{"s4", REG_GPR(s4)}, {"s5", REG_GPR(s5)}, {"s6", REG_GPR(s6)},	 {"s7", REG_GPR(s7)},
	{"s8", REG_GPR(s8)}, {"s9", REG_GPR(s9)}, {"s10", REG_GPR(s10)}, {"s11", REG_GPR(s11)},
	{"t3", REG_GPR(t3)}, {"t4", REG_GPR(t4)}, {"t5", REG_GPR(t5)},	 {"t6", REG_GPR(t6)},
};

static const struct named_reg csrs[] = {
	{"sstatus", REG_CSR(sstatus)},	 {"sie", REG_CSR(sie)},
	{"sip", REG_CSR(sip)},		 {"stvec", REG_CSR(stvec)},
	{"sepc", REG_CSR(sepc)},	 {"scause", REG_CSR(scause)},
	{"stval", REG_CSR(stval)},	 {"satp", REG_CSR(satp)},
	{"sscratch", REG_CSR(sscratch)}, {"time", REG_TIMER(time)},
	{"timecmp", REG_TIMER(compare)},
};

/* Privileged Architecture, "Supervisor cause (scause) register values after trap". */
static const char *cause_name(uint64_t scause)
{
	static const char *const exceptions[] = {
		[0] = "instruction address misaligned",
		[1] = "instruction access fault",
		[2] = "illegal instruction",
		[3] = "breakpoint",
		[4] = "load address misaligned",
		[5] = "load access fault",
		[6] = "store address misaligned",
		[7] = "store access fault",
		[8] = "call from U-mode",
		[9] = "call from S-mode",
		[12] = "instruction page fault",
		[13] = "load page fault",
		[15] = "store page fault",
	};
	static const char *const interrupts[] = {
		[1] = "software interrupt",
		[5] = "timer interrupt",
		[9] = "external interrupt",
	};
	uint64_t code = scause << 1 >> 1;
	const char *name = NULL;

	if (scause >> 63)
		name = code < sizeof(interrupts) / sizeof(interrupts[0]) ? interrupts[code] : NULL;
	else if (code < sizeof(exceptions) / sizeof(exceptions[0]))
		name = exceptions[code];
	return name ? name : "reserved cause";
}

/* One register in a field of fixed width. A register that cannot be read is shown so. */
static uint64_t dump_one(struct vcpu *vcpu, FILE *out, const char *name, uint64_t id)
{
	uint64_t value;

	if (riscv_try_get_reg(vcpu, id, &value)) {
		fprintf(out, "  %8s ????????????????", name);
		return 0;
	}
	fprintf(out, "  %8s %016" PRIx64, name, value);
	return value;
}

void arch_vcpu_dump(struct vcpu *vcpu, FILE *out)
{
	struct kvm_mp_state mp;
	uint64_t value, scause = 0;

	fprintf(out, "  hart %" PRIu64, riscv_hart_id(vcpu));
	if (!riscv_try_get_reg(vcpu, REG_CORE(mode), &value))
		fprintf(out, " in %s-mode", value == KVM_RISCV_MODE_S ? "S" : "U");
	if (!kvm_try(vcpu->fd, KVM_GET_MP_STATE, (uintptr_t)&mp))
		fputs(mp.mp_state == KVM_MP_STATE_STOPPED ? ", stopped" : ", started", out);
	for (size_t i = 0; i < sizeof(gprs) / sizeof(gprs[0]); i++) {
		if (i % 4 == 0)
			fputc('\n', out);
		dump_one(vcpu, out, gprs[i].name, gprs[i].id);
	}
	for (size_t i = 0; i < sizeof(csrs) / sizeof(csrs[0]); i++) {
		if (i % 4 == 0)
			fputc('\n', out);
		value = dump_one(vcpu, out, csrs[i].name, csrs[i].id);
		if (csrs[i].id == REG_CSR(scause))
			scause = value;
	}
	/* Zero is what a hart starts with, and would be named as an exception that was not there. */
	if (scause)
		fprintf(out, "\n  last trap: %s", cause_name(scause));
	fputc('\n', out);
}
