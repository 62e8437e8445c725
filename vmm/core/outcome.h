/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest's run ended, and the process's exit status that says so. The
 * numbers are the product's one table of statuses (kvmbed(1), EXIT STATUS).
 */
#ifndef KVMBED_OUTCOME_H
#define KVMBED_OUTCOME_H

enum exit_status {
	STATUS_PASS = 0,
	STATUS_FAIL = 1,
	STATUS_USAGE = 2,
	STATUS_HOST = 3,
	STATUS_SKIP = 4,
	STATUS_RESET = 16,
	STATUS_CRASH = 17,
	STATUS_TRIPLE_FAULT = 18,
	STATUS_INTERNAL = 19,
	STATUS_TIMEOUT = 124,
	STATUS_UNKNOWN = 125,
};

enum outcome_kind {
	OUTCOME_NONE,	  /* still running */
	OUTCOME_SHUTDOWN, /* powered off; code is what the guest reported, 0 good */
	OUTCOME_RESET,
	OUTCOME_CRASH, /* the guest said that it crashed */
	OUTCOME_TRIPLE_FAULT,
	OUTCOME_INTERNAL, /* KVM gave up, or an exit that nothing handles */
	OUTCOME_HOST,	  /* an ioctl that must work did not */
	OUTCOME_TIMEOUT,
	OUTCOME_STOPPED, /* the person stopped it (Ctrl-A x, a signal) */
};

struct outcome {
	enum outcome_kind kind;
	/*
	 * SHUTDOWN: the guest's code, 0 good. STOPPED: the signal's number, or
	 * 0 for Ctrl-A x. Otherwise unused.
	 */
	unsigned int code;
	/* The exit status that QEMU's isa-debug-exit or kvmtool's EXIT line stand for; -1 if the guest gave none. */
	int raw;
};

/* The process's exit status. STOPPED is 128 + signal, or 0 for Ctrl-A x. */
int outcome_status(const struct outcome *o);
/* "shutdown", "triple fault", ...; a constant string. */
const char *outcome_name(enum outcome_kind kind);

#endif
