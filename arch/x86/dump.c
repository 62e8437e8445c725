/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU for a person to look at. Everything is asked with kvm_try(): a dump is
 * made where something has failed already, and shows what it can get.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "arch/x86/kvm_x86.h"
#include "arch/x86/x86.h"

#define PAGE_MASK 0xfffull
#define EFER_LMA  (1u << 10)

#define CODE_BEFORE 16
#define CODE_AFTER  16

static void dump_flags(FILE *out, uint64_t rflags)
{
	/* SDM volume 1, figure 3-8; the letters from bit 0 up. */
	static const struct {
		unsigned int bit;
		const char *name;
	} flags[] = {
		{0, "CF"},  {2, "PF"},	{4, "AF"},  {6, "ZF"},	{7, "SF"},  {8, "TF"},	{9, "IF"},
		{10, "DF"}, {11, "OF"}, {14, "NT"}, {16, "RF"}, {17, "VM"}, {18, "AC"},
	};

	fprintf(out, "RFLAGS %08" PRIx64, rflags);
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (rflags >> flags[i].bit & 1)
			fprintf(out, " %s", flags[i].name);
	}
	fputc('\n', out);
}

static void dump_regs(FILE *out, const struct kvm_regs *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} list[] = {
		{"RAX", r->rax}, {"RBX", r->rbx}, {"RCX", r->rcx}, {"RDX", r->rdx},
		{"RSI", r->rsi}, {"RDI", r->rdi}, {"RBP", r->rbp}, {"RSP", r->rsp},
		{"R8 ", r->r8},	 {"R9 ", r->r9},  {"R10", r->r10}, {"R11", r->r11},
		{"R12", r->r12}, {"R13", r->r13}, {"R14", r->r14}, {"R15", r->r15},
	};

	for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		fprintf(out, "%s%s %016" PRIx64 "%s", i % 4 ? " " : "  ", list[i].name,
			list[i].value, i % 4 == 3 ? "\n" : "");
	fprintf(out, "  RIP %016" PRIx64 " ", (uint64_t)r->rip);
	dump_flags(out, r->rflags);
}

static void dump_segment(FILE *out, const char *name, const struct kvm_segment *s)
{
	fprintf(out, "  %-4s %04x base %016" PRIx64 " limit %08x type %x%s dpl %u%s%s%s%s%s\n",
		name, s->selector, (uint64_t)s->base, s->limit, s->type, s->s ? "" : " system",
		s->dpl, s->present ? "" : " not-present", s->g ? " G" : "", s->db ? " D" : "",
		s->l ? " L" : "", s->unusable ? " unusable" : "");
}

static void dump_sregs(FILE *out, const struct kvm_sregs2 *s, bool sregs2)
{
	const struct {
		const char *name;
		const struct kvm_segment *segment;
	} list[] = {
		{"CS", &s->cs}, {"SS", &s->ss}, {"DS", &s->ds}, {"ES", &s->es},
		{"FS", &s->fs}, {"GS", &s->gs}, {"TR", &s->tr}, {"LDTR", &s->ldt},
	};

	for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		dump_segment(out, list[i].name, list[i].segment);
	fprintf(out, "  GDTR base %016" PRIx64 " limit %04x  IDTR base %016" PRIx64 " limit %04x\n",
		(uint64_t)s->gdt.base, s->gdt.limit, (uint64_t)s->idt.base, s->idt.limit);
	fprintf(out,
		"  CR0 %08" PRIx64 " CR2 %016" PRIx64 " CR3 %016" PRIx64 " CR4 %08" PRIx64
		" CR8 %" PRIx64 "\n",
		(uint64_t)s->cr0, (uint64_t)s->cr2, (uint64_t)s->cr3, (uint64_t)s->cr4,
		(uint64_t)s->cr8);
	fprintf(out, "  EFER %" PRIx64 " APIC_BASE %" PRIx64 " (by KVM_GET_%s)\n",
		(uint64_t)s->efer, (uint64_t)s->apic_base, sregs2 ? "SREGS2" : "SREGS");
	if (s->flags & KVM_SREGS2_FLAGS_PDPTRS_VALID)
		fprintf(out,
			"  PDPTE0 %016" PRIx64 " PDPTE1 %016" PRIx64 " PDPTE2 %016" PRIx64
			" PDPTE3 %016" PRIx64 "\n",
			(uint64_t)s->pdptrs[0], (uint64_t)s->pdptrs[1], (uint64_t)s->pdptrs[2],
			(uint64_t)s->pdptrs[3]);
}

