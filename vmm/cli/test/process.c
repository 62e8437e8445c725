/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One behaviour in a process of its own, with a time limit; see test.h. */
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
static struct shared {
	bool done;
	enum verdict verdict;
	char reason[256];
} * shared;
static struct history *history;

static int make_shared(void)
{
	if (shared)
		return 0;
	history = history_new();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared != MAP_FAILED && history)
		return 0;
	shared = NULL;
	return -ENOMEM;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the child ---- */

static void child(struct engine *engine, const char *path, int output, FILE *trace)
{
	struct rlimit none = {0};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	if (!history_start(history, trace))
		shared->verdict = engine_run(engine, path, shared->reason, sizeof(shared->reason));
	else
		shared->verdict = VERDICT_CRASH;
	fflush(NULL);
	shared->done = true;
	_exit(0);
}

/* ---- the parent ---- */

#define MOST_OUTPUT (1 << 18)

struct text {
	char *bytes;
	size_t size;
};

/* Reads what there is; false at the end. What is too much is dropped. */
static bool collect(int fd, struct text *text)
{
	char buf[4096], *more;
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (text->size + (size_t)n > MOST_OUTPUT)
		return true;
	more = realloc(text->bytes, text->size + (size_t)n + 1);
	if (!more)
		return true;
	memcpy(more + text->size, buf, (size_t)n);
	text->bytes = more;
	text->size += (size_t)n;
	more[text->size] = '\0';
	return true;
}

/* Until the child has closed its output; false if its time was up before. */
static bool listen_to(int fd, struct text *text, double limit)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		double left = limit - now();
		int r;

		if (left <= 0)
			return false;
		r = poll(&p, 1, left > 1000 ? 1000000 : (int)(left * 1000) + 1);
		if (r > 0 && !collect(fd, text))
			return true;
	}
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

static const char *last_ioctl(char *buf, size_t size)
{
	const char *line = history_line(history, 0), *name = line ? strstr(line, "KVM_") : NULL;

	if (!name)
		return "before its first ioctl";
	snprintf(buf, size, "after %.*s", (int)strcspn(name, " "), name);
	return buf;
}

static void judge(struct result *result, int status, double limit, bool in_time, bool gone)
{
	char after[80];

	if (!in_time) {
		result->verdict = VERDICT_HANG;
		snprintf(result->reason, sizeof(result->reason), "not done after %g s%s, %s", limit,
			 gone ? "" : ", and cannot be killed: it hangs in the kernel",
			 last_ioctl(after, sizeof(after)));
	} else if (WIFSIGNALED(status)) {
		result->verdict = VERDICT_CRASH;
		snprintf(result->reason, sizeof(result->reason), "killed by SIG%s %s",
			 sigabbrev_np(WTERMSIG(status)), last_ioctl(after, sizeof(after)));
	} else if (!shared->done) {
		result->verdict = VERDICT_CRASH;
		snprintf(result->reason, sizeof(result->reason), "ended with status %d %s",
			 WEXITSTATUS(status), last_ioctl(after, sizeof(after)));
	} else {
		result->verdict = shared->verdict;
		snprintf(result->reason, sizeof(result->reason), "%.255s", shared->reason);
	}
}

int test_run(struct engine *engine, const struct test *test, const struct run_options *options,
	     struct result *result)
{
	double begin = now(), limit = test->b.timeout > 0 ? test->b.timeout : options->timeout;
	struct text text = {0};
	int ends[2], status = 0, r = make_shared();
	bool in_time, gone;
	pid_t pid;

	*result = (struct result){.history = history};
	if (!r && pipe2(ends, O_CLOEXEC))
		r = -errno;
	if (r) {
		msg_error("cannot run %s: %s", test->b.id, strerror(-r));
		return r;
	}
	memset(shared, 0, sizeof(*shared));
	memset(history, 0, sizeof(unsigned long)); /* its count: nothing of the last one */
	fflush(NULL);
	pid = fork();
	if (!pid)
		child(engine, test->b.path, ends[1], options->trace);
	close(ends[1]);
	if (pid < 0) {
		r = -errno;
		close(ends[0]);
		msg_error("cannot run %s: %s", test->b.id, strerror(-r));
		return r;
	}
	in_time = listen_to(ends[0], &text, begin + limit);
	if (!in_time)
		kill(pid, SIGKILL);
	gone = reap(pid, &status, now() + KILL_SECONDS);
	close(ends[0]);
	result->history = history;
	result->seconds = now() - begin;
	result->output = text.bytes;
	judge(result, status, limit, in_time && gone, gone);
	result->kernel = kernel_trouble();
	if (result->kernel && result->verdict != VERDICT_CRASH && result->verdict != VERDICT_HANG) {
		result->verdict = VERDICT_FAIL;
		snprintf(result->reason, sizeof(result->reason), "the kernel reported trouble");
	}
	return 0;
}
