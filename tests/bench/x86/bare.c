/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of `kvmbed run`'s start on x86: nothing but the ioctls that a guest
 * of one instruction needs on the same kind of machine, and no check of any.
 * The instruction is `out %al, $0xf4` in real mode.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#define RAM  (256ul << 20)
#define CODE 0x7c00

int main(void)
{
	static const uint8_t code[] = {0xe6, 0xf4};
	static union {
		struct kvm_cpuid2 cpuid;
		char room[sizeof(struct kvm_cpuid2) + 256 * sizeof(struct kvm_cpuid_entry2)];
	} c = {.cpuid.nent = 256};
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu;
	uint64_t identity = 0xfffbc000;
	struct kvm_sregs2 sregs;
	struct kvm_regs regs = {.rip = CODE, .rflags = 2};
	struct kvm_userspace_memory_region ram = {.memory_size = RAM};
	uint8_t *memory;
	struct kvm_run *run;

	ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	ioctl(vm, KVM_CREATE_IRQCHIP, 0);
	ioctl(vm, KVM_CREATE_PIT2, &pit);
	ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &c.cpuid);
	memory = mmap(NULL, RAM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ram.userspace_addr = (uintptr_t)memory;
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	ioctl(vcpu, KVM_SET_CPUID2, &c.cpuid);
	memcpy(memory + CODE, code, sizeof(code));
	ioctl(vcpu, KVM_GET_SREGS2, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	ioctl(vcpu, KVM_SET_SREGS2, &sregs);
	ioctl(vcpu, KVM_SET_REGS, &regs);
	return ioctl(vcpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_IO;
}
