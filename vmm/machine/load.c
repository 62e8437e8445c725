/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading: ELF by image_elf.c, the rest through the architecture; see load.h.
 */
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "image_elf.h"
#include "msg.h"

static bool starts_with(const struct image *img, const char *magic, size_t len)
{
	const void *p = image_bytes(img, 0, len);

	return p && !memcmp(p, magic, len);
}

/* Files that people try and that no architecture starts as they are; the alternative is a guest of garbage. */
static int refuse_packed(const struct image *img)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what;
	} packed[] = {
		{"\x1f\x8b", 2, "gzip-compressed: unpack it with gunzip"},
		{"\xfd"
		 "7zXZ",
		 5, "xz-compressed: unpack it with unxz"},
		{"\x28\xb5\x2f\xfd", 4, "zstd-compressed: unpack it with unzstd"},
		{"MZ\0\0zimg", 8, "a compressed EFI kernel (zboot): unpack it first"},
	};

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		if (starts_with(img, packed[i].magic, packed[i].len))
			return image_bad(img, "%s, or use --raw to load it as it is",
					 packed[i].what);
	}
	return 0;
}

static int parse(const struct config *config, struct image *img)
{
	int r = 0;

	if (!img->size)
		return image_bad(img, "is empty");
	if (!config->raw) {
		r = refuse_packed(img);
		if (!r && starts_with(img, ELFMAG, SELFMAG))
			r = image_elf(img);
	}
	if (!r)
		r = arch_image(config, img);
	if (!r && !image_has(img, img->entry))
		r = image_bad(img, "its entry point 0x%" PRIx64 " is in none of its segments",
			      img->entry);
	return r;
}

int image_open(const char *path, const struct config *config, struct image *img)
{
	int r;

	*img = (struct image){.path = path, .format = IMAGE_RAW, .format_name = "raw"};
	r = file_read(path, IMAGE_LIMIT, &img->data, &img->size, "kernel");
	if (r)
		return r;
	r = parse(config, img);
	if (r)
		image_close(img);
	else
		msg_debug("%s: %s, %u segments, entry 0x%" PRIx64, path, img->format_name,
			  img->nr_seg, img->entry);
	return r;
}

int image_load(struct vm *vm, const struct image *img)
{
	struct place before = vm->place;

	for (unsigned int i = 0; i < img->nr_seg; i++) {
		int r = place_at(&vm->place, &vm->mem, img->seg[i].gpa, img->seg[i].mem_size,
				 "kernel");

		if (r) {
			vm->place = before;
			return r;
		}
	}
	for (unsigned int i = 0; i < img->nr_seg; i++) {
		const struct image_segment *seg = &img->seg[i];
		uint8_t *to = mem_ptr(&vm->mem, seg->gpa, seg->mem_size);

		/* What was placed lies in one range; an empty segment has no place. */
		if (!to)
			continue;
		memcpy(to, img->data + seg->offset, seg->file_size);
		memset(to + seg->file_size, 0, seg->mem_size - seg->file_size);
	}
	return 0;
}

void image_close(struct image *img)
{
	free(img->data);
	*img = (struct image){0};
}
