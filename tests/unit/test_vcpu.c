/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU threads without KVM: starting, kicking, pausing and ending, from every
 * side at once. A fake KVM_RUN stands in for the kernel's: like it, it looks at
 * immediate_exit once it can no longer miss a signal.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "machine/machine.h"

#define VCPUS 4

static struct {
	struct vm vm;
	struct vcpu vcpus[VCPUS];
	struct kvm_run runs[VCPUS];
	atomic_int inside; /* vCPUs in KVM_RUN */
	atomic_ulong entries;
	atomic_int prepared; /* vCPUs between two runs, in arch_vcpu_prepare() */
	/* What a vCPU does between two runs; NULL for nothing. */
	void (*between)(struct vcpu *vcpu);
	/* How a run ends by itself: 0 never, else an exit after some microseconds. */
	unsigned int exit_after_us;
	uint32_t exit_reason;
	atomic_int failures; /* so many runs fail, with -err, and then no more */
	int err;
	atomic_uint reported, seen; /* what vCPU 0's runs reported, and what of it was taken */
	atomic_bool late;	    /* an exit was handled before it was taken */
} fake;

int kvm_do(int fd, unsigned long request, uintptr_t arg)
{
	return 0;
}

int kvm_try(int fd, unsigned long request, uintptr_t arg)
{
	struct vcpu *vcpu = &fake.vcpus[fd];
	sigset_t kick, before;
	int r = 0;

	/* From here on a signal stays pending until ppoll(), as it does inside the ioctl. */
	sigemptyset(&kick);
	sigaddset(&kick, VCPU_KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, &before);
	atomic_fetch_add(&fake.entries, 1);
	if (__atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_SEQ_CST)) {
		r = -EINTR;
	} else {
		struct timespec limit = {.tv_nsec = fake.exit_after_us * 1000L};

		atomic_fetch_add(&fake.inside, 1);
		if (ppoll(NULL, 0, fake.exit_after_us ? &limit : NULL, &before) < 0)
			r = -EINTR;
		atomic_fetch_sub(&fake.inside, 1);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	vcpu->run->exit_reason = fake.exit_reason;
	if (vcpu->index == 0)
		atomic_store(&fake.reported, (unsigned int)atomic_load(&fake.entries));
	if (!r && atomic_load(&fake.failures) > 0) {
		atomic_fetch_sub(&fake.failures, 1);
		return -fake.err;
	}
	return r;
}

void kvm_exit_describe(const struct kvm_run *run, char *buf, size_t size)
{
	snprintf(buf, size, "exit %u", run->exit_reason);
}

static void prepare(struct vcpu *vcpu)
{
	if (fake.between)
		fake.between(vcpu);
}

int arch_vcpu_exit(struct vcpu *vcpu)
{
	if (vcpu_self != vcpu ||
	    (vcpu->ran && atomic_load(&fake.seen) != atomic_load(&fake.reported)))
		atomic_store(&fake.late, true);
	return vcpu->run->exit_reason == KVM_EXIT_HLT ? 0 : -ENOSYS;
}

int arch_vcpu_run_failed(struct vcpu *vcpu, int err)
{
	return err == EIO ? 0 : -ENOSYS; /* as if a guest were behind it */
}

unsigned int arch_shutdown_code(const struct kvm_run *run)
{
	return 0;
}

void arch_vcpu_dump(struct vcpu *vcpu, FILE *out)
{
}

static void kick_all(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		vcpu_kick(&vm->vcpus[i]);
}

static int setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.exit_reason = KVM_EXIT_HLT;
	fake.vm = (struct vm){.vcpus = fake.vcpus, .nr_vcpus = VCPUS, .on_end = kick_all};
	pthread_mutex_init(&fake.vm.end_lock, NULL);
	pthread_mutex_init(&fake.vm.pause_lock, NULL);
	pthread_cond_init(&fake.vm.pause_cond, NULL);
	for (int i = 0; i < VCPUS; i++)
		fake.vcpus[i] = (struct vcpu){.vm = &fake.vm,
					      .index = i,
					      .fd = i,
					      .run = &fake.runs[i],
					      .prepare = prepare};
	/* Nothing here may hang a test run. */
	alarm(60);
	return 0;
}

static int teardown(void **state)
{
	alarm(0);
	return 0;
}

/* An end just after, or during, the start reaches every vCPU. */
static void test_end_while_starting(void **state)
{
	for (int i = 0; i < 300; i++) {
		setup(NULL);
		assert_int_equal(vcpus_start(&fake.vm), 0);
		vm_end(&fake.vm, OUTCOME_RESET, 0);
		vcpus_join(&fake.vm);
		assert_int_equal(fake.vm.alive, 0);
	}
}

static void end_from_vcpu(struct vcpu *vcpu)
{
	if (vcpu->index == VCPUS - 1)
		vm_end(vcpu->vm, OUTCOME_SHUTDOWN, 5);
}

static void test_any_vcpu_ends(void **state)
{
	for (int i = 0; i < 300; i++) {
		setup(NULL);
		fake.between = end_from_vcpu;
		assert_int_equal(vcpus_start(&fake.vm), 0);
		vcpus_join(&fake.vm);
		assert_int_equal(fake.vm.outcome.kind, OUTCOME_SHUTDOWN);
		assert_int_equal(fake.vm.outcome.code, 5);
	}
}

