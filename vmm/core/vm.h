/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual machine and its vCPUs, as every floor of the VMM sees them: what
 * arch/ fills, what vmm/machine/ runs.
 */
#ifndef KVMBED_VM_H
#define KVMBED_VM_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "irq.h"
#include "kvm.h"
#include "mem.h"
#include "outcome.h"
#include "place.h"

struct arch_vm;	  /* arch/<name>/: what the architecture keeps for a VM */
struct arch_vcpu; /* ... and for a vCPU */
struct config;
struct loop;
struct serial;
struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int index; /* from 0; also the id given to KVM_CREATE_VCPU */
	int fd;
	struct kvm_run *run; /* mapped; run_size bytes */
	size_t run_size;
	pthread_t thread;
	atomic_bool running; /* its thread exists and may be sent a signal */
	struct arch_vcpu *arch;
	/* NULL, or what the back-end does on the vCPU's own thread before each KVM_RUN: interrupts by hand. */
	void (*prepare)(struct vcpu *vcpu);
	/* NULL, or what it does there after each KVM_RUN, before the exit is handled: levels that KVM reports. */
	void (*ran)(struct vcpu *vcpu);
	uint64_t exits; /* count, written by the vCPU's own thread */
};

struct vm {
	const struct config *config;
	int kvm_fd; /* /dev/kvm */
	int fd;
	struct mem mem;
	struct place place; /* who has which part of guest memory at start */
	struct bus mmio, pio;
	struct vcpu *vcpus; /* nr_vcpus of them, all made before the first runs */
	unsigned int nr_vcpus;
	struct loop *loop;
	struct serial *console; /* the first serial port; set by the board */
	struct msi_target msi;
	struct arch_vm *arch;

	/* How it ended; the first to say so wins. Guarded by end_lock. */
	pthread_mutex_t end_lock;
	struct outcome outcome;
	atomic_bool ending;
	/* Called once, by the thread that ends the VM, after outcome is set; must not block. */
	void (*on_end)(struct vm *vm);

	/* Pausing; see vmm/machine/vcpu.c. Guarded by pause_lock. */
	pthread_mutex_t pause_lock;
	pthread_cond_t pause_cond;
	unsigned int pause_count; /* nested pauses */
	unsigned int parked;	  /* vCPU threads outside KVM_RUN because of it */
	unsigned int alive;	  /* vCPU threads that have not left */
	unsigned int started;	  /* vCPU threads to join; the main thread's own */
	atomic_bool pausing;	  /* pause_count > 0, for the run loop's quick look */
};

/* The vCPU that this thread runs; NULL on every other thread. For devices with registers of each CPU's own. */
extern __thread struct vcpu *vcpu_self;

/*
 * Ends the VM: every vCPU leaves KVM_RUN, the machine returns. Any thread, any
 * number of times; only the first call's outcome counts. Does not wait.
 */
void vm_end(struct vm *vm, enum outcome_kind kind, unsigned int code);
/* The same, with the raw status that the guest wrote (see --guest-status). */
void vm_end_raw(struct vm *vm, enum outcome_kind kind, unsigned int code, int raw);

/* Maps memory (mem_add()) and makes it a memslot. Reports failures. */
int vm_add_memory(struct vm *vm, uint64_t gpa, uint64_t size, const struct mem_backing *backing,
		  unsigned int flags, const char *name);
int vm_remove_memory(struct vm *vm, uint64_t gpa);

/* Sent to a vCPU's thread by vcpu_kick(); its handler does nothing. */
#define VCPU_KICK_SIGNAL SIGUSR1

/* Gets a vCPU out of KVM_RUN soon, and out of the next KVM_RUN if it was not inside. Any thread. */
void vcpu_kick(struct vcpu *vcpu);

/*
 * Dirty logging of the memslot that holds @gpa. start: from now on writes are
 * noted. fetch: one bit a page of the host's page size since the last fetch,
 * into @bitmap, ceil(pages / 64) words. -ENOENT if no memslot holds @gpa.
 */
int vm_dirty_log_start(struct vm *vm, uint64_t gpa);
int vm_dirty_log_stop(struct vm *vm, uint64_t gpa);
int vm_dirty_log_fetch(struct vm *vm, uint64_t gpa, uint64_t *bitmap);

/*
 * A doorbell: a guest's write of @size bytes at @addr (of @match, if @matched)
 * signals @eventfd without leaving the kernel. size 0 takes a write of any
 * size. Removing takes the same arguments. -errno of KVM_IOEVENTFD, reported.
 */
struct doorbell {
	struct bus *bus; /* &vm->mmio or &vm->pio */
	uint64_t addr;
	unsigned int size;
	bool matched;
	uint64_t match;
	int eventfd;
};
int vm_doorbell(struct vm *vm, const struct doorbell *bell, bool add);

/*
 * Lets @eventfd raise the in-kernel interrupt controller's input @gsi. With
 * @resamplefd >= 0 the input is level-triggered: it stays up until the guest's
 * EOI, which signals @resamplefd. -errno of KVM_IRQFD, reported.
 */
int vm_irqfd(struct vm *vm, unsigned int gsi, int eventfd, int resamplefd, bool add);

#endif
