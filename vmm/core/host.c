/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading /proc, /sys and the kernel's log; see host.h. */
#include "host.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "json.h"

/* syslog(2) */
#define SYSLOG_ACTION_READ_ALL	  3
#define SYSLOG_ACTION_SIZE_BUFFER 10

int host_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	size_t n = 0;
	ssize_t r = 0;

	*buf = '\0';
	if (fd < 0)
		return -errno;
	while (n < size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0)
		n += r;
	err = r < 0 ? -errno : 0;
	close(fd);
	if (err)
		n = 0;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return err ? err : (int)n;
}

bool host_cpuinfo(const char *name, char *buf, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	size_t len = strlen(name), room = 0;
	char *line = NULL;
	bool found = false;

	*buf = '\0';
	if (!f)
		return false;
	while (!found && getline(&line, &room, f) > 0) {
		char *value = line + len;

		if (strncmp(line, name, len))
			continue;
		value += strspn(value, " \t");
		if (*value != ':')
			continue;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, "\n")] = '\0';
		snprintf(buf, size, "%s", value);
		found = true;
	}
	free(line);
	fclose(f);
	return found;
}

bool host_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, " \t\n")) {
		at += strspn(at, " \t\n");
		if (len && !strncmp(at, word, len) && strchr(" \t\n", at[len]))
			return true;
	}
	return false;
}

bool host_has_module(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static int by_name(const void *a, const void *b)
{
	const struct dirent *const *x = a, *const *y = b;

	return strcmp((*x)->d_name, (*y)->d_name);
}

void host_module_parameters(const char *module, struct json *out)
{
	struct dirent **entries;
	char path[384], value[256];
	int n;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters", module);
	n = scandir(path, &entries, NULL, NULL);
	if (n < 0)
		return;
	qsort(entries, n, sizeof(struct dirent *), by_name);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
			 entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && host_read(path, value, sizeof(value)) >= 0)
			json_set(out, entries[i]->d_name, json_string("%s", value));
		free(entries[i]);
	}
	free(entries);
}

static bool contains_any(const char *line, const char *const *needles)
{
	for (; *needles; needles++) {
		if (strstr(line, *needles))
			return true;
	}
	return false;
}

/* Behind "<6>[    0.123456] ". */
static const char *without_time(const char *line)
{
	if (*line == '<')
		line += strcspn(line, ">") + 1;
	if (*line == '[')
		line += strcspn(line, "]") + 1;
	return line + strspn(line, " ");
}

int host_kernel_log(const char *const *needles, char *buf, size_t size)
{
	int room = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0), n, err = -ENOENT;
	char *log, *state = NULL;

	*buf = '\0';
	if (room < 0)
		return -errno;
	log = malloc((size_t)room + 1);
	if (!log)
		return -ENOMEM;
	n = klogctl(SYSLOG_ACTION_READ_ALL, log, room);
	if (n < 0)
		err = -errno;
	log[n < 0 ? 0 : n] = '\0';
	for (char *line = strtok_r(log, "\n", &state); line && err == -ENOENT;
	     line = strtok_r(NULL, "\n", &state)) {
		if (contains_any(line, needles)) {
			snprintf(buf, size, "%s", without_time(line));
			err = 0;
		}
	}
	free(log);
	return err;
}

int host_release_compare(const char *a, const char *b)
{
	for (int part = 0; part < 4; part++) {
		unsigned long x = 0, y = 0;
		char *end;

		if (isdigit((unsigned char)*a)) {
			x = strtoul(a, &end, 10);
			a = end;
		}
		if (isdigit((unsigned char)*b)) {
			y = strtoul(b, &end, 10);
			b = end;
		}
		if (x != y)
			return x < y ? -1 : 1;
		/* What follows anything but a dot ("-18-amd64") is the distribution's. */
		a = *a == '.' ? a + 1 : "";
		b = *b == '.' ? b + 1 : "";
	}
	return 0;
}
