/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop over epoll(7), timerfd and eventfd; see loop.h.
 *
 * epoll gives back a handler's place in the table, which is its file
 * descriptor, and a serial number. An event that was fetched before its handler
 * was removed finds another number, or none, and is dropped: also when the
 * descriptor has a new owner meanwhile.
 */
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 16

struct handler {
	loop_fn fn; /* NULL: the place is free */
	void *ctx;
	uint32_t serial;
	bool timer;
};

struct loop {
	int epoll, quit;
	pthread_mutex_t lock;	  /* of all that follows */
	pthread_cond_t done;	  /* a callback has returned */
	struct handler *handlers; /* by file descriptor */
	unsigned int room;
	uint32_t next_serial; /* 0 is the quit event's */
	bool calling;	      /* a callback runs, on thread caller, of file descriptor called */
	int called;
	pthread_t caller;
	unsigned int waiters; /* for done */
};

static uint64_t event_key(int fd, uint32_t serial)
{
	return (uint64_t)serial << 32 | (uint32_t)fd;
}

struct loop *loop_create(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return NULL;
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->done, NULL);
	loop->next_serial = 1;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ev.data.u64 = event_key(loop->quit, 0);
	if (loop->epoll >= 0 && loop->quit >= 0 &&
	    !epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->quit, &ev))
		return loop;
	err = errno;
	loop_destroy(loop);
	errno = err;
	return NULL;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	for (unsigned int fd = 0; fd < loop->room; fd++) {
		if (loop->handlers[fd].fn && loop->handlers[fd].timer)
			close((int)fd);
	}
	if (loop->quit >= 0)
		close(loop->quit);
	if (loop->epoll >= 0)
		close(loop->epoll);
	free(loop->handlers);
	pthread_cond_destroy(&loop->done);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

/* Makes the table reach @fd. Called with the lock. */
static int reach(struct loop *loop, unsigned int fd)
{
	struct handler *bigger;
	unsigned int room = loop->room ? loop->room : 16;

	if (fd < loop->room)
		return 0;
	while (room <= fd)
		room *= 2;
	bigger = realloc(loop->handlers, room * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	memset(bigger + loop->room, 0, (room - loop->room) * sizeof(*bigger));
	loop->handlers = bigger;
	loop->room = room;
	return 0;
}

static int add(struct loop *loop, int fd, uint32_t events, const struct handler *handler)
{
	struct epoll_event ev = {.events = events};
	int r;

	if (fd < 0)
		return -EBADF;
	pthread_mutex_lock(&loop->lock);
	r = reach(loop, (unsigned int)fd);
	if (!r) {
		/* The table is filled first: the event may come before epoll_ctl() returns. */
		struct handler *place = &loop->handlers[fd], before = *place;

		*place = *handler;
		place->serial = loop->next_serial;
		ev.data.u64 = event_key(fd, place->serial);
		if (!epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev)) {
			if (!++loop->next_serial)
				loop->next_serial = 1;
		} else {
			r = -errno;
			*place = before;
		}
	}
	pthread_mutex_unlock(&loop->lock);
	return r;
}

int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *ctx)
{
	return add(loop, fd, events, &(struct handler){.fn = fn, .ctx = ctx});
}

int loop_remove(struct loop *loop, int fd)
{
	int r = -ENOENT;

	pthread_mutex_lock(&loop->lock);
	if (fd >= 0 && (unsigned int)fd < loop->room && loop->handlers[fd].fn) {
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
		loop->handlers[fd] = (struct handler){0};
		r = 0;
	}
	/* The callback may be running, even if it removed itself: its context is the caller's to free when we return. */
	while (loop->calling && loop->called == fd &&
	       !pthread_equal(loop->caller, pthread_self())) {
		loop->waiters++;
		pthread_cond_wait(&loop->done, &loop->lock);
		loop->waiters--;
	}
	pthread_mutex_unlock(&loop->lock);
	return r;
}

int loop_timer(struct loop *loop, uint64_t ns, loop_fn fn, void *ctx)
{
	const struct handler handler = {.fn = fn, .ctx = ctx, .timer = true};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = loop_timer_set(fd, ns);
	if (!r)
		r = add(loop, fd, EPOLLIN, &handler);
	if (!r)
		return fd;
	close(fd);
	return r;
}

int loop_timer_set(int timer, uint64_t ns)
{
	const struct itimerspec when = {
		.it_value = {.tv_sec = (time_t)(ns / 1000000000),
			     .tv_nsec = (long)(ns % 1000000000)},
	};

	return timerfd_settime(timer, 0, &when, NULL) ? -errno : 0;
}

void loop_cancel(struct loop *loop, int timer)
{
	if (!loop_remove(loop, timer))
		close(timer);
}

/* True if a timer's event still stands: it may have been set anew since it went off. */
static bool timer_went_off(int fd)
{
	uint64_t times;

	return read(fd, &times, sizeof(times)) == (ssize_t)sizeof(times);
}

static void call(struct loop *loop, const struct epoll_event *ev)
{
	int fd = (int)(uint32_t)ev->data.u64;
	uint32_t serial = ev->data.u64 >> 32;
	struct handler handler = {0};

	pthread_mutex_lock(&loop->lock);
	if ((unsigned int)fd < loop->room && loop->handlers[fd].serial == serial)
		handler = loop->handlers[fd];
	if (handler.fn && (!handler.timer || timer_went_off(fd))) {
		loop->calling = true;
		loop->called = fd;
		loop->caller = pthread_self();
		pthread_mutex_unlock(&loop->lock);
		handler.fn(handler.ctx, ev->events);
		pthread_mutex_lock(&loop->lock);
		loop->calling = false;
		if (loop->waiters)
			pthread_cond_broadcast(&loop->done);
	}
	pthread_mutex_unlock(&loop->lock);
}

int loop_run(struct loop *loop)
{
	struct epoll_event ev[BATCH];

	for (;;) {
		int n = epoll_wait(loop->epoll, ev, BATCH, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			uint64_t count;

			if (ev[i].data.u64 >> 32) {
				call(loop, &ev[i]);
			} else if (read(loop->quit, &count, sizeof(count)) > 0) {
				return 0;
			}
		}
	}
}

void loop_quit(struct loop *loop)
{
	const uint64_t one = 1;
	int err = errno;

	/* It fails only when the count is full, and then it is not 0. */
	if (write(loop->quit, &one, sizeof(one)) < 0)
		errno = err;
}
