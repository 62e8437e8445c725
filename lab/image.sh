# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# What a lab boots: the kernel, and the initramfs in two parts. The first part (busybox, init,
# modules) depends on the host only and is made once; the second (the job and its files) is made
# for each run and appended, as the kernel accepts archives one after the other.
# Sourced by lab/kvmlab, after lib.sh.

# shellcheck source=SCRIPTDIR/built.sh
. "$here/built.sh"

# load_kernel NAME: sets $kernel_suite, $kernel_arch and $kernel_packages from lab/kernels.
load_kernel()
{
	line=$(awk -v name="$1" '$1 == name { $1 = ""; print; exit }' "$here/kernels")
	[ -n "$line" ] || die "lab/kernels has no kernel $1"
	read -r kernel_suite kernel_arch kernel_packages <<END
$line
END
}

# kernel_deb OPTION...: lab/deb for the packages of the kernel that was loaded.
kernel_deb()
{
	set -f
	# shellcheck disable=SC2086 # names and patterns
	"$here/deb" ${refresh:+$refresh} --suite "$kernel_suite" --arch "$kernel_arch" "$@" $kernel_packages
}

# Unpack the kernel $1's packages, or build it; sets $kernel_tree and $kernel_arch.
fetch_kernel()
{
	load_kernel "$1"
	if is_built_here; then
		make_kernel
		kernel_tree=$built
	else
		kernel_tree=$(kernel_deb --tree) || exit
	fi
}

# The busybox of Debian architecture $1: a static binary.
fetch_busybox()
{
	"$here/deb" ${refresh:+$refresh} --arch "$1" --tree busybox-static
}

# u32_at FILE OFFSET
u32_at()
{
	od -An --endian=little -tu4 -j "$2" -N 4 "$1" | tr -d ' '
}

# Take the ELF kernel out of bzImage $1 into $2: a machine that starts it directly (PVH) saves the
# emulated decompression. Linux's x86 boot protocol (Documentation/arch/x86/boot.rst) says where
# the payload is; its last four bytes are the unpacked size and no part of it.
extract_vmlinux()
{
	[ "$(dd if="$1" bs=1 skip=514 count=4 2>/dev/null)" = HdrS ] || die "$1 is not a bzImage"
	sectors=$(od -An -tu1 -j 497 -N 1 "$1" | tr -d ' ')
	offset=$(((sectors + 1) * 512 + $(u32_at "$1" 584)))
	length=$(u32_at "$1" 588)
	case $(od -An -tx1 -j "$offset" -N 4 "$1" | tr -d ' ') in
	fd377a58) format=xz ;;
	28b52ffd) format=zst ;;
	1f8b*) format=gz ;;
	02214c18) format=lz4 ;;
	*) die "$1: unknown kernel compression" ;;
	esac
	tail -c "+$((offset + 1))" "$1" | head -c $((length - 4)) >"$2.$format" || die "cannot write $2"
	if [ $format = lz4 ]; then
		# The old lz4 format, which only lz4's own tool reads.
		run_private "$("$here/deb" --deps --tree lz4)" lz4 -q -d -c "$2.$format" >"$2"
	else
		cat_file "$2.$format" >"$2"
	fi || die "cannot decompress the kernel of $1"
	rm -f "$2.$format"
	[ "$(od -An -tx1 -N 4 "$2" | tr -d ' ')" = 7f454c46 ] || die "$1 does not hold an ELF kernel"
}

# Set $kernel to the file that the emulator boots.
find_kernel()
{
	for packed in "$kernel_tree"/boot/vmlinu* "$kernel_tree"/usr/lib/modules/*/vmlinu*; do
		[ -f "$packed" ] && break
	done
	[ -f "$packed" ] || die "no kernel in the packages of $1"
	kernel=$packed
	[ "$kernel_arch" = amd64 ] || return 0
	kernel=$cache/made/vmlinux-${kernel_tree##*/}
	[ -f "$kernel" ] && return 0
	made=$(mktemp "$cache/made/.vmlinux.XXXXXX") || die "cannot write to $cache/made"
	extract_vmlinux "$packed" "$made"
	mv "$made" "$kernel"
}

