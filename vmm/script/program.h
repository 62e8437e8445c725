/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests of scripts that have a file of their own: C or assembly, linked with
 * the guest runtime (guest-tests/lib). The build has made those that stand
 * beside the behaviours; another one is made when it is needed, with gcc.
 */
#ifndef KVMBED_SCRIPT_PROGRAM_H
#define KVMBED_SCRIPT_PROGRAM_H

#include "script/code.h"

/*
 * The guest of the file @source, for the behaviour @id, whose folder says where a
 * prebuilt one is. 0 and the code, for code_free(); -errno, and in *@messages,
 * to be freed, what is wrong (NULL: the errno says it).
 */
int program_make(const char *source, const char *id, struct code *out, char **messages);

#endif
