/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the script engine share. A Lua state belongs to one thread;
 * every function here is called with it, on that thread, and may raise a Lua
 * error where it says so.
 */
#ifndef KVMBED_SCRIPT_SCRIPT_H
#define KVMBED_SCRIPT_SCRIPT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "script/api.h"

/* The engine's own Lua code has this name, so that an error can be pinned on the script's line instead. */
#define SCRIPT_PRELUDE "=(kvmbed)"

/* Where the Lua registry keeps the struct engine_host. */
#define SCRIPT_HOST "kvmbed.host"

/* nil and the errno's name, for a function that failed: two values, to be returned. */
int script_push_errno(lua_State *L, int err);

/* Raises an error whose message begins with the script's file and line, whatever of the engine lies between. */
int script_error(lua_State *L, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Pushes "FILE:LINE: ", or "" where no script is running. */
void script_where(lua_State *L);

/*
 * Typed memory (a C struct, union or array) as a Lua value. A root owns its
 * memory or a mapping; what is inside it is a view that keeps the root alive.
 */
struct object {
	const struct api_type *type; /* into the tables, or @own */
	uint8_t *mem;
	uint32_t flexible;   /* bytes of the flexible array at the end, if the type has one */
	struct api_type own; /* an array that no header declares */
	void *map;	     /* of a root in a mapping: to be unmapped */
	size_t map_size;
};

/* The object at @index, or NULL if there is something else. */
struct object *object_test(lua_State *L, int index);
/* All of its bytes, the flexible array's too. */
size_t object_size(const struct object *o);

/*
 * Pushes a new, zeroed object. One that ends in a flexible array, of which it
 * gets @flexible bytes, ends where an inaccessible page begins, as buffers do:
 * the kernel, told a wrong length, gets EFAULT instead of writing over something.
 */
struct object *object_new(lua_State *L, const struct api_type *type, uint32_t flexible);
struct object *object_buffer(lua_State *L, size_t size);
/*
 * Pushes an object over a mapping (of @size bytes at @map), whose owner it
 * becomes; of bytes if @type is NULL. object_array_over(): an array of @element,
 * as many as there is room for; or, where that type ends in a flexible array,
 * one of it. Raises an error if there is no such type.
 */
struct object *object_over(lua_State *L, const struct api_type *type, void *map, size_t size);
struct object *object_array_over(lua_State *L, const char *element, void *map, size_t size);

/* Bytes of guest memory: pages, shared with the kernel. -errno, and nothing is pushed, if there are none. */
int object_pages(lua_State *L, size_t size);

/* The number of a descriptor, or of an object that has one, at @index; false if there is neither. -1 once closed. */
bool script_fd_number(lua_State *L, int index, int64_t *number);

/* Functions of each part, added to the table at the top of the stack. */
void script_open_objects(lua_State *L);
void script_open_fds(lua_State *L);
void script_open_backing(lua_State *L);
void script_open_host(lua_State *L);
void script_open_threads(lua_State *L);
void script_open_disasm(lua_State *L);
void script_open_models(lua_State *L);

/*
 * The ioctl history: the last calls, in memory that a child shares with its
 * parent, so that it outlives a crash. They are put into words by who reads it.
 */
struct history;
struct history *history_new(void);
/* Has every call noted from now on; also as a trace to @copy, unless that is NULL. */
void history_start(struct history *h, FILE *copy);
void history_clear(struct history *h);
/* The calls that are kept in words, a line each, those that are alike as one; to be freed. NULL if there are none. */
char *history_text(const struct history *h);
/* The last call's name (NULL: it has none, or there was no call), and whether it has returned. */
const char *history_last(const struct history *h, bool *returned);
#define HISTORY_CALL 256
/* The newest call of this process in words, without its times, its middle cut to fit @size. False if there is none. */
bool history_last_call(char *buf, size_t size);
/* How many calls there were in all. */
unsigned long history_count(const struct history *h);

#endif
