/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of arm64's one-reg ids. How an id is made up: asm/kvm.h and api.rst,
 * section 4.68; it is ABI, and written down here without the header so that it
 * can be used and tested anywhere. System registers by op0, op1, CRn, CRm and
 * op2: Arm ARM (DDI 0487), chapter D23.
 */
#include "reg_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bits 63:56 the architecture, 55:52 the size, 27:16 the kind ("coprocessor"). */
#define ID_ARM64     0x60
#define ID_KIND(id)  ((unsigned int)((id) >> 16 & 0xfff))
#define ID_INDEX(id) ((unsigned int)((id)&0xffff))

enum {
	KIND_CORE = 0x10,
	KIND_DEMUX = 0x11,
	KIND_SYSREG = 0x13,
	KIND_FW = 0x14,
	KIND_SVE = 0x15,
	KIND_FW_FEAT_BMAP = 0x16,
};

/* ---- system registers ---- */

#define ENCODE(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* @count registers, @step apart; a # in the name stands for the register's number. */
struct sysreg {
	uint16_t first;
	uint8_t count, step;
	char name[20];
};

#define SYSN(op0, op1, crn, crm, op2, count, step, name)           \
	{                                                          \
		ENCODE(op0, op1, crn, crm, op2), count, step, name \
	}
#define SYS(op0, op1, crn, crm, op2, name) SYSN(op0, op1, crn, crm, op2, 1, 1, name)

/*
 * KVM's ids of the virtual timer's counter and compare value are each other's
 * encodings, by an old mistake that is ABI now (asm/kvm.h, KVM_REG_ARM_TIMER_CVAL):
 * the names here say what the value is.
 */
