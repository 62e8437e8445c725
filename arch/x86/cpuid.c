/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID tables: lookup, edits, topology; see cpuid.h. */
#include "arch/x86/cpuid.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct kvm_cpuid2 *cpuid_new(unsigned int room)
{
	return calloc(1, sizeof(struct kvm_cpuid2) + room * sizeof(struct kvm_cpuid_entry2));
}

struct kvm_cpuid_entry2 *cpuid_find(struct kvm_cpuid2 *table, uint32_t leaf, uint32_t subleaf)
{
	for (unsigned int i = 0; i < table->nent; i++) {
		struct kvm_cpuid_entry2 *e = &table->entries[i];

		if (e->function != leaf)
			continue;
		if (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || e->index == subleaf)
			return e;
	}
	return NULL;
}

static uint32_t *entry_reg(struct kvm_cpuid_entry2 *e, enum cpuid_reg reg)
{
	uint32_t *const regs[] = {
		[CPUID_EAX] = &e->eax,
		[CPUID_EBX] = &e->ebx,
		[CPUID_ECX] = &e->ecx,
		[CPUID_EDX] = &e->edx,
	};

	return regs[reg];
}

uint32_t cpuid_get(const struct kvm_cpuid2 *table, uint32_t leaf, uint32_t subleaf,
		   enum cpuid_reg reg)
{
	struct kvm_cpuid_entry2 *e = cpuid_find((struct kvm_cpuid2 *)table, leaf, subleaf);

	return e ? *entry_reg(e, reg) : 0;
}

static struct kvm_cpuid_entry2 *append(struct kvm_cpuid2 *table, uint32_t leaf, uint32_t subleaf)
{
	struct kvm_cpuid_entry2 *e = &table->entries[table->nent++];

	*e = (struct kvm_cpuid_entry2){.function = leaf, .index = subleaf};
	return e;
}

/* Whether some entry says that this leaf's answer depends on ECX. */
static bool has_subleaves(struct kvm_cpuid2 *table, uint32_t leaf)
{
	for (unsigned int i = 0; i < table->nent; i++) {
		if (table->entries[i].function == leaf)
			return table->entries[i].flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	}
	return false;
}

void cpuid_apply(struct kvm_cpuid2 *table, const struct cpuid_edits *edits)
{
	for (unsigned int i = 0; i < edits->nr; i++) {
		const struct cpuid_edit *edit = &edits->list[i];
		struct kvm_cpuid_entry2 *e = cpuid_find(table, edit->leaf, edit->subleaf);
		uint32_t *reg;

		if (!e) {
			bool indexed = edit->subleaf || has_subleaves(table, edit->leaf);

			e = append(table, edit->leaf, edit->subleaf);
			e->flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
		}
		reg = entry_reg(e, edit->reg);
		*reg = (*reg & ~edit->clear) | edit->set;
	}
}

static void drop_leaf(struct kvm_cpuid2 *table, uint32_t leaf)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < table->nent; i++) {
		if (table->entries[i].function != leaf)
			table->entries[kept++] = table->entries[i];
	}
	table->nent = kept;
}

/* Bits of an APIC id that tell @nr CPUs apart. */
static unsigned int id_bits(unsigned int nr)
{
	unsigned int bits = 0;

	while (bits < 31 && 1u << bits < nr)
		bits++;
	return bits;
}

static uint32_t with_field(uint32_t old, unsigned int low, unsigned int width, uint32_t value)
{
	uint32_t mask = ((1u << width) - 1) << low;
	uint32_t most = mask >> low;

	return (old & ~mask) | (value < most ? value : most) << low;
}

/* Leaves 4 and 0x8000001d: who shares each cache. The first two levels are a core's own. */
static void cache_topology(struct kvm_cpuid2 *table, uint32_t leaf, uint32_t others)
{
	for (unsigned int i = 0; i < table->nent; i++) {
		struct kvm_cpuid_entry2 *e = &table->entries[i];
		unsigned int type = e->eax & 0x1f, level = e->eax >> 5 & 7;

		if (e->function != leaf || !type)
			continue;
		e->eax = with_field(e->eax, 14, 12, level > 2 ? others : 0);
		if (leaf == 4)
			e->eax = with_field(e->eax, 26, 6, others);
	}
}

/* Extended topology: a level of threads (one a core), a level of cores, the end. */
static void leaf_0xb(struct kvm_cpuid2 *table, unsigned int id, unsigned int nr, unsigned int bits)
{
	const struct {
		uint32_t shift, cpus, type;
	} level[CPUID_TOPOLOGY_ROOM] = {
		{0, 1, 1},
		{bits, nr, 2},
		{0, 0, 0},
	};

	for (unsigned int i = 0; i < CPUID_TOPOLOGY_ROOM; i++) {
		struct kvm_cpuid_entry2 *e = append(table, 0xb, i);

		e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		e->eax = level[i].shift;
		e->ebx = level[i].cpus;
		e->ecx = i | level[i].type << 8;
		e->edx = id;
	}
}

static bool is_amd(struct kvm_cpuid2 *table)
{
	uint32_t ebx = cpuid_get(table, 0, 0, CPUID_EBX);

	/* "Auth"enticAMD, "Hygo"nGenuine. */
	return ebx == 0x68747541 || ebx == 0x6f677948;
}

static void amd_topology(struct kvm_cpuid2 *table, unsigned int id, unsigned int nr,
			 unsigned int bits)
{
	struct kvm_cpuid_entry2 *e;

	e = cpuid_find(table, 0x80000001, 0);
	if (e)
		e->ecx = with_field(e->ecx, 1, 1, nr > 1); /* CmpLegacy */
	e = cpuid_find(table, 0x80000008, 0);
	if (e) {
		e->ecx = with_field(e->ecx, 0, 8, nr - 1);
		e->ecx = with_field(e->ecx, 12, 4, bits); /* ApicIdSize */
	}
	e = cpuid_find(table, 0x8000001e, 0);
	if (e) {
		e->eax = id;
		e->ebx = id & 0xff; /* core id; one thread a core */
		e->ecx = 0;	    /* one node */
	}
}

void cpuid_topology(struct kvm_cpuid2 *table, unsigned int id, unsigned int nr)
{
	unsigned int bits = id_bits(nr);
	uint32_t others = (1u << bits) - 1; /* APIC ids set aside for the package, less one */
	struct kvm_cpuid_entry2 *e = cpuid_find(table, 1, 0);

	if (e) {
		e->ebx = with_field(e->ebx, 16, 8, others + 1);
		e->ebx = (e->ebx & 0x00ffffff) | id << 24;
		e->edx = with_field(e->edx, 28, 1,
				    nr > 1); /* HTT: more than one id in the package */
	}
	cache_topology(table, 4, others);
	cache_topology(table, 0x8000001d, others);
	drop_leaf(table, 0xb);
	drop_leaf(table, 0x1f);
	if (cpuid_get(table, 0, 0, CPUID_EAX) >= 0xb)
		leaf_0xb(table, id, nr, bits);
	if (is_amd(table))
		amd_topology(table, id, nr, bits);
}
