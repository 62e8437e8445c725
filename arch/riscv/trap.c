/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions that user space gives to a guest. KVM does so itself where it can;
 * what is left are accesses to places without memory that it cannot hand out as
 * KVM_EXIT_MMIO: then KVM_RUN fails (arch/riscv/kvm/vcpu_insn.c, vcpu_exit.c)
 *
 *	EIO         the access is misaligned
 *	EOPNOTSUPP  the instruction is an atomic, floating-point or vector one;
 *	            or it is fetched from there (kernels up to 7.1)
 *
 * and a guest could end its VM by one wrong pointer. Hardware would raise an
 * exception, so the guest gets that.
 */
#include <errno.h>

#include "arch.h"
#include "arch/riscv/insn.h"
#include "arch/riscv/riscv.h"
#include "msg.h"

/* Privileged Architecture: sstatus, stvec, satp, and page table entries. */
#define SSTATUS_SIE  (1ul << 1)
#define SSTATUS_SPIE (1ul << 5)
#define SSTATUS_SPP  (1ul << 8)
#define STVEC_MODE   3ul
#define SATP_MODE(s) ((s) >> 60)
#define SATP_PPN     ((1ul << 44) - 1)
#define PTE_V	     (1ul << 0)
#define PTE_RWX	     (7ul << 1)
#define PTE_PPN(pte) ((pte) >> 10 & ((1ul << 44) - 1))
#define MODE_BARE    0u
#define MODE_SV39    8u /* three levels; the next two modes have one more each */
#define MODE_SV57    10u
#define PAGE_SHIFT   12u
#define LEVEL_BITS   9u

int trap_inject(struct vcpu *vcpu, uint64_t cause, uint64_t stval)
{
	uint64_t pc, mode, sstatus, stvec;
	int r;

	r = riscv_get_reg(vcpu, REG_GPR(pc), &pc);
	if (!r)
		r = riscv_get_reg(vcpu, REG_CORE(mode), &mode);
	if (!r)
		r = riscv_get_reg(vcpu, REG_CSR(sstatus), &sstatus);
	if (!r)
		r = riscv_get_reg(vcpu, REG_CSR(stvec), &stvec);
	if (r)
		return r;

	/* Privileged Architecture, "Supervisor Status (sstatus) Register": what a trap does to it. */
	sstatus &= ~(SSTATUS_SPP | SSTATUS_SPIE);
	sstatus |= mode == KVM_RISCV_MODE_S ? SSTATUS_SPP : 0;
	sstatus |= sstatus & SSTATUS_SIE ? SSTATUS_SPIE : 0;
	sstatus &= ~SSTATUS_SIE;

	const struct {
		uint64_t id, value;
	} regs[] = {
		{REG_CSR(sepc), pc},
		{REG_CSR(scause), cause},
		{REG_CSR(stval), stval},
		{REG_CSR(sstatus), sstatus},
		{REG_CORE(mode), KVM_RISCV_MODE_S},
		{REG_GPR(pc), stvec & ~STVEC_MODE},
	};

	for (size_t i = 0; !r && i < sizeof(regs) / sizeof(regs[0]); i++)
		r = riscv_set_reg(vcpu, regs[i].id, regs[i].value);
	return r;
}

/* The guest's own translation; permissions are not looked at. False: there is none. */
static bool translate(struct vcpu *vcpu, uint64_t va, uint64_t *gpa)
{
	uint64_t satp, mode, table, pte;
	unsigned int level;

	if (riscv_try_get_reg(vcpu, REG_CSR(satp), &satp))
		return false;
	mode = SATP_MODE(satp);
	if (mode == MODE_BARE) {
		*gpa = va;
		return true;
	}
	if (mode < MODE_SV39 || mode > MODE_SV57)
		return false;
	table = (satp & SATP_PPN) << PAGE_SHIFT;
	for (level = mode - MODE_SV39 + 3; level-- > 0; table = PTE_PPN(pte) << PAGE_SHIFT) {
		unsigned int shift = PAGE_SHIFT + LEVEL_BITS * level;
		uint64_t entry = table + 8 * (va >> shift & ((1u << LEVEL_BITS) - 1));
		uint64_t mask = (1ul << shift) - 1;

		if (mem_read(&vcpu->vm->mem, entry, &pte, sizeof(pte)) || !(pte & PTE_V))
			return false;
		if (!(pte & PTE_RWX))
			continue;
		*gpa = ((PTE_PPN(pte) << PAGE_SHIFT) & ~mask) | (va & mask);
		return true;
	}
	return false;
}

/* The instruction at @pc; its second half may lie in another page. */
static bool fetch(struct vcpu *vcpu, uint64_t pc, uint32_t *insn)
{
	const struct mem *mem = &vcpu->vm->mem;
	uint16_t half[2] = {0};
	uint64_t gpa;

	if (!translate(vcpu, pc, &gpa) || mem_read(mem, gpa, &half[0], sizeof(half[0])))
		return false;
	if (riscv_insn_length(half[0]) == 4 &&
	    (!translate(vcpu, pc + 2, &gpa) || mem_read(mem, gpa, &half[1], sizeof(half[1]))))
		return false;
	*insn = half[0] | (uint32_t)half[1] << 16;
	return true;
}

/* x1 to x31 follow pc, which stands in the place of x0. */
static bool read_gpr(struct vcpu *vcpu, unsigned int n, uint64_t *value)
{
	*value = 0;
	return !n || !riscv_try_get_reg(vcpu, RISCV_REG(KVM_REG_RISCV_CORE, n), value);
}

/* True if an access to @va cannot be made because there is no memory for it. */
static bool nowhere(struct vcpu *vcpu, uint64_t va, bool store)
{
	const struct mem_range *range;
	uint64_t gpa;

	if (!translate(vcpu, va, &gpa))
		return false;
	range = mem_find(&vcpu->vm->mem, gpa);
	return !range || (store && (range->flags & MEM_READONLY));
}

/* What the guest did, if it was the guest: the exception for it. */
static bool find_cause(struct vcpu *vcpu, int err, uint64_t *cause, uint64_t *address)
{
	struct riscv_access access;
	uint64_t pc, base;
	uint32_t insn;

	if (riscv_try_get_reg(vcpu, REG_GPR(pc), &pc))
		return false;
	if (err == EOPNOTSUPP && nowhere(vcpu, pc, false)) {
		*cause = CAUSE_FETCH_ACCESS;
		*address = pc;
		return true;
	}
	if (!fetch(vcpu, pc, &insn) || !riscv_insn_access(insn, &access) ||
	    !read_gpr(vcpu, access.base, &base))
		return false;
	*address = base + access.offset;
	if (err == EIO)
		*cause = access.store ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED;
	else
		*cause = access.store ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS;
	return nowhere(vcpu, *address, access.store);
}

int arch_vcpu_run_failed(struct vcpu *vcpu, int err)
{
	uint64_t cause, address;
	bool last;

	if ((err != EIO && err != EOPNOTSUPP) || !find_cause(vcpu, err, &cause, &address))
		return -ENOSYS;
	if (trap_inject(vcpu, cause, address))
		return -ENOSYS;
	if (msg_ratelimit(&vcpu->vm->arch->odd_accesses, 16, &last))
		msg_info(
			"vCPU %u: KVM cannot do the guest's access at 0x%lx (%s): exception %lu for the guest%s",
			vcpu->index, (unsigned long)address, errno_name(err), (unsigned long)cause,
			last ? "; further ones are not told" : "");
	return 0;
}
