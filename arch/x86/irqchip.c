/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controllers of --irqchip, and the lines into them.
 *
 *	kernel	KVM_CREATE_IRQCHIP: all in KVM. Lines are KVM_IRQ_LINE, over the routes that KVM has
 *		from the start.
 *	split	KVM_CAP_SPLIT_IRQCHIP: local APICs in KVM. Our I/O APIC sends its interrupts as
 *		messages (KVM_SIGNAL_MSI) and hears of ends of interrupt by KVM_EXIT_IOAPIC_EOI; our
 *		8259 pair injects by hand (inject.c).
 *	none	Our 8259 pair alone.
 *
 * Documentation/virt/kvm/api.rst 4.24, 4.25, 4.52, 4.70, 7.5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "msg.h"
#include "arch/x86/board.h"
#include "arch/x86/kvm_x86.h"
#include "arch/x86/x86.h"
#include "devices/ioapic.h"
#include "devices/pic.h"

#define MSI_LEVEL_TRIGGERED (1u << 15)

/* Where the 8259 pair has its cascade. */
#define NO_GSI 2

/* One entry for each input of our I/O APIC, in use or not, and room to hand the used ones to KVM. */
struct x86_routes {
	struct kvm_irq_routing_entry pin[IOAPIC_PINS];
	bool used[IOAPIC_PINS];
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry list[IOAPIC_PINS]; /* head's entries */
};
_Static_assert(offsetof(struct x86_routes, list) ==
		       offsetof(struct x86_routes, head) + sizeof(struct kvm_irq_routing),
	       "the entries follow the head");

/* Lines, by irqchip. A failure of KVM here is the host's, and ends the VM. */

static void kernel_line(void *ctx, unsigned int gsi, bool level)
{
	struct kvm_irq_level arg = {.irq = gsi, .level = level};
	struct vm *vm = ctx;

	if (kvm_irq_line(vm->fd, &arg) < 0)
		vm_end(vm, OUTCOME_HOST, 0);
}

static void pic_line(void *ctx, unsigned int gsi, bool level)
{
	struct vm *vm = ctx;

	pic_set_irq(vm->arch->pic, gsi, level);
}

static void split_line(void *ctx, unsigned int gsi, bool level)
{
	struct vm *vm = ctx;

	if (gsi < PIC_INPUTS)
		pic_set_irq(vm->arch->pic, gsi, level);
	ioapic_set_irq(vm->arch->ioapic, gsi, level);
}

struct irq_line x86_irq(struct vm *vm, unsigned int gsi)
{
	static void (*const lines[])(void *ctx, unsigned int gsi, bool level) = {
		[X86_IRQCHIP_KERNEL] = kernel_line,
		[X86_IRQCHIP_SPLIT] = split_line,
		[X86_IRQCHIP_NONE] = pic_line,
	};
	enum x86_irqchip irqchip = vm->arch->irqchip;
	unsigned int nr = irqchip == X86_IRQCHIP_NONE ? PIC_INPUTS : BOARD_NR_GSIS;

	if (gsi >= nr || gsi == NO_GSI)
		return (struct irq_line){0};
	return (struct irq_line){.set = lines[irqchip], .ctx = vm, .n = gsi};
}

/*
 * Where a message names no CPU that exists KVM answers EPERM, and EINVAL for an
 * address that is none: the guest's doing, and the message is lost as it would
 * be on a bus. Anything else is the host's failure.
 */
static int send_msi(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	struct kvm_msi msi = {
		.address_lo = address,
		.address_hi = address >> 32,
		.data = data,
	};
	struct vm *vm = ctx;
	int r = kvm_try(vm->fd, KVM_SIGNAL_MSI, (uintptr_t)&msi);

	if (r < 0 && r != -EPERM && r != -EINVAL) {
		msg_error("KVM_SIGNAL_MSI failed: %s (%s)", errno_name(r), strerror(-r));
		vm_end(vm, OUTCOME_HOST, 0);
	}
	/* 0: a local APIC that is switched off has dropped it. */
	return r > 0 ? 0 : r ? r : -EAGAIN;
}

static void set_intr(void *ctx, unsigned int n, bool level)
{
	x86_intr_changed(ctx, level);
}

static int create_kernel(struct vm *vm)
{
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
	int r;

	if (!kvm_check_extension(vm->fd, KVM_CAP_IRQCHIP) ||
	    !kvm_check_extension(vm->fd, KVM_CAP_PIT2)) {
		msg_error("this host's KVM has no I/O APIC, PIC and PIT: use --irqchip split");
		return -ENOTSUP;
	}
	r = kvm_create_irqchip(vm->fd, 0);
	/* After the irqchip: KVM wants to have the PIC that it raises. */
	return r < 0 ? r : kvm_create_pit2(vm->fd, &pit);
}

static int create_split(struct vm *vm)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IOAPIC_PINS}};

	if (!kvm_check_extension(vm->fd, KVM_CAP_SPLIT_IRQCHIP)) {
		msg_error("this host's KVM has no split irqchip: use --irqchip kernel");
		return -ENOTSUP;
	}
	return kvm_enable_cap(vm->fd, &cap);
}

