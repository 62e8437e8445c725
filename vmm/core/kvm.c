/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door to KVM: calling, naming, timing, injecting; see kvm.h. */
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hot.h"
#include "msg.h"
#include "trace.h"

#define MAX_INJECTIONS 16
#define MAX_FDS	       1024 /* vCPUs and devices of one process; more go unnamed in traces */

static struct injection {
	unsigned long request;
	int err;
	atomic_long calls_left; /* fails when it reaches 0 */
} injections[MAX_INJECTIONS];
static unsigned int nr_injections;
static bool injections_held;

static struct named_fd {
	int fd; /* 0 if free: standard input is never KVM's */
	char name[16];
	const struct kvm_run *run;
} fds[MAX_FDS];
static unsigned int nr_fds; /* entries that were ever used; the rest of the table stays untouched */
static pthread_mutex_t fds_lock = PTHREAD_MUTEX_INITIALIZER;

static FILE *trace_out;
static struct trace_ring *trace_ring;
static struct timespec trace_start;

/*
 * Whether a call needs more than the ioctl itself; the one test on the fast
 * path, so it lies beside what a call touches anyway, not at the end of .bss.
 */
static bool hooked __attribute__((section(".data")));

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

static struct named_fd *fd_entry(int fd, bool make)
{
	struct named_fd *free_entry = NULL;

	for (unsigned int i = 0; i < nr_fds; i++) {
		if (fds[i].fd == fd)
			return &fds[i];
		if (!fds[i].fd && !free_entry)
			free_entry = &fds[i];
	}
	if (!make)
		return NULL;
	if (!free_entry && nr_fds < MAX_FDS)
		free_entry = &fds[nr_fds++];
	if (free_entry)
		*free_entry = (struct named_fd){.fd = fd};
	return free_entry;
}

