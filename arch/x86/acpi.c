/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables; see acpi.h. Section and table numbers are those of ACPI 6.5. */
#include "arch/x86/acpi.h"

#include <stddef.h>
#include <string.h>

#include "arch/x86/board.h"
#include "devices/acpi_hw.h"
#include "devices/exit.h"
#include "devices/ioapic.h"

#define LAPIC_BASE 0xfee00000u

/* An APIC id from here on has no entry of the short kind: 255 is the broadcast. */
#define FIRST_X2APIC_ID 255u

#define packed __attribute__((packed))

struct acpi_rsdp { /* 5.2.5.3 */
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} packed;

struct acpi_header { /* 5.2.6 */
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} packed;

struct acpi_gas {      /* 5.2.3.2 */
	uint8_t space; /* 1: port I/O */
	uint8_t bits;
	uint8_t bit_offset;
	uint8_t access; /* 1: byte, 3: 32 bits */
	uint64_t address;
} packed;

struct acpi_fadt { /* 5.2.9, revision 5 */
	struct acpi_header header;
	uint32_t firmware_ctrl;
	uint32_t dsdt;
	uint8_t reserved0;
	uint8_t preferred_pm_profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	uint32_t pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk, pm2_cnt_blk;
	uint32_t pm_tmr_blk;
	uint32_t gpe0_blk, gpe1_blk;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_blk_len, gpe1_blk_len, gpe1_base, cst_cnt;
	uint16_t p_lvl2_lat, p_lvl3_lat;
	uint16_t flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alrm, mon_alrm, century;
	uint16_t iapc_boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct acpi_gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_version;
	uint64_t x_firmware_ctrl;
	uint64_t x_dsdt;
	struct acpi_gas x_pm1a_evt_blk, x_pm1b_evt_blk, x_pm1a_cnt_blk, x_pm1b_cnt_blk;
	struct acpi_gas x_pm2_cnt_blk, x_pm_tmr_blk, x_gpe0_blk, x_gpe1_blk;
	struct acpi_gas sleep_control_reg, sleep_status_reg;
} packed;
_Static_assert(sizeof(struct acpi_fadt) == 268, "table 5.9 up to SLEEP_STATUS_REG");

#define FADT_WBINVD	   (1u << 0)
#define FADT_TMR_VAL_EXT   (1u << 8)
#define FADT_RESET_REG_SUP (1u << 10)
#define FADT_HW_REDUCED	   (1u << 20)

#define BOOT_LEGACY_DEVICES (1u << 0)
#define BOOT_NO_VGA	    (1u << 2)
#define BOOT_NO_CMOS_RTC    (1u << 5)

struct acpi_madt { /* 5.2.12 */
	struct acpi_header header;
	uint32_t lapic_address;
	uint32_t flags; /* 1: the 8259 pair exists too */
} packed;

struct madt_lapic { /* 5.2.12.2 */
	uint8_t type, length;
	uint8_t uid, id;
	uint32_t flags; /* 1: enabled */
} packed;

struct madt_ioapic { /* 5.2.12.3 */
	uint8_t type, length;
	uint8_t id, reserved;
	uint32_t address;
	uint32_t gsi_base;
} packed;

struct madt_lapic_nmi { /* 5.2.12.7 */
	uint8_t type, length;
	uint8_t uid; /* 255: every processor */
	uint16_t flags;
	uint8_t lint;
} packed;

struct madt_x2apic { /* 5.2.12.12 */
	uint8_t type, length;
	uint16_t reserved;
	uint32_t id;
	uint32_t flags;
	uint32_t uid;
} packed;

/* Name(_S5, Package(1) {ACPI_S5}): what to write to sleep control (7.4.2, 20.2). */
static const uint8_t aml[] = {0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, ACPI_S5};

/* Where each table lies, from the first byte of the RSDP. */
struct layout {
	uint64_t rsdt, xsdt, fadt, dsdt, madt, end;
	unsigned int nr_tables; /* that RSDT and XSDT point at */
};

static uint64_t madt_size(const struct acpi_config *config)
{
	unsigned int nr = config->nr_cpus;
	unsigned int small = nr < FIRST_X2APIC_ID ? nr : FIRST_X2APIC_ID;

	return sizeof(struct acpi_madt) + small * sizeof(struct madt_lapic) +
	       (nr - small) * sizeof(struct madt_x2apic) + sizeof(struct madt_ioapic) +
	       sizeof(struct madt_lapic_nmi);
}

static uint64_t align16(uint64_t n)
{
	return (n + 15) & ~15ull;
}

static struct layout make_layout(const struct acpi_config *config)
{
	struct layout l = {.nr_tables = config->apic ? 2 : 1};

	l.rsdt = align16(sizeof(struct acpi_rsdp));
	l.xsdt = align16(l.rsdt + sizeof(struct acpi_header) + l.nr_tables * sizeof(uint32_t));
	l.fadt = align16(l.xsdt + sizeof(struct acpi_header) + l.nr_tables * sizeof(uint64_t));
	l.dsdt = align16(l.fadt + sizeof(struct acpi_fadt));
	l.madt = align16(l.dsdt + sizeof(struct acpi_header) + sizeof(aml));
	l.end = l.madt + (config->apic ? madt_size(config) : 0);
	return l;
}

uint64_t acpi_size(const struct acpi_config *config)
{
	return make_layout(config).end;
}

