/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting a machine together, running it, taking it apart; see machine.h. */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arch.h"
#include "load.h"
#include "loop.h"
#include "msg.h"

static int create_vm(struct vm *vm)
{
	long type;

	vm->kvm_fd = kvm_open();
	if (vm->kvm_fd < 0)
		return vm->kvm_fd;
	type = arch_vm_type(vm->kvm_fd, vm->config);
	if (type < 0)
		return (int)type;
	vm->fd = kvm_create_vm(vm->kvm_fd, type);
	if (vm->fd < 0)
		return vm->fd;
	kvm_name_fd(vm->fd, "vm");
	return 0;
}

static int check_vcpus(const struct vm *vm)
{
	unsigned int max = kvm_check_extension(vm->fd, KVM_CAP_MAX_VCPUS);

	/* api.rst, 4.7: without MAX_VCPUS, NR_VCPUS is the limit; without that too, 4. */
	if (!max)
		max = kvm_check_extension(vm->fd, KVM_CAP_NR_VCPUS);
	if (!max)
		max = 4;
	if (vm->config->nr_vcpus <= max)
		return 0;
	msg_error("%u vCPUs are more than this host's KVM allows: use --cpus %u or less",
		  vm->config->nr_vcpus, max);
	return -EINVAL;
}

static int create_vcpu(struct vm *vm, unsigned int index, size_t run_size)
{
	struct vcpu *vcpu = &vm->vcpus[index];
	void *run;

	vcpu->fd = kvm_create_vcpu(vm->fd, index);
	if (vcpu->fd < 0)
		return vcpu->fd;
	kvm_name_fd(vcpu->fd, "vcpu%u", index);
	run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED) {
		int err = errno;

		msg_error("cannot map the kvm_run of vCPU %u: %s", index, strerror(err));
		return -err;
	}
	vcpu->run = run;
	vcpu->run_size = run_size;
	kvm_trace_run(vcpu->fd, vcpu->run);
	return arch_vcpu_init(vcpu);
}

/* A vCPU is a file; shells allow 1024 of them unless asked, and the hard limit is far above that. */
static void allow_files(unsigned int nr)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= nr)
		return;
	limit.rlim_cur = limit.rlim_max < nr ? limit.rlim_max : nr;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int create_vcpus(struct vm *vm)
{
	int run_size, r;

	r = check_vcpus(vm);
	if (r)
		return r;
	/* What is not enough shows itself as EMFILE. The rest is for images, consoles and the like. */
	allow_files(vm->config->nr_vcpus + 256);
	run_size = kvm_do(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (run_size < 0)
		return run_size;
	vm->vcpus = calloc(vm->config->nr_vcpus, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		return -ENOMEM;
	for (unsigned int i = 0; i < vm->config->nr_vcpus; i++) {
		vm->vcpus[i] = (struct vcpu){.vm = vm, .index = i, .fd = -1};
		vm->nr_vcpus++;
		r = create_vcpu(vm, i, run_size);
		if (r)
			return r;
	}
	return 0;
}

static int load_and_boot(struct vm *vm, struct image *image)
{
	int r = image_load(vm, image);

	return r ? r : arch_boot(vm, image);
}

/* Is a failure of loading and booting the input's fault, by what place_at(), file_read() and the loader return? */
static bool inputs_fault(int err)
{
	static const int input[] = {
		ERANGE, EEXIST, ENOSPC,	 ENOEXEC, ENOENT,	EISDIR,
		EFBIG,	EACCES, ENOTDIR, ELOOP,	  ENAMETOOLONG,
	};

	for (unsigned int i = 0; i < sizeof(input) / sizeof(input[0]); i++) {
		if (err == -input[i])
			return true;
	}
	return false;
}

static void wake_everyone(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		vcpu_kick(&vm->vcpus[i]);
	loop_quit(vm->loop);
}

static void init(struct vm *vm, const struct config *config)
{
	*vm = (struct vm){.config = config, .kvm_fd = -1, .fd = -1, .on_end = wake_everyone};
	pthread_mutex_init(&vm->end_lock, NULL);
	pthread_mutex_init(&vm->pause_lock, NULL);
	pthread_cond_init(&vm->pause_cond, NULL);
	mem_init(&vm->mem);
	bus_init(&vm->mmio, "mmio");
	bus_init(&vm->pio, "port");
	vm->mmio.log_unclaimed = vm->pio.log_unclaimed = config->log_unclaimed;
}

enum exit_status machine_create(struct vm *vm, const struct config *config)
{
	struct image image;
	int r;

	init(vm, config);
	/* The image first: a mistyped name is said even where there is no /dev/kvm. */
	if (image_open(config->image, config, &image))
		return STATUS_USAGE;
	vm->loop = loop_create();
	r = vm->loop ? 0 : -errno;
	if (r)
		msg_error("cannot make an event loop: %s", strerror(-r));
	/* One order for every architecture; what each step must find done stands in arch.h. */
	if (!r)
		r = create_vm(vm);
	if (!r)
		r = arch_vm_init(vm);
	if (!r)
		r = arch_vm_memory(vm);
	if (!r)
		r = create_vcpus(vm);
	if (!r)
		r = arch_vm_irqchip(vm);
	if (!r)
		r = arch_board(vm);
	if (r) {
		image_close(&image);
		return STATUS_HOST;
	}
	r = load_and_boot(vm, &image);
	image_close(&image);
	if (r)
		return inputs_fault(r) ? STATUS_USAGE : STATUS_HOST;
	return STATUS_PASS;
}

static void on_timeout(void *ctx, uint32_t events)
{
	vm_end(ctx, OUTCOME_TIMEOUT, 0);
}

void machine_run(struct vm *vm)
{
	int timer = -1, r = 0;

	if (vm->config->timeout) {
		timer = loop_timer(vm->loop, vm->config->timeout * 1000000000ull, on_timeout, vm);
		r = timer < 0 ? timer : 0;
	}
	if (!r)
		r = vcpus_start(vm);
	if (!r)
		r = loop_run(vm->loop);
	if (r) {
		msg_error("cannot run the machine: %s", strerror(-r));
		vm_end(vm, OUTCOME_HOST, 0);
	}
	vcpus_join(vm);
	if (timer >= 0)
		loop_cancel(vm->loop, timer);
}

void machine_destroy(struct vm *vm)
{
	arch_vm_destroy(vm);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		if (vm->vcpus[i].run)
			munmap(vm->vcpus[i].run, vm->vcpus[i].run_size);
		kvm_close(vm->vcpus[i].fd);
	}
	free(vm->vcpus);
	kvm_close(vm->fd);
	kvm_close(vm->kvm_fd);
	mem_destroy(&vm->mem);
	bus_destroy(&vm->mmio);
	bus_destroy(&vm->pio);
	if (vm->loop)
		loop_destroy(vm->loop);
	pthread_cond_destroy(&vm->pause_cond);
	pthread_mutex_destroy(&vm->pause_lock);
	pthread_mutex_destroy(&vm->end_lock);
}
