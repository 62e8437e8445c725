/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC (SDM volume 3, "APIC"): as MMIO, or as MSRs with the option
 * apic=x2apic. Its timer is the guest's one-shot timer.
 */
#include "x86.h"

#define LAPIC_BASE	 0xfee00000ull
#define MSR_X2APIC	 0x800
#define APIC_BASE_ENABLE (1 << 11)
#define APIC_BASE_X2APIC (1 << 10)
#define LAPIC_ENABLE	 (1 << 8)
#define LVT_NMI		 (4 << 8)
#define ICR_DELIVERY	 (1 << 12)

static bool present, x2apic;

bool lapic_present(void)
{
	return present;
}

uint32_t lapic_read(unsigned int reg)
{
	return x2apic ? rdmsr(MSR_X2APIC + reg / 16) : mmio_read32(LAPIC_BASE + reg);
}

void lapic_write(unsigned int reg, uint32_t value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg / 16, value);
	else
		mmio_write32(LAPIC_BASE + reg, value);
}

void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

void lapic_send(uint64_t apic_id, uint32_t command)
{
	bool on = irq_save();

	if (x2apic) {
		wrmsr(MSR_X2APIC + LAPIC_ICR / 16, apic_id << 32 | command);
	} else {
		lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
		lapic_write(LAPIC_ICR, command);
		while (lapic_read(LAPIC_ICR) & ICR_DELIVERY)
			cpu_relax();
	}
	irq_restore(on);
}

void lapic_init(void)
{
	/* Where there is none, its window reads all ones. */
	if (!arch_cpu()->id) {
		present = mmio_read32(LAPIC_BASE + LAPIC_VERSION) != UINT32_MAX;
		if (present && option_is("apic", "x2apic")) {
			if (!(cpuid(1, 0).ecx & (1 << 21)))
				guest_panic("apic=x2apic: this CPU has no x2APIC");
			x2apic = true;
		}
	}
	if (!present)
		return;
	if (x2apic)
		wrmsr(MSR_APIC_BASE, LAPIC_BASE | APIC_BASE_ENABLE | APIC_BASE_X2APIC |
					     (rdmsr(MSR_APIC_BASE) & 0x100));
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	lapic_write(LAPIC_SPURIOUS, LAPIC_ENABLE | VECTOR_SPURIOUS);
}

void arch_ipi_send(struct cpu *cpu)
{
	if (present)
		lapic_send(cpu->hwid, VECTOR_IPI);
}

/*
 * KVM's timer counts nanoseconds (KVM_CAP_X86_APIC_BUS_CYCLES_NS, by default
 * 1) before the divider; the count register has 32 bits.
 */
bool arch_timer_set(uint64_t ns)
{
	/* Divide by 1, or by 128 for what does not fit. */
	bool slow = ns > UINT32_MAX;
	uint64_t count = slow ? ns / 128 + 1 : ns;

	if (!present)
		return false;
	if (count > UINT32_MAX)
		count = UINT32_MAX;
	lapic_write(LAPIC_TIMER_DIV, slow ? 0xa : 0xb);
	lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER);
	/* A count of 0 would stop it. */
	lapic_write(LAPIC_TIMER_INIT, count ? count : 1);
	return true;
}

void arch_timer_off(void)
{
	if (!present)
		return;
	lapic_write(LAPIC_TIMER_INIT, 0);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
}

void arch_idle(void)
{
	if (present)
		asm volatile("sti; hlt; cli" ::: "memory");
	else
		asm volatile("sti; pause; cli" ::: "memory");
}