void kvm_name_fd(int fd, const char *fmt, ...)
{
	struct named_fd *entry;
	va_list ap;

	pthread_mutex_lock(&fds_lock);
	entry = fd_entry(fd, true);
	if (entry) {
		va_start(ap, fmt);
		vsnprintf(entry->name, sizeof(entry->name), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&fds_lock);
}

void kvm_trace_run(int fd, const struct kvm_run *run)
{
	struct named_fd *entry;

	pthread_mutex_lock(&fds_lock);
	entry = fd_entry(fd, true);
	if (entry)
		entry->run = run;
	pthread_mutex_unlock(&fds_lock);
}

void kvm_close(int fd)
{
	struct named_fd *entry;

	if (fd < 0)
		return;
	pthread_mutex_lock(&fds_lock);
	entry = fd_entry(fd, false);
	if (entry)
		entry->fd = 0;
	pthread_mutex_unlock(&fds_lock);
	close(fd);
}

void kvm_trace_to(FILE *out)
{
	trace_out = out;
	clock_gettime(CLOCK_MONOTONIC, &trace_start);
	hooked = trace_out || trace_ring || nr_injections;
}

void kvm_trace_last(struct trace_ring *ring)
{
	trace_ring = ring;
	clock_gettime(CLOCK_MONOTONIC, &trace_start);
	hooked = trace_out || trace_ring || nr_injections;
}

int kvm_inject(const char *spec, const char **why)
{
	struct injection *inj = &injections[nr_injections];
	char text[128], *err, *count, *end;
	long request, n = 1;
	int number;

	if (nr_injections == MAX_INJECTIONS) {
		*why = "no more than 16 faults can be injected at once";
		return -EINVAL;
	}
	if (snprintf(text, sizeof(text), "%s", spec) >= (int)sizeof(text) ||
	    !(err = strchr(text, ':'))) {
		*why = "must be IOCTL:ERRNO[:N], for example KVM_CREATE_VCPU:ENOMEM:2";
		return -EINVAL;
	}
	*err++ = '\0';
	count = strchr(err, ':');
	if (count)
		*count++ = '\0';
	request = kvm_number(KVM_NAMES_IOCTL, text);
	if (request < 0) {
		*why = "names an ioctl that linux/kvm.h does not have on this architecture";
		return -EINVAL;
	}
	number = errno_number(err);
	if (number < 0) {
		*why = "names an errno that does not exist (they look like ENOMEM)";
		return -EINVAL;
	}
	if (count) {
		n = strtol(count, &end, 10);
		if (*end || end == count || n < 1) {
			*why = "must end in the number of the call that fails, counted from 1";
			return -EINVAL;
		}
	}
	inj->request = request;
	inj->err = number;
	atomic_store(&inj->calls_left, n);
	nr_injections++;
	hooked = true;
	return 0;
}

void kvm_inject_hold(bool hold)
{
	injections_held = hold;
}

/* 0 to go on to the kernel, or the -errno to fail with. */
static int injected(unsigned long request)
{
	for (unsigned int i = 0; i < nr_injections && !injections_held; i++) {
		struct injection *inj = &injections[i];

		if (inj->request == request && atomic_fetch_sub(&inj->calls_left, 1) == 1)
			return -inj->err;
	}
	return 0;
}

HOT static int call(int fd, unsigned long request, uintptr_t arg)
{
	int r = ioctl(fd, request, arg);

	return r < 0 ? -errno : r;
}

/* The ring's next record, and its number; fds_lock is held. */
static struct trace_record *next_record(const struct trace_record *from, unsigned long *number)
{
	struct trace_record *record = &trace_ring->records[trace_ring->count % TRACE_LAST];

	record->returned = record->moved = false;
	record->seconds = from->seconds;
	record->request = from->request;
	record->arg = from->arg;
	memcpy(record->object, from->object, sizeof(record->object));
	*number = trace_ring->count++;
	return record;
}

/* A call that others overtook goes behind them; its first record may be one of theirs by now. */
static struct trace_record *last_record(struct trace_record *record, unsigned long number,
					const struct trace_record *from)
{
	unsigned long later = trace_ring->count - number - 1;

	if (!later)
		return record;
	if (later < TRACE_LAST)
		record->moved = true;
	return next_record(from, &number);
}

static int call_traced(int fd, unsigned long request, uintptr_t arg)
{
	struct trace_record own, *record = &own;
	const struct kvm_run *run = NULL;
	struct timespec before, after;
	const struct named_fd *entry;
	unsigned long number = 0;
	int r = injected(request);
	bool was_injected = r != 0;

	clock_gettime(CLOCK_MONOTONIC, &before);
	own.request = request;
	own.arg = arg;
	own.seconds = seconds_between(&trace_start, &before);
	pthread_mutex_lock(&fds_lock);
	entry = fd_entry(fd, false);
	strcpy(own.object, entry ? entry->name : "?");
	if (request == KVM_RUN && entry)
		run = entry->run;
	if (trace_ring)
		record = next_record(&own, &number);
	pthread_mutex_unlock(&fds_lock);

	if (!r)
		r = call(fd, request, arg);
	clock_gettime(CLOCK_MONOTONIC, &after);
	pthread_mutex_lock(&fds_lock);
	if (trace_ring)
		record = last_record(record, number, &own);
	record->injected = was_injected;
	trace_note(record, r, (uint64_t)(seconds_between(&before, &after) * 1e9), run);
	pthread_mutex_unlock(&fds_lock);
	if (trace_out)
		trace_print(trace_out, record);
	return r;
}

static int call_hooked(int fd, unsigned long request, uintptr_t arg)
{
	int r;

	if (trace_out || trace_ring)
		return call_traced(fd, request, arg);
	r = injected(request);
	return r ? r : call(fd, request, arg);
}

HOT int kvm_try(int fd, unsigned long request, uintptr_t arg)
{
	if (__builtin_expect(hooked, 0))
		return call_hooked(fd, request, arg);
	return call(fd, request, arg);
}

/* What to do about the failures that people meet. */
static const struct {
	unsigned long request;
	int err;
	const char *advice;
} advices[] = {
	{KVM_CREATE_VM, EINVAL, "this host's KVM does not offer this VM type"},
	{KVM_CREATE_VM, EBUSY, "another hypervisor holds the virtualization hardware"},
	{KVM_CREATE_VCPU, EINVAL, "more vCPUs than this host's KVM allows? see `kvmbed caps`"},
	{KVM_CREATE_VCPU, EEXIST, "that vCPU id is in use"},
	{KVM_SET_USER_MEMORY_REGION, EEXIST, "the slot overlaps another one"},
	{KVM_CREATE_DEVICE, ENODEV, "this host's KVM does not offer the device; see `kvmbed caps`"},
};

int kvm_do(int fd, unsigned long request, uintptr_t arg)
{
	int r = kvm_try(fd, request, arg);

	if (__builtin_expect(r >= 0, 1))
		return r;

	const char *name = kvm_name(KVM_NAMES_IOCTL, request), *advice = NULL;
	char number[24];

	if (!name) {
		snprintf(number, sizeof(number), "ioctl 0x%lx", request);
		name = number;
	}
	for (unsigned int i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (advices[i].request == request && advices[i].err == -r)
			advice = advices[i].advice;
	}
	msg_error("%s failed: %s (%s)%s%s", name, errno_name(r), strerror(-r), advice ? ": " : "",
		  advice ? advice : "");
	return r;
}

int kvm_open(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0) {
		int err = errno;

		msg_error(
			"cannot open /dev/kvm: %s%s", strerror(err),
			err == EACCES ? ": join the group that owns it (often `kvm`)"
			: err == ENOENT
				? ": load the kvm module, or use an emulated host (lab/kvmlab --list)"
				: "");
		return -err;
	}
	kvm_name_fd(fd, "kvm");
	version = kvm_do(fd, KVM_GET_API_VERSION, 0);
	if (version == KVM_API_VERSION)
		return fd;
	if (version >= 0)
		msg_error("/dev/kvm speaks API version %d, not %d", version, KVM_API_VERSION);
	kvm_close(fd);
	return version < 0 ? version : -ENOTSUP;
}

const char *kvm_name(enum kvm_names table, unsigned long value)
{
	for (const struct kvm_name *n = kvm_names(table); n->name; n++) {
		if (n->value == value)
			return n->name;
	}
	return NULL;
}

long kvm_number(enum kvm_names table, const char *name)
{
	for (const struct kvm_name *n = kvm_names(table); n->name; n++) {
		if (!strcmp(n->name, name))
			return (long)n->value;
	}
	return -EINVAL;
}
