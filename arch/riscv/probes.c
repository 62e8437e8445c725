/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes of a RISC-V host: which extensions a guest can use, which SBI calls
 * reach user space, whether the in-kernel AIA comes up. References are to the
 * RISC-V privileged specification and the SBI specification; ioctls and exits
 * are those of api.rst.
 *
 * A probe's guest runs in S mode without translation, from 2 MiB of memory at
 * RAM. It reports by storing to MARK, where nothing is; s0 holds that address,
 * a3 what to report. Its trap vector reports MARK_FAULT out of a4.
 */
#include "kvm_probe.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "arch.h"
#include "kvm.h"

#define RAM_SIZE 0x200000
#define RAM	 0x80000000
#define CODE	 (RAM + 0x1000)
#define VECTOR	 (RAM + 0x2000)
#define MARK	 0x10000000

#define MARK_GOOD  0x5a
#define MARK_FAULT 0xee

/* Instructions. */
#define SD_A3_MARK 0x00d43023 /* sd a3, 0(s0) */
#define SD_A4_MARK 0x00e43023 /* sd a4, 0(s0) */
#define SD_A0_MARK 0x00a43023 /* sd a0, 0(s0) */
#define SD_A1_MARK 0x00b43023 /* sd a1, 0(s0) */
#define ECALL	   0x00000073
#define EBREAK	   0x00100073

/* Registers by their number in struct kvm_riscv_core, which is x's number, with the pc for x0. */
enum { PC = 0, S0 = 8, A0 = 10, A1, A2, A3, A4, A5, A6, A7 };

/* SBI extension ids (SBI specification, one chapter each). */
#define SBI_V01_PUTCHAR	 1
#define SBI_BASE	 0x10
#define SBI_BASE_PROBE	 3
#define SBI_SRST	 0x53525354
#define SBI_DBCN	 0x4442434e
#define SBI_DBCN_BYTE	 2
#define SBI_PMU		 0x504d55
#define SBI_PMU_NUM	 0
#define SBI_EXPERIMENTAL 0x08000000

/* ---- a guest ---- */

static int try_set(struct probe *p, uint64_t id, uint64_t value)
{
	const struct kvm_one_reg reg = {.id = KVM_REG_RISCV | KVM_REG_SIZE_U64 | id,
					.addr = (uintptr_t)&value};

	return probe_try(p, p->vcpu_fd, KVM_SET_ONE_REG, (uintptr_t)&reg);
}

static void set_core(struct probe *p, unsigned int n, uint64_t value)
{
	int r = try_set(p, KVM_REG_RISCV_CORE | n, value);

	if (r < 0)
		probe_error(p, "KVM_SET_ONE_REG of core register %u does not work", n);
}

static void start(struct probe *p, const uint32_t *code, size_t size)
{
	static const uint32_t report = SD_A4_MARK;

	p->mark = (struct probe_mark_place){.addr = MARK};
	probe_vm(p, 0);
	probe_ram(p, RAM, RAM_SIZE);
	probe_vcpu(p);
	probe_put(p, VECTOR, &report, sizeof(report));
	probe_put(p, CODE, code, size);
	set_core(p, PC, CODE);
	set_core(p, S0, MARK);
	set_core(p, A3, MARK_GOOD);
	set_core(p, A4, MARK_FAULT);
	if (try_set(p, KVM_REG_RISCV_CSR | KVM_REG_RISCV_CSR_REG(stvec), VECTOR) < 0)
		probe_error(p, "KVM_SET_ONE_REG of stvec does not work");
}

/* Two SBI calls, each followed by reports of what it gave: a0 in one mark, a1 in the next. */
static const uint32_t call_and_report[] = {
	ECALL, SD_A0_MARK, SD_A1_MARK, ECALL, SD_A0_MARK, SD_A1_MARK,
};

static void start_call(struct probe *p, uint64_t extension, uint64_t function, uint64_t a0,
		       uint64_t a1)
{
	start(p, call_and_report, sizeof(call_and_report));
	set_core(p, A7, extension);
	set_core(p, A6, function);
	set_core(p, A0, a0);
	set_core(p, A1, a1);
}

