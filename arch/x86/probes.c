/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes of an x86 host: in which modes guest code runs, which exceptions and
 * interrupts it can raise, which exits and debug events come. References are
 * to the Intel SDM; the exits are those of api.rst.
 *
 * A probe's guest has 2 MiB of memory at 0 and nothing above. With paging,
 * linear addresses up to PAGE_SIZE_LARGE are the same as physical ones; the
 * next large page is the memory again (ALIAS), so that it shows that paging
 * works; the one after that lies where no memory is (HOLE).
 */
#include "kvm_probe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch.h"
#include "kvm.h"

#define RAM_SIZE 0x200000

/* Where things are in guest memory. Below 0x400 is real mode's vector table. */
#define CODE	0x1000
#define STACK	0x3000 /* its top */
#define GDT	0x4000
#define IDT	0x5000
#define HANDLER 0x6000 /* of the vector that a probe raises */
#define FAULT	0x6100 /* of every other vector */
#define DATA	0x7000
#define PML4	0x8000
#define PDPT	0x9000
#define PD	0xa000

#define MARK_PORT  0x80
#define MARK_GOOD  0x5a
#define MARK_FAULT 0xee

/* mov $value, %al; out %al, $0x80: the same bytes in every mode. */
#define MARK(value) 0xb0, (value), 0xe6, MARK_PORT
/* A 32-bit number in an instruction. */
#define LE32(v) (v) & 0xff, (v) >> 8 & 0xff, (v) >> 16 & 0xff, (v) >> 24 & 0xff

/* Selectors, by place in the GDT. */
#define SEL_CODE64    0x08
#define SEL_DATA      0x10
#define SEL_CODE32    0x18
#define SEL_USER_DATA 0x23 /* before the user's code, as SYSRET wants them */
#define SEL_USER_CODE 0x2b

#define CR0_PE	       0x00000001
#define CR0_MP	       0x00000002
#define CR0_ET	       0x00000010
#define CR0_NE	       0x00000020
#define CR0_PG	       0x80000000
#define CR4_PSE	       0x10
#define CR4_PAE	       0x20
#define CR4_OSFXSR     0x200
#define CR4_OSXMMEXCPT 0x400
#define EFER_SCE       0x001
#define EFER_LME       0x100
#define EFER_LMA       0x400
#define RFLAGS_FIXED   0x2
#define RFLAGS_IOPL3   0x3000
#define PTE_LARGE_USER 0x87 /* present, writable, user, large page */
#define PTE_USER       0x07

/* A vector that no exception has, and one of those that real mode's BIOS calls do not reach. */
#define VECTOR_LOW  0x40
#define VECTOR_HIGH 0x80

/* ---- a guest in each mode ---- */

static void set_cpuid(struct probe *p)
{
	enum { ENTRIES = 256 };
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + ENTRIES * sizeof(cpuid->entries[0]));

	if (!cpuid) {
		probe_error(p, "out of memory");
		return;
	}
	cpuid->nent = ENTRIES;
	probe_do(p, p->kvm_fd, KVM_GET_SUPPORTED_CPUID, (uintptr_t)cpuid);
	probe_do(p, p->vcpu_fd, KVM_SET_CPUID2, (uintptr_t)cpuid);
	free(cpuid);
}

static void create(struct probe *p)
{
	p->mark = (struct probe_mark_place){.port = true, .addr = MARK_PORT};
	probe_vm(p, KVM_X86_DEFAULT_VM);
	/* Three pages that a processor without unrestricted guest mode wants for real mode. */
	probe_do(p, p->vm_fd, KVM_SET_TSS_ADDR, 0xfffbd000);
	probe_ram(p, 0, RAM_SIZE);
	probe_vcpu(p);
	set_cpuid(p);
}

static void set_regs(struct probe *p, uint64_t rflags)
{
	const struct kvm_regs regs = {.rip = CODE, .rsp = STACK, .rflags = rflags | RFLAGS_FIXED};

	probe_do(p, p->vcpu_fd, KVM_SET_REGS, (uintptr_t)&regs);
}

static void put_u32(struct probe *p, uint64_t gpa, uint32_t value)
{
	probe_put(p, gpa, &value, sizeof(value));
}

static void put_u64(struct probe *p, uint64_t gpa, uint64_t value)
{
	probe_put(p, gpa, &value, sizeof(value));
}

