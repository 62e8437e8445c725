/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzing without libFuzzer: changes the seeds at random and tries the result.
 * It learns nothing from what the code does, but it runs wherever a sanitizer
 * does.
 *
 *	fuzz_NAME -s SECONDS [-r SEED] [-o PREFIX]
 *	fuzz_NAME FILE...
 *
 * The same SEED gives the same inputs. The input that fails is written to
 * PREFIX followed by "crash".
 */
#include "fuzz.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_INPUT 16384
#define MAX_SEEDS 64
/* An input that takes longer hangs. */
#define HANG_SECONDS 20

static struct {
	uint8_t *data;
	size_t size;
} seeds[MAX_SEEDS];
static unsigned int nr_seeds;

/* The input being tried, for the last words. */
static uint8_t input[MAX_INPUT];
static size_t input_size;
static uint64_t first_seed, tries;
static const char *prefix = "";
static int report = STDERR_FILENO;

/* xorshift64* (Vigna, 2016): good enough, and the same everywhere. */
static uint64_t state;

static uint64_t rnd(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL % below;
}

static void add_seed(const void *data, size_t size)
{
	if (nr_seeds == MAX_SEEDS || size > MAX_INPUT)
		abort();
	seeds[nr_seeds].data = malloc(size + 1);
	memcpy(seeds[nr_seeds].data, data, size);
	seeds[nr_seeds++].size = size;
}

static void put_number(size_t at, uint64_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size && at + i < input_size; i++)
		input[at + i] = (uint8_t)(value >> (8 * i));
}

/* One change, of a kind that finds what checks forget. */
static void change(void)
{
	static const uint64_t edges[] = {
		0,	    1,		2,	     4,		7,	    8,
		0x10,	    0x7f,	0x80,	     0xff,	0x100,	    0xfff,
		0x1000,	    0x7fff,	0x8000,	     0xffff,	0x10000,    0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, INT64_MAX, 1ULL << 63, UINT64_MAX - 1,
		UINT64_MAX,
	};
	unsigned int other = (unsigned int)rnd(nr_seeds), width = 1u << rnd(4);
	size_t at = rnd(input_size + 1), len = 1 + rnd(16), room = MAX_INPUT - input_size;

	switch (rnd(8)) {
	case 0:
		if (at < input_size)
			input[at] ^= (uint8_t)(1 << rnd(8));
		break;
	case 1:
		if (at < input_size)
			input[at] = (uint8_t)rnd(256);
		break;
	case 2:
		/* Mostly where a number would be. */
		if (rnd(4))
			at &= ~(size_t)(width - 1);
		put_number(at, edges[rnd(ARRAY_SIZE(edges))], width);
		break;
	case 3: /* a number a little bigger or smaller */
		for (uint64_t add = rnd(9) - 4; at < input_size && add; at++, add >>= 8) {
			add += input[at];
			input[at] = (uint8_t)add;
		}
		break;
	case 4: /* out */
		if (len > input_size - at)
			len = input_size - at;
		memmove(input + at, input + at + len, input_size - at - len);
		input_size -= len;
		break;
	case 5: /* in */
		if (len > room)
			len = room;
		memmove(input + at + len, input + at, input_size - at);
		for (size_t i = 0; i < len; i++)
			input[at + i] = (uint8_t)rnd(256);
		input_size += len;
		break;
	case 6: /* cut off */
		if (!rnd(4))
			input_size = at;
		break;
	default: /* a piece of another seed */
		if (seeds[other].size) {
			size_t from = rnd(seeds[other].size);

			for (size_t i = 0;
			     i < 4 * len && at + i < input_size && from + i < seeds[other].size;
			     i++)
				input[at + i] = seeds[other].data[from + i];
		}
	}
}

/* Async-signal-safe, but for the number's digits. */
static void last_words(void)
{
	char path[4096], text[4400];
	int fd, n;

	snprintf(path, sizeof(path), "%scrash", prefix);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, input, input_size) < 0)
		path[0] = '\0';
	n = snprintf(text, sizeof(text),
		     "failed at input %" PRIu64 " of seed %" PRIu64 "; it is in %s\n", tries,
		     first_seed, path[0] ? path : "no file: that failed, too");
	if (write(report, text, (size_t)n) < 0)
		_exit(1);
}

static void on_alarm(int sig)
{
	static const char text[] = "the input hangs\n";

	if (write(report, text, sizeof(text) - 1) < 0)
		_exit(1);
	abort();
}

/* What a target says to people would be all that one sees; sanitizers speak through the old descriptor. */
static void hush(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
	if (null < 0 || report < 0 || dup2(null, STDERR_FILENO) < 0)
		abort();
	close(null);
	__sanitizer_set_report_fd((void *)(uintptr_t)report);
}

static void try_input(void)
{
	/* A copy of exactly its size, so that ASan sees a step too far. */
	uint8_t *copy = malloc(input_size + !input_size);

	memcpy(copy, input, input_size);
	alarm(HANG_SECONDS);
	LLVMFuzzerTestOneInput(copy, input_size);
	alarm(0);
	free(copy);
	tries++;
}

static int run_file(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f) {
		perror(path);
		return 1;
	}
	input_size = fread(input, 1, sizeof(input), f);
	fclose(f);
	try_input();
	fprintf(stderr, "%s: %zu bytes, no failure\n", path, input_size);
	return 0;
}

static void run_for(unsigned int seconds)
{
	time_t end = time(NULL) + seconds;

	for (unsigned int i = 0; i < nr_seeds; i++) {
		memcpy(input, seeds[i].data, seeds[i].size);
		input_size = seeds[i].size;
		try_input();
	}
	while (time(NULL) < end) {
		unsigned int i = (unsigned int)rnd(nr_seeds);

		memcpy(input, seeds[i].data, seeds[i].size);
		input_size = seeds[i].size;
		for (uint64_t n = 1 + rnd(1ULL << rnd(4)); n; n--)
			change();
		try_input();
	}
}

int main(int argc, char **argv)
{
	unsigned int seconds = 0;
	int opt;

	first_seed = (uint64_t)time(NULL);
	while ((opt = getopt(argc, argv, "s:r:o:")) != -1) {
		if (opt == 's')
			seconds = (unsigned int)atoi(optarg);
		else if (opt == 'r')
			first_seed = strtoull(optarg, NULL, 0);
		else if (opt == 'o')
			prefix = optarg;
		else
			return 2;
	}
	signal(SIGALRM, on_alarm);
	for (int i = optind; i < argc; i++) {
		if (run_file(argv[i]))
			return 1;
	}
	if (optind < argc)
		return 0;
	state = first_seed * 0x9e3779b97f4a7c15ULL | 1;
	fuzz_seeds(add_seed);
	if (!nr_seeds)
		add_seed("", 0);
	__sanitizer_set_death_callback(last_words);
	hush();
	run_for(seconds);
	printf("%" PRIu64 " inputs, seed %" PRIu64 "\n", tries, first_seed);
	for (unsigned int i = 0; i < nr_seeds; i++)
		free(seeds[i].data);
	return 0;
}
