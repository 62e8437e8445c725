/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest from its source file: found as the build made it, or made now; see program.h. */
#include "script/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of scripts that were brought into a lab; in the build's tree, installed, in a lab. */
static const char *const prebuilt[] = {"../lib/kvmbed/code.own", "code", "../../lib/kvmbed/code",
				       "../lib/kvmbed/code", NULL};
/* The runtime: libguest.a, guest.lds, include/ and, for the compiler, its options. */
static const char *const runtime[] = {"guest-lib", "../../lib/kvmbed/guest-lib",
				      "../lib/kvmbed/guest-lib", NULL};

/* Is the source that was built the one that is here? Where there is none, as in a lab, the build's is right. */
static bool is_current(const char *built, const char *source)
{
	struct code_file f;
	bool same;
	int r = code_read_file(source, &f);

	if (r)
		return r == -ENOENT;
	same = code_same_file(built, f.bytes, f.size);
	free(f.bytes);
	return same;
}

/* "x86/walk.c" of the behaviour x86/anything has that source, and its .elf is beside it. */
static int find_prebuilt(const char *source, const char *id, struct code *out)
{
	const char *slash = strrchr(id, '/'), *file = strrchr(source, '/');
	char name[PATH_MAX], path[PATH_MAX];

	snprintf(name, sizeof(name), "%.*s%s", slash ? (int)(slash + 1 - id) : 0, id,
		 file ? file + 1 : source);
	if (code_beside(prebuilt, name, path, sizeof(path) - 4) || !is_current(path, source))
		return -ENOENT;
	strcat(path, ".elf");
	return code_read(path, out);
}

struct request {
	const char *source;
	struct code *out;
};

static int compile(const char *folder, int log, void *arg)
{
	const struct request *q = arg;
	char lib[PATH_MAX], options[PATH_MAX + 8], include[PATH_MAX + 16], script[PATH_MAX + 24];
	char archive[PATH_MAX + 16], elf[64];
	char *gcc[] = {"gcc", options,		 include, script, "-o",
		       elf,   (char *)q->source, archive, NULL};
	int r;

	if (code_beside(runtime, "cflags", lib, sizeof(lib))) {
		dprintf(log, "it was not built before, and there is no guest runtime here "
			     "(guest-lib) to build it with");
		return -ENOENT;
	}
	*strrchr(lib, '/') = '\0';
	snprintf(options, sizeof(options), "@%s/cflags", lib);
	snprintf(include, sizeof(include), "-I%s/include", lib);
	snprintf(script, sizeof(script), "-Wl,-T,%s/guest.lds", lib);
	snprintf(archive, sizeof(archive), "%s/libguest.a", lib);
	snprintf(elf, sizeof(elf), "%s/guest.elf", folder);
	r = code_run_tool(gcc, log);
	if (!r)
		r = code_read(elf, q->out);
	unlink(elf);
	return r;
}

int program_make(const char *source, const char *id, struct code *out, char **messages)
{
	struct request request = {source, out};

	*messages = NULL;
	if (!find_prebuilt(source, id, out))
		return 0;
	if (access(source, R_OK))
		return -errno;
	return code_make(compile, &request, messages);
}
