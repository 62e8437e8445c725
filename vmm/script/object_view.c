/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at typed memory from Lua: printing, comparing, bytes, walking; see object.h. */
#include <inttypes.h>
#include <string.h>

#include "script/object.h"

static bool has_fields(const struct api_type *type)
{
	return type->kind == API_STRUCT || type->kind == API_UNION;
}

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

static void add_number(luaL_Buffer *b, uint64_t value, bool is_signed)
{
	char text[32];

	if (is_signed && (int64_t)value < 0)
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)value);
	else
		snprintf(text, sizeof(text), value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
	luaL_addstring(b, text);
}

static bool all_zero(const uint8_t *mem, size_t size)
{
	while (size && !mem[size - 1])
		size--;
	return !size;
}

#define MOST_SHOWN 16 /* elements of an array */

static void add_value(luaL_Buffer *b, const struct api_type *type, const uint8_t *mem,
		      uint32_t flexible);

static void add_array(luaL_Buffer *b, const struct api_type *type, const uint8_t *mem,
		      uint32_t flexible)
{
	const struct api_type *element = &api_types[type->first];
	uint32_t nr = type->count;
	char text[32];

	if (!nr && element->size)
		nr = flexible / element->size;
	luaL_addstring(b, "{");
	for (uint32_t i = 0; i < nr; i++) {
		if (i == MOST_SHOWN ||
		    all_zero(mem + (size_t)i * element->size, (size_t)(nr - i) * element->size)) {
			snprintf(text, sizeof(text), "%s... %u %s", i ? ", " : "", nr - i,
				 i == MOST_SHOWN ? "more" : "zeros");
			luaL_addstring(b, text);
			break;
		}
		if (i)
			luaL_addstring(b, ", ");
		add_value(b, element, mem + (size_t)i * element->size, 0);
	}
	luaL_addstring(b, "}");
}

/* "name = value, ..." of what is not zero. */
static void add_fields(luaL_Buffer *b, const struct api_type *type, const uint8_t *mem,
		       uint32_t flexible, bool *first)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];
		const struct api_type *t = &api_types[f->type];
		const uint8_t *at = mem + f->offset;
		uint32_t ignored, rest = api_flexible(t, &ignored) ? flexible : 0;

		if (f->bits ? !api_get(at, t->size, f->bit, f->bits, false)
			    : all_zero(at, (size_t)t->size + rest))
			continue;
		if (!f->name) {
			add_fields(b, t, at, rest, first);
			continue;
		}
		luaL_addstring(b, *first ? " " : ", ");
		*first = false;
		luaL_addstring(b, api_string(f->name));
		luaL_addstring(b, " = ");
		if (f->bits)
			add_number(b, api_get(at, t->size, f->bit, f->bits, t->is_signed),
				   t->is_signed);
		else
			add_value(b, t, at, rest);
	}
}

static void add_value(luaL_Buffer *b, const struct api_type *type, const uint8_t *mem,
		      uint32_t flexible)
{
	bool first = true;

	if (type->kind == API_ARRAY) {
		add_array(b, type, mem, flexible);
	} else if (has_fields(type)) {
		luaL_addstring(b, "{");
		add_fields(b, type, mem, flexible, &first);
		luaL_addstring(b, first ? "}" : " }");
	} else if (type->kind != API_VOID) {
		add_number(b, api_get(mem, type->size, 0, 0, type->is_signed), type->is_signed);
	}
}

/* What is zero is left out; what is in unions is shown by each of its names. */
int object_tostring(lua_State *L)
{
	const struct object *o = object_test(L, 1);
	char type[160];
	luaL_Buffer b;

	api_type_name(o->type, type, sizeof(type));
	luaL_buffinit(L, &b);
	luaL_addstring(&b, type);
	luaL_addstring(&b, " ");
	add_value(&b, o->type, o->mem, o->flexible);
	luaL_pushresult(&b);
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