static const struct sysreg sysregs[] = {
	SYS(2, 0, 0, 0, 2, "OSDTRRX_EL1"),
	SYS(2, 0, 0, 2, 0, "MDCCINT_EL1"),
	SYS(2, 0, 0, 2, 2, "MDSCR_EL1"),
	SYS(2, 0, 0, 3, 2, "OSDTRTX_EL1"),
	SYS(2, 0, 0, 6, 2, "OSECCR_EL1"),
	SYS(2, 0, 1, 1, 4, "OSLSR_EL1"),
	SYS(2, 0, 1, 3, 4, "OSDLR_EL1"),
	SYS(2, 0, 1, 4, 4, "DBGPRCR_EL1"),
	SYS(2, 0, 7, 8, 6, "DBGCLAIMSET_EL1"),
	SYS(2, 0, 7, 9, 6, "DBGCLAIMCLR_EL1"),
	SYSN(2, 0, 0, 0, 4, 16, 8, "DBGBVR#_EL1"),
	SYSN(2, 0, 0, 0, 5, 16, 8, "DBGBCR#_EL1"),
	SYSN(2, 0, 0, 0, 6, 16, 8, "DBGWVR#_EL1"),
	SYSN(2, 0, 0, 0, 7, 16, 8, "DBGWCR#_EL1"),
	SYS(2, 0, 7, 14, 6, "DBGAUTHSTATUS_EL1"),
	SYS(2, 3, 0, 4, 0, "DBGDTR_EL0"),
	SYS(2, 3, 0, 5, 0, "DBGDTRRX_EL0"),
	SYS(2, 4, 0, 7, 0, "DBGVCR32_EL2"),
	SYS(3, 0, 0, 0, 0, "MIDR_EL1"),
	SYS(3, 0, 0, 0, 4, "MPUIR_EL1"),
	SYS(3, 0, 0, 0, 5, "MPIDR_EL1"),
	SYS(3, 0, 0, 0, 6, "REVIDR_EL1"),
	SYS(3, 0, 0, 1, 0, "ID_PFR0_EL1"),
	SYS(3, 0, 0, 1, 1, "ID_PFR1_EL1"),
	SYS(3, 0, 0, 1, 2, "ID_DFR0_EL1"),
	SYS(3, 0, 0, 1, 3, "ID_AFR0_EL1"),
	SYS(3, 0, 0, 1, 4, "ID_MMFR0_EL1"),
	SYS(3, 0, 0, 1, 5, "ID_MMFR1_EL1"),
	SYS(3, 0, 0, 1, 6, "ID_MMFR2_EL1"),
	SYS(3, 0, 0, 1, 7, "ID_MMFR3_EL1"),
	SYS(3, 0, 0, 2, 0, "ID_ISAR0_EL1"),
	SYS(3, 0, 0, 2, 1, "ID_ISAR1_EL1"),
	SYS(3, 0, 0, 2, 2, "ID_ISAR2_EL1"),
	SYS(3, 0, 0, 2, 3, "ID_ISAR3_EL1"),
	SYS(3, 0, 0, 2, 4, "ID_ISAR4_EL1"),
	SYS(3, 0, 0, 2, 5, "ID_ISAR5_EL1"),
	SYS(3, 0, 0, 2, 6, "ID_MMFR4_EL1"),
	SYS(3, 0, 0, 2, 7, "ID_ISAR6_EL1"),
	SYS(3, 0, 0, 3, 0, "MVFR0_EL1"),
	SYS(3, 0, 0, 3, 1, "MVFR1_EL1"),
	SYS(3, 0, 0, 3, 2, "MVFR2_EL1"),
	SYS(3, 0, 0, 3, 4, "ID_PFR2_EL1"),
	SYS(3, 0, 0, 3, 5, "ID_DFR1_EL1"),
	SYS(3, 0, 0, 3, 6, "ID_MMFR5_EL1"),
	SYS(3, 0, 0, 4, 0, "ID_AA64PFR0_EL1"),
	SYS(3, 0, 0, 4, 1, "ID_AA64PFR1_EL1"),
	SYS(3, 0, 0, 4, 2, "ID_AA64PFR2_EL1"),
	SYS(3, 0, 0, 4, 4, "ID_AA64ZFR0_EL1"),
	SYS(3, 0, 0, 4, 5, "ID_AA64SMFR0_EL1"),
	SYS(3, 0, 0, 4, 7, "ID_AA64FPFR0_EL1"),
	SYS(3, 0, 0, 5, 0, "ID_AA64DFR0_EL1"),
	SYS(3, 0, 0, 5, 1, "ID_AA64DFR1_EL1"),
	SYS(3, 0, 0, 5, 2, "ID_AA64DFR2_EL1"),
	SYS(3, 0, 0, 5, 4, "ID_AA64AFR0_EL1"),
	SYS(3, 0, 0, 5, 5, "ID_AA64AFR1_EL1"),
	SYS(3, 0, 0, 6, 0, "ID_AA64ISAR0_EL1"),
	SYS(3, 0, 0, 6, 1, "ID_AA64ISAR1_EL1"),
	SYS(3, 0, 0, 6, 2, "ID_AA64ISAR2_EL1"),
	SYS(3, 0, 0, 6, 3, "ID_AA64ISAR3_EL1"),
	SYS(3, 0, 0, 7, 0, "ID_AA64MMFR0_EL1"),
	SYS(3, 0, 0, 7, 1, "ID_AA64MMFR1_EL1"),
	SYS(3, 0, 0, 7, 2, "ID_AA64MMFR2_EL1"),
	SYS(3, 0, 0, 7, 3, "ID_AA64MMFR3_EL1"),
	SYS(3, 0, 0, 7, 4, "ID_AA64MMFR4_EL1"),
	SYS(3, 0, 1, 0, 0, "SCTLR_EL1"),
	SYS(3, 0, 1, 0, 1, "ACTLR_EL1"),
	SYS(3, 0, 1, 0, 2, "CPACR_EL1"),
	SYS(3, 0, 1, 0, 3, "SCTLR2_EL1"),
	SYS(3, 0, 1, 0, 5, "RGSR_EL1"),
	SYS(3, 0, 1, 0, 6, "GCR_EL1"),
	SYS(3, 0, 1, 2, 0, "ZCR_EL1"),
	SYS(3, 0, 1, 2, 1, "TRFCR_EL1"),
	SYS(3, 0, 1, 2, 3, "TRCITECR_EL1"),
	SYS(3, 0, 1, 2, 6, "SMCR_EL1"),
	SYS(3, 0, 2, 0, 0, "TTBR0_EL1"),
	SYS(3, 0, 2, 0, 1, "TTBR1_EL1"),
	SYS(3, 0, 2, 0, 2, "TCR_EL1"),
	SYS(3, 0, 2, 0, 3, "TCR2_EL1"),
	SYS(3, 0, 2, 1, 0, "APIAKEYLO_EL1"),
	SYS(3, 0, 2, 1, 1, "APIAKEYHI_EL1"),
	SYS(3, 0, 2, 1, 2, "APIBKEYLO_EL1"),
	SYS(3, 0, 2, 1, 3, "APIBKEYHI_EL1"),
	SYS(3, 0, 2, 2, 0, "APDAKEYLO_EL1"),
	SYS(3, 0, 2, 2, 1, "APDAKEYHI_EL1"),
	SYS(3, 0, 2, 2, 2, "APDBKEYLO_EL1"),
	SYS(3, 0, 2, 2, 3, "APDBKEYHI_EL1"),
	SYS(3, 0, 2, 3, 0, "APGAKEYLO_EL1"),
	SYS(3, 0, 2, 3, 1, "APGAKEYHI_EL1"),
	SYS(3, 0, 4, 0, 1, "ELR_EL1"),
	SYS(3, 0, 4, 1, 0, "SP_EL0"),
	SYS(3, 0, 4, 6, 0, "ICC_PMR_EL1"),
	SYS(3, 0, 5, 1, 0, "AFSR0_EL1"),
	SYS(3, 0, 5, 1, 1, "AFSR1_EL1"),
	SYS(3, 0, 5, 2, 0, "ESR_EL1"),
	SYS(3, 0, 5, 6, 0, "TFSR_EL1"),
	SYS(3, 0, 5, 6, 1, "TFSRE0_EL1"),
	SYS(3, 0, 6, 0, 0, "FAR_EL1"),
	SYS(3, 0, 7, 4, 0, "PAR_EL1"),
	SYS(3, 0, 9, 14, 1, "PMINTENSET_EL1"),
	SYS(3, 0, 9, 14, 2, "PMINTENCLR_EL1"),
	SYS(3, 0, 9, 14, 6, "PMMIR_EL1"),
	SYS(3, 0, 10, 2, 0, "MAIR_EL1"),
	SYS(3, 0, 10, 2, 1, "MAIR2_EL1"),
	SYS(3, 0, 10, 2, 2, "PIRE0_EL1"),
	SYS(3, 0, 10, 2, 3, "PIR_EL1"),
	SYS(3, 0, 10, 2, 4, "POR_EL1"),
	SYS(3, 0, 10, 3, 0, "AMAIR_EL1"),
	SYS(3, 0, 10, 3, 1, "AMAIR2_EL1"),
	SYS(3, 0, 10, 4, 0, "LORSA_EL1"),
	SYS(3, 0, 10, 4, 1, "LOREA_EL1"),
	SYS(3, 0, 10, 4, 2, "LORN_EL1"),
	SYS(3, 0, 10, 4, 3, "LORC_EL1"),
	SYS(3, 0, 10, 4, 4, "MPAMIDR_EL1"),
	SYS(3, 0, 10, 4, 7, "LORID_EL1"),
	SYS(3, 0, 10, 5, 0, "MPAM1_EL1"),
	SYS(3, 0, 10, 5, 1, "MPAM0_EL1"),
	SYS(3, 0, 12, 0, 0, "VBAR_EL1"),
	SYS(3, 0, 12, 1, 0, "ISR_EL1"),
	SYS(3, 0, 12, 1, 1, "DISR_EL1"),
	SYS(3, 0, 12, 8, 3, "ICC_BPR0_EL1"),
	SYS(3, 0, 12, 12, 3, "ICC_BPR1_EL1"),
	SYS(3, 0, 12, 12, 4, "ICC_CTLR_EL1"),
	SYS(3, 0, 12, 12, 5, "ICC_SRE_EL1"),
	SYS(3, 0, 12, 12, 6, "ICC_IGRPEN0_EL1"),
	SYS(3, 0, 12, 12, 7, "ICC_IGRPEN1_EL1"),
	SYS(3, 0, 13, 0, 1, "CONTEXTIDR_EL1"),
	SYS(3, 0, 13, 0, 4, "TPIDR_EL1"),
	SYS(3, 0, 13, 0, 5, "ACCDATA_EL1"),
	SYS(3, 0, 13, 0, 7, "SCXTNUM_EL1"),
	SYS(3, 0, 14, 1, 0, "CNTKCTL_EL1"),
	SYS(3, 1, 0, 0, 0, "CCSIDR_EL1"),
	SYS(3, 1, 0, 0, 1, "CLIDR_EL1"),
	SYS(3, 1, 0, 0, 2, "CCSIDR2_EL1"),
	SYS(3, 1, 0, 0, 4, "GMID_EL1"),
	SYS(3, 1, 0, 0, 6, "SMIDR_EL1"),
	SYS(3, 1, 0, 0, 7, "AIDR_EL1"),
	SYS(3, 2, 0, 0, 0, "CSSELR_EL1"),
	SYS(3, 3, 0, 0, 1, "CTR_EL0"),
	SYS(3, 3, 0, 0, 7, "DCZID_EL0"),
	SYS(3, 3, 4, 4, 2, "FPMR"),
	SYS(3, 3, 9, 12, 0, "PMCR_EL0"),
	SYS(3, 3, 9, 12, 1, "PMCNTENSET_EL0"),
	SYS(3, 3, 9, 12, 2, "PMCNTENCLR_EL0"),
	SYS(3, 3, 9, 12, 3, "PMOVSCLR_EL0"),
	SYS(3, 3, 9, 12, 4, "PMSWINC_EL0"),
	SYS(3, 3, 9, 12, 5, "PMSELR_EL0"),
	SYS(3, 3, 9, 12, 6, "PMCEID0_EL0"),
	SYS(3, 3, 9, 12, 7, "PMCEID1_EL0"),
	SYS(3, 3, 9, 13, 0, "PMCCNTR_EL0"),
	SYS(3, 3, 9, 13, 1, "PMXEVTYPER_EL0"),
	SYS(3, 3, 9, 13, 2, "PMXEVCNTR_EL0"),
	SYS(3, 3, 9, 14, 0, "PMUSERENR_EL0"),
	SYS(3, 3, 9, 14, 3, "PMOVSSET_EL0"),
	SYS(3, 3, 10, 2, 4, "POR_EL0"),
	SYS(3, 3, 13, 0, 2, "TPIDR_EL0"),
	SYS(3, 3, 13, 0, 3, "TPIDRRO_EL0"),
	SYS(3, 3, 13, 0, 5, "TPIDR2_EL0"),
	SYS(3, 3, 13, 0, 7, "SCXTNUM_EL0"),
	SYS(3, 3, 14, 0, 0, "CNTFRQ_EL0"),
	SYS(3, 3, 14, 0, 1, "CNTPCT_EL0"),
	SYS(3, 3, 14, 0, 2, "CNTV_CVAL_EL0"), /* see above */
	SYS(3, 3, 14, 0, 5, "CNTPCTSS_EL0"),
	SYS(3, 3, 14, 0, 6, "CNTVCTSS_EL0"),
	SYS(3, 3, 14, 2, 0, "CNTP_TVAL_EL0"),
	SYS(3, 3, 14, 2, 1, "CNTP_CTL_EL0"),
	SYS(3, 3, 14, 2, 2, "CNTP_CVAL_EL0"),
	SYS(3, 3, 14, 3, 0, "CNTV_TVAL_EL0"),
	SYS(3, 3, 14, 3, 1, "CNTV_CTL_EL0"),
	SYS(3, 3, 14, 3, 2, "CNTVCT_EL0"), /* see above */
	SYS(3, 3, 14, 15, 7, "PMCCFILTR_EL0"),
	SYS(3, 4, 0, 0, 0, "VPIDR_EL2"),
	SYS(3, 4, 0, 0, 4, "MPUIR_EL2"),
	SYS(3, 4, 0, 0, 5, "VMPIDR_EL2"),
	SYS(3, 4, 1, 0, 0, "SCTLR_EL2"),
	SYS(3, 4, 1, 0, 1, "ACTLR_EL2"),
	SYS(3, 4, 1, 0, 3, "SCTLR2_EL2"),
	SYS(3, 4, 1, 1, 0, "HCR_EL2"),
	SYS(3, 4, 1, 1, 1, "MDCR_EL2"),
	SYS(3, 4, 1, 1, 2, "CPTR_EL2"),
	SYS(3, 4, 1, 1, 3, "HSTR_EL2"),
	SYS(3, 4, 1, 1, 4, "HFGRTR_EL2"),
	SYS(3, 4, 1, 1, 5, "HFGWTR_EL2"),
	SYS(3, 4, 1, 1, 6, "HFGITR_EL2"),
	SYS(3, 4, 1, 1, 7, "HACR_EL2"),
	SYS(3, 4, 1, 2, 0, "ZCR_EL2"),
	SYS(3, 4, 1, 2, 1, "TRFCR_EL2"),
	SYS(3, 4, 1, 2, 2, "HCRX_EL2"),
	SYS(3, 4, 1, 2, 6, "SMCR_EL2"),
	SYS(3, 4, 2, 0, 0, "TTBR0_EL2"),
	SYS(3, 4, 2, 0, 1, "TTBR1_EL2"),
	SYS(3, 4, 2, 0, 2, "TCR_EL2"),
	SYS(3, 4, 2, 0, 3, "TCR2_EL2"),
	SYS(3, 4, 2, 1, 0, "VTTBR_EL2"),
	SYS(3, 4, 2, 1, 2, "VTCR_EL2"),
	SYS(3, 4, 2, 2, 0, "VNCR_EL2"),
	SYS(3, 4, 2, 6, 0, "VSTTBR_EL2"),
	SYS(3, 4, 2, 6, 2, "VSTCR_EL2"),
	SYS(3, 4, 3, 0, 0, "DACR32_EL2"),
	SYS(3, 4, 3, 1, 0, "HDFGRTR2_EL2"),
	SYS(3, 4, 3, 1, 1, "HDFGWTR2_EL2"),
	SYS(3, 4, 3, 1, 2, "HFGRTR2_EL2"),
	SYS(3, 4, 3, 1, 3, "HFGWTR2_EL2"),
	SYS(3, 4, 3, 1, 4, "HDFGRTR_EL2"),
	SYS(3, 4, 3, 1, 5, "HDFGWTR_EL2"),
	SYS(3, 4, 3, 1, 6, "HAFGRTR_EL2"),
	SYS(3, 4, 3, 1, 7, "HFGITR2_EL2"),
	SYS(3, 4, 4, 0, 0, "SPSR_EL2"),
	SYS(3, 4, 4, 0, 1, "ELR_EL2"),
	SYS(3, 4, 4, 1, 0, "SP_EL1"),
	SYS(3, 4, 4, 3, 0, "SPSR_IRQ"),
	SYS(3, 4, 4, 3, 1, "SPSR_ABT"),
	SYS(3, 4, 4, 3, 2, "SPSR_UND"),
	SYS(3, 4, 4, 3, 3, "SPSR_FIQ"),
	SYS(3, 4, 5, 0, 1, "IFSR32_EL2"),
	SYS(3, 4, 5, 1, 0, "AFSR0_EL2"),
	SYS(3, 4, 5, 1, 1, "AFSR1_EL2"),
	SYS(3, 4, 5, 2, 0, "ESR_EL2"),
	SYS(3, 4, 5, 2, 3, "VSESR_EL2"),
	SYS(3, 4, 5, 3, 0, "FPEXC32_EL2"),
	SYS(3, 4, 5, 6, 0, "TFSR_EL2"),
	SYS(3, 4, 6, 0, 0, "FAR_EL2"),
	SYS(3, 4, 6, 0, 4, "HPFAR_EL2"),
	SYS(3, 4, 10, 2, 0, "MAIR_EL2"),
	SYS(3, 4, 10, 2, 2, "PIRE0_EL2"),
	SYS(3, 4, 10, 2, 3, "PIR_EL2"),
	SYS(3, 4, 10, 2, 4, "POR_EL2"),
	SYS(3, 4, 10, 3, 0, "AMAIR_EL2"),
	SYS(3, 4, 12, 0, 0, "VBAR_EL2"),
	SYS(3, 4, 12, 1, 1, "VDISR_EL2"),
	SYS(3, 4, 12, 9, 5, "ICC_SRE_EL2"),
	SYS(3, 4, 12, 11, 0, "ICH_HCR_EL2"),
	SYS(3, 4, 12, 11, 1, "ICH_VTR_EL2"),
	SYS(3, 4, 12, 11, 2, "ICH_MISR_EL2"),
	SYS(3, 4, 12, 11, 3, "ICH_EISR_EL2"),
	SYS(3, 4, 12, 11, 5, "ICH_ELRSR_EL2"),
	SYS(3, 4, 12, 11, 7, "ICH_VMCR_EL2"),
	SYS(3, 4, 13, 0, 1, "CONTEXTIDR_EL2"),
	SYS(3, 4, 13, 0, 2, "TPIDR_EL2"),
	SYS(3, 4, 13, 0, 7, "SCXTNUM_EL2"),
	SYS(3, 4, 14, 0, 3, "CNTVOFF_EL2"),
	SYS(3, 4, 14, 0, 6, "CNTPOFF_EL2"),
	SYS(3, 4, 14, 1, 0, "CNTHCTL_EL2"),
	SYS(3, 4, 14, 2, 0, "CNTHP_TVAL_EL2"),
	SYS(3, 4, 14, 2, 1, "CNTHP_CTL_EL2"),
	SYS(3, 4, 14, 2, 2, "CNTHP_CVAL_EL2"),
	SYS(3, 4, 14, 3, 0, "CNTHV_TVAL_EL2"),
	SYS(3, 4, 14, 3, 1, "CNTHV_CTL_EL2"),
	SYS(3, 4, 14, 3, 2, "CNTHV_CVAL_EL2"),
	SYS(3, 4, 14, 4, 0, "CNTHVS_TVAL_EL2"),
	SYS(3, 4, 14, 4, 1, "CNTHVS_CTL_EL2"),
	SYS(3, 4, 14, 4, 2, "CNTHVS_CVAL_EL2"),
	SYS(3, 4, 14, 5, 0, "CNTHPS_TVAL_EL2"),
	SYS(3, 4, 14, 5, 1, "CNTHPS_CTL_EL2"),
	SYS(3, 4, 14, 5, 2, "CNTHPS_CVAL_EL2"),
	SYS(3, 6, 4, 1, 0, "SP_EL2"),
	SYSN(3, 3, 14, 8, 0, 31, 1, "PMEVCNTR#_EL0"),
	SYSN(3, 3, 14, 12, 0, 31, 1, "PMEVTYPER#_EL0"),
	SYSN(3, 0, 12, 8, 4, 4, 1, "ICC_AP0R#_EL1"),
	SYSN(3, 0, 12, 9, 0, 4, 1, "ICC_AP1R#_EL1"),
	SYSN(3, 4, 12, 8, 0, 4, 1, "ICH_AP0R#_EL2"),
	SYSN(3, 4, 12, 9, 0, 4, 1, "ICH_AP1R#_EL2"),
	SYSN(3, 4, 12, 12, 0, 16, 1, "ICH_LR#_EL2"),
};

