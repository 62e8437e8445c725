/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypervisor at EL2 with a guest of its own (L2) at EL1, behind a stage 2
 * that the hypervisor makes. The runtime is at EL2 as a host is (HCR_EL2.E2H
 * and TGE); while L2 runs TGE is clear. All that L2 does to get out comes to
 * the exception handlers here, which go on with it or end its run.
 */
#include "guest.h"

/* HCR_EL2 (Arm ARM D24.2.52) */
#define HCR_VM	 (1ul << 0)
#define HCR_FMO	 (1ul << 3)
#define HCR_IMO	 (1ul << 4)
#define HCR_VI	 (1ul << 7)
#define HCR_DC	 (1ul << 12)
#define HCR_TWI	 (1ul << 13)
#define HCR_TID3 (1ul << 18)
#define HCR_TSC	 (1ul << 19)
#define HCR_RW	 (1ul << 31)
#define HCR_E2H	 (1ul << 34)
#define HCR_L2	 (HCR_E2H | HCR_RW | HCR_VM | HCR_IMO | HCR_FMO | HCR_DC)

/* VTCR_EL2: 39 bits from level 1 on, 4 KiB; the size of physical addresses is added. */
#define VTCR	 (1ul << 31 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | (64 - 39))
#define VTCR_PS	 16
#define S2_TABLE 0x3ul
#define S2_RAM	 (0x3ul | 0xf << 2 | 3 << 8 | 1 << 10) /* a page: write-back, shareable, accessed */
#define S2_MMIO	 (0x3ul | 0x1 << 2 | 1 << 10)
#define S2_READ	 (1ul << 6)
#define S2_WRITE (1ul << 7)

#define SCTLR_RES1 0x30d00980ul
#define SPSR_EL1H  0x3c5ul /* all masked */

#define EC_WFX	    0x01
#define EC_HVC	    0x16
#define EC_SMC	    0x17
#define EC_SYSREG   0x18
#define EC_FETCH    0x20
#define EC_DATA	    0x24
#define ISS_WNR	    (1ul << 6)
#define FSC(esr)    ((esr)&0x3f)
#define TRANSLATION 0x04 /* and the level */
#define PERMISSION  0x0c

/* L2's addresses, none of which is an address of the same thing here. */
#define L2_CODE 0x40000000ul
#define L2_DATA 0x40010000ul
#define L2_MMIO 0x40020000ul

/*
 * L2's program, all in one page and wherever it is. HVC 0 tells x0 and ends a
 * run or goes on; x20 and x21 are its data and its device.
 */
asm(".pushsection .text.l2, \"ax\"\n"
    "	.balign 4096\n"
    "l2_start:\n"
    "	.balign 2048\n"
    "l2_vectors:\n"
    "	.skip	0x200\n" /* synchronous, of its own level */
    "	add	x19, x19, #1\n"
    "	eret\n"
    "	.balign 128\n"
    "	mov	x0, #0x1e1\n" /* interrupt */
    "	hvc	#0\n"
    "	eret\n"
    "	.balign 2048\n"
    "l2_call:\n"
    "	add	x0, x0, #1\n"
    "	hvc	#0x42\n"
    "	hvc	#0\n"
    "l2_level:\n"
    "	mrs	x0, currentel\n"
    "	hvc	#0\n"
    "l2_own:\n"
    "	adr	x0, l2_vectors\n"
    "	msr	vbar_el1, x0\n"
    "	isb\n"
    "	mov	x19, #0\n"
    "	svc	#0\n"
    "	svc	#0\n"
    "	mov	x0, x19\n"
    "	hvc	#0\n"
    "l2_smc:\n"
    "	mov	x0, #5\n"
    "	smc	#7\n"
    "	hvc	#0\n"
    "l2_wfi:\n"
    "	mov	x0, #6\n"
    "	wfi\n"
    "	hvc	#0\n"
    "l2_id:\n"
    "	mrs	x0, id_aa64pfr0_el1\n"
    "	hvc	#0\n"
    "l2_load:\n"
    "	ldr	x0, [x20, #8]\n"
    "	hvc	#0\n"
    "l2_store:\n"
    "	str	x0, [x20, #16]\n"
    "	hvc	#0\n"
    "l2_device:\n"
    "	str	w0, [x21, #4]\n"
    "	ldr	w0, [x21, #8]\n"
    "	hvc	#0\n"
    "l2_jump:\n"
    "	br	x20\n"
    "l2_interrupt:\n"
    "	adr	x0, l2_vectors\n"
    "	msr	vbar_el1, x0\n"
    "	isb\n"
    "	msr	daifclr, #2\n"
    "1:	b	1b\n"
    "l2_spin:\n"
    "	ldr	x0, [x20]\n"
    "	cbz	x0, l2_spin\n"
    "	hvc	#0\n"
    ".popsection\n");
