/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of the guest, L2: a program at EL1 behind a stage 2 that the
 * hypervisor, a guest at EL2 (at_el2()), makes. The runtime is at EL2 as a host
 * is (HCR_EL2.E2H and TGE); while L2 runs TGE is clear. CPU 0 only, one L2.
 *
 * L2's program is one page, wherever it is linked, with MMU off. It ends a run
 * by HVC 0, which tells what is in its x0; x20 is L2_DATA and x21 L2_DEVICE.
 * Everything else that gets it out is recorded in l2_exit, and L2 goes on with
 * l2_answer in x0: behind a call or a trapped instruction, or with the access
 * done again when l2_mend() has said what to map. Otherwise a fault ends the
 * run, as do more than 10 exits. The exception handlers of EXC_CALL,
 * EXC_OTHER, EXC_ILLEGAL and EXC_PAGE are taken for that.
 */
#ifndef GUEST_ARM64_L2_H
#define GUEST_ARM64_L2_H

#include "guest.h"

/* L2's addresses, none of which is an address of the same thing here. */
#define L2_CODE	  0x40000000ul
#define L2_DATA	  0x40010000ul
#define L2_DEVICE 0x40020000ul

/* HCR_EL2 (Arm ARM D24.2.52) beside what L2 runs with anyway: VM, FMO, IMO, DC, RW, E2H. */
#define HCR_VI	 (1ul << 7)
#define HCR_TWI	 (1ul << 13)
#define HCR_TID3 (1ul << 18)
#define HCR_TSC	 (1ul << 19)

/* Classes of exceptions, ESR_EL2.EC. */
#define EC_WFX	  0x01
#define EC_HVC	  0x16
#define EC_SMC	  0x17
#define EC_SYSREG 0x18
#define EC_FETCH  0x20
#define EC_DATA	  0x24

/* Sets up stage 2 with the page at @code (its address is one of a page) at L2_CODE. Once. */
void l2_init(const char *code);

#define L2_READ	 1u
#define L2_WRITE 2u
#define L2_MMIO	 4u /* not cached */
/* One page of stage 2, as L2 then sees it; flags 0 take it away. */
void l2_map(uint64_t ipa, uint64_t pa, unsigned int flags);
/* What the next run's faults are answered with: the page at @pa; flags 0: they end it. */
void l2_mend(uint64_t pa, unsigned int flags);

extern struct l2_exit {
	unsigned int count; /* of the run; what follows is of the last one */
	unsigned int ec;
	uint64_t esr, far, ipa, pc;
} l2_exit;
extern uint64_t l2_answer, l2_told;

/* Runs L2 from @code, in its page, with @x0 and more bits of HCR_EL2. True: it has told @l2_told; false: something else ended it. */
bool l2_run(const char *code, uint64_t x0, uint64_t hcr);

#endif
