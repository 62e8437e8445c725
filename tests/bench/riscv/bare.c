/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of `kvmbed run`'s start on RISC-V: nothing but the ioctls that a
 * guest which stores one word to the test finisher needs, and no check of any.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#define RAM_BASE 0x80000000ul
#define RAM	 (256ul << 20)

static void set(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

#define CORE(name)                                               \
	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE | \
	 (offsetof(struct kvm_riscv_core, name) / sizeof(long)))

int main(void)
{
	/* lui a0, 0x100; lui a1, 5; addi a1, a1, 0x555; sw a1, 0(a0): 0x5555 is "pass". */
	static const uint32_t code[] = {0x00100537, 0x000055b7, 0x55558593, 0x00b52023};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu;
	struct kvm_userspace_memory_region ram = {.guest_phys_addr = RAM_BASE, .memory_size = RAM};
	uint8_t *memory;
	struct kvm_run *run;

	memory = mmap(NULL, RAM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ram.userspace_addr = (uintptr_t)memory;
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	memcpy(memory + 0x200000, code, sizeof(code));
	set(vcpu, CORE(regs.pc), RAM_BASE + 0x200000);
	set(vcpu, CORE(regs.a0), 0);
	set(vcpu, CORE(mode), KVM_RISCV_MODE_S);
	return ioctl(vcpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_MMIO;
}
