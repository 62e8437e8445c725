/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an x86 guest finds in memory: page tables, multiboot information, ACPI tables. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86/acpi.h"
#include "arch/x86/board.h"
#include "arch/x86/bootinfo.h"
#include "arch/x86/pagetable.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* Memory at an address, as a guest would reach it. Exactly as long as was said, so that ASan sees more. */
struct area {
	uint8_t *data;
	uint64_t gpa, size;
};

static struct area area(uint64_t gpa, uint64_t size)
{
	struct area a = {.data = calloc(1, size), .gpa = gpa, .size = size};

	assert_non_null(a.data);
	return a;
}

static const void *at(const struct area *a, uint64_t gpa, uint64_t size)
{
	if (gpa < a->gpa || gpa - a->gpa > a->size || size > a->size - (gpa - a->gpa))
		fail_msg("0x%llx is outside of the tables", (unsigned long long)gpa);
	return a->data + (gpa - a->gpa);
}

static uint32_t u32(const struct area *a, uint64_t gpa)
{
	uint32_t v;

	memcpy(&v, at(a, gpa, sizeof(v)), sizeof(v));
	return v;
}

static uint64_t u64(const struct area *a, uint64_t gpa)
{
	uint64_t v;

	memcpy(&v, at(a, gpa, sizeof(v)), sizeof(v));
	return v;
}

/* ---- Page tables: SDM volume 3A, 4.5 ---------------------------------------- */

#define PRESENT	 1ull
#define WRITABLE 2ull
#define LARGE	 0x80ull
#define ADDRESS	 0x000ffffffffff000ull

/* Walks the tables as the CPU does. Returns the size of the page, 0 if there is none; *@gpa is where it leads. */
static uint64_t walk(const struct area *a, uint64_t linear, uint64_t *gpa)
{
	uint64_t table = a->gpa;

	for (unsigned int shift = 39; shift >= 12; shift -= 9) {
		uint64_t entry = u64(a, table + (linear >> shift & 511) * 8);
		uint64_t size = 1ull << shift;

		if (!(entry & PRESENT))
			return 0;
		assert_true(entry & WRITABLE);
		if (shift == 12 || entry & LARGE) {
			/* Reserved bits: a page begins at a multiple of its size. */
			assert_true(shift <= 30);
			assert_int_equal(entry & ADDRESS & (size - 1), 0);
			*gpa = (entry & ADDRESS) | (linear & (size - 1));
			return size;
		}
		table = entry & ADDRESS;
	}
	return 0;
}

static void identity(uint64_t gpa, uint64_t end, bool gib_pages)
{
	uint64_t mapped = end < 4 * GIB ? 4 * GIB : (end + GIB - 1) / GIB * GIB;
	struct area a = area(gpa, pagetable_size(end, gib_pages));
	uint64_t got;

	pagetable_build(a.data, a.gpa, end, gib_pages);
	for (uint64_t linear = 0; linear < mapped; linear += 2 * MIB) {
		uint64_t size = walk(&a, linear + 0x1234, &got);

		assert_int_equal(size, gib_pages && linear >= 4 * GIB ? GIB : 2 * MIB);
		assert_true(got == linear + 0x1234);
	}
	assert_int_equal(walk(&a, mapped, &got), 0);
	assert_int_equal(walk(&a, mapped + 512 * GIB, &got), 0);
	assert_int_equal(walk(&a, 0x7fffffffffff, &got), 0);
	free(a.data);
}

static void page_tables_map_one_to_one(void **state)
{
	identity(0x90000, MIB, false);
	identity(0x90000, 4 * GIB, true);
	identity(0x1000, 4 * GIB + 1, false);
	identity(0x1000, 5 * GIB, true);
	/* More than one page-directory-pointer table. */
	identity(0xbf000000, 513 * GIB, false);
	identity(0xbf000000, 1024 * GIB + MIB, true);
}

static void page_tables_end_at_256_tib(void **state)
{
	assert_int_equal(pagetable_size(1ull << 60, true), pagetable_size(1ull << 48, true));
	assert_int_equal(pagetable_size(1ull << 48, true), 4096 * (1 + 512 + 4));
}

/* ---- Multiboot: specification 0.6.96, section 3.3 ---------------------------- */

static struct area build_info(const struct bootinfo *info, uint32_t gpa)
{
	struct area a = area(gpa, bootinfo_size(info));

	bootinfo_build(info, a.data, gpa);
	return a;
}

static void string_is(const struct area *a, uint32_t gpa, const char *want)
{
	assert_string_equal((const char *)at(a, gpa, strlen(want) + 1), want);
}

