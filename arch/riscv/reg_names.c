/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of RISC-V's one-reg ids. How an id is made up, and the numbers of
 * extensions: asm/kvm.h and api.rst, section 4.68; it is ABI, and written down
 * here without the header so that it can be used and tested anywhere.
 */
#include "reg_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ID_RISCV       0x80
#define ID_TYPE(id)    ((unsigned int)((id) >> 24 & 0xff))
#define ID_SUBTYPE(id) ((unsigned int)((id) >> 16 & 0xff))
#define ID_INDEX(id)   ((unsigned int)((id)&0xffff))

static const char *const config[] = {
	"ISA",	  "ZICBOM_BLOCK_SIZE", "MVENDORID", "MARCHID",
	"MIMPID", "ZICBOZ_BLOCK_SIZE", "SATP_MODE", "ZICBOP_BLOCK_SIZE",
};

static const char *const core[] = {
	"PC", "RA", "SP", "GP", "TP",  "T0",  "T1", "T2", "S0", "S1", "A0",
	"A1", "A2", "A3", "A4", "A5",  "A6",  "A7", "S2", "S3", "S4", "S5",
	"S6", "S7", "S8", "S9", "S10", "S11", "T3", "T4", "T5", "T6", "MODE",
};

static const char *const csr[] = {
	"SSTATUS", "SIE", "STVEC", "SSCRATCH",	 "SEPC",    "SCAUSE",
	"STVAL",   "SIP", "SATP",  "SCOUNTEREN", "SENVCFG",
};

static const char *const aia_csr[] = {
	"SISELECT", "IPRIO1", "IPRIO2", "SIEH", "SIPH", "IPRIO1H", "IPRIO2H",
};

static const char *const smstateen_csr[] = {"SSTATEEN0"};

static const char *const timer[] = {"FREQUENCY", "TIME", "COMPARE", "STATE"};

static const char *const vector_csr[] = {"VSTART", "VL", "VTYPE", "VCSR", "VLENB"};

static const char *const isa_ext[] = {
	"A",	    "C",       "D",	    "F",	   "H",	       "I",	   "M",
	"SVPBMT",   "SSTC",    "SVINVAL",   "ZIHINTPAUSE", "ZICBOM",   "ZICBOZ",   "ZBB",
	"SSAIA",    "V",       "SVNAPOT",   "ZBA",	   "ZBS",      "ZICNTR",   "ZICSR",
	"ZIFENCEI", "ZIHPM",   "SMSTATEEN", "ZICOND",	   "ZBC",      "ZBKB",	   "ZBKC",
	"ZBKX",	    "ZKND",    "ZKNE",	    "ZKNH",	   "ZKR",      "ZKSED",	   "ZKSH",
	"ZKT",	    "ZVBB",    "ZVBC",	    "ZVKB",	   "ZVKG",     "ZVKNED",   "ZVKNHA",
	"ZVKNHB",   "ZVKSED",  "ZVKSH",	    "ZVKT",	   "ZFH",      "ZFHMIN",   "ZIHINTNTL",
	"ZVFH",	    "ZVFHMIN", "ZFA",	    "ZTSO",	   "ZACAS",    "SSCOFPMF", "ZIMOP",
	"ZCA",	    "ZCB",     "ZCD",	    "ZCF",	   "ZCMOP",    "ZAWRS",	   "SMNPM",
	"SSNPM",    "SVADE",   "SVADU",	    "SVVPTC",	   "ZABHA",    "ZICCRSE",  "ZAAMO",
	"ZALRSC",   "ZICBOP",  "ZFBFMIN",   "ZVFBFMIN",	   "ZVFBFWMA", "ZCLSD",	   "ZILSD",
	"ZALASR",
};

static const char *const sbi_ext[] = {
	"V01",		"TIME",	  "IPI",  "RFENCE", "SRST", "HSM",  "PMU",
	"EXPERIMENTAL", "VENDOR", "DBCN", "STA",    "SUSP", "FWFT", "MPXY",
};

