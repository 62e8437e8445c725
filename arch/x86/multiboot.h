/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The multiboot 1 header of an image. No KVM, no knowledge of the host. */
#ifndef KVMBED_X86_MULTIBOOT_H
#define KVMBED_X86_MULTIBOOT_H

#include "image.h"

/*
 * Looks for a multiboot header. 1: found, @img is IMAGE_MULTIBOOT, boot_gpa the
 * header's offset in the file, segments and entry are those of the header if it
 * brings addresses, else those of the ELF file. 0: there is none, @img is as it
 * was. -ENOEXEC and other -errno: a bad one, reported.
 */
int image_multiboot(struct image *img);

#endif
