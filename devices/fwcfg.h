/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's firmware configuration device on port I/O (QEMU docs/specs/fw_cfg):
 * items of bytes, chosen by a 16-bit key and read one byte at a time.
 *
 * Threads: the guest's accesses from any; fwcfg_add() before vCPUs run.
 */
#ifndef KVMBED_DEVICES_FWCFG_H
#define KVMBED_DEVICES_FWCFG_H

#include <stddef.h>
#include <stdint.h>

#include "bus.h"

#define FWCFG_BASE 0x510u
#define FWCFG_SIZE 2u /* selector at 0, data at 1 */

#define FWCFG_SIGNATURE 0x00 /* "QEMU" */
#define FWCFG_ID	0x01 /* u32 of feature bits; 1: this interface */
#define FWCFG_RAM_SIZE	0x03 /* u64, bytes */
#define FWCFG_NB_CPUS	0x05 /* u16 */
#define FWCFG_MAX_CPUS	0x0f /* u16 */
#define FWCFG_FILE_DIR	0x19 /* u32 count, big-endian: empty */

struct fwcfg;

struct fwcfg_config {
	uint64_t ram_size; /* bytes */
	uint16_t nr_cpus, max_cpus;
};

extern const struct bus_ops fwcfg_ops; /* its device is the struct fwcfg */

/* With the keys above filled in. NULL with errno ENOMEM. */
struct fwcfg *fwcfg_create(const struct fwcfg_config *config);
void fwcfg_destroy(struct fwcfg *fwcfg);
/* Adds FWCFG_SIZE ports at @base, as a rule FWCFG_BASE. */
int fwcfg_attach(struct fwcfg *fwcfg, struct bus *port, uint64_t base);

/* Gives @key a copy of @size bytes, in place of what it had. -ENOMEM. */
int fwcfg_add(struct fwcfg *fwcfg, uint16_t key, const void *data, size_t size);

#endif
