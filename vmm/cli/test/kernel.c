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

char *kernel_trouble(void)
{
	static int fd = -1;
	static regex_t pattern;
	static bool tried;
	char record[2048], *text = NULL, *line;
	unsigned int lines = 0;
	size_t size = 0;
	ssize_t n;
	FILE *out;

	if (!tried) {
		/* Users may be kept from it; then nothing is known. */
		tried = true;
		fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && (regcomp(&pattern, trouble, REG_EXTENDED | REG_NOSUB) ||
				lseek(fd, 0, SEEK_END) < 0)) {
			close(fd);
			fd = -1;
		}
		return NULL;
	}
	if (fd < 0)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	/* A record a read: "level,number,time,flags;message\n". EPIPE: some were overwritten. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = '\0';
		record[strcspn(record, "\n")] = '\0';
		line = strchr(record, ';');
		if (!line)
			continue;
		line++;
		if ((lines || !regexec(&pattern, line, 0, NULL, 0)) && lines++ < MOST_LINES)
			fprintf(out, "%s\n", line);
	}
	if (fclose(out) || !lines) {
		free(text);
		return NULL;
	}
	return text;
}
