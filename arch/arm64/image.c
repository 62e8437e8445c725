/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which images an arm64 guest can be, and where raw ones go: an AArch64 ELF
 * file at its addresses, a Linux Image (image_arm64.c), bytes at kvmtool's
 * place for a kernel; with --aarch32 an ELF file for 32-bit Arm, or bytes.
 */
#include <elf.h>

#include "arch.h"
#include "arch/arm64/arm64.h"
#include "arch/arm64/board.h"
#include "arch/arm64/image_arm64.h"

/* Where kernels that need not say so were linked to begin, from the start of RAM. */
#define RAW_OFFSET	   0x80000ull
#define RAW_OFFSET_AARCH32 0x8000ull

static int check_elf(const struct config *config, const struct image *img)
{
	bool aarch32 = config->arch->aarch32;

	if (img->elf_machine == EM_ARM && img->bits == 32) {
		if (!aarch32)
			return image_bad(img, "a 32-bit Arm image: give --aarch32 to run it");
	} else if (img->elf_machine == EM_AARCH64 && img->bits == 64) {
		if (aarch32)
			return image_bad(img, "a 64-bit Arm image: leave out --aarch32 to run it");
	} else {
		return image_bad(img,
				 "an ELF%u image for machine %u, not for Arm: this kvmbed runs "
				 "AArch64 (machine %u) and, with --aarch32, Arm (machine %u)",
				 img->bits, img->elf_machine, EM_AARCH64, EM_ARM);
	}
	return 0;
}

int arch_image(const struct config *config, struct image *img)
{
	bool aarch32 = config->arch->aarch32;
	/* Here because this is asked first, before any host is. */
	int r = arm64_check_config(config);

	if (r)
		return r;
	if (img->format == IMAGE_ELF)
		return check_elf(config, img);
	if (!config->raw && !aarch32) {
		r = image_arm64(img, RAM_BASE);
		if (r)
			return r < 0 ? r : 0;
	}
	if (config->have_load_addr)
		return image_raw(img, config->load_addr);
	return image_raw(img, RAM_BASE + (aarch32 ? RAW_OFFSET_AARCH32 : RAW_OFFSET));
}
