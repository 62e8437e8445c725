/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes kvm_api.c, the tables of api.h. A program of the build, run on the
 * machine that builds; what it reads may be of another architecture.
 *
 * usage: reflect OBJECT MACROS
 *
 * OBJECT is linked (so that its debug information has no relocations left) and
 * includes the headers; for each ioctl it has a typedef kvmbed_ioctl_NAME of
 * what the ioctl's argument points to. MACROS lists names of macros that are
 * integer constants. reflect.sh makes both.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "script/api.h"

#define IOCTL_PREFIX "kvmbed_ioctl_"

#define MAX_TYPES   8192
#define MAX_FIELDS  16384
#define MAX_NAMES   32768
#define MAX_STRINGS (1 << 20)

static struct {
	Dwarf_Off die; /* which entry of the debug information it is */
	struct api_type type;
} types[MAX_TYPES];
static struct api_field fields[MAX_FIELDS];
static uint32_t nr_types, nr_fields;

static char strings[MAX_STRINGS];
static uint32_t strings_size = 1; /* 0 is the empty one */

/* What is looked up by name. */
struct named {
	uint32_t name;
	uint32_t type;
	int64_t value;
	bool macro; /* the value is what the compiler says it is */
};
struct list {
	struct named *items;
	uint32_t nr;
};
static struct list structs, ioctls, consts;

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("reflect: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint32_t string(const char *text)
{
	size_t size;

	if (!text || !*text)
		return 0;
	size = strlen(text) + 1;
	for (uint32_t at = 1; at < strings_size; at += (uint32_t)strlen(strings + at) + 1) {
		if (!strcmp(strings + at, text))
			return at;
	}
	if (strings_size + size > MAX_STRINGS)
		die("too many names");
	memcpy(strings + strings_size, text, size);
	strings_size += (uint32_t)size;
	return strings_size - (uint32_t)size;
}

static struct named *add(struct list *list, const char *name)
{
	if (!list->items)
		list->items = calloc(MAX_NAMES, sizeof(*list->items));
	if (!list->items || list->nr == MAX_NAMES)
		die("too many names");
	list->items[list->nr].name = string(name);
	return &list->items[list->nr++];
}

/* ---- types ---- */

static uint64_t number(Dwarf_Die *of, unsigned int name, uint64_t otherwise)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_attr_integrate(of, name, &attr))
		return otherwise;
	if (dwarf_formudata(&attr, &value))
		die("an attribute 0x%x that is no number", name);
	return value;
}

static uint32_t type_of(Dwarf_Die *of);

static uint32_t new_type(Dwarf_Off where)
{
	if (nr_types == MAX_TYPES)
		die("too many types");
	types[nr_types].die = where;
	return nr_types++;
}

static bool bounds(Dwarf_Die *range, uint32_t *count)
{
	uint64_t n = number(range, DW_AT_count, UINT64_MAX);

	if (n == UINT64_MAX) {
		n = number(range, DW_AT_upper_bound, UINT64_MAX);
		/* Flexible, or of no elements: one more than -1. */
		n = n == UINT64_MAX || (uint32_t)n == UINT32_MAX ? 0 : n + 1;
	}
	*count = (uint32_t)n;
	return dwarf_siblingof(range, range) == 0;
}

/* Arrays of arrays are one entry with several ranges; here they are nested, the outermost first. */
static uint32_t array_of(Dwarf_Die *range, Dwarf_Die *array)
{
	uint32_t count, element, index = new_type(0);
	Dwarf_Die rest = *range;

	element = bounds(&rest, &count) ? array_of(&rest, array) : type_of(array);
	types[index].type = (struct api_type){.kind = API_ARRAY,
					      .size = count * types[element].type.size,
					      .first = element,
					      .count = count};
	return index;
}

static void field_of(Dwarf_Die *member, struct api_field *field)
{
	uint64_t bits = number(member, DW_AT_bit_size, 0);
	uint64_t bit = number(member, DW_AT_data_bit_offset, 0);

	*field = (struct api_field){
		.name = string(dwarf_diename(member)),
		.type = type_of(member),
		.offset = (uint32_t)number(member, DW_AT_data_member_location, 0),
	};
	if (!bits)
		return;
	if (dwarf_hasattr(member, DW_AT_bit_offset))
		die("bitfields as old debug information has them: -gdwarf-5 is wanted");
	field->offset = (uint32_t)(bit / 8);
	field->bit = (uint8_t)(bit % 8);
	field->bits = (uint8_t)bits;
}