# The file of module $1 in the kernel's packages, or nothing.
find_module()
{
	find "$kernel_tree" -name "$(printf '%s' "$1" | sed 's/[_-]/[_-]/g').ko*" -type f | head -n 1
}

# Take from module file $1 what costs an interpreting emulator seconds to check when it is loaded:
# its type information (BTF), by giving the section a name that nobody looks for, and the
# signature of the file that is no longer. The code is what it was.
lighten()
{
	LC_ALL=C sed -i 's/\x00\.BTF\x00/\x00.no_\x00/' "$1"
	[ "$(tail -c 28 "$1")" = "~Module signature appended~" ] || return 0
	size=$(stat -c %s "$1")
	# struct module_signature ends in the signature's length, in network order.
	truncate -s $((size - 28 - 12 - $(od -An --endian=big -tu4 -j $((size - 32)) -N 4 "$1"))) "$1"
}

# Put the modules "$@" and what they depend on into $stage/lab/ko, and their names in the order of
# loading into $stage/lab/modules. "NAME?" may be built in, so that its absence is no error.
add_modules()
{
	mkdir -p "$stage/lab/ko"
	: >"$stage/lab/order"
	seen=' '
	while [ $# -gt 0 ]; do
		module=$(echo "${1%\?}" | tr - _)
		optional=no
		[ "$1" = "${1%\?}" ] || optional=yes
		shift
		case $seen in
		*" $module "*) continue ;;
		esac
		seen="$seen$module "
		file=$(find_module "$module")
		if [ -z "$file" ]; then
			[ $optional = yes ] || die "the kernel of $host has no module $module"
			continue
		fi
		ko=$stage/lab/ko/$module.ko
		cat_file "$file" >"$ko" || die "cannot write to $stage: is the disk full?"
		[ "$emulator" != bochs ] || lighten "$ko"
		echo "$module $module" >>"$stage/lab/order"
		# What a module depends on stands in its .modinfo section.
		for need in $(tr '\0' '\n' <"$ko" | sed -n 's/^depends=//p' | tr ',-' ' _'); do
			echo "$need $module" >>"$stage/lab/order"
			set -- "$@" "$need"
		done
	done
	for module in $(tsort "$stage/lab/order"); do
		[ ! -f "$stage/lab/ko/$module.ko" ] || echo "/lab/ko/$module.ko"
	done >"$stage/lab/modules"
	rm "$stage/lab/order"
}

# pack DIR FILE [-L]: the content of DIR as a newc archive. Owners do not matter: all is root's in
# the lab, whoever makes it. -L follows links, as which a run's part is staged.
pack()
{
	(cd "$1" && find ${3:+"$3"} . | "$busybox" cpio ${3:+"$3"} -o -H newc -R 0:0) >"$2" 2>"$run/cpio.log" ||
		die "cannot write $2: $(tail -n 1 "$run/cpio.log")"
}

