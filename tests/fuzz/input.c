/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inputs as programs; see fuzz.h. */
#include "fuzz.h"

#include "bus.h"

/* The first byte of an operation: bits 0-2 the size less one, bit 3 a write, bits 4-6 the window, bit 7 something else. */
#define OP_WRITE 0x08u
#define OP_OTHER 0x80u

uint64_t fuzz_number(struct fuzz_input *in, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && in->left; i++) {
		value |= (uint64_t)*in->data++ << (8 * i);
		in->left--;
	}
	return value;
}

void fuzz_bus(struct fuzz_input *in, const struct fuzz_window *windows, unsigned int nr,
	      void (*other)(void *ctx, unsigned int what, struct fuzz_input *in), void *ctx)
{
	while (in->left) {
		unsigned int op = (unsigned int)fuzz_number(in, 1), size = (op & 7) + 1;
		const struct fuzz_window *w = &windows[(op >> 4 & 7) % nr];
		uint64_t addr, value = 0;

		if (op & OP_OTHER) {
			if (other)
				other(ctx, op & 0x7f, in);
			continue;
		}
		/* Two bytes of offset where they reach, so that inputs stay short; the end is passed by a few bytes. */
		addr = w->base + fuzz_number(in, w->size <= 0x10000 ? 2 : 4) % (w->size + 4);
		if (op & OP_WRITE) {
			bus_write(w->bus, addr, size, fuzz_number(in, size));
		} else {
			bus_read(w->bus, addr, size, &value);
			FUZZ_CHECK(size == 8 || !(value >> (8 * size)));
		}
	}
}

size_t fuzz_access(uint8_t *to, unsigned int window, uint32_t offset, unsigned int size, bool write,
		   uint64_t value)
{
	/* Seeds are for windows of at most 64 KiB: see fuzz_bus(). */
	size_t n = 0;

	to[n++] = (uint8_t)((size - 1) | (write ? OP_WRITE : 0) | window << 4);
	to[n++] = (uint8_t)offset;
	to[n++] = (uint8_t)(offset >> 8);
	for (unsigned int i = 0; write && i < size; i++)
		to[n++] = (uint8_t)(value >> (8 * i));
	return n;
}
