/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the command line. Each takes its own argv (argv[0] is the command) and returns an exit status. */
#ifndef KVMBED_CLI_H
#define KVMBED_CLI_H

int cmd_run(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_caps(int argc, char **argv);

#endif
