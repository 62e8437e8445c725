/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arm64 board: what the guest finds where. Addresses that kvmtool also has
 * are kvmtool's, because guests of kvm-unit-tests (TARGET=kvmtool) know some of
 * them by heart; everything is in the device tree for all others.
 *
 *	address      size      what                                     SPI
 *	0x0000_0000  64 KiB    PCI I/O ports (none yet)
 *	0x0100_0000  8 each    ns16550a UARTs 0-3, 0x1000 apart         0-3
 *	0x0101_0000  64 KiB    left free: kvmtool's RTC
 *	0x0102_0000  64 KiB    left free: kvmtool's stolen-time pages
 *	0x0103_0000  4 KiB     kvmbed test device                       8-11
 *	0x0104_0000  4 KiB     SiFive test finisher (exit device)
 *	0x0105_0000  1         pvpanic
 *	0x0200_0000  16 MiB    left free: kvmtool's flash
 *	0x0300_0000  to the    virtio-mmio window (none yet)            16-
 *	             GIC
 *	0x3fff_0000 - (n + 1) * 128 KiB
 *	             128 KiB   GICv3 ITS; n is the number of vCPUs
 *	0x3fff_0000 - n * 128 KiB
 *	             128 KiB   GICv3 redistributors, one a vCPU
 *	             each
 *	0x3ffd_0000  8 KiB     GICv2 CPU interface
 *	0x3fff_0000  64 KiB    GIC distributor
 *	0x4000_0000  256 MiB   PCI configuration space (none yet)
 *	0x5000_0000  768 MiB   PCI memory (none yet)
 *	0x8000_0000  --mem     RAM, in one piece
 *
 * Private interrupts (PPI n is INTID 16 + n) are those that KVM gives its
 * vCPUs by default: timers 10 (hypervisor), 11 (virtual), 12 (hypervisor
 * virtual), 14 (physical); 7 for the PMU; 9 for the GIC's maintenance.
 */
#ifndef KVMBED_ARM64_BOARD_H
#define KVMBED_ARM64_BOARD_H

#define UART_BASE   0x01000000ull
#define UART_STRIDE 0x1000ull
#define UART_SIZE   8ull     /* registers one byte apart */
#define UART_CLOCK  1843200u /* Hz */
#define UART_NR	    4u
#define UART_SPI    0u

#define TESTDEV_BASE 0x01030000ull
#define TESTDEV_SPI  8u

#define FINISHER_BASE 0x01040000ull
#define PVPANIC_BASE  0x01050000ull

#define GIC_DIST_BASE	  0x3fff0000ull
#define GIC_DIST_SIZE	  0x10000ull
#define GICV2_CPU_BASE	  0x3ffd0000ull
#define GICV2_CPU_SIZE	  0x2000ull
#define GICV2_MAX_VCPUS	  8u
#define GICV3_REDIST_SIZE 0x20000ull /* of one vCPU */
#define GICV3_ITS_SIZE	  0x20000ull
/* SGIs, PPIs and SPIs together; a multiple of 32. */
#define GIC_NR_IRQS 256u

#define RAM_BASE 0x80000000ull

#define PPI_MAINTENANCE	 9u
#define PPI_PMU		 7u
#define PPI_TIMER_HYP	 10u
#define PPI_TIMER_VIRT	 11u
#define PPI_TIMER_HVIRT	 12u
#define PPI_TIMER_SECURE 13u
#define PPI_TIMER_PHYS	 14u

/* Device-tree interrupt specifiers (bindings/interrupt-controller/arm,gic.yaml). */
#define GIC_FDT_SPI	    0u
#define GIC_FDT_PPI	    1u
#define IRQ_TYPE_LEVEL_HIGH 4u
#define IRQ_TYPE_LEVEL_LOW  8u

#endif
