/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM and its vCPUs before anything is in them, and their end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "msg.h"
#include "arch/x86/board.h"
#include "arch/x86/kvm_x86.h"
#include "arch/x86/x86.h"

/* The last APIC id that a guest can name without the extended ids of KVM_CAP_X2APIC_API. */
#define LAST_XAPIC_ID 254u

int x86_no_memory(void)
{
	msg_error("the host has no memory left for the VM's own data");
	return -ENOMEM;
}

long arch_vm_type(int kvm_fd, const struct config *config)
{
	return 0; /* KVM_X86_DEFAULT_VM */
}

/* VMX that cannot run real mode keeps an identity map and a TSS of its own in guest memory (api.rst 4.77, 4.35). */
static int set_kvm_pages(struct vm *vm)
{
	const uint64_t identity_map = BOARD_IDENTITY_MAP;
	int r = 0;

	if (kvm_check_extension(vm->fd, KVM_CAP_SET_IDENTITY_MAP_ADDR))
		r = kvm_set_identity_map_addr(vm->fd, &identity_map);
	if (r >= 0 && kvm_check_extension(vm->fd, KVM_CAP_SET_TSS_ADDR))
		r = kvm_set_tss_addr(vm->fd, BOARD_TSS);
	return r;
}

/* Asks for exits where KVM would make a #GP because it does not know the MSR. */
static int enable_msr_exits(struct vm *vm)
{
	const struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = {KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_INVAL |
			 KVM_MSR_EXIT_REASON_FILTER},
	};

	if (!kvm_check_extension(vm->fd, KVM_CAP_X86_USER_SPACE_MSR)) {
		msg_error("this host's KVM cannot hand over MSR accesses: leave out --msr-exits");
		return -ENOTSUP;
	}
	return kvm_enable_cap(vm->fd, &cap);
}

static int enable_large_apic_ids(struct vm *vm)
{
	const struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X2APIC_API,
		.args = {KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK},
	};

	return kvm_enable_cap(vm->fd, &cap);
}

int arch_vm_init(struct vm *vm)
{
	const struct arch_config *config = vm->config->arch;
	int r;

	vm->arch = calloc(1, sizeof(*vm->arch));
	if (!vm->arch)
		return x86_no_memory();
	vm->arch->irqchip = config->irqchip;
	vm->arch->sregs2 = kvm_check_extension(vm->fd, KVM_CAP_SREGS2);
	r = set_kvm_pages(vm);
	if (r >= 0 && vm->config->nr_vcpus - 1 > LAST_XAPIC_ID)
		r = enable_large_apic_ids(vm);
	if (r >= 0)
		r = x86_irqchip_init(vm);
	if (r >= 0 && config->msr_exits)
		r = enable_msr_exits(vm);
	if (r >= 0)
		r = x86_cpuid_init(vm);
	return r < 0 ? r : 0;
}

int arch_vm_memory(struct vm *vm)
{
	const struct mem_backing *backing = &vm->config->backing;
	uint64_t size = vm->config->mem_size;
	uint64_t low = size < BOARD_LOW_END ? size : BOARD_LOW_END;
	int r = vm_add_memory(vm, 0, low, backing, 0, "ram");

	if (!r && size > low)
		r = vm_add_memory(vm, BOARD_HIGH, size - low, backing, 0, "ram");
	return r;
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	vcpu->arch = calloc(1, sizeof(*vcpu->arch));
	if (!vcpu->arch)
		return x86_no_memory();
	vcpu->arch->extint = -1;
	return x86_cpuid_set(vcpu);
}

void arch_vm_destroy(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		free(vm->vcpus[i].arch);
	if (!vm->arch)
		return;
	x86_board_destroy(vm);
	x86_irqchip_destroy(vm);
	free(vm->arch->cpuid);
	free(vm->arch);
	vm->arch = NULL;
}
