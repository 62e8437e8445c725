/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SBI calls that KVM does not answer itself but hands to user space
 * (KVM_EXIT_RISCV_SBI): the consoles, and extensions that nobody here has. KVM
 * has filled in SBI_ERR_NOT_SUPPORTED as the answer before it gets here.
 */
#include "sbi.h"

#include <inttypes.h>
#include <string.h>

#include "arch/riscv/riscv.h"
#include "devices/serial.h"
#include "msg.h"

/* Bytes of one DBCN call; the specification lets a call do less than it was asked for. */
#define DBCN_LIMIT 65536u

struct sbi_ret {
	long error;
	unsigned long value;
};

/* args are a0 to a5 */
typedef struct sbi_ret (*sbi_function)(struct vcpu *vcpu, unsigned long function,
				       const unsigned long *args);

static const struct sbi_ret not_supported = {.error = SBI_ERR_NOT_SUPPORTED};

/* ---- Consoles -------------------------------------------------------------- */

static void console_write(struct vm *vm, const uint8_t *bytes, size_t n)
{
	const struct console_out *console = &vm->config->console;

	if (console->write)
		console->write(console->ctx, bytes, n);
}

/* What has come for the serial port and the guest has not read there. */
static size_t console_read(struct vm *vm, uint8_t *bytes, size_t n)
{
	return vm->console ? serial_take(vm->console, bytes, n) : 0;
}

/* Whether all of [gpa, gpa + len) is memory, and writable if that is wanted. */
static bool is_memory(const struct mem *mem, uint64_t gpa, uint64_t len, bool writable)
{
	while (len) {
		const struct mem_range *range = mem_find(mem, gpa);
		uint64_t here;

		if (!range || (writable && (range->flags & MEM_READONLY)))
			return false;
		here = range->gpa + range->size - gpa;
		if (here >= len)
			return true;
		gpa += here;
		len -= here;
	}
	return true;
}

/*
 * Console Write and Console Read: num_bytes, then the physical address in two
 * words. Memory that is not there, or not for writing, is SBI_ERR_INVALID_PARAM.
 */
static struct sbi_ret dbcn_transfer(struct vcpu *vcpu, bool write, const unsigned long *args)
{
	static const struct sbi_ret bad = {.error = SBI_ERR_INVALID_PARAM};
	struct vm *vm = vcpu->vm;
	uint64_t len = args[0], gpa = args[1], done = 0;
	uint8_t bytes[512];

	if (args[2] || !is_memory(&vm->mem, gpa, len, !write))
		return bad;
	if (len > DBCN_LIMIT)
		len = DBCN_LIMIT;
	while (done < len) {
		size_t n = len - done < sizeof(bytes) ? len - done : sizeof(bytes);

		if (write) {
			if (mem_read(&vm->mem, gpa + done, bytes, n))
				return bad;
			console_write(vm, bytes, n);
		} else {
			n = console_read(vm, bytes, n);
			if (!n)
				break;
			if (mem_write(&vm->mem, gpa + done, bytes, n))
				return bad;
		}
		done += n;
	}
	return (struct sbi_ret){.value = done};
}

static struct sbi_ret dbcn(struct vcpu *vcpu, unsigned long function, const unsigned long *args)
{
	uint8_t byte = args[0];

	switch (function) {
	case SBI_DBCN_WRITE:
		return dbcn_transfer(vcpu, true, args);
	case SBI_DBCN_READ:
		return dbcn_transfer(vcpu, false, args);
	case SBI_DBCN_WRITE_BYTE:
		console_write(vcpu->vm, &byte, 1);
		return (struct sbi_ret){.error = SBI_SUCCESS};
	}
	return not_supported;
}

/* The legacy calls have no function ids, answer in a0 alone, and leave a1 as it was. */
static struct sbi_ret putchar_call(struct vcpu *vcpu, unsigned long function,
				   const unsigned long *args)
{
	uint8_t byte = args[0];

	console_write(vcpu->vm, &byte, 1);
	return (struct sbi_ret){SBI_SUCCESS, args[1]};
}

static struct sbi_ret getchar_call(struct vcpu *vcpu, unsigned long function,
				   const unsigned long *args)
{
	uint8_t byte;

	return (struct sbi_ret){console_read(vcpu->vm, &byte, 1) ? byte : -1l, args[1]};
}

/* ---- The end --------------------------------------------------------------- */

static struct sbi_ret shutdown_call(struct vcpu *vcpu, unsigned long function,
				    const unsigned long *args)
{
	vm_end(vcpu->vm, OUTCOME_SHUTDOWN, 0);
	return (struct sbi_ret){SBI_SUCCESS, args[1]};
}

/* KVM answers SRST itself, as a system event, and is not known to forward it. */
static struct sbi_ret srst(struct vcpu *vcpu, unsigned long function, const unsigned long *args)
{
	if (function != SBI_SRST_SYSTEM_RESET)
		return not_supported;
	switch ((uint32_t)args[0]) {
	case SBI_SRST_SHUTDOWN:
		vm_end(vcpu->vm, OUTCOME_SHUTDOWN, (uint32_t)args[1] != SBI_SRST_NO_REASON);
		return (struct sbi_ret){.error = SBI_SUCCESS};
	case SBI_SRST_COLD_REBOOT:
	case SBI_SRST_WARM_REBOOT:
		vm_end(vcpu->vm, OUTCOME_RESET, 0);
		return (struct sbi_ret){.error = SBI_SUCCESS};
	}
	return (struct sbi_ret){.error = SBI_ERR_INVALID_PARAM};
}

/*
 * KVM has checked a SYSTEM_SUSPEND and set the hart up to go on at its resume
 * address; only sleeping is left to user space. There is nothing here that
 * would wake the machine later, so it is woken at once.
 */
static struct sbi_ret susp(struct vcpu *vcpu, unsigned long function, const unsigned long *args)
{
	if (function != SBI_SUSP_SYSTEM_SUSPEND)
		return not_supported;
	return (struct sbi_ret){.error = SBI_SUCCESS};
}

/* ---- All of them ----------------------------------------------------------- */

static const struct {
	unsigned long extension;
	sbi_function fn;
} calls[] = {
	{SBI_LEGACY_PUTCHAR, putchar_call},
	{SBI_LEGACY_GETCHAR, getchar_call},
	{SBI_LEGACY_SHUTDOWN, shutdown_call},
	{SBI_DBCN, dbcn},
	{SBI_SRST, srst},
	{SBI_SUSP, susp},
};

static const char *kind_of(unsigned long extension)
{
	if (extension >= SBI_EXPERIMENTAL_FIRST && extension <= SBI_EXPERIMENTAL_LAST)
		return "experimental";
	if (extension >= SBI_VENDOR_FIRST && extension <= SBI_VENDOR_LAST)
		return "vendor's";
	return "unknown";
}

void sbi_call(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned long extension = run->riscv_sbi.extension_id;
	struct sbi_ret ret = not_supported;
	bool last, known = false;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].extension != extension)
			continue;
		ret = calls[i].fn(vcpu, run->riscv_sbi.function_id, run->riscv_sbi.args);
		known = true;
	}
	run->riscv_sbi.ret[0] = ret.error;
	run->riscv_sbi.ret[1] = ret.value;
	if (!known && msg_ratelimit(&vcpu->vm->arch->refused_calls, 16, &last))
		msg_info("vCPU %u: SBI call of the %s extension 0x%lx, function %lu, refused%s",
			 vcpu->index, kind_of(extension), extension,
			 (unsigned long)run->riscv_sbi.function_id,
			 last ? "; further ones are not told" : "");
}