int x86_irqchip_init(struct vm *vm)
{
	int r = 0;

	switch (vm->arch->irqchip) {
	case X86_IRQCHIP_KERNEL:
		r = create_kernel(vm);
		break;
	case X86_IRQCHIP_SPLIT:
		r = create_split(vm);
		break;
	case X86_IRQCHIP_NONE:
		if (vm->config->nr_vcpus > 1) {
			msg_error(
				"--irqchip none has no local APIC to start a second CPU with: use --cpus 1");
			r = -EINVAL;
		}
	}
	return r < 0 ? r : 0;
}

/*
 * Makes one input's entry what the guest has written. Returns whether KVM must
 * be told. A level-triggered input keeps its route while it is masked: guests
 * mask it before they end its interrupt, and KVM only hands out the EOI of a
 * vector that it finds in a route.
 */
static bool update_route(struct x86_routes *routes, unsigned int pin,
			 const struct ioapic_route *route)
{
	struct kvm_irq_routing_entry *e = &routes->pin[pin];
	struct kvm_irq_routing_entry now = {
		.gsi = pin,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi.address_lo = route->address,
		.u.msi.address_hi = route->address >> 32,
		.u.msi.data = route->data,
	};

	if (route->masked) {
		if (!routes->used[pin] || e->u.msi.data & MSI_LEVEL_TRIGGERED)
			return false;
		routes->used[pin] = false;
		return true;
	}
	if (routes->used[pin] && e->u.msi.address_lo == now.u.msi.address_lo &&
	    e->u.msi.address_hi == now.u.msi.address_hi && e->u.msi.data == now.u.msi.data)
		return false;
	*e = now;
	routes->used[pin] = true;
	return true;
}

static void route_changed(void *ctx, unsigned int pin)
{
	struct vm *vm = ctx;
	struct x86_routes *routes = vm->arch->routes;
	struct ioapic_route route = ioapic_route(vm->arch->ioapic, pin);

	if (!update_route(routes, pin, &route))
		return;
	routes->head.nr = 0;
	for (unsigned int i = 0; i < IOAPIC_PINS; i++) {
		if (routes->used[i])
			routes->list[routes->head.nr++] = routes->pin[i];
	}
	if (kvm_set_gsi_routing(vm->fd, &routes->head) < 0)
		vm_end(vm, OUTCOME_HOST, 0);
}

static int make_ioapic(struct vm *vm)
{
	const struct ioapic_config config = {
		.msi = vm->msi,
		.route_changed = route_changed,
		.ctx = vm,
	};
	struct arch_vm *arch = vm->arch;

	arch->routes = calloc(1, sizeof(*arch->routes));
	if (!arch->routes)
		return x86_no_memory();
	arch->ioapic = ioapic_create(&config);
	return arch->ioapic ? ioapic_attach(arch->ioapic, &vm->mmio, IOAPIC_BASE) : x86_no_memory();
}

/*
 * What a PC's firmware has done before anybody else runs: vectors 0x08 and 0x70,
 * for which real-mode guests have their handlers (kvm-unit-tests' realmode). No
 * input is masked, as in KVM's own PIC.
 */
static void initialise_pic(struct bus *port)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} words[] = {
		{PIC_MASTER_BASE, 0x11},     {PIC_MASTER_BASE + 1, 0x08},
		{PIC_MASTER_BASE + 1, 0x04}, {PIC_MASTER_BASE + 1, 0x01},
		{PIC_SLAVE_BASE, 0x11},	     {PIC_SLAVE_BASE + 1, 0x70},
		{PIC_SLAVE_BASE + 1, 0x02},  {PIC_SLAVE_BASE + 1, 0x01},
	};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		bus_write(port, words[i].port, 1, words[i].value);
}

static int make_pic(struct vm *vm)
{
	const struct pic_config config = {.intr = {.set = set_intr, .ctx = vm}};
	int r;

	vm->arch->pic = pic_create(&config);
	if (!vm->arch->pic)
		return x86_no_memory();
	/* INT goes to the first CPU only: the others' LINT0 is masked or, as firmware leaves it, unused. */
	vm->vcpus[0].prepare = x86_serve_pic;
	r = pic_attach(vm->arch->pic, &vm->pio);
	if (!r)
		initialise_pic(&vm->pio);
	return r;
}

int arch_vm_irqchip(struct vm *vm)
{
	int r = 0;

	if (vm->arch->irqchip != X86_IRQCHIP_NONE)
		vm->msi = (struct msi_target){.send = send_msi, .ctx = vm};
	if (vm->arch->irqchip != X86_IRQCHIP_KERNEL)
		r = make_pic(vm);
	if (!r && vm->arch->irqchip == X86_IRQCHIP_SPLIT)
		r = make_ioapic(vm);
	return r;
}

void x86_irqchip_eoi(struct vm *vm, uint8_t vector)
{
	if (vm->arch->ioapic)
		ioapic_eoi(vm->arch->ioapic, vector);
}

void x86_irqchip_destroy(struct vm *vm)
{
	if (vm->arch->ioapic)
		ioapic_destroy(vm->arch->ioapic);
	if (vm->arch->pic)
		pic_destroy(vm->arch->pic);
	free(vm->arch->routes);
}
