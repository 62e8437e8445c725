/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of `kvmbed run`'s start on arm64: nothing but the ioctls that a
 * guest which stores one word to the test finisher needs on a machine with a
 * GICv3, and no check of any.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#include "arch/arm64/board.h"

#define RAM (256ul << 20)

static void set(int vcpu, uint64_t offset, uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      offset / sizeof(uint32_t),
		.addr = (uintptr_t)&value,
	};

	ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

static void attr(int device, uint32_t group, uint64_t id, uint64_t value)
{
	struct kvm_device_attr a = {.group = group, .attr = id, .addr = (uintptr_t)&value};

	ioctl(device, KVM_SET_DEVICE_ATTR, &a);
}

int main(void)
{
	/* movz w1, #0x5555; movz x0, #base, lsl 16; str w1, [x0]: 0x5555 is "pass". */
	const uint32_t code[] = {0x528aaaa1, 0xd2a00000 | (uint32_t)(FINISHER_BASE >> 16) << 5,
				 0xb9000001};
	struct kvm_create_device gic = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu;
	struct kvm_userspace_memory_region ram = {.guest_phys_addr = 0x80000000,
						  .memory_size = RAM};
	struct kvm_vcpu_init init;
	uint8_t *memory;
	struct kvm_run *run;

	memory = mmap(NULL, RAM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ram.userspace_addr = (uintptr_t)memory;
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	ioctl(vm, KVM_CREATE_DEVICE, &gic);
	attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x3fff0000);
	attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x3ffd0000);
	attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	memcpy(memory + 0x80000, code, sizeof(code));
	set(vcpu, offsetof(struct kvm_regs, regs.pc), 0x80080000);
	return ioctl(vcpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_MMIO;
}