static const char *const sta[] = {"SHMEM_LO", "SHMEM_HI"};

static const char *const fwft[] = {
	"MISALIGNED_DELEG_ENABLE", "MISALIGNED_DELEG_FLAGS", "MISALIGNED_DELEG_VALUE",
	"POINTER_MASKING_ENABLE",  "POINTER_MASKING_FLAGS",  "POINTER_MASKING_VALUE",
};

#define ANY 0xff /* a type without subtypes */

#define NAMES(a) a, sizeof(a) / sizeof((a)[0])

static const struct {
	uint8_t type, subtype;
	const char *prefix;
	const char *const *names; /* NULL: numbered only */
	unsigned int nr;
} kinds[] = {
	{1, ANY, "CONFIG_", NAMES(config)},   {2, ANY, "", NAMES(core)},
	{3, 0, "CSR_", NAMES(csr)},	      {3, 1, "CSR_", NAMES(aia_csr)},
	{3, 2, "CSR_", NAMES(smstateen_csr)}, {4, ANY, "TIMER_", NAMES(timer)},
	{7, 0, "ISA_EXT_", NAMES(isa_ext)},   {7, 1, "ISA_MULTI_EN_", NULL, 0},
	{7, 2, "ISA_MULTI_DIS_", NULL, 0},    {8, 0, "SBI_EXT_", NAMES(sbi_ext)},
	{8, 1, "SBI_MULTI_EN_", NULL, 0},     {8, 2, "SBI_MULTI_DIS_", NULL, 0},
	{10, 0, "SBI_STA_", NAMES(sta)},      {10, 1, "SBI_FWFT_", NAMES(fwft)},
};

/* 32 data registers, then the control register. */
#define TYPE_FP_F 5
#define TYPE_FP_D 6
/* Five control registers, then 32 vectors. */
#define TYPE_VECTOR 9

static void fp_name(char letter, unsigned int index, char *buf, size_t size)
{
	if (index < 32)
		snprintf(buf, size, "FP_%c_F%u", letter, index);
	else if (index == 32)
		snprintf(buf, size, "FP_%c_FCSR", letter);
	else
		snprintf(buf, size, "FP_%c_%u", letter, index);
}

/*
 * The C structure of asm/kvm.h ends in a pointer, which the numbers of the
 * vectors begin behind: KVM_REG_RISCV_VECTOR_REG() starts at 6.
 */
static void vector_name(unsigned int index, char *buf, size_t size)
{
	unsigned int nr = sizeof(vector_csr) / sizeof(vector_csr[0]);

	if (index < nr)
		snprintf(buf, size, "%s", vector_csr[index]);
	else if (index > nr && index <= nr + 32)
		snprintf(buf, size, "V%u", index - nr - 1);
	else
		snprintf(buf, size, "VECTOR_%u", index);
}

void riscv_reg_name(uint64_t id, char *buf, size_t size)
{
	unsigned int type = ID_TYPE(id), subtype = ID_SUBTYPE(id), index = ID_INDEX(id);

	if (id >> 56 != ID_RISCV) {
		snprintf(buf, size, "REG_0x%" PRIx64, id);
		return;
	}
	if (type == TYPE_FP_F || type == TYPE_FP_D) {
		fp_name(type == TYPE_FP_F ? 'F' : 'D', index, buf, size);
		return;
	}
	if (type == TYPE_VECTOR) {
		vector_name(index, buf, size);
		return;
	}
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].type != type ||
		    (kinds[i].subtype != ANY && kinds[i].subtype != subtype))
			continue;
		if (index < kinds[i].nr)
			snprintf(buf, size, "%s%s", kinds[i].prefix, kinds[i].names[index]);
		else
			snprintf(buf, size, "%s%u", kinds[i].prefix, index);
		return;
	}
	snprintf(buf, size, "TYPE_%u_%u_0x%x", type, subtype, index);
}
