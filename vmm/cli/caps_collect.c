/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the host and makes the report of `kvmbed caps`; see caps.h and docs/caps.md. */
#include "caps.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch.h"
#include "host.h"
#include "kvm.h"
#include "msg.h"

/* Capabilities that a kernel newer than the headers has may lie this far beyond the last known one. */
#define UNNAMED_CAPS 64

struct look {
	int kvm_fd;
	int vm_fd; /* -1 if none could be made */
	const char *probe;
};

static void kernel(const struct look *look, struct json *out)
{
	struct utsname name;
	char text[256];

	if (!uname(&name)) {
		json_set(out, "release", json_string("%s", name.release));
		json_set(out, "version", json_string("%s", name.version));
		json_set(out, "machine", json_string("%s", name.machine));
	}
	json_set(out, "cpus", json_number(sysconf(_SC_NPROCESSORS_ONLN)));
	if (host_cpuinfo("model name", text, sizeof(text)))
		json_set(out, "cpu", json_string("%s", text));
	json_set(out, "page_size", json_number(sysconf(_SC_PAGESIZE)));
	if (look->kvm_fd >= 0)
		json_set(out, "kvm_api",
			 json_number(kvm_try(look->kvm_fd, KVM_GET_API_VERSION, 0)));
}

static void backend(const struct look *look, struct json *out)
{
	arch_caps_backend(look->kvm_fd, look->vm_fd, out);
	if (host_has_module("kvm"))
		host_module_parameters("kvm", json_set(out, "kvm", json_object()));
}

/* Null where there is nobody to ask, or the question is refused: arm64's /dev/kvm does that with KVM_CAP_MSI_DEVID. */
static struct json *extension(int fd, unsigned long cap)
{
	int r = fd < 0 ? -EBADF : kvm_try(fd, KVM_CHECK_EXTENSION, cap);

	return r < 0 ? json_null() : json_number(r);
}

static void capability(const struct look *look, const char *name, unsigned long cap,
		       struct json *out)
{
	out = json_set(out, name, json_object());
	json_set(out, "number", json_number((long long)cap));
	json_set(out, "kvm", extension(look->kvm_fd, cap));
	json_set(out, "vm", extension(look->vm_fd, cap));
}

/* By number; of several names for one number only the first stands in the report. */
static void capabilities(const struct look *look, struct json *out)
{
	const struct kvm_name *table = kvm_names(KVM_NAMES_CAP);
	unsigned long last = 0;
	char name[32];

	for (const struct kvm_name *n = table; n->name; n++)
		last = n->value > last ? n->value : last;
	for (unsigned long cap = 0; cap <= last + UNNAMED_CAPS; cap++) {
		const char *known = kvm_name(KVM_NAMES_CAP, cap);

		if (known) {
			capability(look, known, cap, out);
		} else if (kvm_try(look->kvm_fd, KVM_CHECK_EXTENSION, cap) > 0) {
			snprintf(name, sizeof(name), "KVM_CAP_%lu", cap);
			capability(look, name, cap, out);
		}
	}
}

static void registers(const struct look *look, struct json *out)
{
	arch_caps_registers(look->kvm_fd, out);
}

static void devices(const struct look *look, struct json *out)
{
	if (look->vm_fd < 0)
		return;
	for (const struct kvm_name *n = kvm_names(KVM_NAMES_DEVICE); n->name; n++) {
		struct kvm_create_device device = {.type = (uint32_t)n->value,
						   .flags = KVM_CREATE_DEVICE_TEST};
		int r = kvm_try(look->vm_fd, KVM_CREATE_DEVICE, (uintptr_t)&device);
		struct json *entry = json_set(out, n->name, json_object());

		json_set(entry, "number", json_number((long long)n->value));
		json_set(entry, "there", json_bool(r >= 0));
		if (r < 0 && r != -ENODEV)
			json_set(entry, "error", json_string("%s", errno_name(r)));
	}
}

static void limits(const struct look *look, struct json *out)
{
	static const struct {
		const char *name;
		unsigned int cap;
	} caps[] = {
		{"vcpus_recommended", KVM_CAP_NR_VCPUS},
		{"vcpus_max", KVM_CAP_MAX_VCPUS},
		{"memslots", KVM_CAP_NR_MEMSLOTS},
		{"gsi_routes", KVM_CAP_IRQ_ROUTING},
	};
	int fd = look->vm_fd >= 0 ? look->vm_fd : look->kvm_fd, ring, spaces, id;

	for (unsigned int i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		json_set(out, caps[i].name, json_number(kvm_check_extension(fd, caps[i].cap)));
	/* Without this capability ids end where their number does (api.rst, 4.7). */
	id = kvm_check_extension(fd, KVM_CAP_MAX_VCPU_ID);
	json_set(out, "vcpu_ids",
		 json_number(id ? id : kvm_check_extension(fd, KVM_CAP_MAX_VCPUS)));
	spaces = kvm_check_extension(fd, KVM_CAP_MULTI_ADDRESS_SPACE);
	json_set(out, "address_spaces", json_number(spaces ? spaces : 1));
	ring = kvm_check_extension(fd, KVM_CAP_DIRTY_LOG_RING);
	if (!ring)
		ring = kvm_check_extension(fd, KVM_CAP_DIRTY_LOG_RING_ACQ_REL);
	json_set(out, "dirty_ring_entries", json_number(ring / (int)sizeof(struct kvm_dirty_gfn)));
	json_set(out, "run_bytes", json_number(kvm_try(look->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0)));
	arch_caps_limits(look->kvm_fd, look->vm_fd, out);
}

static void probes(const struct look *look, struct json *out)
{
	struct probe_answer answer;
	struct json *entry;

	for (const struct probe_desc *p = arch_probes; p->name; p++) {
		if (look->probe && strcmp(look->probe, p->name))
			continue;
		probe_ask(p, look->kvm_fd, &answer);
		entry = json_set(out, p->name, json_object());
		json_set(entry, "question", json_string("%s", p->question));
		json_set(entry, "result", json_string("%s", probe_result_name(answer.result)));
		json_set(entry, "detail", json_string("%s", answer.detail));
	}
}

static void (*const collectors[CAPS_SECTIONS])(const struct look *look, struct json *out) = {
	[CAPS_KERNEL] = kernel,	      [CAPS_BACKEND] = backend, [CAPS_CAPABILITIES] = capabilities,
	[CAPS_REGISTERS] = registers, [CAPS_DEVICES] = devices, [CAPS_LIMITS] = limits,
	[CAPS_PROBES] = probes,
};

struct json *caps_collect(int kvm_fd, unsigned int sections, const char *probe)
{
	struct look look = {.kvm_fd = kvm_fd, .vm_fd = -1, .probe = probe};
	struct json *report = json_object();

	if (kvm_fd >= 0 && sections != 1u << CAPS_PROBES)
		look.vm_fd = kvm_try(kvm_fd, KVM_CREATE_VM, arch_caps_vm_type(kvm_fd));
	if (look.vm_fd < 0 && look.vm_fd != -1)
		msg_warn("no VM can be made here (%s): only what /dev/kvm says is shown",
			 errno_name(look.vm_fd));
	json_set(report, "schema", json_number(CAPS_SCHEMA));
	json_set(report, "tool", json_string("kvmbed %s", KVMBED_VERSION));
	json_set(report, "arch", json_string("%s", arch_name));
	for (int i = 0; i < CAPS_SECTIONS; i++) {
		if (sections >> i & 1)
			collectors[i](&look, json_set(report, caps_section_name(i), json_object()));
	}
	if (look.vm_fd >= 0)
		kvm_close(look.vm_fd);
	return report;
}
