/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Level-triggered interrupts of four lines that a script drives, by whichever
 * controller it has told of. What is asked of the script ("raise", "lower":
 * bits of lines) and what comes ("took") is told in the order in which it
 * happens: nothing here knows which controller it is. With do=told the script
 * drives the lines by itself, and answers "next" with 1 for taking all that
 * waits, and 0 for the end.
 */
#include "guest.h"

#define LINES 4
#define ALL   0x1e

static void raise(unsigned int lines)
{
	tell("raise", lines);
}

static void lower(unsigned int lines)
{
	tell("lower", lines);
}

/* The script says whether the line stays up. */
static void on_line(void *arg)
{
	tell("took", (uint64_t)arg);
}

static bool enable(unsigned int line)
{
	return irq_enable(line, IRQ_LEVEL, 0, on_line, (void *)(uint64_t)line);
}

/* All that waits is taken here. */
static void let_in(void)
{
	irq_on();
	for (unsigned int i = 0; i < 100; i++)
		cpu_relax();
	irq_off();
}

static void part(const char *name)
{
	tell(name, 0);
}

int main(void)
{
	irq_off();
	for (unsigned int line = 1; line <= LINES; line++)
		report(enable(line), "line %u can be enabled", line);
	if (option_is("do", "told")) {
		while (tell("next", 0))
			let_in();
		return 0;
	}

	part("each line alone");
	for (unsigned int line = 1; line <= LINES; line++) {
		raise(1u << line);
		let_in();
	}

	part("all at once, the highest first");
	for (unsigned int line = LINES; line; line--)
		raise(1u << line);
	let_in();

	part("up and down again before it is taken");
	raise(1u << 2);
	lower(1u << 2);
	let_in();
	let_in();

	part("up as the handler runs");
	raise(1u << 3 | 1u << 1);
	let_in();

	part("disabled");
	irq_disable(2);
	raise(ALL);
	let_in();
	lower(ALL);
	let_in();

	part("enabled while it is up");
	raise(1u << 2);
	report(enable(2), "line 2 can be enabled again");
	let_in();

	part("the end");
	return 0;
}
