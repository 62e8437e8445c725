/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scripts can ask that is no ioctl: names and numbers, the host, errors at the right line; see script.h. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "json.h"
#include "kvm.h"
#include "msg.h"
#include "script/asm.h"
#include "script/program.h"
#include "script/engine.h"
#include "script/script.h"

/* ---- errors ---- */

void script_where(lua_State *L)
{
	lua_Debug frame;

	for (int level = 0; lua_getstack(L, level, &frame); level++) {
		lua_getinfo(L, "Sl", &frame);
		if (frame.currentline > 0 && strcmp(frame.source, SCRIPT_PRELUDE) != 0) {
			/* Not short_src, which is cut: this is a path to open. */
			lua_pushfstring(L, "%s:%d: ", frame.source + (*frame.source == '@'),
					frame.currentline);
			return;
		}
	}
	lua_pushliteral(L, "");
}

int script_error(lua_State *L, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	script_where(L);
	lua_pushstring(L, text);
	lua_concat(L, 2);
	return lua_error(L);
}

int script_push_errno(lua_State *L, int err)
{
	lua_pushnil(L);
	lua_pushstring(L, errno_name(err));
	return 2;
}

static int where(lua_State *L)
{
	script_where(L);
	return 1;
}

/* ---- names ---- */

/* const(NAME): its value; or nil and a name like it. */
static int constant(lua_State *L)
{
	uint64_t value;

	if (lua_type(L, 1) != LUA_TSTRING) {
		lua_pushnil(L);
		return 1;
	}
	if (api_const(lua_tostring(L, 1), &value)) {
		lua_pushinteger(L, (lua_Integer)value);
		return 1;
	}
	lua_pushnil(L);
	lua_pushstring(L, api_near(API_NAMES_CONST, NULL, lua_tostring(L, 1)));
	return 2;
}

/* ioctl_info(NAME): {name, number, type, int, reads}; or nil and a name like it. */
static int ioctl_info(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct api_ioctl *info = api_ioctl(name);
	const struct api_type *type;
	char text[160];

	if (!info) {
		lua_pushnil(L);
		lua_pushstring(L, api_near(API_NAMES_IOCTL, NULL, name));
		return 2;
	}
	type = &api_types[info->type];
	lua_newtable(L);
	lua_pushstring(L, name);
	lua_setfield(L, -2, "name");
	lua_pushinteger(L, info->number);
	lua_setfield(L, -2, "number");
	lua_pushboolean(L, type->kind == API_INT);
	lua_setfield(L, -2, "int");
	lua_pushboolean(L, (_IOC_DIR(info->number) & _IOC_READ) != 0);
	lua_setfield(L, -2, "reads");
	if (type->kind == API_VOID)
		return 1;
	api_type_name(type, text, sizeof(text));
	if (type->kind != API_INT)
		lua_pushstring(L, api_string(type->name));
	else
		lua_pushstring(L, text);
	lua_setfield(L, -2, "type");
	return 1;
}

static int push_name(lua_State *L, enum kvm_names table, const char *otherwise)
{
	lua_Integer value = luaL_checkinteger(L, 1);
	const char *name = kvm_name(table, (unsigned long)value);

	if (name)
		lua_pushstring(L, name);
	else
		lua_pushfstring(L, "%s %I", otherwise, value);
	return 1;
}

static int cap_name(lua_State *L)
{
	return push_name(L, KVM_NAMES_CAP, "capability");
}

static int exit_name(lua_State *L)
{
	return push_name(L, KVM_NAMES_EXIT, "exit reason");
}

static int is_errno(lua_State *L)
{
	lua_pushboolean(L, errno_number(luaL_checkstring(L, 1)) >= 0);
	return 1;
}

static int error_text(lua_State *L)
{
	int number = errno_number(luaL_checkstring(L, 1));

	lua_pushstring(L, number < 0 ? "no such error" : strerror(number));
	return 1;
}

/* ---- the host ---- */

static const struct engine_host *above(lua_State *L)
{
	const struct engine_host *host;

	lua_getfield(L, LUA_REGISTRYINDEX, SCRIPT_HOST);
	host = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return host;
}

static int has(lua_State *L)
{
	char why[256] = "";
	int r = above(L)->has(luaL_checkstring(L, 1), why, sizeof(why));

	if (r < 0)
		lua_pushnil(L);
	else
		lua_pushboolean(L, r);
	lua_pushstring(L, why);
	return 2;
}

static int check_key(lua_State *L)
{
	lua_pushstring(L, above(L)->check_key(luaL_checkstring(L, 1)));
	return 1;
}

/* check_extension(FD, NUMBER): 0 for what the kernel does not know. */
static int check_extension(lua_State *L)
{
	int64_t fd = -1;
	int r;

	if (!script_fd_number(L, 1, &fd))
		return script_error(L, "a file descriptor is wanted");
	r = kvm_try((int)fd, KVM_CHECK_EXTENSION, (uintptr_t)luaL_checkinteger(L, 2));
	lua_pushinteger(L, r < 0 ? 0 : r);
	return 1;
}

static int vm_type(lua_State *L)
{
	int64_t fd = -1;

	if (!script_fd_number(L, 1, &fd))
		return script_error(L, "a file descriptor is wanted");
	lua_pushinteger(L, (lua_Integer)arch_caps_vm_type((int)fd));
	return 1;
}

