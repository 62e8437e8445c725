/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host's kernel tells of itself in /proc, /sys and its log. Nothing
 * here is an error: what cannot be read is not known. The main thread calls.
 */
#ifndef KVMBED_HOST_H
#define KVMBED_HOST_H

#include <stdbool.h>
#include <stddef.h>

struct json;

/* The file's beginning as a string without its last line end; its length, or -errno (and ""). */
int host_read(const char *path, char *buf, size_t size);

/* The value behind "NAME ... :" of the first processor in /proc/cpuinfo; false (and "") if there is none. */
bool host_cpuinfo(const char *name, char *buf, size_t size);
/* Is @word one of the words of @list, which blanks separate? */
bool host_has_word(const char *list, const char *word);

/* Is this module there, loaded or built in? One without parameters that is built in is not seen. */
bool host_has_module(const char *module);
/* Its readable parameters and their values as members of @out. */
void host_module_parameters(const char *module, struct json *out);

/*
 * Copies the first line of the kernel's log, without its time, that contains
 * one of @needles (ended by NULL). 0; -ENOENT if there is none, which after
 * days of running may mean that it was overwritten; -EPERM if this user may not read it.
 */
int host_kernel_log(const char *const *needles, char *buf, size_t size);

/* Compares what two kernel releases begin with: "6.1.0-18" is below "6.12". <0, 0, >0; missing numbers are 0. */
int host_release_compare(const char *a, const char *b);

#endif
