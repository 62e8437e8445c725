/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RISC-V kernel's Image file. No KVM, no knowledge of the host. */
#ifndef KVMBED_RISCV_IMAGE_H
#define KVMBED_RISCV_IMAGE_H

#include "image.h"

/*
 * Looks for the header of a RISC-V Image, for a machine whose RAM begins at
 * @ram_base. 1: found, @img is IMAGE_LINUX with one segment, whose memory is
 * all that the kernel claims, and its entry. 0: there is none, @img is as it
 * was (an ELF file is none). -errno: a bad one, reported.
 */
int image_riscv(struct image *img, uint64_t ram_base);

#endif
