/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With libFuzzer: puts a target's seeds where libFuzzer looks for inputs, the directory named by FUZZ_CORPUS. */
#include "fuzz.h"

#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned int nr;

static void save(const void *data, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/seed-%u", getenv("FUZZ_CORPUS"), nr++);
	f = fopen(path, "we");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (getenv("FUZZ_CORPUS"))
		fuzz_seeds(save);
	return 0;
}
