/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's services that every floor uses: ending, memslots, kicks, dirty log, eventfds; see vm.h. */
#include "vm.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

__thread struct vcpu *vcpu_self;

void vm_end_raw(struct vm *vm, enum outcome_kind kind, unsigned int code, int raw)
{
	bool first;

	pthread_mutex_lock(&vm->end_lock);
	first = vm->outcome.kind == OUTCOME_NONE;
	if (first)
		vm->outcome = (struct outcome){.kind = kind, .code = code, .raw = raw};
	pthread_mutex_unlock(&vm->end_lock);
	if (!first)
		return;
	atomic_store(&vm->ending, true);
	/* vCPUs that are paused leave too; with the lock, so that none is between its look and its wait. */
	pthread_mutex_lock(&vm->pause_lock);
	pthread_cond_broadcast(&vm->pause_cond);
	pthread_mutex_unlock(&vm->pause_lock);
	if (vm->on_end)
		vm->on_end(vm);
}

void vm_end(struct vm *vm, enum outcome_kind kind, unsigned int code)
{
	vm_end_raw(vm, kind, code, -1);
}

void vcpu_kick(struct vcpu *vcpu)
{
	/*
	 * immediate_exit keeps a KVM_RUN that has not begun from entering the
	 * guest; the signal gets one out that has. Together none is lost.
	 */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	/* A vCPU's own thread is not in KVM_RUN. */
	if (atomic_load(&vcpu->running) && !pthread_equal(vcpu->thread, pthread_self()))
		pthread_kill(vcpu->thread, VCPU_KICK_SIGNAL);
}

static int set_memslot(struct vm *vm, const struct mem_range *range, uint64_t size, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = range->slot,
		.flags = flags | (range->flags & MEM_READONLY ? KVM_MEM_READONLY : 0),
		.guest_phys_addr = range->gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)range->hva,
	};

	return kvm_set_user_memory_region(vm->fd, &region);
}

int vm_add_memory(struct vm *vm, uint64_t gpa, uint64_t size, const struct mem_backing *backing,
		  unsigned int flags, const char *name)
{
	struct mem_range *range;
	int r;

	r = mem_add(&vm->mem, gpa, size, backing, flags, name, &range);
	if (r)
		return r;
	r = set_memslot(vm, range, range->size, 0);
	if (r)
		mem_remove(&vm->mem, gpa);
	return r;
}

int vm_remove_memory(struct vm *vm, uint64_t gpa)
{
	struct mem_range *range = mem_find(&vm->mem, gpa);
	int r;

	if (!range || range->gpa != gpa)
		return -ENOENT;
	r = set_memslot(vm, range, 0, 0);
	return r ? r : mem_remove(&vm->mem, gpa);
}

static int dirty_log(struct vm *vm, uint64_t gpa, uint32_t flags)
{
	struct mem_range *range = mem_find(&vm->mem, gpa);

	return range ? set_memslot(vm, range, range->size, flags) : -ENOENT;
}

int vm_dirty_log_start(struct vm *vm, uint64_t gpa)
{
	return dirty_log(vm, gpa, KVM_MEM_LOG_DIRTY_PAGES);
}

int vm_dirty_log_stop(struct vm *vm, uint64_t gpa)
{
	return dirty_log(vm, gpa, 0);
}

int vm_dirty_log_fetch(struct vm *vm, uint64_t gpa, uint64_t *bitmap)
{
	struct mem_range *range = mem_find(&vm->mem, gpa);
	struct kvm_dirty_log log = {.dirty_bitmap = bitmap};

	if (!range)
		return -ENOENT;
	log.slot = range->slot;
	return kvm_get_dirty_log(vm->fd, &log);
}

int vm_doorbell(struct vm *vm, const struct doorbell *bell, bool add)
{
	struct kvm_ioeventfd arg = {
		.addr = bell->addr,
		.len = bell->size,
		.fd = bell->eventfd,
		.datamatch = bell->match,
		.flags = (bell->matched ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) |
			 (bell->bus == &vm->pio ? KVM_IOEVENTFD_FLAG_PIO : 0) |
			 (add ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};

	return kvm_ioeventfd(vm->fd, &arg);
}

int vm_irqfd(struct vm *vm, unsigned int gsi, int eventfd, int resamplefd, bool add)
{
	struct kvm_irqfd arg = {
		.fd = eventfd,
		.gsi = gsi,
		.flags = (add ? 0 : KVM_IRQFD_FLAG_DEASSIGN) |
			 (add && resamplefd >= 0 ? KVM_IRQFD_FLAG_RESAMPLE : 0),
		.resamplefd = resamplefd >= 0 ? resamplefd : 0,
	};

	return kvm_irqfd(vm->fd, &arg);
}
