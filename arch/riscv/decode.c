/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --trace shows of RISC-V's own ioctls (vmm/core/trace.h). Nearly all of
 * a RISC-V vCPU is reached through KVM_GET_ONE_REG and KVM_SET_ONE_REG, which
 * all architectures have.
 */
#include "kvm.h"
#include "trace.h"

const struct kvm_decode arch_decode[] = {
	{KVM_GET_REG_LIST, 'p', {KVM_FIELD(struct kvm_reg_list, n, 'd')}, NULL},
	{KVM_SET_GUEST_DEBUG, 'p', {KVM_FIELD(struct kvm_guest_debug, control, 'x')}, NULL},
	{0, 0, {{0}}, NULL},
};
