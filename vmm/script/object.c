/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C structs, unions and arrays as Lua values: memory, reading and writing of fields; see script.h. */
#include "script/object.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OBJECT "kvmbed.object"
#define RAW    "kvmbed.raw"

/* An object's user values: the root that holds its memory (nil of a root), and what its pointers point to. */
enum { UV_ROOT = 1, UV_ANCHORS, UV_NR = UV_ANCHORS };

struct object *object_test(lua_State *L, int index)
{
	return luaL_testudata(L, index, OBJECT);
}

static const struct api_type *element_type(const struct object *o)
{
	return &api_types[o->type->first];
}

size_t object_size(const struct object *o)
{
	return (size_t)o->type->size + o->flexible;
}

uint32_t object_elements(const struct object *o)
{
	uint32_t size = element_type(o)->size;

	if (o->type->count)
		return o->type->count;
	return size ? o->flexible / size : 0;
}

/* ---- making ---- */

static struct object *push(lua_State *L, const struct api_type *type, size_t inline_size)
{
	struct object *o = lua_newuserdatauv(L, sizeof(*o) + inline_size, UV_NR);

	memset(o, 0, sizeof(*o) + inline_size);
	o->type = type;
	luaL_setmetatable(L, OBJECT);
	return o;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Memory whose last byte is the last before a page that nobody may touch. */
static int map_guarded(struct object *o, size_t size)
{
	size_t page = page_size(), room = (size + page - 1) / page * page;
	uint8_t *map =
		mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	o->map = map;
	o->map_size = room + page;
	if (mprotect(map + room, page, PROT_NONE))
		return -errno;
	o->mem = map + room - size;
	return 0;
}

struct object *object_new(lua_State *L, const struct api_type *type, uint32_t flexible)
{
	uint32_t offset;
	bool guarded = api_flexible(type, &offset) != NULL;
	struct object *o = push(L, type, guarded ? 0 : type->size);

	o->flexible = flexible;
	if (!guarded)
		o->mem = (uint8_t *)(o + 1);
	else if (map_guarded(o, object_size(o)))
		script_error(L, "no memory for %zu bytes", object_size(o));
	return o;
}

static uint32_t int_type(unsigned int size, bool is_signed)
{
	for (uint32_t i = 0; i < api_nr_types; i++) {
		const struct api_type *t = &api_types[i];

		if (t->kind == API_INT && t->size == size && t->is_signed == is_signed)
			return i;
	}
	return 0;
}

/* An array of @flexible bytes that no header declares. */
static struct object *push_array(lua_State *L, uint32_t element, uint32_t flexible)
{
	struct object *o = push(L, NULL, 0);

	o->own = (struct api_type){.kind = API_ARRAY, .first = element};
	o->type = &o->own;
	o->flexible = flexible;
	return o;
}

static struct object *new_array(lua_State *L, uint32_t element, uint32_t bytes)
{
	struct object *o = push_array(L, element, bytes);

	if (map_guarded(o, bytes))
		script_error(L, "no memory for %u bytes", bytes);
	return o;
}

struct object *object_buffer(lua_State *L, size_t size)
{
	if (size > UINT32_MAX / 2)
		script_error(L, "a buffer of %zu bytes is too large", size);
	return new_array(L, int_type(1, false), (uint32_t)size);
}

struct object *object_over(lua_State *L, const struct api_type *type, void *map, size_t size)
{
	struct object *o;

	if (type) {
		o = push(L, type, 0);
	} else {
		o = push_array(L, int_type(1, false), (uint32_t)size);
	}
	o->mem = map;
	o->map = map;
	o->map_size = size;
	return o;
}

static int object_gc(lua_State *L)
{
	struct object *o = object_test(L, 1);

	if (o && o->map)
		munmap(o->map, o->map_size);
	if (o)
		o->map = NULL;
	return 0;
}

/* Pushes what is inside the object at @index, @offset bytes from its beginning. */
static void push_inside(lua_State *L, int index, const struct api_type *type, uint32_t offset)
{
	const struct object *parent = object_test(L, index);
	uint32_t ignored;
	struct object *o;

	index = lua_absindex(L, index);
	o = push(L, type, 0);
	o->mem = parent->mem + offset;
	if (api_flexible(type, &ignored))
		o->flexible = parent->flexible;
	if (lua_getiuservalue(L, index, UV_ROOT) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_pushvalue(L, index);
	}
	lua_setiuservalue(L, -2, UV_ROOT);
}

/* ---- places: a field or an element ---- */

/* The field or element that the key at @key names. Raises an error for one that is not there. */
static struct api_place place_of(lua_State *L, const struct object *o, int key)
{
	struct api_place place;
	char type[160];
	const char *name, *near;