static void fill_struct(uint32_t index, Dwarf_Die *of, enum api_kind kind)
{
	struct api_field own[512];
	uint32_t count = 0, first;
	Dwarf_Die member;

	types[index].type = (struct api_type){.name = string(dwarf_diename(of)),
					      .kind = kind,
					      .size = (uint32_t)number(of, DW_AT_byte_size, 0)};
	if (!dwarf_child(of, &member)) {
		do {
			if (dwarf_tag(&member) != DW_TAG_member)
				continue;
			if (count == sizeof(own) / sizeof(own[0]))
				die("too many fields in one struct");
			/* Headers put an empty struct before a flexible array that is alone. */
			if (strncmp(dwarf_diename(&member) ?: "", "__empty_", 8) != 0)
				field_of(&member, &own[count++]);
		} while (!dwarf_siblingof(&member, &member));
	}
	/* Its members' own types have come first. */
	first = nr_fields;
	if (nr_fields + count > MAX_FIELDS)
		die("too many fields");
	memcpy(&fields[first], own, count * sizeof(own[0]));
	nr_fields += count;
	types[index].type.first = first;
	types[index].type.count = count;
}

static void fill(uint32_t index, Dwarf_Die *of)
{
	uint64_t encoding = number(of, DW_AT_encoding, 0);
	uint32_t size = (uint32_t)number(of, DW_AT_byte_size, 0);

	switch (dwarf_tag(of)) {
	case DW_TAG_base_type:
		if (encoding == DW_ATE_float || size > 8) {
			/* Nothing of KVM's; a field of it would be of no use. */
			types[index].type = (struct api_type){.kind = API_VOID, .size = size};
			break;
		}
		types[index].type = (struct api_type){
			.kind = API_INT,
			.size = size,
			.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char,
		};
		break;
	case DW_TAG_enumeration_type:
		types[index].type = (struct api_type){.kind = API_INT, .size = size};
		break;
	case DW_TAG_pointer_type:
		types[index].type = (struct api_type){.kind = API_POINTER, .size = size};
		break;
	case DW_TAG_structure_type:
		fill_struct(index, of, API_STRUCT);
		break;
	case DW_TAG_union_type:
		fill_struct(index, of, API_UNION);
		break;
	default:
		die("a type with tag 0x%x", dwarf_tag(of));
	}
}

/* The type of a member, typedef or array's element. */
static uint32_t type_of(Dwarf_Die *of)
{
	Dwarf_Attribute attr;
	Dwarf_Die type, range;
	uint32_t index;

	if (!dwarf_attr_integrate(of, DW_AT_type, &attr))
		return 0;
	if (!dwarf_formref_die(&attr, &type) || dwarf_peel_type(&type, &type) < 0)
		die("a broken reference to a type");
	if (dwarf_tag(&type) == DW_TAG_typedef || dwarf_tag(&type) == DW_TAG_const_type)
		return 0; /* of void */
	for (uint32_t i = 1; i < nr_types; i++) {
		if (types[i].die == dwarf_dieoffset(&type))
			return i;
	}
	if (dwarf_tag(&type) == DW_TAG_array_type) {
		if (dwarf_child(&type, &range))
			die("an array without a range");
		index = array_of(&range, &type);
		types[index].die = dwarf_dieoffset(&type);
		return index;
	}
	index = new_type(dwarf_dieoffset(&type));
	fill(index, &type);
	return index;
}

/* ---- what the headers declare ---- */

static void add_enumerators(Dwarf_Die *of)
{
	Dwarf_Attribute attr;
	Dwarf_Sword value;
	Dwarf_Die item;

	if (dwarf_child(of, &item))
		return;
	do {
		if (dwarf_tag(&item) != DW_TAG_enumerator)
			continue;
		if (!dwarf_attr(&item, DW_AT_const_value, &attr) || dwarf_formsdata(&attr, &value))
			die("an enumerator without a value");
		add(&consts, dwarf_diename(&item))->value = value;
	} while (!dwarf_siblingof(&item, &item));
}

static void add_struct(Dwarf_Die *of)
{
	const char *name = dwarf_diename(of);
	uint32_t index = 0;

	if (!name || dwarf_hasattr(of, DW_AT_declaration))
		return;
	for (uint32_t i = 1; i < nr_types && !index; i++) {
		if (types[i].die == dwarf_dieoffset(of))
			index = i;
	}
	if (!index) {
		index = new_type(dwarf_dieoffset(of));
		fill(index, of);
	}
	for (uint32_t i = 0; i < structs.nr; i++) {
		if (structs.items[i].type == index)
			return;
	}
	add(&structs, name)->type = index;
}

