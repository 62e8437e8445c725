/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole commands in turn: how much longer one takes than the other.
 *
 * usage: pair NAME LIMIT ROUNDS COMMAND... -- COMMAND...
 *
 * Each command must end with status 0; its output is thrown away.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "outcome.h"
#include "ratio.h"

struct commands {
	char **ours, **floor;
	posix_spawn_file_actions_t quiet;
};

static uint64_t run(const struct commands *commands, char **command)
{
	uint64_t start = now_ns();
	int status, r;
	pid_t pid;

	r = posix_spawnp(&pid, command[0], &commands->quiet, NULL, command, environ);
	if (r) {
		fprintf(stderr, "pair: cannot run %s: %s\n", command[0], strerror(r));
		return 0;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 0;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "pair: %s ended with status 0x%x\n", command[0], status);
		return 0;
	}
	return now_ns() - start;
}

static uint64_t run_ours(void *ctx)
{
	return run(ctx, ((struct commands *)ctx)->ours);
}

static uint64_t run_floor(void *ctx)
{
	return run(ctx, ((struct commands *)ctx)->floor);
}

int main(int argc, char **argv)
{
	struct commands commands;
	struct ratio ratio = {.run_ours = run_ours,
			      .run_floor = run_floor,
			      .ctx = &commands,
			      .unit_ns = 1e6,
			      .unit = "ms"};
	enum ratio_verdict verdict;
	int i = 4;

	while (i < argc && strcmp(argv[i], "--"))
		i++;
	if (i == 4 || i + 1 >= argc) {
		fprintf(stderr, "usage: pair NAME LIMIT ROUNDS COMMAND... -- COMMAND...\n");
		return STATUS_USAGE;
	}
	argv[i] = NULL;
	commands.ours = argv + 4;
	commands.floor = argv + i + 1;
	posix_spawn_file_actions_init(&commands.quiet);
	posix_spawn_file_actions_addopen(&commands.quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&commands.quiet, 1, "/dev/null", O_WRONLY, 0);
	ratio.name = argv[1];
	ratio.limit = strtod(argv[2], NULL);
	ratio.rounds = strtoul(argv[3], NULL, 10);
	/* Once each, so that neither pays for a cold cache. */
	if (!run_ours(&commands) || !run_floor(&commands))
		return STATUS_HOST;
	verdict = ratio_measure(&ratio);
	posix_spawn_file_actions_destroy(&commands.quiet);
	return verdict == RATIO_NOT_RUN ? STATUS_HOST
	       : verdict == RATIO_OVER	? STATUS_FAIL
					: STATUS_PASS;
}