static void multiboot_information(void **state)
{
	struct bootinfo info = {
		.program = "dir/guest.elf",
		.args = "a=1 b",
		.mod_start = 0x100000,
		.mod_end = 0x100123,
		.mod_name = "initrd.img",
	};
	struct area a;
	uint32_t map;

	bootinfo_memory(&info, 256 * MIB, 256 * MIB, 0x98000, 0xa0000);
	a = build_info(&info, 0x9f020);
	/* memory, cmdline, modules, memory map, loader's name */
	assert_int_equal(u32(&a, 0x9f020), 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	assert_int_equal(u32(&a, 0x9f020 + 4), 0x98000 / 1024);
	assert_int_equal(u32(&a, 0x9f020 + 8), 255 * 1024);
	string_is(&a, u32(&a, 0x9f020 + 16), "dir/guest.elf a=1 b");
	assert_int_equal(u32(&a, 0x9f020 + 20), 1);
	assert_int_equal(u32(&a, u32(&a, 0x9f020 + 24)), 0x100000);
	assert_int_equal(u32(&a, u32(&a, 0x9f020 + 24) + 4), 0x100123);
	string_is(&a, u32(&a, u32(&a, 0x9f020 + 24) + 8), "initrd.img");
	string_is(&a, u32(&a, 0x9f020 + 64), "kvmbed");
	/* Each entry's first word is the size of the rest of it. */
	assert_int_equal(u32(&a, 0x9f020 + 44), 3 * 24);
	map = u32(&a, 0x9f020 + 48);
	assert_int_equal(u32(&a, map + 24), 20);
	assert_true(u64(&a, map + 24 + 4) == 0x98000);
	assert_true(u64(&a, map + 24 + 12) == 0x100000 - 0x98000);
	assert_int_equal(u32(&a, map + 24 + 20), REGION_RESERVED);
	free(a.data);
}

static void no_module_no_arguments(void **state)
{
	struct bootinfo info = {.program = "x", .args = ""};
	struct area a;

	bootinfo_memory(&info, MIB, MIB, 0x9f000, 0xa0000);
	a = build_info(&info, 0x9f000);
	string_is(&a, u32(&a, 0x9f000 + 16), "x");
	assert_int_equal(u32(&a, 0x9f000 + 20), 0);
	assert_int_equal(u32(&a, 0x9f000 + 8), 0);
	free(a.data);
}

/* An empty file is a module of no bytes, which has to be told from none. */
static void an_empty_module_is_one(void **state)
{
	struct bootinfo info = {
		.program = "x", .args = "", .mod_start = 0x200000, .mod_end = 0x200000};
	struct area a = build_info(&info, 0x9f000);

	assert_int_equal(u32(&a, 0x9f000 + 20), 1);
	free(a.data);
}

static void map_is(const struct bootinfo *info, const uint64_t rows[][3], unsigned int nr)
{
	assert_int_equal(info->nr_regions, nr);
	for (unsigned int i = 0; i < nr; i++) {
		assert_true(info->regions[i].base == rows[i][0]);
		assert_true(info->regions[i].base + info->regions[i].length == rows[i][1]);
		assert_int_equal(info->regions[i].type, rows[i][2]);
	}
}

static void memory_map_leaves_out_the_tables(void **state)
{
	static const uint64_t low[][3] = {
		{0, 0x99000, REGION_RAM},
		{0x99000, 0x100000, REGION_RESERVED},
		{0x100000, 0xc0000000, REGION_RAM},
		{0x100000000, 0x140000000, REGION_RAM},
	};
	static const uint64_t high[][3] = {
		{0, 0xa0000, REGION_RAM},
		{0xa0000, 0x100000, REGION_RESERVED},
		{0x100000, 0xbf000000, REGION_RAM},
		{0xbf000000, 0xbf800000, REGION_RESERVED},
		{0xbf800000, 0xc0000000, REGION_RAM},
		{0x100000000, 0x8100000000, REGION_RAM},
	};
	static const uint64_t small[][3] = {
		{0, 0x9f000, REGION_RAM},
		{0x9f000, 0x100000, REGION_RESERVED},
	};
	struct bootinfo info = {0};

	bootinfo_memory(&info, 0xc0000000, 0x140000000, 0x99000, 0xa0000);
	map_is(&info, low, ARRAY_SIZE(low));
	bootinfo_memory(&info, 0xc0000000, 0x8100000000, 0xbf000000, 0xbf800000);
	map_is(&info, high, ARRAY_SIZE(high));
	bootinfo_memory(&info, MIB, MIB, 0x9f000, 0xa0000);
	map_is(&info, small, ARRAY_SIZE(small));
}

/* ---- ACPI: 6.5, chapter 5 ---------------------------------------------------- */

static void sums_to_zero(const struct area *a, uint64_t gpa, uint32_t size)
{
	const uint8_t *p = at(a, gpa, size);
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum += p[i];
	assert_int_equal(sum, 0);
}

static void table_is(const struct area *a, uint64_t gpa, const char *signature)
{
	assert_memory_equal(at(a, gpa, 4), signature, 4);
	sums_to_zero(a, gpa, u32(a, gpa + 4));
}

/* The table of this signature, by the XSDT (8 bytes an entry) or the RSDT (4); 0 if there is none. */
static uint64_t find_table(const struct area *a, unsigned int entry, const char *signature)
{
	uint64_t root = entry == 8 ? u64(a, a->gpa + 24) : u32(a, a->gpa + 16);

	table_is(a, root, entry == 8 ? "XSDT" : "RSDT");
	for (uint64_t e = root + 36; e < root + u32(a, root + 4); e += entry) {
		uint64_t t = entry == 8 ? u64(a, e) : u32(a, e);

		if (!memcmp(at(a, t, 4), signature, 4))
			return t;
	}
	return 0;
}

static struct area build_acpi(unsigned int nr_cpus, bool apic)
{
	const struct acpi_config config = {.nr_cpus = nr_cpus, .apic = apic};
	struct area a = area(BOARD_ACPI, acpi_size(&config));

	acpi_build(&config, a.data, a.gpa);
	assert_memory_equal(a.data, "RSD PTR ", 8);
	sums_to_zero(&a, a.gpa, 20);
	sums_to_zero(&a, a.gpa, 36);
	return a;
}

static void acpi_tables_are_found_both_ways(void **state)
{
	struct area a = build_acpi(1, true);

	for (unsigned int entry = 4; entry <= 8; entry += 4) {
		assert_true(find_table(&a, entry, "FACP"));
		assert_true(find_table(&a, entry, "APIC"));
	}
	free(a.data);
}

/* 5.2.9: offsets of the fields that guests use. */
static void fadt_says_where_the_registers_are(void **state)
{
	struct area a = build_acpi(1, true);
	uint64_t fadt = find_table(&a, 8, "FACP");

	table_is(&a, fadt, "FACP");
	assert_int_equal(u32(&a, fadt + 4), 268);
	assert_int_equal(u32(&a, fadt + 76), BOARD_ACPI_HW + 8);   /* PM_TMR_BLK */
	assert_true(u64(&a, fadt + 208 + 4) == BOARD_ACPI_HW + 8); /* X_PM_TMR_BLK */
	assert_true(u32(&a, fadt + 112) & 1u << 20);		   /* HW_REDUCED_ACPI */
	assert_true(u64(&a, fadt + 116 + 4) == 0xcf9);		   /* RESET_REG */
	assert_true(u64(&a, fadt + 244 + 4) == BOARD_ACPI_HW);	   /* SLEEP_CONTROL_REG */
	assert_true(u64(&a, fadt + 256 + 4) == BOARD_ACPI_HW + 1); /* SLEEP_STATUS_REG */
	assert_true(u64(&a, fadt + 140) == u32(&a, fadt + 40));	   /* X_DSDT, DSDT */
	table_is(&a, u32(&a, fadt + 40), "DSDT");
	free(a.data);
}

/* 5.2.12: CPUs by local APIC entries up to id 254, by x2APIC entries from there. */
static void madt_lists(unsigned int nr_cpus)
{
	struct area a = build_acpi(nr_cpus, true);
	uint64_t madt = find_table(&a, 8, "APIC"), e, end;
	unsigned int cpus = 0, ioapics = 0;

	table_is(&a, madt, "APIC");
	assert_int_equal(u32(&a, madt + 36), 0xfee00000);
	end = madt + u32(&a, madt + 4);
	for (e = madt + 44; e < end; e += *(const uint8_t *)at(&a, e + 1, 1)) {
		const uint8_t *p = at(&a, e, 2);

		assert_true(p[1]);
		p = at(&a, e, p[1]);
		if (p[0] == 0) {
			assert_true(cpus < 255);
			assert_int_equal(p[3], cpus++);
			assert_int_equal(u32(&a, e + 4), 1);
		} else if (p[0] == 9) {
			assert_true(cpus >= 255);
			assert_int_equal(u32(&a, e + 4), cpus++);
			assert_int_equal(u32(&a, e + 8), 1);
		} else if (p[0] == 1) {
			ioapics++;
			assert_int_equal(u32(&a, e + 4), 0xfec00000);
			assert_int_equal(u32(&a, e + 8), 0);
		}
	}
	assert_true(e == end);
	assert_int_equal(cpus, nr_cpus);
	assert_int_equal(ioapics, 1);
	free(a.data);
}

static void madt_lists_every_cpu(void **state)
{
	madt_lists(1);
	madt_lists(3);
	madt_lists(255);
	madt_lists(256);
	madt_lists(1000);
}

static void no_madt_without_apics(void **state)
{
	struct area a = build_acpi(1, false);

	assert_false(find_table(&a, 8, "APIC"));
	assert_false(find_table(&a, 4, "APIC"));
	assert_true(find_table(&a, 8, "FACP"));
	free(a.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_tables_map_one_to_one),
		cmocka_unit_test(page_tables_end_at_256_tib),
		cmocka_unit_test(multiboot_information),
		cmocka_unit_test(no_module_no_arguments),
		cmocka_unit_test(an_empty_module_is_one),
		cmocka_unit_test(memory_map_leaves_out_the_tables),
		cmocka_unit_test(acpi_tables_are_found_both_ways),
		cmocka_unit_test(fadt_says_where_the_registers_are),
		cmocka_unit_test(madt_lists_every_cpu),
		cmocka_unit_test(no_madt_without_apics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
