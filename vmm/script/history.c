/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last lines of an ioctl trace, in memory that outlives the process which made them; see script.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm.h"
#include "script/script.h"

#define LINES 64
#define WIDTH 256

struct history {
	unsigned long count; /* of whole lines */
	size_t filled;	     /* of the line under way */
	char lines[LINES][WIDTH];
};

static FILE *stream; /* what the trace is written to */
static FILE *copy_to;

struct history *history_new(void)
{
	void *map = mmap(NULL, sizeof(struct history), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* What does not fit into a line is cut. */
static ssize_t take(void *cookie, const char *text, size_t size)
{
	struct history *h = cookie;

	for (size_t i = 0; i < size; i++) {
		char *line = h->lines[h->count % LINES];

		if (text[i] != '\n') {
			if (h->filled < WIDTH - 1)
				line[h->filled++] = text[i];
			continue;
		}
		line[h->filled] = '\0';
		h->filled = 0;
		h->count++;
	}
	if (copy_to)
		fwrite(text, 1, size, copy_to);
	return (ssize_t)size;
}

int history_start(struct history *h, void *copy)
{
	cookie_io_functions_t functions = {.write = take};

	memset(h, 0, sizeof(*h));
	copy_to = copy;
	if (stream)
		fclose(stream);
	stream = fopencookie(h, "w", functions);
	if (!stream)
		return -ENOMEM;
	setvbuf(stream, NULL, _IOLBF, WIDTH * 2);
	kvm_trace_to(stream);
	return 0;
}

void history_clear(struct history *h)
{
	h->count = 0;
	h->filled = 0;
}

const char *history_line(const struct history *h, unsigned int back)
{
	if (back >= h->count || back >= LINES)
		return NULL;
	return h->lines[(h->count - 1 - back) % LINES];
}

unsigned long history_count(const struct history *h)
{
	return h->count;
}
