/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --trace shows of x86's own ioctls (vmm/core/trace.h): the fields by
 * which one tells what mode a vCPU is in and what waits for it. Structs are
 * those of asm/kvm.h and of Linux' Documentation/virt/kvm/api.rst.
 */
#include <inttypes.h>
#include <string.h>

#include "kvm.h"
#include "reg_names.h"
#include "trace.h"

/* Of a list, as many entries are shown as a line can bear. */
#define SHOWN 8

/* Ends a list of @n of which SHOWN were printed. */
static void rest(FILE *out, unsigned int n)
{
	if (n > SHOWN)
		fprintf(out, " and %u more", n - SHOWN);
}

static void cpuid_entries(FILE *out, const void *arg, int result)
{
	const struct kvm_cpuid2 *cpuid = arg;

	if (result < 0)
		return;
	for (unsigned int i = 0; i < cpuid->nent && i < SHOWN; i++)
		fprintf(out, " 0x%x.%u", cpuid->entries[i].function, cpuid->entries[i].index);
	rest(out, cpuid->nent);
}

static void msr_entries(FILE *out, const void *arg, int result)
{
	const struct kvm_msrs *msrs = arg;
	char name[48];

	for (unsigned int i = 0; i < msrs->nmsrs && i < SHOWN; i++) {
		x86_msr_name(msrs->entries[i].index, name, sizeof(name));
		fprintf(out, " %s=0x%" PRIx64, name, (uint64_t)msrs->entries[i].data);
	}
	rest(out, msrs->nmsrs);
	/* The result is the number of entries done; the first one that is not is at fault. */
	if (result >= 0 && (unsigned int)result < msrs->nmsrs)
		fprintf(out, " refused 0x%x", msrs->entries[result].index);
}

static void sregs2_pdptrs(FILE *out, const void *arg, int result)
{
	const struct kvm_sregs2 *sregs = arg;

	if (!(sregs->flags & KVM_SREGS2_FLAGS_PDPTRS_VALID))
		return;
	for (unsigned int i = 0; i < 4; i++)
		fprintf(out, " pdptrs[%u]=0x%" PRIx64, i, (uint64_t)sregs->pdptrs[i]);
}

static void irqchip_state(FILE *out, const void *arg, int result)
{
	const struct kvm_irqchip *chip = arg;

	if (result < 0)
		return;
	switch (chip->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		fprintf(out, " pic irr=0x%x imr=0x%x isr=0x%x irq_base=0x%x", chip->chip.pic.irr,
			chip->chip.pic.imr, chip->chip.pic.isr, chip->chip.pic.irq_base);
		break;
	case KVM_IRQCHIP_IOAPIC:
		fprintf(out, " ioapic base_address=0x%" PRIx64 " id=%u irr=0x%x",
			(uint64_t)chip->chip.ioapic.base_address, chip->chip.ioapic.id,
			chip->chip.ioapic.irr);
		for (unsigned int i = 0; i < KVM_IOAPIC_NUM_PINS; i++) {
			if (!chip->chip.ioapic.redirtbl[i].fields.mask)
				fprintf(out, " [%u]=0x%" PRIx64, i,
					(uint64_t)chip->chip.ioapic.redirtbl[i].bits);
		}
		break;
	}
}

static void pit_channels(FILE *out, const void *arg, int result)
{
	const struct kvm_pit_state2 *pit = arg;

	if (result < 0)
		return;
	for (unsigned int i = 0; i < 3; i++)
		fprintf(out, " [%u] count=%u mode=%u gate=%u", i, pit->channels[i].count,
			pit->channels[i].mode, pit->channels[i].gate);
}

/* Registers of the local APIC by offset (Intel SDM volume 3, "Local APIC Register Address Map"). */
static void lapic_registers(FILE *out, const void *arg, int result)
{
	static const struct {
		const char *name;
		uint16_t offset;
	} regs[] = {
		{"id", 0x20},	      {"tpr", 0x80},	{"ldr", 0xd0},	  {"svr", 0xf0},
		{"lvt_timer", 0x320}, {"lint0", 0x350}, {"lint1", 0x360}, {"tmict", 0x380},
	};
	const struct kvm_lapic_state *lapic = arg;

	if (result < 0)
		return;
	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		uint32_t value;

		memcpy(&value, lapic->regs + regs[i].offset, sizeof(value));
		fprintf(out, " %s=0x%x", regs[i].name, value);
	}
}