/* KVM_EXIT_RISCV_SBI for that call; if it comes back to the guest instead, what it got. */
static enum probe_result wants_forwarded(struct probe *p, uint64_t extension)
{
	int r = probe_run(p);

	if (r == KVM_EXIT_RISCV_SBI && p->run->riscv_sbi.extension_id == extension)
		return probe_yes(p, "%s", "");
	if (r == KVM_EXIT_MMIO && p->run->mmio.is_write && p->run->mmio.phys_addr == MARK) {
		int64_t error;

		memcpy(&error, p->run->mmio.data, sizeof(error));
		return probe_no(p, "the guest gets SBI error %" PRId64, error);
	}
	return probe_no_run(p, r);
}

/* ---- exits ---- */

static enum probe_result ask_mmio_exit(struct probe *p)
{
	static const uint32_t code[] = {SD_A3_MARK};

	start(p, code, sizeof(code));
	return probe_wants_mark(p, MARK_GOOD);
}

static enum probe_result ask_srst(struct probe *p)
{
	int r;

	/* Type 0, shutdown; reason 0, none. */
	start_call(p, SBI_SRST, 0, 0, 0);
	r = probe_run(p);
	if (r == KVM_EXIT_SYSTEM_EVENT && p->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN)
		return probe_yes(p, "%s", "");
	return probe_no_run(p, r);
}

static enum probe_result ask_sbi_v01(struct probe *p)
{
	start_call(p, SBI_V01_PUTCHAR, 0, 'x', 0);
	return wants_forwarded(p, SBI_V01_PUTCHAR);
}

/* Extensions that are off until user space turns them on. */
static enum probe_result ask_enabled(struct probe *p, unsigned int number, uint64_t extension,
				     uint64_t function)
{
	int r;

	start_call(p, extension, function, 'x', 0);
	r = try_set(p, KVM_REG_RISCV_SBI_EXT | KVM_REG_RISCV_SBI_SINGLE | number, 1);
	if (r < 0)
		return probe_no_call(p, "KVM_SET_ONE_REG of its SBI_EXT", r);
	return wants_forwarded(p, extension);
}

static enum probe_result ask_dbcn(struct probe *p)
{
	return ask_enabled(p, KVM_RISCV_SBI_EXT_DBCN, SBI_DBCN, SBI_DBCN_BYTE);
}

static enum probe_result ask_sbi_experimental(struct probe *p)
{
	start_call(p, SBI_EXPERIMENTAL, 0, 0, 0);
	return wants_forwarded(p, SBI_EXPERIMENTAL);
}

static enum probe_result ask_guest_debug(struct probe *p)
{
	static const uint32_t code[] = {EBREAK, SD_A4_MARK};
	const struct kvm_guest_debug guest_debug = {.control = KVM_GUESTDBG_ENABLE};
	int r;

	start(p, code, sizeof(code));
	r = probe_try(p, p->vcpu_fd, KVM_SET_GUEST_DEBUG, (uintptr_t)&guest_debug);
	if (r < 0)
		return probe_no_call(p, "KVM_SET_GUEST_DEBUG", r);
	return probe_wants_exit(p, KVM_EXIT_DEBUG);
}

/* ---- what a guest can use ---- */

static enum probe_result ask_sstc(struct probe *p)
{
	static const uint32_t code[] = {0x14d69073 /* csrw stimecmp, a3 */, SD_A3_MARK};
	uint64_t mark;

	start(p, code, sizeof(code));
	if (!probe_run_to_mark(p, &mark))
		return PROBE_NO;
	if (mark == MARK_FAULT)
		return probe_no(p, "writing stimecmp traps");
	if (mark != MARK_GOOD)
		return probe_no(p, "the guest reports 0x%" PRIx64, mark);
	return probe_yes(p, "%s", "");
}

static enum probe_result ask_pmu(struct probe *p)
{
	uint64_t error, value;