# Make or find the host's part of the initramfs; sets $base. Modules: "$@".
make_base()
{
	lab_busybox=$(fetch_busybox "$kernel_arch") || exit
	key=$({ cat "$here/init" "$here/image.sh" && echo "$emulator ${kernel_tree##*/} ${lab_busybox##*/} $*"; } | sha256_of | cut -c1-32)
	base=$cache/made/base-$kernel_arch-$key.cpio
	[ ! -f "$base" ] || return 0
	lock_cache
	stage=$run/base
	mkdir -p "$stage/dev" "$stage/proc" "$stage/sys" "$stage/tmp" "$stage/root" "$stage/run" "$stage/var" \
		"$stage/etc" "$stage/lab" "$stage/usr/bin" "$stage/usr/sbin" "$stage/usr/lib" "$stage/usr/lib64"
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$stage/$dir"
	done
	cp "$lab_busybox/usr/bin/busybox" "$stage/usr/bin/" || die "cannot write to $stage: is the disk full?"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$stage/usr/bin/$applet"
	done
	mkdir -p "$stage/lab/dev/pts" "$stage/lab/dev/shm"
	ln -s /proc/self/fd "$stage/lab/dev/fd"
	ln -s fd/0 "$stage/lab/dev/stdin"
	ln -s fd/1 "$stage/lab/dev/stdout"
	ln -s fd/2 "$stage/lab/dev/stderr"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$stage/etc/passwd"
	echo 'root:x:0:' >"$stage/etc/group"
	cat >"$stage/lab/fstab" <<-'END'
		proc /proc proc defaults 0 0
		sysfs /sys sysfs defaults 0 0
		devtmpfs /dev devtmpfs defaults 0 0
		tmpfs /tmp tmpfs defaults 0 0
	END
	cp "$here/init" "$stage/init"
	chmod 755 "$stage/init"
	add_modules "$@"
	made=$(mktemp "$cache/made/.base.XXXXXX") || die "cannot write to $cache/made"
	pack "$stage" "$made"
	cp "$stage/lab/modules" "$base.modules"
	mv "$made" "$base"
	rm -rf "$stage"
	unlock_cache
}

# --- the run's part --------------------------------------------------------------------------

# Set $path to the lab's path for "$1": its top directories are links into /usr, which an archive's
# entry of the same name would replace.
lab_path()
{
	case $1 in
	/*) path=${1#/} ;;
	*) path=root/$1 ;;
	esac
	case $path in
	bin/* | sbin/* | lib/* | lib64/*) path=usr/$path ;;
	esac
}

# stage_link FILE PATH: a link to FILE at the lab's PATH. As few processes as possible, here and
# below: to start one takes milliseconds, and a lab brings many files.
stage_link()
{
	lab_path "$2"
	target=$stage/$path
	[ -d "${target%/*}" ] || mkdir -p "${target%/*}" || die "cannot stage $1 in $stage"
	case $1 in
	/*) ln -sfn "$1" "$target" ;;
	*) ln -sfn "$PWD/$1" "$target" ;;
	esac || die "cannot stage $1 in $stage"
}

# put FILE PATH: stage a file or directory, by a link, and the libraries that it needs.
put()
{
	stage_link "$1" "$2"
	[ -d "$1" ] || put_libraries "$1"
}

# Print the shared libraries that program or library $1 says it may load later (the note that
# vmm/core/library.h leaves, which others' programs have as well).
loaded_later()
{
	readelf -p .note.dlopen "$1" 2>/dev/null | sed -n 's/.*"soname":\["\([^"]*\)".*/\1/p'
}

# The same of program $1 on this machine, where its own loader knows better than readelf.
find_own_libraries()
{
	ldd "$1" 2>/dev/null | sed -n 's,^[^/]*\(/[^ ]*\) (0x.*,\1 \1,p'
	for library in $(loaded_later "$1"); do
		found=$(/sbin/ldconfig -p | sed -n "s,^[[:space:]]*$library (.* => ,,p" | head -n 1)
		[ -n "$found" ] || die "a program may load $library, which this machine does not have"
		echo "$found $found"
		find_own_libraries "$found"
	done
}

