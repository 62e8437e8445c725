#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes kvm_api.c, the KVM API as tables (api.h), from the UAPI headers: an object that includes them is compiled for
# the target, and reflect reads its debug information.
#
# usage: reflect.sh REFLECT "CC CPPFLAGS..."
set -eu
reflect=$1 cc=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
# shellcheck source=vmm/core/kvm_macros.sh
. "$(dirname "$0")/../../core/kvm_macros.sh"

# arm64's sizes of GIC frames are made of a constant of linux/sizes.h, which user space does not have.
printf '#include <linux/kvm.h>\n#define SZ_64K 0x10000\n' >"$tmp/kvm.c"

# Macros that are no functions and have a value, of those two headers: -dD says which file each is from.
# shellcheck disable=SC2086  # cc holds several words on purpose
$cc -E -dD "$tmp/kvm.c" | awk '
	/^# [0-9]+ "/ { mine = $3 ~ /\/(linux|asm)\/kvm\.h"$/; next }
	mine && /^#define [A-Za-z_0-9]+ +[^ ]/ { print $2 }' | LC_ALL=C sort -u >"$tmp/all"
compilable "$tmp/all" >"$tmp/macros"

# What the argument of an ioctl is: let its macro say nothing else.
ioctls >"$tmp/names"
compilable "$tmp/names" >"$tmp/ioctls"
{
	cat "$tmp/kvm.c"
	for macro in '_IO(type, nr) void' '_IOR(type, nr, arg) arg' '_IOW(type, nr, arg) arg' '_IOWR(type, nr, arg) arg'; do
		echo "#undef ${macro%%(*}"
		echo "#define $macro"
	done
	sed 's/.*/typedef & kvmbed_ioctl_&;/' "$tmp/ioctls"
} >"$tmp/probe.c"
# Linked, because what is not has relocations in its debug information that only a linker for the target knows.
# shellcheck disable=SC2086
$cc -g -gdwarf-5 -fno-eliminate-unused-debug-types -fPIC -shared -nostdlib -o "$tmp/probe.so" "$tmp/probe.c"
"$reflect" "$tmp/probe.so" "$tmp/macros"
