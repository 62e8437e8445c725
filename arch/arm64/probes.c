/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes of an arm64 host: what a guest can be (AArch32, EL2, with a PMU, SVE,
 * pointer authentication), which interrupt controllers come up, which exits and
 * debug events come. References are to the Arm ARM (DDI 0487); ioctls and exits
 * are those of api.rst.
 *
 * A probe's guest runs with its MMU off, from 2 MiB of memory at RAM. It
 * reports by storing to MARK, where nothing is; x0 holds that address, x1 what
 * to report. Its exception vectors report MARK_FAULT out of x4.
 */
#include "kvm_probe.h"

#include <inttypes.h>
#include <string.h>

#include "arch.h"
#include "kvm.h"

#define RAM_SIZE 0x200000
#define RAM	 0x40000000
#define CODE	 (RAM + 0x1000)
#define VECTORS	 (RAM + 0x2000)
#define DATA	 (RAM + 0x4000)
#define MARK	 0x10000000

#define MARK_GOOD  0x5a
#define MARK_FAULT 0xee

#define FEATURE(name) (1u << KVM_ARM_VCPU_##name)

/* Instructions. */
#define STR_X1_MARK  0xf9000001 /* str x1, [x0] */
#define STR_X4_MARK  0xf9000004 /* str x4, [x0] */
#define STR_W1_DATA  0xb90000a1 /* str w1, [x5] */
#define STP_MARK     0xa9000801 /* stp x1, x2, [x0] */
#define HVC_0	     0xd4000002
#define BRK_0	     0xd4200000
#define NOP	     0xd503201f
#define ISB	     0xd5033fdf
#define A32_STR_MARK 0xe5801000 /* AArch32: str r1, [r0] */

/* ---- a guest ---- */

static void set_reg(struct probe *p, uint64_t id, uint64_t value)
{
	const struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	probe_do(p, p->vcpu_fd, KVM_SET_ONE_REG, (uintptr_t)&reg);
}

#define CORE_ID(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static void set_x(struct probe *p, unsigned int n, uint64_t value)
{
	/* A register is two of the words that core ids count in. */
	set_reg(p, CORE_ID(regs.regs[0]) + 2 * n, value);
}

static void create(struct probe *p)
{
	p->mark = (struct probe_mark_place){.addr = MARK};
	probe_vm(p, arch_caps_vm_type(p->kvm_fd));
	probe_ram(p, RAM, RAM_SIZE);
	probe_vcpu(p);
}

/* KVM_ARM_VCPU_INIT with features: 0 or -errno. */
static int init(struct probe *p, uint32_t features)
{
	struct kvm_vcpu_init vcpu_init = {0};

	probe_do(p, p->vm_fd, KVM_ARM_PREFERRED_TARGET, (uintptr_t)&vcpu_init);
	vcpu_init.features[0] |= FEATURE(PSCI_0_2) | features;
	return probe_try(p, p->vcpu_fd, KVM_ARM_VCPU_INIT, (uintptr_t)&vcpu_init);
}

static void put_vectors(struct probe *p)
{
	static const uint32_t report = STR_X4_MARK;

	for (unsigned int i = 0; i < 16; i++)
		probe_put(p, VECTORS + 0x80 * i, &report, sizeof(report));
}

static void start(struct probe *p, const uint32_t *code, size_t size)
{
	put_vectors(p);
	probe_put(p, CODE, code, size);
	set_reg(p, CORE_ID(regs.pc), CODE);
	set_x(p, 0, MARK);
	set_x(p, 1, MARK_GOOD);
	set_x(p, 4, MARK_FAULT);
	set_x(p, 5, DATA);
}

/* An AArch64 guest at EL1. */
static void el1(struct probe *p, const uint32_t *code, size_t size)
{
	create(p);
	if (init(p, 0) < 0)
		probe_error(p, "KVM_ARM_VCPU_INIT does not work");
	start(p, code, size);
	set_reg(p, ARM64_SYS_REG(3, 0, 12, 0, 0), VECTORS); /* VBAR_EL1 */
}

