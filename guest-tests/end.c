/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends in the way that the option end=WAY says, so that the VMM's exit status
 * for it can be checked: pass, fail, silent, reset, crash, exception, hang,
 * and what the architecture has besides (<arch>/end.c).
 */
#include "guest.h"

/* Returns if the architecture has no such way. */
void end_arch(const char *way);

__attribute__((weak)) void end_arch(const char *way)
{
}

int main(void)
{
	char way[16] = "";

	option("end", way, sizeof(way));
	printf("ending by '%s'\n", way);
	if (!strcmp(way, "pass")) {
		report(true, "a report that is good");
		return 0;
	}
	if (!strcmp(way, "fail")) {
		report(false, "a report that is not, on purpose");
		return 0;
	}
	if (!strcmp(way, "silent"))
		return 0;
	if (!strcmp(way, "reset"))
		guest_reset();
	else if (!strcmp(way, "crash"))
		guest_crash();
	else if (!strcmp(way, "exception"))
		mmio_read8(0x2f67890123);
	else if (!strcmp(way, "hang"))
		for (;;)
			cpu_relax();
	else
		end_arch(way);
	report(false, "end=%s ended this guest", way);
	return 0;
}
