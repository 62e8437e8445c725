/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF (System V ABI, chapters 4 and 5); see image_elf.h. */
#include "image_elf.h"

#include <errno.h>
#include <gelf.h>
#include <inttypes.h>

#include "library.h"

#define SONAME "libelf.so.1"
LIBRARY_NOTE(SONAME, "elf", "Guest images in ELF");

#define LIBELF(F)         \
	F(elf_end)        \
	F(elf_errmsg)     \
	F(elf_getphdrnum) \
	F(elf_kind)       \
	F(elf_memory)     \
	F(elf_version)    \
	F(gelf_fsize)     \
	F(gelf_getehdr)   \
	F(gelf_getphdr)

static const char *const names[] = {
#define F(name) #name,
	LIBELF(F)
#undef F
};

#define NR_FUNCTIONS (sizeof(names) / sizeof(names[0]))

static union {
	struct {
#define F(name) __typeof__(name) *name;
		LIBELF(F)
#undef F
	};
	void *functions[NR_FUNCTIONS];
} lib;

static const struct library libelf = {
	.soname = SONAME,
	.package = "libelf1 (libelf1t64)",
	.names = names,
	.functions = lib.functions,
	.nr = NR_FUNCTIONS,
};

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
	if (lib.elf_getphdrnum(elf, &n))
		return image_bad(img, "bad ELF file: %s", lib.elf_errmsg(-1));
	if (n && eh->e_phentsize != lib.gelf_fsize(elf, ELF_T_PHDR, 1, EV_CURRENT))
		return image_bad(img, "bad ELF file: program headers of %u bytes", eh->e_phentsize);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		int r;

		if (!lib.gelf_getphdr(elf, (int)i, &ph))
			return image_bad(img, "bad ELF file: program header %zu of %zu: %s", i, n,
					 lib.elf_errmsg(-1));
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

	if (lib.elf_kind(elf) != ELF_K_ELF || !lib.gelf_getehdr(elf, &eh))
		return image_bad(img, "bad ELF file: %s",
				 elf ? "its header is damaged or truncated" : lib.elf_errmsg(-1));
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

int image_elf(struct image *img)
{
	Elf *elf;
	int r;

	r = library_load(&libelf);
	if (r)
		return r;
	if (lib.elf_version(EV_CURRENT) == EV_NONE)
		return image_bad(img, "this libelf is too old: %s", lib.elf_errmsg(-1));
	elf = lib.elf_memory((char *)img->data, img->size);
	r = read_elf(img, elf);
	lib.elf_end(elf);
	return r;
}
