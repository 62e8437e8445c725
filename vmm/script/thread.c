/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads of a script: each makes one ioctl, once or a number of times, while
 * the script goes on. No Lua runs in them, so that nothing of a script is
 * shared but what the kernel itself shares. And an ioctl made by another process.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"
#include "msg.h"
#include "script/script.h"

#define THREAD "kvmbed.thread"
/* Gets a thread out of an ioctl; the handler does nothing. */
#define KICK_SIGNAL SIGUSR1

#define MOST_ERRNOS 16

/* Held by who starts several threads: with one missing the others must not begin. */
struct gate {
	pthread_mutex_t held;
	bool closed;
};

static bool pass(struct gate *gate)
{
	bool closed;

	pthread_mutex_lock(&gate->held);
	closed = gate->closed;
	pthread_mutex_unlock(&gate->held);
	return !closed;
}

struct job {
	/* Set before the thread begins. */
	int fd;
	unsigned long request;
	uintptr_t arg;
	unsigned long times;
	bool blocked;		    /* begins with all signals blocked */
	struct kvm_run *run;	    /* of a vCPU: where immediate_exit is */
	pthread_barrier_t *barrier; /* waited at before each time; NULL for none */
	struct gate *gate;	    /* passed before anything else; NULL for none */
	/* Set by it. */
	int result; /* of the last time */
	unsigned long good;
	struct {
		int err;
		unsigned long count;
	} errnos[MOST_ERRNOS];
	atomic_bool done;
	atomic_bool kicked; /* by whoever kicks: it is not made again */
};

struct thread {
	pthread_t id;
	struct job *job; /* NULL once joined */
};

static void nothing(int sig)
{
}

static void count(struct job *job, int err)
{
	for (unsigned int i = 0; i < MOST_ERRNOS; i++) {
		if (job->errnos[i].err == err || !job->errnos[i].count) {
			job->errnos[i].err = err;
			job->errnos[i].count++;
			return;
		}
	}
}

static void *work(void *data)
{
	struct job *job = data;
	sigset_t all;

	if (job->gate && !pass(job->gate))
		return NULL;
	if (job->blocked) {
		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, NULL);
	}
	/* The first is made whatever comes: a kick may be there before it, which it has to notice. */
	for (unsigned long i = 0; i < job->times && !(i && atomic_load(&job->kicked)); i++) {
		if (job->barrier)
			pthread_barrier_wait(job->barrier);
		job->result = kvm_try(job->fd, job->request, job->arg);
		if (job->result < 0)
			count(job, -job->result);
		else
			job->good++;
	}
	atomic_store(&job->done, true);
	return NULL;
}

static struct thread *check_thread(lua_State *L)
{
	struct thread *t = luaL_testudata(L, 1, THREAD);

	if (!t)
		script_error(L, "a thread is wanted");
	return t;
}

/* The job of a call (FD, NUMBER, ARGUMENT, KVM_RUN-PAGE or nil, TIMES, BLOCKED) at @first of the stack. */
static void fill(lua_State *L, int first, struct job *job)
{
	struct object *o = object_test(L, first + 2), *page = object_test(L, first + 3);
	lua_Integer times = luaL_optinteger(L, first + 4, 1);
	int64_t fd = -1;

	if (!script_fd_number(L, first, &fd) || fd < 0)
		script_error(L, "a descriptor that is open is wanted");
	if (times < 1 || times > 1000000)
		script_error(L, "%lld times: from 1 to 1000000", (long long)times);
	*job = (struct job){
		.fd = (int)fd,
		.request = (unsigned long)luaL_checkinteger(L, first + 1),
		.arg = o ? (uintptr_t)o->mem : (uintptr_t)luaL_optinteger(L, first + 2, 0),
		.run = page && page->map ? page->map : NULL,
		.times = (unsigned long)times,
		.blocked = lua_toboolean(L, first + 5),
	};
}

