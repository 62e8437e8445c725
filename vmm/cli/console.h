/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The person's terminal: keys to the guest's first serial port, its output to
 * standard output. A terminal is put into raw mode, and put back on every way
 * out of the process that can be caught.
 */
#ifndef KVMBED_CONSOLE_H
#define KVMBED_CONSOLE_H

#include "config.h"
#include "vm.h"

/* What a VM's config.console is to be. */
extern const struct console_out console_stdout;

/*
 * Begins to read standard input on vm->loop for vm->console. On a terminal,
 * Ctrl-A begins a command (Ctrl-A h tells them). 0 or -errno (reported). One VM
 * at a time.
 */
int console_start(struct vm *vm);
void console_stop(struct vm *vm);

#endif
