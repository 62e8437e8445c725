/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors as Lua values: KVM's ioctls on them, KVM_RUN with a time limit, eventfds; see script.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"
#include "msg.h"
#include "script/script.h"

#define FD "kvmbed.fd"

struct fd {
	int fd; /* -1 once closed */
	bool kvm;
};

static int push_fd(lua_State *L, int fd, bool kvm)
{
	struct fd *f = lua_newuserdatauv(L, sizeof(*f), 0);

	*f = (struct fd){.fd = fd, .kvm = kvm};
	luaL_setmetatable(L, FD);
	return 1;
}

bool script_fd_number(lua_State *L, int index, int64_t *number)
{
	const struct fd *f;
	bool found = false;

	index = lua_absindex(L, index);
	f = luaL_testudata(L, index, FD);
	if (f) {
		*number = f->fd;
		return true;
	}
	if (!lua_istable(L, index))
		return false;
	/* An object of ours: a table that has its descriptor. */
	lua_pushliteral(L, "fd");
	lua_rawget(L, index);
	f = luaL_testudata(L, -1, FD);
	if (f) {
		*number = f->fd;
		found = true;
	}
	lua_pop(L, 1);
	return found;
}

/* A descriptor that may be used: an open one, or any number on purpose. */
static int check_fd(lua_State *L, int index)
{
	int64_t number;
	int whole;

	if (!script_fd_number(L, index, &number)) {
		number = lua_tointegerx(L, index, &whole);
		if (!whole)
			script_error(L, "a file descriptor is wanted, not %s",
				     luaL_typename(L, index));
		return (int)number;
	}
	if (number < 0)
		script_error(L, "this file descriptor has been closed");
	return (int)number;
}

static int close_fd(lua_State *L)
{
	struct fd *f = luaL_testudata(L, 1, FD);

	if (!f || f->fd < 0)
		return 0;
	if (f->kvm)
		kvm_close(f->fd);
	else
		close(f->fd);
	f->fd = -1;
	return 0;
}

/* fd(NUMBER, NAME): takes over what an ioctl has returned. */
static int own_fd(lua_State *L)
{
	int fd = (int)luaL_checkinteger(L, 1);

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	kvm_name_fd(fd, "%s", luaL_checkstring(L, 2));
	return push_fd(L, fd, true);
}

static int open_kvm(lua_State *L)
{
	int fd = kvm_open();

	return fd < 0 ? script_push_errno(L, fd) : push_fd(L, fd, true);
}

static int fd_number(lua_State *L)
{
	lua_pushinteger(L, check_fd(L, 1));
	return 1;
}

/* ---- ioctls ---- */

/* What KVM is given for the value at @index. A string's copy is left on the stack. */
static uintptr_t argument(lua_State *L, int index, unsigned long request)
{
	struct object *o = object_test(L, index);
	const struct api_ioctl *info = api_ioctl_number(request, o ? o->type : NULL);
	const struct api_type *wanted = info ? &api_types[info->type] : NULL;
	char want[160], is[160];
	size_t size;
	int whole;

	if (lua_isnoneornil(L, index))
		return 0;
	if (lua_type(L, index) == LUA_TSTRING) {
		const char *text = lua_tolstring(L, index, &size);

		o = object_buffer(L, size);
		memcpy(o->mem, text, size);
		return (uintptr_t)o->mem;
	}
	if (!o) {
		lua_Integer number = lua_tointegerx(L, index, &whole);

		if (!whole)
			script_error(L,
				     "an ioctl's argument is a struct, bytes or a number, not %s",
				     luaL_typename(L, index));
		return (uintptr_t)number;
	}
	/* Of arrays, a script may pass any, which end before an inaccessible page; of structs, the right one. */
	if (wanted && (wanted->kind == API_STRUCT || wanted->kind == API_UNION) &&
	    o->type->kind != API_ARRAY && o->type != wanted) {
		api_type_name(wanted, want, sizeof(want));
		api_type_name(o->type, is, sizeof(is));
		script_error(L,
			     "%s takes %s, not %s: give bytes(s) if another one is to be passed on "
			     "purpose",
			     api_string(info->name), want, is);
	}
	return (uintptr_t)o->mem;
}