	api_type_name(o->type, type, sizeof(type));
	if (o->type->kind == API_ARRAY) {
		uint32_t nr = object_elements(o);
		int whole;
		lua_Integer i = lua_tointegerx(L, key, &whole);

		if (!whole)
			script_error(L, "%s has elements 0 to %d, no `%s`", type, (int)nr - 1,
				     luaL_tolstring(L, key, NULL));
		if (i < 0 || i >= nr)
			script_error(L, "element %lld of %s, which has %u (counted from 0)",
				     (long long)i, type, nr);
		return (struct api_place){element_type(o), (uint32_t)i * element_type(o)->size, 0,
					  0};
	}
	if (lua_type(L, key) != LUA_TSTRING)
		script_error(L, "%s has fields, no `%s`", type, luaL_tolstring(L, key, NULL));
	name = lua_tostring(L, key);
	if (!api_field(o->type, name, &place)) {
		near = api_near(API_NAMES_FIELD, o->type, name);
		script_error(L, "%s has no field `%s`%s%s%s", type, name,
			     near ? ": did you mean `" : "", near ? near : "", near ? "`?" : "");
	}
	return place;
}

static int object_index(lua_State *L)
{
	const struct object *o = object_test(L, 1);
	struct api_place p = place_of(L, o, 2);

	if (p.type->kind == API_INT || p.type->kind == API_POINTER)
		lua_pushinteger(L, (lua_Integer)api_get(o->mem + p.offset, p.type->size, p.bit,
							p.bits, p.type->is_signed));
	else
		push_inside(L, 1, p.type, p.offset);
	return 1;
}

/* ---- writing ---- */

/* Keeps the value at @value alive as long as the root of the object at @index is: it is pointed to. */
static void anchor(lua_State *L, int index, int value)
{
	index = lua_absindex(L, index);
	value = lua_absindex(L, value);
	if (lua_getiuservalue(L, index, UV_ROOT) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_pushvalue(L, index);
	}
	if (lua_getiuservalue(L, -1, UV_ANCHORS) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setiuservalue(L, -3, UV_ANCHORS);
	}
	lua_pushvalue(L, value);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pop(L, 2);
}

static void set_number(lua_State *L, int index, struct api_place p, int value, const char *name)
{
	const struct object *o = object_test(L, index), *target = object_test(L, value);
	const int64_t *raw = luaL_testudata(L, value, RAW);
	char range[64];
	int64_t number;
	int whole;

	if (target) {
		if (p.type->size != sizeof(uint64_t) || p.bits)
			script_error(L, "%s has no room for an address", name);
		anchor(L, index, value);
		number = (int64_t)(uintptr_t)target->mem;
	} else if (raw) {
		number = *raw;
	} else if (lua_isboolean(L, value)) {
		number = lua_toboolean(L, value);
	} else if (script_fd_number(L, value, &number)) {
		if (number < 0)
			script_error(L, "%s cannot be a descriptor that has been closed", name);
	} else {
		number = lua_tointegerx(L, value, &whole);
		if (!whole || lua_type(L, value) == LUA_TSTRING)
			script_error(L, "%s wants a whole number, not %s", name,
				     luaL_tolstring(L, value, NULL));
		if (!api_fits(p.type->size, p.bits, p.type->is_signed, number, range,
			      sizeof(range)))
			script_error(L,
				     "%lld (0x%llx) does not fit into %s (%s); raw() cuts it on "
				     "purpose",
				     (long long)number, (long long)number, name, range);
	}
	api_set(o->mem + p.offset, p.type->size, p.bit, p.bits, (uint64_t)number);
}

/* The object on top of the stack takes the bytes of the string at @value. */
static void set_bytes(lua_State *L, int value)
{
	const struct object *o = object_test(L, -1);
	char type[160];
	size_t size;
	const char *bytes = lua_tolstring(L, value, &size);

	api_type_name(o->type, type, sizeof(type));
	if (size > object_size(o))
		script_error(L, "%zu bytes do not fit into %s, which has %zu", size, type,
			     object_size(o));
	memcpy(o->mem, bytes, size);
	memset(o->mem + size, 0, object_size(o) - size);
}

static void set_place(lua_State *L, int index, int key, int value);

/* The object on top of the stack takes the values of the table at @value; a list's first is element 0. */
void object_fill(lua_State *L, int value)
{
	int self = lua_gettop(L);
	const struct object *o = object_test(L, self);

	luaL_checkstack(L, 16, "initialisers nested too deeply");
	value = lua_absindex(L, value);
	lua_pushnil(L);
	while (lua_next(L, value)) {
		if (o->type->kind == API_ARRAY && lua_isinteger(L, -2)) {
			lua_pushinteger(L, lua_tointeger(L, -2) - 1);
			set_place(L, self, -1, -2);
			lua_pop(L, 1);
		} else {
			set_place(L, self, -2, -1);
		}
		lua_pop(L, 1);
	}
}

/* The object on top of the stack becomes equal to the value at @value. */
static void set_inside(lua_State *L, int value)
{
	const struct object *o = object_test(L, -1), *from = object_test(L, value);
	char type[160], other[160];

	api_type_name(o->type, type, sizeof(type));
	if (lua_type(L, value) == LUA_TSTRING) {
		set_bytes(L, value);
	} else if (lua_istable(L, value)) {
		object_fill(L, value);
	} else if (from && (from->type == o->type || from->type->kind == API_ARRAY) &&
		   object_size(from) == object_size(o)) {
		memmove(o->mem, from->mem, object_size(o));
	} else {
		if (from)
			api_type_name(from->type, other, sizeof(other));
		script_error(L, "%s cannot become %s", type,
			     from ? other : luaL_tolstring(L, value, NULL));
	}
}

static void set_place(lua_State *L, int index, int key, int value)
{
	const struct object *o = object_test(L, index);
	struct api_place p;
	char name[300], type[160];

	index = lua_absindex(L, index);
	key = lua_absindex(L, key);
	value = lua_absindex(L, value);
	p = place_of(L, o, key);
	if (p.type->kind == API_INT || p.type->kind == API_POINTER) {
		api_type_name(o->type, type, sizeof(type));
		lua_pushvalue(L, key); /* lua_tostring() would change the key itself */
		snprintf(name, sizeof(name), "%s.%s", type, lua_tostring(L, -1));
		lua_pop(L, 1);
		set_number(L, index, p, value, name);
		return;
	}
	push_inside(L, index, p.type, p.offset);
	set_inside(L, value);
	lua_pop(L, 1);
}

static int object_newindex(lua_State *L)
{
	set_place(L, 1, 2, 3);
	return 0;
}

/* ---- struct(), array(), buffer() ---- */

/* How many bytes the flexible array needs for the initialiser at @init: as many as are given for it. */
static uint32_t flexible_for(lua_State *L, const struct api_type *type, int init)
{
	struct api_place place;
	uint32_t bytes = 0;

	init = lua_absindex(L, init);
	lua_pushnil(L);
	while (lua_next(L, init)) {
		if (lua_type(L, -2) == LUA_TSTRING &&
		    api_field(type, lua_tostring(L, -2), &place) && place.type->kind == API_ARRAY &&
		    !place.type->count) {
			uint32_t need = (uint32_t)lua_rawlen(L, -1);

			if (lua_istable(L, -1))
				need *= api_types[place.type->first].size;
			if (need > bytes)
				bytes = need;
		}
		lua_pop(L, 1);
	}
	return bytes;
}

#define MOST_ELEMENTS (16 << 20)

/* struct(NAME [, ELEMENTS] [, INIT]) */
static int new_struct(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1), *near;
	const struct api_type *type, *flexible;
	uint32_t offset, bytes = 0;
	int init = 2;

