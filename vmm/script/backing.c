/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind a script's guest memory: huge pages, a file, and what madvise() does with them; see script.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "msg.h"
#include "script/script.h"

/* Of pages of 4 KiB, on all three architectures. */
#define HUGE_PAGE ((size_t)2 << 20)

/* Advice that the C library's header may not have yet. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static size_t round_up(size_t size)
{
	return (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

/* Puts @size bytes of @kind at @at; 0 or an errno. */
static int map_kind(uint8_t *at, size_t size, const char *kind)
{
	int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, fd = -1, err;
	void *map;

	if (strcmp(kind, "hugetlb") == 0) {
		flags |= MAP_HUGETLB;
	} else if (strcmp(kind, "anonymous") != 0) {
		fd = open(kind, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return errno;
		flags = MAP_FIXED | MAP_SHARED;
	}
	map = mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	err = map == MAP_FAILED ? errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

/*
 * backing(SIZE, KIND, SHIFT): SIZE bytes of pages that begin SHIFT bytes into a huge page: "anonymous" ones, "hugetlb",
 * or a file's.
 */
static int backing(lua_State *L)
{
	lua_Integer size = luaL_checkinteger(L, 1), shift = luaL_optinteger(L, 3, 0);
	const char *kind = luaL_checkstring(L, 2);
	size_t whole, reserved;
	struct object *o;
	uint8_t *map, *at;
	int err;

	if (size <= 0 || size > UINT32_MAX / 2 || shift < 0 || shift >= (lua_Integer)HUGE_PAGE)
		return script_error(L, "%lld bytes, %lld into a huge page", (long long)size,
				    (long long)shift);
	/* Huge pages are had for an address that is aligned. */
	whole = round_up((size_t)size + (size_t)shift);
	reserved = whole + HUGE_PAGE;
	map = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return script_push_errno(L, errno);
	at = (uint8_t *)round_up((size_t)map);
	err = map_kind(at, whole, kind);
	if (err) {
		munmap(map, reserved);
		return script_push_errno(L, err);
	}
	o = object_over(L, NULL, map, reserved);
	o->mem = at + shift;
	o->flexible = (uint32_t)size;
	return 1;
}

/* The part of pages that the arguments from @first on name: OFFSET, SIZE. */
static uint8_t *part(lua_State *L, int first, size_t *size)
{
	const struct object *o = object_test(L, 1);
	lua_Integer offset = luaL_checkinteger(L, first), n = luaL_checkinteger(L, first + 1);

	if (!o || !o->map || offset < 0 || n < 0 || (size_t)offset > object_size(o) ||
	    (size_t)n > object_size(o) - (size_t)offset) {
		script_error(L, "that is not in these pages");
		return NULL;
	}
	*size = (size_t)n;
	return o->mem + offset;
}

/* advise(PAGES, ADVICE, OFFSET, SIZE): madvise(); true, or nil and the errno. */
static int advise(lua_State *L)
{
	static const struct {
		const char *name;
		int advice;
	} names[] = {
		{"HUGEPAGE", MADV_HUGEPAGE},	   {"NOHUGEPAGE", MADV_NOHUGEPAGE},
		{"DONTNEED", MADV_DONTNEED},	   {"COLLAPSE", MADV_COLLAPSE},
		{"POPULATE", MADV_POPULATE_WRITE}, {"REMOVE", MADV_REMOVE},
	};
	const char *name = luaL_checkstring(L, 2);
	size_t size = 0;
	uint8_t *at = part(L, 3, &size);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name) != 0)
			continue;
		if (madvise(at, size, names[i].advice))
			return script_push_errno(L, errno);
		lua_pushboolean(L, 1);
		return 1;
	}
	return script_error(
		L,
		"there is no advice `%s`: HUGEPAGE, NOHUGEPAGE, DONTNEED, COLLAPSE, POPULATE, REMOVE",
		name);
}

/* remap(PAGES, OFFSET, SIZE): new anonymous pages there, in place of what was; true, or nil and the errno. */
static int remap(lua_State *L)
{
	size_t size = 0;
	uint8_t *at = part(L, 2, &size);
	int err = map_kind(at, size, "anonymous");

	if (err)
		return script_push_errno(L, err);
	lua_pushboolean(L, 1);
	return 1;
}

/* huge(PAGES): how many bytes of the mappings there are in huge pages, as the kernel counts them (smaps); or nil. */
static int huge(lua_State *L)
{
	static const char *const counts[] = {"AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:",
					     "Private_Hugetlb:", "Shared_Hugetlb:"};
	const struct object *o = object_test(L, 1);
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long begin, end, kib, total = 0;
	bool inside = false;
	char line[256];

	if (!o || !o->map || !smaps) {
		if (smaps)
			fclose(smaps);
		lua_pushnil(L);
		return 1;
	}
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			inside = begin >= (unsigned long)o->map &&
				 end <= (unsigned long)o->map + o->map_size;
		for (size_t i = 0; inside && i < sizeof(counts) / sizeof(counts[0]); i++)
			if (strncmp(line, counts[i], strlen(counts[i])) == 0 &&
			    sscanf(line + strlen(counts[i]), "%lu", &kib) == 1)
				total += kib << 10;
	}
	fclose(smaps);
	lua_pushinteger(L, (lua_Integer)total);
	return 1;
}

void script_open_backing(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"backing", backing}, {"advise", advise}, {"remap", remap},
		{"huge", huge},	      {NULL, NULL},
	};

	luaL_setfuncs(L, functions, 0);
}