/* Both handlers, and the code of the probe. */
static void put_code(struct probe *p, const void *code, size_t size)
{
	static const uint8_t good[] = {MARK(MARK_GOOD), 0xf4 /* hlt */};
	static const uint8_t fault[] = {MARK(MARK_FAULT), 0xf4};

	probe_put(p, HANDLER, good, sizeof(good));
	probe_put(p, FAULT, fault, sizeof(fault));
	put_u32(p, DATA, MARK_GOOD);
	probe_put(p, CODE, code, size);
}

static bool is_good_vector(unsigned int vector)
{
	return vector == 3 || vector == VECTOR_LOW || vector == VECTOR_HIGH;
}

static void real_mode(struct probe *p, const void *code, size_t size)
{
	struct kvm_sregs sregs;

	create(p);
	probe_do(p, p->vcpu_fd, KVM_GET_SREGS, (uintptr_t)&sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	for (unsigned int i = 0; i < 256; i++)
		put_u32(p, 4 * i, is_good_vector(i) ? HANDLER : FAULT);
	put_code(p, code, size);
	probe_do(p, p->vcpu_fd, KVM_SET_SREGS, (uintptr_t)&sregs);
	set_regs(p, 0);
}

/* A flat segment; @type as in a descriptor. */
static struct kvm_segment segment(uint16_t selector, uint8_t type, bool wide)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.dpl = selector & 3,
		.db = !wide,
		.s = 1,
		.l = wide,
		.g = 1,
	};
}

/* The descriptor of such a segment (volume 3, "Segment Descriptors"). */
static uint64_t descriptor(struct kvm_segment s)
{
	return 0x000f00000000ffff | (uint64_t)s.type << 40 | (uint64_t)s.s << 44 |
	       (uint64_t)s.dpl << 45 | (uint64_t)s.present << 47 | (uint64_t)s.l << 53 |
	       (uint64_t)s.db << 54 | (uint64_t)s.g << 55;
}

#define TYPE_CODE 0xb /* execute, read, accessed */
#define TYPE_DATA 0x3 /* read, write, accessed */

static void put_gdt(struct probe *p, struct kvm_sregs *sregs)
{
	put_u64(p, GDT + SEL_CODE64, descriptor(segment(SEL_CODE64, TYPE_CODE, true)));
	put_u64(p, GDT + SEL_DATA, descriptor(segment(SEL_DATA, TYPE_DATA, false)));
	put_u64(p, GDT + SEL_CODE32, descriptor(segment(SEL_CODE32, TYPE_CODE, false)));
	put_u64(p, GDT + (SEL_USER_DATA & ~3),
		descriptor(segment(SEL_USER_DATA, TYPE_DATA, false)));
	put_u64(p, GDT + (SEL_USER_CODE & ~3), descriptor(segment(SEL_USER_CODE, TYPE_CODE, true)));
	sregs->gdt = (struct kvm_dtable){.base = GDT, .limit = 0x2f};
}

/* Interrupt gates (volume 3, "IDT Descriptors"), open to user mode. */
static void put_idt(struct probe *p, struct kvm_sregs *sregs, bool wide)
{
	unsigned int size = wide ? 16 : 8;

	for (unsigned int i = 0; i < 256; i++) {
		uint64_t target = is_good_vector(i) ? HANDLER : FAULT;

		put_u64(p, IDT + i * size,
			target | (uint64_t)(wide ? SEL_CODE64 : SEL_CODE32) << 16 |
				0x0000ee0000000000);
	}
	sregs->idt = (struct kvm_dtable){.base = IDT, .limit = 256 * size - 1};
}

/* Ring 0, or 3 with user's selectors; everything but control registers. */
static void protected_mode(struct probe *p, struct kvm_sregs *sregs, bool wide, bool user)
{
	uint16_t code = wide ? SEL_CODE64 : SEL_CODE32, data = user ? SEL_USER_DATA : SEL_DATA;

	probe_do(p, p->vcpu_fd, KVM_GET_SREGS, (uintptr_t)sregs);
	put_gdt(p, sregs);
	put_idt(p, sregs, wide);
	sregs->cs = segment(user ? SEL_USER_CODE : code, TYPE_CODE, wide);
	sregs->ss = sregs->ds = sregs->es = sregs->fs = sregs->gs = segment(data, TYPE_DATA, false);
	sregs->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE;
	sregs->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
}

