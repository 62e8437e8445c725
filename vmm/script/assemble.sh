#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Assembles the guest code of one script, for vmm/script/asm.c to find: OUT/N.s as it stands there, OUT/N.elf. A mistake is
# told at the script's line.
#
# usage: assemble.sh OUT ARCH "CC CFLAGS..." SCRIPT
set -eu
out=$1 arch=$2 cc=$3 script=$4
rm -rf "$out"
mkdir -p "$out"
options=-mno-relax
case $arch in
x86) options=-Wa,-mx86-used-note=no ;;
arm64) options= ;;
esac
awk -v "OUT=$out" -v "ARCH=$arch" -f "$(dirname "$0")/assemble.awk" "$script" >"$out/list"
while read -r number at line; do
	{
		printf '# %d "%s"\n' "$line" "$script"
		cat "$out/$number.s"
		echo
	} >"$out/code.s"
	# shellcheck disable=SC2086  # several words on purpose
	$cc $options -c -o "$out/code.o" "$out/code.s"
	# shellcheck disable=SC2086
	$cc -nostdlib -static -no-pie "-Wl,-N,--build-id=none,--no-warn-rwx-segments,-Ttext=$at,-e,$at" -o "$out/$number.elf" "$out/code.o"
done <"$out/list"
rm -f "$out/code.s" "$out/code.o" "$out/list"
