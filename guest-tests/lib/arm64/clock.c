/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic timer (Arm ARM D12): the virtual counter is the clock, the
 * virtual timer the timer. At EL2 as a host the same names reach EL2's own
 * virtual timer, which has another interrupt.
 */
#include "arm64.h"
#include "fdt.h"
#include "script.h"

#define CTL_ENABLE  1
#define CTL_IMASK   2
#define CTL_ISTATUS 4

/* Places in the device tree's list (bindings/timer/arm,arch_timer.yaml). */
#define FDT_VIRT  2
#define FDT_HVIRT 4
/* Where KVM has them if nobody says otherwise. */
#define INTID_VIRT  27
#define INTID_HVIRT 28

unsigned int timer_intid;
static uint64_t frequency = NSEC_PER_SEC;

static uint64_t counter(void)
{
	/* Not before what comes before it. */
	isb();
	return sysreg_read(cntvct_el0);
}

uint64_t clock_ns(void)
{
	uint64_t ticks = counter();

	return ticks / frequency * NSEC_PER_SEC + ticks % frequency * NSEC_PER_SEC / frequency;
}

void clock_init(void)
{
	fdt_node node = fdt_compatible(NULL, "arm,armv8-timer");
	unsigned int index = at_el2() ? FDT_HVIRT : FDT_VIRT;

	frequency = sysreg_read(cntfrq_el0);
	if (!frequency)
		guest_panic("CNTFRQ_EL0 is 0: the clock has no rate");
	/* Three cells each: private or shared, number, flags. */
	if (!strcmp(machine.irqchip, "none"))
		timer_intid = 0;
	else if (script_boot())
		timer_intid = at_el2() ? INTID_HVIRT : INTID_VIRT;
	else if (fdt_cell(node, "interrupts", 3 * index, 0) == 1)
		timer_intid = 16 + fdt_cell(node, "interrupts", 3 * index + 1, 0);
	clock_cpu_init();
}

void clock_cpu_init(void)
{
	arch_timer_off();
	if (timer_intid)
		gic_enable_private(timer_intid);
}

bool arch_timer_set(uint64_t ns)
{
	if (!timer_intid)
		return false;
	/* Rounded up: never early. */
	sysreg_write(cntv_cval_el0, counter() + ns / NSEC_PER_SEC * frequency +
					    ns % NSEC_PER_SEC * frequency / NSEC_PER_SEC + 1);
	sysreg_write(cntv_ctl_el0, CTL_ENABLE);
	isb();
	return true;
}

void arch_timer_off(void)
{
	sysreg_write(cntv_ctl_el0, CTL_IMASK);
	isb();
}

void clock_interrupt(void)
{
	/* The line stays up while the condition holds: off before the handler, which may set it anew. */
	if (!(sysreg_read(cntv_ctl_el0) & CTL_ISTATUS))
		return;
	arch_timer_off();
	timer_interrupt();
}