static void sysreg_name(unsigned int index, char *buf, size_t size)
{
	for (unsigned int i = 0; i < sizeof(sysregs) / sizeof(sysregs[0]); i++) {
		const struct sysreg *r = &sysregs[i];
		unsigned int offset = index - r->first;
		int before = (int)strcspn(r->name, "#");

		if (index < r->first || offset % r->step || offset / r->step >= r->count)
			continue;
		if (r->name[before])
			snprintf(buf, size, "%.*s%u%s", before, r->name, offset / r->step,
				 r->name + before + 1);
		else
			snprintf(buf, size, "%s", r->name);
		return;
	}
	/* As the assembler takes it. */
	snprintf(buf, size, "S%u_%u_C%u_C%u_%u", index >> 14, index >> 11 & 7, index >> 7 & 0xf,
		 index >> 3 & 0xf, index & 7);
}

/* ---- core registers: struct kvm_regs in units of 32 bits ---- */

struct core {
	uint16_t first, step, count;
	char name[12];
};

static const struct core cores[] = {
	{0, 2, 31, "X#"},	{62, 2, 1, "SP_EL0"},	{64, 2, 1, "PC"},
	{66, 2, 1, "PSTATE"},	{68, 2, 1, "SP_EL1"},	{70, 2, 1, "ELR_EL1"},
	{72, 2, 1, "SPSR_EL1"}, {74, 2, 1, "SPSR_ABT"}, {76, 2, 1, "SPSR_UND"},
	{78, 2, 1, "SPSR_IRQ"}, {80, 2, 1, "SPSR_FIQ"}, {84, 4, 32, "V#"},
	{212, 1, 1, "FPSR"},	{213, 1, 1, "FPCR"},
};

