# SPDX-License-Identifier: GPL-2.0-or-later
# What only the RISC-V build has: the names of extensions, out of the headers themselves.

# Without KVM, so unit-tested on any machine.
UNIT_PURE += arch/riscv/insn.c

ifeq ($(ARCH),riscv)
$(O)/gen/riscv_ext_names.c: arch/riscv/ext_names.sh | $(O)/gen/.ready
	$(call say,GEN,$@)
	$(Q)sh $< "$(CC) $(CPPFLAGS) $(SYSROOT_CFLAGS)" > $@.tmp && mv $@.tmp $@
endif
