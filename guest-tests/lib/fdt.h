/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a flattened device tree (Devicetree Specification v0.4, chapter 5)
 * in place. A node is a pointer to its FDT_BEGIN_NODE token; NULL is none and
 * may be passed to everything here. For architectures that boot with one.
 */
#ifndef GUEST_FDT_H
#define GUEST_FDT_H

#include "guest.h"

typedef const uint32_t *fdt_node;

/* False if there is no tree at @gpa. Everything below reads the tree given last. */
bool fdt_init(uint64_t gpa);

fdt_node fdt_root(void);
/* The next node in the order of the tree, and how much deeper it is (added to *depth, which may be NULL). */
fdt_node fdt_next(fdt_node node, int *depth);
/* By full path, "/cpus/cpu@0"; a component without "@unit" fits one with. */
fdt_node fdt_path(const char *path);
/* The first node after @after (NULL: from the root) that lists @compatible. */
fdt_node fdt_compatible(fdt_node after, const char *compatible);
/* By phandle. */
fdt_node fdt_phandle(uint32_t phandle);
const char *fdt_name(fdt_node node);

/* A property's bytes, with their number in *len (may be NULL); NULL if the node has none such. */
const void *fdt_prop(fdt_node node, const char *name, uint32_t *len);
const char *fdt_string(fdt_node node, const char *name); /* NULL if absent */
/* Cell @index, big-endian, of a property; @fallback if it is not there. */
uint32_t fdt_cell(fdt_node node, const char *name, unsigned int index, uint32_t fallback);
/* The @index-th (address, size) pair of "reg" under #address-cells = #size-cells = 2. */
bool fdt_reg(fdt_node node, unsigned int index, struct region *reg);

/*
 * Takes what the tree says of the machine: machine.cmdline (/chosen), ram
 * (memory nodes, sorted), nr_cpus and cpus[].hwid from /cpus: the CPU whose
 * "reg" is @boot_hwid becomes CPU 0.
 */
void fdt_machine(uint64_t boot_hwid);

#endif
