/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Catching of messages; see messages.h. */
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char text[65536];
static int caught = -1, saved = -1;

void messages_begin(void)
{
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	caught = memfd_create("messages", MFD_CLOEXEC);
	if (saved < 0 || caught < 0 || dup2(caught, STDERR_FILENO) < 0)
		abort();
}

const char *messages_end(void)
{
	ssize_t n;

	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(caught, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(caught);
	return text;
}
