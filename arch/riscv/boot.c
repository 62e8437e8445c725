/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the guest: device tree (bindings/riscv/cpus.yaml and its like),
 * initrd, and the first registers, as Documentation/arch/riscv/boot.rst and the
 * SBI specification's "Hart State Management" want them: the boot hart in
 * supervisor mode with satp 0, a0 its hart id and a1 the tree; the others
 * stopped until it starts them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arch/riscv/board.h"
#include "arch/riscv/riscv.h"
#include "dtb.h"
#include "image.h"
#include "msg.h"

/* The tree and the initrd stay below this: what a guest maps first should hold them. */
#define BOOT_DATA_END (RAM_BASE + (1ull << 30))
#define DTB_ALIGN     8u
#define INITRD_ALIGN  4096u

/* What the host says of all its harts, read from the first. */
struct harts {
	struct riscv_isa isa;
	uint64_t timebase, satp_mode; /* Hz; the mode field of satp */
	uint64_t cbom, cboz, cbop;    /* bytes, 0 if there is no such extension */
};

/* A register that a host or an older kernel may lack: 0 then. Another failure is reported. */
static int optional_reg(struct vcpu *vcpu, const char *name, uint64_t id, uint64_t *value)
{
	int r = riscv_try_get_reg(vcpu, id, value);

	if (!r)
		return 0;
	*value = 0;
	if (riscv_reg_absent(r))
		return 0;
	msg_error("KVM_GET_ONE_REG failed for %s: %s (%s)", name, errno_name(r), strerror(-r));
	return r;
}

static int read_harts(struct vcpu *vcpu, struct harts *harts)
{
	int r = riscv_isa_read(vcpu, &harts->isa);

	if (!r)
		r = riscv_get_reg(vcpu, REG_TIMER(frequency), &harts->timebase);
	if (!r)
		r = optional_reg(vcpu, "satp_mode", REG_CONFIG(satp_mode), &harts->satp_mode);
	if (!r)
		r = optional_reg(vcpu, "zicbom_block_size", REG_CONFIG(zicbom_block_size),
				 &harts->cbom);
	if (!r)
		r = optional_reg(vcpu, "zicboz_block_size", REG_CONFIG(zicboz_block_size),
				 &harts->cboz);
	if (!r)
		r = optional_reg(vcpu, "zicbop_block_size", REG_CONFIG(zicbop_block_size),
				 &harts->cbop);
	return r;
}

static const char *mmu_type(uint64_t satp_mode)
{
	switch (satp_mode) {
	case 8:
		return "riscv,sv39";
	case 9:
		return "riscv,sv48";
	case 10:
		return "riscv,sv57";
	}
	/* Every host with the H extension has Sv39; a kernel before 6.2 does not say more. */
	return "riscv,sv39";
}

static bool has_ext(const struct harts *harts, const char *name)
{
	for (unsigned int i = 0; i < harts->isa.nr; i++) {
		if (!strcmp(harts->isa.names[i], name))
			return true;
	}
	return false;
}

static void block_size(struct dtb *t, const struct harts *harts, const char *ext, const char *prop,
		       uint64_t bytes)
{
	if (bytes && has_ext(harts, ext))
		dtb_u32(t, prop, bytes);
}

static void cpu_node(struct dtb *t, const struct vcpu *vcpu, const struct harts *harts,
		     uint32_t intc)
{
	uint64_t id = riscv_hart_id(vcpu);

	dtb_node(t, "cpu@%" PRIx64, id);
	dtb_string(t, "device_type", "cpu");
	dtb_string(t, "compatible", "riscv");
	dtb_u32(t, "reg", id);
	dtb_string(t, "status", "okay");
	/* The first is for guests that do not know the other two. */
	dtb_string(t, "riscv,isa", harts->isa.string);
	dtb_string(t, "riscv,isa-base", "rv64i");
	dtb_string_list(t, "riscv,isa-extensions", harts->isa.names, harts->isa.nr);
	dtb_string(t, "mmu-type", mmu_type(harts->satp_mode));
	block_size(t, harts, "zicbom", "riscv,cbom-block-size", harts->cbom);
	block_size(t, harts, "zicboz", "riscv,cboz-block-size", harts->cboz);
	block_size(t, harts, "zicbop", "riscv,cbop-block-size", harts->cbop);

	dtb_node(t, "interrupt-controller");
	dtb_string(t, "compatible", "riscv,cpu-intc");
	dtb_empty(t, "interrupt-controller");
	dtb_u32(t, "#interrupt-cells", 1);
	dtb_u32(t, "#address-cells", 0);
	dtb_phandle(t, intc);
	dtb_end(t);
	dtb_end(t);
}

static void cpus_node(struct vm *vm, struct dtb *t, const struct harts *harts, const uint32_t *intc)
{
	dtb_node(t, "cpus");
	dtb_u32(t, "#address-cells", 1);
	dtb_u32(t, "#size-cells", 0);
	dtb_u32(t, "timebase-frequency", harts->timebase);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		cpu_node(t, &vm->vcpus[i], harts, intc[i]);
	dtb_end(t);
}

