# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
# What the generators share that read the UAPI headers. Sourced with $cc, the
# compiler and its options, and $tmp, a folder in which kvm.c includes the headers.

# Names of the ioctls that the headers define, by _IO*(KVMIO, ...).
ioctls() {
	# shellcheck disable=SC2086  # cc holds several words on purpose
	$cc -E -dM "$tmp/kvm.c" | sed -n -E 's/^#define (KVM_[A-Z0-9_]+) +_IO[WR]*\(KVMIO.*/\1/p' | LC_ALL=C sort -u
}

# The names of file $1 that this architecture can compile as integer constants. Not so an ioctl of another one, whose
# struct it lacks, or a macro that stands for no number. What is undeclared is told at its first use only, so that it
# takes several rounds.
compilable() {
	cp "$1" "$tmp/good"
	while
		{
			cat "$tmp/kvm.c"
			sed 's/.*/static const unsigned long v_& = (unsigned long)(&);/' "$tmp/good"
		} >"$tmp/try.c"
		# An error inside a macro is to be told where the macro is used, not where it is defined.
		# shellcheck disable=SC2086
		$cc -fsyntax-only -fmax-errors=0 -ftrack-macro-expansion=0 "$tmp/try.c" 2>"$tmp/errors" || :
		sed -n -E 's/^[^:]*try\.c:([0-9]+):.* error: .*/\1/p' "$tmp/errors" | sort -un >"$tmp/bad"
		[ -s "$tmp/bad" ]
	do
		awk -v bad="$tmp/bad" -v head="$(wc -l <"$tmp/kvm.c")" '
			BEGIN { while ((getline n < bad) > 0) drop[n - head] = 1 } !(FNR in drop)' "$tmp/good" >"$tmp/better"
		mv "$tmp/better" "$tmp/good"
	done
	cat "$tmp/good"
}