static void prot32(struct probe *p, const void *code, size_t size)
{
	struct kvm_sregs sregs;

	create(p);
	protected_mode(p, &sregs, false, false);
	put_code(p, code, size);
	probe_do(p, p->vcpu_fd, KVM_SET_SREGS, (uintptr_t)&sregs);
	set_regs(p, 0);
}

/* 32-bit paging has large pages of 4 MiB. */
#define ALIAS_32 0x400000
/* PAE and 64-bit paging have large pages of 2 MiB. */
#define ALIAS	 0x200000
#define HOLE	 0x400000
#define HOLE_GPA RAM_SIZE

static void put_page_directory(struct probe *p, uint64_t at)
{
	put_u64(p, at, PTE_LARGE_USER);
	put_u64(p, at + 8, PTE_LARGE_USER);
	put_u64(p, at + 16, HOLE_GPA | PTE_LARGE_USER);
}

/* PAE: the four entries that CR3 points at have no user or write bit (volume 3, "PAE Paging"). */
static void pae_tables(struct probe *p, struct kvm_sregs *sregs)
{
	put_u64(p, PDPT, PD | 1);
	put_page_directory(p, PD);
	sregs->cr3 = PDPT;
	sregs->cr4 |= CR4_PAE;
	sregs->cr0 |= CR0_PG;
}

static void long_mode_tables(struct probe *p, struct kvm_sregs *sregs)
{
	put_u64(p, PML4, PDPT | PTE_USER);
	put_u64(p, PDPT, PD | PTE_USER);
	put_page_directory(p, PD);
	sregs->cr3 = PML4;
	sregs->cr4 |= CR4_PAE;
	sregs->cr0 |= CR0_PG;
	sregs->efer |= EFER_LME | EFER_LMA | EFER_SCE;
}

static void long_mode_at(struct probe *p, bool user, const void *code, size_t size)
{
	struct kvm_sregs sregs;

	create(p);
	protected_mode(p, &sregs, true, user);
	long_mode_tables(p, &sregs);
	put_code(p, code, size);
	probe_do(p, p->vcpu_fd, KVM_SET_SREGS, (uintptr_t)&sregs);
	/* With IOPL 3 user mode may report as well. */
	set_regs(p, user ? RFLAGS_IOPL3 : 0);
}

static void long_mode(struct probe *p, const void *code, size_t size)
{
	long_mode_at(p, false, code, size);
}

/* ---- modes ---- */

static const uint8_t mark_good[] = {MARK(MARK_GOOD)};

static enum probe_result ask_real_mode(struct probe *p)
{
	real_mode(p, mark_good, sizeof(mark_good));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_prot32(struct probe *p)
{
	prot32(p, mark_good, sizeof(mark_good));
	return probe_wants_mark(p, MARK_GOOD);
}

/* SET_SREGS may succeed and leave out what the host cannot do. */
static enum probe_result paging_and_mark(struct probe *p)
{
	enum probe_result result;
	struct kvm_sregs sregs = {0};
	bool off = !probe_try(p, p->vcpu_fd, KVM_GET_SREGS, (uintptr_t)&sregs) &&
		   !(sregs.cr0 & CR0_PG);

	result = probe_wants_mark(p, MARK_GOOD);
	if (result == PROBE_NO && off)
		return probe_no(p, "KVM_SET_SREGS succeeds and leaves CR0.PG clear");
	return result;
}

static enum probe_result ask_prot32_paging(struct probe *p)
{
	/* mov ALIAS_32 + DATA, %al; out %al, $0x80 */
	static const uint8_t code[] = {0x8a, 0x05, LE32(ALIAS_32 + DATA), 0xe6, MARK_PORT};
	struct kvm_sregs sregs;

	create(p);
	protected_mode(p, &sregs, false, false);
	put_u32(p, PD, PTE_LARGE_USER);
	put_u32(p, PD + 4, PTE_LARGE_USER);
	sregs.cr3 = PD;
	sregs.cr4 |= CR4_PSE;
	sregs.cr0 |= CR0_PG;
	put_code(p, code, sizeof(code));
	probe_do(p, p->vcpu_fd, KVM_SET_SREGS, (uintptr_t)&sregs);
	set_regs(p, 0);
	return paging_and_mark(p);
}

static enum probe_result ask_pae_paging(struct probe *p)
{
	/* mov ALIAS + DATA, %al; out %al, $0x80 */
	static const uint8_t code[] = {0x8a, 0x05, LE32(ALIAS + DATA), 0xe6, MARK_PORT};
	struct kvm_sregs sregs;

