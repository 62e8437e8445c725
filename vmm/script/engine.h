/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script engine: Lua 5.4 with KVM in it. It reads a script's header, and
 * runs a script in the calling process, which had better be one of its own: a
 * script may make the kernel write where it likes.
 */
#ifndef KVMBED_SCRIPT_ENGINE_H
#define KVMBED_SCRIPT_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

struct engine;

/* What the engine cannot know by itself: what stands above it answers. */
struct engine_host {
	const char *backend; /* "svm", ...; "unknown" */
	/* Is it there? A key of `kvmbed caps --has`: 1 yes, 0 no, -1 it cannot be told; @why is filled. */
	int (*has)(const char *key, char *why, size_t size);
	/* NULL for a good key, otherwise what is wrong with it. */
	const char *(*check_key)(const char *key);
};

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SKIP,
	VERDICT_BROKEN, /* the script has an error, and says nothing about the kernel */
	VERDICT_CRASH,	/* its process died */
	VERDICT_HANG,	/* its time was up */
	VERDICTS
};

/* What the header of a behaviour says; a member that it does not have is "". Strings are owned. */
struct behaviour {
	char *path; /* of the script */
	char *id, *title, *arch, *needs, *fixes, *since, *seen_failing;
	char *tags;	/* joined by commas */
	double timeout; /* seconds; 0 if it does not say */
	bool no_kvm;	/* it says that it does without /dev/kvm */
};

/* NULL after a message. @host must outlive it. */
struct engine *engine_new(const struct engine_host *host);
void engine_free(struct engine *engine);

/*
 * Reads the header of the script @path, without running what comes behind it.
 * 0, or -EINVAL for a script that has none or is wrong in itself: @why says it
 * in one line, with its own file and line.
 */
int engine_header(struct engine *engine, const char *path, struct behaviour *out, char *why,
		  size_t size);
void behaviour_free(struct behaviour *b);

/*
 * From a signal's handler, on the thread that runs a script: has "FILE:LINE"
 * of the script written to @place as soon as the script goes on, once. One
 * that hangs in an ioctl does not.
 */
void engine_tell_place(struct engine *engine, char *place, size_t size);

/* Runs it. Failures are written to standard output; @reason says why in a few words. */
enum verdict engine_run(struct engine *engine, const char *path, char *reason, size_t size);

#endif
