/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminal to serial port and back; see console.h. */
#include "console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "arch.h"
#include "devices/serial.h"
#include "loop.h"
#include "machine/machine.h"
#include "msg.h"

#define ESCAPE	 ('A' & 0x1f)
#define RETRY_NS 1000000 /* how soon a full receive FIFO is tried again */

static struct {
	struct vm *vm;
	struct termios saved;
	bool raw; /* the terminal is in raw mode and must be put back */
	bool is_terminal;
	bool plain_file; /* always readable, which epoll refuses to watch: read by a timer */
	bool watched;	 /* the loop tells when there is input */
	bool eof;
	bool escape; /* Ctrl-A came last */
	bool paused; /* by Ctrl-A p */
	int timer;
	uint8_t pending[4096]; /* read, not yet taken by the serial port */
	size_t nr;
} console = {.timer = -1};

/* The VM that output failures end; set while a console runs. */
static void output_failed(int err)
{
	static atomic_uint said; /* a byte would need libatomic on RISC-V */

	if (atomic_exchange(&said, 1))
		return;
	/* The reader has gone (`kvmbed run ... | head`): nobody wants more. */
	if (err == EPIPE) {
		if (console.vm)
			vm_end(console.vm, OUTCOME_STOPPED, SIGPIPE);
		return;
	}
	msg_error("cannot write the guest's output: %s", strerror(err));
	if (console.vm)
		vm_end(console.vm, OUTCOME_HOST, 0);
}

static void on_input(void *ctx, uint32_t events);

static void write_stdout(void *ctx, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(STDOUT_FILENO, bytes, n);

		if (done >= 0) {
			bytes += done;
			n -= done;
		} else if (errno == EAGAIN) {
			struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

			/* An end of the VM must not wait for a reader that never comes. */
			poll(&p, 1, 100);
			if (console.vm && atomic_load(&console.vm->ending))
				return;
		} else if (errno == EINTR) {
			if (console.vm && atomic_load(&console.vm->ending))
				return;
		} else {
			output_failed(errno);
			return;
		}
	}
}

const struct console_out console_stdout = {write_stdout, NULL};

/* Async-signal-safe. */
static void restore_terminal(void)
{
	if (!console.raw)
		return;
	console.raw = false;
	tcsetattr(STDIN_FILENO, TCSANOW, &console.saved);
}

static void on_fatal(int sig)
{
	restore_terminal();
	/* SA_RESETHAND has put the default action back. */
	raise(sig);
}

static void make_raw(void)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT};
	struct sigaction act = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND};
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &console.saved))
		return;
	for (unsigned int i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &act, NULL);
	atexit(restore_terminal);
	raw = console.saved;
	cfmakeraw(&raw);
	/* Lines of our own messages should still begin at the left. */
	raw.c_oflag |= OPOST | ONLCR;
	console.raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void show_registers(struct vm *vm)
{
	machine_pause(vm);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		fprintf(stderr, "vCPU %u:\n", i);
		arch_vcpu_dump(&vm->vcpus[i], stderr);
	}
	machine_resume(vm);
}

static void toggle_pause(struct vm *vm)
{
	console.paused = !console.paused;
	if (console.paused)
		machine_pause(vm);
	else
		machine_resume(vm);
	fprintf(stderr, "kvmbed: %s\n", console.paused ? "paused; Ctrl-A p goes on" : "running");
}

/* The key after Ctrl-A. True if it is to go to the guest. */
static bool command(uint8_t key)
{
	switch (key) {
	case 'x':
		vm_end(console.vm, OUTCOME_STOPPED, 0);
		return false;
	case 'p':
		toggle_pause(console.vm);
		return false;
	case 'r':
		show_registers(console.vm);
		return false;
	case ESCAPE:
	case 'a':
		return true;
	case 'h':
	case '?':
		break;
	default:
		fprintf(stderr, "kvmbed: Ctrl-A %c is no command\n",
			key >= ' ' && key < 127 ? key : '?');
	}
	fprintf(stderr,
		"kvmbed: Ctrl-A x ends the machine, Ctrl-A p pauses it and goes on, Ctrl-A r shows the\n"
		"vCPUs' registers, Ctrl-A a sends Ctrl-A to the guest, Ctrl-A h is this help\n");
	return false;
}

/* Keys typed beyond what fits are lost, as on a real terminal; Ctrl-A is heard all the same. */
static void take(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = bytes[i];

		if (console.escape) {
			console.escape = false;
			if (!command(byte))
				continue;
			byte = ESCAPE;
		} else if (console.is_terminal && byte == ESCAPE) {
			console.escape = true;
			continue;
		}
		if (console.nr < sizeof(console.pending))
			console.pending[console.nr++] = byte;
	}
}

static void read_input(void)
{
	uint8_t bytes[256];
	size_t room = sizeof(console.pending) - console.nr, want = sizeof(bytes);
	ssize_t n;

	/* A pipe or file loses nothing: it waits. */
	if (!console.is_terminal && room < want)
		want = room;
	if (!want)
		return;
	n = read(STDIN_FILENO, bytes, want);
	if (n > 0)
		take(bytes, n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		console.eof = true;
}

/* Hands on what the serial port takes, and sees to it that somebody comes back for the rest. */
static void drain(void)
{
	struct loop *loop = console.vm->loop;
	size_t taken = 0;
	bool want_input;

	if (console.nr && console.vm->console)
		taken = serial_receive(console.vm->console, console.pending, console.nr);
	console.nr -= taken;
	memmove(console.pending, console.pending + taken, console.nr);

	want_input = !console.eof && (console.is_terminal || console.nr < sizeof(console.pending));
	if (console.watched && !want_input) {
		loop_remove(loop, STDIN_FILENO);
		console.watched = false;
	} else if (!console.watched && want_input && !console.plain_file) {
		console.watched = loop_add(loop, STDIN_FILENO, EPOLLIN, on_input, NULL) == 0;
	}
	if (console.nr || (console.plain_file && !console.eof))
		loop_timer_set(console.timer, RETRY_NS);
}

static void on_input(void *ctx, uint32_t events)
{
	read_input();
	drain();
}

static void on_timer(void *ctx, uint32_t events)
{
	if (console.plain_file && !console.eof)
		read_input();
	drain();
}

int console_start(struct vm *vm)
{
	int r;

	console.vm = vm;
	console.is_terminal = isatty(STDIN_FILENO);
	console.timer = loop_timer(vm->loop, 0, on_timer, NULL);
	if (console.timer < 0)
		return console.timer;
	r = loop_add(vm->loop, STDIN_FILENO, EPOLLIN, on_input, NULL);
	console.watched = r == 0;
	console.plain_file = r == -EPERM;
	console.eof = r == -EBADF;
	if (r && !console.plain_file && !console.eof)
		return r;
	if (console.plain_file)
		on_input(NULL, 0);
	if (console.is_terminal)
		make_raw();
	return 0;
}

void console_stop(struct vm *vm)
{
	restore_terminal();
	if (console.watched)
		loop_remove(vm->loop, STDIN_FILENO);
	if (console.timer >= 0)
		loop_cancel(vm->loop, console.timer);
	console.timer = -1;
	console.vm = NULL;
}
