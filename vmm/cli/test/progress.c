/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line on the terminal about what is being run; see test.h. */
#include <stdio.h>
#include <unistd.h>

#include "test.h"

static bool shown;

bool progress_wanted(void)
{
	return isatty(STDERR_FILENO);
}

void progress_show(unsigned int number, unsigned int of, const char *id, uint64_t round,
		   double seconds)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "[%u/%u] %s", number, of, id);

	if (round > 1 && n > 0 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, ", run %llu",
			      (unsigned long long)round);
	if (seconds >= 1 && n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ", %.0f s", seconds);
	/* Cut where a terminal that narrow would begin a second line. */
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	shown = true;
}

void progress_clear(void)
{
	if (!shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	shown = false;
}
