/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SBI's TIME extension ("Timer Extension"): a time that has passed makes
 * the timer interrupt pending, one far away takes it back. Over and over, with
 * all CPUs busy, so that the host takes this CPU's thread away at any moment.
 * A hart with Sstc does not need the SBI for this, and Linux does not use it
 * there.
 */
#include "guest.h"

#define SBI_TIME     0x54494d45
#define SBI_TIME_SET 0
#define SIP_STIP     (1ul << 5)
#define LIMIT	     (20 * NSEC_PER_MSEC)
#define LENGTH	     (2 * NSEC_PER_SEC)

static unsigned int done;

static void spin(void *arg)
{
	while (!atomic_get(&done))
		cpu_relax();
}

static bool is_pending(void *arg)
{
	return !(csr_read("sip") & SIP_STIP) == !arg;
}

/* Sets the timer and says whether the interrupt became what it should be. A host without Sstc may take a moment. */
static bool set(uint64_t time, bool pending)
{
	uint64_t start = clock_ns();
	void *wanted = (void *)(uint64_t)pending;

	sbi_call(SBI_TIME, SBI_TIME_SET, time, 0, 0);
	while (!is_pending(wanted))
		if (clock_ns() - start > LIMIT)
			return false;
	return true;
}

int main(void)
{
	const char *bug =
		"KVM writes such a deadline to vstimecmp alone, and restores an older one if "
		"the vCPU's thread is preempted before it enters the guest "
		"(kvm_riscv_vcpu_update_vstimecmp(), next_cycles; Linux 6.12 and 7.2)";
	unsigned int times = 0, lost = 0, kept = 0;
	uint64_t start = clock_ns();

	irq_off();
	for (unsigned int cpu = 1; cpu < machine.nr_cpus; cpu++)
		cpu_start(cpu, spin, NULL);
	for (; clock_ns() - start < LENGTH; times++) {
		lost += !set(clock_ns() / 100, true);
		kept += !set(UINT64_MAX, false);
	}
	atomic_set(&done, 1);
	/* It is rare; a host where it is not has another fault. */
	if (!hart_has("sstc") || lost + kept > times / 4)
		bug = NULL;
	report(times > 100, "the timer was set and taken back %u times", times);
	report_known(!lost && !kept, bug, "%u times the interrupt did not come, %u times it stayed",
		     lost, kept);
	return 0;
}
