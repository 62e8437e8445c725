/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-to-one page tables for long mode; see pagetable.h. */
#include "arch/x86/pagetable.h"

#define PAGE	   4096ull
#define ENTRIES	   512u
#define MIB2	   (2ull << 20)
#define GIB	   (1ull << 30)
#define SMALL_GIBS 4u /* mapped by 2 MiB pages always */

/* Accessed and dirty are set, so that no walk has to write to the tables. */
#define PTE_TABLE 0x23ull /* present, writable, accessed */
#define PTE_LARGE 0xe3ull /* ... dirty, page size */

static uint64_t gibs(uint64_t end)
{
	uint64_t n = end / GIB + (end % GIB != 0);

	if (n < SMALL_GIBS)
		n = SMALL_GIBS;
	return n < ENTRIES * ENTRIES ? n : ENTRIES * ENTRIES;
}

/* How many of these GiB have a page directory of their own. */
static uint64_t directories(uint64_t nr_gibs, bool gib_pages)
{
	return gib_pages ? SMALL_GIBS : nr_gibs;
}

static uint64_t pointer_tables(uint64_t nr_gibs)
{
	return (nr_gibs + ENTRIES - 1) / ENTRIES;
}

uint64_t pagetable_size(uint64_t end, bool gib_pages)
{
	uint64_t n = gibs(end);

	return PAGE * (1 + pointer_tables(n) + directories(n, gib_pages));
}

/* In order: the root, the page-directory-pointer tables one after the other, the directories. */
void pagetable_build(void *buf, uint64_t gpa, uint64_t end, bool gib_pages)
{
	uint64_t nr_gibs = gibs(end), nr_pdpts = pointer_tables(nr_gibs);
	uint64_t nr_pds = directories(nr_gibs, gib_pages);
	uint64_t *pml4 = buf, *pdpt = pml4 + ENTRIES, *pd = pdpt + nr_pdpts * ENTRIES;
	uint64_t pd_gpa = gpa + PAGE * (1 + nr_pdpts);

	for (uint64_t i = 0; i < nr_pdpts; i++)
		pml4[i] = (gpa + PAGE * (1 + i)) | PTE_TABLE;
	for (uint64_t i = 0; i < nr_gibs; i++)
		pdpt[i] = i < nr_pds ? (pd_gpa + PAGE * i) | PTE_TABLE : i * GIB | PTE_LARGE;
	for (uint64_t i = 0; i < nr_pds * ENTRIES; i++)
		pd[i] = i * MIB2 | PTE_LARGE;
}
