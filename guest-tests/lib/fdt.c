/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a flattened device tree; see fdt.h. */
#include "arch_api.h"
#include "fdt.h"

#define FDT_MAGIC      0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP	       4
#define FDT_END	       9

/* The header's words that are used, by index. */
#define HEADER_MAGIC	  0
#define HEADER_OFF_STRUCT 2
#define HEADER_OFF_STRING 3

static const uint32_t *structure;
static const char *strings;

static uint32_t be32(const uint32_t *p)
{
	return __builtin_bswap32(*p);
}

static const uint32_t *skip(const uint32_t *p, uint32_t bytes)
{
	return p + (bytes + 3) / 4;
}

bool fdt_init(uint64_t gpa)
{
	const uint32_t *header = (const uint32_t *)gpa;

	if (!header || gpa % 8 || be32(&header[HEADER_MAGIC]) != FDT_MAGIC)
		return false;
	structure = header + be32(&header[HEADER_OFF_STRUCT]) / 4;
	strings = (const char *)header + be32(&header[HEADER_OFF_STRING]);
	return true;
}

/* The token after the one at @p. */
static const uint32_t *next_token(const uint32_t *p)
{
	switch (be32(p)) {
	case FDT_BEGIN_NODE:
		return skip(p + 1, strlen((const char *)(p + 1)) + 1);
	case FDT_PROP:
		return skip(p + 3, be32(p + 1));
	default:
		return p + 1;
	}
}

fdt_node fdt_root(void)
{
	const uint32_t *p = structure;

	while (p && be32(p) == FDT_NOP)
		p++;
	return p;
}

fdt_node fdt_next(fdt_node node, int *depth)
{
	int deeper = 1;

	if (!node)
		return NULL;
	for (const uint32_t *p = next_token(node);; p = next_token(p)) {
		switch (be32(p)) {
		case FDT_BEGIN_NODE:
			if (depth)
				*depth += deeper;
			return p;
		case FDT_END_NODE:
			deeper--;
			break;
		case FDT_END:
			return NULL;
		}
	}
}

const char *fdt_name(fdt_node node)
{
	return node ? (const char *)(node + 1) : NULL;
}

/* Does the component at @want, up to the next slash, name @node? */
static bool fits(const char *want, fdt_node node)
{
	const char *name = fdt_name(node);
	size_t len = 0;

	while (want[len] && want[len] != '/')
		len++;
	if (strncmp(name, want, len))
		return false;
	return !name[len] || name[len] == '@';
}

fdt_node fdt_path(const char *path)
{
	fdt_node node = fdt_root();
	int depth = 0, wanted = 0;

	while (node) {
		while (*path == '/')
			path++;
		if (!*path)
			return node;
		/* Among the children of the node found so far. */
		wanted++;
		do {
			node = fdt_next(node, &depth);
			if (depth < wanted)
				return NULL;
		} while (node && (depth != wanted || !fits(path, node)));
		while (*path && *path != '/')
			path++;
	}
	return NULL;
}

const void *fdt_prop(fdt_node node, const char *name, uint32_t *len)
{
	if (!node)
		return NULL;
	for (const uint32_t *p = next_token(node);; p = next_token(p)) {
		uint32_t token = be32(p);

		if (token == FDT_NOP)
			continue;
		if (token != FDT_PROP)
			return NULL;
		if (strcmp(strings + be32(p + 2), name))
			continue;
		if (len)
			*len = be32(p + 1);
		return p + 3;
	}
}

const char *fdt_string(fdt_node node, const char *name)
{
	return fdt_prop(node, name, NULL);
}

uint32_t fdt_cell(fdt_node node, const char *name, unsigned int index, uint32_t fallback)
{
	uint32_t len;
	const uint32_t *cells = fdt_prop(node, name, &len);

	return cells && index < len / 4 ? be32(&cells[index]) : fallback;
}

fdt_node fdt_compatible(fdt_node after, const char *compatible)
{
	fdt_node node = after ? fdt_next(after, NULL) : fdt_root();

	for (; node; node = fdt_next(node, NULL)) {
		uint32_t len;
		const char *list = fdt_prop(node, "compatible", &len);

		for (const char *s = list; list && s < list + len; s += strlen(s) + 1)
			if (!strcmp(s, compatible))
				return node;
	}
	return NULL;
}

fdt_node fdt_phandle(uint32_t phandle)
{
	fdt_node node = fdt_root();

	while (node && fdt_cell(node, "phandle", 0, 0) != phandle)
		node = fdt_next(node, NULL);
	return node;
}

static uint64_t cells64(const uint32_t *cells)
{
	return (uint64_t)be32(cells) << 32 | be32(cells + 1);
}

bool fdt_reg(fdt_node node, unsigned int index, struct region *reg)
{
	uint32_t len;
	const uint32_t *cells = fdt_prop(node, "reg", &len);

	if (!cells || index >= len / 16)
		return false;
	reg->start = cells64(cells + 4 * index);
	reg->size = cells64(cells + 4 * index + 2);
	return true;
}

/* Kept sorted, since memory nodes may stand in any order. */
static void add_ram(struct region reg)
{
	unsigned int i = machine.nr_ram;

	if (i == ARRAY_SIZE(machine.ram) || !reg.size)
		return;
	for (; i && machine.ram[i - 1].start > reg.start; i--)
		machine.ram[i] = machine.ram[i - 1];
	machine.ram[i] = reg;
	machine.nr_ram++;
}

static bool is_type(fdt_node node, const char *type)
{
	const char *text = fdt_string(node, "device_type");

	return text && !strcmp(text, type);
}

void fdt_machine(uint64_t boot_hwid)
{
	fdt_node chosen = fdt_path("/chosen"), parent = fdt_path("/cpus");
	uint32_t cells = fdt_cell(parent, "#address-cells", 0, 1);
	const char *cmdline = fdt_string(chosen, "bootargs");
	unsigned int nr = 0;

	if (cmdline)
		machine.cmdline = cmdline;
	for (fdt_node node = fdt_root(); node; node = fdt_next(node, NULL)) {
		struct region reg;

		if (is_type(node, "memory"))
			for (unsigned int i = 0; fdt_reg(node, i, &reg); i++)
				add_ram(reg);
		if (is_type(node, "cpu") && nr < GUEST_MAX_CPUS) {
			const uint32_t *hwid = fdt_prop(node, "reg", NULL);

			if (hwid)
				cpus[nr++].hwid = cells == 2 ? cells64(hwid) : be32(hwid);
		}
	}
	machine.nr_cpus = nr ? nr : 1;
	if (!nr)
		cpus[0].hwid = boot_hwid;
	for (unsigned int i = 1; i < nr; i++) {
		if (cpus[i].hwid != boot_hwid)
			continue;
		cpus[i].hwid = cpus[0].hwid;
		cpus[0].hwid = boot_hwid;
	}
}