extern const char l2_start[], l2_call[], l2_level[], l2_own[], l2_smc[], l2_wfi[], l2_id[],
	l2_load[], l2_store[], l2_device[], l2_jump[], l2_interrupt[], l2_spin[];

static uint64_t host_hcr;

/* ---- Stage 2 ---------------------------------------------------------------------- */

static uint64_t *stage2;

static uint64_t *below(uint64_t *entry)
{
	if (!*entry)
		*entry = (uint64_t)page_alloc() | S2_TABLE;
	return (uint64_t *)(*entry & ~0xffful);
}

/*
 * What the TLB has of one page. Of L2's, not of this host: TGE must be clear.
 * Everything at once (VMALLS12E1) would do, too, but takes KVM seconds: it
 * goes through all addresses that there can be.
 */
static void s2_flush(uint64_t ipa)
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

static void s2_set(uint64_t ipa, uint64_t value)
{
	uint64_t *table = below(&stage2[ipa >> 30]);

	table = below(&table[ipa >> 21 & 511]);
	table[ipa >> 12 & 511] = value;
	s2_flush(ipa);
}

static void s2_init(void)
{
	uint64_t size = sysreg_read(id_aa64mmfr0_el1) & 0xf;

	stage2 = page_alloc();
	sysreg_write(vtcr_el2, VTCR | (size > 5 ? 5 : size) << VTCR_PS);
	sysreg_write(vttbr_el2, (uint64_t)stage2 | 1ul << 48);
	s2_set(L2_CODE, (uint64_t)l2_start | S2_RAM | S2_READ);
}

/* ---- Entry and exit ------------------------------------------------------------------ */

/* Of the last exit that is of interest. */
static struct exit {
	unsigned int count, ec;
	uint64_t esr, far, ipa, pc;
} seen;
/* What is done about it: 0, it is as if it had been done; or the page's new entry. */
static uint64_t answer, new_entry;
static uint64_t told;

static bool handle(const struct exception *e, struct regs *regs)
{
	if (e->vector == EC_HVC && !(e->code & 0xffff)) {
		told = regs->x[0];
		return false; /* expect_exception() goes on */
	}
	seen.count++;
	seen.ec = e->vector;
	seen.esr = e->code;
	seen.far = e->addr;
	seen.ipa = (sysreg_read(hpfar_el2) & ~0xful) << 8;
	seen.pc = e->pc;
	if (seen.count > 10)
		return false;
	if (e->vector == EC_DATA || e->vector == EC_FETCH) {
		if (!new_entry)
			return false;
		s2_set(seen.ipa, new_entry);
		return true;
	}
	regs->x[0] = answer;
	if (e->vector != EC_HVC)
		regs_set_pc(regs, regs_pc(regs) + 4);
	return true;
}

struct l2 {
	const char *code;
	uint64_t x0, hcr;
};

