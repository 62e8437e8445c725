/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ISA and SBI extensions: which a vCPU gets, and how a device tree tells them.
 * KVM gives a new vCPU all ISA extensions of the host that it can offer; what
 * is chosen here is a change of that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/riscv/riscv.h"
#include "msg.h"

const char *riscv_ext_parse(const struct riscv_ext *exts, const char *text, uint8_t *choices)
{
	const char *equals = strchr(text, '=');
	size_t len;

	if (!equals || (strcmp(equals, "=on") && strcmp(equals, "=off")))
		return "must be EXT=on or EXT=off";
	len = equals - text;
	for (const struct riscv_ext *e = exts; e->name; e++) {
		if (strlen(e->name) != len || strncmp(e->name, text, len) || e->id >= RISCV_MAX_EXT)
			continue;
		choices[e->id] = strcmp(equals, "=on") ? CHOICE_OFF : CHOICE_ON;
		return NULL;
	}
	return "names an extension that asm/kvm.h does not have (they are written like zicboz or dbcn)";
}

/* What the errno of a refused change means; see kvm_riscv_vcpu_set_reg_isa_ext() and its SBI twin. */
static const char *refusal(int err, bool on)
{
	switch (err) {
	case ENOENT:
		return "this host does not have it";
	case EINVAL:
	case EOPNOTSUPP:
		return on ? "this host's KVM cannot offer it"
			  : "this host's KVM cannot take it away";
	}
	return strerror(err);
}

/* Makes the choices of one option; @regs is the register of extension 0. */
static int apply_choices(struct vcpu *vcpu, const char *option, const struct riscv_ext *exts,
			 uint64_t regs, const uint8_t *choices)
{
	int r;

	for (const struct riscv_ext *e = exts; e->name; e++) {
		bool on;

		if (e->id >= RISCV_MAX_EXT || choices[e->id] == CHOICE_DEFAULT)
			continue;
		on = choices[e->id] == CHOICE_ON;
		r = riscv_try_set_reg(vcpu, regs + e->id, on);
		/* Turning off what is not there: nothing to do. */
		if (r == -ENOENT && !on)
			continue;
		if (r) {
			msg_error("--%s %s=%s: %s (KVM_SET_ONE_REG: %s)", option, e->name,
				  on ? "on" : "off", refusal(-r, on), errno_name(r));
			return r;
		}
	}
	return 0;
}

/* Without an in-kernel AIA a guest has no use for Ssaia: its CSRs have no interrupt files behind them. */
static bool wants_ssaia(const struct vm *vm)
{
	return vm->arch->irqchip == IRQCHIP_AIA ||
	       vm->config->arch->isa[KVM_RISCV_ISA_EXT_SSAIA] == CHOICE_ON;
}

/* What kvmbed itself wants, where the host can. */
static int apply_own(struct vcpu *vcpu, const char *name, uint64_t id, bool on)
{
	int r = riscv_try_set_reg(vcpu, id, on);

	if (!r || riscv_reg_absent(r))
		return 0;
	msg_error("KVM_SET_ONE_REG failed for the extension %s: %s (%s)", name, errno_name(r),
		  strerror(-r));
	return r;
}

int riscv_ext_apply(struct vcpu *vcpu)
{
	const struct arch_config *config = vcpu->vm->config->arch;
	int r = 0;

	/* Only a host with Smstateen can turn it off; elsewhere it is just not told to the guest. */
	if (!wants_ssaia(vcpu->vm))
		r = apply_own(vcpu, "ssaia", REG_ISA_EXT(KVM_RISCV_ISA_EXT_SSAIA), false);
	/* KVM has DBCN off until user space says that it answers the calls; before 6.6 it had no DBCN. */
	if (!r)
		r = apply_own(vcpu, "dbcn", REG_SBI_EXT(KVM_RISCV_SBI_EXT_DBCN), true);
	if (!r)
		r = apply_choices(vcpu, "isa", riscv_isa_exts, REG_ISA_EXT(0), config->isa);
	return r ? r : apply_choices(vcpu, "sbi", riscv_sbi_exts, REG_SBI_EXT(0), config->sbi);
}

/*
 * The canonical order of the ISA manual (Unprivileged ISA, "ISA Extension
 * Naming Conventions"): single letters in an order of their own; then Z
 * extensions, by the single letter that comes second in their name; then S.
 */
static unsigned int letter_rank(char letter)
{
	static const char order[] = "iemafdqlcbkjtpvnh";
	const char *found = strchr(order, letter);

	return found ? (unsigned int)(found - order) : sizeof(order) + (unsigned char)letter;
}

static unsigned int class_rank(const char *name)
{
	if (!name[1])
		return 0;
	return name[0] == 'z' ? 1 : 2;
}

static int canonical_order(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	unsigned int class = class_rank(x), rank_x, rank_y;

	if (class != class_rank(y))
		return class < class_rank(y) ? -1 : 1;
	rank_x = class == 2 ? 0 : letter_rank(x[class]);
	rank_y = class == 2 ? 0 : letter_rank(y[class]);
	if (rank_x != rank_y)
		return rank_x < rank_y ? -1 : 1;
	return strcmp(x, y);
}

int riscv_isa_read(struct vcpu *vcpu, struct riscv_isa *isa)
{
	size_t len;
	int r;

	isa->nr = 0;
	for (const struct riscv_ext *e = riscv_isa_exts; e->name; e++) {
		uint64_t on;

		r = riscv_try_get_reg(vcpu, REG_ISA_EXT(e->id), &on);
		if (r && !riscv_reg_absent(r)) {
			msg_error("KVM_GET_ONE_REG failed for the extension %s: %s (%s)", e->name,
				  errno_name(r), strerror(-r));
			return r;
		}
		if (r || !on)
			continue;
		if (e->id == KVM_RISCV_ISA_EXT_SSAIA && !wants_ssaia(vcpu->vm))
			continue;
		if (isa->nr < RISCV_MAX_EXT)
			isa->names[isa->nr++] = e->name;
	}
	qsort(isa->names, isa->nr, sizeof(isa->names[0]), canonical_order);

	len = snprintf(isa->string, sizeof(isa->string), "rv64");
	for (unsigned int i = 0; i < isa->nr && len < sizeof(isa->string); i++)
		len += snprintf(isa->string + len, sizeof(isa->string) - len, "%s%s",
				class_rank(isa->names[i]) ? "_" : "", isa->names[i]);
	return len < sizeof(isa->string) ? 0 : -E2BIG;
}
