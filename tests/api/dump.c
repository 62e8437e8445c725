/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tables of the KVM API say (vmm/script/api.h), in a form that others
 * can check: `dump asserts` writes C that compiles only if the compiler agrees,
 * `dump bitfields` a program that says which bitfields are elsewhere (they have
 * no address that an assertion could look at), `dump names` a line for each name. Run on the machine that builds, whatever
 * architecture the tables are of.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "script/api.h"

static unsigned int asserted;

/* The type to go down into behind a member whose path is @path: of an array, its first element's. */
static const struct api_type *inside(const struct api_type *type, char *path)
{
	while (type->kind == API_ARRAY) {
		strcat(path, "[0]");
		type = &api_types[type->first];
	}
	return type;
}

static bool has_fields(const struct api_type *type)
{
	return type->kind == API_STRUCT || type->kind == API_UNION;
}

/* @path is where the member is in the named struct @root: "io.port". */
static void assert_member(const char *root, const char *path, const struct api_type *type,
			  uint32_t offset)
{
	char at[512];

	asserted++;
	snprintf(at, sizeof(at), "((%s *)0)->%s", root, path);
	printf("_Static_assert(__builtin_offsetof(%s, %s) == %u, \"offset of %s %s\");\n", root,
	       path, offset, root, path);
	if (type->kind == API_ARRAY && !type->count) {
		printf("_Static_assert(sizeof((%s)[0]) == %u, \"element of %s %s\");\n", at,
		       api_types[type->first].size, root, path);
		return;
	}
	printf("_Static_assert(sizeof(%s) == %u, \"size of %s %s\");\n", at, type->size, root,
	       path);
	if (type->kind == API_ARRAY)
		printf("_Static_assert(sizeof(%s) / sizeof((%s)[0]) == %u, \"elements of %s %s\");\n",
		       at, at, type->count, root, path);
	if (type->kind == API_INT)
		printf("_Static_assert(((__typeof__(%s))-1 < 0) == %u, \"sign of %s %s\");\n", at,
		       type->is_signed, root, path);
}

static void assert_fields(const char *root, const char *prefix, const struct api_type *type,
			  uint32_t offset)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];
		const struct api_type *t = &api_types[f->type];
		char path[256];

		snprintf(path, sizeof(path), "%s%s", prefix, api_string(f->name));
		/* A bitfield has no address: see bitfields(). */
		if (f->name && !f->bits)
			assert_member(root, path, t, offset + f->offset);
		t = inside(t, path);
		if (has_fields(t) && f->name)
			strcat(path, ".");
		if (has_fields(t))
			assert_fields(root, path, t, offset + f->offset);
	}
}

static void asserts(void)
{
	puts("#include <linux/kvm.h>\n#define SZ_64K 0x10000");
	for (uint32_t i = 0; i < api_nr_structs; i++) {
		const struct api_type *type = &api_types[api_structs[i]];
		char root[128];

		api_type_name(type, root, sizeof(root));
		asserted++;
		printf("_Static_assert(sizeof(%s) == %u, \"size of %s\");\n", root, type->size,
		       root);
		assert_fields(root, "", type, 0);
	}
	for (uint32_t i = 0; i < api_nr_ioctls; i++) {
		const char *name = api_string(api_ioctls[i].name);

		asserted++;
		printf("_Static_assert(%s == %u, \"%s\");\n", name, api_ioctls[i].number, name);
		printf("_Static_assert(_IOC_SIZE(%s) == %u, \"argument of %s\");\n", name,
		       api_types[api_ioctls[i].type].size, name);
	}
	for (uint32_t i = 0; i < api_nr_consts; i++) {
		const char *name = api_string(api_consts[i].name);

		asserted++;
		printf("_Static_assert((unsigned long long)(%s) == %" PRIu64 "ULL, \"%s\");\n",
		       name, api_consts[i].value, name);
	}
	fprintf(stderr, "%u\n", asserted);
}

static void set_bitfields(const char *root, const char *prefix, const struct api_type *type,
			  uint32_t offset)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];
		const struct api_type *t = &api_types[f->type];
		char path[256];

		snprintf(path, sizeof(path), "%s%s", prefix, api_string(f->name));
		if (f->bits)
			printf("\t{ %s s; memset(&s, 0, sizeof(s)); s.%s = -1; see(\"%s %s\", &s, "
			       "sizeof(s), %u, %u, %u); }\n",
			       root, path, root, path, offset + f->offset, f->bit, f->bits);
		t = inside(t, path);
		if (has_fields(t) && f->name)
			strcat(path, ".");
		if (has_fields(t))
			set_bitfields(root, path, t, offset + f->offset);
	}
}

/* A program: each bitfield alone is set to all ones, and the bits of the struct are looked at. */
static void bitfields(void)
{
	puts("#include <stdio.h>\n#include <string.h>\n#include <linux/kvm.h>\n"
	     "static int bad, seen;\n"
	     "static void see(const char *what, const void *s, unsigned long size, unsigned int byte,\n"
	     "\tunsigned int bit, unsigned int bits)\n{\n"
	     "\tint wrong = 0;\n"
	     "\tfor (unsigned int i = 0; i < size * 8; i++) {\n"
	     "\t\tunsigned int is = ((const unsigned char *)s)[i / 8] >> (i % 8) & 1;\n"
	     "\t\twrong |= is != (i >= byte * 8 + bit && i < byte * 8 + bit + bits);\n"
	     "\t}\n"
	     "\tif (wrong)\n\t\tprintf(\"%s\\n\", what);\n"
	     "\tbad |= wrong;\n\tseen++;\n}\n"
	     "int main(void)\n{");
	for (uint32_t i = 0; i < api_nr_structs; i++) {
		const struct api_type *type = &api_types[api_structs[i]];
		char root[128];

		api_type_name(type, root, sizeof(root));
		set_bitfields(root, "", type, 0);
	}
	puts("\tfprintf(stderr, \"%d\\n\", seen);\n\treturn bad;\n}");
}

/* Names of members, through types that have no name of their own. */
static void name_fields(const char *root, const struct api_type *type)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct api_field *f = &api_fields[type->first + i];
		const struct api_type *t = &api_types[f->type];

		if (f->name)
			printf("member %s %s\n", root, api_string(f->name));
		while (t->kind == API_ARRAY)
			t = &api_types[t->first];
		if (has_fields(t) && !t->name)
			name_fields(root, t);
	}
}

static void names(void)
{
	for (uint32_t i = 0; i < api_nr_structs; i++) {
		const char *name = api_string(api_types[api_structs[i]].name);

		/* By name, as a script asks for it. */
		printf("struct %s\n", name);
		if (api_struct(name) != &api_types[api_structs[i]])
			printf("lost struct %s\n", name);
		name_fields(name, &api_types[api_structs[i]]);
	}
	for (uint32_t i = 0; i < api_nr_ioctls; i++) {
		const char *name = api_string(api_ioctls[i].name);

		printf("ioctl %s\n", name);
		if (api_ioctl(name) != &api_ioctls[i])
			printf("lost ioctl %s\n", name);
	}
	for (uint32_t i = 0; i < api_nr_consts; i++) {
		uint64_t value;

		printf("const %s\n", api_string(api_consts[i].name));
		if (!api_const(api_string(api_consts[i].name), &value) ||
		    value != api_consts[i].value)
			printf("lost const %s\n", api_string(api_consts[i].name));
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "asserts"))
		asserts();
	else if (argc == 2 && !strcmp(argv[1], "bitfields"))
		bitfields();
	else if (argc == 2 && !strcmp(argv[1], "names"))
		names();
	else
		return 2;
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