/* thread(FD, NUMBER, ARGUMENT, KVM_RUN-PAGE, TIMES, BLOCKED): begins at once. */
static int new_thread(lua_State *L)
{
	struct sigaction action = {.sa_handler = nothing};
	struct thread *t;
	struct job job;
	int r;

	lua_settop(L, 6);
	fill(L, 1, &job);
	sigaction(KICK_SIGNAL, &action, NULL);
	/* It keeps what the ioctl works on alive. */
	t = lua_newuserdatauv(L, sizeof(*t), 3);
	*t = (struct thread){0};
	luaL_setmetatable(L, THREAD);
	for (int i = 1; i <= 3; i++) {
		lua_pushvalue(L, i == 2 ? 4 : i);
		lua_setiuservalue(L, -2, i);
	}
	t->job = malloc(sizeof(*t->job));
	if (!t->job)
		return script_error(L, "no memory for a thread");
	*t->job = job;
	r = pthread_create(&t->id, NULL, work, t->job);
	if (!r)
		return 1;
	free(t->job);
	t->job = NULL;
	return script_error(L, "no thread: %s", strerror(r));
}

/* A flag for a KVM_RUN that has not begun, a signal for one that has. */
static void kick_job(const struct thread *t)
{
	atomic_store(&t->job->kicked, true);
	if (t->job->run)
		__atomic_store_n(&t->job->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(t->id, KICK_SIGNAL);
}

static int kick(lua_State *L)
{
	const struct thread *t = check_thread(L);

	if (t->job && !atomic_load(&t->job->done))
		kick_job(t);
	return 0;
}

/* The signal alone. */
static int send_signal(lua_State *L)
{
	const struct thread *t = check_thread(L);

	if (t->job && !atomic_load(&t->job->done))
		pthread_kill(t->id, KICK_SIGNAL);
	return 0;
}

static int is_done(lua_State *L)
{
	const struct thread *t = check_thread(L);

	lua_pushboolean(L, !t->job || atomic_load(&t->job->done));
	return 1;
}

static bool join_within(struct thread *t, double seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)seconds;
	until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return !pthread_timedjoin_np(t->id, NULL, &until);
}

/* Pushes what came of a job that is done: the value of the last time, or nil and the errno; and a table of counts. */
static int push_result(lua_State *L, const struct job *job)
{
	if (job->result < 0) {
		lua_pushnil(L);
		lua_pushstring(L, errno_name(job->result));
	} else {
		lua_pushinteger(L, job->result);
		lua_pushnil(L);
	}
	lua_newtable(L);
	if (job->good) {
		lua_pushinteger(L, (lua_Integer)job->good);
		lua_setfield(L, -2, "OK");
	}
	for (unsigned int i = 0; i < MOST_ERRNOS && job->errnos[i].count; i++) {
		lua_pushinteger(L, (lua_Integer)job->errnos[i].count);
		lua_setfield(L, -2, errno_name(job->errnos[i].err));
	}
	return 3;
}

/* join(THREAD, SECONDS): as push_result(); false if it is not done by then. */
static int join(lua_State *L)
{
	struct thread *t = check_thread(L);
	int n;

	if (!t->job)
		return script_error(L, "this thread has been joined");
	if (!join_within(t, luaL_checknumber(L, 2))) {
		lua_pushboolean(L, 0);
		return 1;
	}
	if (t->job->run)
		t->job->run->immediate_exit = 0;
	n = push_result(L, t->job);
	free(t->job);
	t->job = NULL;
	return n;
}

/* Nobody will join it any more: it is made to end, or, if it does not, left to the end of the process. */
static int thread_gc(lua_State *L)
{
	struct thread *t = luaL_testudata(L, 1, THREAD);

	for (int i = 0; t && t->job && i < 100; i++) {
		kick_job(t);
		if (join_within(t, 0.01)) {
			free(t->job);
			t->job = NULL;
		}
	}
	return 0;
}

#define MOST_RACERS 16