	create(p);
	protected_mode(p, &sregs, false, false);
	pae_tables(p, &sregs);
	put_code(p, code, sizeof(code));
	probe_do(p, p->vcpu_fd, KVM_SET_SREGS, (uintptr_t)&sregs);
	set_regs(p, 0);
	return paging_and_mark(p);
}

/* mov ALIAS + DATA, %al (absolute); out %al, $0x80 */
static const uint8_t read_alias64[] = {0x8a, 0x04, 0x25, LE32(ALIAS + DATA), 0xe6, MARK_PORT};

static enum probe_result ask_long_mode(struct probe *p)
{
	long_mode(p, read_alias64, sizeof(read_alias64));
	return paging_and_mark(p);
}

static enum probe_result ask_user_mode(struct probe *p)
{
	long_mode_at(p, true, read_alias64, sizeof(read_alias64));
	return paging_and_mark(p);
}

/* ---- speed ---- */

#define LOOPS 100000
/* Emulating an instruction costs hundreds of times what running it does; a machine under load is not that slow. */
#define EMULATED 40

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t host_loop_ns(void)
{
	uint64_t start = now_ns();
	uint32_t n = LOOPS;

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
	return now_ns() - start;
}

/* The same loop in the guest, twice, each ended by a mark; the quickest counts on both sides. */
static enum probe_result ask_native(struct probe *p, bool user)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0xb9, LE32(LOOPS), /* mov $LOOPS, %ecx */
		0xff, 0xc9,	   /* 1: dec %ecx */
		0x75, 0xfc,	   /* jnz 1b */
		MARK(MARK_GOOD),
		0xeb, 0xf1,	   /* jmp to the beginning */
	};
	/* clang-format on */
	uint64_t host = UINT64_MAX, guest = UINT64_MAX, start, took, value;

	long_mode_at(p, user, code, sizeof(code));
	for (unsigned int i = 0; i < 2; i++) {
		took = host_loop_ns();
		host = took < host ? took : host;
		start = now_ns();
		if (!probe_run_to_mark(p, &value))
			return PROBE_NO;
		if (value != MARK_GOOD)
			return probe_no(p, "the loop does not get to its end");
		took = now_ns() - start;
		guest = took < guest ? took : guest;
	}
	if (guest / EMULATED < host)
		return probe_yes(p, "%.1f times the host's time", (double)guest / (double)host);
	return probe_no(p, "%" PRIu64 " ns an instruction, %.0f times the host's time",
			guest / (2 * LOOPS), (double)guest / (double)host);
}

static enum probe_result ask_long_mode_native(struct probe *p)
{
	return ask_native(p, false);
}

static enum probe_result ask_user_mode_native(struct probe *p)
{
	return ask_native(p, true);
}

/* ---- exceptions and interrupts that the guest raises ---- */

static const uint8_t int3[] = {0xcc, MARK(1)};
static const uint8_t int_low[] = {0xcd, VECTOR_LOW, MARK(1)};
static const uint8_t int_high[] = {0xcd, VECTOR_HIGH, MARK(1)};

