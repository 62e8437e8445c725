/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test device's doorbell: each ring is counted, and the last value kept. */
#include "testdev.h"

int main(void)
{
	testdev_write(TESTDEV_CLEAR, 0);
	testdev_write(TESTDEV_DOORBELL, 0x1234);
	report(testdev_read(TESTDEV_DOORBELL) == 1, "one ring is counted once");
	report(testdev_read64(TESTDEV_RUNG) == 0x1234, "its value is kept");
	return 0;
}
