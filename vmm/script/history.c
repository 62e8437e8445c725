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

void history_start(struct history *h, FILE *copy)
{
	kvm_trace_to(copy);
	kvm_trace_last(&h->ring);
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

bool history_line(const struct history *h, unsigned int back, char *buf, size_t size)
{
	const struct trace_record *r = record(h, back);
	FILE *out = r ? fmemopen(buf, size, "w") : NULL;

	if (!out)
		return false;
	trace_print(out, r);
	fclose(out);
	buf[size - 1] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
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
