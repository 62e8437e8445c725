/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID of a VM: what KVM supports, what the irqchip allows, what --cpuid says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <asm/kvm_para.h>

#include "config.h"
#include "msg.h"
#include "arch/x86/kvm_x86.h"
#include "arch/x86/x86.h"

/* KVM's own limit has been 80, 100 and 256 entries; beyond this something else is wrong. */
#define MOST_ENTRIES 4096

#define CPUID_1_ECX_X2APIC	 (1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_OSXSAVE	 (1u << 27)
#define CPUID_1_ECX_HYPERVISOR	 (1u << 31)
#define CPUID_1_EDX_APIC	 (1u << 9)
/* Paravirtual features that a local APIC in KVM is behind (asm/kvm_para.h). */
#define KVM_APIC_FEATURES                                                                         \
	(1u << KVM_FEATURE_PV_EOI | 1u << KVM_FEATURE_PV_UNHALT | 1u << KVM_FEATURE_PV_SEND_IPI | \
	 1u << KVM_FEATURE_ASYNC_PF_INT)

/* Asks KVM with a larger and larger buffer. On success *@table is the caller's to free. */
static int get_supported(int kvm_fd, unsigned int spare, struct kvm_cpuid2 **table)
{
	int r = -E2BIG;

	for (unsigned int room = 128; r == -E2BIG && room <= MOST_ENTRIES; room *= 2) {
		*table = cpuid_new(room + spare);
		if (!*table)
			return x86_no_memory();
		(*table)->nent = room;
		r = kvm_try(kvm_fd, KVM_GET_SUPPORTED_CPUID, (uintptr_t)*table);
		if (r < 0)
			free(*table);
	}
	if (r < 0)
		msg_error("KVM_GET_SUPPORTED_CPUID failed: %s (%s)", errno_name(r), strerror(-r));
	return r < 0 ? r : 0;
}

/* What KVM leaves to the VMM to decide, because it depends on the rest of the machine. */
static void fit_to_machine(struct vm *vm, struct kvm_cpuid2 *table)
{
	bool lapic = vm->arch->irqchip != X86_IRQCHIP_NONE;
	struct kvm_cpuid_entry2 *e = cpuid_find(table, 1, 0);

	if (e) {
		e->ecx |= CPUID_1_ECX_HYPERVISOR;
		/* The guest's CR4 decides; KVM keeps it current. */
		e->ecx &= ~CPUID_1_ECX_OSXSAVE;
		if (!lapic) {
			e->ecx &= ~(CPUID_1_ECX_X2APIC | CPUID_1_ECX_TSC_DEADLINE);
			e->edx &= ~CPUID_1_EDX_APIC;
		} else {
			/* KVM's x2APIC needs nothing of the host's. */
			e->ecx |= CPUID_1_ECX_X2APIC;
			if (kvm_check_extension(vm->fd, KVM_CAP_TSC_DEADLINE_TIMER))
				e->ecx |= CPUID_1_ECX_TSC_DEADLINE;
		}
	}
	e = cpuid_find(table, 0x40000001, 0);
	if (e && !lapic)
		e->eax &= ~KVM_APIC_FEATURES;
}

int x86_cpuid_init(struct vm *vm)
{
	const struct cpuid_edits *edits = &vm->config->arch->cpuid;
	struct kvm_cpuid2 *table;
	int r = get_supported(vm->kvm_fd, edits->nr, &table);

	if (r)
		return r;
	fit_to_machine(vm, table);
	cpuid_apply(table, edits);
	vm->arch->cpuid = table;
	return 0;
}

int x86_cpuid_set(struct vcpu *vcpu)
{
	const struct kvm_cpuid2 *common = vcpu->vm->arch->cpuid;
	const struct cpuid_edits *edits = &vcpu->vm->config->arch->cpuid;
	struct kvm_cpuid2 *own = cpuid_new(common->nent + edits->nr + CPUID_TOPOLOGY_ROOM);
	int r;

	if (!own)
		return x86_no_memory();
	memcpy(own, common, sizeof(*own) + common->nent * sizeof(own->entries[0]));
	cpuid_topology(own, vcpu->index, vcpu->vm->config->nr_vcpus);
	/* Once more, so that a person's word goes before the topology as well. */
	cpuid_apply(own, edits);
	r = kvm_set_cpuid2(vcpu->fd, own);
	free(own);
	return r;
}
