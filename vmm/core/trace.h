/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of ioctl arguments for --trace, as tables: which fields of which
 * struct matter. The common rows are in trace.c; an architecture adds its own
 * in arch/<name>/decode.c.
 */
#ifndef KVMBED_TRACE_H
#define KVMBED_TRACE_H

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

/* Prints one traced call; @seconds since the trace began, @ns in the ioctl. */
void trace_call(FILE *out, double seconds, const char *fd_name, unsigned long request,
		uintptr_t arg, int result, uint64_t ns, const struct kvm_run *run);

#endif
