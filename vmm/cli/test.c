/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmbed test`: starts kvmbed-test, which has the script engine in it, so that `kvmbed run` does not. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "msg.h"
#include "outcome.h"

int cmd_test(int argc, char **argv)
{
	/* Beside this program, as built; and as installed. */
	static const char *const places[] = {"kvmbed-test", "../libexec/kvmbed/kvmbed-test"};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		msg_error("cannot find kvmbed-test: /proc/self/exe: %s", strerror(errno));
		return STATUS_HOST;
	}
	while (n > 0 && self[n - 1] != '/')
		n--;
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%.*s%s", (int)n, self, places[i]);
		execv(path, argv);
		if (errno != ENOENT)
			break;
	}
	msg_error("cannot start %s: %s", path, strerror(errno));
	return STATUS_HOST;
}
