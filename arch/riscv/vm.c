/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VM and its vCPUs: type, memory, first set-up, the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "arch.h"
#include "arch/riscv/board.h"
#include "arch/riscv/riscv.h"
#include "devices/serial.h"
#include "msg.h"

long arch_vm_type(int kvm_fd, const struct config *config)
{
	return 0; /* KVM on RISC-V has one */
}

int arch_vm_init(struct vm *vm)
{
	vm->arch = calloc(1, sizeof(*vm->arch));
	if (!vm->arch)
		return -ENOMEM;
	vm->arch->aia.fd = -1;
	return irqchip_choose(vm);
}

int arch_vm_memory(struct vm *vm)
{
	/* What the second translation stage covers: 41 bits with Sv39x4, 50 with Sv48x4, 59 with Sv57x4. */
	int bits = kvm_check_extension(vm->fd, KVM_CAP_VM_GPA_BITS);
	uint64_t size = vm->config->mem_size;

	if (bits > 0 && bits < 64 && size > (1ull << bits) - RAM_BASE) {
		msg_error(
			"%" PRIu64
			" MiB of memory do not fit into this host's %d bits of guest physical address: use a smaller --mem",
			size >> 20, bits);
		return -ERANGE;
	}
	return vm_add_memory(vm, RAM_BASE, size, &vm->config->backing, 0, "ram");
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	return riscv_ext_apply(vcpu);
}

void arch_vm_destroy(struct vm *vm)
{
	if (!vm->arch)
		return;
	board_destroy(vm->arch->board);
	serial_destroy(vm->console);
	vm->console = NULL;
	irqchip_destroy(vm);
	free(vm->arch);
	vm->arch = NULL;
}
