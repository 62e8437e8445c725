/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that a RISC-V board boots: ELF64, RISC-V Image, raw bytes. */
#include <elf.h>

#include "arch.h"
#include "arch/riscv/board.h"
#include "arch/riscv/image_riscv.h"

/* Where kernels expect to lie: one large page above the start of RAM, which firmware had once. */
#define RAW_DEFAULT (RAM_BASE + 0x200000)

int arch_image(const struct config *config, struct image *img)
{
	int r;

	if (img->format == IMAGE_ELF) {
		if (img->elf_machine != EM_RISCV || img->bits != 64)
			return image_bad(
				img,
				"an ELF%u file of machine %u: this kvmbed runs 64-bit RISC-V (machine %u)",
				img->bits, img->elf_machine, EM_RISCV);
		return 0;
	}
	if (!config->raw) {
		r = image_riscv(img, RAM_BASE);
		if (r)
			return r < 0 ? r : 0;
	}
	return image_raw(img, config->have_load_addr ? config->load_addr : RAW_DEFAULT);
}
