/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's log says of trouble; see test.h. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each of these says that the kernel has seen something that must not happen; as lab/kvmlab looks for. */
static const char trouble[] =
	"BUG: |WARNING: |Oops|Unable to handle kernel|Internal error: |Kernel panic|"
	"general protection fault[,:]|kernel BUG at|INFO: task .* blocked|INFO: rcu|rcu: INFO: |"
	"suspicious RCU|possible .*locking|UBSAN: |KASAN: |KFENCE: |refcount_t: |"
	"list_(add|del) corruption|soft lockup|hard LOCKUP";

#define MOST_LINES 40

/* "level,number,time,flags;message\n": the message, or NULL. What user space has written has a facility above the level. */
static const char *kernels_message(char *record)
{
	char *message = strchr(record, ';');

	record[strcspn(record, "\n")] = '\0';
	return message && !(strtoul(record, NULL, 10) >> 3) ? message + 1 : NULL;
}

char *kernel_trouble_in(int fd)
{
	static regex_t pattern;
	static bool compiled;
	char record[2048], *text = NULL;
	unsigned int lines = 0;
	size_t size = 0;
	ssize_t n;
	FILE *out;

	if (!compiled && regcomp(&pattern, trouble, REG_EXTENDED | REG_NOSUB))
		return NULL;
	compiled = true;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	/* A record a read. EPIPE: some were overwritten. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		const char *line;

		if (n < 0)
			continue;
		record[n] = '\0';
		line = kernels_message(record);
		if (line && (lines || !regexec(&pattern, line, 0, NULL, 0)) && lines++ < MOST_LINES)
			fprintf(out, "%s\n", line);
	}
	if (fclose(out) || !lines) {
		free(text);
		return NULL;
	}
	return text;
}

char *kernel_trouble(void)
{
	static int fd = -1;
	static bool tried;

	if (!tried) {
		/* Users may be kept from it; then nothing is known. */
		tried = true;
		fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
			close(fd);
			fd = -1;
		}
		return NULL;
	}
	return fd < 0 ? NULL : kernel_trouble_in(fd);
}
