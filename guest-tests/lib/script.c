/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that a script has started: its console, its words to the script, and its end; see script.h. */
#include "arch_api.h"
#include "script.h"

static struct script_boot given; /* its magic is 0 without a script */

const struct script_boot *script_boot(void)
{
	return given.magic ? &given : NULL;
}

bool script_init(uint64_t boot)
{
	const struct script_boot *b = (const void *)boot;

	if (!b || b->magic != SCRIPT_MAGIC)
		return false;
	given = *b;
	machine.cmdline = given.cmdline;
	machine.ram[0] = (struct region){given.ram_start, given.ram_size};
	machine.nr_ram = 1;
	cpus[0].hwid = given.hwid;
	return true;
}

/* A message lies on the stack or in the image: one-to-one mapped, as is the channel. */
static void send(struct script_message *m)
{
	/* The message is complete before, and its answer is read after. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmio_write64(given.channel, (uint64_t)m);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void script_text(const char *text)
{
	struct script_message m = {SCRIPT_TEXT, strlen(text), (uint64_t)text, 0};

	send(&m);
}

uint64_t tell(const char *name, uint64_t value)
{
	struct script_message m = {SCRIPT_TELL, strlen(name), (uint64_t)name, value};

	if (!given.magic) {
		printf("TELL: %s = 0x%lx\n", name, value);
		return 0;
	}
	send(&m);
	return m.value;
}

void script_end(const char *how, unsigned int code)
{
	struct script_message m = {SCRIPT_END, strlen(how), (uint64_t)how, code};

	while (given.magic)
		send(&m);
}
