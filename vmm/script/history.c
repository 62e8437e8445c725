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

/* Cuts a call that is too long in its middle: the result at its end matters more than the last of many fields. */
static void shorten(const char *call, char *buf, size_t size)
{
	const char *result = NULL;
	size_t tail;

	for (const char *at = call; (at = strstr(at, " = ")); at++)
		result = at;
	tail = result ? strlen(result) : 0;
	if (strlen(call) < size || tail + 8 > size)
		snprintf(buf, size, "%s", call);
	else
		snprintf(buf, size, "%.*s ...%s", (int)(size - tail - 5), call, result);
}

/* The call in words, without its times; "" without memory. */
static void call_text(const struct trace_record *r, char *buf, size_t size)
{
	char call[WHOLE] = "";
	FILE *out = fmemopen(call, sizeof(call), "w");

	if (out) {
		trace_print_call(out, r);
		fclose(out);
		call[sizeof(call) - 1] = '\0';
	}
	shorten(call, buf, size);
}

bool history_last_call(char *buf, size_t size)
{
	const struct trace_record *r = current ? record(current, 0) : NULL;

	if (!r)
		return false;
	call_text(r, buf, size);
	return true;
}

static void print_calls(FILE *out, const struct trace_record *first, const char *call,
			unsigned int times)
{
	trace_print_time(out, first);
	fputs(call, out);
	trace_print_duration(out, first);
	fprintf(out, times > 1 ? ", %u times\n" : "\n", times);
}

char *history_text(const struct history *h)
{
	unsigned int back = h->ring.count < TRACE_LAST ? (unsigned int)h->ring.count : TRACE_LAST;
	const struct trace_record *first = NULL;
	char call[HISTORY_CALL], next[HISTORY_CALL], *text = NULL;
	unsigned int times = 0;
	size_t size = 0;
	FILE *out = back ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	while (back--) {
		const struct trace_record *r = record(h, back);

		/* It comes again, behind those that overtook it. */
		if (r->moved)
			continue;
		call_text(r, next, sizeof(next));
		if (first && !strcmp(call, next)) {
			times++;
			continue;
		}
		if (first)
			print_calls(out, first, call, times);
		first = r;
		times = 1;
		memcpy(call, next, sizeof(call));
	}
	if (first)
		print_calls(out, first, call, times);
	fclose(out);
	return text;
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
