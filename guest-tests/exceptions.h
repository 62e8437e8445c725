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

/* Executes an instruction that is undefined for ever, of undefined_length bytes. */
void undefined(void *arg);
extern const unsigned int undefined_length;

/* What else only this architecture has. */
void exceptions_arch(void);

#endif
