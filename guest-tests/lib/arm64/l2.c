/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest of the guest; see l2.h. */
#include "l2.h"

#define HCR_VM	(1ul << 0)
#define HCR_FMO (1ul << 3)
#define HCR_IMO (1ul << 4)
#define HCR_DC	(1ul << 12)
#define HCR_RW	(1ul << 31)
#define HCR_E2H (1ul << 34)
/* KVM wants IMO and FMO together; DC: without an MMU memory is cached all the same. */
#define HCR_L2 (HCR_E2H | HCR_RW | HCR_VM | HCR_IMO | HCR_FMO | HCR_DC)

/* VTCR_EL2: 39 bits from level 1 on, 4 KiB; the size of physical addresses is added. */
#define VTCR	    (1ul << 31 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | (64 - 39))
#define VTCR_PS	    16
#define VTTBR_VMID  (1ul << 48)
#define S2_TABLE    0x3ul
#define S2_RAM	    (0x3ul | 0xf << 2 | 3 << 8 | 1 << 10) /* a page: write-back, shareable, accessed */
#define S2_MMIO	    (0x3ul | 0x1 << 2 | 1 << 10)
#define S2_READ	    (1ul << 6)
#define S2_WRITE    (1ul << 7)
#define S2_PA_BITS  5 /* 48 */
#define ENOUGH	    10
#define SCTLR_RES1  0x30d00980ul
#define SPSR_EL1H   0x3c5ul /* all masked */
#define HVC_TELL(e) ((e)->vector == EC_HVC && !((e)->code & 0xffff))

struct l2_exit l2_exit;
uint64_t l2_answer, l2_told;

static const char *program;
static uint64_t *stage2, new_entry, host_hcr;

/* ---- Stage 2 ---------------------------------------------------------------------- */

static uint64_t *below(uint64_t *entry)
{
	if (!*entry)
		*entry = (uint64_t)page_alloc() | S2_TABLE;
	return (uint64_t *)(*entry & ~0xffful);
}

/*
 * What the TLB has of one page. Of L2's, not of this host: TGE must be clear.
 * Everything at once (VMALLS12E1) would do, too, but KVM then flushes each GiB
 * that there can be, minutes of them where physical addresses have 52 bits.
 */
static void flush(uint64_t ipa)
{
	uint64_t hcr = sysreg_read(hcr_el2);

	sysreg_write(hcr_el2, HCR_L2);
	isb();
	asm volatile("dsb ish\n\ttlbi ipas2e1is, %0\n\tdsb ish\n\t"
		     "tlbi vmalle1is\n\tdsb ish\n\tisb" ::"r"(ipa >> 12)
		     : "memory");
	sysreg_write(hcr_el2, hcr);
	isb();
}

static void set_entry(uint64_t ipa, uint64_t value)
{
	uint64_t *table = below(&stage2[ipa >> 30]);

	table = below(&table[ipa >> 21 & 511]);
	table[ipa >> 12 & 511] = value;
	flush(ipa);
}

static uint64_t entry_of(uint64_t pa, unsigned int flags)
{
	if (!flags)
		return 0;
	return pa | (flags & L2_MMIO ? S2_MMIO : S2_RAM) | (flags & L2_READ ? S2_READ : 0) |
	       (flags & L2_WRITE ? S2_WRITE : 0);
}

void l2_map(uint64_t ipa, uint64_t pa, unsigned int flags)
{
	set_entry(ipa, entry_of(pa, flags));
}

void l2_mend(uint64_t pa, unsigned int flags)
{
	new_entry = entry_of(pa, flags);
}

/* ---- Entry and exit ------------------------------------------------------------------ */

static bool handle(const struct exception *e, struct regs *regs)
{
	if (HVC_TELL(e)) {
		l2_told = regs->x[0];
		return false; /* expect_exception() goes on */
	}
	l2_exit.count++;
	l2_exit.ec = e->vector;
	l2_exit.esr = e->code;
	l2_exit.far = e->addr;
	l2_exit.ipa = (sysreg_read(hpfar_el2) & ~0xful) << 8;
	l2_exit.pc = e->pc;
	if (l2_exit.count > ENOUGH)
		return false;
	if (e->vector == EC_DATA || e->vector == EC_FETCH) {
		if (!new_entry)
			return false;
		set_entry(l2_exit.ipa, new_entry);
		return true;
	}
	regs->x[0] = l2_answer;
	if (e->vector != EC_HVC)
		regs_set_pc(regs, regs_pc(regs) + 4);
	return true;
}

struct start {
	const char *code;
	uint64_t x0, hcr;
};

static void enter(void *arg)
{
	const struct start *start = arg;
	register uint64_t x0 asm("x0") = start->x0;
	register uint64_t x20 asm("x20") = L2_DATA;
	register uint64_t x21 asm("x21") = L2_DEVICE;

	sysreg_write(elr_el2, L2_CODE + (start->code - program));
	sysreg_write(spsr_el2, SPSR_EL1H);
	sysreg_write(hcr_el2, HCR_L2 | start->hcr);
	isb();
	asm volatile("eret" ::"r"(x0), "r"(x20), "r"(x21) : "memory");
	__builtin_unreachable();
}

bool l2_run(const char *code, uint64_t x0, uint64_t hcr)
{
	struct start start = {code, x0, hcr};
	struct exception e = {0};
	bool ended;

	l2_exit = (struct l2_exit){0};
	l2_told = ~0ul;
	ended = expect_exception(enter, &start, &e);
	sysreg_write(hcr_el2, host_hcr);
	isb();
	return ended && HVC_TELL(&e);
}

void l2_init(const char *code)
{
	uint64_t size = sysreg_read(id_aa64mmfr0_el1) & 0xf;

	program = code;
	host_hcr = sysreg_read(hcr_el2);
	/* SCTLR_EL12, CPACR_EL12: L2's, which the assembler knows from Armv8.1 on. */
	asm volatile("msr s3_5_c1_c0_0, %0" ::"r"(SCTLR_RES1));
	asm volatile("msr s3_5_c1_c0_2, %0" ::"r"(0ul));
	stage2 = page_alloc();
	sysreg_write(vtcr_el2, VTCR | (size > S2_PA_BITS ? S2_PA_BITS : size) << VTCR_PS);
	sysreg_write(vttbr_el2, (uint64_t)stage2 | VTTBR_VMID);
	l2_map(L2_CODE, (uint64_t)code, L2_READ);
	on_exception(EXC_CALL, handle);
	on_exception(EXC_OTHER, handle);
	on_exception(EXC_ILLEGAL, handle);
	on_exception(EXC_PAGE, handle);
}
