/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the guest starts: the device tree that describes the board to it, where
 * tree and initrd lie in its memory, and the first registers. Linux:
 * Documentation/arch/arm64/booting.rst; Devicetree Specification v0.4 and
 * Linux's bindings.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "dtb.h"
#include "msg.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* The tree lies within 512 MiB of the image (kernels before 4.2), and in a 2 MiB block of its own. */
#define DTB_WINDOW (512 * MIB)
#define DTB_ALIGN  (2 * MIB)
/* Image and initrd lie in one window of this size, aligned to 1 GiB, as RAM_BASE is. */
#define INITRD_WINDOW (32 * GIB)
#define INITRD_ALIGN  4096ull

static uint64_t ram_end(const struct vm *vm, uint64_t window)
{
	uint64_t size = vm->config->mem_size;

	return RAM_BASE + (size < window ? size : window);
}

static void tree_cpus(struct vm *vm, struct dtb *t)
{
	dtb_node(t, "cpus");
	dtb_u32(t, "#address-cells", 2);
	dtb_u32(t, "#size-cells", 0);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		uint64_t mpidr = vm->vcpus[i].arch->mpidr;

		dtb_node(t, "cpu@%" PRIx64, mpidr);
		dtb_string(t, "device_type", "cpu");
		dtb_string(t, "compatible", "arm,armv8");
		if (vm->nr_vcpus > 1)
			dtb_string(t, "enable-method", "psci");
		dtb_reg(t, mpidr);
		dtb_end(t);
	}
	dtb_end(t);
}

static void tree_psci(struct vm *vm, struct dtb *t)
{
	dtb_node(t, "psci");
	dtb_strings(t, "compatible", "arm,psci-1.0", "arm,psci-0.2", "arm,psci");
	/* At EL2 the guest itself takes HVC; its SMC is for KVM. */
	dtb_string(t, "method", vm->config->arch->el2 ? "smc" : "hvc");
	/* For an "arm,psci" client; KVM answers the PSCI 0.2 numbers. */
	dtb_u32(t, "cpu_suspend", vm->config->arch->aarch32 ? 0x84000001 : 0xc4000001);
	dtb_u32(t, "cpu_off", 0x84000002);
	dtb_u32(t, "cpu_on", vm->config->arch->aarch32 ? 0x84000003 : 0xc4000003);
	dtb_end(t);
}

static void tree_timer(struct vm *vm, struct dtb *t)
{
	const uint32_t ppis[] = {PPI_TIMER_SECURE, PPI_TIMER_PHYS, PPI_TIMER_VIRT, PPI_TIMER_HYP,
				 PPI_TIMER_HVIRT};
	/* The hypervisor's virtual timer is there with EL2 only. */
	size_t n = sizeof(ppis) / sizeof(ppis[0]) - !vm->config->arch->el2;
	uint32_t cells[3 * sizeof(ppis) / sizeof(ppis[0])];

	for (size_t i = 0; i < n; i++) {
		cells[3 * i] = GIC_FDT_PPI;
		cells[3 * i + 1] = ppis[i];
		cells[3 * i + 2] = gic_ppi_flags(vm, IRQ_TYPE_LEVEL_LOW);
	}
	dtb_node(t, "timer");
	dtb_string(t, "compatible", "arm,armv8-timer");
	dtb_u32_list(t, "interrupts", cells, 3 * n);
	dtb_empty(t, "always-on");
	dtb_end(t);
}

static void tree_pmu(struct vm *vm, struct dtb *t)
{
	dtb_node(t, "pmu");
	dtb_string(t, "compatible", "arm,armv8-pmuv3");
	dtb_cells(t, "interrupts", GIC_FDT_PPI, PPI_PMU, gic_ppi_flags(vm, IRQ_TYPE_LEVEL_HIGH));
	dtb_end(t);
}

static void tree_root(struct vm *vm, struct dtb *t, const struct placed *initrd)
{
	bool interrupts = vm->arch->irqchip != IRQCHIP_NONE;
	uint32_t gic = interrupts ? dtb_new_phandle(t) : 0;

	dtb_string(t, "model", "kvmbed arm64 board");
	dtb_strings(t, "compatible", "kvmbed,arm64", "linux,dummy-virt");
	dtb_u32(t, "#address-cells", 2);
	dtb_u32(t, "#size-cells", 2);
	if (interrupts)
		dtb_u32(t, "interrupt-parent", gic);
	dtb_chosen(t, &(struct dtb_chosen){
			      .bootargs = vm->config->cmdline,
			      .stdout_path = board_stdout_path(vm),
			      .initrd_start = initrd->start,
			      .initrd_end = initrd->end,
		      });
	dtb_memory(t, &vm->mem);
	tree_cpus(vm, t);
	tree_psci(vm, t);
	if (interrupts) {
		gic_tree(vm, t, gic);
		tree_timer(vm, t);
		if (vm->config->arch->pmu)
			tree_pmu(vm, t);
	}
	board_tree(vm, t);
}

/* Builds the tree; the caller destroys it, also after an error. */
static int build_tree(struct vm *vm, struct dtb *t, const struct placed *initrd)
{
	int r;

	dtb_init(t);
	tree_root(vm, t, initrd);
	r = dtb_finish(t);
	if (!r && vm->config->dump_dtb)
		r = dtb_write_file(t, vm->config->dump_dtb);
	return r;
}

/* As high as it may lie, so that it is out of the way of whatever the image does behind its end. */
static int place_tree(struct vm *vm, const struct dtb *t, uint64_t *gpa)
{
	int r = place_high(&vm->place, &vm->mem, RAM_BASE, ram_end(vm, DTB_WINDOW), t->size,
			   DTB_ALIGN, "device tree", gpa);

	if (r)
		return r;
	mem_small_pages(&vm->mem, *gpa, t->size);
	return mem_write(&vm->mem, *gpa, t->blob, t->size);
}

static int load_initrd(struct vm *vm, struct placed *initrd)
{
	uint64_t window = vm->config->arch->aarch32 ? DTB_WINDOW : INITRD_WINDOW;
	uint64_t size;
	uint8_t *data;
	int r;

	r = file_read(vm->config->initrd, vm->config->mem_size, &data, &size, "initrd");
	if (r)
		return r;
	r = place_high(&vm->place, &vm->mem, RAM_BASE, ram_end(vm, window), size, INITRD_ALIGN,
		       "initrd", &initrd->start);
	if (!r)
		r = mem_write(&vm->mem, initrd->start, data, size);
	if (!r)
		initrd->end = initrd->start + size;
	free(data);
	return r;
}

int arch_boot(struct vm *vm, const struct image *img)
{
	struct arm64_start start = {.entry = img->entry};
	struct placed initrd = {0};
	struct dtb tree;
	int r;

	if (vm->config->initrd) {
		r = load_initrd(vm, &initrd);
		if (r)
			return r;
	}
	r = build_tree(vm, &tree, &initrd);
	if (!r)
		r = place_tree(vm, &tree, &start.dtb);
	dtb_destroy(&tree);
	if (r)
		return r;
	/* The others get their registers from the guest's CPU_ON. */
	return arm64_set_start(&vm->vcpus[0], &start);
}
