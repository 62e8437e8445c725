/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmbed run`: boots an image and tells how it ended. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "arch.h"
#include "cli.h"
#include "console.h"
#include "loop.h"
#include "machine/machine.h"
#include "msg.h"

/* All of the command's own; what the machine needs is in config. */
struct run {
	struct config config; /* first: the architecture's options take a struct config */
	bool help;
	const char *trace; /* NULL: none; "": standard error */
};

static struct config *config_of(void *target)
{
	return target;
}

static const char *set_kernel(void *target, const char *value)
{
	config_of(target)->image = value;
	return NULL;
}

static const char *set_initrd(void *target, const char *value)
{
	config_of(target)->initrd = value;
	return NULL;
}

static const char *set_cmdline(void *target, const char *value)
{
	config_of(target)->cmdline = value;
	return NULL;
}

static const char *set_mem(void *target, const char *value)
{
	struct config *config = config_of(target);
	const char *last = value + strlen(value) - (*value != '\0');
	uint64_t bytes;

	if (parse_size(value, &bytes))
		return "must be a number of MiB, or a number followed by K, M, G or T";
	if (*last >= '0' && *last <= '9') {
		if (bytes > UINT64_MAX >> 20)
			return "is more than any machine has";
		bytes <<= 20;
	}
	if (bytes < 1 << 20 || bytes % 4096)
		return "must be at least 1M, and whole pages of 4 KiB";
	config->mem_size = bytes;
	return NULL;
}

static const char *set_backing(void *target, const char *value)
{
	if (mem_backing_parse(value, &config_of(target)->backing))
		return "must be anon, thp, hugetlb, memfd or file:PATH";
	return NULL;
}

static const char *set_cpus(void *target, const char *value)
{
	uint64_t n;

	if (parse_u64(value, &n) || n < 1 || n > 4096)
		return "must be a number from 1 to 4096";
	config_of(target)->nr_vcpus = n;
	return NULL;
}

static const char *set_timeout(void *target, const char *value)
{
	uint64_t n;

	if (parse_u64(value, &n) || n < 1 || n > 1000000)
		return "must be a number of seconds from 1 to 1000000";
	config_of(target)->timeout = n;
	return NULL;
}

static const char *set_load_addr(void *target, const char *value)
{
	struct config *config = config_of(target);

	if (parse_u64(value, &config->load_addr))
		return "must be a guest physical address, for example 0x80000";
	config->raw = config->have_load_addr = true;
	return NULL;
}

static const char *set_dump_dtb(void *target, const char *value)
{
	config_of(target)->dump_dtb = value;
	return NULL;
}

static const char *set_guest_status(void *target, const char *value)
{
	config_of(target)->guest_status = true;
	return NULL;
}

static const char *set_log_unclaimed(void *target, const char *value)
{
	config_of(target)->log_unclaimed = true;
	return NULL;
}

static const char *set_trace(void *target, const char *value)
{
	((struct run *)target)->trace = value ? value : "";
	return NULL;
}

static const char *set_inject(void *target, const char *value)
{
	const char *why;

	return kvm_inject(value, &why) ? why : NULL;
}

static const char *set_loglevel(void *target, const char *value)
{
	enum msg_level level;

	if (msg_level_parse(value, &level))
		return "must be error, warning, info or debug";
	msg_set_level(level);
	return NULL;
}

static const char *set_help(void *target, const char *value)
{
	((struct run *)target)->help = true;
	return NULL;
}

/* kvmtool's harness says these; what they ask for is how kvmbed always is. */
static const char *check_network(void *target, const char *value)
{
	return strcmp(value, "mode=none") ? "must be mode=none: this kvmbed has no network devices"
					  : NULL;
}

static const char *no_defaults(void *target, const char *value)
{
	return NULL;
}

static const struct option_desc run_options[] = {
	{"kernel", 'k', "IMAGE", "the guest image (or give it as the operand)", set_kernel},
	{"initrd", 'i', "FILE", "initial ramdisk, or a file to hand to the guest", set_initrd},
	{"cmdline", 'p', "TEXT", "the guest's command line", set_cmdline},
	{"params", 0, "TEXT", NULL, set_cmdline},
	{"mem", 'm', "SIZE", "guest memory in MiB, or with K, M, G, T (default 256M)", set_mem},
	{"mem-backing", 0, "KIND", "anon, thp, hugetlb, memfd or file:PATH (default anon)",
	 set_backing},
	{"cpus", 'c', "N", "vCPUs (default 1)", set_cpus},
	{"timeout", 't', "SECONDS", "end the guest after this long, status 124", set_timeout},
	{"load-addr", 0, "ADDR", "load the image as raw bytes at this address", set_load_addr},
	{"dump-dtb", 0, "FILE", "write the guest's device tree to FILE", set_dump_dtb},
	{"guest-status", 0, NULL, "exit with the guest's own status, as its test harness wants",
	 set_guest_status},
	{"log-unclaimed", 0, NULL, "say each access that no device answers", set_log_unclaimed},
	{"trace", 0, "[=FILE]", "print every KVM ioctl, decoded, to FILE or standard error",
	 set_trace},
	{"inject", 0, "IOCTL:ERRNO[:N]", "make the N-th such ioctl fail (KVM_CREATE_VCPU:ENOMEM:2)",
	 set_inject},
	{"loglevel", 0, "LEVEL", "error, warning (default), info or debug", set_loglevel},
	{"network", 0, "mode=none", NULL, check_network},
	{"nodefaults", 0, NULL, NULL, no_defaults},
	{"help", 'h', NULL, "this help", set_help},
	{NULL, 0, NULL, NULL, NULL},
};

static void help(void)
{
	printf("usage: kvmbed run [OPTIONS] IMAGE\n"
	       "Boots IMAGE (ELF, a kernel's Image, multiboot, or raw bytes) and exits with the guest's outcome.\n"
	       "On a terminal, Ctrl-A x ends the guest and Ctrl-A h tells the other keys.\n\n");
	options_help(stdout, run_options);
	if (arch_options[0].name) {
		printf("\nOn %s:\n", arch_name);
		options_help(stdout, arch_options);
	}
}

struct signals {
	sigset_t set;
	struct vm *vm;
	int fd;
};

static void on_signal(void *ctx, uint32_t events)
{
	struct signals *signals = ctx;
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) == sizeof(info))
		vm_end(signals->vm, OUTCOME_STOPPED, info.ssi_signo);
}

/* SIGINT and its kind become events, so that a machine is always taken down in order. */
static int watch_signals(struct signals *signals, struct vm *vm)
{
	signals->vm = vm;
	signals->fd = signalfd(-1, &signals->set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return -errno;
	return loop_add(vm->loop, signals->fd, EPOLLIN, on_signal, signals);
}

/* What the status alone does not say. */
static void tell_outcome(struct vm *vm)
{
	switch (vm->outcome.kind) {
	case OUTCOME_TIMEOUT:
		msg_error("the guest had not ended after %u seconds; its vCPUs were at:",
			  vm->config->timeout);
		for (unsigned int i = 0; i < vm->nr_vcpus; i++)
			arch_vcpu_dump(&vm->vcpus[i], stderr);
		break;
	case OUTCOME_SHUTDOWN:
		msg_info("the guest shut down with code %u", vm->outcome.code);
		break;
	case OUTCOME_STOPPED:
	case OUTCOME_HOST:
		break;
	default:
		msg_warn("the guest ended by %s", outcome_name(vm->outcome.kind));
	}
}

static int run_machine(const struct run *run, struct signals *signals)
{
	const struct config *config = &run->config;
	struct vm vm;
	int status = machine_create(&vm, config), r;

	if (status == STATUS_PASS) {
		r = watch_signals(signals, &vm);
		if (!r)
			r = console_start(&vm);
		if (r) {
			msg_error("cannot watch the terminal and signals: %s", strerror(-r));
			vm_end(&vm, OUTCOME_HOST, 0);
		}
		machine_run(&vm);
		console_stop(&vm);
		tell_outcome(&vm);
		status = outcome_status(&vm.outcome);
		if (config->guest_status && vm.outcome.raw >= 0)
			status = vm.outcome.raw & 0xff;
	}
	machine_destroy(&vm);
	signals->vm = NULL;
	if (signals->fd >= 0)
		close(signals->fd);
	return status;
}

/* Opens the trace; NULL in *@out when none is wanted. */
static int open_trace(const char *path, FILE **out)
{
	*out = NULL;
	if (!path)
		return 0;
	*out = *path ? fopen(path, "we") : stderr;
	if (!*out) {
		msg_error("cannot write the trace to %s: %s", path, strerror(errno));
		return -errno;
	}
	kvm_trace_to(*out);
	return 0;
}

static int close_trace(FILE *out, const char *path)
{
	bool bad;

	if (!out || out == stderr)
		return 0;
	kvm_trace_to(NULL);
	bad = ferror(out);
	if (fclose(out) || bad) {
		msg_error("the trace in %s is not complete: %s", path, strerror(errno));
		return -EIO;
	}
	return 0;
}

int cmd_run(int argc, char **argv)
{
	const struct option_desc *const tables[] = {run_options, arch_options, NULL};
	struct run run = {.config = {.cmdline = "",
				     .mem_size = 256 << 20,
				     .nr_vcpus = 1,
				     .console = console_stdout}};
	int first, status = STATUS_USAGE;
	struct signals signals = {.fd = -1};
	FILE *trace;

	run.config.arch = arch_config_new();
	if (!run.config.arch)
		return STATUS_HOST;
	first = options_parse(argc, argv, tables, &run);
	if (first < 0)
		goto out;
	if (run.help) {
		help();
		status = STATUS_PASS;
		goto out;
	}
	if (!run.config.image && first < argc)
		run.config.image = argv[first++];
	if (!run.config.image || first < argc) {
		msg_error(run.config.image ? "one image at a time: see kvmbed run --help"
					   : "no image given: see kvmbed run --help");
		goto out;
	}
	if (open_trace(run.trace, &trace))
		goto out;
	/* Blocked before any thread starts, so that all inherit it; read through a signalfd. */
	sigemptyset(&signals.set);
	sigaddset(&signals.set, SIGINT);
	sigaddset(&signals.set, SIGTERM);
	sigaddset(&signals.set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals.set, NULL);
	signal(SIGPIPE, SIG_IGN);
	status = run_machine(&run, &signals);
	if (close_trace(trace, run.trace) && status == STATUS_PASS)
		status = STATUS_HOST;
out:
	arch_config_free(run.config.arch);
	return status;
}
