/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform test device, from a guest: its registers (devices/testdev_regs.h) and what is done with them often. */
#ifndef GUEST_TESTDEV_H
#define GUEST_TESTDEV_H

#include "guest.h"
#include "devices/testdev_regs.h"

static inline uint32_t testdev_read(unsigned int reg)
{
	return mmio_read32(machine.testdev + reg);
}

static inline void testdev_write(unsigned int reg, uint32_t value)
{
	mmio_write32(machine.testdev + reg, value);
}

/* A register of two words. */
static inline uint64_t testdev_read64(unsigned int reg)
{
	return testdev_read(reg) | (uint64_t)testdev_read(reg + 4) << 32;
}

static inline bool testdev_present(void)
{
	return machine.testdev && testdev_read(TESTDEV_ID) == TESTDEV_ID_VALUE;
}

/* Lets the device send @msi; true if the interrupt controller took it. */
static inline bool testdev_send(const struct msi *msi)
{
	testdev_write(TESTDEV_MSI_ADDR, msi->address);
	testdev_write(TESTDEV_MSI_ADDR + 4, msi->address >> 32);
	testdev_write(TESTDEV_MSI_DATA, msi->data);
	testdev_write(TESTDEV_MSI_SEND, msi->devid);
	return testdev_read(TESTDEV_MSI_SEND);
}

#endif