/* The same with a feature; false, and the answer is no, if the host refuses it. */
static bool el1_with(struct probe *p, uint32_t features, const uint32_t *code, size_t size)
{
	int r;

	create(p);
	r = init(p, features);
	if (r < 0) {
		probe_no_call(p, "KVM_ARM_VCPU_INIT", r);
		return false;
	}
	start(p, code, size);
	set_reg(p, ARM64_SYS_REG(3, 0, 12, 0, 0), VECTORS);
	return true;
}

/* ---- exits ---- */

static enum probe_result ask_mmio_exit(struct probe *p)
{
	static const uint32_t code[] = {STR_X1_MARK};

	el1(p, code, sizeof(code));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_nisv_exit(struct probe *p)
{
	static const uint32_t code[] = {STP_MARK};
	const struct kvm_enable_cap cap = {.cap = KVM_CAP_ARM_NISV_TO_USER};
	int r;

	el1(p, code, sizeof(code));
	r = probe_try(p, p->vm_fd, KVM_ENABLE_CAP, (uintptr_t)&cap);
	if (r < 0)
		return probe_no_call(p, "KVM_ENABLE_CAP of KVM_CAP_ARM_NISV_TO_USER", r);
	return probe_wants_exit(p, KVM_EXIT_ARM_NISV);
}

/* PSCI (DEN 0022), 5.1: SYSTEM_OFF. */
#define PSCI_SYSTEM_OFF 0x84000008

static enum probe_result ask_psci_off(struct probe *p)
{
	static const uint32_t code[] = {HVC_0, STR_X4_MARK};
	int r;

	el1(p, code, sizeof(code));
	set_x(p, 0, PSCI_SYSTEM_OFF);
	r = probe_run(p);
	if (r == KVM_EXIT_SYSTEM_EVENT && p->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN)
		return probe_yes(p, "%s", "");
	return probe_no_run(p, r);
}

/* ---- what a guest can be ---- */

static enum probe_result ask_aarch32(struct probe *p)
{
	static const uint32_t code[] = {A32_STR_MARK};
	int r;

	create(p);
	r = init(p, FEATURE(EL1_32BIT));
	if (r < 0)
		return probe_no_call(p, "KVM_ARM_VCPU_INIT", r);
	start(p, code, sizeof(code));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_pmu(struct probe *p)
{
	static const uint32_t code[] = {0xd53b9c01 /* mrs x1, pmcr_el0 */, STR_X1_MARK};
	const struct kvm_device_attr attr = {.group = KVM_ARM_VCPU_PMU_V3_CTRL,
					     .attr = KVM_ARM_VCPU_PMU_V3_INIT};
	uint64_t pmcr;

	if (!el1_with(p, FEATURE(PMU_V3), code, sizeof(code)))
		return PROBE_NO;
	probe_do(p, p->vcpu_fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&attr);
	if (!probe_run_to_mark(p, &pmcr))
		return PROBE_NO;
	if (pmcr == MARK_FAULT)
		return probe_no(p, "reading PMCR_EL0 is undefined");
	return probe_yes(p, "%u event counters", (unsigned int)(pmcr >> 11 & 0x1f));
}

static enum probe_result ask_sve(struct probe *p)
{
	static const uint32_t code[] = {
		0xd5381041,		 /* mrs x1, cpacr_el1 */
		0xb2700421,		 /* orr x1, x1, #0x30000: ZEN */
		0xb26c0421,		 /* orr x1, x1, #0x300000: FPEN */
		0xd5181041,		 /* msr cpacr_el1, x1 */
		ISB,	     0x04bf5021, /* rdvl x1, #1 */
		STR_X1_MARK,
	};
	int feature = KVM_ARM_VCPU_SVE, r;
	uint64_t bytes;

