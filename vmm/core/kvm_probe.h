/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: questions to the host's KVM that are answered by trying, because what
 * a kernel advertises and what it does are two things. Each runs a few guest
 * instructions in a VM of its own, in a forked child, so that a KVM_RUN that
 * never returns, or a crash, costs no more than the probe's time limit.
 *
 * An architecture writes its probes with the functions below. Set-up sticks at
 * its first failure (the probe's result is then "error", whatever the function
 * returns), so a probe reads as the steps that it takes:
 *
 *	start_long_mode(p, code, sizeof(code));	 // probe_vm(), probe_ram(), ...
 *	return probe_wants_mark(p, 0x5a);
 *
 * One thread at a time.
 */
#ifndef KVMBED_KVM_PROBE_H
#define KVMBED_KVM_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

enum probe_result {
	PROBE_YES,
	PROBE_NO,    /* it was tried and did not come about */
	PROBE_HANGS, /* it was tried and neither came about nor ended */
	PROBE_ERROR, /* it could not be tried */
	PROBE_RESULTS
};

struct probe_answer {
	enum probe_result result;
	char detail[192]; /* what came, in words; may be empty */
};

/* Where guest code reports: a port written to (x86) or an address in no memory. */
struct probe_mark_place {
	bool port;
	uint64_t addr;
};

struct probe {
	int kvm_fd;
	int vm_fd, vcpu_fd; /* -1 until made */
	struct kvm_run *run;
	uint64_t ram_gpa;
	size_t ram_size;
	uint8_t *ram;
	struct probe_mark_place mark;
	struct probe_answer answer;
	bool failed; /* set-up did: the answer is there */
};

struct probe_desc {
	const char *name;     /* for the command line: "int3" */
	const char *question; /* what "yes" says, for people */
	enum probe_result (*ask)(struct probe *p);
};

/* "yes", "no", "hangs", "error"; a constant. */
const char *probe_result_name(enum probe_result result);

/*
 * Asks, in a child. Takes at most about 12 seconds: a probe hangs when it has
 * used 2 seconds of a processor, or after 10 seconds of any time.
 */
void probe_ask(const struct probe_desc *desc, int kvm_fd, struct probe_answer *answer);

/* ---- for the probes ---- */

/* Set-up. @type is KVM_CREATE_VM's argument; RAM is one zeroed memslot, numbered 0, in whole pages. */
void probe_vm(struct probe *p, unsigned long type);
void probe_ram(struct probe *p, uint64_t gpa, size_t size);
void probe_vcpu(struct probe *p);
/* Copies into the guest's RAM, which must have room there. */
void probe_put(struct probe *p, uint64_t gpa, const void *bytes, size_t size);
/* A call that must work. Returns its result; -1 if it, or anything before it, failed. */
int probe_do(struct probe *p, int fd, unsigned long request, uintptr_t arg);
/* A call whose failure is an answer; -ECANCELED if anything failed before. */
int probe_try(struct probe *p, int fd, unsigned long request, uintptr_t arg);

/* KVM_RUN: the exit reason, or -errno. -ECANCELED after a failure or when time is up. */
int probe_run(struct probe *p);
/* Runs, and wants that exit: yes, or no with what came instead. */
enum probe_result probe_wants_exit(struct probe *p, uint32_t reason);
/* Runs until the guest writes to p->mark: true and what it wrote; else false, and the answer says what came. */
bool probe_run_to_mark(struct probe *p, uint64_t *value);
/* Runs, and wants that value there. */
enum probe_result probe_wants_mark(struct probe *p, uint64_t value);

/* Answers. */
enum probe_result probe_yes(struct probe *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum probe_result probe_no(struct probe *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum probe_result probe_error(struct probe *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "No", with what @r of probe_run() or of a call named @what stands for. */
enum probe_result probe_no_run(struct probe *p, int r);
enum probe_result probe_no_call(struct probe *p, const char *what, int r);

#endif