/*
 * race(TIMES, FD, NUMBER, ARGUMENT, FD, NUMBER, ARGUMENT, ...): the ioctls at
 * once, again and again; before each round their threads meet. A table of counts for each.
 */
static int race(lua_State *L)
{
	struct job jobs[MOST_RACERS];
	pthread_t ids[MOST_RACERS];
	unsigned long times = (unsigned long)luaL_checkinteger(L, 1);
	unsigned int nr = (unsigned int)(lua_gettop(L) - 1) / 3, begun = 0;
	pthread_barrier_t barrier;
	struct gate gate = {PTHREAD_MUTEX_INITIALIZER, false};
	int r = 0;

	if (nr < 2 || nr > MOST_RACERS || (lua_gettop(L) - 1) % 3)
		return script_error(L, "a race has from 2 to %d ioctls", MOST_RACERS);
	luaL_checkstack(L, (int)nr * 4 + 10, NULL);
	for (unsigned int i = 0; i < nr; i++) {
		int first = lua_gettop(L);

		for (unsigned int k = 0; k < 3; k++)
			lua_pushvalue(L, (int)(2 + i * 3 + k));
		lua_pushnil(L);
		lua_pushinteger(L, (lua_Integer)times);
		lua_pushboolean(L, false);
		fill(L, first + 1, &jobs[i]);
		lua_settop(L, first);
		jobs[i].barrier = &barrier;
		jobs[i].gate = &gate;
	}
	pthread_barrier_init(&barrier, NULL, nr);
	pthread_mutex_lock(&gate.held);
	while (begun < nr && !(r = pthread_create(&ids[begun], NULL, work, &jobs[begun])))
		begun++;
	gate.closed = r != 0;
	pthread_mutex_unlock(&gate.held);
	for (unsigned int i = 0; i < begun; i++)
		pthread_join(ids[i], NULL);
	pthread_barrier_destroy(&barrier);
	if (r)
		return script_error(L, "there can be no thread more: %s", strerror(r));
	for (unsigned int i = 0; i < nr; i++) {
		push_result(L, &jobs[i]);
		lua_insert(L, -3);
		lua_pop(L, 2);
	}
	return (int)nr;
}

/* The ioctl, made by a child process; -errno as if it had been made here. */
static int by_child(const struct job *job)
{
	int ends[2], result = -EIO, status;
	ssize_t n;
	pid_t pid;

	if (pipe(ends))
		return -errno;
	/* What is in a stream is written by one of the two. */
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		result = -errno;
		close(ends[0]);
		close(ends[1]);
		return result;
	}
	if (!pid) {
		/* It must not outlive a script that is ended while the kernel holds it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		result = kvm_try(job->fd, job->request, job->arg);
		fflush(NULL);
		n = write(ends[1], &result, sizeof(result));
		_exit(n != sizeof(result));
	}
	close(ends[1]);
	n = read(ends[0], &result, sizeof(result));
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return n == sizeof(result) ? result : -ECHILD;
}

/* foreign_ioctl(FD, NUMBER, ARGUMENT): as ioctl(), by a process whose memory is not the VM's. */
static int foreign_ioctl(lua_State *L)
{
	struct job job;
	int r;

	lua_settop(L, 6);
	fill(L, 1, &job);
	r = by_child(&job);
	if (r < 0) {
		lua_pushnil(L);
		lua_pushstring(L, errno_name(r));
		return 2;
	}
	lua_pushinteger(L, r);
	return 1;
}

void script_open_threads(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"thread", new_thread},
		{"kick", kick},
		{"is_done", is_done},
		{"join", join},
		{"race", race},
		{"send_signal", send_signal},
		{"foreign_ioctl", foreign_ioctl},
		{NULL, NULL},
	};

	luaL_newmetatable(L, THREAD);
	lua_pushcfunction(L, thread_gc);
	lua_setfield(L, -2, "__gc");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	luaL_setfuncs(L, functions, 0);
}