static int release_compare(lua_State *L)
{
	lua_pushinteger(L, host_release_compare(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
	return 1;
}

static int read_file(lua_State *L)
{
	char text[4096];
	int r = host_read(luaL_checkstring(L, 1), text, sizeof(text));

	if (r < 0)
		return script_push_errno(L, r);
	lua_pushstring(L, text);
	return 1;
}

/* The bytes, a table of labels, and the addresses of its beginning and entry; or nil and the tools' words. */
static int push_code(lua_State *L, int r, struct code *code, char *messages)
{
	if (r) {
		lua_pushnil(L);
		lua_pushstring(L, messages && *messages ? messages : strerror(-r));
		free(messages);
		return 2;
	}
	lua_pushlstring(L, (const char *)code->bytes, code->size);
	lua_newtable(L);
	for (unsigned int i = 0; i < code->nr_symbols; i++) {
		lua_pushinteger(L, (lua_Integer)code->symbols[i].value);
		lua_setfield(L, -2, code->symbols[i].name);
	}
	lua_pushinteger(L, (lua_Integer)code->at);
	lua_pushinteger(L, (lua_Integer)code->entry);
	code_free(code);
	return 4;
}

/* write_file(PATH, TEXT): true, or nil and the errno. */
static int write_file(lua_State *L)
{
	size_t size;
	const char *text = luaL_checklstring(L, 2, &size);
	int fd = open(luaL_checkstring(L, 1), O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, size) != (ssize_t)size ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (err)
		return script_push_errno(L, err);
	lua_pushboolean(L, 1);
	return 1;
}

/* assemble(TEXT, ADDRESS, ID, SCRIPT, OPTION): see push_code(). */
static int assemble(lua_State *L)
{
	struct code code;
	char *messages;
	int r = asm_make(luaL_checkstring(L, 1), (uint64_t)luaL_checkinteger(L, 2),
			 luaL_checkstring(L, 3), luaL_checkstring(L, 4), luaL_optstring(L, 5, NULL),
			 &code, &messages);

	return push_code(L, r, &code, messages);
}

/* program(SOURCE, ID): the same of a guest's source file. */
static int program(lua_State *L)
{
	struct code code;
	char *messages;
	int r = program_make(luaL_checkstring(L, 1), luaL_checkstring(L, 2), &code, &messages);

	return push_code(L, r, &code, messages);
}

/* reg_name(ID) of a one-reg. */
static int reg_name(lua_State *L)
{
	char name[64];

	arch_reg_name((uint64_t)luaL_checkinteger(L, 1), name, sizeof(name));
	lua_pushstring(L, name);
	return 1;
}

static int print(lua_State *L)
{
	size_t size;
	const char *text = luaL_checklstring(L, 1, &size), *end = text + size;

	/* Bytes that no terminal, report or C string should get are told in digits. */
	while (text < end) {
		unsigned int n = *text ? json_utf8_length(text) : 0;
		unsigned char c = (unsigned char)*text;

		if (!n || (c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			printf("\\x%02x", c);
		else
			fwrite(text, 1, n, stdout);
		text += n ? n : 1;
	}
	fputc('\n', stdout);
	fflush(stdout);
	return 0;
}

/* What the engine asks for a report is no part of the history, and does not fail on purpose. */
static int end_history(lua_State *L)
{
	kvm_trace_to(NULL);
	kvm_trace_last(NULL);
	kvm_inject_hold(true);
	return 0;
}

/* last_ioctl(): the newest call in words, without its time; nil if there was none. */
static int last_ioctl(lua_State *L)
{
	char call[HISTORY_CALL];

	if (!history_last_call(call, sizeof(call)))
		return 0;
	lua_pushstring(L, call);
	return 1;
}

static int sleep_for(lua_State *L)
{
	double seconds = luaL_checknumber(L, 1);
	struct timespec t;

	if (!(seconds >= 0 && seconds < 1e6))
		return script_error(L, "a number of seconds is wanted");
	t.tv_sec = (time_t)seconds;
	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
	return 0;
}

/* Seconds since some beginning, for measuring. */
static int clock_now(lua_State *L)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	lua_pushnumber(L, (double)t.tv_sec + (double)t.tv_nsec / 1e9);
	return 1;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
	lua_pushstring(L, text);
	lua_setfield(L, -2, name);
}

void script_open_host(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"where", where},
		{"const", constant},
		{"ioctl_info", ioctl_info},
		{"cap_name", cap_name},
		{"exit_name", exit_name},
		{"is_errno", is_errno},
		{"strerror", error_text},
		{"has", has},
		{"check_key", check_key},
		{"check_extension", check_extension},
		{"vm_type", vm_type},
		{"release_compare", release_compare},
		{"read_file", read_file},
		{"write_file", write_file},
		{"print", print},
		{"end_history", end_history},
		{"last_ioctl", last_ioctl},
		{"sleep", sleep_for},
		{"now", clock_now},
		{"assemble", assemble},
		{"program", program},
		{"reg_name", reg_name},
		{NULL, NULL},
	};
	struct utsname uts;

	luaL_setfuncs(L, functions, 0);
	set_text(L, "arch", arch_name);
	set_text(L, "release", uname(&uts) ? "unknown" : uts.release);
	set_text(L, "backend", above(L)->backend);
	lua_pushinteger(L, sysconf(_SC_PAGESIZE));
	lua_setfield(L, -2, "page_size");
}
