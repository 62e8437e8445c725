/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GDT, TSS, IDT, and what comes through the IDT. */
#include "x86.h"

struct gate {
	uint16_t offset0;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset16;
	uint32_t offset32;
	uint32_t reserved;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16 && sizeof(struct tss) == 104, "layouts of the SDM");

#define VECTOR_DF 8
#define VECTOR_PF 14
#define IST_DF	  1

extern char trap_stubs[]; /* 16 bytes each */

static uint64_t gdt[GUEST_MAX_CPUS][5];
static struct tss tss[GUEST_MAX_CPUS];
static struct gate idt[256] __attribute__((aligned(16)));
/* A double fault may come of a bad stack, so it has one of its own; all CPUs share it, since it ends the guest. */
static char double_fault_stack[4096] __attribute__((aligned(16)));

static void idt_fill(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(idt); i++) {
		uint64_t stub = (uint64_t)trap_stubs + 16 * i;

		idt[i] = (struct gate){
			.offset0 = stub,
			.offset16 = stub >> 16,
			.offset32 = stub >> 32,
			.selector = SEL_CODE64,
			.type = 0x8e, /* present, interrupt gate */
		};
	}
	idt[VECTOR_DF].ist = IST_DF;
}

void descriptors_load(struct cpu *cpu)
{
	uint64_t *g = gdt[cpu->id];
	uint64_t t = (uint64_t)&tss[cpu->id];
	struct table_pointer gdtr = {sizeof(gdt[0]) - 1, (uint64_t)g};
	struct table_pointer idtr = {sizeof(idt) - 1, (uint64_t)idt};

	if (!cpu->id)
		idt_fill();
	tss[cpu->id].ist[IST_DF - 1] = (uint64_t)double_fault_stack + sizeof(double_fault_stack);
	tss[cpu->id].iomap = sizeof(struct tss);
	g[SEL_CODE64 / 8] = 0x00af9b000000ffff;
	g[SEL_DATA / 8] = 0x00cf93000000ffff;
	g[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (t & 0xffffff) << 16 | 0x89ull << 40 |
			 (t >> 24 & 0xff) << 56;
	g[SEL_TSS / 8 + 1] = t >> 32;
	asm volatile("lgdt %0\n\t"
		     "pushq %q1\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\tmovl %k2, %%ds\n\t"
		     "movl %k2, %%es\n\t"
		     "movl %k2, %%ss\n\t"
		     "ltr %w3\n\t"
		     "lidt %4"
		     :
		     : "m"(gdtr), "i"(SEL_CODE64), "r"(SEL_DATA), "r"(SEL_TSS), "m"(idtr)
		     : "rax", "memory");
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
}

void arch_cpu_set(struct cpu *cpu)
{
	cpu->self = cpu;
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
}

static const enum exception_kind kinds[32] = {
	[0] = EXC_DIVIDE,  [1] = EXC_DEBUG,	   [3] = EXC_BREAK,  [6] = EXC_ILLEGAL,
	[13] = EXC_ACCESS, [VECTOR_PF] = EXC_PAGE, [17] = EXC_ALIGN,
};

void trap(struct regs *regs);

void trap(struct regs *regs)
{
	struct exception e = {
		.vector = regs->vector,
		.code = regs->error,
		.pc = regs->rip,
	};

	if (regs->vector >= 32) {
		irq_dispatch(regs->vector);
		return;
	}
	e.kind = kinds[regs->vector];
	if (regs->vector == VECTOR_PF) {
		asm volatile("movq %%cr2, %0" : "=r"(e.addr));
		e.write = regs->error & 2;
		e.fetch = regs->error & 16;
	}
	exception_raise(&e, regs);
}

void arch_dump_regs(const struct regs *r)
{
	uint64_t cr0, cr2, cr3, cr4;

	asm volatile("movq %%cr0, %0; movq %%cr2, %1; movq %%cr3, %2; movq %%cr4, %3"
		     : "=r"(cr0), "=r"(cr2), "=r"(cr3), "=r"(cr4));
	printf("rip %016lx  cs %04lx  rflags %08lx  vector %lu  error %lx\n", r->rip, r->cs,
	       r->rflags, r->vector, r->error);
	printf("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
	printf("rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx\n", r->rsi, r->rdi, r->rbp, r->rsp);
	printf("r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx\n", r->r8, r->r9, r->r10, r->r11);
	printf("r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx\n", r->r12, r->r13, r->r14, r->r15);
	printf("cr0 %016lx  cr2 %016lx  cr3 %016lx  cr4 %016lx  efer %lx\n", cr0, cr2, cr3, cr4,
	       rdmsr(MSR_EFER));
}
