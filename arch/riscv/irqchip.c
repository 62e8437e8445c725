/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controller: KVM's in-kernel AIA (Documentation/virt/kvm/devices
 * has no page on it; the attributes are those of asm/kvm.h), or the PLIC model
 * of devices/plic.c, whose outputs are the harts' external interrupt pins.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/riscv/board.h"
#include "arch/riscv/riscv.h"
#include "devices/plic.h"
#include "dtb.h"
#include "msg.h"

/* ---- Choosing -------------------------------------------------------------- */

/* The device's file descriptor; -ENODEV, not reported, if the host has none. */
static int create_aia(struct vm *vm)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_RISCV_AIA};
	int r = kvm_try(vm->fd, KVM_CREATE_DEVICE, (uintptr_t)&device);

	if (!r) {
		kvm_name_fd(device.fd, "aia");
		return device.fd;
	}
	if (r != -ENODEV)
		msg_error("KVM_CREATE_DEVICE failed for the in-kernel AIA: %s (%s)", errno_name(r),
			  strerror(-r));
	return r;
}

int irqchip_choose(struct vm *vm)
{
	const struct arch_config *config = vm->config->arch;
	enum irqchip wanted = config->irqchip;
	int fd;

	/* A guest without the CSRs of the AIA cannot use one. */
	if (wanted == IRQCHIP_BEST && config->isa[KVM_RISCV_ISA_EXT_SSAIA] == CHOICE_OFF)
		wanted = IRQCHIP_PLIC;
	vm->arch->irqchip = wanted;
	if (wanted != IRQCHIP_BEST && wanted != IRQCHIP_AIA)
		return 0;

	fd = create_aia(vm);
	if (fd == -ENODEV && wanted == IRQCHIP_BEST) {
		vm->arch->irqchip = IRQCHIP_PLIC;
		return 0;
	}
	if (fd == -ENODEV)
		msg_error(
			"this host's KVM has no in-kernel AIA (its harts lack Ssaia): use --irqchip plic");
	if (fd < 0)
		return fd;
	vm->arch->aia.fd = fd;
	vm->arch->irqchip = IRQCHIP_AIA;
	return 0;
}

/* ---- AIA ------------------------------------------------------------------- */

static int aia_set(struct vm *vm, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr arg = {.group = group, .attr = attr, .addr = (uintptr_t)value};

	return kvm_set_device_attr(vm->arch->aia.fd, &arg);
}

static int aia_set_config(struct vm *vm, uint64_t attr, uint32_t value)
{
	return aia_set(vm, KVM_DEV_RISCV_AIA_GRP_CONFIG, attr, &value);
}

static int aia_set_address(struct vm *vm, uint64_t attr, uint64_t gpa)
{
	return aia_set(vm, KVM_DEV_RISCV_AIA_GRP_ADDR, attr, &gpa);
}

static int aia_set_mode(struct vm *vm)
{
	int mode = vm->config->arch->aia_mode;
	struct kvm_device_attr arg = {
		.group = KVM_DEV_RISCV_AIA_GRP_CONFIG,
		.attr = KVM_DEV_RISCV_AIA_CONFIG_MODE,
		.addr = (uintptr_t)&mode,
	};
	int r;

	if (mode < 0)
		return 0;
	r = kvm_try(vm->arch->aia.fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&arg);
	if (r == -EINVAL && mode != KVM_DEV_RISCV_AIA_MODE_EMUL)
		msg_error(
			"this host has no guest interrupt files for the AIA: use --irqchip aia:emul");
	else if (r)
		msg_error("KVM_SET_DEVICE_ATTR failed for the AIA's mode: %s", errno_name(r));
	return r;
}

/* Bits that number @n harts: 0 for 1, 1 for 2, 2 for 3 and 4, ... */
static uint32_t bits_for(unsigned int n)
{
	return n > 1 ? 32 - __builtin_clz(n - 1) : 0;
}

static int aia_send(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	struct vm *vm = ctx;
	struct kvm_msi msi = {
		.address_lo = (uint32_t)address,
		.address_hi = address >> 32,
		.data = data,
	};
	int r = kvm_try(vm->fd, KVM_SIGNAL_MSI, (uintptr_t)&msi);

	/* A guest chooses the data, and an identity that is not there is its own affair. */
	if (r < 0 && r != -ENODEV) {
		msg_error("KVM_SIGNAL_MSI failed: %s (%s)", errno_name(r), strerror(-r));
		vm_end(vm, OUTCOME_HOST, 0);
	}
	return r < 0 ? r : 0;
}