/* ioctl(FD, NUMBER [, ARGUMENT]) */
static int do_ioctl(lua_State *L)
{
	int fd = check_fd(L, 1), r;
	unsigned long number = (unsigned long)luaL_checkinteger(L, 2);

	lua_settop(L, 3);
	r = kvm_try(fd, number, argument(L, 3, number));
	if (r < 0)
		return script_push_errno(L, r);
	lua_pushinteger(L, r);
	return 1;
}

/* ---- KVM_RUN ---- */

static struct kvm_run *running; /* for the handler */
static volatile sig_atomic_t time_is_up;
static timer_t timer;
static bool has_timer;

#define TIMER_SIGNAL SIGRTMIN

static void on_timer(int sig)
{
	time_is_up = 1;
	/* The signal ends a KVM_RUN that is under way; this one that is about to begin. */
	if (running)
		running->immediate_exit = 1;
}

static bool set_timer(double seconds)
{
	struct sigaction action = {.sa_handler = on_timer};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TIMER_SIGNAL};
	struct itimerspec spec = {0};

	if (!has_timer) {
		sigaction(TIMER_SIGNAL, &action, NULL);
		event._sigev_un._tid = (int)syscall(SYS_gettid);
		if (timer_create(CLOCK_MONOTONIC, &event, &timer))
			return false;
		has_timer = true;
	}
	spec.it_value.tv_sec = (time_t)seconds;
	spec.it_value.tv_nsec = (long)((seconds - (double)spec.it_value.tv_sec) * 1e9);
	return !timer_settime(timer, 0, &spec, NULL);
}

/* run(FD, KVM_RUN-PAGE, SECONDS): what KVM_RUN returned; or nil, the errno, and whether its time was up. */
static int do_run(lua_State *L)
{
	int fd = check_fd(L, 1), r;
	struct object *page = object_test(L, 2);
	double seconds = luaL_checknumber(L, 3);

	if (!page || !page->map)
		return script_error(L, "run() wants a vCPU's own kvm_run");
	if (!(seconds > 0 && seconds < 1e6))
		return script_error(L, "a time limit is more than 0 seconds");
	running = (struct kvm_run *)page->map;
	time_is_up = 0;
	if (!set_timer(seconds))
		return script_error(L, "no timer: %s", strerror(errno));
	r = kvm_try(fd, KVM_RUN, 0);
	set_timer(0);
	if (time_is_up)
		running->immediate_exit = 0;
	running = NULL;
	if (r >= 0) {
		lua_pushinteger(L, r);
		return 1;
	}
	script_push_errno(L, r);
	lua_pushboolean(L, time_is_up);
	return 3;
}

/* map_run(FD, SIZE): the page that vCPU @FD shares with KVM, as struct kvm_run. */
static int map_run(lua_State *L)
{
	int fd = check_fd(L, 1);
	lua_Integer size = luaL_checkinteger(L, 2);
	void *map = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return script_push_errno(L, errno);
	kvm_trace_run(fd, map);
	object_over(L, api_struct("kvm_run"), map, (size_t)size);
	return 1;
}

/* map(FD, TYPE, SIZE, OFFSET): SIZE bytes that vCPU @FD shares with KVM, as an array of TYPE. */
static int map_array(lua_State *L)
{
	int fd = check_fd(L, 1);
	const char *type = luaL_checkstring(L, 2);
	lua_Integer size = luaL_checkinteger(L, 3), offset = luaL_checkinteger(L, 4);
	void *map;

	if (size <= 0 || size > UINT32_MAX)
		return script_error(L, "%lld bytes cannot be mapped", (long long)size);
	map = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (map == MAP_FAILED)
		return script_push_errno(L, errno);
	object_array_over(L, type, map, (size_t)size);
	return 1;
}

/* run_bytes(KVM_RUN-PAGE, OFFSET, SIZE [, STRING]): reads, or writes, what lies behind struct kvm_run. */
static int run_bytes(lua_State *L)
{
	struct object *page = object_test(L, 1);
	lua_Integer offset = luaL_checkinteger(L, 2), size = luaL_checkinteger(L, 3);
	size_t given;
	const char *text = luaL_optlstring(L, 4, NULL, &given);

	if (!page || !page->map || offset < 0 || size < 0 || (size_t)offset > page->map_size ||
	    (size_t)size > page->map_size - (size_t)offset)
		return script_error(L, "that is not in the vCPU's kvm_run");
	if (text) {
		memcpy((uint8_t *)page->map + offset, text,
		       given < (size_t)size ? given : (size_t)size);
		return 0;
	}
	lua_pushlstring(L, (const char *)page->map + offset, (size_t)size);
	return 1;
}

