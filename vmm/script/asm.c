/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code from assembly text: found as the build made it, or made now; see asm.h. */
#include "script/asm.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -EINVAL for code that was not made for this address. */
static int take(const char *elf, uint64_t at, struct code *out)
{
	int r = code_read(elf, out);

	if (!r && (out->entry != at || (out->size && out->at != at))) {
		code_free(out);
		r = -EINVAL;
	}
	return r;
}

/* ---- what the build has made ---- */

/* Of scripts that were brought into a lab; in the build's tree, installed, in a lab. */
static const char *const places[] = {"../lib/kvmbed/code.own", "code", "../../lib/kvmbed/code",
				     "../lib/kvmbed/code", NULL};

/* The folder "ID" has N.s, the texts as they stand in the script, and N.elf. */
static int find_prebuilt(const char *text, uint64_t at, const char *id, struct code *out)
{
	char name[PATH_MAX], path[PATH_MAX];

	for (unsigned int number = 1; *id; number++) {
		snprintf(name, sizeof(name), "%s/%u.s", id, number);
		if (code_beside(places, name, path, sizeof(path) - 2))
			break;
		if (!code_same_file(path, text, strlen(text)))
			continue;
		strcpy(path + strlen(path) - 2, ".elf");
		if (!take(path, at, out))
			return 0;
	}
	return -ENOENT;
}

/* ---- making it now ---- */

/* The line of the script at which @text begins; 1 if it is not found there. */
static int line_of(const char *script, const char *text)
{
	struct code_file f;
	const char *begin;
	int line = 1;

	if (code_read_file(script, &f))
		return line;
	begin = strstr((const char *)f.bytes, text);
	for (const char *at = (const char *)f.bytes; begin && at < begin; at++)
		line += *at == '\n';
	free(f.bytes);
	return line;
}

static int assemble(const char *folder, const char *text, uint64_t at, const char *script,
		    const char *option, struct code *out, int log)
{
	char source[PATH_MAX], object[PATH_MAX], linked[PATH_MAX], place[64], entry[32];
	char *as[] = {"as", "-o", object, source, (char *)option, NULL};
	char *ld[] = {"ld",
		      "-N",
		      "--build-id=none",
		      "--no-warn-rwx-segments",
		      place,
		      "-e",
		      entry,
		      "-o",
		      linked,
		      object,
		      NULL};
	FILE *f;
	int r;

	snprintf(source, sizeof(source), "%s/code.s", folder);
	snprintf(object, sizeof(object), "%s/code.o", folder);
	snprintf(linked, sizeof(linked), "%s/code.elf", folder);
	snprintf(place, sizeof(place), "-Ttext=0x%" PRIx64, at);
	snprintf(entry, sizeof(entry), "0x%" PRIx64, at);
	f = fopen(source, "we");
	if (!f)
		return -errno;
	/* Errors are to be told at the script's line. */
	fprintf(f, "# %d \"%s\"\n%s\n", line_of(script, text), script, text);
	if (fclose(f))
		return -EIO;
	r = code_run_tool(as, log);
	if (!r)
		r = code_run_tool(ld, log);
	if (!r)
		r = take(linked, at, out);
	unlink(source);
	unlink(object);
	unlink(linked);
	return r;
}

struct request {
	const char *text, *script, *option;
	uint64_t at;
	struct code *out;
};

static int assemble_request(const char *folder, int log, void *arg)
{
	const struct request *q = arg;

	return assemble(folder, q->text, q->at, q->script, q->option, q->out, log);
}

int asm_make(const char *text, uint64_t at, const char *id, const char *path, const char *option,
	     struct code *out, char **messages)
{
	struct request request = {text, path, option, at, out};

	*messages = NULL;
	if (!find_prebuilt(text, at, id, out))
		return 0;
	return code_make(assemble_request, &request, messages);
}
