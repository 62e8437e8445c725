/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest code of scripts: assembly text for the architecture's GNU assembler.
 * The build has assembled what it found in the behaviours; what it has not is
 * assembled when it is needed, with `as` and `ld`.
 */
#ifndef KVMBED_SCRIPT_ASM_H
#define KVMBED_SCRIPT_ASM_H

#include "script/code.h"

/*
 * Code of @text, to run at @at. @id is the behaviour's (it says where prebuilt
 * code is; may be ""), @path the script, for messages; @option is for `as`, or NULL.
 * 0 and the code, for code_free(); -errno, and in *@messages, to be freed, what the
 * assembler said.
 */
int asm_make(const char *text, uint64_t at, const char *id, const char *path, const char *option,
	     struct code *out, char **messages);

#endif
