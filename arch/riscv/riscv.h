/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of arch/riscv/ share: options, the state of a VM, and who does
 * which part of vmm/core/arch.h.
 *
 *	options.c      the command line's RISC-V options
 *	vm.c           VM type, memory, vCPUs, the end
 *	ext.c          ISA and SBI extensions: choosing, reading, the ISA string
 *	regs.c         one-reg access, and the dump for people
 *	irqchip.c      PLIC or in-kernel AIA, interrupt lines, MSIs
 *	board.c        which devices where (board.h has the memory map)
 *	boot.c         device tree, initrd, start of the guest
 *	exit.c, sbi.c  exits to user space, SBI calls among them
 *	trap.c         exceptions that user space gives to a guest
 *	insn.c         loads and stores taken apart
 *	image_riscv.c  RISC-V Image files
 */
#ifndef KVMBED_ARCH_RISCV_H
#define KVMBED_ARCH_RISCV_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "vm.h"

struct dtb;

/* ---- Extensions (ext.c) ---------------------------------------------------- */

/* An extension that KVM knows by number: of the ISA, or of the SBI. */
struct riscv_ext {
	const char *name; /* small letters, as in a device tree: "a", "zbb", "dbcn" */
	unsigned int id;  /* enum KVM_RISCV_ISA_EXT_ID or KVM_RISCV_SBI_EXT_ID */
};

/* Generated from the headers (ext_names.sh), ended by a NULL name. */
extern const struct riscv_ext riscv_isa_exts[], riscv_sbi_exts[];

#define RISCV_MAX_EXT 256 /* ids from here on are not for this program */

enum choice { CHOICE_DEFAULT, CHOICE_ON, CHOICE_OFF };

/* "EXT=on" or "EXT=off" into @choices, indexed by id. NULL, or why not. */
const char *riscv_ext_parse(const struct riscv_ext *exts, const char *text, uint8_t *choices);

/* Gives @vcpu the extensions that the configuration asks for, and what kvmbed itself wants. Reported. */
int riscv_ext_apply(struct vcpu *vcpu);

/* The ISA as a device tree tells it. */
struct riscv_isa {
	char string[2048];		  /* "rv64imafdc_zicsr_..." */
	const char *names[RISCV_MAX_EXT]; /* "i", "m", ... in canonical order; constants */
	unsigned int nr;
};
int riscv_isa_read(struct vcpu *vcpu, struct riscv_isa *isa);

/* ---- Configuration and state ----------------------------------------------- */

enum irqchip {
	IRQCHIP_BEST, /* the AIA if the host has it, or the PLIC; never in struct arch_vm */
	IRQCHIP_NONE,
	IRQCHIP_PLIC,
	IRQCHIP_AIA,
};

struct arch_config {
	enum irqchip irqchip;
	int aia_mode; /* KVM_DEV_RISCV_AIA_MODE_*, or -1 for KVM's own choice */
	uint8_t isa[RISCV_MAX_EXT], sbi[RISCV_MAX_EXT]; /* enum choice */
};

struct aia {
	int fd;		     /* KVM's device; -1 without AIA */
	uint32_t nr_ids;     /* identities of each IMSIC: 1 to nr_ids */
	uint32_t nr_sources; /* of the APLIC: 1 to nr_sources */
};

struct board; /* board.c */

struct arch_vm {
	enum irqchip irqchip;
	struct aia aia;
	struct plic *plic; /* NULL without PLIC */
	struct board *board;
	/* How often a guest was told no; for messages. */
	unsigned int refused_calls, refused_csrs, odd_accesses;
};

/* KVM's vCPU id is what the guest knows as its hart id. */
static inline uint64_t riscv_hart_id(const struct vcpu *vcpu)
{
	return vcpu->index;
}

/* ---- Registers (regs.c) ---------------------------------------------------- */

#define RISCV_REG(type, n) (KVM_REG_RISCV | KVM_REG_SIZE_U64 | (type) | (n))
#define REG_CONFIG(name)   RISCV_REG(KVM_REG_RISCV_CONFIG, KVM_REG_RISCV_CONFIG_REG(name))
#define REG_CORE(name)	   RISCV_REG(KVM_REG_RISCV_CORE, KVM_REG_RISCV_CORE_REG(name))
#define REG_GPR(name)	   REG_CORE(regs.name)
#define REG_CSR(name)	   RISCV_REG(KVM_REG_RISCV_CSR, KVM_REG_RISCV_CSR_REG(name))
#define REG_TIMER(name)	   RISCV_REG(KVM_REG_RISCV_TIMER, KVM_REG_RISCV_TIMER_REG(name))
#define REG_ISA_EXT(id)	   RISCV_REG(KVM_REG_RISCV_ISA_EXT | KVM_REG_RISCV_ISA_SINGLE, id)
#define REG_SBI_EXT(id)	   RISCV_REG(KVM_REG_RISCV_SBI_EXT | KVM_REG_RISCV_SBI_SINGLE, id)

/* get and set must work, and report; try may fail: -ENOENT for what the host lacks. */
int riscv_get_reg(const struct vcpu *vcpu, uint64_t id, uint64_t *value);
int riscv_set_reg(const struct vcpu *vcpu, uint64_t id, uint64_t value);
int riscv_try_get_reg(const struct vcpu *vcpu, uint64_t id, uint64_t *value);
int riscv_try_set_reg(const struct vcpu *vcpu, uint64_t id, uint64_t value);
/* Whether -errno of a try says that there is no such register here, or no such choice; the errnos changed with 6.6. */
bool riscv_reg_absent(int r);

/* ---- Interrupt controller (irqchip.c) -------------------------------------- */

/* Decides which one, before the first vCPU exists; makes KVM's AIA device. */
int irqchip_choose(struct vm *vm);
/* The line of a source; not connected without a controller. */
struct irq_line irqchip_source(struct vm *vm, unsigned int source);
/*
 * The controller's nodes, inside the soc node; @intc are the phandles of the
 * harts' own controllers, @phandle is for what devices are wired to.
 */
void irqchip_tree(struct vm *vm, struct dtb *t, const uint32_t *intc, uint32_t phandle);
/* "interrupts" of a device that is wired to @n sources from @source on. */
void irqchip_interrupts(struct vm *vm, struct dtb *t, unsigned int source, unsigned int n);
void irqchip_destroy(struct vm *vm);

/* ---- Board (board.c) ------------------------------------------------------- */

#define BOARD_STDOUT_PATH "/soc/serial@10000000"

/* The devices' nodes: those inside the soc node, and those beside it that refer to the finisher. */
void board_tree_soc(struct vm *vm, struct dtb *t, uint32_t finisher);
void board_tree_root(struct dtb *t, uint32_t finisher);
void board_destroy(struct board *board);

/* ---- Exits ----------------------------------------------------------------- */

/* sbi.c: answers KVM_EXIT_RISCV_SBI in vcpu->run. */
void sbi_call(struct vcpu *vcpu);

/* Causes of exceptions (Privileged Architecture, scause). */
#define CAUSE_FETCH_ACCESS     1u
#define CAUSE_ILLEGAL	       2u
#define CAUSE_LOAD_MISALIGNED  4u
#define CAUSE_LOAD_ACCESS      5u
#define CAUSE_STORE_MISALIGNED 6u
#define CAUSE_STORE_ACCESS     7u

/* trap.c: the vCPU, which is not running, goes on in its supervisor's trap handler. Reported. */
int trap_inject(struct vcpu *vcpu, uint64_t cause, uint64_t stval);

#endif
