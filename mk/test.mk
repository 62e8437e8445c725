# SPDX-License-Identifier: GPL-2.0-or-later
# Unit tests: everything that needs no /dev/kvm, built natively under ASan and
# UBSan into $(BUILD)/unit.
#
# tests/unit/test_NAME.c is one program; to add one, add the file. It is linked
# with a library of all pure parts (below) and of the other tests/unit/*.c, and
# takes out of it what it uses. A function of a part that is not pure, such as
# arch_image(), is to be faked in the test itself.

UNIT := $(BUILD)/unit
HOSTCC ?= gcc
HOST_UAPI = $(if $(filter $(ARCH),$(HOST_ARCH)),$(UAPI),$(shell lab/uapi $(HOST_ARCH)))
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_CFLAGS = -std=gnu11 $(WARN) -O1 -g -pthread $(SANITIZE)
UNIT_LIBS := -lcmocka -lfdt
UNIT_TIMEOUT ?= 120

# What calls KVM stays out; so does an architecture's code, but for its image formats and other PURE files.
UNIT_PURE += $(filter-out vmm/core/kvm%.c vmm/core/trace.c,$(wildcard vmm/core/*.c))
# vm.c and vcpu.c run over a fake of the ioctl door.
UNIT_PURE += vmm/machine/load.c vmm/machine/image_elf.c vmm/machine/vcpu.c $(wildcard devices/*.c devices/*/*.c)
UNIT_PURE += $(wildcard arch/x86/multiboot.c arch/*/image_*.c)
UNIT_PURE += $(addprefix arch/x86/,acpi.c bootinfo.c pagetable.c)
UNIT_PURE += $(wildcard arch/*/reg_names.c) $(addprefix vmm/cli/caps_,diff.c keys.c print.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
# CPUID is told to KVM in structs that only x86's headers have.
ifeq ($(HOST_ARCH),x86)
UNIT_PURE += arch/x86/cpuid.c arch/x86/cpuid_edit.c
else
UNIT_SRC := $(filter-out tests/unit/test_x86_cpuid.c,$(UNIT_SRC))
endif
UNIT_PURE += $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
UNIT_PURE := $(sort $(wildcard $(UNIT_PURE)))
UNIT_TESTS := $(UNIT_SRC:tests/unit/%.c=$(UNIT)/%)

$(UNIT)/obj/%.o: %.c | $(UNIT)/.uapi
	@mkdir -p $(@D)
	$(call say,CC,$< (unit))
	$(Q)$(HOSTCC) -D_GNU_SOURCE -Ivmm/core -Ivmm -I. $$(cat $(UNIT)/.uapi) -MMD -MP $(UNIT_CFLAGS) -c -o $@ $<

# Asked for once, and not at all when nothing of this is built.
$(UNIT)/.uapi:
	@mkdir -p $(@D)
	@set -- $(HOST_UAPI); echo "$${1:+-isystem $$1}" > $@

$(UNIT)/libpure.a: $(UNIT_PURE:%.c=$(UNIT)/obj/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(UNIT_TESTS): $(UNIT)/%: $(UNIT)/obj/tests/unit/%.o $(UNIT)/libpure.a
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -o $@ $^ $(UNIT_LIBS)

check-unit: $(if $(T),$(T:%=$(UNIT)/test_%),$(UNIT_TESTS)) ## unit tests under ASan and UBSan; T='bus mem' runs those two
	$(Q)sh tests/unit/run $(UNIT_TIMEOUT) $^

# Data races, in what several threads use at once. Apart from check-unit, because
# TSan needs an address space without surprises (setarch -R) and its own build.
TSAN_TESTS := bus gicv2 loop ioapic pic plic serial
TSAN_SRC := $(wildcard tests/unit/messages.c vmm/core/bus.c vmm/core/loop.c vmm/core/msg.c) \
	tests/unit/device.c $(patsubst %,devices/%.c,gicv2 ioapic pic plic serial)

$(TSAN_TESTS:%=$(UNIT)/tsan/test_%): $(UNIT)/tsan/test_%: tests/unit/test_%.c $(TSAN_SRC) $(wildcard vmm/core/*.h devices/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(HOSTCC) -D_GNU_SOURCE -Ivmm/core -Ivmm -I. -std=gnu11 $(WARN) -Wno-tsan -O1 -g -pthread -fsanitize=thread \
		-o $@ $< $(TSAN_SRC) -lcmocka

check-tsan: $(TSAN_TESTS:%=$(UNIT)/tsan/test_%) ## unit tests of what threads share, under TSan
	$(Q)setarch -R sh tests/unit/run $(UNIT_TIMEOUT) $^

# Broken copies of the sources: each must turn the unit test red that it names
# (tests/mutants/run says what a mutant is). M='plic-threshold ...' judges those alone.
MUTANTS := $(if $(M),$(M:%=tests/mutants/%.mutant),$(wildcard tests/mutants/*.mutant))
MUTANTS := $(if $(filter x86,$(HOST_ARCH)),$(MUTANTS),$(filter-out tests/mutants/x86-cpuid-%,$(MUTANTS)))
VERDICTS := $(MUTANTS:tests/mutants/%.mutant=$(UNIT)/mutants/%.verdict)
UNIT_GOOD := $(UNIT_SRC:tests/unit/%.c=$(UNIT)/mutants/%.good)

# What a test prints about the good source.
$(UNIT_GOOD): $(UNIT)/mutants/%.good: $(UNIT)/%
	@mkdir -p $(@D)
	-@timeout -k 5 $(UNIT_TIMEOUT) $< >$@ 2>&1 </dev/null

$(VERDICTS): $(UNIT)/mutants/%.verdict: tests/mutants/%.mutant tests/mutants/run $(UNIT_GOOD)
	$(Q)MUTANT_CC="$(HOSTCC)" MUTANT_LIBS="$(UNIT_LIBS)" \
	MUTANT_CFLAGS="-D_GNU_SOURCE -Ivmm/core -Ivmm -I. $$(cat $(UNIT)/.uapi) $(UNIT_CFLAGS)" \
	sh tests/mutants/run $(UNIT) $< >$@
	@sed 's/^/  /' $@

check-mutants: $(VERDICTS)
	@! cat $^ | grep -v '^killed' || { rm -f $$(grep -L '^killed' $^); echo "check-mutants: FAILED" >&2; exit 1; }
	@echo "check-mutants: $(words $^) killed, none survived"

-include $(shell find $(UNIT)/obj -name '*.d' 2>/dev/null)

.PHONY: check-unit check-tsan check-mutants
.SECONDARY: $(UNIT_SRC:%.c=$(UNIT)/obj/%.o)

# Fuzzing of everything that needs no /dev/kvm: tests/fuzz/fuzz_NAME.c is one
# target, linked with the pure parts as a unit test is; to add one, add the
# file. libFuzzer leads where clang has its runtime (libclang-rt-14-dev), else
# tests/fuzz/driver.c changes the seeds blindly; FUZZ_ENGINE=driver asks for that.

FUZZ := $(BUILD)/fuzz
FUZZ_SECONDS ?= 20
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAX := 16384

ifneq ($(filter fuzz,$(MAKECMDGOALS)),)
ifeq ($(origin FUZZ_ENGINE),undefined)
FUZZ_ENGINE := $(shell tests/fuzz/engine)
endif
endif
FUZZ_DIR = $(FUZZ)/$(FUZZ_ENGINE)
FUZZ_CC = $(if $(filter libfuzzer,$(FUZZ_ENGINE)),clang,$(HOSTCC))
FUZZ_CFLAGS = -std=gnu11 -O1 -g -pthread $(SANITIZE) $(if $(filter libfuzzer,$(FUZZ_ENGINE)),-fsanitize=fuzzer-no-link,$(WARN))
FUZZ_MAIN = $(if $(filter libfuzzer,$(FUZZ_ENGINE)),tests/fuzz/libfuzzer.c,tests/fuzz/driver.c)
FUZZ_SRC = $(filter-out tests/unit/%,$(UNIT_PURE)) tests/fuzz/input.c $(FUZZ_MAIN)

$(FUZZ_DIR)/obj/%.o: %.c | $(UNIT)/.uapi
	@mkdir -p $(@D)
	$(call say,CC,$< (fuzz))
	$(Q)$(FUZZ_CC) -D_GNU_SOURCE -Ivmm/core -Ivmm -I. $$(cat $(UNIT)/.uapi) -MMD -MP $(FUZZ_CFLAGS) -c -o $@ $<

$(FUZZ_DIR)/libpure.a: $(FUZZ_SRC:%.c=$(FUZZ_DIR)/obj/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

# The object that has main(), or libFuzzer's start, is named: nothing else asks for it.
# libelf from the beginning: LeakSanitizer's tracer now and then dies of the thread-local data of a library that came later.
FUZZ_LIBS := -lfdt -Wl,--no-as-needed -lelf
$(FUZZ_TARGETS:%=$(FUZZ_DIR)/%): $(FUZZ_DIR)/%: $(FUZZ_DIR)/obj/tests/fuzz/%.o $(FUZZ_DIR)/libpure.a
	$(call say,LD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(if $(filter libfuzzer,$(FUZZ_ENGINE)),-fsanitize=fuzzer) -o $@ \
		$< $(FUZZ_MAIN:%.c=$(FUZZ_DIR)/obj/%.o) $(FUZZ_DIR)/libpure.a $(FUZZ_LIBS)

fuzz: $(addprefix $(FUZZ_DIR)/,$(if $(T),$(T:%=fuzz_%),$(FUZZ_TARGETS))) ## random input for loaders and devices, FUZZ_SECONDS (20) each; T='image bus' runs those two
	$(Q)sh tests/fuzz/run $(FUZZ_ENGINE) $(FUZZ_SECONDS) $(or $(FUZZ_SEED),$$(date +%s)) $(FUZZ_MAX) $^

-include $(shell find $(FUZZ) -name '*.d' 2>/dev/null)

.PHONY: fuzz
.SECONDARY: $(FUZZ_TARGETS:%=$(FUZZ_DIR)/obj/tests/fuzz/%.o)
