/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading: ELF through libelf (System V ABI, chapters 4 and 5), the rest
 * through the architecture; see load.h.
 */
#include "load.h"

#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "msg.h"

/*
 * An entry point is a virtual address by the specification, and gets its
 * segment's offset from virtual to physical. Linux's x86 vmlinux has a physical
 * one: it lies in no segment as a virtual address, and is left as it is.
 */
struct entry {
	uint64_t wanted;
	bool found; /* as a virtual address */
};

static int add_load(struct image *img, const GElf_Phdr *ph, struct entry *entry)
{
	const struct image_segment seg = {
		.gpa = ph->p_paddr,
		.offset = ph->p_offset,
		.file_size = ph->p_filesz,
		.mem_size = ph->p_memsz,
	};

	if (!ph->p_memsz && !ph->p_filesz)
		return 0;
	if (img->bits == 32 && seg.gpa + seg.mem_size > 1ULL << 32)
		return image_bad(img,
				 "the segment at gpa 0x%" PRIx64 " of 0x%" PRIx64
				 " bytes passes 4 GiB in a 32-bit ELF file",
				 seg.gpa, seg.mem_size);
	if (!entry->found && entry->wanted - ph->p_vaddr < ph->p_memsz) {
		entry->found = true;
		img->entry = entry->wanted - ph->p_vaddr + ph->p_paddr;
	}
	return image_add_segment(img, &seg);
}

static int read_segments(struct image *img, Elf *elf, const GElf_Ehdr *eh)
{
	struct entry entry = {.wanted = eh->e_entry};
	size_t n;

	img->entry = eh->e_entry;
	if (elf_getphdrnum(elf, &n))
		return image_bad(img, "bad ELF file: %s", elf_errmsg(-1));
	if (n && eh->e_phentsize != gelf_fsize(elf, ELF_T_PHDR, 1, EV_CURRENT))
		return image_bad(img, "bad ELF file: program headers of %u bytes", eh->e_phentsize);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		int r;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return image_bad(img, "bad ELF file: program header %zu of %zu: %s", i, n,
					 elf_errmsg(-1));
		if (ph.p_type != PT_LOAD)
			continue;
		r = add_load(img, &ph, &entry);
		if (r)
			return r;
	}
	if (!img->nr_seg)
		return image_bad(img, "nothing to load: the ELF file has no PT_LOAD segment");
	return 0;
}

static int read_elf(struct image *img, Elf *elf)
{
	GElf_Ehdr eh;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		return image_bad(img, "bad ELF file: %s",
				 elf ? "its header is damaged or truncated" : elf_errmsg(-1));
	if (eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return image_bad(img, "a big-endian ELF file: guests here are little-endian");
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return image_bad(img, "an ELF file, but not a linked program (e_type is %u)",
				 eh.e_type);
	img->format = IMAGE_ELF;
	img->bits = eh.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	img->format_name = img->bits == 64 ? "ELF64" : "ELF32";
	img->elf_machine = eh.e_machine;
	return read_segments(img, elf, &eh);
}

static int parse_elf(struct image *img)
{
	Elf *elf;
	int r;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return image_bad(img, "this libelf is too old: %s", elf_errmsg(-1));
	elf = elf_memory((char *)img->data, img->size);
	r = read_elf(img, elf);
	elf_end(elf);
	return r;
}

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
			r = parse_elf(img);
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
