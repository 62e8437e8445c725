/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of ioctl arguments for --trace, as tables: which fields of which
 * struct matter. The common rows are in trace.c; an architecture adds its own
 * in arch/<name>/decode.c.
 */
#ifndef KVMBED_TRACE_H
#define KVMBED_TRACE_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kvm_field {
	const char *name; /* NULL ends the list */
	uint16_t offset;
	uint8_t size; /* 1, 2, 4 or 8 bytes */
	char format;  /* 'x' hexadecimal, 'd' decimal, 'c' a capability, 't' a device type */
};

#define KVM_FIELD(type, member, fmt)                                              \
	{                                                                         \
#member, offsetof(type, member), sizeof(((type *)0)->member), fmt \
	}

struct kvm_decode {
	unsigned long request; /* 0 ends a table */
	/* The argument itself, shown as: 'c', 'd', 'x' (as above), 'p' a struct with fields below. */
	char arg;
	struct kvm_field fields[12];
	/* For what a list of fields cannot say; called after the fields. NULL if not needed. */
	void (*more)(FILE *out, const void *arg, int result);
};

/* arch/<name>/decode.c */
extern const struct kvm_decode arch_decode[];

/* As much of an argument is kept: more than any row's fields and list need. */
#define TRACE_COPIED 4352
#define TRACE_RUN    512

/*
 * One call, as it is noted when it is made; in words only when somebody wants
 * to read it. It has no pointer, so it may lie in memory that processes share.
 */
struct trace_record {
	double seconds; /* since the trace began */
	uint64_t ns;	/* in the ioctl */
	unsigned long request;
	uintptr_t arg;
	int result;
	bool returned; /* otherwise it has not come back yet, and what is above it alone counts */
	bool moved;    /* others were made before it returned: it is noted anew, behind them */
	bool has_copy, has_run;
	bool injected;	 /* it never reached the kernel */
	char object[16]; /* on which it was made: "vcpu0" */
	/* What the kernel left at @arg; behind a struct kvm_one_reg, the register's value. */
	uint8_t copy[TRACE_COPIED] __attribute__((aligned(8)));
	/* Of a KVM_RUN, the exit: the beginning of struct kvm_run, with a port's data moved into it. */
	uint8_t run[TRACE_RUN] __attribute__((aligned(8)));
};

/* The last calls, the newest at [(count - 1) % TRACE_LAST]. */
#define TRACE_LAST 64
struct trace_ring {
	unsigned long count; /* of all calls */
	struct trace_record records[TRACE_LAST];
};

/*
 * For ioctls that have no row above, told the copy of what the kernel left at
 * the argument: writes it behind a space. Set once, before anything is traced.
 */
extern void (*trace_other)(FILE *out, unsigned long request, const uint8_t *copy);

/* Takes over what the call has left: @result, its argument, and the exit in @run if that is not NULL. Any thread. */
void trace_note(struct trace_record *record, int result, uint64_t ns, const struct kvm_run *run);
/* One line, decoded: when it was made, the call, how long it took. Then its parts: the object, the call and what came of it. */
void trace_print(FILE *out, const struct trace_record *record);
void trace_print_time(FILE *out, const struct trace_record *record);
void trace_print_call(FILE *out, const struct trace_record *record);
void trace_print_duration(FILE *out, const struct trace_record *record);

#endif
