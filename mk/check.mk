# SPDX-License-Identifier: GPL-2.0-or-later
# All tests. A stage is a word of tests/check; STAGES='unit cli' runs those alone.

CHECK_LABS ?= x86svm-6.1 x86vmx-6.1 arm64-6.1 arm64-6.1-gic2 riscv64-6.12 riscv64-6.12-aia
STAGES ?= unit fuzz api cli caps script terminal matrix revert guests memory inject behaviours $(filter x86,$(HOST_ARCH)) labs $(CHECK_LABS:%=lab-%) behaviours-arm64-6.1-nopmu

check: everything asan ## run the tests: units, command line, guests on this machine and on emulated hosts
	$(Q)tests/check $(STAGES)

# An hour and more: every emulated host, and broken copies of the sources that the tests must notice.
check-all: STAGES := $(filter-out lab-% behaviours-%,$(STAGES)) dtb api-broken mutants
check-all: everything asan ## the same on every emulated host; also that the tests notice broken sources
	$(Q)tests/check $(STAGES) $$(lab/kvmlab --list | sed 's/^\([^ ]*\).*/lab-\1/')

# The program with ASan and UBSan, so that a leak or a bad access of a run is a failure.
asan:
	$(Q)$(MAKE) BUILD=$(BUILD)/asan ARCH=$(HOST_ARCH) CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" \
		LDFLAGS="-fsanitize=address,undefined" $(BUILD)/asan/$(HOST_ARCH)/kvmbed $(BUILD)/asan/$(HOST_ARCH)/kvmbed-test
	$(Q)ln -sfn ../../$(HOST_ARCH)/guest-lib $(BUILD)/asan/$(HOST_ARCH)/guest-lib

.PHONY: check check-all asan
