/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of cases.lua (without arguments) and of calls.lua (with one): the same ioctls, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CASES 1000

static struct kvm_cpuid2 *cpuid;

static void want(int err, int result)
{
	if ((result < 0 ? errno : 0) == err)
		return;
	perror("an ioctl did not answer as expected");
	exit(1);
}

static void four_calls(int vm, int vcpu, struct kvm_sregs2 *s)
{
	struct kvm_userspace_memory_region region = {.memory_size = 1};
	struct kvm_dirty_log log = {.slot = 1};

	s->flags = 0;
	want(0, ioctl(vcpu, KVM_SET_SREGS2, s));
	s->flags = 2;
	want(EINVAL, ioctl(vcpu, KVM_SET_SREGS2, s));
	want(EINVAL, ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
	want(ENOENT, ioctl(vm, KVM_GET_DIRTY_LOG, &log));
}

/* As vm:vcpu() does: with the host's CPUID. */
static int make(int kvm, int *vm)
{
	int vcpu;

	*vm = ioctl(kvm, KVM_CREATE_VM, 0);
	vcpu = ioctl(*vm, KVM_CREATE_VCPU, 0);
	want(0, vcpu);
	want(0, ioctl(vcpu, KVM_SET_CPUID2, cpuid));
	return vcpu;
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu;
	struct kvm_sregs2 s;

	cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return 1;
	cpuid->nent = 256;
	want(0, ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid));
	vcpu = make(kvm, &vm);
	want(0, ioctl(vcpu, KVM_GET_SREGS2, &s));
	for (int i = 0; i < CASES; i++) {
		if (argc > 1) {
			four_calls(vm, vcpu, &s);
			continue;
		}
		close(vcpu);
		close(vm);
		vcpu = make(kvm, &vm);
		want(0, ioctl(vcpu, KVM_GET_SREGS2, &s));
		four_calls(vm, vcpu, &s);
	}
	return 0;
}
