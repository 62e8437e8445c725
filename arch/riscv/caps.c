/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kvmbed caps` says of a RISC-V host: back-end, registers, limits. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "host.h"
#include "json.h"
#include "kvm.h"
#include "kvm_reglist.h"
#include "msg.h"
#include "reg_names.h"

void arch_reg_name(uint64_t id, char *buf, size_t size)
{
	riscv_reg_name(id, buf, size);
}

unsigned long arch_caps_vm_type(int kvm_fd)
{
	return 0;
}

/* ---- back-end ---- */

/* KVM has one back-end, the H extension; as a guest of another hypervisor it may be helped by SBI calls (NACL). */
const char *const arch_backends[] = {"hext", "hext-nacl", NULL};

/* Has the processor an extension of one letter? In "rv64imafdch_zicbom_..." those come first. */
static bool has_letter(const char *isa, char letter)
{
	size_t n = strcspn(isa, "_");

	return n > 4 && memchr(isa + 4, letter, n - 4);
}

/* "1 if there", or what the host answered. */
static void aia(int vm_fd, struct json *out)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_RISCV_AIA,
					   .flags = KVM_CREATE_DEVICE_TEST};

	if (vm_fd >= 0)
		json_set(out, "aia",
			 json_bool(kvm_try(vm_fd, KVM_CREATE_DEVICE, (uintptr_t)&device) >= 0));
}

void arch_caps_backend(int kvm_fd, int vm_fd, struct json *out)
{
	static const char *const nested[] = {"SBI nested acceleration", NULL};
	struct json *because = json_array();
	char text[512];
	int logged = host_kernel_log(nested, text, sizeof(text));

	json_set(out, "name", json_string("%s", logged ? "hext" : "hext-nacl"));
	json_set(out, "because", because);
	if (!logged)
		json_add(because, json_string("the kernel's log says \"%s\"", text));
	else
		json_add(
			because,
			json_string(
				"%s",
				logged == -ENOENT
					? "/dev/kvm is there, and the log does not speak of nested acceleration"
					: "/dev/kvm is there; the kernel's log may not be read by this user"));
	if (host_cpuinfo("isa", text, sizeof(text)))
		json_add(because, json_string("/proc/cpuinfo %s the H extension",
					      has_letter(text, 'h') ? "has" : "does not have"));
	aia(vm_fd, out);
}

/* ---- registers ---- */

static int sample_vcpu(int kvm_fd, int *vm_fd)
{
	int fd;

	*vm_fd = kvm_try(kvm_fd, KVM_CREATE_VM, 0);
	if (*vm_fd < 0)
		return *vm_fd;
	fd = kvm_try(*vm_fd, KVM_CREATE_VCPU, 0);
	if (fd < 0)
		kvm_close(*vm_fd);
	return fd;
}

/* What the host is, and which extensions a new vCPU has. */
static bool tells_host(uint64_t id)
{
	switch (id & KVM_REG_RISCV_TYPE_MASK) {
	case KVM_REG_RISCV_CONFIG:
	case KVM_REG_RISCV_ISA_EXT:
	case KVM_REG_RISCV_SBI_EXT:
		return true;
	}
	return false;
}

void arch_caps_registers(int kvm_fd, struct json *out)
{
	int vm_fd, fd = sample_vcpu(kvm_fd, &vm_fd), r = fd;
	struct kvm_reg_list *list = NULL;

	if (fd >= 0)
		list = kvm_reglist_get(fd, &r);
	if (list)
		kvm_reglist_describe(out, "base", fd, list, NULL, tells_host);
	else
		json_set(json_set(out, "base", json_object()), "absent",
			 json_string("%s: %s", fd < 0 ? "KVM_CREATE_VCPU" : "KVM_GET_REG_LIST",
				     errno_name(r)));
	free(list);
	if (fd >= 0) {
		kvm_close(fd);
		kvm_close(vm_fd);
	}
}

/* ---- limits ---- */

static bool get(int vcpu_fd, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = {.id = KVM_REG_RISCV | KVM_REG_SIZE_U64 | id,
				  .addr = (uintptr_t)value};

	return kvm_try(vcpu_fd, KVM_GET_ONE_REG, (uintptr_t)&reg) >= 0;
}

void arch_caps_limits(int kvm_fd, int unused_vm_fd, struct json *out)
{
	static const struct {
		const char *name;
		uint64_t id;
	} regs[] = {
		{"timer_hz", KVM_REG_RISCV_TIMER | KVM_REG_RISCV_TIMER_REG(frequency)},
		{"zicbom_block_bytes",
		 KVM_REG_RISCV_CONFIG | KVM_REG_RISCV_CONFIG_REG(zicbom_block_size)},
		{"zicboz_block_bytes",
		 KVM_REG_RISCV_CONFIG | KVM_REG_RISCV_CONFIG_REG(zicboz_block_size)},
		{"satp_mode", KVM_REG_RISCV_CONFIG | KVM_REG_RISCV_CONFIG_REG(satp_mode)},
	};
	int bits = kvm_check_extension(kvm_fd, KVM_CAP_VM_GPA_BITS), vm_fd, fd;
	uint64_t value;

	if (bits)
		json_set(out, "guest_physical_bits", json_number(bits));
	fd = sample_vcpu(kvm_fd, &vm_fd);
	if (fd < 0)
		return;
	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		if (get(fd, regs[i].id, &value))
			json_set(out, regs[i].name, json_number((long long)value));
	}
	kvm_close(fd);
	kvm_close(vm_fd);
}
