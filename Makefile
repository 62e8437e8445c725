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
SYSROOT ?= $(shell lab/sysroot $(ARCH))
SYSROOT_CFLAGS = --sysroot=$(SYSROOT) -I$(SYSROOT)/usr/include
SYSROOT_LDFLAGS = --sysroot=$(SYSROOT) -L$(SYSROOT)/usr/lib/$(TRIPLET_$(ARCH)) \
	-Wl,-rpath-link,$(SYSROOT)/usr/lib/$(TRIPLET_$(ARCH))
else
CC := gcc
endif
# The newest UAPI headers that can be had, private to the build; UAPI=DIR points elsewhere, UAPI= uses the system's.
UAPI ?= $(shell lab/uapi $(ARCH))

WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wpointer-arith \
	-Wno-unused-parameter
CFLAGS ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -Ivmm/core -Ivmm -I. -DKVMBED_VERSION=\"$(VERSION)\" $(if $(UAPI),-isystem $(UAPI)) -MMD -MP
ALL_CFLAGS = -std=gnu11 $(WARN) $(SYSROOT_CFLAGS) $(CFLAGS) -pthread
ALL_LDFLAGS = $(SYSROOT_LDFLAGS) $(LDFLAGS) -pthread
LIBS := -lelf -lfdt

SRC := $(wildcard vmm/core/*.c vmm/machine/*.c vmm/cli/*.c devices/*.c devices/*/*.c arch/$(ARCH)/*.c)
GEN := $(O)/gen/kvm_names.c
OBJ := $(SRC:%.c=$(O)/obj/%.o) $(GEN:$(O)/gen/%.c=$(O)/obj/gen/%.o)

all: $(O)/kvmbed

$(O)/kvmbed: $(OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(O)/obj/%.o: %.c | $(O)/gen/.ready
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(O)/obj/gen/%.o: $(O)/gen/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(O)/gen/.ready:
	@mkdir -p $(@D) && touch $@

# Names of ioctls, capabilities and exits, out of the headers themselves.
$(O)/gen/kvm_names.c: vmm/core/kvm_names.sh | $(O)/gen/.ready
	$(call say,GEN,$@)
	$(Q)sh $< "$(CC) $(CPPFLAGS) $(SYSROOT_CFLAGS)" > $@.tmp && mv $@.tmp $@

include $(wildcard mk/*.mk)

# Short lines unless V=1.
Q := $(if $(filter 1,$(V)),,@)
say = @$(if $(filter 1,$(V)),:,printf '  %-4s %s\n' '$(1)' '$(2)')

clean:
	rm -rf $(BUILD)

-include $(OBJ:.o=.d)

.PHONY: all clean
.DELETE_ON_ERROR:
