/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking things up in the KVM API's tables, and numbers in memory; see api.h. */
#include "script/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- by name ---- */

/* The tables' rows begin with their name; structs are reached through an index. */
static const char *row_name(const void *table, size_t size, uint32_t i)
{
	uint32_t name;

	if (table == api_structs)
		return api_string(api_types[api_structs[i]].name);
	memcpy(&name, (const uint8_t *)table + i * size, sizeof(name));
	return api_string(name);
}

/* The row's index, or @nr. */
static uint32_t find(const void *table, size_t size, uint32_t nr, const char *name)
{
	uint32_t low = 0, high = nr;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(name, row_name(table, size, middle));

		if (!order)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return nr;
}

const struct api_type *api_struct(const char *name)
{
	uint32_t i = find(api_structs, sizeof(api_structs[0]), api_nr_structs, name);

	return i < api_nr_structs ? &api_types[api_structs[i]] : NULL;
}

const struct api_ioctl *api_ioctl(const char *name)
{
	uint32_t i = find(api_ioctls, sizeof(api_ioctls[0]), api_nr_ioctls, name);

	return i < api_nr_ioctls ? &api_ioctls[i] : NULL;
}

const struct api_ioctl *api_ioctl_number(unsigned long number, const struct api_type *type)
{
	const struct api_ioctl *found = NULL;

	for (uint32_t i = 0; i < api_nr_ioctls; i++) {
		if (api_ioctls[i].number != number)
			continue;
		if (&api_types[api_ioctls[i].type] == type)
			return &api_ioctls[i];
		if (!found)
			found = &api_ioctls[i];
	}
	return found;
}

bool api_const(const char *name, uint64_t *value)
{
	uint32_t i = find(api_consts, sizeof(api_consts[0]), api_nr_consts, name);

	if (i == api_nr_consts)
		return false;
	*value = api_consts[i].value;
	return true;
}

/* ---- fields ---- */

bool api_field(const struct api_type *type, const char *name, struct api_place *place)
{
	for (uint32_t i = 0; api_has_fields(type) && i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];

		if (f->name && !strcmp(api_string(f->name), name)) {
			*place =
				(struct api_place){&api_types[f->type], f->offset, f->bit, f->bits};
			return true;
		}
		if (!f->name && api_field(&api_types[f->type], name, place)) {
			place->offset += f->offset;
			return true;
		}
	}
	return false;
}

const struct api_type *api_flexible(const struct api_type *type, uint32_t *offset)
{
	const struct api_type *found;

	if (type->kind == API_ARRAY) {
		*offset = 0;
		return type->count ? NULL : type;
	}
	for (uint32_t i = 0; api_has_fields(type) && i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];

		found = api_flexible(&api_types[f->type], offset);
		if (found) {
			*offset += f->offset;
			return found;
		}
	}
	return NULL;
}

void api_type_name(const struct api_type *type, char *buf, size_t size)
{
	char element[128];

	switch (type->kind) {
	case API_INT:
		snprintf(buf, size, "%s%u", type->is_signed ? "s" : "u", type->size * 8);
		break;
	case API_POINTER:
		snprintf(buf, size, "pointer");
		break;
	case API_STRUCT:
	case API_UNION:
		snprintf(buf, size, "%s %s", type->kind == API_STRUCT ? "struct" : "union",
			 type->name ? api_string(type->name) : "(without a name)");
		break;
	case API_ARRAY:
		api_type_name(&api_types[type->first], element, sizeof(element));
		if (type->count)
			snprintf(buf, size, "%s[%u]", element, type->count);
		else
			snprintf(buf, size, "%s[]", element);
		break;
	default:
		snprintf(buf, size, "void");
	}
}

/* ---- names that are nearly right ---- */

#define NEAR_LONGEST 64

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* How many letters must be put in, left out or changed (Levenshtein's distance); letters' case does not count. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NEAR_LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NEAR_LONGEST || lb > NEAR_LONGEST)
		return NEAR_LONGEST;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int corner = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int above = row[j];
			bool same = (a[i - 1] | 0x20) == (b[j - 1] | 0x20);

			row[j] = least(above + 1, row[j - 1] + 1, corner + !same);
			corner = above;
		}
	}
	return row[lb];
}

struct near {
	const char *wanted, *best;
	unsigned int distance;
};

static void consider(struct near *near, const char *name)
{
	unsigned int d = distance(near->wanted, name);

	if (d < near->distance) {
		near->distance = d;
		near->best = name;
	}
}

static void consider_fields(struct near *near, const struct api_type *type)
{
	for (uint32_t i = 0; api_has_fields(type) && i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];

		if (f->name)
			consider(near, api_string(f->name));
		else
			consider_fields(near, &api_types[f->type]);
	}
}

const char *api_near(enum api_names kind, const struct api_type *type, const char *name)
{
	static const struct {
		const void *table;
		size_t size;
		const uint32_t *nr;
	} tables[] = {
		[API_NAMES_CONST] = {api_consts, sizeof(api_consts[0]), &api_nr_consts},
		[API_NAMES_STRUCT] = {api_structs, sizeof(api_structs[0]), &api_nr_structs},
		[API_NAMES_IOCTL] = {api_ioctls, sizeof(api_ioctls[0]), &api_nr_ioctls},
	};
	unsigned int letters = (unsigned int)strlen(name);
	/* With more wrong than a third of its letters, or two that changed places, it is another word. */
	struct near near = {.wanted = name, .distance = letters > 3 ? letters / 3 + 2 : letters};

	if (kind == API_NAMES_FIELD) {
		consider_fields(&near, type);
		return near.best;
	}
	for (uint32_t i = 0; i < *tables[kind].nr; i++)
		consider(&near, row_name(tables[kind].table, tables[kind].size, i));
	return near.best;
}

/* ---- numbers in memory ---- */

static uint64_t mask(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static unsigned int width(unsigned int size, unsigned int bits)
{
	return bits ? bits : size * 8;
}

/* A bitfield may lie across bytes, but not across more than its storage has. */
static unsigned int bytes_of(unsigned int size, unsigned int bit, unsigned int bits)
{
	return bits ? (bit + bits + 7) / 8 : size;
}

uint64_t api_get(const void *at, unsigned int size, unsigned int bit, unsigned int bits,
		 bool is_signed)
{
	unsigned int n = width(size, bits);
	uint64_t value = 0;

	memcpy(&value, at, bytes_of(size, bit, bits));
	value = (value >> bit) & mask(n);
	if (is_signed && n < 64 && value >> (n - 1))
		value |= ~mask(n);
	return value;
}

void api_set(void *at, unsigned int size, unsigned int bit, unsigned int bits, uint64_t value)
{
	uint64_t old = 0, m = mask(width(size, bits)) << bit;

	memcpy(&old, at, bytes_of(size, bit, bits));
	old = (old & ~m) | ((value << bit) & m);
	memcpy(at, &old, bytes_of(size, bit, bits));
}

bool api_fits(unsigned int size, unsigned int bits, bool is_signed, int64_t value, char *range,
	      size_t range_size)
{
	unsigned int n = width(size, bits);
	int64_t low, high;

	if (n >= 64)
		return true;
	low = is_signed ? -(INT64_C(1) << (n - 1)) : 0;
	high = (int64_t)mask(is_signed ? n - 1 : n);
	if (value >= low && value <= high)
		return true;
	snprintf(range, range_size, "%" PRId64 " to %" PRId64, low, high);
	return false;
}
