# SPDX-License-Identifier: GPL-2.0-or-later
# kvmbed's build: GNU make, out of tree. `make help` lists the targets.

ARCH ?= x86
ARCHS := x86 arm64 riscv
BUILD ?= build
O := $(BUILD)/$(ARCH)
PREFIX ?= /usr/local
VERSION := 0.1

ifeq ($(filter $(ARCH),$(ARCHS)),)
$(error ARCH=$(ARCH) is not known: use one of $(ARCHS))
endif

# Targets that build nothing fetch nothing.
offline := $(if $(MAKECMDGOALS),$(if $(filter-out help clean,$(MAKECMDGOALS)),,yes))

CROSS_x86   :=
CROSS_arm64 := aarch64-linux-gnu-
CROSS_riscv := riscv64-linux-gnu-
TRIPLET_x86   := x86_64-linux-gnu
TRIPLET_arm64 := aarch64-linux-gnu
TRIPLET_riscv := riscv64-linux-gnu
CROSS_COMPILE ?= $(CROSS_$(ARCH))

# On a machine of the target's own kind no cross compiler is wanted.
HOST_ARCH := $(patsubst aarch64,arm64,$(patsubst riscv64,riscv,$(patsubst x86_64,x86,$(shell uname -m))))
ifneq ($(ARCH),$(HOST_ARCH))
CC := $(CROSS_COMPILE)gcc
ifeq ($(origin SYSROOT)$(offline),undefined)
SYSROOT := $(shell lab/sysroot $(ARCH))
$(if $(SYSROOT),,$(error there is no sysroot for $(ARCH): see the message above, or give SYSROOT=DIR))
endif
SYSROOT_CFLAGS = --sysroot=$(SYSROOT) -I$(SYSROOT)/usr/include
SYSROOT_LDFLAGS = --sysroot=$(SYSROOT) -L$(SYSROOT)/usr/lib/$(TRIPLET_$(ARCH)) \
	-Wl,-rpath-link,$(SYSROOT)/usr/lib/$(TRIPLET_$(ARCH))
else
CC := gcc
endif
# The newest UAPI headers that can be had, private to the build; UAPI=DIR points elsewhere, UAPI= uses the system's.
ifeq ($(origin UAPI)$(offline),undefined)
UAPI := $(shell lab/uapi $(ARCH))
$(if $(UAPI),,$(error there are no KVM headers for $(ARCH): see the message above, or give UAPI=DIR))
endif

# Short lines unless V=1.
Q := $(if $(filter 1,$(V)),,@)
say = @$(if $(filter 1,$(V)),:,printf '  %-4s %s\n' '$(1)' '$(2)')

WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wpointer-arith \
	-Wno-unused-parameter
CFLAGS ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -Ivmm/core -Ivmm -I. -DKVMBED_VERSION=\"$(VERSION)\" $(if $(UAPI),-isystem $(UAPI))
DEPFLAGS := -MMD -MP
# Not position-independent: relocating the tables of a thousand pointers at each start takes time and private memory.
ALL_CFLAGS = -std=gnu11 $(WARN) -fno-pie $(SYSROOT_CFLAGS) $(CFLAGS) -pthread
ALL_LDFLAGS = -no-pie $(SYSROOT_LDFLAGS) $(LDFLAGS) -pthread
# libelf is loaded when an ELF file comes (vmm/core/library.h).
LIBS := -l:libfdt.a

SRC := $(wildcard vmm/core/*.c vmm/machine/*.c vmm/cli/*.c devices/*.c devices/*/*.c arch/$(ARCH)/*.c)
GEN_riscv := $(O)/gen/riscv_ext_names.c
GEN := $(O)/gen/kvm_names.c $(GEN_$(ARCH))
OBJ := $(SRC:%.c=$(O)/obj/%.o) $(GEN:$(O)/gen/%.c=$(O)/obj/gen/%.o)

all: $(O)/kvmbed ## build the VMM and the guests for ARCH (x86 by default, arm64, riscv)

$(O)/kvmbed: $(OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(O)/obj/%.o: %.c | $(O)/gen/.ready
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(DEPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(O)/obj/gen/%.o: $(O)/gen/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(DEPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(O)/gen/.ready:
	@mkdir -p $(@D) && touch $@

# Names of ioctls, capabilities and exits, out of the headers themselves.
$(O)/gen/kvm_names.c: vmm/core/kvm_names.sh $(wildcard $(UAPI)/linux/kvm.h) | $(O)/gen/.ready
	$(call say,GEN,$@)
	$(Q)sh $< "$(CC) $(CPPFLAGS) $(SYSROOT_CFLAGS)" > $@.tmp && mv $@.tmp $@

include $(wildcard mk/*.mk)

clean: ## remove what was built (downloads stay in the cache)
	rm -rf $(BUILD)

-include $(OBJ:.o=.d)

help: ## this list
	@echo 'usage: make [TARGET...] [ARCH=x86|arm64|riscv] [V=1] [UAPI=DIR] [SYSROOT=DIR]'
	@sed -n -E 's/^([a-z0-9-]+):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | sort | \
		awk -F'|' '{ printf "  %-16s %s\n", $$1, $$2 }'

.PHONY: all clean help
.DELETE_ON_ERROR:
