/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More than one CPU: starting them, giving them work, interrupts between them, locks. */
#include "arch_api.h"

#define BOOT_LIMIT (5 * NSEC_PER_SEC)

/* One more than a guest may use: wakes a CPU that idles in cpu_main(). */
#define IPI_WAKE IPI_NR

static struct {
	irq_handler handler;
	void *arg;
} ipis[IPI_NR];

void cpu_main(struct cpu *cpu)
{
	irq_off();
	atomic_set(&cpu->up, 1);
	for (;;) {
		if (!atomic_get(&cpu->busy)) {
			arch_idle();
			continue;
		}
		irq_on();
		cpu->fn(cpu->arg);
		irq_off();
		atomic_set(&cpu->busy, 0);
	}
}

bool cpu_start(unsigned int n, void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = &cpus[n];

	if (!n || n >= machine.nr_cpus || atomic_get(&cpu->busy))
		return false;
	cpu->fn = fn;
	cpu->arg = arg;
	if (!cpu->booted) {
		cpu->booted = true;
		if (!arch_cpu_boot(cpu)) {
			cpu->booted = false;
			return false;
		}
	}
	if (!wait_count(&cpu->up, 1, BOOT_LIMIT))
		return false;
	atomic_set(&cpu->busy, 1);
	ipi_send(n, IPI_WAKE);
	return true;
}

static bool is_idle(void *arg)
{
	struct cpu *cpu = arg;

	return !atomic_get(&cpu->busy);
}

bool cpu_wait(unsigned int n, uint64_t ns)
{
	return wait_until(is_idle, &cpus[n], ns);
}

void ipi_handler(unsigned int n, irq_handler handler, void *arg)
{
	ipis[n].arg = arg;
	__atomic_store_n(&ipis[n].handler, handler, __ATOMIC_SEQ_CST);
}

void ipi_send(unsigned int cpu, unsigned int n)
{
	__atomic_fetch_or(&cpus[cpu].ipis, 1u << n, __ATOMIC_SEQ_CST);
	arch_ipi_send(&cpus[cpu]);
}

void ipi_interrupt(void)
{
	unsigned int pending = __atomic_exchange_n(&arch_cpu()->ipis, 0, __ATOMIC_SEQ_CST);

	for (unsigned int n = 0; n < IPI_NR; n++) {
		irq_handler handler = __atomic_load_n(&ipis[n].handler, __ATOMIC_SEQ_CST);

		if ((pending & (1u << n)) && handler)
			handler(ipis[n].arg);
	}
}

void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			cpu_relax();
}

void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}
