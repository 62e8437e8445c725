/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine from its parts: created, loaded, run to its end, destroyed.
 *
 *	struct vm vm;
 *	r = machine_create(&vm, &config);
 *	if (!r)
 *		r = machine_run(&vm);	// vm.outcome says how it ended
 *	machine_destroy(&vm);		// also after a failed machine_create()
 */
#ifndef KVMBED_MACHINE_H
#define KVMBED_MACHINE_H

#include "vm.h"

/*
 * Builds the VM that @config asks for and loads its image; @config must outlive
 * it. Returns a status: STATUS_PASS, STATUS_USAGE when an image or option is at
 * fault, STATUS_HOST when the host is. Reported.
 */
enum exit_status machine_create(struct vm *vm, const struct config *config);

/*
 * Starts every vCPU and runs the event loop on the calling thread until the VM
 * ends; then every vCPU thread has been joined and vm->outcome is set.
 */
void machine_run(struct vm *vm);

/* Frees everything, whatever part of it exists. */
void machine_destroy(struct vm *vm);

/*
 * Stops all vCPUs outside KVM_RUN, and returns once they are; nests. Any
 * thread: a vCPU's own thread counts itself as stopped. resume undoes one pause.
 */
void machine_pause(struct vm *vm);
void machine_resume(struct vm *vm);

/* Starts and joins the vCPU threads (vcpu.c). start: 0, or -errno with the VM ended and what had started still to join. */
int vcpus_start(struct vm *vm);
void vcpus_join(struct vm *vm);

#endif
