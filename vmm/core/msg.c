/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages on standard error; see msg.h. */
#include "msg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum msg_level threshold = MSG_WARN;

static const struct {
	const char *name;
	const char *prefix;
} levels[] = {
	[MSG_ERROR] = {"error", ""},
	[MSG_WARN] = {"warning", "warning: "},
	[MSG_INFO] = {"info", ""},
	[MSG_DEBUG] = {"debug", "debug: "},
};

void msg_set_level(enum msg_level level)
{
	threshold = level;
}

int msg_level_parse(const char *text, enum msg_level *level)
{
	for (unsigned int i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!strcmp(text, levels[i].name)) {
			*level = i;
			return 0;
		}
	}
	return -EINVAL;
}

void msg(enum msg_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, room;

	if (level > threshold)
		return;
	n = snprintf(line, sizeof(line), "kvmbed: %s", levels[level].prefix);
	room = (int)sizeof(line) - n - 1;
	va_start(ap, fmt);
	int m = vsnprintf(line + n, room, fmt, ap);
	va_end(ap);
	n += m < room ? m : room - 1;
	line[n++] = '\n';
	/* One write, so that lines of several threads never mix. */
	fflush(stdout);
	if (write(STDERR_FILENO, line, n) < 0) {
		/* Nobody is left to tell. */
	}
}

bool msg_ratelimit(unsigned int *counter, unsigned int limit, bool *last)
{
	unsigned int n = __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);

	/* Do not let four billion wild accesses wrap round to "first". */
	if (n > limit)
		__atomic_store_n(counter, limit + 1, __ATOMIC_RELAXED);
	*last = n == limit;
	return n < limit;
}

const char *errno_name(int err)
{
	static __thread char unnamed[24];
	const char *name = strerrorname_np(err < 0 ? -err : err);

	if (name)
		return name;
	snprintf(unnamed, sizeof(unnamed), "errno %d", err < 0 ? -err : err);
	return unnamed;
}

int errno_number(const char *name)
{
	for (int e = 1; e < 4096; e++) {
		const char *n = strerrorname_np(e);

		if (n && !strcmp(n, name))
			return e;
	}
	return -EINVAL;
}
