# SPDX-License-Identifier: GPL-2.0-or-later
# kvmbed-test: what kvmbed has, the script engine, and Lua. A program of its own, so that `kvmbed run` starts without them.

# Looking things up, over a test's own tables.
UNIT_PURE += vmm/script/api.c vmm/cli/test/kernel.c

LUA_CFLAGS := -isystem $(if $(filter $(ARCH),$(HOST_ARCH)),/usr/include/lua5.4,$(SYSROOT)/usr/include/lua5.4)
SCRIPT_SRC := $(wildcard vmm/script/*.c vmm/cli/test/*.c)
SCRIPT_LUA := $(addprefix vmm/script/lua/,environment.lua machine.lua guest.lua program.lua thread.lua state.lua stats.lua dump.lua) arch/$(ARCH)/script.lua vmm/script/lua/expect.lua
SCRIPT_OBJ := $(SCRIPT_SRC:%.c=$(O)/obj/%.o) $(addprefix $(O)/obj/gen/,kvm_api.o script_prelude.o)
# The command line's own, but for the parts of caps, which answer what a script needs.
TEST_OBJ := $(filter-out $(O)/obj/vmm/cli/%,$(OBJ)) $(patsubst %.c,$(O)/obj/%.o,$(wildcard vmm/cli/caps_*.c)) $(SCRIPT_OBJ)

all: $(O)/kvmbed-test

$(SCRIPT_OBJ): CPPFLAGS += $(LUA_CFLAGS)
$(O)/obj/gen/script_prelude.o: $(SCRIPT_LUA)

$(O)/kvmbed-test: $(TEST_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -llua5.4 -lcapstone -lm

$(O)/gen/script_prelude.c: vmm/script/embed.sh mk/script.mk | $(O)/gen/.ready
	$(call say,GEN,$@)
	$(Q)sh $< $(SCRIPT_LUA) > $@.tmp && mv $@.tmp $@

-include $(SCRIPT_OBJ:.o=.d)

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

# Guest code of the behaviours, assembled now; a script of the user's is assembled when it runs (vmm/script/asm.h).
BEHAVIOURS := $(shell find guest-tests/behaviours/common guest-tests/behaviours/$(ARCH) -name '*.lua' 2>/dev/null)
CODE := $(BEHAVIOURS:guest-tests/behaviours/%.lua=$(O)/code/%/.done)

all: $(CODE)
$(CODE): $(O)/code/%/.done: guest-tests/behaviours/%.lua vmm/script/assemble.sh vmm/script/assemble.awk
	$(call say,AS,$<)
	$(Q)sh vmm/script/assemble.sh $(@D) $(ARCH) "$(CC)" $< && touch $@

# The guest runtime for guests of scripts: what gcc needs to make one, here, when a script runs, or installed.
RUNTIME := $(O)/guest-lib
RUNTIME_HEADERS := $(wildcard $(GUEST_LIB)/*.h $(GUEST_LIB)/$(ARCH)/*.h)
RUNTIME_FILES := $(RUNTIME)/libguest.a $(RUNTIME)/guest.lds $(RUNTIME)/cflags $(RUNTIME)/include/.done

$(RUNTIME)/libguest.a: $(GUEST_LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(OBJCOPY:%objcopy=%ar) rcsD $@ $^

$(RUNTIME)/guest.lds: $(GUEST_LIB)/$(ARCH)/guest.lds
	@mkdir -p $(@D)
	$(Q)cp $< $@

# The warnings are advice there, not errors.
$(RUNTIME)/cflags: mk/guests.mk mk/script.mk
	@mkdir -p $(@D)
	$(Q)printf '%s\n' $(filter-out -Werror,$(GUEST_CFLAGS)) $(filter-out -T %.lds,$(GUEST_LDFLAGS)) > $@

$(RUNTIME)/include/.done: $(RUNTIME_HEADERS) devices/testdev_regs.h
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/devices
	$(Q)cp $(RUNTIME_HEADERS) $(@D) && cp devices/testdev_regs.h $(@D)/devices && touch $@

# Guests that stand beside a behaviour, made as kvmbed makes those of the user's.
PROGRAMS := $(patsubst guest-tests/behaviours/%,$(O)/code/%.elf,$(shell find guest-tests/behaviours/common guest-tests/behaviours/$(ARCH) -name '*.[cS]' 2>/dev/null))

all: $(RUNTIME_FILES) $(PROGRAMS)
$(PROGRAMS): $(O)/code/%.elf: guest-tests/behaviours/% $(RUNTIME_FILES)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) @$(RUNTIME)/cflags -Werror -MMD -MF $@.d -I$(RUNTIME)/include -Wl,-T,$(RUNTIME)/guest.lds -o $@ $< $(RUNTIME)/libguest.a
	$(Q)cp $< $(@:.elf=)

-include $(PROGRAMS:=.d)

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
