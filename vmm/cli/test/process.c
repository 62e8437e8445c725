/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Behaviours in processes of their own, with time limits; see test.h. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "msg.h"
#include "script/script.h"

/* What parent and child share, so that it is there whatever becomes of the child. */
struct shared {
	bool done;
	bool trace_lost; /* what was to be written to the trace could not be */
	enum verdict verdict;
	char reason[256];
	char place[256]; /* where the script was when its time was up; "" if it could not be told */
};

struct text {
	char *bytes;
	size_t size;
	size_t left_out; /* bytes behind the first half of MOST_OUTPUT */
};

/* One child at a time. */
struct slot {
	struct shared *shared;
	struct history *history;
	unsigned int index; /* of the test */
	uint64_t round;	    /* of its repetitions, from 1 */
	pid_t pid;	    /* 0 if the slot is free */
	int output;
	struct text text;
	double begin, limit; /* seconds; the limit is a duration */
};

static int make_slot(struct slot *slot)
{
	*slot = (struct slot){.history = history_new(), .output = -1};
	slot->shared = mmap(NULL, sizeof(*slot->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slot->shared != MAP_FAILED && slot->history)
		return 0;
	slot->shared = NULL;
	return -ENOMEM;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the child ---- */

/* Guest memory has no limit of ours. If the host runs out of it, this process is the one to go: SIGKILL is told as such. */
static void die_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0)
		msg_error("oom_score_adj: %s", strerror(errno));
	close(fd);
}

/* Time is up: before it is killed, a script that still runs says where it is. */
#define PLACE_SIGNAL  SIGXCPU
#define PLACE_SECONDS 0.1

static struct {
	struct engine *engine;
	struct shared *shared;
} own;

static void ask_for_place(int sig)
{
	engine_tell_place(own.engine, own.shared->place, sizeof(own.shared->place));
}

static void child(struct engine *engine, const char *id, const char *path, const struct slot *slot,
		  int output, FILE *trace)
{
	struct shared *shared = slot->shared;
	struct rlimit none = {0};
	struct sigaction place = {.sa_handler = ask_for_place};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	die_first();
	setrlimit(RLIMIT_CORE, &none);
	own.engine = engine;
	own.shared = shared;
	sigaction(PLACE_SIGNAL, &place, NULL);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	if (trace)
		fprintf(trace, "# %s\n", id);
	history_start(slot->history, trace);
	shared->verdict = engine_run(engine, path, shared->reason, sizeof(shared->reason));
	fflush(NULL);
	shared->trace_lost = trace && ferror(trace);
	shared->done = true;
	_exit(0);
}

/* ---- the parent ---- */

#define MOST_OUTPUT (1 << 18)

/* Room for @n more bytes: what is too much goes from the middle, for a failure comes last. */
static void make_room(struct text *text, size_t n)
{
	size_t half = MOST_OUTPUT / 2, away = MOST_OUTPUT / 4;

	if (text->size + n <= MOST_OUTPUT)
		return;
	/* Much at once, for it may be written line by line. */
	memmove(text->bytes + half, text->bytes + half + away, text->size - half - away);
	text->size -= away;
	text->left_out += away;
}

/* Reads what there is; false at the end. */
static bool collect(int fd, struct text *text)
{
	char buf[4096], *more;
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	make_room(text, (size_t)n);
	more = realloc(text->bytes, text->size + (size_t)n + 1);
	if (!more)
		return true;
	memcpy(more + text->size, buf, (size_t)n);
	text->bytes = more;
	text->size += (size_t)n;
	more[text->size] = '\0';
	return true;
}

/* The output as it is told. */
static char *whole_text(struct text *text)
{
	char *told = NULL;

	if (!text->left_out ||
	    asprintf(&told, "%.*s\n(%zu bytes of output are left out here)\n%s", MOST_OUTPUT / 2,
		     text->bytes, text->left_out, text->bytes + MOST_OUTPUT / 2) < 0)
		return text->bytes;
	free(text->bytes);
	return told;
}

/* How long a child that was killed may take to be gone. One that hangs in the kernel never is. */
#define KILL_SECONDS 5

