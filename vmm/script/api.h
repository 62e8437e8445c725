/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM API as data: every struct, union, constant and ioctl of linux/kvm.h
 * and asm/kvm.h of the architecture that the program is built for. The tables
 * are generated when building (reflect/reflect.c), from the debug information of an
 * object that includes the headers; api.c looks things up in them.
 *
 * All is constant. Any thread may call.
 */
#ifndef KVMBED_SCRIPT_API_H
#define KVMBED_SCRIPT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum api_kind {
	API_VOID,
	API_INT, /* enums too */
	API_POINTER,
	API_STRUCT,
	API_UNION,
	API_ARRAY,
};

/* Offsets into api_strings rather than pointers: half the size, and nothing to relocate at start. */
struct api_type {
	uint32_t name; /* of a struct or union; 0 if it has none */
	uint8_t kind;
	uint8_t is_signed; /* INT */
	uint32_t
		size; /* in bytes; what follows the fixed part of a flexible array's struct is not in it */
	uint32_t first; /* STRUCT, UNION: index of the first field; ARRAY: of its elements' type */
	uint32_t
		count; /* STRUCT, UNION: number of fields; ARRAY: of elements, 0 if it is flexible */
};

struct api_field {
	uint32_t name; /* 0: an anonymous struct or union, whose members are its parent's */
	uint32_t type;
	uint32_t offset; /* in bytes; of a bitfield, of the byte that holds its first bit */
	uint8_t bit;	 /* of a bitfield: its first bit in that byte */
	uint8_t bits;	 /* and how many; 0 if it is none */
};

struct api_ioctl {
	uint32_t name;
	uint32_t number;
	uint32_t
		type; /* of what its argument points to; VOID for one that takes a number or nothing */
};

struct api_const {
	uint32_t name;
	uint64_t value; /* of a negative number, its two's complement */
};

/* The tables. Names are sorted as strcmp() sorts; types[0] is VOID. */
extern const char api_strings[];
extern const struct api_type api_types[];
extern const struct api_field api_fields[];
extern const uint32_t api_structs[]; /* indexes of the types that have a name, by name */
extern const struct api_ioctl api_ioctls[];
extern const struct api_const api_consts[];
extern const uint32_t api_nr_types, api_nr_fields, api_nr_structs, api_nr_ioctls, api_nr_consts;

static inline bool api_has_fields(const struct api_type *type)
{
	return type->kind == API_STRUCT || type->kind == API_UNION;
}

static inline const char *api_string(uint32_t name)
{
	return api_strings + name;
}

/* The struct or union of that name ("kvm_regs"), or NULL. */
const struct api_type *api_struct(const char *name);
const struct api_ioctl *api_ioctl(const char *name);
/*
 * Of a number; NULL for an unknown one. Some stand for two ioctls, of different objects (KVM_GET_ONE_REG of a vCPU is
 * KVM_ARM_SET_DEVICE_ADDR of a VM): the one whose argument is @type, if there is one.
 */
const struct api_ioctl *api_ioctl_number(unsigned long number, const struct api_type *type);
bool api_const(const char *name, uint64_t *value);

/* A field found by name, through anonymous structs and unions; @offset is from the beginning of @type. */
struct api_place {
	const struct api_type *type;
	uint32_t offset;
	uint8_t bit, bits;
};
bool api_field(const struct api_type *type, const char *name, struct api_place *place);

/* The flexible array that @type ends in, where it begins, or NULL. Of a union of several, the first. */
const struct api_type *api_flexible(const struct api_type *type, uint32_t *offset);

/* "struct kvm_regs", "__u64[4]" and so on, for messages. Always terminated. */
void api_type_name(const struct api_type *type, char *buf, size_t size);

/*
 * The name among those of one kind that is most like @name, for "did you
 * mean": NULL if none is.
 */
enum api_names { API_NAMES_CONST, API_NAMES_STRUCT, API_NAMES_IOCTL, API_NAMES_FIELD };
const char *api_near(enum api_names kind, const struct api_type *type, const char *name);

/*
 * Writes what is at @mem as "{ field = value, ... }", without what is zero; what
 * is in unions by each of its names. Of a flexible array at the end, @flexible bytes.
 */
void api_show(FILE *out, const struct api_type *type, const uint8_t *mem, uint32_t flexible);

/*
 * Numbers in memory, little-endian as all three architectures are, whatever
 * their alignment. A bitfield's @bits is not 0, and @size its storage's.
 */
uint64_t api_get(const void *at, unsigned int size, unsigned int bit, unsigned int bits,
		 bool is_signed);
void api_set(void *at, unsigned int size, unsigned int bit, unsigned int bits, uint64_t value);
/*
 * Does @value, a two's complement number, fit? 64-bit fields take any. Says what would into @range ("0 to 255").
 */
bool api_fits(unsigned int size, unsigned int bits, bool is_signed, int64_t value, char *range,
	      size_t range_size);

#endif
