/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's ioctls that only x86 has, typed; see vmm/core/kvm.h. */
#ifndef KVMBED_KVM_X86_H
#define KVMBED_KVM_X86_H

#include "kvm.h"

/* VM */
KVM_TYPED_VALUE(kvm_set_tss_addr, KVM_SET_TSS_ADDR)
KVM_TYPED(kvm_set_identity_map_addr, KVM_SET_IDENTITY_MAP_ADDR, const uint64_t)
KVM_TYPED_VALUE(kvm_create_irqchip, KVM_CREATE_IRQCHIP)
KVM_TYPED(kvm_create_pit2, KVM_CREATE_PIT2, const struct kvm_pit_config)

/* vCPU */
KVM_TYPED(kvm_set_cpuid2, KVM_SET_CPUID2, const struct kvm_cpuid2)
KVM_TYPED(kvm_get_sregs, KVM_GET_SREGS, struct kvm_sregs)
KVM_TYPED(kvm_set_sregs, KVM_SET_SREGS, const struct kvm_sregs)
KVM_TYPED(kvm_get_sregs2, KVM_GET_SREGS2, struct kvm_sregs2)
KVM_TYPED(kvm_set_sregs2, KVM_SET_SREGS2, const struct kvm_sregs2)

#endif