static bool reap(pid_t pid, int *status, double limit)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (;;) {
		pid_t r = waitpid(pid, status, WNOHANG);

		if (r == pid)
			return true;
		if (r < 0 && errno != EINTR)
			return false;
		if (now() > limit)
			return false;
		nanosleep(&pause, NULL);
	}
}

static const char *last_ioctl(const struct slot *slot, char *buf, size_t size)
{
	bool returned = false;
	const char *name = history_last(slot->history, &returned);

	if (!history_count(slot->history))
		return "before its first ioctl";
	snprintf(buf, size, "%s %s", returned ? "after" : "in", name ? name : "an ioctl");
	return buf;
}

static void judge(const struct slot *slot, struct result *result, int status, bool in_time,
		  bool gone)
{
	char after[80];

	if (!in_time) {
		result->verdict = VERDICT_HANG;
		snprintf(result->reason, sizeof(result->reason),
			 "not done after %g s%s, %s%s%.100s", slot->limit,
			 gone ? "" : ", and cannot be killed: it hangs in the kernel",
			 last_ioctl(slot, after, sizeof(after)),
			 slot->shared->place[0] ? ", at " : "", slot->shared->place);
	} else if (WIFSIGNALED(status)) {
		result->verdict = VERDICT_CRASH;
		snprintf(result->reason, sizeof(result->reason), "killed by SIG%s %s",
			 sigabbrev_np(WTERMSIG(status)), last_ioctl(slot, after, sizeof(after)));
	} else if (!slot->shared->done) {
		result->verdict = VERDICT_CRASH;
		snprintf(result->reason, sizeof(result->reason), "ended with status %d %s",
			 WEXITSTATUS(status), last_ioctl(slot, after, sizeof(after)));
	} else {
		result->verdict = slot->shared->verdict;
		snprintf(result->reason, sizeof(result->reason), "%.255s", slot->shared->reason);
	}
}

static int start(struct engine *engine, const struct test *test, const struct run_options *options,
		 struct slot *slot)
{
	int ends[2], r = 0;

	memset(slot->shared, 0, sizeof(*slot->shared));
	history_clear(slot->history);
	slot->text = (struct text){0};
	slot->begin = now();
	slot->limit = test->b.timeout > 0 ? test->b.timeout : options->timeout;
	if (pipe2(ends, O_CLOEXEC)) {
		r = -errno;
	} else {
		fflush(NULL);
		slot->pid = fork();
		if (!slot->pid)
			child(engine, test->b.id, test->b.path, slot, ends[1], options->trace);
		if (slot->pid < 0)
			r = -errno;
		close(ends[1]);
		slot->output = ends[0];
	}
	if (r)
		msg_error("cannot run %s: %s", test->b.id, strerror(-r));
	return r;
}

/* The child has closed its output, or its time is up: what came of it. */
static void finish(struct slot *slot, bool in_time, bool alone, struct result *result)
{
	int status = 0;
	bool gone;

	if (!in_time) {
		kill(slot->pid, PLACE_SIGNAL);
		for (double end = now() + PLACE_SECONDS; !slot->shared->place[0] && now() < end;)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		kill(slot->pid, SIGKILL);
	}
	gone = reap(slot->pid, &status, now() + KILL_SECONDS);
	close(slot->output);
	*result = (struct result){
		.seconds = now() - slot->begin,
		.output = whole_text(&slot->text),
		.ioctls = history_text(slot->history),
		.nr_ioctls = history_count(slot->history),
	};
	judge(slot, result, status, in_time && gone, gone);
	result->trace_lost = slot->shared->trace_lost;
	slot->pid = 0;
	result->kernel = kernel_trouble();
	if (result->kernel && result->verdict != VERDICT_CRASH && result->verdict != VERDICT_HANG) {
		result->verdict = VERDICT_FAIL;
		snprintf(result->reason, sizeof(result->reason), "the kernel reported trouble%s",
			 alone ? "" : " (another behaviour ran meanwhile: --jobs 1 tells which)");
	}
}

