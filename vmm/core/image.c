/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest image taken apart, and whole files; see image.h. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg.h"

const void *image_bytes(const struct image *img, uint64_t offset, uint64_t len)
{
	if (offset > img->size || len > img->size - offset)
		return NULL;
	return img->data + offset;
}

int image_bad(const struct image *img, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	msg_error("%s: %s", img->path, why);
	return -ENOEXEC;
}

int image_add_segment(struct image *img, const struct image_segment *seg)
{
	const unsigned int room = sizeof(img->seg) / sizeof(img->seg[0]);

	if (!image_bytes(img, seg->offset, seg->file_size)) {
		image_bad(img,
			  "truncated: the segment at gpa 0x%" PRIx64 " wants %" PRIu64
			  " bytes from offset 0x%" PRIx64 ", the file has %" PRIu64,
			  seg->gpa, seg->file_size, seg->offset, img->size);
		return -EINVAL;
	}
	if (seg->mem_size < seg->file_size) {
		image_bad(img,
			  "the segment at gpa 0x%" PRIx64 " has %" PRIu64
			  " bytes in the file and only %" PRIu64 " in memory",
			  seg->gpa, seg->file_size, seg->mem_size);
		return -EINVAL;
	}
	if (seg->gpa + seg->mem_size < seg->gpa) {
		image_bad(img,
			  "the segment at gpa 0x%" PRIx64 " of 0x%" PRIx64
			  " bytes passes the end of the address space",
			  seg->gpa, seg->mem_size);
		return -EINVAL;
	}
	if (img->nr_seg == room) {
		image_bad(img, "more than %u segments to load", room);
		return -E2BIG;
	}
	img->seg[img->nr_seg++] = *seg;
	return 0;
}

int image_raw(struct image *img, uint64_t gpa)
{
	const struct image_segment seg = {
		.gpa = gpa, .file_size = img->size, .mem_size = img->size};

	img->format = IMAGE_RAW;
	img->format_name = "raw";
	img->entry = gpa;
	img->nr_seg = 0;
	return image_add_segment(img, &seg);
}

bool image_has(const struct image *img, uint64_t gpa)
{
	for (unsigned int i = 0; i < img->nr_seg; i++) {
		if (gpa - img->seg[i].gpa < img->seg[i].mem_size)
			return true;
	}
	return false;
}

/* Reads until @size or the end of the file; the count, or -errno. */
static ssize_t read_all(int fd, uint8_t *buf, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, buf + got, size - got);

		if (!n)
			break;
		if (n > 0)
			got += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)got;
}

static int read_open_file(int fd, const char *path, uint64_t limit, uint8_t **data, uint64_t *size,
			  const char *what)
{
	struct stat st;
	uint8_t *buf;
	ssize_t n;

	if (fstat(fd, &st)) {
		n = -errno;
		msg_error("Fatal: Unable to open %s %s: %s", what, path, strerror((int)-n));
		return (int)n;
	}
	if (!S_ISREG(st.st_mode)) {
		msg_error("%s %s is %s: give a plain file", what, path,
			  S_ISDIR(st.st_mode)	 ? "a directory"
			  : S_ISFIFO(st.st_mode) ? "a pipe"
						 : "a device or socket");
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOEXEC;
	}
	if ((uint64_t)st.st_size > limit) {
		msg_error("%s %s is too large: %" PRIu64 " bytes, the limit is %" PRIu64, what,
			  path, (uint64_t)st.st_size, limit);
		return -EFBIG;
	}
	/* One byte more, so that an empty file is not a failed allocation. */
	buf = malloc((size_t)st.st_size + 1);
	if (!buf) {
		msg_error("%s %s: no memory for its %" PRIu64 " bytes", what, path,
			  (uint64_t)st.st_size);
		return -ENOMEM;
	}
	n = read_all(fd, buf, (size_t)st.st_size);
	if (n < 0) {
		msg_error("%s %s: reading it failed: %s", what, path, strerror((int)-n));
		free(buf);
		return (int)n;
	}
	*data = buf;
	*size = (uint64_t)n;
	return 0;
}

int file_read(const char *path, uint64_t limit, uint8_t **data, uint64_t *size, const char *what)
{
	/* O_NONBLOCK so that a FIFO is refused and not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

	if (fd < 0) {
		r = -errno;
		/* In these words: kvm-unit-tests' harness looks for them to know that we are alive. */
		msg_error("Fatal: Unable to open %s %s: %s", what, path, strerror(-r));
		return r;
	}
	r = read_open_file(fd, path, limit, data, size, what);
	close(fd);
	return r;
}
