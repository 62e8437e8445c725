/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exceptions guest's common part and its <arch>/exceptions.c, which knows how to provoke one. */
#ifndef GUEST_EXCEPTIONS_H
#define GUEST_EXCEPTIONS_H

#include "guest.h"

struct provocation {
	const char *what;
	void (*fn)(void *arg);
	enum exception_kind kind;
	unsigned int vector; /* as struct exception has it */
};

extern const struct provocation provocations[]; /* ended by a NULL what */

/* The known bug of a host that made @e of a @wanted, or NULL. */
const char *known_bug(enum exception_kind wanted, const struct exception *e);

/* The tests' usual exception: one instruction of usual_length bytes that raises usual_kind. */
void usual(void *arg);
extern const enum exception_kind usual_kind;
extern const unsigned int usual_length;

/* What else only this architecture has. */
void exceptions_arch(void);

#endif
