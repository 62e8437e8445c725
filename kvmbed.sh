#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmbed from a bare Debian machine: installs what is missing, then hands over to make.
#
#	./kvmbed.sh demo	build, boot the guests on every kind of host, show a table
#	./kvmbed.sh check	build, run the tests
#	./kvmbed.sh TARGET...	any other target of the Makefile (see ./kvmbed.sh help)
set -eu
cd "$(dirname "$0")"

# What the build and the tests want from Debian; the labs' own list is lab/packages.
packages="
	make gcc libc6-dev pkg-config
	libelf-dev libfdt-dev libdw-dev liblua5.4-dev libcapstone-dev
	libcmocka-dev device-tree-compiler
	gcc-aarch64-linux-gnu gcc-riscv64-linux-gnu
"

usage() {
	sed -n 's/^#\t//p' "$0"
}

missing() {
	if [ -f lab/packages ]; then
		packages="$packages $(sed 's/#.*//' lab/packages)"
	fi
	for p in $packages; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		installed) ;;
		*) echo "$p" ;;
		esac
	done
}

case ${1-} in
"" | -h | --help) usage; exit 0 ;;
esac
if ! command -v dpkg-query >/dev/null; then
	echo "kvmbed.sh: this is not a Debian machine: install what README.md lists, then use make" >&2
	exit 3
fi

want=$(missing | sort -u | tr '\n' ' ')
if [ -n "$want" ]; then
	command="apt-get install -y --no-install-recommends $want"
	if [ "$(id -u)" -ne 0 ]; then
		echo "Some packages are missing. Run this first:" >&2
		echo "  sudo apt-get update && sudo $command" >&2
		exit 3
	fi
	echo "Installing: $want"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	# shellcheck disable=SC2086  # a list of words
	if ! { apt-get update -q && $command; } >"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		echo "kvmbed.sh: the packages could not be installed (the whole log: $log)" >&2
		exit 3
	fi
	rm -f "$log"
fi
exec make --no-print-directory "$@"