	create(p);
	r = init(p, FEATURE(SVE));
	if (r < 0)
		return probe_no_call(p, "KVM_ARM_VCPU_INIT", r);
	probe_do(p, p->vcpu_fd, KVM_ARM_VCPU_FINALIZE, (uintptr_t)&feature);
	start(p, code, sizeof(code));
	set_reg(p, ARM64_SYS_REG(3, 0, 12, 0, 0), VECTORS);
	if (!probe_run_to_mark(p, &bytes))
		return PROBE_NO;
	if (bytes < 16 || bytes > 256 || bytes % 16)
		return probe_no(p, "RDVL gives %" PRIu64, bytes);
	return probe_yes(p, "vectors of %" PRIu64 " bits", bytes * 8);
}

static enum probe_result ask_ptrauth(struct probe *p)
{
	/* x2 and x3 stay 0; the code's lower half is always 0 (C6.2, PACGA). */
	static const uint32_t code[] = {0x9ac33041 /* pacga x1, x2, x3 */, STR_X1_MARK};
	uint64_t mac;

	if (!el1_with(p, FEATURE(PTRAUTH_ADDRESS) | FEATURE(PTRAUTH_GENERIC), code, sizeof(code)))
		return PROBE_NO;
	if (!probe_run_to_mark(p, &mac))
		return PROBE_NO;
	if (mac == MARK_FAULT)
		return probe_no(p, "PACGA is undefined");
	if (mac & 0xffffffff)
		return probe_no(p, "PACGA gives 0x%" PRIx64, mac);
	return probe_yes(p, "%s", "");
}

static enum probe_result ask_protected_vm(struct probe *p)
{
	int r = probe_try(p, p->kvm_fd, KVM_CREATE_VM,
			  KVM_VM_TYPE_ARM_PROTECTED | arch_caps_vm_type(p->kvm_fd));

	return r < 0 ? probe_no_call(p, "KVM_CREATE_VM", r) : probe_yes(p, "%s", "");
}

/* ---- interrupt controllers ---- */

struct region {
	uint64_t type, base;
};

/* Creates one and tells it where it is; -errno if the host has none. */
static int gic_create(struct probe *p, uint32_t type, const struct region *regions, unsigned int nr,
		      int *fd)
{
	struct kvm_create_device device = {.type = type};
	int r = probe_try(p, p->vm_fd, KVM_CREATE_DEVICE, (uintptr_t)&device);

	*fd = (int)device.fd;
	for (unsigned int i = 0; r >= 0 && i < nr; i++) {
		const struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_ADDR,
						     .attr = regions[i].type,
						     .addr = (uintptr_t)&regions[i].base};

		r = probe_try(p, *fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&attr);
	}
	return r;
}

static int gic_init(struct probe *p, int fd)
{
	const struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL,
					     .attr = KVM_DEV_ARM_VGIC_CTRL_INIT};

	return probe_try(p, fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&attr);
}

static const struct region v2_regions[] = {
	{KVM_VGIC_V2_ADDR_TYPE_DIST, 0x08000000},
	{KVM_VGIC_V2_ADDR_TYPE_CPU, 0x08010000},
};

static const struct region v3_regions[] = {
	{KVM_VGIC_V3_ADDR_TYPE_DIST, 0x08000000},
	{KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x080a0000},
};

static const struct region its_regions[] = {
	{KVM_VGIC_ITS_ADDR_TYPE, 0x08080000},
};

static const uint32_t report_only[] = {STR_X1_MARK};

