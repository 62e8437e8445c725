/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking KVM by trying: children with a time limit, and what probes are made of; see kvm_probe.h. */
#include "kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"
#include "msg.h"

/*
 * Two limits, because a busy machine must not look like a hang: a guest that
 * spins is told by the time that it burns, one that sleeps by the clock.
 */
#define LIMIT_CPU_SECONDS  2
#define LIMIT_WALL_SECONDS 10
/* Beyond that the child does not even react to a signal. */
#define LIMIT_KILL_SECONDS 12

static volatile sig_atomic_t time_is_up;
static struct kvm_run *running; /* for the signal handler; NULL before there is a vCPU */

const char *probe_result_name(enum probe_result result)
{
	static const char *const names[PROBE_RESULTS] = {
		[PROBE_YES] = "yes",
		[PROBE_NO] = "no",
		[PROBE_HANGS] = "hangs",
		[PROBE_ERROR] = "error",
	};

	return names[result];
}

/* ---- the child ---- */

static void on_limit(int sig)
{
	time_is_up = 1;
	/* A signal ends a KVM_RUN that is under way; this ends one that is about to begin. */
	if (running)
		running->immediate_exit = 1;
}

static void set_limits(void)
{
	struct sigaction action = {.sa_handler = on_limit};
	struct itimerval wall = {.it_value.tv_sec = LIMIT_WALL_SECONDS};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct itimerspec burnt = {.it_value.tv_sec = LIMIT_CPU_SECONDS};
	sigset_t set;
	timer_t timer;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &wall, NULL);
	if (!timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer))
		timer_settime(timer, 0, &burnt, NULL);
}

static void child(const struct probe_desc *desc, int kvm_fd, int pipe_fd)
{
	struct probe p = {.kvm_fd = kvm_fd, .vm_fd = -1, .vcpu_fd = -1};
	enum probe_result result;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limits();
	result = desc->ask(&p);
	if (time_is_up)
		p.answer.result = PROBE_HANGS;
	else if (!p.failed)
		p.answer.result = result;
	fflush(NULL);
	/* Less than PIPE_BUF: all or nothing. */
	if (write(pipe_fd, &p.answer, sizeof(p.answer)) < 0) {
		/* The parent is gone. */
	}
	_exit(0);
}

/* ---- the parent ---- */

static long milliseconds_until(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
}