static enum probe_result ask_int3(struct probe *p)
{
	long_mode(p, int3, sizeof(int3));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_int_n(struct probe *p)
{
	long_mode(p, int_low, sizeof(int_low));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_prot32_int3(struct probe *p)
{
	prot32(p, int3, sizeof(int3));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_prot32_int_n(struct probe *p)
{
	prot32(p, int_low, sizeof(int_low));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_real_int3(struct probe *p)
{
	real_mode(p, int3, sizeof(int3));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_real_int_n(struct probe *p)
{
	real_mode(p, int_low, sizeof(int_low));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_real_int_high(struct probe *p)
{
	real_mode(p, int_high, sizeof(int_high));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_iretq(struct probe *p)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0x6a, SEL_DATA,	     /* push $SEL_DATA: ss */
		0x68, LE32(STACK),   /* push $STACK: rsp */
		0x6a, RFLAGS_FIXED,  /* push $2: rflags */
		0x6a, SEL_CODE64,    /* push $SEL_CODE64: cs */
		0x68, LE32(HANDLER), /* push $HANDLER: rip */
		0x48, 0xcf,	     /* iretq */
	};
	/* clang-format on */

	long_mode(p, code, sizeof(code));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_syscall(struct probe *p)
{
	static const uint8_t code[] = {0x0f, 0x05 /* syscall */, MARK(1)};
	enum probe_result result;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	const struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[3];
	} msrs = {
		.head.nmsrs = 3,
		.entry = {
			/* STAR: the user's selectors begin below SEL_USER_DATA, the kernel's are at SEL_CODE64. */
			{.index = 0xc0000081,
			 .data = (uint64_t)(SEL_CODE32 | 3) << 48 | (uint64_t)SEL_CODE64 << 32},
			{.index = 0xc0000082, .data = HANDLER}, /* LSTAR */
			{.index = 0xc0000084, .data = 0},	/* SYSCALL_MASK */
		}};

	long_mode_at(p, true, code, sizeof(code));
	if (probe_do(p, p->vcpu_fd, KVM_SET_MSRS, (uintptr_t)&msrs) != 3)
		return probe_error(p, "KVM_SET_MSRS does not take STAR, LSTAR and SYSCALL_MASK");
	result = probe_wants_mark(p, MARK_GOOD);
	if (result != PROBE_YES)
		return result;
	probe_do(p, p->vcpu_fd, KVM_GET_REGS, (uintptr_t)&regs);
	probe_do(p, p->vcpu_fd, KVM_GET_SREGS, (uintptr_t)&sregs);
	if (regs.rcx != CODE + 2 || !(regs.r11 & RFLAGS_IOPL3))
		return probe_no(p, "RCX is 0x%" PRIx64 ", R11 0x%" PRIx64, (uint64_t)regs.rcx,
				(uint64_t)regs.r11);
	if (sregs.cs.selector != SEL_CODE64 || sregs.ss.selector != SEL_DATA)
		return probe_no(p, "CS is 0x%x, SS 0x%x", sregs.cs.selector, sregs.ss.selector);
	return result;
}

/* ---- floating point ---- */

static enum probe_result ask_x87(struct probe *p)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0xdb, 0xe3,			   /* fninit */
		0xd9, 0xe8,			   /* fld1 */
		0xdd, 0x1c, 0x25, LE32(DATA + 16), /* fstpl DATA + 16 */
		MARK(MARK_GOOD),
	};
	/* clang-format on */
	enum probe_result result;
	double one = 0;

	long_mode(p, code, sizeof(code));
	result = probe_wants_mark(p, MARK_GOOD);
	if (result == PROBE_YES) {
		memcpy(&one, p->ram + DATA + 16, sizeof(one));
		if (one != 1)
			return probe_no(p, "fld1 stores %g", one);
	}
	return result;
}

/* Moves alone would not do: KVM's emulator knows them. */
static enum probe_result ask_sse(struct probe *p)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0x0f, 0x10, 0x04, 0x25, LE32(DATA),	 /* movups DATA, %xmm0 */
		0x66, 0x0f, 0xfe, 0xc0,			 /* paddd %xmm0, %xmm0 */
		0x0f, 0x11, 0x04, 0x25, LE32(DATA + 16), /* movups %xmm0, DATA + 16 */
		MARK(MARK_GOOD),
	};
	/* clang-format on */
	enum probe_result result;
	uint32_t sum;

	long_mode(p, code, sizeof(code));
	result = probe_wants_mark(p, MARK_GOOD);
	if (result == PROBE_YES) {
		memcpy(&sum, p->ram + DATA + 16, sizeof(sum));
		if (sum != 2 * MARK_GOOD)
			return probe_no(p, "paddd gives 0x%x", sum);
	}
	return result;
}

/* ---- debugging ---- */

/* Four NOPs, a store to DATA, and a mark that must not be reached. */
static const uint8_t debuggee[] = {
	0x90, 0x90, 0x90, 0x90, 0xc7, 0x04, 0x25, LE32(DATA), LE32(1), 0x90, 0x90, MARK(1),
};

static void debug(struct probe *p, uint32_t control, uint64_t address, uint64_t dr7)
{
	struct kvm_guest_debug guest_debug = {.control = KVM_GUESTDBG_ENABLE | control};

	guest_debug.arch.debugreg[0] = address;
	guest_debug.arch.debugreg[7] = dr7;
	probe_do(p, p->vcpu_fd, KVM_SET_GUEST_DEBUG, (uintptr_t)&guest_debug);
}

/* KVM_EXIT_DEBUG of that exception at that place, with those bits of DR6. */
static enum probe_result wants_debug(struct probe *p, uint32_t exception, uint64_t pc, uint64_t dr6)
{
	const struct kvm_debug_exit_arch *arch;
	int r = probe_run(p);

