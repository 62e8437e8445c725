/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID tables: what a guest's CPUID instruction answers, edited by the person
 * (--cpuid) and given an identity for each vCPU. No KVM calls here, only the
 * struct that KVM_SET_CPUID2 takes. Leaves: Intel SDM volume 2A (CPUID), AMD APM
 * volume 3, appendix E.
 */
#ifndef KVMBED_X86_CPUID_H
#define KVMBED_X86_CPUID_H

#include <stdint.h>
#include <linux/kvm.h>

enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* One change to one register of one leaf: new = (old & ~clear) | set. */
struct cpuid_edit {
	uint32_t leaf, subleaf;
	enum cpuid_reg reg;
	uint32_t clear, set;
};

/* Edits in the order in which they were asked for; a later one wins. All zero is an empty list. */
struct cpuid_edits {
	struct cpuid_edit *list;
	unsigned int nr;
};

/* A feature bit by the name that Linux and QEMU know it by; '-' stands for '_' too. */
struct cpuid_feature {
	const char *name; /* NULL ends the table */
	uint32_t leaf;
	uint8_t subleaf, reg, bit;
};
extern const struct cpuid_feature cpuid_features[];

/*
 * Adds what @text says, a list separated by commas:
 *	LEAF[.SUBLEAF]:REG=VALUE	the whole register
 *	LEAF[.SUBLEAF]:REG:+BIT		one bit set (-BIT: cleared), BIT from 0 to 31
 *	+FEATURE, -FEATURE		the same by name (cpuid_features)
 *	vendor=NAME			the 12 letters of leaf 0
 * LEAF, SUBLEAF, VALUE and BIT are decimal or 0x hexadecimal, REG is eax, ebx,
 * ecx or edx. Returns NULL, or a sentence that says the right form; then
 * nothing was added.
 */
const char *cpuid_edits_parse(struct cpuid_edits *edits, const char *text);
void cpuid_edits_free(struct cpuid_edits *edits);

/* An empty table with room for @room entries, or NULL. free() it. */
struct kvm_cpuid2 *cpuid_new(unsigned int room);

/* The entry that answers @leaf, @subleaf; NULL if there is none. */
struct kvm_cpuid_entry2 *cpuid_find(struct kvm_cpuid2 *table, uint32_t leaf, uint32_t subleaf);
/* One register of it; 0 if there is none. */
uint32_t cpuid_get(const struct kvm_cpuid2 *table, uint32_t leaf, uint32_t subleaf,
		   enum cpuid_reg reg);

/*
 * Applies the edits in order. A leaf that is not there is added, of zeros. The
 * caller left room: at most one entry an edit.
 */
void cpuid_apply(struct kvm_cpuid2 *table, const struct cpuid_edits *edits);

/* Entries that cpuid_topology() may add. */
#define CPUID_TOPOLOGY_ROOM 3
/*
 * Makes the table that of CPU @id of @nr: one package, one thread a core, APIC
 * id = @id. Leaf 0xb is made anew, leaf 0x1f is dropped (software then asks 0xb).
 */
void cpuid_topology(struct kvm_cpuid2 *table, unsigned int id, unsigned int nr);

#endif