/* Makes the controller, then lets the vCPU run: only then is it mapped. */
static enum probe_result ask_gic(struct probe *p, uint32_t type, const struct region *regions,
				 unsigned int nr)
{
	int fd, r;

	el1(p, report_only, sizeof(report_only));
	r = gic_create(p, type, regions, nr, &fd);
	if (r < 0)
		return probe_no_call(p, "KVM_CREATE_DEVICE", r);
	r = gic_init(p, fd);
	if (r < 0)
		return probe_no_call(p, "its KVM_DEV_ARM_VGIC_CTRL_INIT", r);
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_gicv2(struct probe *p)
{
	return ask_gic(p, KVM_DEV_TYPE_ARM_VGIC_V2, v2_regions, 2);
}

static enum probe_result ask_gicv3(struct probe *p)
{
	return ask_gic(p, KVM_DEV_TYPE_ARM_VGIC_V3, v3_regions, 2);
}

static enum probe_result ask_its(struct probe *p)
{
	int gic, its, r;

	el1(p, report_only, sizeof(report_only));
	r = gic_create(p, KVM_DEV_TYPE_ARM_VGIC_V3, v3_regions, 2, &gic);
	if (r < 0)
		return probe_no_call(p, "KVM_CREATE_DEVICE of the GICv3", r);
	r = gic_create(p, KVM_DEV_TYPE_ARM_VGIC_ITS, its_regions, 1, &its);
	if (r < 0)
		return probe_no_call(p, "KVM_CREATE_DEVICE of the ITS", r);
	r = gic_init(p, gic);
	if (r >= 0)
		r = gic_init(p, its);
	if (r < 0)
		return probe_no_call(p, "KVM_DEV_ARM_VGIC_CTRL_INIT", r);
	return probe_wants_mark(p, MARK_GOOD);
}

/* The usual PPI 9 of the maintenance interrupt (Arm Base System Architecture). */
#define MAINTENANCE_IRQ 25

/* With nested virtualization the guest must have a GICv3, and that its maintenance interrupt. */
static enum probe_result ask_el2(struct probe *p)
{
	static const uint32_t code[] = {0xd5384241 /* mrs x1, CurrentEL */, STR_X1_MARK};
	static const uint32_t irq = MAINTENANCE_IRQ;
	const struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ,
					     .addr = (uintptr_t)&irq};
	int gic, r;

	create(p);
	r = init(p, FEATURE(HAS_EL2));
	if (r < 0)
		return probe_no_call(p, "KVM_ARM_VCPU_INIT", r);
	start(p, code, sizeof(code));
	set_reg(p, ARM64_SYS_REG(3, 4, 12, 0, 0), VECTORS); /* VBAR_EL2 */
	r = gic_create(p, KVM_DEV_TYPE_ARM_VGIC_V3, v3_regions, 2, &gic);
	if (r >= 0)
		r = probe_try(p, gic, KVM_SET_DEVICE_ATTR, (uintptr_t)&attr);
	if (r >= 0)
		r = gic_init(p, gic);
	if (r < 0)
		return probe_no_call(p, "setting up its GICv3", r);
	/* CurrentEL.EL, bits 3:2. */
	return probe_wants_mark(p, 2 << 2);
}

/* ---- debugging ---- */

/* ESR_ELx.EC of a debug exception from a lower exception level (D24, ESR_EL2). */
#define EC_BREAKPOINT 0x30
#define EC_STEP	      0x32
#define EC_WATCHPOINT 0x34
#define EC_BRK	      0x3c

/* Any bytes of an instruction, EL1 and EL0, enabled (D24, DBGBCR<n>_EL1). */
#define BCR_EXECUTE 0x1e7
/* All 8 bytes, stores, EL1 and EL0, enabled (D24, DBGWCR<n>_EL1). */
#define WCR_STORE 0x1ff7

static const uint32_t debuggee[] = {NOP, NOP, NOP, STR_W1_DATA, NOP, STR_X4_MARK};

static int debug(struct probe *p, struct kvm_guest_debug *guest_debug, uint32_t control)
{
	guest_debug->control = KVM_GUESTDBG_ENABLE | control;
	return probe_try(p, p->vcpu_fd, KVM_SET_GUEST_DEBUG, (uintptr_t)guest_debug);
}

/* KVM_EXIT_DEBUG of that class at that place. */
static enum probe_result wants_debug(struct probe *p, int set, unsigned int class, uint64_t pc)
{
	struct kvm_one_reg reg = {.id = CORE_ID(regs.pc)};
	uint64_t at = 0;
	int r;

