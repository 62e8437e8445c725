/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an architecture provides. arch/<name>/ implements all of it, and is the
 * only place that knows it; the build picks one. Everything is called on the
 * main thread before the first vCPU runs, unless it says otherwise. Functions
 * return 0 or -errno and have reported their error.
 *
 * vmm/machine/machine.c calls these in the order in which they stand here.
 */
#ifndef KVMBED_ARCH_H
#define KVMBED_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config.h"
#include "image.h"
#include "kvm_probe.h"
#include "options.h"
#include "vm.h"

extern const char arch_name[]; /* "x86", "arm64", "riscv" */

/* Options of this architecture alone, ended by a NULL name; their target is a struct config. */
extern const struct option_desc arch_options[];
/* Defaults; freed by arch_config_free(). NULL without memory. */
struct arch_config *arch_config_new(void);
void arch_config_free(struct arch_config *config);

/* The argument of KVM_CREATE_VM, or -errno. */
long arch_vm_type(int kvm_fd, const struct config *config);

/* The VM exists, nothing is in it: capabilities to enable, an x86 in-kernel irqchip. Sets vm->arch. */
int arch_vm_init(struct vm *vm);

/* Adds guest RAM of config->mem_size bytes, with the holes this architecture wants. */
int arch_vm_memory(struct vm *vm);

/* vcpu->fd exists: features, CPUID. Sets vcpu->arch. */
int arch_vcpu_init(struct vcpu *vcpu);

/* All vCPUs exist: makes and initialises the interrupt controller; sets vm->msi if it takes messages. */
int arch_vm_irqchip(struct vm *vm);

/* Puts the board's devices on the buses; sets vm->console. */
int arch_board(struct vm *vm);

/*
 * Recognises the formats of this architecture. On entry @img is IMAGE_ELF with
 * its segments, or IMAGE_RAW with none; multiboot and Image files are found
 * here (not with config->raw: then the file is bytes, whatever it looks like),
 * and a foreign ELF machine or word size is refused (image_bad()). What stays
 * raw goes, by image_raw(), to config->load_addr or this board's default place.
 */
int arch_image(const struct config *config, struct image *img);

/*
 * The image is in memory: writes boot tables, device tree and initrd (placed
 * with vm->place), and sets the registers of every vCPU.
 */
int arch_boot(struct vm *vm, const struct image *img);

/*
 * vCPU's own thread: an exit that vmm/machine/vcpu.c does not handle for all
 * architectures. Returns 0 to go on, -ENOSYS for one that is not handled here
 * either; vm_end() has been called if it ends the VM.
 */
int arch_vcpu_exit(struct vcpu *vcpu);

/*
 * vCPU's own thread: KVM_RUN itself failed, with -@err. Returns 0 to go on
 * when a guest's doing is behind it and the guest has been given its answer
 * (an exception); -ENOSYS, quietly, for everything else, which ends the VM.
 */
int arch_vcpu_run_failed(struct vcpu *vcpu, int err);

/* KVM_SYSTEM_EVENT_SHUTDOWN: what the guest reported with it, 0 good (RISC-V's SRST reason); 0 where there is no such thing. */
unsigned int arch_shutdown_code(const struct kvm_run *run);

/* The last look at a vCPU for a person: its registers, in the manual's names. The vCPU is not running. */
void arch_vcpu_dump(struct vcpu *vcpu, FILE *out);

/* All vCPU threads have ended. Frees vm->arch, vcpu->arch and the devices. Partly built VMs included. */
void arch_vm_destroy(struct vm *vm);

/*
 * ---- What `kvmbed caps` and traces ask ----
 *
 * Each fills @out, an empty JSON object whose members docs/caps.md describes.
 * What cannot be found out is left out, or said to be unknown and why; nothing
 * here fails and nothing is reported.
 */
struct json;

/* The name of a one-reg id (KVM_GET_ONE_REG), in the architecture's own terms: "X0", "SCTLR_EL1", "CSR_SATP". */
void arch_reg_name(uint64_t id, char *buf, size_t size);

/* The names that arch_caps_backend() knows, without "unknown"; ended by NULL. */
extern const char *const arch_backends[];
/* "name", one of these or "unknown"; "because", an array of sentences. @vm_fd may be -1. */
void arch_caps_backend(int kvm_fd, int vm_fd, struct json *out);

/* A VM for looking at, as KVM_CREATE_VM takes it; not what `kvmbed run` uses. */
unsigned long arch_caps_vm_type(int kvm_fd);

/*
 * Sets of registers by name, each {"count": N, "names": {NAME: {"id": "0x...", ...}}}. The first is what every vCPU
 * has; a further one is a vCPU with more features and names what it adds.
 */
void arch_caps_registers(int kvm_fd, struct json *out);

/* Numbers that bound a VM here, beyond those that all architectures have. @vm_fd may be -1. */
void arch_caps_limits(int kvm_fd, int vm_fd, struct json *out);

/* Ended by a NULL name. */
extern const struct probe_desc arch_probes[];

#endif
