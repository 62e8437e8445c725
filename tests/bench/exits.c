/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kvmbed adds to an exit: the machine's run loop, bus and a device that
 * counts, against a bare KVM_RUN loop on the same vCPU that ignores the exit.
 *
 * usage: exits GUEST port|mmio ADDRESS
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arch.h"
#include "machine/machine.h"
#include "ratio.h"

#define EXITS	1000
#define DEVICES 64
#define ROUNDS	101
#define PAGE	4096

static struct {
	struct vm vm;
	unsigned int writes;
} bench;

/* The device under test: counts, and ends the round. */
static void count_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	if (++bench.writes == EXITS)
		vm_end(&bench.vm, OUTCOME_STOPPED, 0);
}

static uint64_t read_zero(void *dev, uint64_t offset, unsigned int size)
{
	return 0;
}

static void ignore_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
}

static const struct bus_ops counter = {.read = read_zero, .write = count_write};
static const struct bus_ops bystander = {.read = read_zero, .write = ignore_write};

/* Makes the machine, which has ended, runnable again. */
static void rearm(void)
{
	bench.writes = 0;
	bench.vm.outcome = (struct outcome){.kind = OUTCOME_NONE};
	atomic_store(&bench.vm.ending, false);
	bench.vm.vcpus[0].run->immediate_exit = 0;
}

static uint64_t run_kvmbed(void *ctx)
{
	uint64_t start;

	rearm();
	start = now_ns();
	if (vcpus_start(&bench.vm))
		return 0;
	vcpus_join(&bench.vm);
	return bench.writes == EXITS ? now_ns() - start : 0;
}

static void *bare_loop(void *arg)
{
	int fd = bench.vm.vcpus[0].fd;
	long n = 0;

	for (; n < EXITS; n++) {
		if (ioctl(fd, KVM_RUN, 0))
			break;
	}
	return (void *)n;
}

static uint64_t run_bare(void *ctx)
{
	uint64_t start;
	pthread_t thread;
	void *n;

	rearm();
	start = now_ns();
	/* In a thread of its own, as the other side: both pay for starting one. */
	if (pthread_create(&thread, NULL, bare_loop, NULL))
		return 0;
	pthread_join(thread, &n);
	return n == (void *)EXITS ? now_ns() - start : 0;
}

static int add_devices(struct bus *bus, uint64_t addr, uint64_t stride)
{
	for (unsigned int i = 0; i < DEVICES; i++) {
		struct bus_range range = {
			.base = addr + i * stride,
			.size = stride,
			.ops = i == DEVICES / 2 ? &counter : &bystander,
			.name = "bench",
		};
		int r = bus_add(bus, &range);

		if (r)
			return r;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct config config = {.mem_size = 64 << 20, .nr_vcpus = 1};
	struct ratio ratio = {
		.limit = 1.03,
		.rounds = ROUNDS,
		.run_ours = run_kvmbed,
		.run_floor = run_bare,
		.unit_ns = 1000.0 * EXITS,
		.unit = "us/exit",
	};
	enum ratio_verdict verdict;
	char cmdline[64];
	bool port;
	uint64_t addr;

	if (argc != 4) {
		fprintf(stderr, "usage: exits GUEST port|mmio ADDRESS\n");
		return STATUS_USAGE;
	}
	port = !strcmp(argv[2], "port");
	addr = strtoull(argv[3], NULL, 0);
	snprintf(cmdline, sizeof(cmdline), "%s=0x%llx", port ? "port" : "addr",
		 (unsigned long long)addr + DEVICES / 2 * (port ? 1 : PAGE));
	config.image = argv[1];
	config.cmdline = cmdline;
	config.arch = arch_config_new();
	if (!config.arch || machine_create(&bench.vm, &config))
		return STATUS_HOST;
	if (add_devices(port ? &bench.vm.pio : &bench.vm.mmio, addr, port ? 1 : PAGE)) {
		fprintf(stderr, "exits: something is at %s already\n", argv[3]);
		return STATUS_USAGE;
	}
	ratio.name = port ? "exit: port write" : "exit: MMIO write, 64 devices";
	/* The first round also runs the guest's start-up; it is no measurement. */
	run_kvmbed(NULL);
	verdict = ratio_measure(&ratio);
	machine_destroy(&bench.vm);
	arch_config_free(config.arch);
	return verdict == RATIO_NOT_RUN ? STATUS_HOST
	       : verdict == RATIO_OVER	? STATUS_FAIL
					: STATUS_PASS;
}
