/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypervisor at EL2 with a guest of its own, L2 (l2.h): what it does to get
 * out, what stage 2 makes of its addresses, and whose interrupts are whose.
 */
#include "l2.h"

#define ISS_WNR	    (1ul << 6)
#define FSC(esr)    ((esr)&0x3f)
#define TRANSLATION 0x04 /* and the level */
#define PERMISSION  0x0c

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

/* ---- What L2 does ---------------------------------------------------------------------- */

static void test_calls(void)
{
	bool ok;

	l2_answer = 0x77;
	ok = l2_run(l2_call, 0x10, 0);
	report(ok && l2_exit.count == 1 && l2_exit.ec == EC_HVC && (l2_exit.esr & 0xffff) == 0x42,
	       "L2 runs and calls (%u exits, class 0x%x, 0x%lx)", l2_exit.count, l2_exit.ec,
	       l2_exit.esr);
	report(l2_told == 0x77, "it goes on with the answer (0x%lx)", l2_told);
	report(l2_exit.pc == L2_CODE + (l2_call - l2_start) + 8, "behind the call (0x%lx)",
	       l2_exit.pc);
	ok = l2_run(l2_level, 0, 0);
	report(ok && l2_told == 1 << 2, "it is at EL1 (CurrentEL 0x%lx)", l2_told);
	ok = l2_run(l2_own, 0, 0);
	report(ok && l2_told == 2 && !l2_exit.count,
	       "its exceptions are its own (%lu of 2, %u exits)", l2_told, l2_exit.count);
}

static void test_traps(void)
{
	bool ok;

	l2_answer = 0x88;
	ok = l2_run(l2_smc, 0, HCR_TSC);
	report(ok && l2_exit.count == 1 && l2_exit.ec == EC_SMC && (l2_exit.esr & 0xffff) == 7 &&
		       l2_told == 0x88,
	       "SMC is trapped by HCR_EL2.TSC (class 0x%x, 0x%lx)", l2_exit.ec, l2_told);
	l2_answer = 0x99;
	ok = l2_run(l2_wfi, 0, HCR_TWI);
	report(ok && l2_exit.count == 1 && l2_exit.ec == EC_WFX && !(l2_exit.esr & 1) &&
		       l2_told == 0x99,
	       "WFI is trapped by HCR_EL2.TWI (class 0x%x, 0x%lx)", l2_exit.ec, l2_told);
	l2_answer = 0xaa;
	ok = l2_run(l2_id, 0, HCR_TID3);
	report(ok && l2_exit.count == 1 && l2_exit.ec == EC_SYSREG && l2_told == 0xaa,
	       "an ID register by HCR_EL2.TID3 (class 0x%x, 0x%lx)", l2_exit.ec, l2_told);
	ok = l2_run(l2_id, 0, 0);
	report(ok && !l2_exit.count && (l2_told & 0xff) == 0x11,
	       "and not without it (%u exits, 0x%lx)", l2_exit.count, l2_told);
}

static void test_stage2(void)
{
	uint64_t *page = page_alloc(), *other = page_alloc();
	bool ok;

	page[1] = 0x1111;
	other[1] = 0x2222;
	l2_mend(0, 0);
	ok = l2_run(l2_load, 0, 0);
	report(!ok && l2_exit.count == 1 && l2_exit.ec == EC_DATA &&
		       FSC(l2_exit.esr) >> 2 == TRANSLATION >> 2,
	       "a load where stage 2 has nothing faults (class 0x%x, 0x%lx)", l2_exit.ec,
	       l2_exit.esr);
	report(l2_exit.ipa == L2_DATA && (l2_exit.far & 0xfff) == 8 && !(l2_exit.esr & ISS_WNR),
	       "at the page that was read (HPFAR_EL2 0x%lx)", l2_exit.ipa);
	l2_mend((uint64_t)page, L2_READ);
	ok = l2_run(l2_load, 0, 0);
	report(ok && l2_exit.count == 1 && l2_told == 0x1111,
	       "with the page mapped it is done (0x%lx, %u exits)", l2_told, l2_exit.count);
	ok = l2_run(l2_load, 0, 0);
	report(ok && !l2_exit.count && l2_told == 0x1111, "and faults no more (%u exits)",
	       l2_exit.count);
	l2_map(L2_DATA, (uint64_t)other, L2_READ);
	ok = l2_run(l2_load, 0, 0);
	report(ok && !l2_exit.count && l2_told == 0x2222,
	       "another page there is seen at once (0x%lx)", l2_told);

	l2_mend(0, 0);
	ok = l2_run(l2_store, 0x3333, 0);
	report(!ok && l2_exit.ec == EC_DATA && FSC(l2_exit.esr) >> 2 == PERMISSION >> 2 &&
		       l2_exit.esr & ISS_WNR && !other[2],
	       "a store to a page for reading faults (class 0x%x, 0x%lx)", l2_exit.ec, l2_exit.esr);
	l2_mend((uint64_t)other, L2_READ | L2_WRITE);
	ok = l2_run(l2_store, 0x3333, 0);
	report(ok && l2_exit.count == 1 && other[2] == 0x3333, "made writable it is done (0x%lx)",
	       other[2]);
	l2_map(L2_DATA, 0, 0);
	l2_mend(0, 0);
	ok = l2_run(l2_load, 0, 0);
	report(!ok && l2_exit.ec == EC_DATA, "taken away it faults again (class 0x%x)", l2_exit.ec);
	ok = l2_run(l2_jump, 0, 0);
	report(!ok && l2_exit.ec == EC_FETCH && l2_exit.ipa == L2_DATA,
	       "a jump there faults, too (class 0x%x, HPFAR_EL2 0x%lx)", l2_exit.ec, l2_exit.ipa);
}

/* The machine has nothing at its hole: L2's access there is user space's. */
static void test_device(void)
{
	bool ok;

	l2_map(L2_DEVICE, machine.hole, L2_READ | L2_WRITE | L2_MMIO);
	tell("device", machine.hole);
	ok = l2_run(l2_device, 0x5555, 0);
	report(ok && !l2_exit.count && l2_told == 0xabcd,
	       "L2's device is user space's, by stage 2 (0x%lx, %u exits)", l2_told, l2_exit.count);
}

static void test_virtual_interrupt(void)
{
	bool ok = l2_run(l2_interrupt, 0, HCR_VI);

	report(ok && !l2_exit.count && l2_told == 0x1e1, "HCR_EL2.VI interrupts L2 (0x%lx)",
	       l2_told);
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
	l2_map(L2_DATA, (uint64_t)flag, L2_READ | L2_WRITE);
	if (!timer_start(2 * NSEC_PER_MSEC, on_timer, NULL)) {
		report(false, "the hypervisor has a timer");
		return;
	}
	ok = l2_run(l2_spin, 0, 0);
	report(ok && !l2_exit.count && l2_told == 0x4444,
	       "the hypervisor's timer interrupts L2, which goes on (0x%lx)", l2_told);
}

int main(void)
{
	if (!at_el2()) {
		report(false, "the guest begins at EL2");
		return 0;
	}
	tell("hcr", sysreg_read(hcr_el2));
	l2_init(l2_start);
	test_calls();
	test_traps();
	test_stage2();
	test_device();
	test_virtual_interrupt();
	test_interrupt();
	return 0;
}
