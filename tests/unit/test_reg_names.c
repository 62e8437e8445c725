/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of one-reg ids and of MSRs, against ids put together as asm/kvm.h and
 * api.rst (4.68) have them, and numbers of the architectures' manuals.
 */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arm64/reg_names.h"
#include "arch/riscv/reg_names.h"
#include "arch/x86/reg_names.h"

struct row {
	uint64_t id;
	const char *name;
};

static void check(void (*name)(uint64_t id, char *buf, size_t size), const struct row *rows,
		  size_t nr)
{
	char text[64];

	for (size_t i = 0; i < nr; i++) {
		name(rows[i].id, text, sizeof(text));
		if (strcmp(text, rows[i].name) != 0)
			fail_msg("0x%" PRIx64 " is called %s, not %s", rows[i].id, text,
				 rows[i].name);
	}
}

static void arm64(void **state)
{
	static const struct row rows[] = {
		/* Core: the offset in struct kvm_regs in words of 4 bytes. */
		{0x6030000000100000, "X0"},
		{0x603000000010003c, "X30"},
		{0x603000000010003e, "SP_EL0"},
		{0x6030000000100040, "PC"},
		{0x6030000000100042, "PSTATE"},
		{0x6030000000100044, "SP_EL1"},
		{0x6030000000100046, "ELR_EL1"},
		{0x6030000000100048, "SPSR_EL1"},
		{0x6030000000100050, "SPSR_FIQ"},
		{0x6040000000100054, "V0"},
		{0x60400000001000d0, "V31"},
		{0x60200000001000d4, "FPSR"},
		{0x60200000001000d5, "FPCR"},
		{0x6030000000100001, "CORE_1"},
		{0x6030000000100052, "CORE_82"},
		/* System: op0 << 14, op1 << 11, CRn << 7, CRm << 3, op2. */
		{0x603000000013c000, "MIDR_EL1"},
		{0x603000000013c020, "ID_AA64PFR0_EL1"},
		{0x603000000013c038, "ID_AA64MMFR0_EL1"},
		{0x603000000013c080, "SCTLR_EL1"},
		{0x603000000013c600, "VBAR_EL1"},
		{0x603000000013dce0, "PMCR_EL0"},
		{0x6030000000138004, "DBGBVR0_EL1"},
		{0x603000000013807f, "DBGWCR15_EL1"},
		{0x603000000013df40, "PMEVCNTR0_EL0"},
		{0x603000000013df5e, "PMEVCNTR30_EL0"},
		{0x603000000013df5f, "S3_3_C14_C11_7"},
		{0x603000000013df60, "PMEVTYPER0_EL0"},
		{0x603000000013df7f, "PMCCFILTR_EL0"},
		{0x603000000013e600, "VBAR_EL2"},
		{0x603000000013e66f, "ICH_LR15_EL2"},
		/* KVM_REG_ARM_TIMER_CVAL and _CNT: the wrong way round since ever. */
		{0x603000000013df02, "CNTV_CVAL_EL0"},
		{0x603000000013df1a, "CNTVCT_EL0"},
		/* What has no name: as the assembler takes it. */
		{0x603000000013c01b, "S3_0_C0_C3_3"},
		{0x603000000013c080 | 0x7800, "S3_7_C1_C0_0"},
		/* Demultiplexed, firmware, bitmaps. */
		{0x6020000000110002, "CCSIDR_2"},
		{0x6020000000110100, "DEMUX_0x100"},
		{0x6030000000140000, "PSCI_VERSION"},
		{0x6030000000140003, "SMCCC_ARCH_WORKAROUND_3"},
		{0x6030000000140004, "FW_4"},
		{0x6030000000160002, "VENDOR_HYP_BMAP"},
		{0x6030000000160009, "FW_FEAT_BMAP_9"},
		/* SVE: 2048, 256 and 512 bits. */
		{0x6080000000150000, "Z0"},
		{0x60800000001503e0, "Z31"},
		{0x6080000000150021, "Z1.1"},
		{0x6050000000150400, "P0"},
		{0x60500000001505e0, "P15"},
		{0x6050000000150600, "FFR"},
		{0x606000000015ffff, "SVE_VLS"},
		{0x6050000000150700, "SVE_0x700"},
		/* A kind of the future, another architecture. */
		{0x6030000000170001, "KIND_0x17_0x1"},
		{0x8030000001000000, "REG_0x8030000001000000"},
	};

	check(arm64_reg_name, rows, ARRAY_SIZE(rows));
}

