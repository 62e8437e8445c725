/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the RISC-V Supervisor Binary Interface Specification, versions 0.1 to 3.0, as far as calls reach user space. */
#ifndef KVMBED_RISCV_SBI_H
#define KVMBED_RISCV_SBI_H

/* Chapter "Binary Encoding": what a0 says. */
#define SBI_SUCCESS	      0l
#define SBI_ERR_FAILED	      (-1l)
#define SBI_ERR_NOT_SUPPORTED (-2l)
#define SBI_ERR_INVALID_PARAM (-3l)

/* Extension ids. */
#define SBI_LEGACY_PUTCHAR     0x01ul
#define SBI_LEGACY_GETCHAR     0x02ul
#define SBI_LEGACY_SHUTDOWN    0x08ul
#define SBI_EXPERIMENTAL_FIRST 0x08000000ul
#define SBI_EXPERIMENTAL_LAST  0x08fffffful
#define SBI_VENDOR_FIRST       0x09000000ul
#define SBI_VENDOR_LAST	       0x09fffffful
#define SBI_DBCN	       0x4442434eul /* "DBCN" */
#define SBI_SRST	       0x53525354ul /* "SRST" */
#define SBI_SUSP	       0x53555350ul /* "SUSP" */

/* Function ids. */
#define SBI_DBCN_WRITE	    0ul
#define SBI_DBCN_READ	    1ul
#define SBI_DBCN_WRITE_BYTE 2ul

#define SBI_SRST_SYSTEM_RESET 0ul
#define SBI_SRST_SHUTDOWN     0u
#define SBI_SRST_COLD_REBOOT  1u
#define SBI_SRST_WARM_REBOOT  2u
#define SBI_SRST_NO_REASON    0u

#define SBI_SUSP_SYSTEM_SUSPEND 0ul

#endif
