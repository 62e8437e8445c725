/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform test device, as a guest sees it: one page of memory-mapped I/O,
 * little-endian, the same on every architecture. For C and assembly.
 *
 * Below TESTDEV_WINDOW are 32-bit registers, to be accessed as such (a wider or
 * narrower read gives the bytes that lie there; another write than 32 bits,
 * aligned, is dropped, except to DOORBELL). From TESTDEV_WINDOW on, every
 * access of every width is noted: counted by direction and width, and kept as
 * the last access. The window begins with 8 bytes of scratch memory; after
 * them it reads zero and drops writes.
 */
#ifndef KVMBED_DEVICES_TESTDEV_REGS_H
#define KVMBED_DEVICES_TESTDEV_REGS_H

#define TESTDEV_SIZE 0x1000

#define TESTDEV_ID	 0x000 /* R: TESTDEV_ID_VALUE */
#define TESTDEV_NR_IRQS	 0x004 /* R: interrupt lines that are connected, 0 to 4 */
#define TESTDEV_RAISE	 0x008 /* W: raise the lines whose bits are set */
#define TESTDEV_LOWER	 0x00c /* W: lower them */
#define TESTDEV_PULSE	 0x010 /* W: raise and lower them at once */
#define TESTDEV_LEVEL	 0x014 /* R: the lines that are raised, a bit each */
#define TESTDEV_DOORBELL 0x018 /* W, 1 to 8 bytes: count it, keep the value. R: the count */
#define TESTDEV_RUNG	 0x020 /* R, 64 bits in two words: the value last written to DOORBELL */
#define TESTDEV_CLEAR	 0x028 /* W: zero READS_*, WRITES_*, LAST_*, DOORBELL and RUNG */

/*
 * A message-signalled interrupt of the device's own: address and data are
 * memory, a write of SEND sends them with the written requester id, a read
 * says whether the last one was taken (1) or had no taker (0).
 */
#define TESTDEV_MSI_ADDR 0x030 /* RW, 64 bits in two words */
#define TESTDEV_MSI_DATA 0x038
#define TESTDEV_MSI_SEND 0x03c

/* R: counts of accesses to the window by width; 32 bits each, wrapping. */
#define TESTDEV_READS_1	 0x040
#define TESTDEV_READS_2	 0x044
#define TESTDEV_READS_4	 0x048
#define TESTDEV_READS_8	 0x04c
#define TESTDEV_WRITES_1 0x050
#define TESTDEV_WRITES_2 0x054
#define TESTDEV_WRITES_4 0x058
#define TESTDEV_WRITES_8 0x05c

/* R: the last access to the window. */
#define TESTDEV_LAST_OFFSET 0x060 /* from the start of the page */
#define TESTDEV_LAST_WIDTH  0x064 /* bytes; TESTDEV_LAST_WRITE is set for a write */
#define TESTDEV_LAST_VALUE  0x068 /* 64 bits in two words: read or written */

#define TESTDEV_WINDOW	0x100
#define TESTDEV_SCRATCH 0x100 /* RW: 8 bytes of memory */

#define TESTDEV_ID_VALUE   0x5442564b /* the bytes "KVBT" */
#define TESTDEV_MAX_IRQS   4
#define TESTDEV_LAST_WRITE 0x100

#endif
