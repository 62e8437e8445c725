/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Lua state with everything in it, and what is done with scripts; see engine.h. */
#include "script/engine.h"

#include <errno.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "script/prelude.h"
#include "script/script.h"
#include "trace.h"

struct engine {
	lua_State *L;
	size_t used; /* bytes that Lua has */
	char *place; /* where engine_tell_place() wants it */
	size_t place_size;
};

/* Where the registry keeps the table that the prelude's files share. */
#define SHARED "kvmbed.shared"

/* What a script may use of Lua's own library: nothing that opens files, runs commands or loads C. */
static void open_lua(lua_State *L)
{
	static const luaL_Reg libraries[] = {
		{LUA_GNAME, luaopen_base},
		{LUA_TABLIBNAME, luaopen_table},
		{LUA_STRLIBNAME, luaopen_string},
		{LUA_MATHLIBNAME, luaopen_math},
		{LUA_UTF8LIBNAME, luaopen_utf8},
		{LUA_COLIBNAME, luaopen_coroutine},
		{NULL, NULL},
	};

	for (const luaL_Reg *lib = libraries; lib->func; lib++) {
		luaL_requiref(L, lib->name, lib->func, 1);
		lua_pop(L, 1);
	}
}

static int open_all(lua_State *L)
{
	luaL_checkstack(L, 20, NULL);
	lua_setfield(L, LUA_REGISTRYINDEX, SCRIPT_HOST);
	open_lua(L);
	lua_newtable(L); /* core */
	script_open_objects(L);
	script_open_fds(L);
	script_open_backing(L);
	script_open_host(L);
	script_open_threads(L);
	script_open_disasm(L);
	script_open_models(L);
	lua_newtable(L); /* shared */
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHARED);
	for (const struct prelude *p = script_prelude; p->name; p++) {
		if (luaL_loadbufferx(L, p->begin, (size_t)(p->end - p->begin), SCRIPT_PRELUDE, "t"))
			return luaL_error(L, "%s: %s", p->name, lua_tostring(L, -1));
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -3);
		lua_call(L, 2, 0);
	}
	return 0;
}

/* What scripts may use, guest memory apart. Beyond it Lua says "not enough memory", at the script's line. */
#define MOST_MEMORY ((size_t)128 << 20)

static void *limited(void *data, void *old, size_t old_size, size_t new_size)
{
	struct engine *engine = data;
	void *p;

	/* For a new block Lua tells its kind instead of a size. */
	if (!old)
		old_size = 0;
	if (!new_size) {
		free(old);
		engine->used -= old_size;
		return NULL;
	}
	if (new_size > old_size && engine->used + (new_size - old_size) > MOST_MEMORY)
		return NULL;
	p = realloc(old, new_size);
	if (p)
		engine->used += new_size - old_size;
	return p;
}

/* What traces and histories have no words of their own for. */
static void show_argument(FILE *out, unsigned long request, const uint8_t *copy)
{
	const struct api_ioctl *info = api_ioctl_number(request, NULL);
	const struct api_type *type = info ? &api_types[info->type] : NULL;

	if (type && type->size <= TRACE_COPIED)
		api_show(out, type, copy, 0);
}

struct engine *engine_new(const struct engine_host *host)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	trace_other = show_argument;

	if (!engine || !(engine->L = lua_newstate(limited, engine))) {
		msg_error("no memory for the script engine");
		free(engine);
		return NULL;
	}
	lua_pushcfunction(engine->L, open_all);
	lua_pushlightuserdata(engine->L, (void *)(uintptr_t)host);
	if (lua_pcall(engine->L, 1, 0, 0)) {
		msg_error("the script engine: %s", lua_tostring(engine->L, -1));
		engine_free(engine);
		return NULL;
	}
	return engine;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	lua_close(engine->L);
	free(engine);
}

/* ---- scripts ---- */

/*
 * Pushes the shared table's function @name and the script as a function, whose globals are
 * its own. An error, which is raised, is one in the script's text.
 */
static void push_script(lua_State *L, const char *name, const char *path)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHARED);
	lua_getfield(L, -1, name);
	if (luaL_loadfilex(L, path, "t"))
		lua_error(L);
	lua_newtable(L);
	lua_newtable(L);
	lua_getfield(L, -5, "env");
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	lua_setupvalue(L, -2, 1);
}