static void xcr_entries(FILE *out, const void *arg, int result)
{
	const struct kvm_xcrs *xcrs = arg;

	if (result < 0)
		return;
	for (unsigned int i = 0; i < xcrs->nr_xcrs && i < KVM_MAX_XCRS; i++)
		fprintf(out, " xcr%u=0x%" PRIx64, xcrs->xcrs[i].xcr, (uint64_t)xcrs->xcrs[i].value);
}

static void filter_ranges(FILE *out, const void *arg, int result)
{
	const struct kvm_msr_filter *filter = arg;

	for (unsigned int i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
		const struct kvm_msr_filter_range *range = &filter->ranges[i];

		if (range->nmsrs)
			fprintf(out, " [%u] base=0x%x nmsrs=%u flags=0x%x", i, range->base,
				range->nmsrs, range->flags);
	}
}

/* An address or a number behind a pointer. */
static void pointed_u64(FILE *out, const void *arg, int result)
{
	uint64_t value;

	memcpy(&value, arg, sizeof(value));
	fprintf(out, " 0x%" PRIx64, value);
}

#define REGS_FIELDS                                                                            \
	{                                                                                      \
		KVM_FIELD(struct kvm_regs, rip, 'x'), KVM_FIELD(struct kvm_regs, rflags, 'x'), \
			KVM_FIELD(struct kvm_regs, rax, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rbx, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rcx, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rdx, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rsi, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rdi, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rsp, 'x'),                                  \
			KVM_FIELD(struct kvm_regs, rbp, 'x'),                                  \
	}

/* What both forms of the special registers have. */
#define SREGS_FIELDS(type)                                                                       \
	KVM_FIELD(type, cs.selector, 'x'), KVM_FIELD(type, cs.base, 'x'),                        \
		KVM_FIELD(type, cs.db, 'd'), KVM_FIELD(type, cs.l, 'd'),                         \
		KVM_FIELD(type, cr0, 'x'), KVM_FIELD(type, cr3, 'x'), KVM_FIELD(type, cr4, 'x'), \
		KVM_FIELD(type, cr8, 'x'), KVM_FIELD(type, efer, 'x'),                           \
		KVM_FIELD(type, apic_base, 'x')

#define EVENTS_FIELDS                                                                 \
	{                                                                             \
		KVM_FIELD(struct kvm_vcpu_events, exception.injected, 'd'),           \
			KVM_FIELD(struct kvm_vcpu_events, exception.pending, 'd'),    \
			KVM_FIELD(struct kvm_vcpu_events, exception.nr, 'd'),         \
			KVM_FIELD(struct kvm_vcpu_events, exception.error_code, 'x'), \
			KVM_FIELD(struct kvm_vcpu_events, interrupt.injected, 'd'),   \
			KVM_FIELD(struct kvm_vcpu_events, interrupt.nr, 'd'),         \
			KVM_FIELD(struct kvm_vcpu_events, interrupt.shadow, 'x'),     \
			KVM_FIELD(struct kvm_vcpu_events, nmi.injected, 'd'),         \
			KVM_FIELD(struct kvm_vcpu_events, nmi.pending, 'd'),          \
			KVM_FIELD(struct kvm_vcpu_events, smi.smm, 'd'),              \
			KVM_FIELD(struct kvm_vcpu_events, flags, 'x'),                \
	}

#define DEBUGREGS_FIELDS                                             \
	{                                                            \
		KVM_FIELD(struct kvm_debugregs, db[0], 'x'),         \
			KVM_FIELD(struct kvm_debugregs, db[1], 'x'), \
			KVM_FIELD(struct kvm_debugregs, db[2], 'x'), \
			KVM_FIELD(struct kvm_debugregs, db[3], 'x'), \
			KVM_FIELD(struct kvm_debugregs, dr6, 'x'),   \
			KVM_FIELD(struct kvm_debugregs, dr7, 'x'),   \
			KVM_FIELD(struct kvm_debugregs, flags, 'x'), \
	}

#define FPU_FIELDS                                                                        \
	{                                                                                 \
		KVM_FIELD(struct kvm_fpu, fcw, 'x'), KVM_FIELD(struct kvm_fpu, fsw, 'x'), \
			KVM_FIELD(struct kvm_fpu, ftwx, 'x'),                             \
			KVM_FIELD(struct kvm_fpu, mxcsr, 'x'),                            \
	}

#define CLOCK_FIELDS                                                     \
	{                                                                \
		KVM_FIELD(struct kvm_clock_data, clock, 'd'),            \
			KVM_FIELD(struct kvm_clock_data, flags, 'x'),    \
			KVM_FIELD(struct kvm_clock_data, realtime, 'd'), \
			KVM_FIELD(struct kvm_clock_data, host_tsc, 'd'), \
	}

