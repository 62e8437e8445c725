/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For `make bench`, not a test: stores one word after the other to addr=ADDRESS, for ever. */
#include "guest.h"

int main(void)
{
	uint64_t addr = option_number("addr", machine.hole);

	map_range(addr, GUEST_PAGE_SIZE, MAP_WRITE | MAP_DEVICE);
	for (;;)
		mmio_write32(addr, 1);
}