static void aia_set_source(void *ctx, unsigned int n, bool level)
{
	struct vm *vm = ctx;
	struct kvm_irq_level arg = {.irq = n, .level = level};

	/* A lost interrupt would hang the guest later, for no reason that shows. */
	if (kvm_irq_line(vm->fd, &arg) < 0)
		vm_end(vm, OUTCOME_HOST, 0);
}

/* Each IMSIC is a device on KVM's own bus, which has room for 1000 (NR_IOBUS_DEVS). */
static int aia_start(struct vm *vm)
{
	struct kvm_device_attr arg = {
		.group = KVM_DEV_RISCV_AIA_GRP_CTRL,
		.attr = KVM_DEV_RISCV_AIA_CTRL_INIT,
	};
	int r = kvm_try(vm->arch->aia.fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&arg);

	if (r == -ENOSPC)
		msg_error(
			"this host's KVM has no room for the IMSICs of %u harts: use fewer --cpus, or --irqchip plic",
			vm->nr_vcpus);
	else if (r)
		msg_error("KVM_SET_DEVICE_ATTR failed to initialise the AIA: %s (%s)",
			  errno_name(r), strerror(-r));
	return r;
}

static int aia_init(struct vm *vm)
{
	struct aia *aia = &vm->arch->aia;
	struct kvm_device_attr ids = {
		.group = KVM_DEV_RISCV_AIA_GRP_CONFIG,
		.attr = KVM_DEV_RISCV_AIA_CONFIG_IDS,
		.addr = (uintptr_t)&aia->nr_ids,
	};
	int r;

	r = aia_set_mode(vm);
	/* As many identities as the host's own files have; in MSI mode each source wants one. */
	if (!r)
		r = kvm_get_device_attr(aia->fd, &ids);
	if (r)
		return r;
	aia->nr_sources = aia->nr_ids < NR_SOURCES ? aia->nr_ids : NR_SOURCES;
	r = aia_set_config(vm, KVM_DEV_RISCV_AIA_CONFIG_SRCS, aia->nr_sources);
	/* One group; no guest files inside the guest's own, as KVM offers no nested virtualization. */
	if (!r)
		r = aia_set_config(vm, KVM_DEV_RISCV_AIA_CONFIG_GROUP_BITS, 0);
	if (!r)
		r = aia_set_config(vm, KVM_DEV_RISCV_AIA_CONFIG_HART_BITS, bits_for(vm->nr_vcpus));
	if (!r)
		r = aia_set_config(vm, KVM_DEV_RISCV_AIA_CONFIG_GUEST_BITS, 0);
	if (!r)
		r = aia_set_address(vm, KVM_DEV_RISCV_AIA_ADDR_APLIC, APLIC_BASE);
	for (unsigned int i = 0; !r && i < vm->nr_vcpus; i++)
		r = aia_set_address(vm, KVM_DEV_RISCV_AIA_ADDR_IMSIC(i),
				    IMSIC_BASE + i * (uint64_t)KVM_DEV_RISCV_IMSIC_SIZE);
	if (!r)
		r = aia_start(vm);
	if (r)
		return r;
	vm->msi = (struct msi_target){aia_send, vm};
	return 0;
}

static void aia_tree(struct vm *vm, struct dtb *t, const uint32_t *files, uint32_t aplic)
{
	const struct aia *aia = &vm->arch->aia;
	uint32_t imsic = dtb_new_phandle(t);

	dtb_node(t, "interrupt-controller@%llx", IMSIC_BASE);
	dtb_strings(t, "compatible", "qemu,imsics", "riscv,imsics");
	dtb_reg(t, IMSIC_BASE, vm->nr_vcpus * (uint64_t)KVM_DEV_RISCV_IMSIC_SIZE);
	dtb_empty(t, "interrupt-controller");
	dtb_u32(t, "#interrupt-cells", 0);
	dtb_u32(t, "#address-cells", 0);
	dtb_empty(t, "msi-controller");
	dtb_u32(t, "#msi-cells", 0);
	dtb_u32_list(t, "interrupts-extended", files, 2 * (size_t)vm->nr_vcpus);
	dtb_u32(t, "riscv,num-ids", aia->nr_ids);
	dtb_phandle(t, imsic);
	dtb_end(t);

	dtb_node(t, "interrupt-controller@%llx", APLIC_BASE);
	dtb_strings(t, "compatible", "qemu,aplic", "riscv,aplic");
	dtb_reg(t, APLIC_BASE, KVM_DEV_RISCV_APLIC_SIZE);
	dtb_empty(t, "interrupt-controller");
	dtb_u32(t, "#interrupt-cells", 2);
	dtb_u32(t, "#address-cells", 0);
	dtb_u32(t, "msi-parent", imsic);
	dtb_u32(t, "riscv,num-sources", aia->nr_sources);
	dtb_phandle(t, aplic);
	dtb_end(t);
}