static void soc_node(struct vm *vm, struct dtb *t, const uint32_t *intc, uint32_t finisher)
{
	uint32_t controller = dtb_new_phandle(t);

	dtb_node(t, "soc");
	dtb_string(t, "compatible", "simple-bus");
	dtb_u32(t, "#address-cells", 2);
	dtb_u32(t, "#size-cells", 2);
	dtb_empty(t, "ranges");
	if (vm->arch->irqchip != IRQCHIP_NONE)
		dtb_u32(t, "interrupt-parent", controller);
	irqchip_tree(vm, t, intc, controller);
	board_tree_soc(vm, t, finisher);
	dtb_end(t);
}

static void tree_root(struct vm *vm, struct dtb *t, const struct harts *harts, const uint32_t *intc,
		      const struct placed *initrd)
{
	uint32_t finisher = dtb_new_phandle(t);

	dtb_string(t, "model", "kvmbed RISC-V board");
	dtb_strings(t, "compatible", "kvmbed,riscv", "linux,dummy-virt");
	dtb_u32(t, "#address-cells", 2);
	dtb_u32(t, "#size-cells", 2);
	dtb_chosen(t, &(struct dtb_chosen){
			      .bootargs = vm->config->cmdline,
			      .stdout_path = BOARD_STDOUT_PATH,
			      .initrd_start = initrd->start,
			      .initrd_end = initrd->end,
		      });
	dtb_memory(t, &vm->mem);
	cpus_node(vm, t, harts, intc);
	soc_node(vm, t, intc, finisher);
	board_tree_root(t, finisher);
}

/* Builds the tree; the caller destroys it, also after an error. */
static int build_tree(struct vm *vm, struct dtb *t, const struct placed *initrd)
{
	struct harts *harts = malloc(sizeof(*harts));
	uint32_t *intc = calloc(vm->nr_vcpus, sizeof(*intc));
	int r = harts && intc ? 0 : -ENOMEM;

	dtb_init(t);
	if (!r)
		r = read_harts(&vm->vcpus[0], harts);
	if (!r) {
		for (unsigned int i = 0; i < vm->nr_vcpus; i++)
			intc[i] = dtb_new_phandle(t);
		tree_root(vm, t, harts, intc, initrd);
		r = dtb_finish(t);
	}
	if (!r && vm->config->dump_dtb)
		r = dtb_write_file(t, vm->config->dump_dtb);
	free(intc);
	free(harts);
	return r;
}

static uint64_t boot_data_end(const struct vm *vm)
{
	uint64_t end = RAM_BASE + vm->config->mem_size;

	return end < BOOT_DATA_END ? end : BOOT_DATA_END;
}

/*
 * As high as it may lie, so that it is out of the way of whatever the image
 * does behind its end. The image's own memory, which is image_size of an Image
 * and not the file's size, has been taken by then.
 */
static int place_tree(struct vm *vm, const struct dtb *t, uint64_t *gpa)
{
	int r = place_high(&vm->place, &vm->mem, RAM_BASE, boot_data_end(vm), t->size, DTB_ALIGN,
			   "device tree", gpa);

	if (r)
		return r;
	mem_small_pages(&vm->mem, *gpa, t->size);
	return mem_write(&vm->mem, *gpa, t->blob, t->size);
}

static int load_initrd(struct vm *vm, struct placed *initrd)
{
	uint64_t size;
	uint8_t *data;
	int r;

	r = file_read(vm->config->initrd, vm->config->mem_size, &data, &size, "initrd");
	if (r)
		return r;
	r = place_high(&vm->place, &vm->mem, RAM_BASE, boot_data_end(vm), size, INITRD_ALIGN,
		       "initrd", &initrd->start);
	if (!r)
		r = mem_write(&vm->mem, initrd->start, data, size);
	if (!r)
		initrd->end = initrd->start + size;
	free(data);
	return r;
}

static int start_boot_hart(struct vcpu *vcpu, uint64_t entry, uint64_t tree)
{
	const struct {
		uint64_t id, value;
	} regs[] = {
		{REG_GPR(pc), entry}, {REG_GPR(a0), riscv_hart_id(vcpu)},
		{REG_GPR(a1), tree},  {REG_CORE(mode), KVM_RISCV_MODE_S},
		{REG_CSR(satp), 0},
	};

	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		int r = riscv_set_reg(vcpu, regs[i].id, regs[i].value);

		if (r)
			return r;
	}
	/* scounteren stays as KVM resets it (7): guests' user space reads the time without asking first. */
	return 0;
}

/* They get their registers from the guest's HART_START. */
static int stop_other_harts(struct vm *vm)
{
	const struct kvm_mp_state stopped = {.mp_state = KVM_MP_STATE_STOPPED};
	int r = 0;

	for (unsigned int i = 1; !r && i < vm->nr_vcpus; i++)
		r = kvm_set_mp_state(vm->vcpus[i].fd, &stopped);
	return r;
}

int arch_boot(struct vm *vm, const struct image *img)
{
	struct placed initrd = {0};
	struct dtb tree;
	uint64_t gpa;
	int r = 0;

	if (vm->config->initrd)
		r = load_initrd(vm, &initrd);
	if (r)
		return r;
	r = build_tree(vm, &tree, &initrd);
	if (!r)
		r = place_tree(vm, &tree, &gpa);
	dtb_destroy(&tree);
	if (!r)
		r = start_boot_hart(&vm->vcpus[0], img->entry, gpa);
	return r ? r : stop_other_harts(vm);
}
