/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between this runtime and a script of `kvmbed test` that boots a guest by
 * vm:boot() (vmm/script/lua/program.lua, which has these layouts too). All is
 * little-endian.
 */
#ifndef GUEST_SCRIPT_H
#define GUEST_SCRIPT_H

#include "guest.h"

#define SCRIPT_MAGIC 0x626d766b /* "kvmb" */

/* On x86, interrupt controllers that KVM has; the guest must not look for others. */
#define SCRIPT_LAPIC   1u /* local APICs */
#define SCRIPT_IRQCHIP 2u /* IOAPIC and PICs */

/* Lies where otherwise multiboot information or a device tree would. */
struct script_boot {
	uint32_t magic;
	uint32_t flags;
	/*
	 * 8 bytes where no memory is. Storing a message's address there, in one
	 * access, gives the message to the script; the next instruction runs when it
	 * has been dealt with.
	 */
	uint64_t channel;
	uint64_t ram_start, ram_size; /* bytes */
	uint64_t hwid;		      /* of the vCPU: APIC id, MPIDR affinity, hart id */
	uint64_t clock_hz;	      /* RISC-V: of the time CSR */
	char cmdline[512];
};

enum script_kind {
	SCRIPT_TEXT, /* @text is for the console */
	SCRIPT_TELL, /* @text is the name of @value; the answer comes back in @value */
	SCRIPT_END,  /* the guest has ended: @text says how, @value is guest_shutdown()'s code */
};

struct script_message {
	uint32_t kind;
	uint32_t length; /* of the text, bytes */
	uint64_t text;	 /* gpa; one piece of memory */
	uint64_t value;
};

/* Is @boot a script's? Called first of all; then machine is filled in as far as a script tells. */
bool script_init(uint64_t boot);
/* What the script told; NULL if none started this guest. */
const struct script_boot *script_boot(void);
void script_text(const char *text);
/* Ends the guest ("shutdown", "reset", "crash"); returns only where there is no script. */
void script_end(const char *how, unsigned int code);

#endif
