/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed memory in words; see api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "script/api.h"

static void show_number(FILE *out, uint64_t value, bool is_signed)
{
	if (is_signed && (int64_t)value < 0)
		fprintf(out, "%" PRId64, (int64_t)value);
	else
		fprintf(out, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static bool all_zero(const uint8_t *mem, size_t size)
{
	while (size && !mem[size - 1])
		size--;
	return !size;
}

#define MOST_SHOWN 16 /* elements of an array */

static void show_array(FILE *out, const struct api_type *type, const uint8_t *mem,
		       uint32_t flexible)
{
	const struct api_type *element = &api_types[type->first];
	uint32_t nr = type->count;

	if (!nr && element->size)
		nr = flexible / element->size;
	fputs("{", out);
	for (uint32_t i = 0; i < nr; i++) {
		if (i == MOST_SHOWN ||
		    all_zero(mem + (size_t)i * element->size, (size_t)(nr - i) * element->size)) {
			fprintf(out, "%s... %u %s", i ? ", " : "", nr - i,
				i == MOST_SHOWN ? "more" : "zeros");
			break;
		}
		if (i)
			fputs(", ", out);
		api_show(out, element, mem + (size_t)i * element->size, 0);
	}
	fputs("}", out);
}

/* "name = value, ..." of what is not zero. */
static void show_fields(FILE *out, const struct api_type *type, const uint8_t *mem,
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
			show_fields(out, t, at, rest, first);
			continue;
		}
		fputs(*first ? " " : ", ", out);
		*first = false;
		fputs(api_string(f->name), out);
		fputs(" = ", out);
		if (f->bits)
			show_number(out, api_get(at, t->size, f->bit, f->bits, t->is_signed),
				    t->is_signed);
		else
			api_show(out, t, at, rest);
	}
}

void api_show(FILE *out, const struct api_type *type, const uint8_t *mem, uint32_t flexible)
{
	bool first = true;

	if (type->kind == API_ARRAY) {
		show_array(out, type, mem, flexible);
	} else if (api_has_fields(type)) {
		fputs("{", out);
		show_fields(out, type, mem, flexible, &first);
		fputs(first ? "}" : " }", out);
	} else if (type->kind != API_VOID) {
		show_number(out, api_get(mem, type->size, 0, 0, type->is_signed), type->is_signed);
	}
}
