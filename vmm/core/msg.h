/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to the person at the keyboard, on standard error.
 *
 * A message is one line: what was tried, what came back, what to do. Any
 * thread may call these; lines are never mixed. Nothing here ends the process.
 */
#ifndef KVMBED_MSG_H
#define KVMBED_MSG_H

#include <stdbool.h>

enum msg_level { MSG_ERROR, MSG_WARN, MSG_INFO, MSG_DEBUG };

/* Messages above this level are dropped; MSG_WARN unless changed at start. */
void msg_set_level(enum msg_level level);
/* 0 and the level for "error", "warning", "info", "debug"; -EINVAL otherwise. */
int msg_level_parse(const char *text, enum msg_level *level);

void msg(enum msg_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define msg_error(...) msg(MSG_ERROR, __VA_ARGS__)
#define msg_warn(...)  msg(MSG_WARN, __VA_ARGS__)
#define msg_info(...)  msg(MSG_INFO, __VA_ARGS__)
#define msg_debug(...) msg(MSG_DEBUG, __VA_ARGS__)

/*
 * For what a guest can provoke without end: true for the first @limit calls on
 * *@counter, and the call that reaches the limit is told by *@last.
 */
bool msg_ratelimit(unsigned int *counter, unsigned int limit, bool *last);

/* "ENOMEM" for 12 or -12; "errno 4711" for a number without a name. Valid until the thread's next call. */
const char *errno_name(int err);
/* The number for "ENOMEM"; -EINVAL for a name that does not exist. */
int errno_number(const char *name);

#endif
