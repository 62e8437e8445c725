/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files, by libelf, which is loaded for the first of them. Main thread. */
#ifndef KVMBED_IMAGE_ELF_H
#define KVMBED_IMAGE_ELF_H

#include "image.h"

/*
 * Takes the ELF file in img->data apart: format, machine, entry and a segment
 * for each PT_LOAD. Reports and returns -ENOEXEC, -EINVAL or -E2BIG for a bad
 * file, -ENOENT if there is no libelf.
 */
int image_elf(struct image *img);

#endif
