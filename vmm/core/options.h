/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command-line options as tables: parsing and --help come from the same rows.
 * Parsing is getopt_long()'s, so --opt=VALUE, --opt VALUE and unambiguous
 * abbreviations work.
 */
#ifndef KVMBED_OPTIONS_H
#define KVMBED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct option_desc {
	const char *name; /* without dashes */
	char letter;	  /* its short form, or 0 */
	/*
	 * What --help calls the value: "SIZE". "[=FILE]" for a value that may be
	 * left out (then it is given as --name=VALUE only). NULL if it takes none.
	 */
	const char *arg;
	const char *help; /* one line; NULL hides a row from --help (an alias) */
	/*
	 * Stores the value (NULL if there is none) into @target. Returns NULL,
	 * or a sentence without a full stop that says what a good value is
	 * ("must be from 1 to 64").
	 */
	const char *(*set)(void *target, const char *value);
};

/*
 * Parses argv[1..] against the tables (each ended by a NULL name, the list by a
 * NULL table). Options and operands may be mixed; "--" ends the options.
 * Returns the index in @argv of the first operand (operands are moved to the
 * end, as getopt does), or -EINVAL or -ENOMEM after a one-line message. Not
 * thread-safe, as getopt is not. A letter stands in one row only.
 */
int options_parse(int argc, char **argv, const struct option_desc *const *tables, void *target);

/* Prints the rows of one table, aligned. */
void options_help(FILE *out, const struct option_desc *table);

/*
 * Values. A number is decimal or 0x hexadecimal; a size may end in K, M, G or T
 * (powers of 1024; small letters too). -EINVAL for anything else, -ERANGE beyond 64 bits.
 */
int parse_u64(const char *text, uint64_t *value);
int parse_size(const char *text, uint64_t *bytes);

#endif
