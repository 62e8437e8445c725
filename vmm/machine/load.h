/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a file's name to a guest image in memory. Main thread, before the vCPUs run. */
#ifndef KVMBED_LOAD_H
#define KVMBED_LOAD_H

#include "config.h"
#include "image.h"
#include "vm.h"

/* Larger files are refused: they are not kernels. */
#define IMAGE_LIMIT (1ULL << 30)

/*
 * Reads the file and takes it apart: ELF here, other formats by arch_image(),
 * neither if config->raw. @path is kept. On success the image has at least one
 * segment, its entry lies in one, and it is to be closed; otherwise nothing is,
 * and the reason has been reported: -ENOEXEC, -EINVAL or -E2BIG for a bad
 * image, or what file_read() returned.
 */
int image_open(const char *path, const struct config *config, struct image *img);

/*
 * Takes the image's places in vm->place, all or none, then copies its bytes and
 * zeroes the rest of each segment. Reported: -ERANGE (not guest RAM) or -EEXIST
 * (overlaps something placed, or itself), with nothing written.
 */
int image_load(struct vm *vm, const struct image *img);

/* Frees the file's bytes; @img may be one that image_open() refused. */
void image_close(struct image *img);

#endif
