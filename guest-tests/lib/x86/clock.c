/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock: the TSC, with its rate from KVM's paravirtual clock
 * (Documentation/virt/kvm/x86/msr.rst), or measured against the local APIC's
 * timer, which counts nanoseconds under KVM.
 */
#include "x86.h"

#define MSR_KVM_SYSTEM_TIME_NEW	 0x4b564d01
#define CPUID_KVM_SIGNATURE	 0x40000000
#define CPUID_KVM_FEATURES	 0x40000001
#define KVM_FEATURE_CLOCKSOURCE2 (1 << 3)

struct pvclock {
	uint32_t version; /* odd while it changes */
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad[2];
} __attribute__((aligned(32)));

/* ns = (tsc << shift) * mul / 2^32; until it is known, one tick is taken as 1 ns. */
static uint32_t mul = 1u << 31;
static int shift = 1;

uint64_t clock_ns(void)
{
	uint64_t tsc = rdtsc();

	tsc = shift < 0 ? tsc >> -shift : tsc << shift;
	return (unsigned __int128)tsc * mul >> 32;
}

static bool rate_from_kvm(void)
{
	static volatile struct pvclock clock;
	struct cpuid c = cpuid(CPUID_KVM_SIGNATURE, 0);

	if (c.ebx != 0x4b4d564b || c.eax < CPUID_KVM_FEATURES) /* "KVMK" */
		return false;
	if (!(cpuid(CPUID_KVM_FEATURES, 0).eax & KVM_FEATURE_CLOCKSOURCE2))
		return false;
	wrmsr(MSR_KVM_SYSTEM_TIME_NEW, (uint64_t)&clock | 1);
	mul = clock.mul;
	shift = clock.shift;
	wrmsr(MSR_KVM_SYSTEM_TIME_NEW, 0);
	return mul != 0;
}

static bool rate_from_lapic(void)
{
	uint64_t tsc, ns;

	if (!lapic_present())
		return false;
	lapic_write(LAPIC_TIMER_DIV, 0xb);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	lapic_write(LAPIC_TIMER_INIT, UINT32_MAX);
	tsc = rdtsc();
	ns = lapic_read(LAPIC_TIMER_NOW);
	while (ns - lapic_read(LAPIC_TIMER_NOW) < 10 * NSEC_PER_MSEC)
		cpu_relax();
	tsc = rdtsc() - tsc;
	ns -= lapic_read(LAPIC_TIMER_NOW);
	lapic_write(LAPIC_TIMER_INIT, 0);
	mul = ((ns << 31) / tsc) & UINT32_MAX;
	shift = 1;
	return true;
}

void clock_init(void)
{
	if (rate_from_kvm() || rate_from_lapic())
		return;
	mul = 1u << 31;
	shift = 1;
}
