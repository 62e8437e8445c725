# SPDX-License-Identifier: GPL-2.0-or-later
# The KVM API as tables, out of the headers' debug information; see vmm/script/api.h.

HOSTCC ?= gcc
REFLECT := $(BUILD)/host/reflect

$(REFLECT): vmm/script/reflect/reflect.c vmm/script/api.h
	@mkdir -p $(@D)
	$(call say,CC,$< (build machine))
	$(Q)$(HOSTCC) -std=gnu11 -D_GNU_SOURCE -Ivmm $(WARN) -O1 -g -o $@ $< -ldw

$(O)/gen/kvm_api.c: $(REFLECT) vmm/script/reflect/reflect.sh vmm/core/kvm_macros.sh $(wildcard $(UAPI)/linux/kvm.h $(UAPI)/asm/kvm.h) \
		| $(O)/gen/.ready
	$(call say,GEN,$@)
	$(Q)sh vmm/script/reflect/reflect.sh $(REFLECT) "$(CC) $(CPPFLAGS) $(SYSROOT_CFLAGS)" > $@.tmp && mv $@.tmp $@

# Are the tables what the target's compiler says, and is everything in them? The program that asks runs here.
API_HOSTCC = $(HOSTCC) -std=gnu11 -D_GNU_SOURCE -Ivmm $(if $(UAPI),-isystem $(UAPI)) $(WARN) -O1 -g
API_CC = $(CC) $(CPPFLAGS) $(SYSROOT_CFLAGS)

$(O)/api/dump: tests/api/dump.c $(O)/gen/kvm_api.c vmm/script/api.c vmm/script/api.h
	@mkdir -p $(@D)
	$(Q)$(API_HOSTCC) -o $@ $(filter %.c,$^)

check-api: $(O)/api/dump ## are the script engine's tables of KVM's API complete and right for ARCH?
	$(Q)sh tests/api/check $(O)/api/dump "$(API_HOSTCC)" "$(API_CC)"

# The same check must notice tables with one thing wrong.
check-api-broken: $(O)/gen/kvm_api.c
	$(Q)sh tests/api/broken $< "$(API_HOSTCC)" "$(API_CC)"

.PHONY: check-api check-api-broken
