/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least a guest can do: it runs, prints, knows its machine, and ends well. */
#include "guest.h"

int main(void)
{
	printf("Hello from %u CPU(s), interrupt controller %s, command line '%s'\n",
	       machine.nr_cpus, machine.irqchip, machine.cmdline);
	report(true, "the guest runs and prints");
	if (option("cpus", NULL, 0))
		report(machine.nr_cpus == option_number("cpus", 0),
		       "%u CPU(s), as the command line says", machine.nr_cpus);
	return 0;
}
