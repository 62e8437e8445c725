/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes first: cmocka, with the headers that it wants before it. */
#ifndef KVMBED_TESTS_UNIT_H
#define KVMBED_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The text of a message must contain @part. */
#define assert_said(text, part)                                                      \
	do {                                                                         \
		const char *said_ = (text);                                          \
                                                                                     \
		if (!strstr(said_, part))                                            \
			fail_msg("\"%s\" is not in what was said: %s", part, said_); \
	} while (0)

#endif
