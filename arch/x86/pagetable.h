/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables that map guest physical memory one to one, for a start in long
 * mode: four levels (SDM volume 3A, 4.5), writable, supervisor, executable. The
 * first 4 GiB in pages of 2 MiB, so that memory and I/O never share one; above,
 * 1 GiB pages if wanted. No KVM here.
 */
#ifndef KVMBED_X86_PAGETABLE_H
#define KVMBED_X86_PAGETABLE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that tables for [0, @end) take; at least the first 4 GiB are mapped, at most 256 TiB. */
uint64_t pagetable_size(uint64_t end, bool gib_pages);

/* Writes them to @buf (pagetable_size() bytes, zeroed); they will lie at @gpa, page-aligned. The root is first. */
void pagetable_build(void *buf, uint64_t gpa, uint64_t end, bool gib_pages);

#endif
