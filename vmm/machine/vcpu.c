/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU threads: the run loop, the exits that are the same on every
 * architecture, and pausing.
 */
#include "machine.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "hot.h"
#include "msg.h"

/* Prints an exit that ends the VM, with the vCPU's registers, in one piece. */
static void report_exit(struct vcpu *vcpu, const char *what)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	const struct kvm_run *run = vcpu->run;
	char text[256];

	kvm_exit_describe(run, text, sizeof(text));
	pthread_mutex_lock(&one_at_a_time);
	msg_error("vCPU %u: %s: %s", vcpu->index, what, text);
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
		for (unsigned int i = 0; i < run->internal.ndata && i < 16; i++)
			fprintf(stderr, "  data[%u] = 0x%016" PRIx64 "\n", i,
				(uint64_t)run->internal.data[i]);
	}
	arch_vcpu_dump(vcpu, stderr);
	pthread_mutex_unlock(&one_at_a_time);
}

HOT static int exit_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	struct bus *bus = &vcpu->vm->pio;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		uint64_t value = 0;

		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, data, run->io.size);
			bus_write(bus, run->io.port, run->io.size, value);
		} else {
			bus_read(bus, run->io.port, run->io.size, &value);
			memcpy(data, &value, run->io.size);
		}
	}
	return 0;
}

HOT static int exit_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct bus *bus = &vcpu->vm->mmio;
	uint64_t value = 0;

	if (run->mmio.len < 1 || run->mmio.len > sizeof(value))
		return -ENOSYS;
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, run->mmio.len);
		bus_write(bus, run->mmio.phys_addr, run->mmio.len, value);
	} else {
		bus_read(bus, run->mmio.phys_addr, run->mmio.len, &value);
		memcpy(run->mmio.data, &value, run->mmio.len);
	}
	return 0;
}

static int exit_system_event(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;

	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vm_end(vcpu->vm, OUTCOME_SHUTDOWN, arch_shutdown_code(run));
		return 0;
	case KVM_SYSTEM_EVENT_RESET:
		vm_end(vcpu->vm, OUTCOME_RESET, 0);
		return 0;
	case KVM_SYSTEM_EVENT_CRASH:
		report_exit(vcpu, "the guest says that it crashed");
		vm_end(vcpu->vm, OUTCOME_CRASH, 0);
		return 0;
	}
	return arch_vcpu_exit(vcpu);
}

static int exit_shutdown(struct vcpu *vcpu)
{
	report_exit(vcpu, "triple fault");
	vm_end(vcpu->vm, OUTCOME_TRIPLE_FAULT, 0);
	return 0;
}

static int exit_intr(struct vcpu *vcpu)
{
	return 0;
}

/* What is handled alike on all architectures, beside the accesses; the rest is arch_vcpu_exit()'s. */
static int (*const handlers[])(struct vcpu *vcpu) = {
	[KVM_EXIT_INTR] = exit_intr,
	[KVM_EXIT_SHUTDOWN] = exit_shutdown,
	[KVM_EXIT_SYSTEM_EVENT] = exit_system_event,
};

HOT static int dispatch(struct vcpu *vcpu, uint32_t reason)
{
	/* What devices are reached by does not go through a table: one page less to touch. */
	if (reason == KVM_EXIT_MMIO)
		return exit_mmio(vcpu);
	if (reason == KVM_EXIT_IO)
		return exit_io(vcpu);
	if (reason < sizeof(handlers) / sizeof(handlers[0]) && handlers[reason])
		return handlers[reason](vcpu);
	return arch_vcpu_exit(vcpu);
}

HOT static void handle_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->run->exit_reason;
	int r = dispatch(vcpu, reason);

	if (r && !atomic_load(&vcpu->vm->ending)) {
		report_exit(vcpu,
			    reason == KVM_EXIT_INTERNAL_ERROR ? "KVM gave up" : "unhandled exit");
		vm_end(vcpu->vm, OUTCOME_INTERNAL, 0);
	}
}

