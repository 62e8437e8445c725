# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the end-to-end scripts share. KTAP on standard output; works with
# BusyBox's sh, so a script can run inside a lab too.
#
# Set by the caller or found beside the source tree: KVMBED (the program), GUESTS (folder of the guests).

here=$(dirname "$0")/../..
case $(uname -m) in
x86_64) arch=x86 ;;
aarch64) arch=arm64 ;;
riscv64) arch=riscv ;;
*) arch=$(uname -m) ;;
esac
if [ -z "${KVMBED-}" ]; then
	KVMBED=$here/build/$arch/kvmbed
	[ -x "$KVMBED" ] || KVMBED=$(command -v kvmbed) || { echo "no kvmbed: run make first" >&2; exit 2; }
fi
if [ -z "${GUESTS-}" ]; then
	GUESTS=$here/build/$arch/guests
	[ -d "$GUESTS" ] || GUESTS=/usr/lib/kvmbed/guests
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

number=0 failed=0
echo "KTAP version 1"

# ok NAME; not_ok NAME (with what $tmp/out and $tmp/err hold); skip NAME WHY
ok() {
	number=$((number + 1))
	echo "ok $number $1"
}
not_ok() {
	number=$((number + 1)) failed=$((failed + 1))
	echo "not ok $number $1"
	[ -z "${2-}" ] || echo "# $2"
	[ ! -s "$tmp/out" ] || ends out
	[ ! -s "$tmp/err" ] || ends err
}
# How $tmp/$1 begins and ends. Not sed: a last line without an end would swallow the next verdict.
ends() {
	awk -v name="$1" '
		NR <= 10 { print "# " name ": " $0; next }
		{ last[NR % 15] = $0 }
		END {
			if (NR > 25)
				print "# ..."
			for (i = NR > 25 ? NR - 14 : 11; i <= NR; i++)
				print "# " name ": " last[i % 15]
		}' "$tmp/$1"
}
skip() {
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

# run COMMAND...: its status in $status, output in $tmp/out, messages in $tmp/err; never longer than 60 s.
run() {
	status=0
	timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

# expect NAME STATUS PATTERN: judges the last run; PATTERN (extended, may be empty) must be in its messages or output.
expect() {
	if [ "$status" -ne "$2" ]; then
		not_ok "$1" "status $status, expected $2"
	elif [ -n "$3" ] && ! grep -q -E -- "$3" "$tmp/err" "$tmp/out"; then
		not_ok "$1" "nothing said that matches: $3"
	else
		ok "$1"
	fi
}

have_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ]
}

# Ends the script: the plan, and DESIGN's status.
finish() {
	echo "1..$number"
	[ "$failed" -eq 0 ]
	exit
}
