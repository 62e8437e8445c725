/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at typed memory from Lua: printing, comparing, bytes, walking; see object.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/object.h"

static struct object *check_object(lua_State *L, int index)
{
	struct object *o = object_test(L, index);

	if (!o)
		script_error(L, "a struct, array or buffer is wanted, not %s",
			     luaL_typename(L, index));
	return o;
}

/* ---- metamethods ---- */

int object_len(lua_State *L)
{
	const struct object *o = object_test(L, 1);

	if (o->type->kind != API_ARRAY)
		return script_error(L, "# counts the elements of an array; sizeof() tells bytes");
	lua_pushinteger(L, object_elements(o));
	return 1;
}

int object_eq(lua_State *L)
{
	const struct object *a = object_test(L, 1), *b = object_test(L, 2);

	lua_pushboolean(L, a && b && object_size(a) == object_size(b) &&
				   !memcmp(a->mem, b->mem, object_size(a)));
	return 1;
}

/* The field's name behind number @i of all that can be named, through anonymous structs; NULL at the end. */
static const char *nth_name(const struct api_type *type, uint32_t *i)
{
	for (uint32_t f = 0; f < type->count; f++) {
		const struct api_field *field = &api_fields[type->first + f];
		const char *name;

		if (!field->name) {
			name = nth_name(&api_types[field->type], i);
			if (name)
				return name;
		} else if (!(*i)--) {
			return api_string(field->name);
		}
	}
	return NULL;
}

static int next_field(lua_State *L)
{
	const struct object *o = object_test(L, 1);
	uint32_t i = (uint32_t)lua_tointeger(L, lua_upvalueindex(1)), left = i;
	const char *name = nth_name(o->type, &left);

	if (!name)
		return 0;
	lua_pushinteger(L, i + 1);
	lua_replace(L, lua_upvalueindex(1));
	lua_pushstring(L, name);
	lua_pushvalue(L, -1);
	lua_gettable(L, 1);
	return 2;
}

static int next_element(lua_State *L)
{
	const struct object *o = object_test(L, 1);
	lua_Integer i = lua_isnil(L, 2) ? 0 : lua_tointeger(L, 2) + 1;

	if (i >= object_elements(o))
		return 0;
	lua_pushinteger(L, i);
	lua_pushvalue(L, -1);
	lua_gettable(L, 1);
	return 2;
}

int object_pairs(lua_State *L)
{
	const struct object *o = object_test(L, 1);

	lua_pushinteger(L, 0);
	lua_pushcclosure(L, o->type->kind == API_ARRAY ? next_element : next_field, 1);
	lua_pushvalue(L, 1);
	return 2;
}

/* ---- printing ---- */

/* What is zero is left out; what is in unions is shown by each of its names. */
int object_tostring(lua_State *L)
{
	const struct object *o = object_test(L, 1);
	char type[160], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	api_type_name(o->type, type, sizeof(type));
	if (out) {
		fprintf(out, "%s ", type);
		api_show(out, o->type, o->mem, o->flexible);
	}
	if (!out || fclose(out))
		return script_error(L, "no memory for the text of a %s", type);
	lua_pushlstring(L, text, size);
	free(text);
	return 1;
}

/* ---- functions ---- */

/* bytes(OBJECT [, OFFSET [, SIZE]]): a string. */
static int bytes(lua_State *L)
{
	const struct object *o = check_object(L, 1);
	size_t size = object_size(o);
	lua_Integer offset = luaL_optinteger(L, 2, 0), n;

	if (offset < 0 || (size_t)offset > size)
		return script_error(L, "offset %lld is not in these %zu bytes", (long long)offset,
				    size);
	n = luaL_optinteger(L, 3, (lua_Integer)size - offset);
	if (n < 0 || (size_t)n > size - (size_t)offset)
		return script_error(L, "%lld bytes at offset %lld go beyond these %zu",
				    (long long)n, (long long)offset, size);
	lua_pushlstring(L, (const char *)o->mem + offset, (size_t)n);
	return 1;
}

/* poke(OBJECT, OFFSET, STRING) */
static int poke(lua_State *L)
{
	const struct object *o = check_object(L, 1);
	lua_Integer offset = luaL_checkinteger(L, 2);
	size_t n;
	const char *text = luaL_checklstring(L, 3, &n);

	if (offset < 0 || (size_t)offset > object_size(o) || n > object_size(o) - (size_t)offset)
		return script_error(L, "%zu bytes at offset %lld go beyond these %zu", n,
				    (long long)offset, object_size(o));
	memcpy(o->mem + offset, text, n);
	return 0;
}

static const struct api_type *named_type(lua_State *L, int index)
{
	const char *name = luaL_checkstring(L, index);
	const struct api_type *type = api_struct(name);

	if (!type)
		script_error(L, "there is no struct %s", name);
	return type;
}

/* sizeof(OBJECT|NAME) */
static int size_of(lua_State *L)
{
	const struct object *o = object_test(L, 1);

	lua_pushinteger(L, o ? (lua_Integer)object_size(o) : named_type(L, 1)->size);
	return 1;
}

/* offsetof(NAME, FIELD) */
static int offset_of(lua_State *L)
{
	const struct api_type *type = named_type(L, 1);
	struct api_place place;

	if (!api_field(type, luaL_checkstring(L, 2), &place))
		return script_error(L, "struct %s has no field `%s`", lua_tostring(L, 1),
				    lua_tostring(L, 2));
	lua_pushinteger(L, place.offset);
	return 1;
}

/* address(OBJECT): where it is in this process, for fields that hold addresses; the caller keeps it alive. */
static int address(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)(uintptr_t)check_object(L, 1)->mem);
	return 1;
}

/* copy(OBJECT) */
static int copy(lua_State *L)
{
	const struct object *from = check_object(L, 1);
	struct object *to;

	if (from->type->kind == API_ARRAY)
		to = object_buffer(L, object_size(from));
	else
		to = object_new(L, from->type, from->flexible);
	if (from->type->kind == API_ARRAY) {
		to->own = *from->type;
		if (to->own.count)
			to->flexible = 0;
	}
	memcpy(to->mem, from->mem, object_size(from));
	return 1;
}

/* is_object(VALUE): its type's name, or nil. */
static int is_object(lua_State *L)
{
	const struct object *o = object_test(L, 1);
	char type[160];

	if (!o)
		return 0;
	api_type_name(o->type, type, sizeof(type));
	lua_pushstring(L, type);
	return 1;
}

void object_view_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"bytes", bytes},	  {"poke", poke},	{"sizeof", size_of},
		{"offsetof", offset_of},  {"address", address}, {"copy", copy},
		{"is_object", is_object}, {NULL, NULL},
	};

	luaL_setfuncs(L, functions, 0);
}

void script_open_objects(lua_State *L)
{
	object_open(L);
	object_view_open(L);
}
