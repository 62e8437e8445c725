/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For `make bench`, not a test: writes one byte after the other to port=PORT, for ever. */
#include "guest.h"

int main(void)
{
	uint16_t port = option_number("port", 0x80);

	for (;;)
		outb(port, 1);
}
