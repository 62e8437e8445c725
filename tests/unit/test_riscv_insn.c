/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V loads and stores taken apart: what binutils' assembler made of each line, and the address that it means. */
#include "tests/unit/unit.h"

#include "arch/riscv/insn.h"

enum { SP = 2, GP = 3, S0 = 8, S1, A0, A1, A2, A3, A4, A5, T4 = 29, T6 = 31 };

static const struct {
	const char *text;
	uint32_t insn;
	unsigned int length;
	struct riscv_access access;
} accesses[] = {
	{"lb a0,-2048(a1)", 0x80058503, 4, {false, A1, -2048}},
	{"lhu s11,2047(t6)", 0x7fffdd83, 4, {false, T6, 2047}},
	{"ld zero,8(gp)", 0x0081b003, 4, {false, GP, 8}},
	{"sb a0,-1(a1)", 0xfea58fa3, 4, {true, A1, -1}},
	{"sd t6,-2048(s0)", 0x81f43023, 4, {true, S0, -2048}},
	{"sw a3,2047(sp)", 0x7ed12fa3, 4, {true, SP, 2047}},
	{"fld fa0,-8(a5)", 0xff87b507, 4, {false, A5, -8}},
	{"fsw fa1,36(s1)", 0x02b4a227, 4, {true, S1, 36}},
	{"lr.d a0,(a1)", 0x1005b52f, 4, {false, A1, 0}},
	{"sc.w a0,a2,(a3)", 0x18c6a52f, 4, {true, A3, 0}},
	{"amoadd.d.aqrl a0,a1,(t4)", 0x06beb52f, 4, {true, T4, 0}},
	/* V: the place of the offset has other fields. */
	{"vle8.v v8,(a1)", 0x02058407, 4, {false, A1, 0}},
	{"vse64.v v8,(a1)", 0x0205f427, 4, {true, A1, 0}},
	{"c.lw a0,124(a1)", 0x5de8, 2, {false, A1, 124}},
	{"c.lw s0,64(s1)", 0x40a0, 2, {false, S1, 64}},
	{"c.ld a5,248(a4)", 0x7f7c, 2, {false, A4, 248}},
	{"c.ld a5,8(a4)", 0x671c, 2, {false, A4, 8}},
	{"c.sw a0,4(a1)", 0xc1c8, 2, {true, A1, 4}},
	{"c.sd s1,192(s0)", 0xe064, 2, {true, S0, 192}},
	{"c.fld fa0,16(a2)", 0x2a08, 2, {false, A2, 16}},
	{"c.fsd fa0,24(a3)", 0xae88, 2, {true, A3, 24}},
	{"c.lwsp a0,252(sp)", 0x557e, 2, {false, SP, 252}},
	{"c.lwsp t0,4(sp)", 0x4292, 2, {false, SP, 4}},
	{"c.ldsp a0,504(sp)", 0x757e, 2, {false, SP, 504}},
	{"c.ldsp ra,8(sp)", 0x60a2, 2, {false, SP, 8}},
	{"c.swsp a0,192(sp)", 0xc1aa, 2, {true, SP, 192}},
	{"c.sdsp ra,456(sp)", 0xe786, 2, {true, SP, 456}},
	{"c.fldsp fs0,40(sp)", 0x3422, 2, {false, SP, 40}},
	{"c.fsdsp fs0,48(sp)", 0xb822, 2, {true, SP, 48}},
	/* Zcb, by hand from its encoding: c.lbu funct6 100000, c.lh and c.lhu 100001, c.sb 100010, c.sh 100011. */
	{"c.lbu a0,3(a1)", 0x81e8, 2, {false, A1, 3}},
	{"c.lbu a0,1(a1)", 0x81c8, 2, {false, A1, 1}},
	{"c.lhu a0,2(a1)", 0x85a8, 2, {false, A1, 2}},
	{"c.sb a0,2(a1)", 0x89a8, 2, {true, A1, 2}},
	{"c.sh a0,2(a1)", 0x8da8, 2, {true, A1, 2}},
};

static void test_accesses(void **state)
{
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		struct riscv_access got;

		print_message("%s\n", accesses[i].text);
		assert_int_equal(riscv_insn_length(accesses[i].insn), accesses[i].length);
		assert_true(riscv_insn_access(accesses[i].insn, &got));
		assert_int_equal(got.store, accesses[i].access.store);
		assert_int_equal(got.base, accesses[i].access.base);
		assert_int_equal(got.offset, accesses[i].access.offset);
	}
}

/* A compressed one is judged by its 16 bits alone: the next instruction may lie in the upper half. */
static void test_upper_half_ignored(void **state)
{
	struct riscv_access got;

	assert_true(riscv_insn_access(0xffff5de8, &got));
	assert_int_equal(got.offset, 124);
}

static void test_others(void **state)
{
	static const uint32_t others[] = {
		0x00458513, /* addi a0,a1,4 */
		0x00000073, /* ecall */
		0x0ff0000f, /* fence */
		0x0505,	    /* c.addi a0,1 */
		0x852e,	    /* c.mv a0,a1 */
		0x0808,	    /* c.addi4spn a0,sp,16 */
		0x8082,	    /* c.jr ra */
		0x9002,	    /* c.ebreak */
		0x0000,	    /* illegal by definition */
		0x9de8,	    /* quadrant 0, funct3 4, beyond Zcb */
	};
	struct riscv_access got;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(riscv_insn_access(others[i], &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accesses),
		cmocka_unit_test(test_upper_half_ignored),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests_name("riscv_insn", tests, NULL, NULL);
}