/* ---- PLIC ------------------------------------------------------------------ */

/* A PLIC output: the external interrupt of one hart. The ioctl wakes it from WFI, on whatever thread this is. */
static void set_external(void *ctx, unsigned int n, bool level)
{
	struct vcpu *vcpu = ctx;
	struct kvm_interrupt arg = {.irq = level ? KVM_INTERRUPT_SET : KVM_INTERRUPT_UNSET};

	if (kvm_interrupt(vcpu->fd, &arg) < 0)
		vm_end(vcpu->vm, OUTCOME_HOST, 0);
}

static int plic_init(struct vm *vm)
{
	struct plic_config config = {
		.nr_sources = NR_SOURCES,
		.nr_contexts =
			vm->nr_vcpus, /* supervisor mode of each hart; a guest has no machine mode */
		.priority_bits = PLIC_PRIORITY_BITS,
	};
	struct irq_line *outputs = calloc(vm->nr_vcpus, sizeof(*outputs));

	if (!outputs)
		return -ENOMEM;
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		outputs[i] = (struct irq_line){.set = set_external, .ctx = &vm->vcpus[i]};
	config.outputs = outputs;
	vm->arch->plic = plic_create(&config);
	free(outputs);
	if (!vm->arch->plic)
		return -errno;
	return plic_attach(vm->arch->plic, &vm->mmio, PLIC_BASE);
}

static void plic_tree(struct vm *vm, struct dtb *t, const uint32_t *contexts, uint32_t plic)
{
	dtb_node(t, "interrupt-controller@%llx", PLIC_BASE);
	dtb_strings(t, "compatible", "sifive,plic-1.0.0", "riscv,plic0");
	dtb_reg(t, PLIC_BASE, PLIC_SIZE(vm->nr_vcpus));
	dtb_empty(t, "interrupt-controller");
	dtb_u32(t, "#interrupt-cells", 1);
	dtb_u32(t, "#address-cells", 0);
	dtb_u32_list(t, "interrupts-extended", contexts, 2 * (size_t)vm->nr_vcpus);
	dtb_u32(t, "riscv,ndev", NR_SOURCES);
	dtb_phandle(t, plic);
	dtb_end(t);
}

/* ---- Either ---------------------------------------------------------------- */

int arch_vm_irqchip(struct vm *vm)
{
	switch (vm->arch->irqchip) {
	case IRQCHIP_AIA:
		return aia_init(vm);
	case IRQCHIP_PLIC:
		return plic_init(vm);
	default:
		return 0;
	}
}

struct irq_line irqchip_source(struct vm *vm, unsigned int source)
{
	switch (vm->arch->irqchip) {
	case IRQCHIP_AIA:
		if (source <= vm->arch->aia.nr_sources)
			return (struct irq_line){aia_set_source, vm, source};
		break;
	case IRQCHIP_PLIC:
		return plic_input(vm->arch->plic, source);
	default:
		break;
	}
	return (struct irq_line){0};
}

void irqchip_tree(struct vm *vm, struct dtb *t, const uint32_t *intc, uint32_t phandle)
{
	uint32_t *external;

	if (vm->arch->irqchip == IRQCHIP_NONE)
		return;
	/* The external interrupt of each hart, as (controller, cause) pairs. */
	external = calloc(vm->nr_vcpus, 2 * sizeof(*external));
	if (!external) {
		t->error = t->error ? t->error : -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		external[2 * i] = intc[i];
		external[2 * i + 1] = IRQ_S_EXT;
	}
	if (vm->arch->irqchip == IRQCHIP_AIA)
		aia_tree(vm, t, external, phandle);
	else
		plic_tree(vm, t, external, phandle);
	free(external);
}

void irqchip_interrupts(struct vm *vm, struct dtb *t, unsigned int source, unsigned int n)
{
	uint32_t cells[2 * NR_SOURCES];
	size_t used = 0;

	if (vm->arch->irqchip == IRQCHIP_NONE)
		return;
	for (unsigned int i = source; i < source + n && i <= NR_SOURCES; i++) {
		cells[used++] = i;
		/* The PLIC's inputs have no type; the APLIC's are what the guest makes them. */
		if (vm->arch->irqchip == IRQCHIP_AIA)
			cells[used++] = IRQ_TYPE_LEVEL_HIGH;
	}
	dtb_u32_list(t, "interrupts", cells, used);
}

void irqchip_destroy(struct vm *vm)
{
	plic_destroy(vm->arch->plic);
	vm->arch->plic = NULL;
	kvm_close(vm->arch->aia.fd);
	vm->arch->aia.fd = -1;
}
