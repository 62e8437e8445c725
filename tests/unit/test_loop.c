/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: descriptors, timers, removal from everywhere, quitting. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

#define MS 1000000ULL

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A watched eventfd, and what its callback did and is to do. */
struct watch {
	struct loop *loop;
	int fd;
	atomic_uint calls;
	uint32_t events;
	uint64_t count;		 /* what the last callback read: the loop itself reads nothing */
	unsigned int quit_after; /* calls; 0 for never */
	struct watch *remove;	 /* in the callback */
	pthread_t thread;
};

static int setup(void **state)
{
	struct loop *loop = loop_create();

	assert_non_null(loop);
	*state = loop;
	/* A loop that does not end must not hang the test. */
	alarm(60);
	return 0;
}

static int teardown(void **state)
{
	loop_destroy(*state);
	return 0;
}

static void on_event(void *ctx, uint32_t events)
{
	struct watch *w = ctx;
	uint64_t count;

	if (read(w->fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	w->events = events;
	w->count = count;
	w->thread = pthread_self();
	if (w->remove)
		loop_remove(w->loop, w->remove->fd);
	if (atomic_fetch_add(&w->calls, 1) + 1 == w->quit_after)
		loop_quit(w->loop);
}

static void watch(struct watch *w, struct loop *loop)
{
	memset(w, 0, sizeof(*w));
	w->loop = loop;
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(w->fd >= 0);
	assert_int_equal(loop_add(loop, w->fd, EPOLLIN, on_event, w), 0);
}

static void ring(const struct watch *w)
{
	const uint64_t one = 1;

	assert_int_equal(write(w->fd, &one, sizeof(one)), sizeof(one));
}

static void quit(void *ctx, uint32_t events)
{
	loop_quit(ctx);
}

/* Runs the loop until all that is ready has been handled. */
static void run_for(struct loop *loop, uint64_t ns)
{
	int timer = loop_timer(loop, ns, quit, loop);

	assert_true(timer >= 0);
	assert_int_equal(loop_run(loop), 0);
	loop_cancel(loop, timer);
}

static void events_are_delivered(void **state)
{
	struct loop *loop = *state;
	struct watch a, b;

	watch(&a, loop);
	watch(&b, loop);
	ring(&b);
	run_for(loop, 10 * MS);
	assert_int_equal(a.calls, 0);
	assert_int_equal(b.calls, 1);
	assert_int_equal(b.events, EPOLLIN);
	assert_int_equal(b.count, 1);
	ring(&a);
	run_for(loop, 10 * MS);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	assert_int_equal(loop_remove(loop, a.fd), 0);
	ring(&a);
	run_for(loop, 10 * MS);
	assert_int_equal(a.calls, 1);
	/* It is free for somebody else, and was left open. */
	assert_int_equal(loop_add(loop, a.fd, EPOLLIN, on_event, &a), 0);
	run_for(loop, 10 * MS);
	assert_int_equal(a.calls, 2);
	close(a.fd);
	close(b.fd);
}

static void what_cannot_be_watched(void **state)
{
	struct loop *loop = *state;
	struct watch a;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	watch(&a, loop);
	assert_int_equal(loop_add(loop, a.fd, EPOLLIN, on_event, &a), -EEXIST);
	assert_int_equal(loop_add(loop, file, EPOLLIN, on_event, &a), -EPERM);
	assert_int_equal(loop_remove(loop, file), -ENOENT);
	assert_int_equal(loop_add(loop, -1, EPOLLIN, on_event, &a), -EBADF);
	assert_int_equal(loop_remove(loop, -1), -ENOENT);
	assert_int_equal(loop_remove(loop, 100000), -ENOENT);
	/* The refused second adding has not disturbed the first. */
	ring(&a);
	run_for(loop, 10 * MS);
	assert_int_equal(a.calls, 1);
	close(file);
	close(a.fd);
}

static void quit_before_run_is_kept(void **state)
{
	struct loop *loop = *state;
	struct watch a;

	loop_quit(loop);
	loop_quit(loop);
	assert_int_equal(loop_run(loop), 0);
	/* ... but used up. */
	watch(&a, loop);
	a.quit_after = 1;
	ring(&a);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(a.calls, 1);
	close(a.fd);
}

static struct loop *for_handler;

static void handler(int sig)
{
	loop_quit(for_handler);
}

static void quit_from_a_signal_handler(void **state)
{
	struct sigaction sa = {.sa_handler = handler}, was;
	timer_t timer;
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	const struct itimerspec soon = {.it_value.tv_nsec = 20 * MS};

	for_handler = *state;
	assert_int_equal(sigaction(SIGUSR1, &sa, &was), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
	assert_int_equal(loop_run(*state), 0);
	timer_delete(timer);
	sigaction(SIGUSR1, &was, NULL);
}

static void nothing(int sig)
{
}

static void a_signal_does_not_end_it(void **state)
{
	struct sigaction sa = {.sa_handler = nothing}, was;
	struct loop *loop = *state;
	timer_t timer;
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	const struct itimerspec soon = {.it_value.tv_nsec = 5 * MS, .it_interval.tv_nsec = 5 * MS};
	uint64_t start = now_ns();

	assert_int_equal(sigaction(SIGUSR1, &sa, &was), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
	run_for(loop, 50 * MS);
	assert_true(now_ns() - start >= 50 * MS);
	timer_delete(timer);
	sigaction(SIGUSR1, &was, NULL);
}

struct alarm_clock {
	struct loop *loop;
	int timer;
	unsigned int calls;
	uint64_t at;
	uint64_t again; /* set anew in the callback, once */
};

static void on_alarm(void *ctx, uint32_t events)
{
	struct alarm_clock *a = ctx;

	a->calls++;
	a->at = now_ns();
	if (a->again) {
		loop_timer_set(a->timer, a->again);
		a->again = 0;
	}
}

static void timers_go_off_once_and_not_early(void **state)
{
	struct loop *loop = *state;
	struct alarm_clock a = {.loop = loop}, b = {.loop = loop}, never = {.loop = loop};
	uint64_t start = now_ns();

	a.timer = loop_timer(loop, 30 * MS, on_alarm, &a);
	b.timer = loop_timer(loop, 1, on_alarm, &b);
	never.timer = loop_timer(loop, 0, on_alarm, &never);
	assert_true(a.timer >= 0 && b.timer >= 0 && never.timer >= 0);
	run_for(loop, 60 * MS);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	assert_int_equal(never.calls, 0);
	assert_true(a.at - start >= 30 * MS);
	assert_true(b.at <= a.at);
	/* Set anew, in the callback and outside. */
	a.again = 5 * MS;
	assert_int_equal(loop_timer_set(a.timer, 5 * MS), 0);
	assert_int_equal(loop_timer_set(never.timer, 5 * MS), 0);
	run_for(loop, 50 * MS);
	assert_int_equal(a.calls, 3);
	assert_int_equal(never.calls, 1);
	/* Disarmed after it went off, before anybody heard of it. */
	assert_int_equal(loop_timer_set(a.timer, 1), 0);
	assert_int_equal(loop_timer_set(b.timer, 1), 0);
	nanosleep(&(struct timespec){.tv_nsec = 5 * MS}, NULL);
	assert_int_equal(loop_timer_set(a.timer, 0), 0);
	run_for(loop, 20 * MS);
	assert_int_equal(a.calls, 3);
	assert_int_equal(b.calls, 2);
	loop_cancel(loop, a.timer);
	assert_int_equal(fcntl(a.timer, F_GETFD), -1);
	/* Those that are left are loop_destroy()'s: see the next test. */
}

static void destroy_closes_timers(void **state)
{
	struct loop *loop = loop_create();
	int timer = loop_timer(loop, 1000 * MS, quit, loop);
	int kept = eventfd(0, EFD_CLOEXEC);
	struct watch w;

	assert_int_equal(loop_add(loop, kept, EPOLLIN, on_event, &w), 0);
	loop_destroy(loop);
	assert_int_equal(fcntl(timer, F_GETFD), -1);
	assert_true(fcntl(kept, F_GETFD) >= 0);
	close(kept);
	loop_destroy(NULL);
}

static void long_times_are_kept(void **state)
{
	struct loop *loop = *state;
	struct itimerspec left;
	int timer = loop_timer(loop, 5000 * MS, quit, loop);

	assert_int_equal(timerfd_gettime(timer, &left), 0);
	assert_int_equal(left.it_value.tv_sec, 4);
	assert_int_equal(left.it_interval.tv_sec + left.it_interval.tv_nsec, 0);
}

static void an_error_of_timerfd_is_returned(void **state)
{
	assert_int_equal(loop_timer_set(-1, 1), -EBADF);
}

static void removed_in_a_callback(void **state)
{
	struct loop *loop = *state;
	struct watch a, b;

	/* Both are ready in the same batch, and each takes away the other: only one is called. */
	watch(&a, loop);
	watch(&b, loop);
	a.remove = &b;
	b.remove = &a;
	ring(&a);
	ring(&b);
	run_for(loop, 10 * MS);
	assert_int_equal(a.calls + b.calls, 1);

	/* Itself. */
	struct watch c;
	watch(&c, loop);
	c.remove = &c;
	ring(&c);
	run_for(loop, 10 * MS);
	ring(&c);
	run_for(loop, 10 * MS);
	assert_int_equal(c.calls, 1);
	close(a.fd);
	close(b.fd);
	close(c.fd);
}

/* In its callback another descriptor of the batch is closed, and its number gets a new owner. */
struct swap {
	struct loop *loop;
	struct watch *old, *new;
};

static void on_swap(void *ctx, uint32_t events)
{
	struct swap *s = ctx;

	assert_int_equal(loop_remove(s->loop, s->old->fd), 0);
	close(s->old->fd);
	watch(s->new, s->loop);
	assert_int_equal(s->new->fd, s->old->fd);
	loop_quit(s->loop);
}

static void an_old_event_does_not_reach_a_new_owner(void **state)
{
	struct loop *loop = *state;
	struct watch old, new;
	struct swap s = {loop, &old, &new};
	/* epoll tells what became ready first first. */
	int timer = loop_timer(loop, 1, on_swap, &s);

	watch(&old, loop);
	nanosleep(&(struct timespec){.tv_nsec = 5 * MS}, NULL);
	ring(&old);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(old.calls, 0);
	assert_int_equal(new.calls, 0);
	close(new.fd);
	loop_cancel(loop, timer);
}

static void *runner(void *loop)
{
	assert_int_equal(loop_run(loop), 0);
	return NULL;
}

static void adding_and_quitting_from_another_thread(void **state)
{
	struct loop *loop = *state;
	struct watch w[40];
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, runner, loop), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		watch(&w[i], loop);
		ring(&w[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		while (!atomic_load(&w[i].calls))
			usleep(100);
	}
	loop_quit(loop);
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		assert_int_equal(w[i].calls, 1);
		assert_true(pthread_equal(w[i].thread, thread));
		close(w[i].fd);
	}
}

/* A callback that takes its time, and whose context is gone as soon as it was removed. */
struct slow {
	atomic_bool inside, done;
	int fd;
	struct loop *loop;
	bool removes_itself;
};

static void on_slow(void *ctx, uint32_t events)
{
	struct slow *s = ctx;

	if (s->removes_itself)
		loop_remove(s->loop, s->fd);
	atomic_store(&s->inside, true);
	usleep(30000);
	atomic_store(&s->done, true);
}

static void removing_waits_for_the_callback(void **state)
{
	struct loop *loop = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, runner, loop), 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct slow s = {.fd = eventfd(1, EFD_CLOEXEC), .loop = loop, .removes_itself = i};

		assert_int_equal(loop_add(loop, s.fd, EPOLLIN, on_slow, &s), 0);
		while (!atomic_load(&s.inside))
			usleep(100);
		assert_int_equal(loop_remove(loop, s.fd), i ? -ENOENT : 0);
		assert_true(atomic_load(&s.done));
		close(s.fd);
	}
	loop_quit(loop);
	pthread_join(thread, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_are_delivered),
		TEST(what_cannot_be_watched),
		TEST(quit_before_run_is_kept),
		TEST(quit_from_a_signal_handler),
		TEST(a_signal_does_not_end_it),
		TEST(timers_go_off_once_and_not_early),
		TEST(long_times_are_kept),
		cmocka_unit_test(destroy_closes_timers),
		cmocka_unit_test(an_error_of_timerfd_is_returned),
		TEST(removed_in_a_callback),
		TEST(an_old_event_does_not_reach_a_new_owner),
		TEST(adding_and_quitting_from_another_thread),
		TEST(removing_waits_for_the_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
