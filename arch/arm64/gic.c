/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GIC: choosing one, making the in-kernel one (gic_user.c has the other),
 * the lines of devices, MSIs by the ITS, and its nodes in the device tree. Linux: Documentation/virt/kvm/devices/
 * arm-vgic.rst, arm-vgic-v3.rst, arm-vgic-its.rst; GIC architecture: Arm IHI 0048
 * (v2), IHI 0069 (v3).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "devices/gicv2.h"
#include "dtb.h"
#include "msg.h"

#define FIRST_SPI 32u

bool gic_is_v2(const struct vm *vm)
{
	return vm->arch->irqchip == IRQCHIP_GICV2 || vm->arch->irqchip == IRQCHIP_GICV2_USER;
}

/* 1 or 0; -errno, reported, if KVM cannot tell. */
static int host_has(struct vm *vm, uint32_t type)
{
	struct kvm_create_device test = {.type = type, .flags = KVM_CREATE_DEVICE_TEST};
	int r = kvm_try(vm->fd, KVM_CREATE_DEVICE, (uintptr_t)&test);

	if (r >= 0)
		return 1;
	if (r == -ENODEV)
		return 0;
	msg_error("KVM_CREATE_DEVICE failed: %s (%s), asked whether there is a %s", errno_name(r),
		  strerror(-r), kvm_name(KVM_NAMES_DEVICE, type) ?: "device");
	return r;
}

