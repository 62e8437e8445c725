/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interleaved rounds, medians and their spread; see ratio.h. */
#include "ratio.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_ROUNDS 101

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void ratio_head(void)
{
	printf("%-34s %22s %22s %8s %8s %7s  %s\n", "benchmark", "kvmbed", "floor or peer", "ratio",
	       "spread", "limit", "verdict");
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *sorted, unsigned int n, double q)
{
	double at = q * (n - 1);
	unsigned int i = (unsigned int)at;

	return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/*
 * How far off the median of @n sorted values may be: half its 95 % confidence
 * interval. Of independent rounds, the number below the true median is binomial,
 * so the interval lies between two of them, whatever the noise looks like.
 */
static double spread_of_median(const double *sorted, unsigned int n)
{
	double below = (n - 1.96 * sqrt(n)) / 2;
	unsigned int i = below > 0 ? (unsigned int)below : 0;

	return (sorted[n - 1 - i] - sorted[i]) / 2;
}

enum ratio_verdict ratio_measure(const struct ratio *r)
{
	static const char *const words[] = {
		[RATIO_WITHIN] = "within",
		[RATIO_OVER] = "OVER",
		[RATIO_INCONCLUSIVE] = "inconclusive",
		[RATIO_NOT_RUN] = "not run",
	};
	double ours[MAX_ROUNDS], floors[MAX_ROUNDS], ratios[MAX_ROUNDS];
	unsigned int n = r->rounds < MAX_ROUNDS ? r->rounds : MAX_ROUNDS;
	enum ratio_verdict verdict;
	double median, spread;
	char a[32], b[32];

	for (unsigned int i = 0; i < n; i++) {
		uint64_t x, y;

		if (i % 2) {
			x = r->run_ours(r->ctx);
			y = r->run_floor(r->ctx);
		} else {
			y = r->run_floor(r->ctx);
			x = r->run_ours(r->ctx);
		}
		if (!x || !y) {
			printf("%-34s %22s %22s %8s %8s %7.2f  %s\n", r->name, "-", "-", "-", "-",
			       r->limit, words[RATIO_NOT_RUN]);
			return RATIO_NOT_RUN;
		}
		ours[i] = (double)x / r->unit_ns;
		floors[i] = (double)y / r->unit_ns;
		ratios[i] = (double)x / (double)y;
	}
	qsort(ours, n, sizeof(*ours), by_value);
	qsort(floors, n, sizeof(*floors), by_value);
	qsort(ratios, n, sizeof(*ratios), by_value);
	median = quantile(ratios, n, 0.5);
	spread = spread_of_median(ratios, n);
	if (median - spread > r->limit)
		verdict = RATIO_OVER;
	else if (median + spread > r->limit)
		verdict = RATIO_INCONCLUSIVE;
	else
		verdict = RATIO_WITHIN;
	snprintf(a, sizeof(a), "%.2f %s", quantile(ours, n, 0.5), r->unit);
	snprintf(b, sizeof(b), "%.2f %s", quantile(floors, n, 0.5), r->unit);
	printf("%-34s %22s %22s %8.3f %8.3f %7.2f  %s\n", r->name, a, b, median, spread, r->limit,
	       words[verdict]);
	fflush(stdout);
	return verdict;
}
