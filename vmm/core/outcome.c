/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outcome of a run and its exit status; see outcome.h. */
#include "outcome.h"

static const struct {
	const char *name;
	int status;
} outcomes[] = {
	[OUTCOME_NONE] = {"running", STATUS_UNKNOWN},
	[OUTCOME_SHUTDOWN] = {"shutdown", STATUS_PASS},
	[OUTCOME_RESET] = {"reset", STATUS_RESET},
	[OUTCOME_CRASH] = {"crash", STATUS_CRASH},
	[OUTCOME_TRIPLE_FAULT] = {"triple fault", STATUS_TRIPLE_FAULT},
	[OUTCOME_INTERNAL] = {"internal error", STATUS_INTERNAL},
	[OUTCOME_HOST] = {"host failure", STATUS_HOST},
	[OUTCOME_TIMEOUT] = {"timeout", STATUS_TIMEOUT},
	[OUTCOME_STOPPED] = {"stopped", STATUS_PASS},
};

int outcome_status(const struct outcome *o)
{
	if (o->kind == OUTCOME_SHUTDOWN && o->code)
		return STATUS_FAIL;
	if (o->kind == OUTCOME_STOPPED && o->code)
		return 128 + (int)o->code;
	return outcomes[o->kind].status;
}

const char *outcome_name(enum outcome_kind kind)
{
	return outcomes[kind].name;
}