/* An enum irqchip, or -errno. */
static int best_irqchip(struct vm *vm)
{
	int r = host_has(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

	if (r > 0) {
		r = host_has(vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
		return r < 0 ? r : r ? IRQCHIP_GICV3_ITS : IRQCHIP_GICV3;
	}
	if (!r)
		r = host_has(vm, KVM_DEV_TYPE_ARM_VGIC_V2);
	return r < 0 ? r : r ? IRQCHIP_GICV2 : IRQCHIP_NONE;
}

static int need_device(struct vm *vm, uint32_t type, const char *what)
{
	int r = host_has(vm, type);

	if (r)
		return r < 0 ? r : 0;
	msg_error("a %s cannot be had on this host: its KVM lacks %s; try another --irqchip", what,
		  kvm_name(KVM_NAMES_DEVICE, type) ?: "the device");
	return -ENOTSUP;
}

int gic_choose(struct vm *vm)
{
	int chip = vm->config->arch->irqchip;
	int r = 0;

	if (chip == IRQCHIP_BEST) {
		chip = best_irqchip(vm);
		if (chip < 0)
			return chip;
		if (chip == IRQCHIP_NONE) {
			msg_error(
				"this host's KVM has no GIC at all: use --irqchip gicv2-user, or none");
			return -ENOTSUP;
		}
	}
	if (chip == IRQCHIP_GICV2)
		r = need_device(vm, KVM_DEV_TYPE_ARM_VGIC_V2, "GICv2");
	else if (chip == IRQCHIP_GICV2_USER)
		r = arm64_need_cap(vm->fd, KVM_CAP_ARM_USER_IRQ, "--irqchip gicv2-user");
	else if (chip != IRQCHIP_NONE)
		r = need_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3, "GICv3");
	if (!r && chip == IRQCHIP_GICV3_ITS)
		r = need_device(vm, KVM_DEV_TYPE_ARM_VGIC_ITS, "GICv3 ITS");
	if (r)
		return r;
	vm->arch->irqchip = chip;
	if (vm->config->arch->el2 && gic_is_v2(vm)) {
		msg_error("--el2 needs a GICv3, and this host's KVM has only a GICv2");
		return -ENOTSUP;
	}
	if (gic_is_v2(vm) && vm->config->nr_vcpus > GICV2_MAX_VCPUS) {
		msg_error(
			"a GICv2 takes at most %u vCPUs: use --cpus %u or less, or --irqchip gicv3",
			GICV2_MAX_VCPUS, GICV2_MAX_VCPUS);
		return -EINVAL;
	}
	return 0;
}

/* All redistributors lie in one piece that ends where the distributor begins. */
static uint64_t redist_size(const struct vm *vm)
{
	return vm->config->nr_vcpus * GICV3_REDIST_SIZE;
}

static uint64_t redist_base(const struct vm *vm)
{
	return GIC_DIST_BASE - redist_size(vm);
}

static uint64_t its_base(const struct vm *vm)
{
	return redist_base(vm) - GICV3_ITS_SIZE;
}

static int set_attr(int fd, uint32_t group, uint64_t attr, const void *value)
{
	struct kvm_device_attr a = {.group = group, .attr = attr, .addr = (uintptr_t)value};

	return kvm_set_device_attr(fd, &a);
}

static int set_addr(int fd, uint64_t type, uint64_t addr)
{
	return set_attr(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, type, &addr);
}

/* Makes the device; its file descriptor, named for traces, or -errno. */
static int create(struct vm *vm, uint32_t type, const char *name)
{
	struct kvm_create_device device = {.type = type};
	int r = kvm_create_device(vm->fd, &device);

	if (r < 0)
		return r;
	kvm_name_fd(device.fd, "%s", name);
	return device.fd;
}

/* Addresses of the parts, number of interrupts, and INIT: all vCPUs exist. */
static int create_gic(struct vm *vm)
{
	bool v2 = vm->arch->irqchip == IRQCHIP_GICV2;
	uint32_t nr_irqs = GIC_NR_IRQS;
	uint32_t maintenance = 16 + PPI_MAINTENANCE;
	int fd, r;

	fd = create(vm, v2 ? KVM_DEV_TYPE_ARM_VGIC_V2 : KVM_DEV_TYPE_ARM_VGIC_V3, "gic");
	if (fd < 0)
		return fd;
	vm->arch->gic_fd = fd;
	r = set_addr(fd, v2 ? KVM_VGIC_V2_ADDR_TYPE_DIST : KVM_VGIC_V3_ADDR_TYPE_DIST,
		     GIC_DIST_BASE);
	if (!r && v2)
		r = set_addr(fd, KVM_VGIC_V2_ADDR_TYPE_CPU, GICV2_CPU_BASE);
	if (!r && !v2)
		r = set_addr(fd, KVM_VGIC_V3_ADDR_TYPE_REDIST, redist_base(vm));
	if (!r)
		r = set_attr(fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs);
	if (!r && vm->config->arch->el2)
		r = set_attr(fd, KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, 0, &maintenance);
	if (!r)
		r = set_attr(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	return r;
}

/* 0 from KVM: the guest has not mapped, or has masked, what the message stands for. Not worth a message of ours. */
static int its_send(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	struct vm *vm = ctx;
	struct kvm_msi message = {
		.address_lo = (uint32_t)address,
		.address_hi = address >> 32,
		.data = data,
		.flags = KVM_MSI_VALID_DEVID,
		.devid = devid,
	};
	int r = kvm_try(vm->fd, KVM_SIGNAL_MSI, (uintptr_t)&message);

	if (r < 0)
		return r;
	return r ? 0 : -ENOENT;
}

static int create_its(struct vm *vm)
{
	int fd, r;

	fd = create(vm, KVM_DEV_TYPE_ARM_VGIC_ITS, "its");
	if (fd < 0)
		return fd;
	vm->arch->its_fd = fd;
	r = set_addr(fd, KVM_VGIC_ITS_ADDR_TYPE, its_base(vm));
	if (!r)
		r = set_attr(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	if (!r)
		vm->msi = (struct msi_target){.send = its_send, .ctx = vm};
	return r;
}

int arch_vm_irqchip(struct vm *vm)
{
	int r = 0;

	if (vm->arch->irqchip == IRQCHIP_NONE)
		msg_warn("--irqchip none: no interrupt of a device or a timer reaches the guest");
	else if (vm->arch->irqchip == IRQCHIP_GICV2_USER)
		r = gic_user_init(vm);
	else
		r = create_gic(vm);
	if (!r && vm->arch->irqchip == IRQCHIP_GICV3_ITS)
		r = create_its(vm);
	if (!r && vm->config->arch->pmu)
		r = arm64_pmu_init(vm);
	return r;
}

static void spi_set(void *ctx, unsigned int n, bool level)
{
	struct vm *vm = ctx;
	struct kvm_irq_level line = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (FIRST_SPI + n),
		.level = level,
	};

	kvm_irq_line(vm->fd, &line);
}

struct irq_line gic_spi(struct vm *vm, unsigned int spi)
{
	if (vm->arch->irqchip == IRQCHIP_NONE)
		return (struct irq_line){0};
	if (vm->arch->irqchip == IRQCHIP_GICV2_USER)
		return gicv2_input(vm->arch->gic, FIRST_SPI + spi);
	return (struct irq_line){.set = spi_set, .ctx = vm, .n = spi};
}

uint32_t gic_ppi_flags(const struct vm *vm, uint32_t trigger)
{
	/* A GICv2 specifier also says for which CPUs, one bit each from bit 8. */
	if (gic_is_v2(vm))
		return trigger | ((1u << vm->config->nr_vcpus) - 1) << 8;
	return trigger;
}

void gic_tree(struct vm *vm, struct dtb *t, uint32_t phandle)
{
	bool v2 = gic_is_v2(vm);

	dtb_node(t, "interrupt-controller@%" PRIx64, (uint64_t)GIC_DIST_BASE);
	dtb_string(t, "compatible", v2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	dtb_u32(t, "#interrupt-cells", 3);
	dtb_empty(t, "interrupt-controller");
	if (v2)
		dtb_reg(t, GIC_DIST_BASE, GIC_DIST_SIZE, GICV2_CPU_BASE, GICV2_CPU_SIZE);
	else
		dtb_reg(t, GIC_DIST_BASE, GIC_DIST_SIZE, redist_base(vm), redist_size(vm));
	if (vm->config->arch->el2)
		dtb_cells(t, "interrupts", GIC_FDT_PPI, PPI_MAINTENANCE, IRQ_TYPE_LEVEL_HIGH);
	dtb_u32(t, "#address-cells", 2);
	dtb_u32(t, "#size-cells", 2);
	dtb_empty(t, "ranges");
	dtb_phandle(t, phandle);
	if (vm->arch->irqchip == IRQCHIP_GICV3_ITS) {
		dtb_node(t, "msi-controller@%" PRIx64, its_base(vm));
		dtb_string(t, "compatible", "arm,gic-v3-its");
		dtb_empty(t, "msi-controller");
		dtb_u32(t, "#msi-cells", 1);
		dtb_reg(t, its_base(vm), GICV3_ITS_SIZE);
		dtb_end(t);
	}
	dtb_end(t);
}
