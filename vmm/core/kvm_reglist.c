/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_GET_REG_LIST and what is told of it; see kvm_reglist.h. */
#include "kvm_reglist.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "arch.h"
#include "json.h"
#include "kvm.h"

/* By kind and number, which are in the lower half; the upper one has the size. */
static int by_id(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;
	uint32_t low_x = (uint32_t)*x, low_y = (uint32_t)*y;

	if (low_x != low_y)
		return low_x < low_y ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

struct kvm_reg_list *kvm_reglist_get(int vcpu_fd, int *error)
{
	struct kvm_reg_list empty = {.n = 0}, *list;
	int r = kvm_try(vcpu_fd, KVM_GET_REG_LIST, (uintptr_t)&empty);

	/* Too short a list gives E2BIG and the number that is wanted. */
	*error = r;
	if (r != -E2BIG && r < 0)
		return NULL;
	list = calloc(1, sizeof(*list) + empty.n * sizeof(list->reg[0]));
	if (!list) {
		*error = -ENOMEM;
		return NULL;
	}
	list->n = empty.n;
	*error = kvm_try(vcpu_fd, KVM_GET_REG_LIST, (uintptr_t)list);
	if (*error < 0) {
		free(list);
		return NULL;
	}
	qsort(list->reg, list->n, sizeof(list->reg[0]), by_id);
	return list;
}

static bool has(const struct kvm_reg_list *list, __u64 id)
{
	return list && bsearch(&id, list->reg, list->n, sizeof(list->reg[0]), by_id);
}

static bool value_of(int vcpu_fd, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

	*value = 0;
	if ((id & KVM_REG_SIZE_MASK) > KVM_REG_SIZE_U64)
		return false;
	return kvm_try(vcpu_fd, KVM_GET_ONE_REG, (uintptr_t)&reg) >= 0;
}

void kvm_reglist_describe(struct json *out, const char *set, int vcpu_fd,
			  const struct kvm_reg_list *list, const struct kvm_reg_list *base,
			  bool (*shown)(uint64_t id))
{
	struct json *names, *reg;
	uint64_t value;
	char name[64];

	out = json_set(out, set, json_object());
	json_set(out, "count", json_number((long long)list->n));
	names = json_set(out, "names", json_object());
	for (uint64_t i = 0; i < list->n; i++) {
		uint64_t id = list->reg[i];

		if (has(base, id))
			continue;
		arch_reg_name(id, name, sizeof(name));
		/* Two ids of one name would make one member of two. */
		if (json_get(names, name))
			snprintf(name, sizeof(name), "REG_0x%016" PRIx64, id);
		reg = json_set(names, name, json_object());
		json_set(reg, "id", json_string("0x%016" PRIx64, id));
		if (shown(id) && value_of(vcpu_fd, id, &value))
			json_set(reg, "value", json_string("0x%" PRIx64, value));
	}
}
