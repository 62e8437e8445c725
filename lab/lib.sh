# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts of lab/ share: where the cache is, messages, the lock, and the decompressor.
# Sourced, never run. The caller sets `me` (the name its messages start with) first.

# Everything that was fetched or unpacked lives below this directory, keyed by hash, so that it
# can be shared by all clones of the project and removed at any time.
cache=${KVMBED_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/kvmbed}

apt_helper=/usr/lib/apt/apt-helper

say()
{
	printf '%s: %s\n' "${me:?}" "$*" >&2
}

# die MESSAGE [STATUS]: the last word; 2 is bad usage, 3 is "this machine failed us".
die()
{
	say "$1"
	exit "${2:-3}"
}

# An option's value, or a usage error: need_value OPTION NUMBER_OF_ARGUMENTS_LEFT
need_value()
{
	[ "$2" -ge 2 ] || die "option $1 needs a value (see --help)" 2
}

host_arch()
{
	dpkg --print-architecture
}

# The hash of a file's content, or of standard input.
sha256_of()
{
	if [ $# -gt 0 ]; then
		sha256sum <"$1"
	else
		sha256sum
	fi | cut -c1-64
}

make_cache()
{
	mkdir -p "$cache/index" "$cache/resolved" "$cache/deb" "$cache/tree" "$cache/made" ||
		die "cannot write to $cache: set KVMBED_CACHE to a directory that can be written"
}

# A shell word that stands for the string $1.
quoted()
{
	case $1 in
	*\'*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
	*) printf "'%s'" "$1" ;;
	esac
}

# One lock for all that changes the cache. It is tied to descriptor 9 of this process, so the
# kernel drops it however the process ends.
lock_cache()
{
	make_cache
	exec 9>"$cache/lock" || die "cannot write to $cache/lock"
	if ! flock -n 9; then
		say "waiting for another fetch into $cache to end"
		flock 9 || die "cannot lock $cache/lock"
	fi
}

unlock_cache()
{
	exec 9>&-
}

# need_space KIB WHAT: refuse before a download or an unpacking that cannot fit.
need_space()
{
	free_kib=$(df -P -k "$cache" | awk 'NR == 2 { print $4 }')
	case $free_kib in
	'' | *[!0-9]*) return 0 ;;
	esac
	[ "$free_kib" -gt "$1" ] ||
		die "$2 needs $(($1 / 1024 + 1)) MB in $cache, which has $((free_kib / 1024)) MB left: free some, or set KVMBED_CACHE to a larger disk"
}

# Write a file's content decompressed, by its name's ending. apt's helper carries the libraries
# for every format that Debian's archive uses, so no xz or zstd tool is needed.
cat_file()
{
	case $1 in
	*.gz | *.xz | *.lz4 | *.zst | *.bz2) "$apt_helper" cat-file "$1" ;;
	*) cat "$1" ;;
	esac
}

# Debian's name for one of the project's architectures.
debian_arch()
{
	case $1 in
	x86) echo amd64 ;;
	arm64) echo arm64 ;;
	riscv) echo riscv64 ;;
	*) return 1 ;;
	esac
}

# And back.
project_arch()
{
	case $1 in
	amd64) echo x86 ;;
	arm64) echo arm64 ;;
	riscv64) echo riscv ;;
	*) return 1 ;;
	esac
}

# run_private TREE PROGRAM ARGUMENT...: run a program out of an unpacked tree that has all the
# libraries it needs, by the tree's own loader, so that the host's release does not matter.
run_private()
{
	private_tree=$1
	private_program=$2
	shift 2
	for private_loader in "$private_tree"/usr/lib/*-linux-gnu/ld-linux-*.so.*; do
		break
	done
	"$private_loader" --library-path "${private_loader%/*}" "$private_tree/usr/bin/$private_program" "$@"
}
