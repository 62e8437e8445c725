/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arm64 kernel's Image file. No KVM, no knowledge of the host. */
#ifndef KVMBED_ARM64_IMAGE_H
#define KVMBED_ARM64_IMAGE_H

#include "image.h"

/*
 * Looks for the header of an arm64 Image, for a machine whose RAM begins at
 * @ram_base. 1: found, @img is IMAGE_LINUX with one segment, whose memory is
 * all that the kernel claims, and its entry. 0: there is none, @img is as it
 * was (an ELF file is none). -errno: a bad one, reported.
 */
int image_arm64(struct image *img, uint64_t ram_base);

#endif