/* Waits until @fd has something to say; false when it is past @end. */
static bool wait_for(int fd, const struct timespec *end)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	long left;

	while ((left = milliseconds_until(end)) > 0) {
		int r = poll(&poll_fd, 1, (int)left);

		if (r > 0)
			return true;
		if (r < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/* Its VM's end may take seconds. A child that cannot end is left behind; that is better than to wait for ever. */
static int reap(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct timespec end;
	bool ended = true;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LIMIT_KILL_SECONDS;
	if (pidfd >= 0) {
		ended = wait_for(pidfd, &end);
		close(pidfd);
	}
	if (waitpid(pid, &status, ended ? 0 : WNOHANG) != pid)
		return -1;
	return status;
}

static void set_answer(struct probe_answer *answer, enum probe_result result, const char *fmt,
		       va_list ap)
{
	answer->result = result;
	vsnprintf(answer->detail, sizeof(answer->detail), fmt, ap);
}

static void __attribute__((format(printf, 3, 4)))
give(struct probe_answer *answer, enum probe_result result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_answer(answer, result, fmt, ap);
	va_end(ap);
}

void probe_ask(const struct probe_desc *desc, int kvm_fd, struct probe_answer *answer)
{
	struct timespec end;
	int fds[2], status;
	bool answered, in_time;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		give(answer, PROBE_ERROR, "pipe: %s", strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		give(answer, PROBE_ERROR, "fork: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return;
	}
	if (!pid) {
		close(fds[0]);
		child(desc, kvm_fd, fds[1]);
	}
	close(fds[1]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LIMIT_KILL_SECONDS;
	in_time = wait_for(fds[0], &end);
	answered = in_time && read(fds[0], answer, sizeof(*answer)) == sizeof(*answer);
	close(fds[0]);
	if (!answered)
		kill(pid, SIGKILL);
	status = reap(pid);
	if (answered)
		return;
	if (!in_time)
		give(answer, PROBE_HANGS, "a signal does not end it%s",
		     status < 0 ? ", not even SIGKILL" : "");
	else if (WIFSIGNALED(status))
		give(answer, PROBE_ERROR, "the probe died by signal %d", WTERMSIG(status));
	else
		give(answer, PROBE_ERROR, "the probe ended without an answer");
}

/* ---- what probes are made of ---- */

enum probe_result probe_yes(struct probe *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!p->failed)
		set_answer(&p->answer, PROBE_YES, fmt, ap);
	va_end(ap);
	return PROBE_YES;
}

enum probe_result probe_no(struct probe *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!p->failed)
		set_answer(&p->answer, PROBE_NO, fmt, ap);
	va_end(ap);
	return PROBE_NO;
}

enum probe_result probe_error(struct probe *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!p->failed)
		set_answer(&p->answer, PROBE_ERROR, fmt, ap);
	va_end(ap);
	p->failed = true;
	return PROBE_ERROR;
}

int probe_try(struct probe *p, int fd, unsigned long request, uintptr_t arg)
{
	return p->failed ? -ECANCELED : kvm_try(fd, request, arg);
}

int probe_do(struct probe *p, int fd, unsigned long request, uintptr_t arg)
{
	int r = probe_try(p, fd, request, arg);
	const char *name = kvm_name(KVM_NAMES_IOCTL, request);

	if (r >= 0)
		return r;
	probe_error(p, "%s: %s", name ? name : "an ioctl", errno_name(r));
	return -1;
}

void probe_vm(struct probe *p, unsigned long type)
{
	p->vm_fd = probe_do(p, p->kvm_fd, KVM_CREATE_VM, type);
	if (p->vm_fd >= 0)
		kvm_name_fd(p->vm_fd, "vm");
}

void probe_ram(struct probe *p, uint64_t gpa, size_t size)
{
	struct kvm_userspace_memory_region region = {.guest_phys_addr = gpa, .memory_size = size};
	void *ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ram == MAP_FAILED) {
		probe_error(p, "no memory for a guest of %zu bytes", size);
		return;
	}
	p->ram = ram;
	p->ram_gpa = gpa;
	p->ram_size = size;
	region.userspace_addr = (uintptr_t)ram;
	probe_do(p, p->vm_fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

void probe_vcpu(struct probe *p)
{
	int size = probe_do(p, p->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	p->vcpu_fd = probe_do(p, p->vm_fd, KVM_CREATE_VCPU, 0);
	if (p->failed)
		return;
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu_fd, 0);
	if (run == MAP_FAILED) {
		probe_error(p, "mmap of the vCPU: %s", errno_name(errno));
		return;
	}
	p->run = running = run;
	kvm_name_fd(p->vcpu_fd, "vcpu0");
	kvm_trace_run(p->vcpu_fd, p->run);
}

void probe_put(struct probe *p, uint64_t gpa, const void *bytes, size_t size)
{
	if (p->failed)
		return;
	if (gpa < p->ram_gpa || size > p->ram_size || gpa - p->ram_gpa > p->ram_size - size) {
		probe_error(p, "the probe's own code does not fit its memory");
		return;
	}
	memcpy(p->ram + (gpa - p->ram_gpa), bytes, size);
}

int probe_run(struct probe *p)
{
	int r;

	do {
		r = time_is_up ? -ECANCELED : probe_try(p, p->vcpu_fd, KVM_RUN, 0);
	} while ((r == -EINTR || r == -EAGAIN) && !time_is_up);
	if (time_is_up) {
		give(&p->answer, PROBE_HANGS, "KVM_RUN had not returned after %u s of CPU or %u s",
		     LIMIT_CPU_SECONDS, LIMIT_WALL_SECONDS);
		p->failed = true;
		return -ECANCELED;
	}
	return r < 0 ? r : (int)p->run->exit_reason;
}

enum probe_result probe_no_call(struct probe *p, const char *what, int r)
{
	return probe_no(p, "%s: %s", what, errno_name(r));
}

enum probe_result probe_no_run(struct probe *p, int r)
{
	char text[128];

	if (r < 0)
		return probe_no_call(p, "KVM_RUN", r);
	kvm_exit_describe(p->run, text, sizeof(text));
	return probe_no(p, "%s", text);
}

enum probe_result probe_wants_exit(struct probe *p, uint32_t reason)
{
	int r = probe_run(p);

	return r == (int)reason ? probe_yes(p, "%s", "") : probe_no_run(p, r);
}

bool probe_run_to_mark(struct probe *p, uint64_t *value)
{
	const struct kvm_run *run = p->run;
	int r = probe_run(p);

	*value = 0;
	if (r == KVM_EXIT_IO && p->mark.port && run->io.port == p->mark.addr &&
	    run->io.direction == KVM_EXIT_IO_OUT && run->io.size <= sizeof(*value)) {
		memcpy(value, (const uint8_t *)run + run->io.data_offset, run->io.size);
		return true;
	}
	if (r == KVM_EXIT_MMIO && !p->mark.port && run->mmio.phys_addr == p->mark.addr &&
	    run->mmio.is_write && run->mmio.len <= sizeof(*value)) {
		memcpy(value, run->mmio.data, run->mmio.len);
		return true;
	}
	probe_no_run(p, r);
	return false;
}

enum probe_result probe_wants_mark(struct probe *p, uint64_t value)
{
	uint64_t got;

	if (!probe_run_to_mark(p, &got))
		return PROBE_NO;
	if (got == value)
		return probe_yes(p, "%s", "");
	return probe_no(p, "the guest reports 0x%" PRIx64 " instead of 0x%" PRIx64, got, value);
}
