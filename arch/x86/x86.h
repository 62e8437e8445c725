/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of arch/x86/ share. */
#ifndef KVMBED_X86_H
#define KVMBED_X86_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vm.h"
#include "arch/x86/cpuid.h"

enum x86_irqchip {
	X86_IRQCHIP_KERNEL, /* local APICs, I/O APIC, 8259 pair and 8254 in KVM */
	X86_IRQCHIP_SPLIT,  /* local APICs in KVM; I/O APIC and 8259 pair are ours */
	X86_IRQCHIP_NONE,   /* our 8259 pair alone */
};

enum x86_start {
	X86_START_AUTO, /* as the image's format says */
	X86_START_REAL,
	X86_START_PROTECTED,
	X86_START_LONG,
};

struct arch_config {
	enum x86_irqchip irqchip;
	enum x86_start start;
	bool msr_exits;
	struct cpuid_edits cpuid;
};

struct acpi_hw;
struct exit_dev;
struct fwcfg;
struct ioapic;
struct pc_testdev;
struct pic;
struct testdev;

struct arch_vm {
	enum x86_irqchip irqchip;
	bool sregs2;		  /* KVM_{GET,SET}_SREGS2 are there */
	struct kvm_cpuid2 *cpuid; /* what every vCPU has in common */

	struct pic *pic;       /* split, none */
	struct ioapic *ioapic; /* split */
	/*
	 * The level of the PIC's INT output, for the run loop's quick look.
	 * Written under the PIC's lock.
	 */
	atomic_bool intr;
	/* What KVM_SET_GSI_ROUTING was last given, split only; guarded by the I/O APIC's lock. */
	struct x86_routes *routes;

	struct acpi_hw *acpi_hw;
	struct exit_dev *exit;
	struct fwcfg *fwcfg;
	struct pc_testdev *pc_testdev;
	struct testdev *testdev;
	atomic_uint pci_address; /* configuration mechanism 1 */

	atomic_uint msr_exits_logged;
};

struct arch_vcpu {
	bool halted; /* HLT without an in-kernel local APIC; the vCPU's own thread */
	/* A vector taken from the PIC that KVM had no room for yet; -1 for none. The vCPU's own thread. */
	int extint;
};

/* Says that memory ran out, and returns -ENOMEM. */
int x86_no_memory(void);

/* irqchip.c: before any vCPU exists (called by arch_vm_init()). */
int x86_irqchip_init(struct vm *vm);
void x86_irqchip_destroy(struct vm *vm);
/* The input @gsi, whatever controller is at its end; not connected beyond BOARD_NR_GSIS. */
struct irq_line x86_irq(struct vm *vm, unsigned int gsi);
/* KVM_EXIT_IOAPIC_EOI. */
void x86_irqchip_eoi(struct vm *vm, uint8_t vector);
/* inject.c: KVM_EXIT_HLT, which only a vCPU without a local APIC in KVM makes. */
/* Before each KVM_RUN of the vCPU that has the 8259s' INT: injects what they have, as far as KVM can take it. */
void x86_serve_pic(struct vcpu *vcpu);
int x86_hlt_exit(struct vcpu *vcpu);
/* The PIC's INT output has this level now; any thread. */
void x86_intr_changed(struct vm *vm, bool level);

/* board.c: frees what arch_board() has made. */
void x86_board_destroy(struct vm *vm);

/* cpuid_kvm.c: the table that this host's KVM offers, edited; in vm->arch->cpuid. */
int x86_cpuid_init(struct vm *vm);
int x86_cpuid_set(struct vcpu *vcpu);

/*
 * sregs.c: KVM_{GET,SET}_SREGS2 where the host has them, else KVM_{GET,SET}_SREGS
 * with no flags and PDPTRs. Setting takes back no interrupt that was queued: it
 * is for vCPUs that have not run.
 */
int x86_get_sregs(struct vcpu *vcpu, struct kvm_sregs2 *sregs);
int x86_set_sregs(struct vcpu *vcpu, const struct kvm_sregs2 *sregs);
void x86_sregs_from_plain(struct kvm_sregs2 *sregs, const struct kvm_sregs *plain);

/* Entry conditions of the first vCPU; see sregs.c for each start. */
struct x86_entry {
	enum x86_start start; /* not AUTO */
	uint64_t rip;	      /* real mode: the linear address, below 1 MiB */
	uint64_t gdt;	      /* gpa of the table below; not used by real mode */
	uint64_t page_root;   /* gpa of the PML4; long mode only */
	uint64_t info;	      /* gpa of the multiboot information; 0 if none */
	uint64_t stack;	      /* where it begins, going down; not used by real mode */
};
#define X86_GDT_ENTRIES 4
/* Fills the table that the entry's selectors refer to. */
void x86_build_gdt(enum x86_start start, uint64_t gdt[X86_GDT_ENTRIES]);
int x86_set_entry(struct vcpu *vcpu, const struct x86_entry *entry);

/* msr.c: the exits of --msr-exits. */
int x86_msr_exit(struct vcpu *vcpu);

#endif
