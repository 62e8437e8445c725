/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's own Lua code, put into the program by embed.sh. */
#ifndef KVMBED_SCRIPT_PRELUDE_H
#define KVMBED_SCRIPT_PRELUDE_H

struct prelude {
	const char *name; /* of the file; NULL ends the table */
	const char *begin, *end;
};

/* In the order in which the files are run. */
extern const struct prelude script_prelude[];

#endif
