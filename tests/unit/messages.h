/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Catches what goes to standard error, so that a test can look at the messages of msg.h. */
#ifndef KVMBED_TESTS_MESSAGES_H
#define KVMBED_TESTS_MESSAGES_H

/* From now on standard error goes into memory. Not nested. */
void messages_begin(void);
/* Restores standard error and returns what was said since; valid until the next messages_begin(). */
const char *messages_end(void);

#endif
