# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154,SC2034
#
# Kernels that no distribution builds: Debian's source with a configuration of ours, as it is or with a
# patch. A line of lab/kernels whose package is linux-source-* is such a kernel; lab/config/NAME says what is
# switched on over allnoconfig. Built once and kept; the compiler is the one that the guests are built with.
# Sourced, after lib.sh.
#
# In the cache, for each version of the source and the configuration, made/kernel-NAME_VERSION-HASH/ with
#   tree/      the source, in which is built
#   pristine/  the files that a patch has changed, as they came
#   out/KEY/   boot/vmlinuz that came of a patch of this hash; "stock" is the source as it is

is_built_here()
{
	case $kernel_packages in
	linux-source-*) ;;
	*) return 1 ;;
	esac
}

# Of the kernel that load_kernel found: $kernel_version, Debian's, and where it is built.
find_built()
{
	packages=$(kernel_deb --list) || exit
	read -r source_package kernel_version _ <<END
$packages
END
	built_tree=$cache/made/kernel-${kernel_name}_$kernel_version-$(sha256_of "$here/config/$kernel_name" | cut -c1-8)
}

# kernel_make DIR ARGUMENT...: make in a kernel's source; what it says goes to $run/make.log.
kernel_make()
{
	source=$1
	shift
	make -C "$source" ARCH="$linux_arch" CROSS_COMPILE="$cross" LOCALVERSION= KBUILD_BUILD_TIMESTAMP=@0 "$@" \
		</dev/null >>"$run/make.log" 2>&1
}

# Linux's name of the architecture, and the compiler's prefix.
find_compiler()
{
	case $kernel_arch in
	amd64) linux_arch=x86_64 cross=x86_64-linux-gnu- ;;
	arm64) linux_arch=arm64 cross=aarch64-linux-gnu- ;;
	riscv64) linux_arch=riscv cross=riscv64-linux-gnu- ;;
	esac
	missing_tools=
	for tool in make flex bison bc patch "${cross}gcc"; do
		command -v "$tool" >/dev/null || missing_tools="$missing_tools $tool"
	done
	[ -z "$missing_tools" ] ||
		die "to build $kernel_name, this machine lacks$missing_tools: apt-get install make flex bison bc patch gcc-$(echo "${cross%-}" | tr _ -)"
}

# Say how far a build is, every hundred files, until the process ends. Process: $1.
watch_build()
{
	last=0
	while kill -0 "$1" 2>/dev/null; do
		sleep 2
		count=$(grep -c -E '^  (CC|AS) ' "$run/make.log")
		[ $((count / 100)) -eq "$last" ] || say "$count files compiled"
		last=$((count / 100))
	done
}

build_failed()
{
	grep -v -E '^ +[A-Z]+ ' "$run/make.log" | tail -n 30 | sed 's/^/  | /' >&2
	die "$kernel_name cannot be built${1:-}"
}

# Unpack the source and configure it, once. Every line of our configuration must have been heard.
make_source()
{
	[ ! -d "$built_tree" ] || return 0
	package=$(kernel_deb --download) || exit
	need_space 3000000 "the source of $kernel_name, with what is built from it,"
	say "unpacking the source of $kernel_name, Linux $kernel_version"
	rm -rf "$cache/made/kernel-${kernel_name}_"*
	new=$built_tree.new
	mkdir -p "$new/tree" "$new/out" || die "cannot write to $cache/made"
	dpkg-deb --fsys-tarfile "$package" | tar -x -O --wildcards './usr/src/linux-source-*.tar.xz' >"$new/source.tar.xz"
	cat_file "$new/source.tar.xz" | tar -x -C "$new/tree" --strip-components=1 --no-same-owner ||
		die "cannot unpack $package into $new: is the disk full?"
	rm "$new/source.tar.xz"
	kernel_make "$new/tree" KCONFIG_ALLCONFIG="$here/config/$kernel_name" allnoconfig || build_failed
	unheard=$(grep '^CONFIG_' "$here/config/$kernel_name" | grep -v -x -F -f "$new/tree/.config" | paste -s -d ' ')
	[ -z "$unheard" ] || die "Linux $kernel_version does not take these lines of lab/config/$kernel_name: $unheard"
	mv "$new" "$built_tree" || die "cannot write to $cache/made"
}

# Undo the patch before this one, and apply $1: only these files are newer than their objects then.
patch_source()
{
	if [ -d "$built_tree/pristine" ]; then
		cp -r "$built_tree/pristine/." "$built_tree/tree/" && rm -rf "$built_tree/pristine" ||
			die "cannot write to $built_tree: is the disk full?"
	fi
	[ $# -gt 0 ] || return 0
	patch_itself "$1" | sed -n 's,^--- a/\([^	]*\).*,\1,p' >"$run/patched"
	while IFS= read -r file; do
		[ -f "$built_tree/tree/$file" ] || die "$1 changes $file, which Linux $kernel_version does not have"
		mkdir -p "$built_tree/pristine/${file%/*}" && cp "$built_tree/tree/$file" "$built_tree/pristine/$file" ||
			die "cannot write to $built_tree: is the disk full?"
	done <"$run/patched"
	apply_patch "$1" "$built_tree/tree"
}

# make_kernel [PATCH]: sets $built to the directory with boot/vmlinuz. A patch may change any file that there is.
make_kernel()
{
	find_built
	built=$built_tree/out/$(patch_key "$@")
	[ ! -f "$built/boot/vmlinuz" ] || return 0
	find_compiler
	make_cache
	exec 8>"$cache/made/kernel-$kernel_name.lock" && flock 8 || die "cannot lock $cache/made/kernel-$kernel_name.lock"
	: >"$run/make.log"
	make_source
	patch_source "$@"
	say "building $kernel_name, Linux $kernel_version${1:+, with $1}: minutes the first time, and then it is kept"
	kernel_make "$built_tree/tree" -j "$(nproc)" Image &
	build_pid=$!
	watch_build "$build_pid"
	wait "$build_pid" || build_failed "${1:+ with $1}"
	mkdir -p "$built/boot" && cp "$built_tree"/tree/arch/*/boot/Image "$built/boot/.new" &&
		mv "$built/boot/.new" "$built/boot/vmlinuz" || die "cannot write $built: is the disk full?"
	exec 8>&-
}

# --- patches, to these kernels and to modules (lab/modules.sh) ---------------------------------

# The patch without the words that come before it.
patch_itself()
{
	sed -n '/^--- /,$p' "$1"
}

# patch_key [PATCH]: the name of what is built with it.
patch_key()
{
	if [ $# -eq 0 ]; then
		echo stock
	else
		patch_itself "$1" | sha256_of | cut -c1-32
	fi
}

# apply_patch PATCH TREE
apply_patch()
{
	patch_itself "$1" | patch -d "$2" -p1 --batch --forward --no-backup-if-mismatch -r - >"$run/patch.log" 2>&1 || {
		cat "$run/patch.log" >&2
		die "$1 does not fit the source of Linux $kernel_version: is it for another kernel?"
	}
}
