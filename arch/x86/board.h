/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvmbed's x86 board: a PC as far as test guests need one. What a guest finds,
 * and where. Plain numbers, for C and assembly, host and guest.
 *
 * Guest physical memory
 *
 *	00000000 - 0009ffff	RAM. Page 0 is left to the guest (SIPI vectors, IVT). The boot tables, as far
 *				as they are wanted, lie at its upper end (BOARD_BOOT_TOP down).
 *	000a0000 - 000fffff	RAM as well: no VGA, no ROM. ACPI tables from BOARD_ACPI, the RSDP first.
 *	00100000 - bfffffff	RAM, as much of it as --mem gives (up to BOARD_LOW_END)
 *	c0000000 - fdffffff	nothing yet: left for PCI windows
 *	fe000000 - fe000fff	kvmbed's test device (devices/testdev_regs.h)
 *	fec00000 - fec00fff	I/O APIC: KVM's own, or devices/ioapic.c (--irqchip split)
 *	fee00000 - fee00fff	local APICs: KVM's own; nothing with --irqchip none
 *	ff000000 - ff00ffff	kvm-unit-tests' memory that is reached by exits
 *	fffbc000 - fffbffff	KVM's own pages: identity map and task state segment (VMX without unrestricted guest)
 *	100000000 -		the rest of the RAM
 *
 * Ports
 *
 *	0020, 00a0, 04d0	8259 pair and its edge/level registers: KVM's own, or devices/pic.c
 *	0040 - 0043, 0061	8254 timer: KVM's own, with --irqchip kernel only
 *	0064			keyboard controller: command 0xfe resets
 *	0080			POST codes: taken and forgotten; the usual port for a short delay
 *	00e0 - 00eb		kvm-unit-tests' latch, page flush, bytes (devices/testdev.h)
 *	00f4 - 00f7		debug exit: the status is (value << 1) | 1
 *	03f8 - 03ff		COM1, the console
 *	0505			pvpanic
 *	0510 - 0511		fw_cfg
 *	0600 - 060b		ACPI: sleep control and status, power management timer
 *	0cf8 - 0cff		PCI configuration mechanism 1 with nothing behind it; 0cf9: reset control
 *	2000 - 2017		kvm-unit-tests' interrupt lines
 *	8900			the letters of "Shutdown"
 *
 * Interrupts, as global system interrupts (GSI): 0 to 15 are those of the ISA
 * bus and reach both the 8259 pair and the I/O APIC, 16 to 23 the I/O APIC
 * alone. GSI n is input n everywhere: the timer too is input 0 of the I/O APIC,
 * as KVM has it unless told otherwise, and not 2 as on many PCs. There is no GSI
 * 2, for the pair has its cascade there.
 */
#ifndef KVMBED_X86_BOARD_H
#define KVMBED_X86_BOARD_H

#define BOARD_RAW_ADDR 0x7c00  /* where a raw image goes unless --load-addr says */
#define BOARD_BOOT_TOP 0xa0000 /* boot tables lie below */
#define BOARD_ACPI     0xe0000
#define BOARD_LOW_END  0xc0000000 /* RAM below 4 GiB ends here at most */
#define BOARD_HIGH     0x100000000

#define BOARD_TESTDEV	   0xfe000000
#define BOARD_IDENTITY_MAP 0xfffbc000
#define BOARD_TSS	   0xfffbd000 /* three pages */

#define BOARD_KBC	 0x64
#define BOARD_POST	 0x80
#define BOARD_COM1	 0x3f8
#define BOARD_ACPI_HW	 0x600
#define BOARD_PCI_CONFIG 0xcf8

#define BOARD_GSI_TIMER 0
#define BOARD_GSI_COM1	4
/* The test device's lines, in order; the last exists with an I/O APIC only. */
#define BOARD_GSI_TESTDEV0 5
#define BOARD_GSI_TESTDEV1 10
#define BOARD_GSI_TESTDEV2 11
#define BOARD_GSI_TESTDEV3 20

#define BOARD_NR_GSIS 24

#endif
