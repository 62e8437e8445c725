/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sv39 page tables (Privileged Architecture, "Sv39: Page-Based 39-bit
 * Virtual-Memory System"): one to one, pages of 1 GiB for the devices below
 * RAM, of 2 MiB for RAM, split where a single page is mapped.
 */
#include "riscv.h"

#define PTE_V	  (1ull << 0)
#define PTE_R	  (1ull << 1)
#define PTE_W	  (1ull << 2)
#define PTE_X	  (1ull << 3)
#define PTE_LEAF  (PTE_R | PTE_W | PTE_X)
#define PTE_A	  (1ull << 6) /* set ahead: a hart may fault on a page without */
#define PTE_D	  (1ull << 7)
#define PTE_PPN	  0x003ffffffffffc00ull
#define SATP_SV39 (8ull << 60)
#define TOP_LEVEL 2
#define GIB	  (1ull << 30)
#define LARGE	  (2ull << 20)
#define DEVICES	  (2 * GIB) /* everything below RAM */

static uint64_t *root;
static struct spinlock lock; /* map_page() and unmap_page() of several CPUs */

static unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * level;
}

static uint64_t pte(uint64_t pa, uint64_t bits)
{
	return pa >> 12 << 10 | bits;
}

static uint64_t pte_pa(uint64_t entry)
{
	return (entry & PTE_PPN) >> 10 << 12;
}

/* The table below @entry, made if absent; a large page is split into equal small ones. NULL: no page left. */
static uint64_t *table_below(uint64_t *entry, unsigned int level)
{
	uint64_t old = *entry;
	uint64_t *table;

	if ((old & PTE_V) && !(old & PTE_LEAF))
		return (uint64_t *)pte_pa(old);
	table = page_alloc();
	if (!table)
		return NULL;
	if (old & PTE_V)
		for (unsigned int i = 0; i < 512; i++)
			table[i] = old + pte((uint64_t)i << level_shift(level - 1), 0);
	*entry = pte((uint64_t)table, PTE_V);
	return table;
}

/* The entry for @va at @level (0: 4 KiB, 1: 2 MiB, 2: 1 GiB), with the tables above it. */
static uint64_t *entry_at(uint64_t va, unsigned int level)
{
	uint64_t *table = root;

	/* An address of Sv39 is the sign extension of its lowest 39 bits. */
	if ((int64_t)(va << 25) >> 25 != (int64_t)va)
		return NULL;
	for (unsigned int l = TOP_LEVEL; l > level && table; l--)
		table = table_below(&table[va >> level_shift(l) & 511], l);
	return table ? &table[va >> level_shift(level) & 511] : NULL;
}

void tlb_flush_page(uint64_t va)
{
	asm volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
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

/* What is a device and not cached is the platform's matter here (its PMAs), so MAP_DEVICE changes nothing. */
bool map_page(uint64_t va, uint64_t pa, unsigned int flags)
{
	uint64_t bits = PTE_V | PTE_R | PTE_A | PTE_D;

	if (flags & MAP_WRITE)
		bits |= PTE_W;
	if (flags & MAP_EXEC)
		bits |= PTE_X;
	return set_page(va, pte(pa & -GUEST_PAGE_SIZE, bits));
}

bool unmap_page(uint64_t va)
{
	return set_page(va, 0);
}

static void map_large(uint64_t start, uint64_t end, unsigned int level, uint64_t bits)
{
	uint64_t size = 1ull << level_shift(level);

	for (uint64_t pa = start & -size; pa < end; pa += size) {
		uint64_t *entry = entry_at(pa, level);

		if (!entry)
			guest_panic("no page tables left for RAM at 0x%lx: give the guest less",
				    pa);
		*entry = pte(pa, bits | PTE_V | PTE_A | PTE_D);
	}
}

void paging_init(void)
{
	root = page_alloc();
	map_large(0, DEVICES, 2, PTE_R | PTE_W);
	for (unsigned int i = 0; i < machine.nr_ram; i++)
		map_large(machine.ram[i].start, machine.ram[i].start + machine.ram[i].size, 1,
			  PTE_R | PTE_W | PTE_X);
}

void paging_on(void)
{
	csr_write("satp", SATP_SV39 | (uint64_t)root >> 12);
	asm volatile("sfence.vma" ::: "memory");
}