	if (r != KVM_EXIT_DEBUG)
		return probe_no_run(p, r);
	arch = &p->run->debug.arch;
	if (arch->exception == exception && arch->pc == pc && (arch->dr6 & dr6) == dr6)
		return probe_yes(p, "%s", "");
	return probe_no(p, "KVM_EXIT_DEBUG with exception %u, pc 0x%" PRIx64 ", dr6 0x%" PRIx64,
			arch->exception, (uint64_t)arch->pc, (uint64_t)arch->dr6);
}

static enum probe_result ask_sw_breakpoint(struct probe *p)
{
	long_mode(p, int3, sizeof(int3));
	debug(p, KVM_GUESTDBG_USE_SW_BP, 0, 0);
	return wants_debug(p, BP_VECTOR, CODE, 0);
}

/* DR7 (volume 3, "Debug Control Register"): global enable of breakpoint 0, exact, bit 10 fixed. */
#define DR7_EXECUTE 0x602
/* ... on writes of 4 bytes. */
#define DR7_WRITE4 (DR7_EXECUTE | 1 << 16 | 3 << 18)

static enum probe_result ask_hw_breakpoint(struct probe *p)
{
	long_mode(p, debuggee, sizeof(debuggee));
	debug(p, KVM_GUESTDBG_USE_HW_BP, CODE + 2, DR7_EXECUTE);
	return wants_debug(p, DB_VECTOR, CODE + 2, 1);
}

static enum probe_result ask_hw_watchpoint(struct probe *p)
{
	long_mode(p, debuggee, sizeof(debuggee));
	debug(p, KVM_GUESTDBG_USE_HW_BP, DATA, DR7_WRITE4);
	/* Behind the store, which is 11 bytes long. */
	return wants_debug(p, DB_VECTOR, CODE + 4 + 11, 1);
}

static enum probe_result ask_single_step(struct probe *p)
{
	long_mode(p, debuggee, sizeof(debuggee));
	debug(p, KVM_GUESTDBG_SINGLESTEP, 0, 0);
	return wants_debug(p, DB_VECTOR, CODE + 1, 1 << 14);
}

/* ---- state ---- */

static enum probe_result ask_sregs2_pdptrs(struct probe *p)
{
	struct kvm_sregs2 sregs2;
	struct kvm_sregs sregs;
	int r;

	create(p);
	protected_mode(p, &sregs, false, false);
	pae_tables(p, &sregs);
	r = probe_try(p, p->vcpu_fd, KVM_GET_SREGS2, (uintptr_t)&sregs2);
	if (r < 0)
		return probe_no_call(p, "KVM_GET_SREGS2", r);
	/* Both begin alike, up to what follows apic_base. */
	memcpy(&sregs2, &sregs, offsetof(struct kvm_sregs, interrupt_bitmap));
	sregs2.flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
	memset(sregs2.pdptrs, 0, sizeof(sregs2.pdptrs));
	sregs2.pdptrs[0] = PD | 1;
	r = probe_try(p, p->vcpu_fd, KVM_SET_SREGS2, (uintptr_t)&sregs2);
	if (r < 0)
		return probe_no_call(p, "KVM_SET_SREGS2", r);
	probe_do(p, p->vcpu_fd, KVM_GET_SREGS2, (uintptr_t)&sregs2);
	if (!(sregs2.flags & KVM_SREGS2_FLAGS_PDPTRS_VALID))
		return probe_no(p, "KVM_SET_SREGS2 succeeds and the flag reads back clear");
	if (sregs2.pdptrs[0] != (PD | 1))
		return probe_no(p, "pdptrs[0] reads back as 0x%" PRIx64,
				(uint64_t)sregs2.pdptrs[0]);
	return probe_yes(p, "%s", "");
}

/* ---- exits ---- */

static enum probe_result ask_io_exit(struct probe *p)
{
	long_mode(p, mark_good, sizeof(mark_good));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_mmio_exit(struct probe *p)
{
	/* movb $MARK_GOOD, HOLE */
	static const uint8_t code[] = {0xc6, 0x04, 0x25, LE32(HOLE), MARK_GOOD, 0xf4};

	long_mode(p, code, sizeof(code));
	p->mark = (struct probe_mark_place){.addr = HOLE_GPA};
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_hlt_exit(struct probe *p)
{
	static const uint8_t code[] = {0xf4, MARK(1)};

	long_mode(p, code, sizeof(code));
	return probe_wants_exit(p, KVM_EXIT_HLT);
}

static enum probe_result ask_triple_fault(struct probe *p)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0x0f, 0x01, 0x1c, 0x25, LE32(DATA + 64), /* lidt DATA + 64, which is zero */
		0x0f, 0x0b,				 /* ud2 */
		MARK(1),
	};
	/* clang-format on */

