/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --trace shows of arm64's own ioctls (vmm/core/trace.h). Structs are
 * those of asm/kvm.h and of Linux' Documentation/virt/kvm/api.rst.
 */
#include <inttypes.h>
#include <string.h>

#include "kvm.h"
#include "trace.h"

/* Bits of kvm_vcpu_init.features[0]. */
static const char *const features[] = {
	[KVM_ARM_VCPU_POWER_OFF] = "POWER_OFF",
	[KVM_ARM_VCPU_EL1_32BIT] = "EL1_32BIT",
	[KVM_ARM_VCPU_PSCI_0_2] = "PSCI_0_2",
	[KVM_ARM_VCPU_PMU_V3] = "PMU_V3",
	[KVM_ARM_VCPU_SVE] = "SVE",
	[KVM_ARM_VCPU_PTRAUTH_ADDRESS] = "PTRAUTH_ADDRESS",
	[KVM_ARM_VCPU_PTRAUTH_GENERIC] = "PTRAUTH_GENERIC",
	[KVM_ARM_VCPU_HAS_EL2] = "HAS_EL2",
	[KVM_ARM_VCPU_HAS_EL2_E2H0] = "HAS_EL2_E2H0",
};

static void feature_names(FILE *out, const void *arg, int result)
{
	const struct kvm_vcpu_init *init = arg;

	for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (features[i] && init->features[0] >> i & 1)
			fprintf(out, " %s", features[i]);
	}
}

static void finalized_feature(FILE *out, const void *arg, int result)
{
	int feature;

	memcpy(&feature, arg, sizeof(feature));
	if (feature >= 0 && feature < (int)(sizeof(features) / sizeof(features[0])) &&
	    features[feature])
		fprintf(out, " %s", features[feature]);
	else
		fprintf(out, " feature %d", feature);
}

#define INIT_FIELDS                                                        \
	{                                                                  \
		KVM_FIELD(struct kvm_vcpu_init, target, 'd'),              \
			KVM_FIELD(struct kvm_vcpu_init, features[0], 'x'), \
	}

#define EVENTS_FIELDS                                                                       \
	{                                                                                   \
		KVM_FIELD(struct kvm_vcpu_events, exception.serror_pending, 'd'),           \
			KVM_FIELD(struct kvm_vcpu_events, exception.serror_has_esr, 'd'),   \
			KVM_FIELD(struct kvm_vcpu_events, exception.ext_dabt_pending, 'd'), \
			KVM_FIELD(struct kvm_vcpu_events, exception.serror_esr, 'x'),       \
	}

#define NONE              \
	{                 \
		{         \
			0 \
		}         \
	}

const struct kvm_decode arch_decode[] = {
	/* VM */
	{KVM_ARM_PREFERRED_TARGET, 'p', INIT_FIELDS, NULL},
	{KVM_ARM_SET_DEVICE_ADDR,
	 'p',
	 {KVM_FIELD(struct kvm_arm_device_addr, id, 'x'),
	  KVM_FIELD(struct kvm_arm_device_addr, addr, 'x')},
	 NULL},
	{KVM_ARM_SET_COUNTER_OFFSET,
	 'p',
	 {KVM_FIELD(struct kvm_arm_counter_offset, counter_offset, 'x')},
	 NULL},
	{KVM_ARM_MTE_COPY_TAGS,
	 'p',
	 {KVM_FIELD(struct kvm_arm_copy_mte_tags, guest_ipa, 'x'),
	  KVM_FIELD(struct kvm_arm_copy_mte_tags, length, 'x'),
	  KVM_FIELD(struct kvm_arm_copy_mte_tags, flags, 'x')},
	 NULL},
	{KVM_ARM_GET_REG_WRITABLE_MASKS, 'p', {KVM_FIELD(struct reg_mask_range, range, 'd')}, NULL},

	/* vCPU */
	{KVM_ARM_VCPU_INIT, 'p', INIT_FIELDS, feature_names},
	{KVM_ARM_VCPU_FINALIZE, 'p', NONE, finalized_feature},
	{KVM_GET_REG_LIST, 'p', {KVM_FIELD(struct kvm_reg_list, n, 'd')}, NULL},
	{KVM_GET_VCPU_EVENTS, 'p', EVENTS_FIELDS, NULL},
	{KVM_SET_VCPU_EVENTS, 'p', EVENTS_FIELDS, NULL},
	{KVM_SET_GUEST_DEBUG,
	 'p',
	 {KVM_FIELD(struct kvm_guest_debug, control, 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.dbg_bcr[0], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.dbg_bvr[0], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.dbg_wcr[0], 'x'),
	  KVM_FIELD(struct kvm_guest_debug, arch.dbg_wvr[0], 'x')},
	 NULL},
	{0, 0, NONE, NULL},
};