	if (!strncmp(name, "struct ", 7) || !strncmp(name, "union ", 6))
		name = strchr(name, ' ') + 1;
	type = api_struct(name);
	if (!type) {
		near = api_near(API_NAMES_STRUCT, NULL, name);
		return script_error(L, "there is no struct %s%s%s%s", name,
				    near ? ": did you mean " : "", near ? near : "",
				    near ? "?" : "");
	}
	flexible = api_flexible(type, &offset);
	if (lua_isinteger(L, 2)) {
		lua_Integer n = lua_tointeger(L, 2);

		init = 3;
		if (!flexible)
			return script_error(L,
					    "struct %s has no flexible array to have %lld "
					    "elements of",
					    name, (long long)n);
		if (n < 0 || n > MOST_ELEMENTS)
			return script_error(L, "%lld elements are too many", (long long)n);
		bytes = (uint32_t)n * api_types[flexible->first].size;
	} else if (flexible && lua_istable(L, 2)) {
		bytes = flexible_for(L, type, 2);
	}
	if (lua_gettop(L) > init)
		return script_error(L, "struct() takes a name, a number of elements and values");
	lua_settop(L, init);
	object_new(L, type, bytes);
	if (lua_type(L, init) != LUA_TNIL)
		set_inside(L, init);
	return 1;
}