static void dump_events(FILE *out, const struct kvm_vcpu_events *ev)
{
	if (ev->exception.injected || ev->exception.pending) {
		fprintf(out, "  exception %u", ev->exception.nr);
		if (ev->exception.has_error_code)
			fprintf(out, " error code %x", ev->exception.error_code);
		fprintf(out, " %s\n", ev->exception.injected ? "injected" : "pending");
	}
	if (ev->interrupt.injected)
		fprintf(out, "  interrupt %02x%s injected\n", ev->interrupt.nr,
			ev->interrupt.soft ? " (soft)" : "");
	if (ev->interrupt.shadow)
		fprintf(out, "  interrupt shadow %x\n", ev->interrupt.shadow);
	if (ev->nmi.injected || ev->nmi.pending || ev->nmi.masked)
		fprintf(out, "  NMI%s%s%s\n", ev->nmi.injected ? " injected" : "",
			ev->nmi.pending ? " pending" : "", ev->nmi.masked ? " masked" : "");
	if (ev->smi.smm || ev->smi.pending)
		fprintf(out, "  SMM%s%s\n", ev->smi.smm ? " entered" : "",
			ev->smi.pending ? " SMI pending" : "");
}

static void dump_mp_state(FILE *out, uint32_t state)
{
	static const char *const names[] = {
		[KVM_MP_STATE_RUNNABLE] = "runnable",
		[KVM_MP_STATE_UNINITIALIZED] = "uninitialized (waits for INIT)",
		[KVM_MP_STATE_INIT_RECEIVED] = "INIT received (waits for SIPI)",
		[KVM_MP_STATE_HALTED] = "halted",
		[KVM_MP_STATE_SIPI_RECEIVED] = "SIPI received",
	};

	if (state < sizeof(names) / sizeof(names[0]) && names[state])
		fprintf(out, "  MP state: %s\n", names[state]);
	else
		fprintf(out, "  MP state: %u\n", state);
}

/* One byte of guest code at a linear address; false if it cannot be had. */
static bool code_byte(struct vcpu *vcpu, uint64_t linear, uint8_t *byte)
{
	struct kvm_translation tr = {.linear_address = linear & ~PAGE_MASK};

	if (kvm_try(vcpu->fd, KVM_TRANSLATE, (uintptr_t)&tr) < 0 || !tr.valid)
		return false;
	return !mem_read(&vcpu->vm->mem, tr.physical_address | (linear & PAGE_MASK), byte, 1);
}

/* The bytes around RIP; the one at RIP in angle brackets, as the kernel prints them; -- where there is no memory. */
static void dump_code(FILE *out, struct vcpu *vcpu, const struct kvm_regs *regs,
		      const struct kvm_sregs2 *sregs)
{
	bool wide = sregs->efer & EFER_LMA && sregs->cs.l;
	uint64_t rip = wide ? regs->rip : (uint32_t)(sregs->cs.base + regs->rip);
	uint8_t byte;

	fprintf(out, "  code at %" PRIx64 ":", rip);
	for (int i = -CODE_BEFORE; i < CODE_AFTER; i++) {
		uint64_t at = rip + i;

		if (!wide)
			at = (uint32_t)at;
		if (!code_byte(vcpu, at, &byte))
			fputs(i ? " --" : " <-->", out);
		else
			fprintf(out, i ? " %02x" : " <%02x>", byte);
	}
	fputc('\n', out);
}

/* As x86_get_sregs(), without a message when it fails. */
static int try_sregs(struct vcpu *vcpu, struct kvm_sregs2 *sregs)
{
	struct kvm_sregs plain = {0};
	int r;

	if (vcpu->vm->arch->sregs2)
		return kvm_try(vcpu->fd, KVM_GET_SREGS2, (uintptr_t)sregs);
	r = kvm_try(vcpu->fd, KVM_GET_SREGS, (uintptr_t)&plain);
	x86_sregs_from_plain(sregs, &plain);
	return r;
}

void arch_vcpu_dump(struct vcpu *vcpu, FILE *out)
{
	struct kvm_vcpu_events events = {0};
	struct kvm_sregs2 sregs = {0};
	struct kvm_mp_state mp = {0};
	struct kvm_regs regs = {0};
	int r;

	flockfile(out);
	fprintf(out, "vCPU %u:\n", vcpu->index);
	r = kvm_try(vcpu->fd, KVM_GET_REGS, (uintptr_t)&regs);
	if (r >= 0) {
		dump_regs(out, &regs);
		r = try_sregs(vcpu, &sregs);
	}
	if (r >= 0)
		dump_sregs(out, &sregs, vcpu->vm->arch->sregs2);
	if (kvm_try(vcpu->fd, KVM_GET_VCPU_EVENTS, (uintptr_t)&events) >= 0)
		dump_events(out, &events);
	if (kvm_try(vcpu->fd, KVM_GET_MP_STATE, (uintptr_t)&mp) >= 0)
		dump_mp_state(out, mp.mp_state);
	if (r >= 0)
		dump_code(out, vcpu, &regs, &sregs);
	else
		fprintf(out, "  registers cannot be read: %s\n", strerror(-r));
	funlockfile(out);
}
