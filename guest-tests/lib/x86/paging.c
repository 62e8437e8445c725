/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four-level page tables of the guest's own: one to one, 2 MiB pages for the
 * first 4 GiB and for all RAM above, split where a single page is mapped.
 */
#include "x86.h"

#define PTE_P	 (1ull << 0)
#define PTE_W	 (1ull << 1)
#define PTE_PWT	 (1ull << 3)
#define PTE_PCD	 (1ull << 4)
#define PTE_PS	 (1ull << 7)
#define PTE_NX	 (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull
#define LARGE	 0x200000ull

static uint64_t *root;
static bool has_nx;
static struct spinlock lock; /* map_page() and unmap_page() of several CPUs */

uint64_t paging_root(void)
{
	return (uint64_t)root;
}

static unsigned int index_at(uint64_t va, unsigned int level)
{
	return va >> (12 + 9 * level) & 511;
}

/* The table below @entry, made if absent; a large page is split into equal small ones. NULL: no page left. */
static uint64_t *table_below(uint64_t *entry, unsigned int level)
{
	uint64_t old = *entry;
	uint64_t *table;

	if ((old & PTE_P) && !(old & PTE_PS))
		return (uint64_t *)(old & PTE_ADDR);
	table = page_alloc();
	if (!table)
		return NULL;
	if (old & PTE_P)
		for (unsigned int i = 0; i < 512; i++)
			table[i] = (level == 1 ? old & ~PTE_PS : old) +
				   ((uint64_t)i << (12 + 9 * (level - 1)));
	*entry = (uint64_t)table | PTE_P | PTE_W;
	return table;
}

/* The entry for @va at @level (0: 4 KiB, 1: 2 MiB), with the tables above it. */
static uint64_t *entry_at(uint64_t va, unsigned int level)
{
	uint64_t *table = root;

	/* Canonical addresses of 48 bits. */
	if ((int64_t)(va << 16) >> 16 != (int64_t)va)
		return NULL;
	for (unsigned int l = 3; l > level && table; l--)
		table = table_below(&table[index_at(va, l)], l);
	return table ? &table[index_at(va, level)] : NULL;
}

void tlb_flush_page(uint64_t va)
{
	asm volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static bool set_page(uint64_t va, uint64_t value)
{
	bool on = irq_save();
	uint64_t *entry;

	spin_lock(&lock);
	entry = entry_at(va, 0);
	if (entry)
		*entry = value;
	spin_unlock(&lock);
	irq_restore(on);
	if (!entry)
		return false;
	tlb_flush_page(va);
	return true;
}

bool map_page(uint64_t va, uint64_t pa, unsigned int flags)
{
	uint64_t value = (pa & PTE_ADDR) | PTE_P;

	if (flags & MAP_WRITE)
		value |= PTE_W;
	if (flags & MAP_DEVICE)
		value |= PTE_PCD | PTE_PWT;
	if (!(flags & MAP_EXEC) && has_nx)
		value |= PTE_NX;
	return set_page(va, value);
}

bool unmap_page(uint64_t va)
{
	return set_page(va, 0);
}

static void map_large(uint64_t start, uint64_t end)
{
	for (uint64_t pa = start & -LARGE; pa < end; pa += LARGE) {
		uint64_t *entry = entry_at(pa, 1);

		if (!entry)
			guest_panic("no page tables left for RAM at 0x%lx: give the guest less",
				    pa);
		*entry = pa | PTE_P | PTE_W | PTE_PS;
	}
}

void paging_init(void)
{
	uint64_t cr0;

	has_nx = cpuid(0x80000000, 0).eax >= 0x80000001 && cpuid(0x80000001, 0).edx & (1 << 20);
	if (!root) {
		root = page_alloc();
		map_large(0, 1ull << 32);
		for (unsigned int i = 0; i < machine.nr_ram; i++)
			if (machine.ram[i].start >= 1ull << 32)
				map_large(machine.ram[i].start,
					  machine.ram[i].start + machine.ram[i].size);
	}
	if (has_nx)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	asm volatile("movq %0, %%cr3" ::"r"(root) : "memory");
	/* So that read-only pages hold for the guest's own writes too. */
	asm volatile("movq %%cr0, %0" : "=r"(cr0));
	asm volatile("movq %0, %%cr0" ::"r"(cr0 | CR0_WP) : "memory");
}
