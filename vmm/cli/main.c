/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmbed's command line: picks the command. */
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "cli.h"
#include "msg.h"
#include "outcome.h"

#ifndef KVMBED_VERSION
#define KVMBED_VERSION "unknown"
#endif

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"run", cmd_run, "boot a test guest or kernel, and tell how it ended"},
	{"test", cmd_test, "run behaviours: scripts that say how KVM must behave"},
	{"caps", cmd_caps, "show what this host's KVM is and can do"},
};

static void help(FILE *out)
{
	fprintf(out,
		"usage: kvmbed COMMAND [OPTIONS]\n"
		"A testbed for Linux KVM, built for %s hosts.\n\n"
		/* The harness of kvm-unit-tests knows a kvmtool by this phrase. */
		"The most commonly used commands:\n",
		arch_name);
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(out,
		"\n`kvmbed COMMAND --help` tells a command's options; kvmbed(1) tells the rest.\n"
		"Exit status: 0 pass, 1 fail, 2 usage or bad input, 3 the host failed us, 4 skipped,\n"
		"16 guest reset, 17 guest crash, 18 triple fault, 19 KVM internal error, 124 timeout.\n");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		help(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help(stdout);
		return STATUS_PASS;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "version")) {
		printf("kvmbed %s (%s)\n", KVMBED_VERSION, arch_name);
		return STATUS_PASS;
	}
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	msg_error("there is no command `%s`: see kvmbed --help", name);
	return STATUS_USAGE;
}
