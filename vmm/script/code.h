/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest code of scripts as the linker made it, and what finding and making it takes. One thread at a time. */
#ifndef KVMBED_SCRIPT_CODE_H
#define KVMBED_SCRIPT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_symbol {
	char *name;
	uint64_t value;
};

struct code {
	uint64_t at;		     /* gpa of the first byte */
	uint64_t entry;		     /* gpa */
	uint8_t *bytes;		     /* as they are to lie from there on */
	size_t size;		     /* at most 16 MiB */
	struct code_symbol *symbols; /* labels, functions, variables */
	unsigned int nr_symbols;
};

/* An ELF64 file. 0 and the code, to be freed; -errno of reading, -ENOMEM, -EINVAL for a file that is none of ours. */
int code_read(const char *path, struct code *out);
void code_free(struct code *code);

/* A whole file; bytes[size] is 0. 0 and bytes to be freed, or -errno and nothing to free. One beyond 16 MiB is cut. */
struct code_file {
	uint8_t *bytes;
	size_t size;
};
int code_read_file(const char *path, struct code_file *out);
/* Has the file these bytes, and no others? */
bool code_same_file(const char *path, const void *bytes, size_t size);

/*
 * The path of @name in the first of these folders that has it; they are ended
 * by NULL, and seen from the folder of this program. 0 or -ENOENT.
 */
int code_beside(const char *const *places, const char *name, char *path, size_t size);

/* Runs a program to its end, with both outputs into the descriptor. 0; -EINVAL if it failed; -errno. */
int code_run_tool(char *const argv[], int output);
/*
 * Calls make() with an empty folder, in which it leaves nothing, and a
 * descriptor for what tools say. What it returns; if that is not 0, *@messages
 * is the beginning of what was said, to be freed (NULL if there was no folder).
 */
int code_make(int (*make)(const char *folder, int log, void *arg), void *arg, char **messages);

#endif