/* Structs may stand inside structs and have names. */
static void look_at(Dwarf_Die *parent)
{
	Dwarf_Die child;

	if (dwarf_child(parent, &child))
		return;
	do {
		const char *name = dwarf_diename(&child);

		switch (dwarf_tag(&child)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			add_struct(&child);
			look_at(&child);
			break;
		case DW_TAG_enumeration_type:
			add_enumerators(&child);
			break;
		case DW_TAG_typedef:
			if (name && !strncmp(name, IOCTL_PREFIX, strlen(IOCTL_PREFIX)))
				add(&ioctls, name + strlen(IOCTL_PREFIX))->type = type_of(&child);
			break;
		}
	} while (!dwarf_siblingof(&child, &child));
}

static void read_object(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf = fd < 0 ? NULL : dwarf_begin(fd, DWARF_C_READ);
	Dwarf_CU *cu = NULL;
	Dwarf_Die top;

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (!dwarf)
		die("%s: no debug information: %s", path, dwarf_errmsg(-1));
	new_type(0); /* void */
	while (!dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &top, NULL))
		look_at(&top);
	dwarf_end(dwarf);
	close(fd);
}

static void read_macros(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[256];

	if (!in)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			add(&consts, line)->macro = true;
	}
	fclose(in);
}

/* ---- output ---- */

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(strings + x->name, strings + y->name);

	/* An enumerator that is a macro too (#define X X) is taken once, as the macro. */
	return order ? order : (int)y->macro - (int)x->macro;
}

static void sort(struct list *list, const char *what)
{
	uint32_t kept = 0;

	if (!list->nr)
		die("the headers have no %s", what);
	qsort(list->items, list->nr, sizeof(*list->items), by_name);
	for (uint32_t i = 0; i < list->nr; i++) {
		if (!kept || list->items[kept - 1].name != list->items[i].name)
			list->items[kept++] = list->items[i];
	}
	list->nr = kept;
}

static void write_strings(void)
{
	puts("const char api_strings[] =\n\t\"\\0\"");
	for (uint32_t at = 1; at < strings_size; at += (uint32_t)strlen(strings + at) + 1)
		printf("\t\"%s\\0\"\n", strings + at);
	puts("\t;\n");
}

static void write_types(void)
{
	puts("const struct api_type api_types[] = {");
	for (uint32_t i = 0; i < nr_types; i++) {
		const struct api_type *t = &types[i].type;

		printf("\t{%u, %u, %u, %u, %u, %u}, /* %s */\n", t->name, t->kind, t->is_signed,
		       t->size, t->first, t->count, strings + t->name);
	}
	printf("};\nconst uint32_t api_nr_types = %u;\n\n", nr_types);
	puts("const struct api_field api_fields[] = {");
	for (uint32_t i = 0; i < nr_fields; i++)
		printf("\t{%u, %u, %u, %u, %u}, /* %s */\n", fields[i].name, fields[i].type,
		       fields[i].offset, fields[i].bit, fields[i].bits, strings + fields[i].name);
	printf("};\nconst uint32_t api_nr_fields = %u;\n\n", nr_fields);
	puts("const uint32_t api_structs[] = {");
	for (uint32_t i = 0; i < structs.nr; i++)
		printf("\t%u, /* %s */\n", structs.items[i].type, strings + structs.items[i].name);
	printf("};\nconst uint32_t api_nr_structs = %u;\n\n", structs.nr);
}

static void write_numbers(void)
{
	puts("const struct api_ioctl api_ioctls[] = {");
	for (uint32_t i = 0; i < ioctls.nr; i++) {
		const struct named *n = &ioctls.items[i];

		printf("\t{%u, %s, %u},\n", n->name, strings + n->name, n->type);
	}
	printf("};\nconst uint32_t api_nr_ioctls = %u;\n\n", ioctls.nr);
	puts("const struct api_const api_consts[] = {");
	for (uint32_t i = 0; i < consts.nr; i++) {
		const struct named *n = &consts.items[i];

		if (n->macro)
			printf("\t{%u, (uint64_t)(%s)},\n", n->name, strings + n->name);
		else
			printf("\t{%u, (uint64_t)%lldLL}, /* %s */\n", n->name, (long long)n->value,
			       strings + n->name);
	}
	printf("};\nconst uint32_t api_nr_consts = %u;\n", consts.nr);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: reflect OBJECT MACROS\n", stderr);
		return 2;
	}
	read_object(argv[1]);
	read_macros(argv[2]);
	sort(&structs, "structs");
	sort(&ioctls, "ioctls");
	sort(&consts, "constants");
	puts("/* Generated by vmm/script/reflect/reflect.c from linux/kvm.h; do not edit. */\n"
	     "#include <linux/kvm.h>\n\n"
	     "#define SZ_64K 0x10000\n"
	     "#include \"script/api.h\"\n");
	write_strings();
	write_types();
	write_numbers();
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
