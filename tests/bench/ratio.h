/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures as ratios: two sides of the same work, run in turn in one process,
 * round after round, on a machine that other people use too.
 */
#ifndef KVMBED_BENCH_RATIO_H
#define KVMBED_BENCH_RATIO_H

#include <stdint.h>

struct ratio {
	const char *name;
	const char *ours, *floor; /* what the two sides are called */
	double limit;		  /* ours / floor must not be more */
	unsigned int rounds;	  /* at least 5 */
	/* One round of a side: nanoseconds taken, or 0 when it could not be run. */
	uint64_t (*run_ours)(void *ctx);
	uint64_t (*run_floor)(void *ctx);
	void *ctx;
	double unit_ns; /* what one round's time is divided by for the table: work items a round */
	const char *unit;
};

enum ratio_verdict { RATIO_WITHIN, RATIO_OVER, RATIO_INCONCLUSIVE, RATIO_NOT_RUN };

/* Prints the table's head. */
void ratio_head(void);

/*
 * Runs the rounds, the sides taking turns at going first, and prints a row:
 * both medians, the median of the rounds' ratios and its spread (half the 95 %
 * confidence interval of that median). A spread wider than the room between the
 * median and the limit is inconclusive.
 */
enum ratio_verdict ratio_measure(const struct ratio *ratio);

/* Monotonic time in nanoseconds. */
uint64_t now_ns(void);

#endif