static uint32_t element_named(lua_State *L, const char *name)
{
	const struct api_type *type = api_struct(name);
	unsigned int bits;
	char letter, end;

	if (type)
		return (uint32_t)(type - api_types);
	if (sscanf(name, "%c%u%c", &letter, &bits, &end) == 2 && (letter == 'u' || letter == 's') &&
	    (bits == 8 || bits == 16 || bits == 32 || bits == 64))
		return int_type(bits / 8, letter == 's');
	script_error(L, "there is no type `%s`: u8, u16, u32, u64, s8 ... s64, or a struct's name",
		     name);
	return 0;
}

struct object *object_array_over(lua_State *L, const char *element, void *map, size_t size)
{
	uint32_t type = element_named(L, element), offset;
	struct object *o = object_over(L, NULL, map, size);

	if (api_flexible(&api_types[type], &offset)) {
		o->type = &api_types[type];
		o->flexible = size > offset ? (uint32_t)(size - offset) : 0;
	} else {
		o->own.first = type;
	}
	return o;
}

/* array(TYPE, ELEMENTS|LIST) */
static int new_array_lua(lua_State *L)
{
	uint32_t element = element_named(L, luaL_checkstring(L, 1));
	bool list = lua_istable(L, 2);
	lua_Integer n = list ? (lua_Integer)lua_rawlen(L, 2) : luaL_checkinteger(L, 2);

	if (n < 0 || n > MOST_ELEMENTS)
		return script_error(L, "%lld elements are too many", (long long)n);
	lua_settop(L, 2);
	new_array(L, element, (uint32_t)n * api_types[element].size);
	if (list)
		object_fill(L, 2);
	return 1;
}

/* buffer(SIZE|STRING) */
static int new_buffer(lua_State *L)
{
	size_t size = 0;
	const char *bytes = NULL;
	struct object *o;

	if (lua_type(L, 1) == LUA_TSTRING) {
		bytes = lua_tolstring(L, 1, &size);
	} else {
		lua_Integer n = luaL_checkinteger(L, 1);

		if (n < 0)
			return script_error(L, "a buffer of %lld bytes", (long long)n);
		size = (size_t)n;
	}
	o = object_buffer(L, size);
	if (bytes)
		memcpy(o->mem, bytes, size);
	return 1;
}

int object_pages(lua_State *L, size_t size)
{
	void *map;

	if (!size || size > UINT32_MAX)
		return -EINVAL;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	object_over(L, NULL, map, size);
	return 0;
}

/* raw(N): a number whose upper bits may be lost. */
static int new_raw(lua_State *L)
{
	int64_t number = luaL_checkinteger(L, 1), *raw = lua_newuserdatauv(L, sizeof(*raw), 0);

	*raw = number;
	luaL_setmetatable(L, RAW);
	return 1;
}

void object_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__index", object_index}, {"__newindex", object_newindex},
		{"__gc", object_gc},	   {"__len", object_len},
		{"__eq", object_eq},	   {"__tostring", object_tostring},
		{"__pairs", object_pairs}, {NULL, NULL},
	};
	static const luaL_Reg functions[] = {
		{"struct", new_struct}, {"array", new_array_lua},
		{"buffer", new_buffer}, {"raw", new_raw},
		{NULL, NULL},
	};

	luaL_newmetatable(L, OBJECT);
	luaL_setfuncs(L, meta, 0);
	lua_pushboolean(L, 0); /* getmetatable() tells nothing, setmetatable() changes nothing */
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	luaL_newmetatable(L, RAW);
	lua_pop(L, 1);
	luaL_setfuncs(L, functions, 0);
}
