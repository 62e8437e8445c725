/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fuzz target is made of. tests/fuzz/fuzz_NAME.c implements the first
 * two functions; `make fuzz` builds and runs it, with libFuzzer where clang has
 * it, else with driver.c. A run of `build/fuzz/fuzz_NAME FILE` repeats one input.
 *
 * A target keeps nothing from one input to the next: what fails must fail again.
 */
#ifndef KVMBED_TESTS_FUZZ_H
#define KVMBED_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Tries one input; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Gives @add good inputs, which are changed from there. */
void fuzz_seeds(void (*add)(const void *data, size_t size));

/* Something that must hold; the sanitizer's report shows the line. */
#define FUZZ_CHECK(condition)     \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* An input that is taken as a program: numbers off its front. Past the end all are 0. */
struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

uint64_t fuzz_number(struct fuzz_input *in, unsigned int bytes);

struct bus;

/* Addresses of interest on a bus. */
struct fuzz_window {
	struct bus *bus;
	uint64_t base, size;
};

/*
 * Plays a guest until the input ends: reads and writes of 1 to 8 bytes in the
 * windows, and a little past their ends. @other is called in between with a
 * number from the input, for what comes to the device from elsewhere; it may be
 * NULL. A value read must not have bits above its size.
 */
void fuzz_bus(struct fuzz_input *in, const struct fuzz_window *windows, unsigned int nr,
	      void (*other)(void *ctx, unsigned int what, struct fuzz_input *in), void *ctx);

/* A seed for fuzz_bus(): one access. Returns the bytes written to @to, at most FUZZ_ACCESS. */
#define FUZZ_ACCESS 16
size_t fuzz_access(uint8_t *to, unsigned int window, uint32_t offset, unsigned int size, bool write,
		   uint64_t value);

#endif