# Print the loader and the shared libraries of program $1, one "PATH-IN-LAB FILE" a line: this
# machine's where the lab is of its kind, the sysroot's otherwise. $2 is what readelf says of it.
find_libraries()
{
	if [ "$kernel_arch" = "$(host_arch)" ]; then
		find_own_libraries "$1"
		return
	fi
	sysroot=$("$here/sysroot" "$(project_arch "$kernel_arch")") || exit
	interpreter=$(printf '%s\n' "$2" | sed -n 's,.*interpreter: \(/[^]]*\)].*,\1,p')
	echo "$interpreter $sysroot$interpreter"
	set -- "$1"
	seen=' '
	while [ $# -gt 0 ]; do
		for library in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p') $(loaded_later "$1"); do
			case $seen in
			*" $library "*) continue ;;
			esac
			seen="$seen$library "
			found=$(find "$sysroot"/usr/lib/*-linux-gnu/"$library" 2>/dev/null)
			[ -n "$found" ] || die "a program needs $library, which lab/sysroot does not have"
			echo "${found#"$sysroot"} $found"
			set -- "$@" "$found"
		done
		shift
	done
}

# Stage what program $1 is linked with. The answer depends on what it says it needs, so it is kept.
put_libraries()
{
	command -v readelf >/dev/null || die "readelf is missing, which tells what $1 needs: install binutils"
	needs=$(readelf -l -d "$1" 2>/dev/null | grep -E 'interpreter:|NEEDED' && loaded_later "$1")
	case $needs in
	*interpreter:*) ;;
	*) return 0 ;;
	esac
	libraries=$cache/made/libraries-$kernel_arch-$(printf '%s\n' "$needs" | sha256_of)
	[ -z "$refresh" ] || rm -f "$libraries"
	if [ ! -f "$libraries" ]; then
		made=$(mktemp "$cache/made/.libraries.XXXXXX") || die "cannot write to $cache/made"
		(find_libraries "$1" "$needs") >"$made" || exit
		mv "$made" "$libraries"
	fi
	while read -r path library; do
		[ -e "$library" ] || die "$library is gone: run this again with --refresh"
		stage_link "$library" "$path"
	done <"$libraries"
}

# Make the guest code of script $1, since a lab has no compiler.
put_code()
{
	id=$(sed -n 's/.*id *= *"\([^"]*\)".*/\1/p' "$1" | head -n 1)
	case $id in
	'' | /* | *..*) return ;;
	esac
	case $kernel_arch in
	"$(host_arch)") compiler=gcc ;;
	amd64) compiler=x86_64-linux-gnu-gcc ;;
	arm64) compiler=aarch64-linux-gnu-gcc ;;
	riscv64) compiler=riscv64-linux-gnu-gcc ;;
	esac
	command -v "$compiler" >/dev/null || return
	sh "$here/../vmm/script/assemble.sh" "$stage/usr/lib/kvmbed/code.own/$id" "$(project_arch "$kernel_arch")" \
		"$compiler" "$1" || die "$1: its guest code cannot be assembled" 2
	made=$stage/usr/lib/kvmbed/code.own/$(dirname "$id")
	runtime=${KVMBED_BUILD:-$here/../build}/$(project_arch "$kernel_arch")/guest-lib
	for file in $(sed -n 's/.*program *(* *"\([^"]*\.[cS]\)".*/\1/p' "$1"); do
		source=$(dirname "$1")/$file
		mkdir -p "$made"
		"$compiler" "@$runtime/cflags" "-I$runtime/include" "-Wl,-T,$runtime/guest.lds" \
			-o "$made/${file##*/}.elf" "$source" "$runtime/libguest.a" || die "$1: its guest $file cannot be made" 2
		cp "$source" "$made"
	done
}

# What the project itself has to offer to the lab: kvmbed, its guests and scripts.
put_kvmbed()
{
	project=$(project_arch "$kernel_arch")
	build=${KVMBED_BUILD:-$here/../build}/$project
	if [ -x "$build/kvmbed" ]; then
		put "$build/kvmbed" /usr/bin/kvmbed
		# It finds this one beside itself; without the other, `kvmbed test` alone is missing.
		[ ! -x "$build/kvmbed-test" ] || put "$build/kvmbed-test" /usr/bin/kvmbed-test
	else
		say "note: $build/kvmbed is not built ('make ARCH=$project'), so the lab has no kvmbed"
	fi
	guests=${KVMBED_GUESTS:-$build/guests}
	[ ! -d "$guests" ] || put "$guests" /usr/lib/kvmbed/guests
	for file in run list; do
		put "$here/../guest-tests/$file" "guest-tests/$file"
	done
	[ ! -d "$here/../guest-tests/behaviours" ] ||
		put "$here/../guest-tests/behaviours" /usr/lib/kvmbed/behaviours
	[ ! -d "$build/code" ] || put "$build/code" /usr/lib/kvmbed/code
}
