/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door to KVM: every ioctl on a KVM file descriptor goes through
 * kvm_try() or kvm_do(), so that all can be traced, timed and made to fail.
 *
 * Each returns what the ioctl returned (>= 0) or -errno. Any thread may call.
 */
#ifndef KVMBED_KVM_H
#define KVMBED_KVM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/kvm.h>

/* A call whose failure is an answer: nothing is said about it. */
int kvm_try(int fd, unsigned long request, uintptr_t arg);

/* A call that must work: a failure is reported with the ioctl's name, its errno and, where known, what to do. */
int kvm_do(int fd, unsigned long request, uintptr_t arg);

/* Opens /dev/kvm and checks the API version; a file descriptor, or -errno after a message. */
int kvm_open(void);

/* Gives @fd a name ("vm", "vcpu1") for traces and messages; the name is copied (15 characters). */
void kvm_name_fd(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the name and closes. */
void kvm_close(int fd);

/* Typed calls: KVM_TYPED(kvm_get_regs, KVM_GET_REGS, struct kvm_regs) declares kvm_get_regs(fd, struct kvm_regs *). */
#define KVM_TYPED(fn, request, type)                        \
	static inline int fn(int fd, type *arg)             \
	{                                                   \
		return kvm_do(fd, request, (uintptr_t)arg); \
	}
#define KVM_TYPED_VALUE(fn, request)                    \
	static inline int fn(int fd, unsigned long arg) \
	{                                               \
		return kvm_do(fd, request, arg);        \
	}

/* /dev/kvm */
KVM_TYPED_VALUE(kvm_create_vm, KVM_CREATE_VM)
/*
 * Zero for what the kernel does not know, and for a call that failed (reported);
 * @fd may be a VM's, whose answer can differ.
 */
static inline int kvm_check_extension(int fd, unsigned int cap)
{
	int r = kvm_do(fd, KVM_CHECK_EXTENSION, cap);

	return r < 0 ? 0 : r;
}

/* VM */
KVM_TYPED_VALUE(kvm_create_vcpu, KVM_CREATE_VCPU)
KVM_TYPED(kvm_set_user_memory_region, KVM_SET_USER_MEMORY_REGION,
	  const struct kvm_userspace_memory_region)
KVM_TYPED(kvm_get_dirty_log, KVM_GET_DIRTY_LOG, struct kvm_dirty_log)
KVM_TYPED(kvm_irq_line, KVM_IRQ_LINE, const struct kvm_irq_level)
KVM_TYPED(kvm_signal_msi, KVM_SIGNAL_MSI, const struct kvm_msi)
KVM_TYPED(kvm_set_gsi_routing, KVM_SET_GSI_ROUTING, const struct kvm_irq_routing)
KVM_TYPED(kvm_irqfd, KVM_IRQFD, const struct kvm_irqfd)
KVM_TYPED(kvm_ioeventfd, KVM_IOEVENTFD, const struct kvm_ioeventfd)
KVM_TYPED(kvm_create_device, KVM_CREATE_DEVICE, struct kvm_create_device)
/* VM or vCPU */
KVM_TYPED(kvm_enable_cap, KVM_ENABLE_CAP, const struct kvm_enable_cap)

/* Devices; also device attributes of a VM or vCPU. */
KVM_TYPED(kvm_set_device_attr, KVM_SET_DEVICE_ATTR, const struct kvm_device_attr)
KVM_TYPED(kvm_get_device_attr, KVM_GET_DEVICE_ATTR, struct kvm_device_attr)

/* vCPU */
KVM_TYPED(kvm_get_regs, KVM_GET_REGS, struct kvm_regs)
KVM_TYPED(kvm_set_regs, KVM_SET_REGS, const struct kvm_regs)
KVM_TYPED(kvm_get_mp_state, KVM_GET_MP_STATE, struct kvm_mp_state)
KVM_TYPED(kvm_set_mp_state, KVM_SET_MP_STATE, const struct kvm_mp_state)
KVM_TYPED(kvm_set_one_reg, KVM_SET_ONE_REG, const struct kvm_one_reg)
KVM_TYPED(kvm_get_one_reg, KVM_GET_ONE_REG, struct kvm_one_reg)
KVM_TYPED(kvm_interrupt, KVM_INTERRUPT, const struct kvm_interrupt)

/*
 * Tracing (--trace): one line a call, decoded, to @out (not owned); NULL turns
 * it off. Set before the first vCPU runs.
 */
void kvm_trace_to(FILE *out);
/* Notes the calls in @ring as well (trace.h), whose owner the caller is; NULL turns it off. */
struct trace_ring;
void kvm_trace_last(struct trace_ring *ring);
/* Lets a trace show each exit of vCPU @fd; @run must outlive the descriptor's name. */
void kvm_trace_run(int fd, const struct kvm_run *run);

/*
 * Fault injection (--inject NAME:ERRNO[:N]): the N-th call (from 1, default 1)
 * of that ioctl fails with that errno without reaching the kernel. May be used
 * several times. -EINVAL, with *@why set to a constant sentence, if @spec does
 * not parse; @spec is not kept.
 */
int kvm_inject(const char *spec, const char **why);
/* While held, no call fails or is counted: for a program's own questions to the host. */
void kvm_inject_hold(bool hold);

/* An exit in words: "IO out port 0x3f8 size 1 count 1 data 0x41". Always terminated. */
void kvm_exit_describe(const struct kvm_run *run, char *buf, size_t size);

/*
 * Names, generated from the headers that the program is built with. NULL for a
 * number without a name; -EINVAL for a name without a number.
 */
enum kvm_names {
	KVM_NAMES_IOCTL,
	KVM_NAMES_CAP,
	KVM_NAMES_EXIT,
	KVM_NAMES_DEVICE,
	KVM_NAMES_EVENT,
	KVM_NAMES_NR
};
struct kvm_name {
	const char *name; /* as in the header: "KVM_CAP_NR_VCPUS" */
	unsigned long value;
};
/* The table, ended by a NULL name. Where a number has several names the general one comes first. */
const struct kvm_name *kvm_names(enum kvm_names table);
const char *kvm_name(enum kvm_names table, unsigned long value);
long kvm_number(enum kvm_names table, const char *name);

#endif
