/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --trace prints of a call; see trace.h. */
#include "kvm.h"
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch.h"
#include "msg.h"

/*
 * KVM_{GET,SET}_ONE_REG: the register's name, and its value, which lies behind
 * a pointer; its size is in the id (api.rst, 4.68).
 */
static void one_reg_value(FILE *out, const void *arg, int result)
{
	const struct kvm_one_reg *reg = arg;
	unsigned int size = 1u << ((reg->id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
	uint64_t value = 0;
	char name[64];

	arch_reg_name(reg->id, name, sizeof(name));
	fprintf(out, " %s", name);
	if (result < 0 || !reg->addr || size > sizeof(value))
		return;
	memcpy(&value, reg + 1, size); /* trace_note() has put it there */
	fprintf(out, " value=0x%" PRIx64, value);
}

static const struct kvm_decode common[] = {
	{KVM_CREATE_VM, 'x', {{0}}, NULL},
	{KVM_CHECK_EXTENSION, 'c', {{0}}, NULL},
	{KVM_CREATE_VCPU, 'd', {{0}}, NULL},
	{KVM_ENABLE_CAP,
	 'p',
	 {KVM_FIELD(struct kvm_enable_cap, cap, 'c'), KVM_FIELD(struct kvm_enable_cap, flags, 'x'),
	  KVM_FIELD(struct kvm_enable_cap, args[0], 'x')},
	 NULL},
	{KVM_SET_USER_MEMORY_REGION,
	 'p',
	 {KVM_FIELD(struct kvm_userspace_memory_region, slot, 'd'),
	  KVM_FIELD(struct kvm_userspace_memory_region, flags, 'x'),
	  KVM_FIELD(struct kvm_userspace_memory_region, guest_phys_addr, 'x'),
	  KVM_FIELD(struct kvm_userspace_memory_region, memory_size, 'x'),
	  KVM_FIELD(struct kvm_userspace_memory_region, userspace_addr, 'x')},
	 NULL},
	{KVM_GET_DIRTY_LOG, 'p', {KVM_FIELD(struct kvm_dirty_log, slot, 'd')}, NULL},
	{KVM_IRQ_LINE,
	 'p',
	 {KVM_FIELD(struct kvm_irq_level, irq, 'x'), KVM_FIELD(struct kvm_irq_level, level, 'd')},
	 NULL},
	{KVM_SIGNAL_MSI,
	 'p',
	 {KVM_FIELD(struct kvm_msi, address_lo, 'x'), KVM_FIELD(struct kvm_msi, address_hi, 'x'),
	  KVM_FIELD(struct kvm_msi, data, 'x'), KVM_FIELD(struct kvm_msi, flags, 'x'),
	  KVM_FIELD(struct kvm_msi, devid, 'x')},
	 NULL},
	{KVM_SET_GSI_ROUTING,
	 'p',
	 {KVM_FIELD(struct kvm_irq_routing, nr, 'd'),
	  KVM_FIELD(struct kvm_irq_routing, flags, 'x')},
	 NULL},
	{KVM_IRQFD,
	 'p',
	 {KVM_FIELD(struct kvm_irqfd, fd, 'd'), KVM_FIELD(struct kvm_irqfd, gsi, 'd'),
	  KVM_FIELD(struct kvm_irqfd, flags, 'x'), KVM_FIELD(struct kvm_irqfd, resamplefd, 'd')},
	 NULL},
	{KVM_IOEVENTFD,
	 'p',
	 {KVM_FIELD(struct kvm_ioeventfd, addr, 'x'), KVM_FIELD(struct kvm_ioeventfd, len, 'd'),
	  KVM_FIELD(struct kvm_ioeventfd, fd, 'd'), KVM_FIELD(struct kvm_ioeventfd, flags, 'x'),
	  KVM_FIELD(struct kvm_ioeventfd, datamatch, 'x')},
	 NULL},
	{KVM_CREATE_DEVICE,
	 'p',
	 {KVM_FIELD(struct kvm_create_device, type, 't'),
	  KVM_FIELD(struct kvm_create_device, fd, 'd'),
	  KVM_FIELD(struct kvm_create_device, flags, 'x')},
	 NULL},
	{KVM_SET_DEVICE_ATTR,
	 'p',
	 {KVM_FIELD(struct kvm_device_attr, group, 'd'),
	  KVM_FIELD(struct kvm_device_attr, attr, 'x')},
	 NULL},
	{KVM_GET_DEVICE_ATTR,
	 'p',
	 {KVM_FIELD(struct kvm_device_attr, group, 'd'),
	  KVM_FIELD(struct kvm_device_attr, attr, 'x')},
	 NULL},
	{KVM_HAS_DEVICE_ATTR,
	 'p',
	 {KVM_FIELD(struct kvm_device_attr, group, 'd'),
	  KVM_FIELD(struct kvm_device_attr, attr, 'x')},
	 NULL},
	{KVM_GET_ONE_REG, 'p', {KVM_FIELD(struct kvm_one_reg, id, 'x')}, one_reg_value},
	{KVM_SET_ONE_REG, 'p', {KVM_FIELD(struct kvm_one_reg, id, 'x')}, one_reg_value},
	{KVM_GET_MP_STATE, 'p', {KVM_FIELD(struct kvm_mp_state, mp_state, 'd')}, NULL},
	{KVM_SET_MP_STATE, 'p', {KVM_FIELD(struct kvm_mp_state, mp_state, 'd')}, NULL},
	{KVM_INTERRUPT, 'p', {KVM_FIELD(struct kvm_interrupt, irq, 'd')}, NULL},
	{0, 0, {{0}}, NULL},
};

static const struct kvm_decode *find(unsigned long request)
{
	static const struct kvm_decode *const tables[] = {common, arch_decode};

	for (unsigned int t = 0; t < 2; t++) {
		for (const struct kvm_decode *d = tables[t]; d->request; d++) {
			if (d->request == request)
				return d;
		}
	}
	return NULL;
}

static const char *strip(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return name && !strncmp(name, prefix, n) ? name + n : name;
}

static void print_value(FILE *out, char format, uint64_t value)
{
	const char *name = NULL;

	if (format == 'c')
		name = strip(kvm_name(KVM_NAMES_CAP, value), "KVM_CAP_");
	else if (format == 't')
		name = strip(kvm_name(KVM_NAMES_DEVICE, value), "KVM_DEV_TYPE_");
	if (name)
		fputs(name, out);
	else if (format == 'x')
		fprintf(out, "0x%" PRIx64, value);
	else
		fprintf(out, "%" PRId64, (int64_t)value);
}

static void print_fields(FILE *out, const struct kvm_field *field, const uint8_t *arg)
{
	for (; field->name; field++) {
		uint64_t value = 0;

		/* Little-endian hosts only: all that KVM's three architectures here are. */
		memcpy(&value, arg + field->offset, field->size);
		if (field->format == 'd' && field->size == 4)
			value = (uint64_t)(int64_t)(int32_t)value;
		fprintf(out, " %s=", field->name);
		print_value(out, field->format, value);
	}
}

/*
 * Copies up to @size bytes from @from, as far as they can be read; the rest is
 * zeroed. A script may have given any address, and a caller a list shorter than
 * its own count says. The kernel looks, page by page; where it does not offer
 * that, or forbids it, the first @known bytes are taken. False if nothing is there.
 */
static bool copy_from(void *to, size_t size, uintptr_t from, size_t known)
{
	size_t page = 4096, first = page - from % page;
	struct iovec local = {to, size}, remote[2] = {{(void *)from, first < size ? first : size},
						      {(void *)(from + first), size - first}};
	ssize_t n;

	n = process_vm_readv(getpid(), &local, 1, remote, first < size ? 2 : 1, 0);
	if (n < 0 && errno != ENOSYS && errno != EPERM)
		return false;
	if (n < 0) {
		memcpy(to, (const void *)from, known);
		n = (ssize_t)known;
	}
	memset((uint8_t *)to + n, 0, size - (size_t)n);
	return n > 0;
}

void (*trace_other)(FILE *out, unsigned long request, const uint8_t *copy);

/* Has the call an argument in memory that can be told? */
static bool is_known(unsigned long request)
{
	const struct kvm_decode *d = find(request);

	if (d)
		return d->arg == 'p';
	return trace_other && _IOC_SIZE(request) && _IOC_SIZE(request) <= TRACE_COPIED;
}

static void note_register(struct trace_record *record)
{
	struct kvm_one_reg *reg = (struct kvm_one_reg *)record->copy;
	unsigned int size = 1u << ((reg->id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);

	if (size <= sizeof(uint64_t))
		copy_from(reg + 1, size, (uintptr_t)reg->addr, size);
}

/* Of the kinds of exits, a port's data alone lies elsewhere in the mapping. */
static void note_exit(struct trace_record *record, const struct kvm_run *run)
{
	struct kvm_run *copy = (struct kvm_run *)record->run;
	size_t place = TRACE_RUN - sizeof(uint64_t);

	memcpy(record->run, run, place);
	if (run->exit_reason != KVM_EXIT_IO)
		return;
	memcpy(record->run + place, (const uint8_t *)run + run->io.data_offset, sizeof(uint64_t));
	copy->io.data_offset = place;
}

void trace_note(struct trace_record *record, int result, uint64_t ns, const struct kvm_run *run)
{
	record->result = result;
	record->ns = ns;
	record->has_copy = is_known(record->request) && record->arg &&
			   copy_from(record->copy, sizeof(record->copy), record->arg,
				     _IOC_SIZE(record->request));
	if (record->has_copy && result >= 0 &&
	    (record->request == KVM_GET_ONE_REG || record->request == KVM_SET_ONE_REG))
		note_register(record);
	record->has_run = run && result >= 0;
	if (record->has_run)
		note_exit(record, run);
	record->returned = true;
}

static void print_argument(FILE *out, const struct trace_record *r)
{
	const struct kvm_decode *d = find(r->request);

	if (!d && !is_known(r->request))
		return;
	if (d && d->arg != 'p') {
		fputc(' ', out);
		print_value(out, d->arg, r->arg);
	} else if (!d && r->returned && r->has_copy) {
		fputc(' ', out);
		trace_other(out, r->request, r->copy);
	} else if (r->returned && r->has_copy) {
		print_fields(out, d->fields, r->copy);
		if (d->more)
			d->more(out, r->copy, r->result);
	} else {
		fprintf(out, " 0x%lx", (unsigned long)r->arg);
	}
}

void trace_print_time(FILE *out, const struct trace_record *r)
{
	fprintf(out, "%10.6f ", r->seconds);
}

void trace_print_duration(FILE *out, const struct trace_record *r)
{
	if (r->returned)
		fprintf(out, " (%.1f us)", (double)r->ns / 1000);
}

void trace_print_call(FILE *out, const struct trace_record *r)
{
	const char *name = kvm_name(KVM_NAMES_IOCTL, r->request);
	char text[256];

	fprintf(out, "%-7.*s ", (int)sizeof(r->object), r->object);
	if (name)
		fputs(name, out);
	else
		fprintf(out, "ioctl 0x%lx", r->request);
	print_argument(out, r);
	if (!r->returned)
		fputs(" has not returned", out);
	else if (r->result < 0)
		fprintf(out, " = %s", errno_name(r->result));
	else
		fprintf(out, " = %d", r->result);
	if (r->returned && r->injected)
		fputs(" (injected)", out);
	if (r->returned && r->has_run) {
		kvm_exit_describe((const struct kvm_run *)r->run, text, sizeof(text));
		fprintf(out, " %s", text);
	}
}

void trace_print(FILE *out, const struct trace_record *r)
{
	flockfile(out);
	trace_print_time(out, r);
	trace_print_call(out, r);
	trace_print_duration(out, r);
	fputc('\n', out);
	funlockfile(out);
}

/* Data of an exit as one number, for sizes that are one. */
static uint64_t data_value(const void *data, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	return value;
}

void kvm_exit_describe(const struct kvm_run *run, char *buf, size_t size)
{
	const char *name = strip(kvm_name(KVM_NAMES_EXIT, run->exit_reason), "KVM_EXIT_");
	char unknown[32];

	if (!name) {
		snprintf(unknown, sizeof(unknown), "exit reason %u", run->exit_reason);
		name = unknown;
	}
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		snprintf(buf, size, "%s %s port 0x%x size %u count %u data 0x%" PRIx64, name,
			 run->io.direction == KVM_EXIT_IO_OUT ? "out" : "in", run->io.port,
			 run->io.size, run->io.count,
			 run->io.direction == KVM_EXIT_IO_OUT
				 ? data_value((const uint8_t *)run + run->io.data_offset,
					      run->io.size)
				 : 0);
		break;
	case KVM_EXIT_MMIO:
		snprintf(buf, size, "%s %s 0x%" PRIx64 " size %u data 0x%" PRIx64, name,
			 run->mmio.is_write ? "write" : "read", (uint64_t)run->mmio.phys_addr,
			 run->mmio.len,
			 run->mmio.is_write ? data_value(run->mmio.data, run->mmio.len) : 0);
		break;
	case KVM_EXIT_SYSTEM_EVENT: {
		const char *event = kvm_name(KVM_NAMES_EVENT, run->system_event.type);

		snprintf(buf, size, "%s %s (type %u) data 0x%" PRIx64, name,
			 event ? strip(event, "KVM_SYSTEM_EVENT_") : "unknown",
			 run->system_event.type,
			 run->system_event.ndata ? (uint64_t)run->system_event.data[0] : 0);
		break;
	}
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(buf, size, "%s suberror %u", name, run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(buf, size, "%s hardware reason 0x%" PRIx64 " cpu %u", name,
			 (uint64_t)run->fail_entry.hardware_entry_failure_reason,
			 run->fail_entry.cpu);
		break;
	case KVM_EXIT_UNKNOWN:
		snprintf(buf, size, "%s hardware reason 0x%" PRIx64, name,
			 (uint64_t)run->hw.hardware_exit_reason);
		break;
	case KVM_EXIT_HYPERCALL:
		snprintf(buf, size, "%s nr 0x%" PRIx64, name, (uint64_t)run->hypercall.nr);
		break;
	case KVM_EXIT_RISCV_SBI:
		snprintf(buf, size, "%s extension 0x%lx function 0x%lx", name,
			 run->riscv_sbi.extension_id, run->riscv_sbi.function_id);
		break;
	case KVM_EXIT_RISCV_CSR:
		snprintf(buf, size, "%s csr 0x%lx write mask 0x%lx", name, run->riscv_csr.csr_num,
			 run->riscv_csr.write_mask);
		break;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		snprintf(buf, size, "%s index 0x%x reason 0x%x data 0x%" PRIx64, name,
			 run->msr.index, run->msr.reason, (uint64_t)run->msr.data);
		break;
	case KVM_EXIT_IOAPIC_EOI:
		snprintf(buf, size, "%s vector 0x%x", name, run->eoi.vector);
		break;
	case KVM_EXIT_ARM_NISV:
		snprintf(buf, size, "%s fault at 0x%" PRIx64 " esr_iss 0x%" PRIx64, name,
			 (uint64_t)run->arm_nisv.fault_ipa, (uint64_t)run->arm_nisv.esr_iss);
		break;
	case KVM_EXIT_MEMORY_FAULT:
		snprintf(buf, size, "%s gpa 0x%" PRIx64 " size 0x%" PRIx64 " flags 0x%" PRIx64,
			 name, (uint64_t)run->memory_fault.gpa, (uint64_t)run->memory_fault.size,
			 (uint64_t)run->memory_fault.flags);
		break;
	default:
		snprintf(buf, size, "%s", name);
	}
}