#define NESTED_FIELDS                                                    \
	{                                                                \
		KVM_FIELD(struct kvm_nested_state, flags, 'x'),          \
			KVM_FIELD(struct kvm_nested_state, format, 'd'), \
			KVM_FIELD(struct kvm_nested_state, size, 'd'),   \
	}

#define CPUID_FIELDS                                    \
	{                                               \
		KVM_FIELD(struct kvm_cpuid2, nent, 'd') \
	}
#define MSRS_FIELDS                                    \
	{                                              \
		KVM_FIELD(struct kvm_msrs, nmsrs, 'd') \
	}
#define LIST_FIELDS                                        \
	{                                                  \
		KVM_FIELD(struct kvm_msr_list, nmsrs, 'd') \
	}
#define CHIP_FIELDS                                         \
	{                                                   \
		KVM_FIELD(struct kvm_irqchip, chip_id, 'd') \
	}
#define PIT_FIELDS                                           \
	{                                                    \
		KVM_FIELD(struct kvm_pit_state2, flags, 'x') \
	}
#define XCRS_FIELDS                                      \
	{                                                \
		KVM_FIELD(struct kvm_xcrs, nr_xcrs, 'd') \
	}
#define NONE              \
	{                 \
		{         \
			0 \
		}         \
	}

const struct kvm_decode arch_decode[] = {
	/* /dev/kvm */
	{KVM_GET_SUPPORTED_CPUID, 'p', CPUID_FIELDS, cpuid_entries},
	{KVM_GET_EMULATED_CPUID, 'p', CPUID_FIELDS, cpuid_entries},
	{KVM_GET_SUPPORTED_HV_CPUID, 'p', CPUID_FIELDS, cpuid_entries},
	{KVM_GET_MSR_INDEX_LIST, 'p', LIST_FIELDS, NULL},
	{KVM_GET_MSR_FEATURE_INDEX_LIST, 'p', LIST_FIELDS, NULL},
	{KVM_X86_GET_MCE_CAP_SUPPORTED, 'p', NONE, pointed_u64},

	/* VM */
	{KVM_SET_TSS_ADDR, 'x', NONE, NULL},
	{KVM_SET_IDENTITY_MAP_ADDR, 'p', NONE, pointed_u64},
	{KVM_SET_BOOT_CPU_ID, 'd', NONE, NULL},
	{KVM_GET_IRQCHIP, 'p', CHIP_FIELDS, irqchip_state},
	{KVM_SET_IRQCHIP, 'p', CHIP_FIELDS, irqchip_state},
	{KVM_CREATE_PIT2, 'p', {KVM_FIELD(struct kvm_pit_config, flags, 'x')}, NULL},
	{KVM_GET_PIT2, 'p', PIT_FIELDS, pit_channels},
	{KVM_SET_PIT2, 'p', PIT_FIELDS, pit_channels},
	{KVM_REINJECT_CONTROL,
	 'p',
	 {KVM_FIELD(struct kvm_reinject_control, pit_reinject, 'd')},
	 NULL},
	{KVM_GET_CLOCK, 'p', CLOCK_FIELDS, NULL},
	{KVM_SET_CLOCK, 'p', CLOCK_FIELDS, NULL},
	{KVM_X86_SET_MSR_FILTER,
	 'p',
	 {KVM_FIELD(struct kvm_msr_filter, flags, 'x')},
	 filter_ranges},
	{KVM_SET_PMU_EVENT_FILTER,
	 'p',
	 {KVM_FIELD(struct kvm_pmu_event_filter, action, 'd'),
	  KVM_FIELD(struct kvm_pmu_event_filter, nevents, 'd'),
	  KVM_FIELD(struct kvm_pmu_event_filter, fixed_counter_bitmap, 'x'),
	  KVM_FIELD(struct kvm_pmu_event_filter, flags, 'x')},
	 NULL},
	{KVM_HYPERV_EVENTFD,
	 'p',
	 {KVM_FIELD(struct kvm_hyperv_eventfd, conn_id, 'd'),
	  KVM_FIELD(struct kvm_hyperv_eventfd, fd, 'd'),
	  KVM_FIELD(struct kvm_hyperv_eventfd, flags, 'x')},
	 NULL},
	{KVM_XEN_HVM_CONFIG,
	 'p',
	 {KVM_FIELD(struct kvm_xen_hvm_config, flags, 'x'),
	  KVM_FIELD(struct kvm_xen_hvm_config, msr, 'x')},
	 NULL},

	/* vCPU */
	{KVM_GET_REGS, 'p', REGS_FIELDS, NULL},
	{KVM_SET_REGS, 'p', REGS_FIELDS, NULL},
	{KVM_GET_SREGS, 'p', {SREGS_FIELDS(struct kvm_sregs)}, NULL},
	{KVM_SET_SREGS, 'p', {SREGS_FIELDS(struct kvm_sregs)}, NULL},
	{KVM_GET_SREGS2,
	 'p',
	 {SREGS_FIELDS(struct kvm_sregs2), KVM_FIELD(struct kvm_sregs2, flags, 'x')},
	 sregs2_pdptrs},
	{KVM_SET_SREGS2,
	 'p',
	 {SREGS_FIELDS(struct kvm_sregs2), KVM_FIELD(struct kvm_sregs2, flags, 'x')},
	 sregs2_pdptrs},
	{KVM_SET_CPUID2, 'p', CPUID_FIELDS, cpuid_entries},
	{KVM_GET_CPUID2, 'p', CPUID_FIELDS, cpuid_entries},
	{KVM_GET_MSRS, 'p', MSRS_FIELDS, msr_entries},
	{KVM_SET_MSRS, 'p', MSRS_FIELDS, msr_entries},
	{KVM_GET_FPU, 'p', FPU_FIELDS, NULL},
	{KVM_SET_FPU, 'p', FPU_FIELDS, NULL},
	{KVM_GET_XCRS, 'p', XCRS_FIELDS, xcr_entries},
	{KVM_SET_XCRS, 'p', XCRS_FIELDS, xcr_entries},
	{KVM_GET_LAPIC, 'p', NONE, lapic_registers},
	{KVM_SET_LAPIC, 'p', NONE, lapic_registers},
	{KVM_GET_VCPU_EVENTS, 'p', EVENTS_FIELDS, NULL},
	{KVM_SET_VCPU_EVENTS, 'p', EVENTS_FIELDS, NULL},
	{KVM_GET_DEBUGREGS, 'p', DEBUGREGS_FIELDS, NULL},
	{KVM_SET_DEBUGREGS, 'p', DEBUGREGS_FIELDS, NULL},
	{KVM_SET_GUEST_DEBUG,
	 'p',
	 {KVM_FIELD(struct kvm_guest_debug, control, 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.debugreg[0], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.debugreg[1], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.debugreg[2], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.debugreg[3], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.debugreg[7], 'x')},
	 NULL},
	{KVM_TRANSLATE,
	 'p',
	 {KVM_FIELD(struct kvm_translation, linear_address, 'x'),
	  KVM_FIELD(struct kvm_translation, physical_address, 'x'),
	  KVM_FIELD(struct kvm_translation, valid, 'd'),
	  KVM_FIELD(struct kvm_translation, writeable, 'd'),
	  KVM_FIELD(struct kvm_translation, usermode, 'd')},
	 NULL},
	{KVM_TPR_ACCESS_REPORTING,
	 'p',
	 {KVM_FIELD(struct kvm_tpr_access_ctl, enabled, 'd'),
	  KVM_FIELD(struct kvm_tpr_access_ctl, flags, 'x')},
	 NULL},
	{KVM_SET_VAPIC_ADDR, 'p', {KVM_FIELD(struct kvm_vapic_addr, vapic_addr, 'x')}, NULL},
	{KVM_X86_SETUP_MCE, 'p', NONE, pointed_u64},
	{KVM_X86_SET_MCE,
	 'p',
	 {KVM_FIELD(struct kvm_x86_mce, status, 'x'), KVM_FIELD(struct kvm_x86_mce, addr, 'x'),
	  KVM_FIELD(struct kvm_x86_mce, misc, 'x'), KVM_FIELD(struct kvm_x86_mce, mcg_status, 'x'),
	  KVM_FIELD(struct kvm_x86_mce, bank, 'd')},
	 NULL},
	{KVM_SET_TSC_KHZ, 'd', NONE, NULL},
	{KVM_GET_REG_LIST, 'p', {KVM_FIELD(struct kvm_reg_list, n, 'd')}, NULL},
	{KVM_GET_NESTED_STATE, 'p', NESTED_FIELDS, NULL},
	{KVM_SET_NESTED_STATE, 'p', NESTED_FIELDS, NULL},
	{0, 0, NONE, NULL},
};
