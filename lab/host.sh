# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154,SC2034
#
# The table of hosts, lab/hosts, and what a host needs before it can start. The variables that
# load_host sets from a line of the table are what image.sh, emulators.sh and bochs.sh work with.
# Sourced, after lib.sh.

# The lines of lab/hosts without comments and padding.
hosts()
{
	sed -e 's/^[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' -e 's/[[:space:]]*|[[:space:]]*/|/g' "$here/hosts"
}

list_hosts()
{
	hosts | while IFS='|' read -r name kernel emulator _ _ _ _ _ _ what; do
		printf '%-18s Linux %-5s %-6s %s\n' "$name" "${kernel#*-}" "$emulator" "$what"
	done
}

# Read host $1 into variables.
load_host()
{
	line=$(hosts | awk -F '|' -v name="$1" '$1 == name')
	[ -n "$line" ] || die "unknown host $1 ('lab/kvmlab --list' shows them)" 2
	IFS='|' read -r host kernel_name emulator machine cpu smp memory modules host_arguments _ <<END
$line
END
	[ "$modules" != - ] || modules=
	[ "$host_arguments" != - ] || host_arguments=
}

# Have all that host $1 needs in the cache, and set the variables that say where it is. To find out
# takes a fifth of a second, so the answer is kept, under the hash of all that it depends on.
fetch_host()
{
	[ "${host:-}" = "$1" ] || load_host "$1"
	answer=$cache/made/host-$({
		cat "$here/kernels" "$here/lib.sh" "$here/host.sh" "$here/image.sh" "$here/emulators.sh" \
			"$here/bochs.sh" "$here/init" "$here/built.sh" "$here"/config/*
		echo "$line $more_modules ${KVMBED_QEMU:-}"
	} | sha256_of)
	if [ -n "$refresh" ]; then
		rm -f "$cache"/made/host-*
	elif [ -f "$answer" ]; then
		# shellcheck disable=SC1090 # written below
		. "$answer"
		path_missing=
		for path in "$kernel" "$busybox" "$base" "$base.modules" ${emulator_tree:+"$emulator_tree"} ${rom:+"$rom"}; do
			[ -e "$path" ] || path_missing=yes
		done
		[ -n "$path_missing" ] || return 0
	fi
	fetch_kernel "$kernel_name"
	busybox=$(fetch_busybox "$(host_arch)")/usr/bin/busybox || exit
	rom=
	fetch_"$emulator"
	find_kernel "$kernel_name"
	# shellcheck disable=SC2086 # lists of names
	make_base $channel_modules $modules $more_modules
	made=$(mktemp "$cache/made/.host.XXXXXX") || die "cannot write to $cache/made"
	for name in kernel_arch kernel_tree kernel busybox base emulator_tree loader emulator_libraries qemu rom; do
		eval "printf '%s=%s\n' $name \"\$(quoted \"\${$name:-}\")\""
	done >"$made"
	mv "$made" "$answer"
}