/* exit_text(KVM_RUN): the exit in words. */
static int exit_text(lua_State *L)
{
	const struct object *page = object_test(L, 1);
	const struct kvm_run *run;
	char text[256];

	if (!page || !page->map)
		return script_error(L, "a vCPU's own kvm_run is wanted");
	run = page->map;
	/* The script can have written there. */
	if (run->exit_reason == KVM_EXIT_IO &&
	    (run->io.data_offset > page->map_size || page->map_size - run->io.data_offset < 8))
		return script_error(L, "kvm_run.io.data_offset 0x%llx is not in kvm_run",
				    (unsigned long long)run->io.data_offset);
	kvm_exit_describe(run, text, sizeof(text));
	lua_pushstring(L, text);
	return 1;
}

/* ---- memory, eventfds, other descriptors ---- */

static int pages(lua_State *L)
{
	int r = object_pages(L, (size_t)luaL_checkinteger(L, 1));

	return r ? script_push_errno(L, r) : 1;
}

/* protect(PAGES, WRITABLE): mprotect() of pages() as a whole; true, or nil and the errno. */
static int protect(lua_State *L)
{
	const struct object *o = object_test(L, 1);

	if (!o || !o->map)
		return script_error(L, "pages are wanted");
	if (mprotect(o->map, o->map_size, PROT_READ | (lua_toboolean(L, 2) ? PROT_WRITE : 0)))
		return script_push_errno(L, errno);
	lua_pushboolean(L, 1);
	return 1;
}

static int new_eventfd(lua_State *L)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? script_push_errno(L, errno) : push_fd(L, fd, false);
}

/* read(FD, SIZE [, OFFSET]) */
static int read_fd(lua_State *L)
{
	int fd = check_fd(L, 1);
	lua_Integer size = luaL_checkinteger(L, 2);
	/* Looked at before the buffer, which takes the next place of the stack. */
	bool from_here = lua_isnoneornil(L, 3);
	luaL_Buffer b;
	ssize_t n;
	char *to;

	if (size < 0 || size > 1 << 24)
		return script_error(L, "%lld bytes are too many", (long long)size);
	to = luaL_buffinitsize(L, &b, (size_t)size);
	n = from_here ? read(fd, to, (size_t)size)
		      : pread(fd, to, (size_t)size, (off_t)lua_tointeger(L, 3));
	if (n < 0)
		return script_push_errno(L, errno);
	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

static int write_fd(lua_State *L)
{
	int fd = check_fd(L, 1);
	size_t size;
	const char *text = luaL_checklstring(L, 2, &size);
	ssize_t n = write(fd, text, size);

	if (n < 0)
		return script_push_errno(L, errno);
	lua_pushinteger(L, n);
	return 1;
}

/* wait(FD, SECONDS): can it be read by then? */
static int wait_fd(lua_State *L)
{
	struct pollfd p = {.fd = check_fd(L, 1), .events = POLLIN};
	double seconds = luaL_checknumber(L, 2);

	lua_pushboolean(L, poll(&p, 1, (int)(seconds * 1000)) == 1);
	return 1;
}

void script_open_fds(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__gc", close_fd}, {"__close", close_fd}, {NULL, NULL}};
	static const luaL_Reg functions[] = {
		{"open_kvm", open_kvm},
		{"fd", own_fd},
		{"close", close_fd},
		{"number", fd_number},
		{"ioctl", do_ioctl},
		{"run", do_run},
		{"map_run", map_run},
		{"run_bytes", run_bytes},
		{"exit_text", exit_text},
		{"map", map_array},
		{"pages", pages},
		{"eventfd", new_eventfd},
		{"read", read_fd},
		{"write", write_fd},
		{"wait", wait_fd},
		{"protect", protect},
		{NULL, NULL},
	};

	luaL_newmetatable(L, FD);
	luaL_setfuncs(L, meta, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	luaL_setfuncs(L, functions, 0);
}