	start_call(p, SBI_BASE, SBI_BASE_PROBE, SBI_PMU, 0);
	if (!probe_run_to_mark(p, &error) || !probe_run_to_mark(p, &value))
		return PROBE_NO;
	if (error || !value)
		return probe_no(p, "the SBI does not have the PMU extension");
	/* The second call counts. */
	set_core(p, A7, SBI_PMU);
	set_core(p, A6, SBI_PMU_NUM);
	if (!probe_run_to_mark(p, &error) || !probe_run_to_mark(p, &value))
		return PROBE_NO;
	if (error)
		return probe_no(p, "counting counters gives SBI error %" PRId64, (int64_t)error);
	return probe_yes(p, "%" PRIu64 " counters", value);
}

/* ---- the in-kernel AIA ---- */

#define APLIC_BASE 0x0d000000
#define IMSIC_BASE 0x28000000

static int aia_set(struct probe *p, int fd, uint32_t group, uint64_t attr, const void *value)
{
	const struct kvm_device_attr device_attr = {
		.group = group, .attr = attr, .addr = (uintptr_t)value};

	return probe_try(p, fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&device_attr);
}

static enum probe_result ask_aia(struct probe *p)
{
	static const uint32_t code[] = {SD_A3_MARK};
	static const uint32_t ids = 63, sources = 32, hart_bits = 0;
	static const uint64_t aplic = APLIC_BASE, imsic = IMSIC_BASE;
	const struct {
		uint32_t group;
		uint64_t attr;
		const void *value;
	} steps[] = {
		{KVM_DEV_RISCV_AIA_GRP_CONFIG, KVM_DEV_RISCV_AIA_CONFIG_IDS, &ids},
		{KVM_DEV_RISCV_AIA_GRP_CONFIG, KVM_DEV_RISCV_AIA_CONFIG_SRCS, &sources},
		{KVM_DEV_RISCV_AIA_GRP_CONFIG, KVM_DEV_RISCV_AIA_CONFIG_HART_BITS, &hart_bits},
		{KVM_DEV_RISCV_AIA_GRP_ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, &aplic},
		{KVM_DEV_RISCV_AIA_GRP_ADDR, KVM_DEV_RISCV_AIA_ADDR_IMSIC(0), &imsic},
		{KVM_DEV_RISCV_AIA_GRP_CTRL, KVM_DEV_RISCV_AIA_CTRL_INIT, NULL},
	};
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_RISCV_AIA};
	int r;

	start(p, code, sizeof(code));
	r = probe_try(p, p->vm_fd, KVM_CREATE_DEVICE, (uintptr_t)&device);
	if (r < 0)
		return probe_no_call(p, "KVM_CREATE_DEVICE", r);
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		r = aia_set(p, (int)device.fd, steps[i].group, steps[i].attr, steps[i].value);
		if (r < 0)
			return probe_no(p, "group %u attribute %" PRIu64 " is refused",
					steps[i].group, steps[i].attr);
	}
	return probe_wants_mark(p, MARK_GOOD);
}

const struct probe_desc arch_probes[] = {
	{"mmio-exit", "a store where no memory is exits with KVM_EXIT_MMIO", ask_mmio_exit},
	{"srst", "SBI SRST exits with KVM_EXIT_SYSTEM_EVENT", ask_srst},
	{"sbi-v01", "the legacy SBI console call exits with KVM_EXIT_RISCV_SBI", ask_sbi_v01},
	{"dbcn", "SBI DBCN, once enabled, exits with KVM_EXIT_RISCV_SBI", ask_dbcn},
	{"sbi-experimental", "an experimental SBI call exits with KVM_EXIT_RISCV_SBI",
	 ask_sbi_experimental},
	{"guest-debug", "with KVM_GUESTDBG_ENABLE an EBREAK exits", ask_guest_debug},
	{"sstc", "a guest writes stimecmp (Sstc)", ask_sstc},
	{"pmu", "a guest finds the SBI PMU extension", ask_pmu},
	{"aia", "a guest runs with the in-kernel AIA", ask_aia},
	{NULL, NULL, NULL},
};