static void enter(void *arg)
{
	const struct l2 *l2 = arg;
	register uint64_t x0 asm("x0") = l2->x0;
	register uint64_t x20 asm("x20") = L2_DATA;
	register uint64_t x21 asm("x21") = L2_MMIO;

	sysreg_write(elr_el2, L2_CODE + (l2->code - l2_start));
	sysreg_write(spsr_el2, SPSR_EL1H);
	sysreg_write(hcr_el2, HCR_L2 | l2->hcr);
	isb();
	asm volatile("eret" ::"r"(x0), "r"(x20), "r"(x21) : "memory");
	__builtin_unreachable();
}

/* Runs L2 until it tells something (true: @told) or does what nobody wants it to. */
static bool run(const char *code, uint64_t x0, uint64_t hcr)
{
	struct l2 l2 = {code, x0, hcr};
	struct exception e = {0};
	bool ended;

	seen = (struct exit){0};
	told = ~0ul;
	ended = expect_exception(enter, &l2, &e);
	sysreg_write(hcr_el2, host_hcr);
	isb();
	return ended && e.vector == EC_HVC && !(e.code & 0xffff);
}

/* ---- What L2 does ---------------------------------------------------------------------- */

static void test_calls(void)
{
	bool ok;

	answer = 0x77;
	ok = run(l2_call, 0x10, 0);
	report(ok && seen.count == 1 && seen.ec == EC_HVC && (seen.esr & 0xffff) == 0x42,
	       "L2 runs and calls (%u exits, class 0x%x, 0x%lx)", seen.count, seen.ec, seen.esr);
	report(told == 0x77, "it goes on with the answer (0x%lx)", told);
	report(seen.pc == L2_CODE + (l2_call - l2_start) + 8, "behind the call (0x%lx)", seen.pc);
	ok = run(l2_level, 0, 0);
	report(ok && told == 1 << 2, "it is at EL1 (CurrentEL 0x%lx)", told);
	ok = run(l2_own, 0, 0);
	report(ok && told == 2 && !seen.count, "its exceptions are its own (%lu of 2, %u exits)",
	       told, seen.count);
}

static void test_traps(void)
{
	bool ok;

	answer = 0x88;
	ok = run(l2_smc, 0, HCR_TSC);
	report(ok && seen.count == 1 && seen.ec == EC_SMC && (seen.esr & 0xffff) == 7 &&
		       told == 0x88,
	       "SMC is trapped by HCR_EL2.TSC (class 0x%x, 0x%lx)", seen.ec, told);
	answer = 0x99;
	ok = run(l2_wfi, 0, HCR_TWI);
	report(ok && seen.count == 1 && seen.ec == EC_WFX && !(seen.esr & 1) && told == 0x99,
	       "WFI is trapped by HCR_EL2.TWI (class 0x%x, 0x%lx)", seen.ec, told);
	answer = 0xaa;
	ok = run(l2_id, 0, HCR_TID3);
	report(ok && seen.count == 1 && seen.ec == EC_SYSREG && told == 0xaa,
	       "an ID register by HCR_EL2.TID3 (class 0x%x, 0x%lx)", seen.ec, told);
	ok = run(l2_id, 0, 0);
	report(ok && !seen.count && (told & 0xff) == 0x11, "and not without it (%u exits, 0x%lx)",
	       seen.count, told);
}

