/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the KVM API: lookups, nested places, numbers in memory; over tables of the test's own. */
#include "tests/unit/unit.h"

#include <string.h>

#include "script/api.h"

/*
 * struct box { u8 kind; union { u32 low; struct { s16 left, right; }; }; u64 wide; u32 tail[]; };
 * struct bits { u8 a:3, b:5; u32 long:20; };
 */
enum {
	S_BOX = 1,
	S_KIND = 5,
	S_LOW = 10,
	S_LEFT = 14,
	S_RIGHT = 19,
	S_WIDE = 25,
	S_TAIL = 30,
	S_BITS = 35,
	S_A = 40,
	S_B = 42,
	S_LONG = 44,
	S_K1 = 49,
	S_K2 = 57,
	S_IO = 65,
	S_MORE = 72,
};
const char api_strings[] =
	"\0"
	"box\0kind\0low\0left\0right\0wide\0tail\0bits\0a\0b\0long\0KVM_ONE\0KVM_TWO\0KVM_DO\0KVM_MORE";
enum { T_VOID, T_U8, T_U32, T_S16, T_U64, T_PAIR, T_UNION, T_TAIL, T_BOX, T_BITS };
const struct api_type api_types[] = {
	[T_VOID] = {0, API_VOID, 0, 0, 0, 0},	    [T_U8] = {0, API_INT, 0, 1, 0, 0},
	[T_U32] = {0, API_INT, 0, 4, 0, 0},	    [T_S16] = {0, API_INT, 1, 2, 0, 0},
	[T_U64] = {0, API_INT, 0, 8, 0, 0},	    [T_PAIR] = {0, API_STRUCT, 0, 4, 0, 2},
	[T_UNION] = {0, API_UNION, 0, 4, 2, 2},	    [T_TAIL] = {0, API_ARRAY, 0, 0, T_U32, 0},
	[T_BOX] = {S_BOX, API_STRUCT, 0, 16, 4, 4}, [T_BITS] = {S_BITS, API_STRUCT, 0, 8, 8, 3},
};
const struct api_field api_fields[] = {
	{S_LEFT, T_S16, 0, 0, 0}, {S_RIGHT, T_S16, 2, 0, 0},  {S_LOW, T_U32, 0, 0, 0},
	{0, T_PAIR, 0, 0, 0},	  {S_KIND, T_U8, 0, 0, 0},    {0, T_UNION, 4, 0, 0},
	{S_WIDE, T_U64, 8, 0, 0}, {S_TAIL, T_TAIL, 16, 0, 0}, {S_A, T_U8, 0, 0, 3},
	{S_B, T_U8, 0, 3, 5},	  {S_LONG, T_U32, 4, 6, 20},
};
const uint32_t api_structs[] = {T_BITS, T_BOX};
const struct api_ioctl api_ioctls[] = {{S_IO, 0xae01, T_BOX}, {S_MORE, 0xae01, T_BITS}};
const struct api_const api_consts[] = {{S_K1, 1}, {S_K2, UINT64_MAX}};
const uint32_t api_nr_types = 10, api_nr_fields = 11, api_nr_structs = 2, api_nr_ioctls = 2,
	       api_nr_consts = 2;

static void by_name(void **state)
{
	uint64_t value = 0;

	assert_ptr_equal(api_struct("box"), &api_types[T_BOX]);
	assert_ptr_equal(api_struct("bits"), &api_types[T_BITS]);
	assert_null(api_struct("bo"));
	assert_null(api_struct("boxes"));
	assert_null(api_struct(""));
	assert_true(api_const("KVM_ONE", &value));
	assert_int_equal(value, 1);
	assert_true(api_const("KVM_TWO", &value));
	assert_true(value == UINT64_MAX);
	assert_false(api_const("KVM_THREE", &value));
	assert_ptr_equal(api_ioctl("KVM_DO"), &api_ioctls[0]);
	assert_null(api_ioctl("KVM_DON"));
	assert_ptr_equal(api_ioctl_number(0xae01, NULL), &api_ioctls[0]);
	assert_null(api_ioctl_number(0xae02, NULL));
	/* Two ioctls of one number. */
	assert_ptr_equal(api_ioctl_number(0xae01, &api_types[T_BITS]), &api_ioctls[1]);
	assert_ptr_equal(api_ioctl_number(0xae01, &api_types[T_U8]), &api_ioctls[0]);
}

static void fields(void **state)
{
	const struct api_type *box = &api_types[T_BOX];
	struct api_place place;

	assert_true(api_field(box, "kind", &place));
	assert_int_equal(place.offset, 0);
	assert_true(
		api_field(box, "right", &place)); /* through a union and a struct without names */
	assert_int_equal(place.offset, 6);
	assert_ptr_equal(place.type, &api_types[T_S16]);
	assert_true(api_field(box, "low", &place));
	assert_int_equal(place.offset, 4);
	assert_false(api_field(box, "middle", &place));
	assert_false(api_field(&api_types[T_U8], "kind", &place));
	assert_true(api_field(&api_types[T_BITS], "long", &place));
	assert_int_equal(place.offset, 4);
	assert_int_equal(place.bit, 6);
	assert_int_equal(place.bits, 20);
}

