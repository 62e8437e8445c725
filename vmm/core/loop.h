/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of the host's side: console input, timers, signals, eventfds.
 * It runs on the main thread. Callbacks run on that thread only; adding,
 * removing and waking may be done from any thread.
 */
#ifndef KVMBED_LOOP_H
#define KVMBED_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

typedef void (*loop_fn)(void *ctx, uint32_t events);

/* NULL without memory or file descriptors (errno says which). */
struct loop *loop_create(void);
void loop_destroy(struct loop *loop);

/*
 * Calls @fn when @fd has one of @events (EPOLLIN, ...; EPOLLERR and EPOLLHUP
 * always). The caller keeps @fd, and removes it before closing it. 0, -EEXIST,
 * -ENOMEM, -EPERM (a plain file or /dev/null, which are always ready).
 */
int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *ctx);
/*
 * After this returns @fn is not running and will not be called; inside a
 * callback, of this @fd or another, it just will not be called. So another
 * thread must not hold a lock that @fn wants. -ENOENT if @fd was not added.
 */
int loop_remove(struct loop *loop, int fd);

/*
 * Calls @fn once, @ns nanoseconds from now (CLOCK_MONOTONIC); with 0 not before
 * loop_timer_set(). Returns a file descriptor for loop_cancel(), or -errno.
 */
int loop_timer(struct loop *loop, uint64_t ns, loop_fn fn, void *ctx);
/* Sets such a timer anew (0 disarms), also after it went off; what it had not called yet is forgotten. */
int loop_timer_set(int timer, uint64_t ns);
/* Removes the timer, as loop_remove() does, and closes it. loop_destroy() does so for those that are left. */
void loop_cancel(struct loop *loop, int timer);

/* Handles events until loop_quit(). 0, or -errno if waiting itself failed. */
int loop_run(struct loop *loop);
/* Makes loop_run() return; kept if it comes first. Async-signal-safe. */
void loop_quit(struct loop *loop);

#endif