static void test_first_end_counts(void **state)
{
	vm_end_raw(&fake.vm, OUTCOME_CRASH, 0, 7);
	vm_end(&fake.vm, OUTCOME_SHUTDOWN, 0);
	assert_int_equal(fake.vm.outcome.kind, OUTCOME_CRASH);
	assert_int_equal(fake.vm.outcome.raw, 7);
}

static void test_unhandled_exit_ends(void **state)
{
	fake.exit_after_us = 10;
	fake.exit_reason = 4711;
	assert_int_equal(vcpus_start(&fake.vm), 0);
	vcpus_join(&fake.vm);
	assert_int_equal(fake.vm.outcome.kind, OUTCOME_INTERNAL);
	assert_int_equal(outcome_status(&fake.vm.outcome), STATUS_INTERNAL);
}

/* A failure of KVM_RUN that the guest has been given the answer to is not the VM's end; another is. */
static void test_failed_run(void **state)
{
	fake.exit_after_us = 10;
	fake.failures = 20;
	fake.err = EIO;
	assert_int_equal(vcpus_start(&fake.vm), 0);
	while (atomic_load(&fake.failures) > 0)
		usleep(100);
	assert_int_equal(fake.vm.outcome.kind, OUTCOME_NONE);
	fake.err = EFAULT;
	atomic_store(&fake.failures, 1);
	vcpus_join(&fake.vm);
	assert_int_equal(fake.vm.outcome.kind, OUTCOME_HOST);
}

static void take(struct vcpu *vcpu)
{
	atomic_store(&fake.seen, atomic_load(&fake.reported));
}

/* What a run has to say is taken after each, also one that was kicked, and before the exit is handled. */
static void test_taken_after_each_run(void **state)
{
	fake.vm.nr_vcpus = 1;
	fake.vcpus[0].ran = take;
	fake.exit_after_us = 10;
	assert_null(vcpu_self);
	assert_int_equal(vcpus_start(&fake.vm), 0);
	while (atomic_load(&fake.entries) < 200)
		usleep(100);
	fake.exit_after_us = 0;
	vm_end(&fake.vm, OUTCOME_RESET, 0);
	vcpus_join(&fake.vm);
	assert_int_equal(atomic_load(&fake.seen), atomic_load(&fake.entries));
	assert_false(atomic_load(&fake.late));
}

/* After machine_pause() no vCPU is inside KVM_RUN, and none goes in before the resume. */
static void test_paused_is_outside(void **state)
{
	assert_int_equal(vcpus_start(&fake.vm), 0);
	for (int i = 0; i < 500; i++) {
		unsigned long entries;

		machine_pause(&fake.vm);
		machine_pause(&fake.vm);
		assert_int_equal(atomic_load(&fake.inside), 0);
		entries = atomic_load(&fake.entries);
		machine_resume(&fake.vm);
		if (i % 50 == 0)
			usleep(1000);
		assert_int_equal(atomic_load(&fake.inside), 0);
		assert_int_equal(atomic_load(&fake.entries), entries);
		machine_resume(&fake.vm);
	}
	vm_end(&fake.vm, OUTCOME_RESET, 0);
	vcpus_join(&fake.vm);
}

static void pause_from_vcpu(struct vcpu *vcpu)
{
	machine_pause(vcpu->vm);
	/* Alone: not only is no other vCPU inside, none is at this place either. */
	if (atomic_fetch_add(&fake.prepared, 1) || atomic_load(&fake.inside))
		vm_end(vcpu->vm, OUTCOME_CRASH, 0);
	sched_yield();
	atomic_fetch_sub(&fake.prepared, 1);
	machine_resume(vcpu->vm);
}

static void *pauser(void *arg)
{
	for (int i = 0; i < 300; i++) {
		machine_pause(&fake.vm);
		if (atomic_load(&fake.inside))
			vm_end(&fake.vm, OUTCOME_CRASH, 0);
		machine_resume(&fake.vm);
	}
	return NULL;
}

/* vCPUs pause each other while a thread of the host pauses them all. */
static void test_everyone_pauses(void **state)
{
	pthread_t thread;

	fake.between = pause_from_vcpu;
	fake.exit_after_us = 50;
	assert_int_equal(vcpus_start(&fake.vm), 0);
	pthread_create(&thread, NULL, pauser, NULL);
	pthread_join(thread, NULL);
	vm_end(&fake.vm, OUTCOME_SHUTDOWN, 0);
	vcpus_join(&fake.vm);
	assert_int_equal(fake.vm.outcome.kind, OUTCOME_SHUTDOWN);
}

/* An end reaches vCPUs that are paused, and a pause that waits. */
static void test_end_while_paused(void **state)
{
	for (int i = 0; i < 100; i++) {
		setup(NULL);
		assert_int_equal(vcpus_start(&fake.vm), 0);
		machine_pause(&fake.vm);
		vm_end(&fake.vm, OUTCOME_STOPPED, 0);
		vcpus_join(&fake.vm);
		machine_pause(&fake.vm);
		machine_resume(&fake.vm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_end_while_starting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_vcpu_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_end_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unhandled_exit_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_after_each_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paused_is_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_everyone_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_while_paused, setup, teardown),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