/* A vCPU's thread waits while the VM is paused. */
static void park(struct vm *vm)
{
	pthread_mutex_lock(&vm->pause_lock);
	vm->parked++;
	pthread_cond_broadcast(&vm->pause_cond);
	while (vm->pause_count && !atomic_load(&vm->ending))
		pthread_cond_wait(&vm->pause_cond, &vm->pause_lock);
	vm->parked--;
	pthread_mutex_unlock(&vm->pause_lock);
}

/* A vCPU's thread is done; pausing no longer waits for it. */
static void leave(struct vm *vm, unsigned int threads)
{
	pthread_mutex_lock(&vm->pause_lock);
	vm->alive -= threads;
	pthread_cond_broadcast(&vm->pause_cond);
	pthread_mutex_unlock(&vm->pause_lock);
}

void machine_pause(struct vm *vm)
{
	/*
	 * A vCPU's own thread is outside KVM_RUN already and counts as parked
	 * while it waits. So of two vCPUs that pause at once, one goes on and
	 * the other waits until the first has resumed and come to park().
	 */
	bool own = vcpu_self && vcpu_self->vm == vm;

	pthread_mutex_lock(&vm->pause_lock);
	vm->pause_count++;
	atomic_store(&vm->pausing, true);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		if (&vm->vcpus[i] != vcpu_self)
			vcpu_kick(&vm->vcpus[i]);
	}
	vm->parked += own;
	pthread_cond_broadcast(&vm->pause_cond);
	while (vm->parked < vm->alive)
		pthread_cond_wait(&vm->pause_cond, &vm->pause_lock);
	vm->parked -= own;
	pthread_mutex_unlock(&vm->pause_lock);
}

void machine_resume(struct vm *vm)
{
	pthread_mutex_lock(&vm->pause_lock);
	if (vm->pause_count && !--vm->pause_count)
		atomic_store(&vm->pausing, false);
	pthread_cond_broadcast(&vm->pause_cond);
	pthread_mutex_unlock(&vm->pause_lock);
}

HOT static void run_until_end(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	int r;

	while (!atomic_load(&vm->ending)) {
		if (atomic_load(&vm->pausing))
			park(vm);
		if (vcpu->prepare)
			vcpu->prepare(vcpu);
		r = kvm_try(vcpu->fd, KVM_RUN, 0);
		if (vcpu->ran)
			vcpu->ran(vcpu);
		if (r == -EINTR || r == -EAGAIN) {
			/*
			 * A kick. immediate_exit is cleared before the flags are
			 * looked at, so a kick from here on is seen by the next run.
			 */
			__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
			continue;
		}
		if (r < 0 && vcpu->run->exit_reason != KVM_EXIT_MEMORY_FAULT) {
			if (!arch_vcpu_run_failed(vcpu, -r))
				continue;
			msg_error("vCPU %u: KVM_RUN failed: %s (%s)", vcpu->index, errno_name(r),
				  strerror(-r));
			arch_vcpu_dump(vcpu, stderr);
			vm_end(vm, OUTCOME_HOST, 0);
			return;
		}
		vcpu->exits++;
		handle_exit(vcpu);
	}
}

HOT static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	char name[16];

	vcpu_self = vcpu;
	snprintf(name, sizeof(name), "vcpu%u", vcpu->index);
	pthread_setname_np(pthread_self(), name);
	/* Before any flag is looked at: from here on vcpu_kick() signals, so no end or pause is missed. */
	vcpu->thread = pthread_self();
	atomic_store(&vcpu->running, true);
	run_until_end(vcpu);
	leave(vcpu->vm, 1);
	return NULL;
}

static void on_kick(int sig)
{
}

int vcpus_start(struct vm *vm)
{
	struct sigaction kick = {.sa_handler = on_kick};
	int r;

	sigaction(VCPU_KICK_SIGNAL, &kick, NULL);
	vm->alive = vm->nr_vcpus;
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		r = pthread_create(&vm->vcpus[i].thread, NULL, vcpu_thread, &vm->vcpus[i]);
		if (r) {
			leave(vm, vm->nr_vcpus - i);
			vm_end(vm, OUTCOME_HOST, 0);
			return -r;
		}
		vm->started++;
	}
	return 0;
}

void vcpus_join(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->started; i++) {
		pthread_join(vm->vcpus[i].thread, NULL);
		atomic_store(&vm->vcpus[i].running, false);
	}
	vm->started = 0;
}