static void flexible(void **state)
{
	uint32_t offset = 99;

	assert_ptr_equal(api_flexible(&api_types[T_BOX], &offset), &api_types[T_TAIL]);
	assert_int_equal(offset, 16);
	assert_null(api_flexible(&api_types[T_BITS], &offset));
	assert_null(api_flexible(&api_types[T_U32], &offset));
	assert_ptr_equal(api_flexible(&api_types[T_TAIL], &offset), &api_types[T_TAIL]);
	assert_int_equal(offset, 0);
}

static void nearly(void **state)
{
	assert_string_equal(api_near(API_NAMES_FIELD, &api_types[T_BOX], "rihgt"), "right");
	assert_string_equal(api_near(API_NAMES_FIELD, &api_types[T_BOX], "Wide"), "wide");
	assert_null(api_near(API_NAMES_FIELD, &api_types[T_BOX], "something"));
	assert_string_equal(api_near(API_NAMES_CONST, NULL, "KVM_TOW"), "KVM_TWO");
	assert_string_equal(api_near(API_NAMES_STRUCT, NULL, "bit"), "bits");
	assert_string_equal(api_near(API_NAMES_IOCTL, NULL, "kvm_do"), "KVM_DO");
	assert_null(api_near(API_NAMES_CONST, NULL, ""));
}

static void names(void **state)
{
	char text[64];

	api_type_name(&api_types[T_BOX], text, sizeof(text));
	assert_string_equal(text, "struct box");
	api_type_name(&api_types[T_TAIL], text, sizeof(text));
	assert_string_equal(text, "u32[]");
	api_type_name(&api_types[T_S16], text, sizeof(text));
	assert_string_equal(text, "s16");
	api_type_name(&api_types[T_UNION], text, sizeof(text));
	assert_string_equal(text, "union (without a name)");
}

static void numbers(void **state)
{
	uint8_t mem[16] = {0};

	api_set(mem + 1, 4, 0, 0, 0x89abcdef); /* whatever the alignment */
	assert_int_equal(mem[1], 0xef);
	assert_int_equal(mem[4], 0x89);
	assert_int_equal(mem[5], 0);
	assert_int_equal(api_get(mem + 1, 4, 0, 0, false), 0x89abcdef);
	assert_true(api_get(mem + 1, 4, 0, 0, true) == 0xffffffff89abcdef);
	api_set(mem + 8, 8, 0, 0, UINT64_MAX);
	assert_true(api_get(mem + 8, 8, 0, 0, true) == UINT64_MAX);
	api_set(mem, 1, 0, 0, 0x1ff);
	assert_int_equal(mem[0], 0xff);
	assert_int_equal(mem[1], 0xef);
}

static void bitfields(void **state)
{
	uint8_t mem[8] = {0};

	api_set(mem, 1, 3, 5, 0x1f);
	assert_int_equal(mem[0], 0xf8);
	api_set(mem, 1, 0, 3, 5);
	assert_int_equal(mem[0], 0xfd);
	assert_int_equal(api_get(mem, 1, 3, 5, false), 0x1f);
	assert_true(api_get(mem, 1, 3, 5, true) == UINT64_MAX);
	/* Across bytes: the neighbours keep their bits. */
	memset(mem, 0xff, sizeof(mem));
	api_set(mem + 4, 4, 6, 20, 0);
	assert_int_equal(mem[4], 0x3f);
	assert_int_equal(mem[5], 0);
	assert_int_equal(mem[6], 0);
	assert_int_equal(mem[7], 0xfc);
	assert_int_equal(mem[3], 0xff);
}

static void ranges(void **state)
{
	char range[64] = "";

	assert_true(api_fits(1, 0, false, 255, range, sizeof(range)));
	assert_false(api_fits(1, 0, false, 256, range, sizeof(range)));
	assert_string_equal(range, "0 to 255");
	assert_false(api_fits(4, 0, false, -1, range, sizeof(range)));
	assert_true(api_fits(4, 0, true, -1, range, sizeof(range)));
	assert_true(api_fits(4, 0, true, INT32_MIN, range, sizeof(range)));
	assert_false(api_fits(4, 0, true, INT64_C(0x80000000), range, sizeof(range)));
	assert_string_equal(range, "-2147483648 to 2147483647");
	assert_true(api_fits(8, 0, false, -1, range, sizeof(range)));
	assert_true(api_fits(1, 3, false, 7, range, sizeof(range)));
	assert_false(api_fits(1, 3, false, 8, range, sizeof(range)));
	assert_string_equal(range, "0 to 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),   cmocka_unit_test(fields), cmocka_unit_test(flexible),
		cmocka_unit_test(nearly),    cmocka_unit_test(names),  cmocka_unit_test(numbers),
		cmocka_unit_test(bitfields), cmocka_unit_test(ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