static void core_name(unsigned int index, char *buf, size_t size)
{
	for (unsigned int i = 0; i < sizeof(cores) / sizeof(cores[0]); i++) {
		const struct core *c = &cores[i];
		unsigned int offset = index - c->first;

		if (index < c->first || offset % c->step || offset / c->step >= c->count)
			continue;
		if (c->name[1] == '#')
			snprintf(buf, size, "%c%u", c->name[0], offset / c->step);
		else
			snprintf(buf, size, "%s", c->name);
		return;
	}
	snprintf(buf, size, "CORE_%u", index);
}

/* ---- the rest ---- */

#define SVE_VLS 0xffff

static void sve_name(unsigned int index, char *buf, size_t size)
{
	unsigned int slice = index & 0x1f, n = index >> 5;
	char letter[4] = "";

	if (index == SVE_VLS) {
		snprintf(buf, size, "SVE_VLS");
		return;
	}
	/* 32 vectors, 16 predicates, the first-fault register. */
	if (n < 0x20)
		snprintf(letter, sizeof(letter), "Z");
	else if (n < 0x30)
		snprintf(letter, sizeof(letter), "P");
	else if (n == 0x30)
		snprintf(letter, sizeof(letter), "FFR");
	if (!*letter) {
		snprintf(buf, size, "SVE_0x%x", index);
		return;
	}
	if (n == 0x30)
		snprintf(buf, size, "%s", letter);
	else
		snprintf(buf, size, "%s%u", letter, n & 0x1f);
	/* A slice beyond the first holds what is above 2048 bits. */
	if (slice)
		snprintf(buf + strlen(buf), size - strlen(buf), ".%u", slice);
}

