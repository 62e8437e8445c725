/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last ioctls, in memory that outlives the process which made them; see script.h. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm.h"
#include "script/script.h"
#include "trace.h"

struct history {
	struct trace_ring ring;
};

struct history *history_new(void)
{
	void *map = mmap(NULL, sizeof(struct history), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static const struct history *current; /* this process' own */

void history_start(struct history *h, FILE *copy)
{
	kvm_trace_to(copy);
	kvm_trace_last(&h->ring);
	current = h;
}

void history_clear(struct history *h)
{
	h->ring.count = 0;
}

static const struct trace_record *record(const struct history *h, unsigned int back)
{
	if (back >= h->ring.count || back >= TRACE_LAST)
		return NULL;
	return &h->ring.records[(h->ring.count - 1 - back) % TRACE_LAST];
}

#define WHOLE 4096

/* Cuts a line that is too long in its middle: the result at its end matters more than the last of many fields. */
static void shorten(const char *line, char *buf, size_t size)
{
	const char *result = NULL;
	size_t tail;

	for (const char *at = line; (at = strstr(at, " = ")); at++)
		result = at;
	tail = result ? strlen(result) : 0;
	if (strlen(line) < size || tail + 8 > size)
		snprintf(buf, size, "%s", line);
	else
		snprintf(buf, size, "%.*s ...%s", (int)(size - tail - 5), line, result);
}

bool history_line(const struct history *h, unsigned int back, char *buf, size_t size)
{
	const struct trace_record *r = record(h, back);
	char line[WHOLE] = "";
	FILE *out = r ? fmemopen(line, sizeof(line), "w") : NULL;

	if (!out)
		return false;
	if (!r->moved)
		trace_print(out, r);
	fclose(out);
	line[sizeof(line) - 1] = '\0';
	line[strcspn(line, "\n")] = '\0';
	shorten(line, buf, size);
	return true;
}

bool history_last_line(char *buf, size_t size)
{
	char line[HISTORY_LINE + 40], *time;

	if (!current || !history_line(current, 0, line, sizeof(line)))
		return false;
	/* "  0.000123 vcpu0   KVM_...(1.2 us)" */
	time = strrchr(line, '(');
	if (time && time > line && strstr(time, " us)"))
		time[-1] = '\0';
	snprintf(buf, size, "%s", line + strspn(line, " 0123456789."));
	return true;
}

const char *history_last(const struct history *h, bool *returned)
{
	const struct trace_record *r = record(h, 0);

	if (!r)
		return NULL;
	*returned = r->returned;
	return kvm_name(KVM_NAMES_IOCTL, r->request);
}

unsigned long history_count(const struct history *h)
{
	return h->ring.count;
}
