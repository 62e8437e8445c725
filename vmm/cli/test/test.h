/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of `kvmbed test`: which behaviours, each in a process of its own, what is said of them. */
#ifndef KVMBED_CLI_TEST_H
#define KVMBED_CLI_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "script/engine.h"

/* ---- which ---- */

/* One that may be run; in @broken what is wrong with its header, if that could not be read. */
struct test {
	struct behaviour b;
	char *broken;
};

struct tests {
	struct test *list;
	unsigned int nr, room;
};

/*
 * Finds the behaviours that the operands name: ids, globs over ids, folders of
 * the catalogue, files and folders; all of this architecture's without operands.
 * Of those, with @tag, the ones that have it. An operand that names nothing is
 * an error, and so is a tag. 0, or -errno after a message. @tests is to be
 * freed either way.
 */
int tests_select(struct tests *tests, struct engine *engine, char **operands, int nr,
		 const char *tag);
void tests_free(struct tests *tests);

/* ---- running ---- */

struct result {
	enum verdict verdict;
	char reason[256];
	char *output; /* what the script printed; NULL if nothing */
	char *kernel; /* what the kernel reported meanwhile, if that is trouble; else NULL */
	char *ioctls; /* its last ones, a line each, decoded; NULL if there were none */
	unsigned long nr_ioctls; /* how many there were in all */
	double seconds;
	bool trace_lost; /* a part of its trace could not be written */
};

#define MOST_JOBS 64

struct run_options {
	double timeout;	   /* seconds, of a behaviour that does not have its own */
	FILE *trace;	   /* NULL for none */
	unsigned int jobs; /* at once */
	uint64_t repeat;   /* each that often, or until it does not pass */
	/*
	 * Called with tests_run()'s @ctx about the one that was begun last, when it
	 * begins and at least every second; NULL for nobody. @round counts repetitions from 1.
	 */
	void (*running)(void *ctx, unsigned int index, uint64_t round, double seconds);
};

/*
 * Runs all, each in a child. @done is called for each as it ends, with its
 * index, and takes over the result's strings. 0, or -errno after a message if
 * there can be no child.
 */
int tests_run(struct engine *engine, const struct tests *tests, const struct run_options *options,
	      void (*done)(void *ctx, unsigned int index, struct result *result), void *ctx);

/* The kernel's log since the last call: what it says of trouble, or NULL. The first call only remembers. */
char *kernel_trouble(void);
/* What the records that can be read from @fd now say of trouble, from its first line on; to be freed. NULL for nothing. */
char *kernel_trouble_in(int fd);

/* ---- telling ---- */

struct totals {
	unsigned int nr[VERDICTS];
};

struct report {
	const char *name;
	void (*begin)(unsigned int tests);
	/* @number from 1; @host: one line about where this is. */
	void (*result)(unsigned int number, const struct test *test, const struct result *result,
		       const char *host, bool verbose);
	void (*end)(const struct totals *totals);
};

/*
 * A line on standard error that is written over again and again: "[@number/@of] @id, run @round, @seconds s". Clear it
 * before anything else is printed. Wanted where standard error is a terminal.
 */
bool progress_wanted(void);
void progress_show(unsigned int number, unsigned int of, const char *id, uint64_t round,
		   double seconds);
void progress_clear(void);

/* What --list shows, as JSON. */
void list_json(const struct tests *tests);

extern const struct report report_ktap, report_pretty, report_json, report_junit;

#endif