	long_mode(p, code, sizeof(code));
	return probe_wants_exit(p, KVM_EXIT_SHUTDOWN);
}

static enum probe_result ask_internal_error(struct probe *p)
{
	/* mov $HOLE, %eax; jmp *%rax: nothing is there to be executed */
	static const uint8_t code[] = {0xb8, LE32(HOLE), 0xff, 0xe0};
	int r;

	long_mode(p, code, sizeof(code));
	r = probe_run(p);
	if (r != KVM_EXIT_INTERNAL_ERROR)
		return probe_no_run(p, r);
	if (p->run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return probe_no(p, "suberror %u", p->run->internal.suberror);
	return probe_yes(p, "suberror %u, %u words of data", p->run->internal.suberror,
			 p->run->internal.ndata);
}

const struct probe_desc arch_probes[] = {
	{"real-mode", "real mode runs", ask_real_mode},
	{"prot32", "32-bit protected mode without paging runs", ask_prot32},
	{"prot32-paging", "32-bit protected mode with paging runs", ask_prot32_paging},
	{"pae-paging", "32-bit protected mode with PAE paging runs", ask_pae_paging},
	{"long-mode", "64-bit mode runs at CPL 0", ask_long_mode},
	{"long-mode-native", "64-bit mode at CPL 0 is run by the processor, not emulated",
	 ask_long_mode_native},
	{"user-mode", "64-bit mode runs at CPL 3", ask_user_mode},
	{"user-mode-native", "64-bit mode at CPL 3 is run by the processor, not emulated",
	 ask_user_mode_native},
	{"int3", "INT3 in 64-bit mode reaches the guest's handler", ask_int3},
	{"int-n", "INT n in 64-bit mode reaches the guest's handler", ask_int_n},
	{"iretq", "IRETQ works at CPL 0", ask_iretq},
	{"syscall", "SYSCALL from CPL 3 reaches the guest's entry", ask_syscall},
	{"prot32-int3", "INT3 in 32-bit mode reaches the guest's handler", ask_prot32_int3},
	{"prot32-int-n", "INT n in 32-bit mode reaches the guest's handler", ask_prot32_int_n},
	{"real-int3", "INT3 in real mode reaches the guest's handler", ask_real_int3},
	{"real-int-n", "INT n below 80h in real mode reaches the guest's handler", ask_real_int_n},
	{"real-int-80", "INT 80h in real mode reaches the guest's handler", ask_real_int_high},
	{"x87", "x87 instructions work at CPL 0", ask_x87},
	{"sse", "SSE instructions work at CPL 0", ask_sse},
	{"sw-breakpoint", "with KVM_GUESTDBG_USE_SW_BP an INT3 exits", ask_sw_breakpoint},
	{"hw-breakpoint", "a hardware execute breakpoint exits", ask_hw_breakpoint},
	{"hw-watchpoint", "a hardware write watchpoint exits", ask_hw_watchpoint},
	{"single-step", "single-stepping exits after one instruction", ask_single_step},
	{"sregs2-pdptrs", "KVM_SET_SREGS2 keeps PDPTRS_VALID and the PDPTRs in PAE paging",
	 ask_sregs2_pdptrs},
	{"io-exit", "OUT at CPL 0 exits with KVM_EXIT_IO", ask_io_exit},
	{"mmio-exit", "a store where no memory is exits with KVM_EXIT_MMIO", ask_mmio_exit},
	{"hlt-exit", "HLT without an in-kernel irqchip exits with KVM_EXIT_HLT", ask_hlt_exit},
	{"triple-fault", "a triple fault exits with KVM_EXIT_SHUTDOWN", ask_triple_fault},
	{"internal-error", "what KVM cannot emulate exits with an emulation error",
	 ask_internal_error},
	{NULL, NULL, NULL},
};
