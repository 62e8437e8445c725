/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arm64 VM as a whole: its type, the capabilities that its options need and
 * that its exits rely on, its memory, its end. Linux: Documentation/virt/kvm/api.rst.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "devices/gicv2.h"
#include "msg.h"

/* What every host has that does not say otherwise: api.rst, KVM_CREATE_VM. */
#define DEFAULT_IPA_BITS 40u

int arm64_need_cap(int fd, unsigned int cap, const char *option)
{
	const char *name = kvm_name(KVM_NAMES_CAP, cap);

	if (kvm_check_extension(fd, cap) > 0)
		return 0;
	msg_error("%s cannot be had on this host: its KVM lacks %s", option,
		  name ?: "a capability");
	return -ENOTSUP;
}

long arch_vm_type(int kvm_fd, const struct config *config)
{
	unsigned int limit = kvm_check_extension(kvm_fd, KVM_CAP_ARM_VM_IPA_SIZE);
	unsigned int need = arm64_ram_bits(config);
	unsigned int bits = config->arch->ipa_bits;

	if (!bits) {
		bits = DEFAULT_IPA_BITS;
		if (limit && limit < bits)
			bits = limit;
		if (bits < need)
			bits = need;
	}
	if (limit ? bits > limit : bits != DEFAULT_IPA_BITS) {
		msg_error("%u bits of guest physical address cannot be had on this host: its "
			  "KVM_CAP_ARM_VM_IPA_SIZE is %u",
			  bits, limit);
		return -ENOTSUP;
	}
	return limit ? (long)KVM_VM_TYPE_ARM_IPA_SIZE(bits) : 0;
}

static int enable_cap(struct vm *vm, unsigned int cap)
{
	struct kvm_enable_cap enable = {.cap = cap};

	return kvm_enable_cap(vm->fd, &enable);
}

static void set_feature(struct kvm_vcpu_init *init, unsigned int feature)
{
	init->features[feature / 32] |= 1u << feature % 32;
}

/* Turns the options into vCPU features; each needs its capability. */
static int choose_features(struct vm *vm)
{
	const struct arch_config *c = vm->config->arch;
	struct kvm_vcpu_init *init = &vm->arch->init;
	const struct {
		bool wanted;
		unsigned int cap;
		unsigned int feature;
		const char *option;
	} features[] = {
		{c->pmu, KVM_CAP_ARM_PMU_V3, KVM_ARM_VCPU_PMU_V3, "--pmu"},
		{c->sve, KVM_CAP_ARM_SVE, KVM_ARM_VCPU_SVE, "--sve"},
		{c->el2, KVM_CAP_ARM_EL2, KVM_ARM_VCPU_HAS_EL2, "--el2"},
		{c->aarch32, KVM_CAP_ARM_EL1_32BIT, KVM_ARM_VCPU_EL1_32BIT, "--aarch32"},
		/* KVM takes both halves of pointer authentication or none. */
		{c->ptrauth == CHOICE_YES, KVM_CAP_ARM_PTRAUTH_ADDRESS,
		 KVM_ARM_VCPU_PTRAUTH_ADDRESS, "--ptrauth"},
		{c->ptrauth == CHOICE_YES, KVM_CAP_ARM_PTRAUTH_GENERIC,
		 KVM_ARM_VCPU_PTRAUTH_GENERIC, "--ptrauth"},
	};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (!features[i].wanted)
			continue;
		if (arm64_need_cap(vm->fd, features[i].cap, features[i].option))
			return -ENOTSUP;
		set_feature(init, features[i].feature);
	}
	if (c->ptrauth == CHOICE_DEFAULT && !c->aarch32 &&
	    kvm_check_extension(vm->fd, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0 &&
	    kvm_check_extension(vm->fd, KVM_CAP_ARM_PTRAUTH_GENERIC) > 0) {
		set_feature(init, KVM_ARM_VCPU_PTRAUTH_ADDRESS);
		set_feature(init, KVM_ARM_VCPU_PTRAUTH_GENERIC);
	}
	set_feature(init, KVM_ARM_VCPU_PSCI_0_2);
	return 0;
}

int arch_vm_init(struct vm *vm)
{
	const struct arch_config *c = vm->config->arch;
	int r;

	vm->arch = calloc(1, sizeof(*vm->arch));
	if (!vm->arch)
		return -ENOMEM;
	vm->arch->gic_fd = vm->arch->its_fd = -1;

	r = kvm_do(vm->fd, KVM_ARM_PREFERRED_TARGET, (uintptr_t)&vm->arch->init);
	if (r < 0)
		return r;
	r = choose_features(vm);
	if (r)
		return r;
	if (c->mte) {
		r = arm64_need_cap(vm->fd, KVM_CAP_ARM_MTE, "--mte");
		if (!r)
			r = enable_cap(vm, KVM_CAP_ARM_MTE);
		if (r)
			return r;
	}
	/* An access without a syndrome then has an exit of its own, answered by an abort: vcpu.c. */
	if (kvm_check_extension(vm->fd, KVM_CAP_ARM_NISV_TO_USER) > 0 &&
	    kvm_check_extension(vm->fd, KVM_CAP_ARM_INJECT_EXT_DABT) > 0) {
		r = enable_cap(vm, KVM_CAP_ARM_NISV_TO_USER);
		if (r)
			return r;
	}
	return gic_choose(vm);
}

int arch_vm_memory(struct vm *vm)
{
	return vm_add_memory(vm, RAM_BASE, vm->config->mem_size, &vm->config->backing, 0, "ram");
}

void arch_vm_destroy(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		free(vm->vcpus[i].arch);
		vm->vcpus[i].arch = NULL;
	}
	if (!vm->arch)
		return;
	board_destroy(vm->arch->board);
	gicv2_destroy(vm->arch->gic);
	if (vm->arch->its_fd >= 0)
		kvm_close(vm->arch->its_fd);
	if (vm->arch->gic_fd >= 0)
		kvm_close(vm->arch->gic_fd);
	free(vm->arch);
	vm->arch = NULL;
}
