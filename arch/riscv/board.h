/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RISC-V board: what the guest finds where. Addresses that QEMU's virt
 * machine and kvmtool agree on are theirs, because guests know the serial port
 * and the test finisher by heart; everything is in the device tree for all
 * others.
 *
 *	address      size      what                                      source
 *	0x0010_0000  4 KiB     SiFive test finisher (exit device)
 *	0x0c00_0000  2 MiB +   PLIC, 4 KiB a hart (without the AIA)
 *	0x0d00_0000  16 KiB    APLIC, supervisor domain (with the AIA)
 *	0x1000_0000  8         ns16550a UART                             10
 *	0x1000_1000  32 KiB    virtio-mmio window (none yet)             1-8
 *	0x1100_0000  4 KiB     kvmbed test device                        16-19
 *	0x1101_0000  1         pvpanic
 *	0x1f00_0000  16 MiB    always empty: guests try wild accesses here
 *	0x2800_0000  4 KiB     IMSIC, supervisor file of each hart (with the AIA)
 *	             a hart
 *	0x3000_0000  256 MiB   PCI configuration space (none yet)
 *	0x4000_0000  1 GiB     PCI memory (none yet)
 *	0x8000_0000  --mem     RAM, in one piece
 *
 * A source is an input of the PLIC or of the APLIC: the same number in both.
 */
#ifndef KVMBED_RISCV_BOARD_H
#define KVMBED_RISCV_BOARD_H

#define FINISHER_BASE 0x00100000ull

#define PLIC_BASE	   0x0c000000ull
#define PLIC_PRIORITY_BITS 3u /* as in SiFive's chips: priorities 0 to 7 */

#define APLIC_BASE 0x0d000000ull
#define IMSIC_BASE 0x28000000ull

#define UART_BASE   0x10000000ull
#define UART_CLOCK  3686400u /* Hz: a divisor of 2 gives 115200 baud */
#define UART_SOURCE 10u

#define TESTDEV_BASE   0x11000000ull
#define TESTDEV_SOURCE 16u /* and the TESTDEV_MAX_IRQS - 1 after it */

#define PVPANIC_BASE 0x11010000ull

#define HOLE_BASE 0x1f000000ull
#define HOLE_SIZE 0x01000000ull

#define RAM_BASE 0x80000000ull

/* Sources are numbered 1 to NR_SOURCES. */
#define NR_SOURCES 96u

/* Device-tree interrupt specifiers (bindings/interrupt-controller/riscv,aplic.yaml). */
#define IRQ_TYPE_LEVEL_HIGH 4u
/* The external interrupt of supervisor mode (Privileged Architecture, table of scause). */
#define IRQ_S_EXT 9u

#endif