	if (set < 0)
		return probe_no_call(p, "KVM_SET_GUEST_DEBUG", set);
	r = probe_run(p);
	if (r != KVM_EXIT_DEBUG)
		return probe_no_run(p, r);
	reg.addr = (uintptr_t)&at;
	probe_do(p, p->vcpu_fd, KVM_GET_ONE_REG, (uintptr_t)&reg);
	if (p->run->debug.arch.hsr >> 26 == class && at == pc)
		return probe_yes(p, "%s", "");
	return probe_no(p, "KVM_EXIT_DEBUG of class 0x%x at pc 0x%" PRIx64,
			p->run->debug.arch.hsr >> 26, at);
}

static enum probe_result ask_sw_breakpoint(struct probe *p)
{
	static const uint32_t code[] = {BRK_0, STR_X4_MARK};
	struct kvm_guest_debug guest_debug = {0};

	el1(p, code, sizeof(code));
	return wants_debug(p, debug(p, &guest_debug, KVM_GUESTDBG_USE_SW_BP), EC_BRK, CODE);
}

static enum probe_result ask_hw_breakpoint(struct probe *p)
{
	struct kvm_guest_debug guest_debug = {
		.arch = {.dbg_bcr[0] = BCR_EXECUTE, .dbg_bvr[0] = CODE + 8}};

	el1(p, debuggee, sizeof(debuggee));
	return wants_debug(p, debug(p, &guest_debug, KVM_GUESTDBG_USE_HW), EC_BREAKPOINT, CODE + 8);
}

static enum probe_result ask_hw_watchpoint(struct probe *p)
{
	struct kvm_guest_debug guest_debug = {
		.arch = {.dbg_wcr[0] = WCR_STORE, .dbg_wvr[0] = DATA}};

	el1(p, debuggee, sizeof(debuggee));
	/* A watchpoint comes before its access is made. */
	return wants_debug(p, debug(p, &guest_debug, KVM_GUESTDBG_USE_HW), EC_WATCHPOINT,
			   CODE + 12);
}

static enum probe_result ask_single_step(struct probe *p)
{
	struct kvm_guest_debug guest_debug = {0};

	el1(p, debuggee, sizeof(debuggee));
	return wants_debug(p, debug(p, &guest_debug, KVM_GUESTDBG_SINGLESTEP), EC_STEP, CODE + 4);
}

const struct probe_desc arch_probes[] = {
	{"mmio-exit", "a store where no memory is exits with KVM_EXIT_MMIO", ask_mmio_exit},
	{"nisv-exit", "a store pair there exits with KVM_EXIT_ARM_NISV once enabled",
	 ask_nisv_exit},
	{"psci-off", "PSCI SYSTEM_OFF exits with KVM_EXIT_SYSTEM_EVENT", ask_psci_off},
	{"aarch32", "a guest runs AArch32 at EL1", ask_aarch32},
	{"el2", "a guest runs at EL2 (nested virtualization)", ask_el2},
	{"pmu", "a guest with a PMU reads it", ask_pmu},
	{"sve", "a guest with SVE uses it", ask_sve},
	{"ptrauth", "a guest with pointer authentication uses it", ask_ptrauth},
	{"protected-vm", "a protected VM can be created", ask_protected_vm},
	{"gicv2", "a guest runs with an in-kernel GICv2", ask_gicv2},
	{"gicv3", "a guest runs with an in-kernel GICv3", ask_gicv3},
	{"its", "a guest runs with an in-kernel GICv3 and its ITS", ask_its},
	{"sw-breakpoint", "with KVM_GUESTDBG_USE_SW_BP a BRK exits", ask_sw_breakpoint},
	{"hw-breakpoint", "a hardware breakpoint exits", ask_hw_breakpoint},
	{"hw-watchpoint", "a hardware watchpoint on stores exits", ask_hw_watchpoint},
	{"single-step", "single-stepping exits after one instruction", ask_single_step},
	{NULL, NULL, NULL},
};
