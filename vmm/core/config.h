/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the person asked for: the options of `kvmbed run`, parsed and checked. */
#ifndef KVMBED_CONFIG_H
#define KVMBED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"

struct arch_config; /* arch/<name>/: options that only this architecture has */

/* Where the first serial port's output goes. Called on a vCPU's thread; must not block for long. */
struct console_out {
	void (*write)(void *ctx, const uint8_t *bytes, size_t n);
	void *ctx;
};

struct config {
	const char *image;
	const char *initrd;  /* NULL if none */
	const char *cmdline; /* "" if none */
	bool raw;	     /* load the image as bytes, whatever it looks like */
	bool have_load_addr;
	uint64_t load_addr; /* where raw bytes go, if have_load_addr */
	uint64_t mem_size;  /* bytes */
	struct mem_backing backing;
	unsigned int nr_vcpus;
	unsigned int timeout;	    /* seconds; 0 for none */
	bool guest_status;	    /* the process's status is the guest's own */
	bool log_unclaimed;	    /* say each access that no device answers */
	const char *dump_dtb;	    /* file to write the device tree to; NULL if none */
	struct console_out console; /* for the board to give to its first serial port */
	struct arch_config *arch;
};

#endif