static void riscv(void **state)
{
	static const struct row rows[] = {
		{0x8030000001000000, "CONFIG_ISA"},
		{0x8030000001000006, "CONFIG_SATP_MODE"},
		{0x8030000001000007, "CONFIG_ZICBOP_BLOCK_SIZE"},
		{0x8030000001000008, "CONFIG_8"},
		{0x8030000002000000, "PC"},
		{0x8030000002000001, "RA"},
		{0x803000000200000a, "A0"},
		{0x803000000200001f, "T6"},
		{0x8030000002000020, "MODE"},
		{0x8030000003000000, "CSR_SSTATUS"},
		{0x8030000003000008, "CSR_SATP"},
		{0x803000000300000a, "CSR_SENVCFG"},
		{0x803000000300000b, "CSR_11"},
		{0x8030000003010000, "CSR_SISELECT"},
		{0x8030000003020000, "CSR_SSTATEEN0"},
		{0x8030000003030000, "TYPE_3_3_0x0"},
		{0x8030000004000003, "TIMER_STATE"},
		{0x802000000500001f, "FP_F_F31"},
		{0x8020000005000020, "FP_F_FCSR"},
		{0x8030000006000000, "FP_D_F0"},
		{0x8020000006000020, "FP_D_FCSR"},
		{0x8020000006000021, "FP_D_33"},
		{0x8030000007000000, "ISA_EXT_A"},
		{0x8030000007000008, "ISA_EXT_SSTC"},
		{0x8030000007000041, "ISA_EXT_SVADU"},
		{0x803000000700004d, "ISA_EXT_ZALASR"},
		{0x803000000700004e, "ISA_EXT_78"},
		{0x8030000007010000, "ISA_MULTI_EN_0"},
		{0x8030000007020001, "ISA_MULTI_DIS_1"},
		{0x8030000008000000, "SBI_EXT_V01"},
		{0x8030000008000009, "SBI_EXT_DBCN"},
		{0x803000000800000d, "SBI_EXT_MPXY"},
		{0x8030000009000004, "VLENB"},
		{0x8030000009000005, "VECTOR_5"},
		{0x8040000009000006, "V0"},
		{0x8040000009000025, "V31"},
		{0x8040000009000026, "VECTOR_38"},
		{0x803000000a000001, "SBI_STA_SHMEM_HI"},
		{0x803000000a010002, "SBI_FWFT_MISALIGNED_DELEG_VALUE"},
		{0x803000000b000002, "TYPE_11_0_0x2"},
		{0x6030000000100000, "REG_0x6030000000100000"},
	};

	check(riscv_reg_name, rows, ARRAY_SIZE(rows));
}

static void x86(void **state)
{
	static const struct row rows[] = {
		{0x2030000200000010, "IA32_TIME_STAMP_COUNTER"},
		{0x20300002c0000080, "EFER"},
		{0x2030000300000000, "GUEST_SSP"},
		{0x2030000300000001, "TYPE3_0x1"},
		{0x2030000400000005, "TYPE4_0x5"},
		{0x6030000000100000, "REG_0x6030000000100000"},
	};

	check(x86_reg_name, rows, ARRAY_SIZE(rows));
}

static void msr_name(uint64_t id, char *buf, size_t size)
{
	x86_msr_name((uint32_t)id, buf, size);
}

static void msrs(void **state)
{
	static const struct row rows[] = {
		{0x0, "IA32_P5_MC_ADDR"},
		{0xc1, "IA32_PMC0"},
		{0xc8, "IA32_PMC7"},
		{0xc9, "MSR_0xc9"},
		{0x174, "IA32_SYSENTER_CS"},
		/* Two sets that alternate. */
		{0x200, "IA32_MTRR_PHYSBASE0"},
		{0x201, "IA32_MTRR_PHYSMASK0"},
		{0x20e, "IA32_MTRR_PHYSBASE7"},
		{0x21f, "IA32_MTRR_PHYSMASK15"},
		{0x220, "MSR_0x220"},
		{0x277, "IA32_PAT"},
		/* Four sets, the number inside the name. */
		{0x400, "IA32_MC0_CTL"},
		{0x405, "IA32_MC1_STATUS"},
		{0x47f, "IA32_MC31_MISC"},
		{0x480, "IA32_VMX_BASIC"},
		{0x4b564d01, "KVM_SYSTEM_TIME_NEW"},
		{0x40000091, "HV_X64_MSR_SINT1"},
		{0x400000b3, "HV_X64_MSR_STIMER1_COUNT"},
		{0xc0000082, "LSTAR"},
		{0xc0010207, "PERF_CTR3"},
		{0xffffffff, "MSR_0xffffffff"},
	};

	check(msr_name, rows, ARRAY_SIZE(rows));
}

/* A buffer that is too small is filled and ended, never passed; ASan watches. */
static void small_buffers(void **state)
{
	char text[6];

	arm64_reg_name(0x6080000000150021, text, 3);
	assert_string_equal(text, "Z1");
	arm64_reg_name(0x603000000013c020, text, sizeof(text));
	assert_string_equal(text, "ID_AA");
	riscv_reg_name(0x8030000007000008, text, sizeof(text));
	assert_string_equal(text, "ISA_E");
	x86_msr_name(0x405, text, sizeof(text));
	assert_string_equal(text, "IA32_");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arm64), cmocka_unit_test(riscv),	  cmocka_unit_test(x86),
		cmocka_unit_test(msrs),	 cmocka_unit_test(small_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