static void indexed_name(const char *const *names, unsigned int nr, const char *kind,
			 unsigned int index, char *buf, size_t size)
{
	if (index < nr)
		snprintf(buf, size, "%s", names[index]);
	else
		snprintf(buf, size, "%s_%u", kind, index);
}

static const char *const fw_names[] = {
	"PSCI_VERSION",
	"SMCCC_ARCH_WORKAROUND_1",
	"SMCCC_ARCH_WORKAROUND_2",
	"SMCCC_ARCH_WORKAROUND_3",
};

static const char *const bmap_names[] = {
	"STD_BMAP",
	"STD_HYP_BMAP",
	"VENDOR_HYP_BMAP",
	"VENDOR_HYP_BMAP_2",
};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

void arm64_reg_name(uint64_t id, char *buf, size_t size)
{
	unsigned int index = ID_INDEX(id);

	if (id >> 56 != ID_ARM64) {
		snprintf(buf, size, "REG_0x%" PRIx64, id);
		return;
	}
	switch (ID_KIND(id)) {
	case KIND_CORE:
		core_name(index, buf, size);
		break;
	case KIND_DEMUX:
		/* CCSIDR, one for each value of CSSELR. */
		snprintf(buf, size, index >> 8 ? "DEMUX_0x%x" : "CCSIDR_%u", index);
		break;
	case KIND_SYSREG:
		sysreg_name(index, buf, size);
		break;
	case KIND_FW:
		indexed_name(fw_names, NR(fw_names), "FW", index, buf, size);
		break;
	case KIND_SVE:
		sve_name(index, buf, size);
		break;
	case KIND_FW_FEAT_BMAP:
		indexed_name(bmap_names, NR(bmap_names), "FW_FEAT_BMAP", index, buf, size);
		break;
	default:
		snprintf(buf, size, "KIND_0x%x_0x%x", ID_KIND(id), index);
	}
}
