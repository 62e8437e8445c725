/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four levels of page tables of 4 KiB (Arm ARM D8): devices below RAM in blocks
 * of 1 GiB, RAM exactly as it is, in the largest blocks that fit. The blocks
 * under the image are pages from the start, because splitting a block takes
 * it away for a moment.
 */
#include "arm64.h"

#define LEVEL_SIZE(level) (1ull << (39 - 9 * (level)))
#define PTE_ADDR	  0x0000fffffffff000ull
#define PTE_TYPE	  3ull
#define XN		  (3ull << 53)
/* The boot map of start.S has ASID 0. */
#define ASID	    (1ull << 48)
#define VA_BITS	    48
#define DEVICES_END 0x80000000ull

static uint64_t *root;
static struct spinlock lock; /* map_page() and unmap_page() of several CPUs */

static void flush(uint64_t va)
{
	asm volatile("dsb ishst\n\ttlbi vaae1, %0\n\tdsb nsh\n\tisb" ::"r"(va >> 12) : "memory");
}

void tlb_flush_page(uint64_t va)
{
	flush(va);
}

static unsigned int index_at(uint64_t va, unsigned int level)
{
	return va >> (39 - 9 * level) & 511;
}

/* The table below @entry of @level, made if absent; a block is split into equal smaller ones. NULL: no page left. */
static uint64_t *table_below(uint64_t *entry, unsigned int level, uint64_t va)
{
	uint64_t old = *entry;
	uint64_t *table;

	if ((old & PTE_TYPE) == PTE_TABLE)
		return (uint64_t *)(old & PTE_ADDR);
	table = page_alloc();
	if (!table)
		return NULL;
	if (old & PTE_VALID) {
		for (unsigned int i = 0; i < 512; i++)
			table[i] = (old | (level == 2 ? PTE_TABLE : 0)) + i * LEVEL_SIZE(level + 1);
		/* A change of size goes by way of nothing (D8.16.1, break-before-make), for all CPUs. */
		*entry = 0;
		asm volatile("dsb ish\n\ttlbi vaae1is, %0\n\tdsb ish" ::"r"(va >> 12) : "memory");
	}
	/* The table's contents are seen before the table is. */
	asm volatile("dsb ishst" ::: "memory");
	*entry = (uint64_t)table | PTE_TABLE;
	return table;
}

/* The entry for @va at @level (3: a page), with the tables above it. */
static uint64_t *entry_at(uint64_t va, unsigned int level)
{
	uint64_t *table = root;

	if (va >> VA_BITS)
		return NULL;
	for (unsigned int l = 0; l < level && table; l++)
		table = table_below(&table[index_at(va, l)], l, va);
	return table ? &table[index_at(va, level)] : NULL;
}

/*
 * One page for another is changed at once: another CPU sees either, and never
 * neither, as guests that change a page under others want it. Only a change of
 * memory type must go by way of nothing.
 */
static bool set_page(uint64_t va, uint64_t value)
{
	bool on = irq_save();
	uint64_t *entry;

	spin_lock(&lock);
	entry = entry_at(va, 3);
	if (entry) {
		if ((*entry & value & PTE_VALID) && ((*entry ^ value) >> PTE_INDEX & 7)) {
			*entry = 0;
			flush(va);
		}
		*entry = value;
		flush(va);
	}
	spin_unlock(&lock);
	irq_restore(on);
	return entry;
}

bool map_page(uint64_t va, uint64_t pa, unsigned int flags)
{
	uint64_t value = (pa & PTE_ADDR) | PTE_TABLE;

	value |= flags & MAP_DEVICE ? BLOCK_DEVICE : BLOCK_NORMAL;
	if (!(flags & MAP_WRITE))
		value |= PTE_RO;
	if (!(flags & MAP_EXEC))
		value |= XN;
	if (flags & MAP_USER)
		value |= PTE_USER;
	return set_page(va, value);
}

bool unmap_page(uint64_t va)
{
	return set_page(va, 0);
}

static bool meets_image(uint64_t start, uint64_t size)
{
	return start < (uint64_t)__image_end && start + size > (uint64_t)__image_start;
}

static void map_ram(uint64_t start, uint64_t end)
{
	while (start < end) {
		unsigned int level = 1;
		uint64_t *entry;

		while (level < 3 && (start % LEVEL_SIZE(level) || end - start < LEVEL_SIZE(level) ||
				     meets_image(start, LEVEL_SIZE(level))))
			level++;
		entry = entry_at(start, level);
		if (!entry)
			guest_panic("no page tables left for RAM at 0x%lx: give the guest less",
				    start);
		*entry = start | BLOCK_NORMAL | (level == 3 ? PTE_TABLE : 0);
		start += LEVEL_SIZE(level);
	}
}

void paging_init(void)
{
	root = page_alloc();
	for (uint64_t pa = 0; pa < DEVICES_END; pa += LEVEL_SIZE(1))
		*entry_at(pa, 1) = pa | BLOCK_DEVICE | XN;
	for (unsigned int i = 0; i < machine.nr_ram; i++)
		map_ram(machine.ram[i].start & -GUEST_PAGE_SIZE,
			(machine.ram[i].start + machine.ram[i].size) & -GUEST_PAGE_SIZE);
	paging_use();
}

void paging_use(void)
{
	asm volatile("dsb ish" ::: "memory");
	sysreg_write(ttbr0_el1, (uint64_t)root | ASID);
	isb();
}