/* Waits until a child says something, its time is up, or @most seconds have passed. */
static void wait_for_children(struct slot *slots, unsigned int nr, double most)
{
	struct pollfd p[MOST_JOBS];
	unsigned int waiting = 0;
	double first = most;

	for (unsigned int i = 0; i < nr; i++) {
		double left = slots[i].begin + slots[i].limit - now();

		if (!slots[i].pid)
			continue;
		p[waiting++] = (struct pollfd){.fd = slots[i].output, .events = POLLIN};
		if (left < first)
			first = left;
	}
	if (first > 0)
		poll(p, waiting, (int)(first * 1000) + 1);
}

/* True if the child has come to its end, in time or not. */
static bool listen_to(struct slot *slot, bool *in_time)
{
	struct pollfd p = {.fd = slot->output, .events = POLLIN};

	*in_time = true;
	while (poll(&p, 1, 0) > 0) {
		if (!collect(slot->output, &slot->text))
			return true;
	}
	*in_time = now() < slot->begin + slot->limit;
	return !*in_time;
}

static void free_result(struct result *result)
{
	free(result->output);
	free(result->kernel);
	free(result->ioctls);
}

/* What is to run next. */
struct queue {
	struct engine *engine;
	const struct tests *tests;
	const struct run_options *options;
	void (*done)(void *ctx, unsigned int index, struct result *result);
	void *ctx;
	unsigned int next;
};

static int fill_slot(struct queue *q, struct slot *slot)
{
	while (q->next < q->tests->nr) {
		const struct test *test = &q->tests->list[q->next];
		struct result result = {.verdict = VERDICT_BROKEN};

		slot->index = q->next++;
		slot->round = 1;
		if (!test->broken)
			return start(q->engine, test, q->options, slot);
		snprintf(result.reason, sizeof(result.reason), "the script has an error");
		q->done(q->ctx, slot->index, &result);
	}
	return 0;
}

/* It is over, or begins again (--repeat). */
static int end_round(struct queue *q, struct slot *slot, struct result *result)
{
	char reason[200];

	if (result->verdict == VERDICT_PASS && slot->round < q->options->repeat) {
		slot->round++;
		free_result(result);
		return start(q->engine, &q->tests->list[slot->index], q->options, slot);
	}
	if (result->verdict != VERDICT_PASS && slot->round > 1) {
		snprintf(reason, sizeof(reason), "%.199s", result->reason);
		snprintf(result->reason, sizeof(result->reason), "run %llu: %s",
			 (unsigned long long)slot->round, reason);
	}
	q->done(q->ctx, slot->index, result);
	return fill_slot(q, slot);
}

/* About the one that was begun last. */
static void tell_running(const struct queue *q, const struct slot *slots, unsigned int nr)
{
	const struct slot *last = NULL;

	for (unsigned int i = 0; i < nr; i++)
		if (slots[i].pid && (!last || slots[i].begin > last->begin))
			last = &slots[i];
	if (last && q->options->running)
		q->options->running(q->ctx, last->index, last->round, now() - last->begin);
}

static unsigned int count_running(const struct slot *slots, unsigned int nr)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < nr; i++)
		running += slots[i].pid != 0;
	return running;
}

int tests_run(struct engine *engine, const struct tests *tests, const struct run_options *options,
	      void (*done)(void *ctx, unsigned int index, struct result *result), void *ctx)
{
	struct queue q = {engine, tests, options, done, ctx, 0};
	struct slot slots[MOST_JOBS];
	unsigned int nr = options->jobs < MOST_JOBS ? options->jobs : MOST_JOBS, running;
	int r = 0;

	for (unsigned int i = 0; i < nr && !r; i++) {
		r = make_slot(&slots[i]);
		if (r)
			msg_error("no memory for a behaviour's process");
		else
			r = fill_slot(&q, &slots[i]);
		if (r)
			nr = i;
	}
	while (!r && (running = count_running(slots, nr))) {
		tell_running(&q, slots, nr);
		wait_for_children(slots, nr, options->running ? 1 : 1e6);
		for (unsigned int i = 0; i < nr && !r; i++) {
			struct result result;
			bool in_time;

			if (!slots[i].pid || !listen_to(&slots[i], &in_time))
				continue;
			finish(&slots[i], in_time, running == 1, &result);
			r = end_round(&q, &slots[i], &result);
		}
	}
	return r;
}
