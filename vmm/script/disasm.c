/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code in words, by libcapstone; see script.h. */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdio.h>

#include "script/script.h"

/*
 * disassemble(BYTES, ADDRESS, ARCHITECTURE, MODE): a list of lines, one an
 * instruction; empty if the first bytes are none. The last two are capstone's
 * numbers, which arch/<name>/script.lua knows.
 */
static int disassemble(lua_State *L)
{
	size_t size;
	const uint8_t *bytes = (const uint8_t *)luaL_checklstring(L, 1, &size);
	uint64_t address = (uint64_t)luaL_checkinteger(L, 2);
	csh handle;
	cs_insn *insns;
	size_t nr;

	lua_newtable(L);
	if (cs_open((cs_arch)luaL_checkinteger(L, 3), (cs_mode)luaL_checkinteger(L, 4), &handle) !=
	    CS_ERR_OK)
		return 1;
	nr = cs_disasm(handle, bytes, size, address, 0, &insns);
	for (size_t i = 0; i < nr; i++) {
		char line[256], hex[16 * 3 + 1] = "";

		for (unsigned int k = 0; k < insns[i].size && k < 16; k++)
			snprintf(hex + (size_t)k * 3, 4, "%02x ", insns[i].bytes[k]);
		snprintf(line, sizeof(line), "0x%" PRIx64 ": %s %s %s", insns[i].address, hex,
			 insns[i].mnemonic, insns[i].op_str);
		lua_pushstring(L, line);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	if (nr)
		cs_free(insns, nr);
	cs_close(&handle);
	return 1;
}

void script_open_disasm(lua_State *L)
{
	lua_pushcfunction(L, disassemble);
	lua_setfield(L, -2, "disassemble");
}
