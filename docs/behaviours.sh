#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes docs/behaviours.md to standard output: the headers of all scripts, and the verdicts that
# `lab/matrix --record` has put into docs/behaviours.tsv.
#
# Environment: KVMBED (default: build/ARCH/kvmbed of this machine), KVMBED_RECORD (instead of docs/behaviours.tsv).
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
case $(uname -m) in
x86_64) arch=x86 ;;
aarch64) arch=arm64 ;;
*) arch=riscv ;;
esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
KVMBED_BEHAVIOURS=guest-tests/behaviours "${KVMBED:-build/$arch/kvmbed}" test --list --format json guest-tests/behaviours/ >"$tmp/headers"
LC_ALL=C awk -f docs/behaviours.awk "$tmp/headers" "${KVMBED_RECORD:-docs/behaviours.tsv}"
cat <<'END'

## What is not here

Of the fixes that this catalogue is for, these are judged by other means, or not yet:

| fixes | |
|---|---|
| nested guests: sregs2, exceptions, SYSENTER, permission maps, state pages, VMX RFLAGS, preemption timer, interrupt window | scripts with an L1 and an L2 are yet to come |
| RISC-V dirty log, ioeventfd, huge pages, memory slots (KVM RISC-V Support) | `common/dirty-log`, `common/dirty-ring`, `common/ioeventfd`, `common/hugepage-backing`, `common/memslots`, `common/memslots-all`, `common/readonly-slot`, `common/slot-protection` and `common/slot-zap`; what is RISC-V's alone: `riscv/memslots` |
| RISC-V device tree (KVMTOOL RISC-V Support) | `tests/e2e/dtb`, which looks with libfdt at the trees of several harts, with a PLIC, an AIA or neither; Linux on it is yet to come |
| RISC-V counter overflow (Sscofpmf) | `riscv/pmu` goes as far as the labs do: their guests cannot enable that interrupt |
| the VMM's own gdb stub (QEMU "gdbstub: implement NOIRQ support for single step on KVM") | yet to come; `x86/guestdbg-blockirq` shows what the kernel does for it |
| Linux guests: UIO without an interrupt, UIO and bus mastering | yet to come: they need a PCI device and a Linux guest |
| VFIO dirty bitmaps and parallel opens, AMD IOMMU unmapping, VT-d address widths, PPC H_ENTER_NESTED | yet to come: they need hosts with such hardware, emulated |
| "KVM: arm64: Prevent use of invalid PSCI v0.1 function IDs" | never: it is about the host's own calls in protected mode |
| "arm64: KVM: Always set ICH_HCR_EL2.EN if GICv4 is enabled" | not before VFIO: it takes an assigned device whose interrupts are injected directly |
| "vfio/platform: add support for msi", "vfio/type1: Add subdev_ioasid callback" | never: not merged |
| "s390/cio: Fix cleanup of pfn_array alloc failure", "target/mips: Add CP0 Config0 register definitions for MIPS3 ISA" | never: no such hardware, or no call that shows it |
END
