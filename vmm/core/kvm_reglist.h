/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a vCPU's one-reg ids, and sets of them in the form that arch_caps_registers() gives. */
#ifndef KVMBED_KVM_REGLIST_H
#define KVMBED_KVM_REGLIST_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

struct json;

/* KVM_GET_REG_LIST, sorted by kind and number; the caller frees it. NULL, with *@error set to -errno, if there is none. */
struct kvm_reg_list *kvm_reglist_get(int vcpu_fd, int *error);

/*
 * Adds to @out a member @set: how many registers @list has, and the names of
 * those that @base (NULL for none) lacks. Of a register for which @shown says
 * so, the vCPU's value is added: one that tells about the host, and is at most 8 bytes.
 */
void kvm_reglist_describe(struct json *out, const char *set, int vcpu_fd,
			  const struct kvm_reg_list *list, const struct kvm_reg_list *base,
			  bool (*shown)(uint64_t id));

#endif