/* The copy of a field of the table on top of the stack; "" if it has none. */
static char *field(lua_State *L, const char *name)
{
	char *copy;

	lua_getfield(L, -1, name);
	copy = strdup(lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
	lua_pop(L, 1);
	return copy;
}

struct header_call {
	const char *path;
	struct behaviour *out;
	char *why;
	size_t size;
	int result;
};

static int read_header(lua_State *L)
{
	struct header_call *call = lua_touserdata(L, 1);
	struct behaviour *b = call->out;

	push_script(L, "header", call->path);
	lua_pushstring(L, call->path);
	lua_call(L, 2, 2);
	if (lua_isnil(L, -2)) {
		snprintf(call->why, call->size, "%s", luaL_tolstring(L, -1, NULL));
		call->result = -EINVAL;
		return 0;
	}
	lua_pop(L, 1);
	*b = (struct behaviour){
		.path = strdup(call->path),
		.id = field(L, "id"),
		.title = field(L, "title"),
		.arch = field(L, "arch"),
		.needs = field(L, "needs"),
		.fixes = field(L, "fixes"),
		.since = field(L, "since"),
		.seen_failing = field(L, "seen_failing"),
		.tags = field(L, "tags"),
	};
	lua_getfield(L, -1, "timeout");
	b->timeout = lua_tonumber(L, -1);
	lua_getfield(L, -2, "kvm");
	b->no_kvm = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
	call->result = b->path && b->id && b->title && b->arch && b->needs && b->fixes &&
				       b->since && b->seen_failing && b->tags
			       ? 0
			       : -ENOMEM;
	return 0;
}

/* A script may go on for ever before its header. */
#define HEADER_INSTRUCTIONS 10000000

static void too_long(lua_State *L, lua_Debug *at)
{
	script_error(L, "behaviour {...} was not reached");
}

int engine_header(struct engine *engine, const char *path, struct behaviour *out, char *why,
		  size_t size)
{
	struct header_call call = {path, out, why, size, 0};
	lua_State *L = engine->L;

	*out = (struct behaviour){0};
	lua_sethook(L, too_long, LUA_MASKCOUNT, HEADER_INSTRUCTIONS);
	lua_pushcfunction(L, read_header);
	lua_pushlightuserdata(L, &call);
	if (lua_pcall(L, 1, 0, 0)) {
		snprintf(why, size, "%s", luaL_tolstring(L, -1, NULL));
		call.result = -EINVAL;
	}
	lua_settop(L, 0);
	lua_sethook(L, NULL, 0, 0);
	if (call.result == -ENOMEM)
		snprintf(why, size, "no memory for its header");
	if (call.result)
		behaviour_free(out);
	return call.result;
}

void behaviour_free(struct behaviour *b)
{
	free(b->path);
	free(b->id);
	free(b->title);
	free(b->arch);
	free(b->needs);
	free(b->fixes);
	free(b->since);
	free(b->seen_failing);
	free(b->tags);
	*b = (struct behaviour){0};
}

static void tell_place(lua_State *L, lua_Debug *at)
{
	void *data;
	struct engine *engine;
	const char *where;

	lua_getallocf(L, &data);
	engine = data;
	lua_sethook(L, NULL, 0, 0);
	script_where(L);
	where = lua_tostring(L, -1);
	/* "FILE:LINE: " */
	snprintf(engine->place, engine->place_size, "%.*s",
		 (int)(strlen(where) > 2 ? strlen(where) - 2 : 0), where);
	lua_pop(L, 1);
}

void engine_tell_place(struct engine *engine, char *place, size_t size)
{
	engine->place = place;
	engine->place_size = size;
	/* Lua's manual: this may be called from a signal's handler. */
	lua_sethook(engine->L, tell_place,
		    LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static int run_script(lua_State *L)
{
	push_script(L, "run", lua_touserdata(L, 1));
	lua_call(L, 1, 2);
	return 2;
}

enum verdict engine_run(struct engine *engine, const char *path, char *reason, size_t size)
{
	static const char *const words[VERDICTS] = {
		[VERDICT_PASS] = "pass",
		[VERDICT_FAIL] = "fail",
		[VERDICT_SKIP] = "skip",
		[VERDICT_BROKEN] = "broken",
	};
	lua_State *L = engine->L;
	enum verdict verdict = VERDICT_BROKEN;
	const char *word;

	lua_pushcfunction(L, run_script);
	lua_pushlightuserdata(L, (void *)(uintptr_t)path);
	if (lua_pcall(L, 1, 2, 0)) {
		snprintf(reason, size, "%s", luaL_tolstring(L, -1, NULL));
		lua_settop(L, 0);
		return VERDICT_BROKEN;
	}
	word = lua_tostring(L, -2);
	for (int v = 0; v < VERDICTS; v++) {
		if (word && words[v] && !strcmp(words[v], word))
			verdict = (enum verdict)v;
	}
	snprintf(reason, size, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
	lua_settop(L, 0);
	return verdict;
}