static void test_stage2(void)
{
	uint64_t *page = page_alloc(), *other = page_alloc();
	bool ok;

	page[1] = 0x1111;
	other[1] = 0x2222;
	new_entry = 0;
	ok = run(l2_load, 0, 0);
	report(!ok && seen.count == 1 && seen.ec == EC_DATA &&
		       FSC(seen.esr) >> 2 == TRANSLATION >> 2,
	       "a load where stage 2 has nothing faults (class 0x%x, 0x%lx)", seen.ec, seen.esr);
	report(seen.ipa == L2_DATA && (seen.far & 0xfff) == 8 && !(seen.esr & ISS_WNR),
	       "at the page that was read (HPFAR_EL2 0x%lx)", seen.ipa);
	new_entry = (uint64_t)page | S2_RAM | S2_READ;
	ok = run(l2_load, 0, 0);
	report(ok && seen.count == 1 && told == 0x1111,
	       "with the page mapped it is done (0x%lx, %u exits)", told, seen.count);
	ok = run(l2_load, 0, 0);
	report(ok && !seen.count && told == 0x1111, "and faults no more (%u exits)", seen.count);
	s2_set(L2_DATA, (uint64_t)other | S2_RAM | S2_READ);
	ok = run(l2_load, 0, 0);
	report(ok && !seen.count && told == 0x2222, "another page there is seen at once (0x%lx)",
	       told);

	new_entry = 0;
	ok = run(l2_store, 0x3333, 0);
	report(!ok && seen.ec == EC_DATA && FSC(seen.esr) >> 2 == PERMISSION >> 2 &&
		       seen.esr & ISS_WNR && !other[2],
	       "a store to a page for reading faults (class 0x%x, 0x%lx)", seen.ec, seen.esr);
	new_entry = (uint64_t)other | S2_RAM | S2_READ | S2_WRITE;
	ok = run(l2_store, 0x3333, 0);
	report(ok && seen.count == 1 && other[2] == 0x3333, "made writable it is done (0x%lx)",
	       other[2]);
	s2_set(L2_DATA, 0);
	new_entry = 0;
	ok = run(l2_load, 0, 0);
	report(!ok && seen.ec == EC_DATA, "taken away it faults again (class 0x%x)", seen.ec);
	ok = run(l2_jump, 0, 0);
	report(!ok && seen.ec == EC_FETCH && seen.ipa == L2_DATA,
	       "a jump there faults, too (class 0x%x, HPFAR_EL2 0x%lx)", seen.ec, seen.ipa);
}

/* The machine has nothing at its hole: L2's access there is user space's. */
static void test_device(void)
{
	bool ok;

	s2_set(L2_MMIO, machine.hole | S2_MMIO | S2_READ | S2_WRITE);
	tell("device", machine.hole);
	ok = run(l2_device, 0x5555, 0);
	report(ok && !seen.count && told == 0xabcd,
	       "L2's device is user space's, by stage 2 (0x%lx, %u exits)", told, seen.count);
}

static void test_virtual_interrupt(void)
{
	bool ok = run(l2_interrupt, 0, HCR_VI);

	report(ok && !seen.count && told == 0x1e1, "HCR_EL2.VI interrupts L2 (0x%lx)", told);
}

static uint64_t *flag;

static void on_timer(void *arg)
{
	*flag = 0x4444;
}

/* The hypervisor's own interrupt comes while L2 spins. */
static void test_interrupt(void)
{
	bool ok;

	flag = page_alloc();
	s2_set(L2_DATA, (uint64_t)flag | S2_RAM | S2_READ | S2_WRITE);
	if (!timer_start(2 * NSEC_PER_MSEC, on_timer, NULL)) {
		report(false, "the hypervisor has a timer");
		return;
	}
	ok = run(l2_spin, 0, 0);
	report(ok && !seen.count && told == 0x4444,
	       "the hypervisor's timer interrupts L2, which goes on (0x%lx)", told);
}

int main(void)
{
	if (!at_el2()) {
		report(false, "the guest begins at EL2");
		return 0;
	}
	host_hcr = sysreg_read(hcr_el2);
	tell("hcr", host_hcr);
	/* SCTLR_EL12, CPACR_EL12: L2's, which the assembler knows from Armv8.1 on. */
	asm volatile("msr s3_5_c1_c0_0, %0" ::"r"(SCTLR_RES1));
	asm volatile("msr s3_5_c1_c0_2, %0" ::"r"(0ul));
	s2_init();
	on_exception(EXC_CALL, handle);
	on_exception(EXC_OTHER, handle);
	on_exception(EXC_ILLEGAL, handle);
	on_exception(EXC_PAGE, handle);
	test_calls();
	test_traps();
	test_stage2();
	test_device();
	test_virtual_interrupt();
	test_interrupt();
	return 0;
}
