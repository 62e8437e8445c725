# SPDX-License-Identifier: GPL-2.0-or-later
# Guest tests: bare-metal programs, one for each guest-tests/NAME.c. What only one architecture has of
# a guest stands in guest-tests/ARCH/NAME.c, beside the common file or alone.
# Nothing of the host or of the target's C library is used, only the compiler's own headers.

GUEST_LIB := guest-tests/lib
GUEST_ALL := $(basename $(notdir $(wildcard guest-tests/*.c guest-tests/$(ARCH)/*.c)))
# An architecture whose part of the runtime is absent has no guests.
GUESTS := $(if $(wildcard $(GUEST_LIB)/$(ARCH)/guest.lds),$(sort $(GUEST_ALL)))
OBJCOPY ?= $(if $(filter $(ARCH),$(HOST_ARCH)),,$(CROSS_COMPILE))objcopy
GUEST_ELF := $(GUESTS:%=$(O)/guests/%.elf)

# Integer registers only; no code that expects a C library's start-up.
GUEST_ARCH_CFLAGS_x86 := -m64 -mgeneral-regs-only -mno-red-zone -fcf-protection=none -mcmodel=small
GUEST_ARCH_CFLAGS_arm64 := -mgeneral-regs-only -mstrict-align -mno-outline-atomics -mcmodel=small
GUEST_ARCH_CFLAGS_riscv := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
GUEST_CFLAGS := -std=gnu11 $(WARN) -O2 -g -ffreestanding -fno-stack-protector -fno-pic -fno-pie \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	$(GUEST_ARCH_CFLAGS_$(ARCH))
GUEST_CPPFLAGS := -nostdinc -isystem $(shell $(CC) -print-file-name=include) -I$(GUEST_LIB) \
	-I$(GUEST_LIB)/$(ARCH) -I. -MMD -MP
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,--no-warn-rwx-segments \
	-T $(GUEST_LIB)/$(ARCH)/guest.lds

GUEST_OBJ = $(patsubst %,$(O)/guest-obj/%.o,$(basename $(1)))
GUEST_LIB_SRC := $(wildcard $(GUEST_LIB)/*.c $(GUEST_LIB)/$(ARCH)/*.c)
# A .S file shares its folder with a .c of the same name, so its object keeps the suffix.
GUEST_LIB_ASM := $(wildcard $(GUEST_LIB)/$(ARCH)/*.S)
GUEST_LIB_OBJ := $(call GUEST_OBJ,$(GUEST_LIB_SRC)) $(GUEST_LIB_ASM:%=$(O)/guest-obj/%.o)

all: guests
guests: $(GUEST_ELF)

$(O)/guest-obj/%.o: %.c mk/guests.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

$(O)/guest-obj/%.S.o: %.S mk/guests.mk
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

# The common file, the architecture's file, whichever exist, and the runtime. The one with debug
# information stays among the objects.
.SECONDEXPANSION:
$(GUEST_ELF): $(O)/guests/%.elf: $$(call GUEST_OBJ,$$(wildcard guest-tests/$$*.c guest-tests/$(ARCH)/$$*.c)) \
		$(GUEST_LIB_OBJ) $(GUEST_LIB)/$(ARCH)/guest.lds
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(GUEST_CFLAGS) $(GUEST_LDFLAGS) -o $(O)/guest-obj/$*.elf $(filter %.o,$^)
	$(Q)$(OBJCOPY) --strip-debug $(O)/guest-obj/$*.elf $@

-include $(shell find $(O)/guest-obj -name '*.d' 2>/dev/null)

.PHONY: guests

check-guest-mutants: everything ## break the VMM in one place after the other: the guest tests must notice (MUTANTS="NAME...")
	$(Q)MAKE="$(MAKE)" tests/guest-mutants/run $(MUTANTS)

.PHONY: check-guest-mutants
