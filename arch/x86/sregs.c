/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Special registers: the two ioctls that carry them, and the states in which a
 * guest can be entered.
 *
 *	real		CS:IP so that the linear address is the entry: 0000:addr below 64 KiB,
 *			else addr>>4:addr&15. DS, ES, FS, GS, SS = 0, SP = 0 (a push goes to 0:fffe).
 *	protected	as Multiboot 1 (section 3.2) has it: flat 32-bit segments, no paging, EAX =
 *			0x2badb002, EBX = multiboot information. CS = 10, the others = 18.
 *	long		64-bit, CPL 0, the same segments, paging with the tables of pagetable.h, RAX as
 *			above, RBX = RDI = multiboot information.
 *
 * Interrupts are off, all other general registers zero. The last two have a
 * stack, from the boot tables down, which Multiboot does not promise, and a GDT
 * in memory: 08 is a code segment of the other width, 10 code, 18 data.
 */
#include <stddef.h>
#include <string.h>

#include "arch/x86/kvm_x86.h"
#include "arch/x86/x86.h"

#define CR0_PE		 (1u << 0)
#define CR0_ET		 (1u << 4)
#define CR0_NE		 (1u << 5)
#define CR0_WP		 (1u << 16)
#define CR0_PG		 (1u << 31)
#define CR4_PAE		 (1u << 5)
#define EFER_LME	 (1u << 8)
#define EFER_LMA	 (1u << 10)
#define APIC_BASE_ENABLE (1u << 11)
#define RFLAGS_FIXED	 2 /* bit 1 is always set */

#define SEL_CODE  0x10
#define SEL_DATA  0x18
#define TYPE_CODE 11 /* execute, read, accessed */
#define TYPE_DATA 3  /* read, write, accessed */

#define MULTIBOOT_LOADED 0x2badb002

/* Where both structs have a field they have it at the same place. */
#define COMMON_SIZE offsetof(struct kvm_sregs2, flags)
_Static_assert(offsetof(struct kvm_sregs, interrupt_bitmap) == COMMON_SIZE &&
		       offsetof(struct kvm_sregs, apic_base) ==
			       offsetof(struct kvm_sregs2, apic_base),
	       "kvm_sregs and kvm_sregs2 begin alike");

void x86_sregs_from_plain(struct kvm_sregs2 *sregs, const struct kvm_sregs *plain)
{
	*sregs = (struct kvm_sregs2){0};
	memcpy(sregs, plain, COMMON_SIZE);
}

int x86_get_sregs(struct vcpu *vcpu, struct kvm_sregs2 *sregs)
{
	struct kvm_sregs plain;
	int r;

	if (vcpu->vm->arch->sregs2)
		return kvm_get_sregs2(vcpu->fd, sregs);
	r = kvm_get_sregs(vcpu->fd, &plain);
	if (r >= 0)
		x86_sregs_from_plain(sregs, &plain);
	return r;
}

int x86_set_sregs(struct vcpu *vcpu, const struct kvm_sregs2 *sregs)
{
	struct kvm_sregs plain = {0};

	if (vcpu->vm->arch->sregs2)
		return kvm_set_sregs2(vcpu->fd, sregs);
	memcpy(&plain, sregs, COMMON_SIZE);
	return kvm_set_sregs(vcpu->fd, &plain);
}

static uint64_t descriptor(unsigned int type, bool l, bool db)
{
	/* Base 0, limit 4 GiB in pages, present, DPL 0 (SDM volume 3A, figure 3-8). */
	return 0x008f900000000000ull | (uint64_t)type << 40 | (uint64_t)l << 53 |
	       (uint64_t)db << 54;
}

void x86_build_gdt(enum x86_start start, uint64_t gdt[X86_GDT_ENTRIES])
{
	bool wide = start == X86_START_LONG;

	gdt[0] = 0;
	gdt[1] = descriptor(TYPE_CODE, !wide, wide);
	gdt[SEL_CODE / 8] = descriptor(TYPE_CODE, wide, !wide);
	gdt[SEL_DATA / 8] = descriptor(TYPE_DATA, false, true);
}

static struct kvm_segment segment(uint16_t selector, unsigned int type, bool l, bool db)
{
	return (struct kvm_segment){
		.base = 0,
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.dpl = 0,
		.db = db,
		.s = 1,
		.l = l,
		.g = 1,
	};
}

static struct kvm_segment real_segment(uint16_t selector, unsigned int type)
{
	return (struct kvm_segment){
		.base = (uint64_t)selector << 4,
		.limit = 0xffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
	};
}

static void set_data_segments(struct kvm_sregs2 *sregs, struct kvm_segment data)
{
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
}

static void enter_real(struct kvm_sregs2 *sregs, struct kvm_regs *regs, uint64_t linear)
{
	uint16_t selector = linear < 0x10000 ? 0 : linear >> 4;

	sregs->cs = real_segment(selector, TYPE_CODE);
	set_data_segments(sregs, real_segment(0, TYPE_DATA));
	sregs->gdt = (struct kvm_dtable){.base = 0, .limit = 0xffff};
	sregs->idt = (struct kvm_dtable){.base = 0, .limit = 0x3ff};
	sregs->cr0 = CR0_ET;
	regs->rip = linear - ((uint64_t)selector << 4);
}

static void enter_flat(struct kvm_sregs2 *sregs, struct kvm_regs *regs,
		       const struct x86_entry *entry)
{
	bool wide = entry->start == X86_START_LONG;

	sregs->cs = segment(SEL_CODE, TYPE_CODE, wide, !wide);
	set_data_segments(sregs, segment(SEL_DATA, TYPE_DATA, false, true));
	sregs->gdt = (struct kvm_dtable){.base = entry->gdt, .limit = X86_GDT_ENTRIES * 8 - 1};
	/* No handler yet: an exception is a triple fault, and is reported as one. */
	sregs->idt = (struct kvm_dtable){.base = 0, .limit = 0};
	sregs->cr0 = CR0_PE | CR0_ET | CR0_NE;
	if (wide) {
		sregs->cr0 |= CR0_WP | CR0_PG;
		sregs->cr3 = entry->page_root;
		sregs->cr4 = CR4_PAE;
		sregs->efer = EFER_LME | EFER_LMA;
	}
	regs->rip = entry->rip;
	regs->rsp = entry->stack;
	regs->rax = MULTIBOOT_LOADED;
	regs->rbx = entry->info;
	regs->rdi = wide ? entry->info : 0;
}

int x86_set_entry(struct vcpu *vcpu, const struct x86_entry *entry)
{
	struct kvm_regs regs = {.rflags = RFLAGS_FIXED};
	struct kvm_sregs2 sregs;
	int r = x86_get_sregs(vcpu, &sregs);

	if (r < 0)
		return r;
	/* TR and LDTR stay as after reset, which is what VMX wants of them too. */
	if (entry->start == X86_START_REAL)
		enter_real(&sregs, &regs, entry->rip);
	else
		enter_flat(&sregs, &regs, entry);
	if (vcpu->vm->arch->irqchip == X86_IRQCHIP_NONE)
		sregs.apic_base &= ~(uint64_t)APIC_BASE_ENABLE;
	r = x86_set_sregs(vcpu, &sregs);
	return r < 0 ? r : kvm_set_regs(vcpu->fd, &regs);
}
