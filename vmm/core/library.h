/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared libraries that are loaded when they are first needed: what a run does
 * not use costs it no time and no memory. Any thread, one at a time for a library.
 */
#ifndef KVMBED_LIBRARY_H
#define KVMBED_LIBRARY_H

#include <stddef.h>

struct library {
	const char *soname;	  /* "libelf.so.1" */
	const char *package;	  /* where Debian has it, for the message */
	const char *const *names; /* of functions */
	void **functions; /* their addresses, filled in by library_load(); as many as names */
	size_t nr;
};

/* Loads the library unless it is loaded. Reports and returns -ENOENT if it, or a function of it, is not there. */
int library_load(const struct library *library);

/*
 * Says in the program's file that @soname may be loaded, for whoever packs the
 * program: an ELF note by the UAPI group's "ELF dlopen metadata" specification.
 */
#define LIBRARY_NOTE(soname, feature, why)                                                       \
	__asm__(".pushsection .note.dlopen, \"a\", %note\n"                                      \
		".balign 4\n"                                                                    \
		".long 4, 2f - 1f, 0x407c0c0a\n"                                                 \
		".asciz \"FDO\"\n"                                                               \
		"1: .asciz \"[{\\\"feature\\\":\\\"" feature "\\\",\\\"description\\\":\\\"" why \
		"\\\",\\\"priority\\\":\\\"recommended\\\",\\\"soname\\\":[\\\"" soname          \
		"\\\"]}]\"\n"                                                                    \
		"2: .balign 4\n"                                                                 \
		".popsection")

#endif