/* What makes the bytes add up to zero. */
static uint8_t checksum(const void *p, uint64_t size)
{
	const uint8_t *bytes = p;
	uint8_t sum = 0;

	while (size--)
		sum += *bytes++;
	return -sum;
}

/* Completes a table whose body is written. */
static void finish(void *table, const char *signature, uint8_t revision, uint32_t length)
{
	struct acpi_header *h = table;

	memcpy(h->signature, signature, 4);
	h->length = length;
	h->revision = revision;
	memcpy(h->oem_id, "KVMBED", 6);
	memcpy(h->oem_table_id, "KVMBED  ", 8);
	h->oem_revision = 1;
	memcpy(h->creator_id, "KVMB", 4);
	h->creator_revision = 1;
	h->checksum = 0;
	h->checksum = checksum(table, length);
}

static struct acpi_gas port(uint16_t address, uint8_t bytes)
{
	return (struct acpi_gas){
		.space = 1, .bits = bytes * 8, .access = bytes == 4 ? 3 : 1, .address = address};
}

static void build_fadt(struct acpi_fadt *fadt, uint32_t dsdt)
{
	const uint16_t timer = BOARD_ACPI_HW + ACPI_HW_TIMER;

	fadt->dsdt = fadt->x_dsdt = dsdt;
	fadt->pm_tmr_blk = timer;
	fadt->pm_tmr_len = 4;
	fadt->x_pm_tmr_blk = port(timer, 4);
	fadt->p_lvl2_lat = fadt->p_lvl3_lat = 0xffff; /* no C2, no C3 */
	fadt->iapc_boot_arch = BOOT_LEGACY_DEVICES | BOOT_NO_VGA | BOOT_NO_CMOS_RTC;
	fadt->flags = FADT_WBINVD | FADT_TMR_VAL_EXT | FADT_RESET_REG_SUP | FADT_HW_REDUCED;
	fadt->reset_reg = port(EXIT_CF9_PORT, 1);
	fadt->reset_value = 6; /* system reset, reset CPU */
	fadt->sleep_control_reg = port(BOARD_ACPI_HW + ACPI_HW_SLEEP_CONTROL, 1);
	fadt->sleep_status_reg = port(BOARD_ACPI_HW + ACPI_HW_SLEEP_STATUS, 1);
	finish(fadt, "FACP", 5, sizeof(*fadt));
}

/* Copies one entry of the MADT and returns where the next one goes. */
static uint8_t *put(uint8_t *at, const void *entry, uint8_t length)
{
	memcpy(at, entry, length);
	return at + length;
}

static void build_madt(struct acpi_madt *madt, const struct acpi_config *config)
{
	const struct madt_ioapic ioapic = {1, sizeof(ioapic), 0, 0, IOAPIC_BASE, 0};
	const struct madt_lapic_nmi nmi = {4, sizeof(nmi), 255, 0, 1};
	uint8_t *at = (uint8_t *)(madt + 1);

	madt->lapic_address = LAPIC_BASE;
	madt->flags = 1;
	for (unsigned int i = 0; i < config->nr_cpus; i++) {
		const struct madt_lapic lapic = {0, sizeof(lapic), i, i, 1};
		const struct madt_x2apic x2apic = {9, sizeof(x2apic), 0, i, 1, i};

		at = i < FIRST_X2APIC_ID ? put(at, &lapic, sizeof(lapic))
					 : put(at, &x2apic, sizeof(x2apic));
	}
	at = put(at, &ioapic, sizeof(ioapic));
	at = put(at, &nmi, sizeof(nmi));
	finish(madt, "APIC", 4, at - (uint8_t *)madt);
}

static void build_rsdp(struct acpi_rsdp *rsdp, uint32_t rsdt, uint32_t xsdt)
{
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "KVMBED", 6);
	rsdp->revision = 2;
	rsdp->rsdt = rsdt;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

void acpi_build(const struct acpi_config *config, void *buf, uint32_t gpa)
{
	const struct layout l = make_layout(config);
	const uint64_t tables[] = {l.fadt, l.madt};
	uint8_t *base = buf;

	for (unsigned int i = 0; i < l.nr_tables; i++) {
		uint32_t low = gpa + tables[i];
		uint64_t wide = low;

		memcpy(base + l.rsdt + sizeof(struct acpi_header) + i * sizeof(low), &low,
		       sizeof(low));
		memcpy(base + l.xsdt + sizeof(struct acpi_header) + i * sizeof(wide), &wide,
		       sizeof(wide));
	}
	finish(base + l.rsdt, "RSDT", 1,
	       sizeof(struct acpi_header) + l.nr_tables * sizeof(uint32_t));
	finish(base + l.xsdt, "XSDT", 1,
	       sizeof(struct acpi_header) + l.nr_tables * sizeof(uint64_t));
	memcpy(base + l.dsdt + sizeof(struct acpi_header), aml, sizeof(aml));
	finish(base + l.dsdt, "DSDT", 2, sizeof(struct acpi_header) + sizeof(aml));
	build_fadt((struct acpi_fadt *)(base + l.fadt), gpa + l.dsdt);
	if (config->apic)
		build_madt((struct acpi_madt *)(base + l.madt), config);
	build_rsdp((struct acpi_rsdp *)base, gpa + l.rsdt, gpa + l.xsdt);
}
