/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files about typed memory share; see script.h for what others use. */
#ifndef KVMBED_SCRIPT_OBJECT_H
#define KVMBED_SCRIPT_OBJECT_H

#include "script/script.h"

/* Elements of an array; of a flexible one as many as it has room for. */
uint32_t object_elements(const struct object *o);

/* The object on top of the stack takes the values of the table at @value. Raises errors. */
void object_fill(lua_State *L, int value);

/* Adds what makes objects to the table on top of the stack, and their metatable to the registry. */
void object_open(lua_State *L);
/* Adds what looks at them. */
void object_view_open(lua_State *L);

/* Metamethods: object_view.c. */
int object_len(lua_State *L);
int object_eq(lua_State *L);
int object_tostring(lua_State *L);
int object_pairs(lua_State *L);

#endif
