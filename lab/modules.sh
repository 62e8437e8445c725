# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# KVM's modules of a lab's kernel, rebuilt from the source that Debian built them from: as they are,
# or with a patch. Compiler and build tools are those of that kernel's Debian release, unpacked
# privately and run by their own loader, so that any amd64 machine can do it. For RISC-V they are the
# amd64 programs that make its code.
# Sourced by lab/revert, after lib.sh, host.sh and image.sh.
#
# In the cache, for each version of a kernel and of this file, made/kvm-RELEASE_VERSION-HASH/ with
#   tree/     headers, the kernel's build tools, and of its source virt/ and arch/ARCH/kvm: a small
#             kernel tree, in which is built
#   pristine/ that source again, as it came
#   bin/      compiler and binutils: scripts that start the private ones
#   exec/     the same, for the compiler to find
#   ko/HASH/  the modules that came of a patch of this hash; "stock" is the source as it is

# What the headers' packages want of a whole Debian system, and libraries that modules cannot use.
toolchain_without="linux-base linux-image initramfs-tools debconf dpkg perl-base kmod pahole
	openssl-provider-legacy binutils-common libc-gconv-modules-extra libcc1-0 libgprofng0
	libasan6 libasan8 libatomic1 libgomp1 libhwasan0 libitm1 liblsan0 libquadmath0 libtsan0 libtsan2 libubsan1
	libasan8-riscv64-cross libatomic1-riscv64-cross libgcc-s1-riscv64-cross libgomp1-riscv64-cross libitm1-riscv64-cross
	liblsan0-riscv64-cross libtsan2-riscv64-cross libubsan1-riscv64-cross"

# Of Debian architecture $1 whose modules can be rebuilt: the kernel's name for it, the prefix of its compiler, and the modules.
# Status 1 for others.
find_target()
{
	case $1 in
	amd64) arch_name=x86 triplet=x86_64-linux-gnu module_names="kvm kvm-amd kvm-intel" ;;
	riscv64) arch_name=riscv triplet=riscv64-linux-gnu module_names=kvm ;;
	*) return 1 ;;
	esac
}

# Of host $host's kernel: $kernel_suite, $kernel_version (Debian's), $kernel_release (uname's),
# $kernel_base (6.1), and what find_target sets.
find_version()
{
	load_kernel "$kernel_name"
	find_target "$kernel_arch"
	packages=$(kernel_deb --list) || exit
	read -r kernel_release kernel_version _ <<END
$packages
END
	# linux-image-RELEASE or linux-binary-RELEASE.
	kernel_release=${kernel_release#linux-*-}
	kernel_base=${kernel_name#*-}
	made_tree=$cache/made/kvm-${kernel_release}_$kernel_version-$(sha256_of "$here/modules.sh" | cut -c1-8)
}

# fetch_same OPTION... PACKAGE: lab/deb; what to do when the mirror has gone on to another version
# than the lab's is said.
fetch_same()
{
	"$here/deb" --suite "$kernel_suite" --arch "$kernel_arch" "$@" ||
		die "the source of the lab's kernel ($kernel_version) must be had: if there is a newer one, say lab/kvmlab --refresh --fetch $host"
}

is_program()
{
	[ "$(od -An -tx1 -N 4 "$1" | tr -d ' ')" = 7f454c46 ]
}

# make_starter FILE PROGRAM [WORD...]: a script that starts the toolchain's program by the
# toolchain's loader, with these words as its first arguments.
make_starter()
{
	starter=$1
	shift
	{
		echo '#!/bin/sh'
		printf 'exec %s --library-path %s' "$toolchain_loader" "$toolchain_libraries"
		printf ' %s' "$@"
		# shellcheck disable=SC2016 # the script's
		echo ' "$@"'
	} >"$starter" && chmod 755 "$starter" || die "cannot write $starter: is the disk full?"
}

# Scripts in $made/bin for the programs of toolchain $1, and in place of those of the kernel's
# build tools, in $made/tree.
make_starters()
{
	toolchain_loader=$(find "$1/" -name 'ld-linux-x86-64.so.2' | head -n 1)
	toolchain_libraries=$1/lib/x86_64-linux-gnu:$1/usr/lib/x86_64-linux-gnu
	mkdir "$made/bin" "$made/exec"
	for program in "$1/usr/bin/$triplet"-*; do
		name=${program##*/"$triplet"-}
		case $name in
		gcc-[0-9]*)
			# gcc finds cc1 beside itself, and the assembler in exec/; it starts both by the same loader.
			make_starter "$made/bin/$name" "$program" "-B$made_tree/exec/" \
				-wrapper "$toolchain_loader,--library-path,$toolchain_libraries"
			compiler=$name
			;;
		*)
			make_starter "$made/bin/$name" "$program"
			ln -s "$program" "$made/exec/$name"
			;;
		esac
	done
	# Debian has some for several targets, behind a program that looks for them by its own name.
	find "$made/tree" -name '*.real-lsb-64' -o -name '*.real-x86' | while IFS= read -r program; do
		mv "$program" "${program%.real-*}"
	done
	find "$made/tree" -type f -perm /111 >"$made/programs"
	while IFS= read -r program; do
		is_program "$program" || continue
		mv "$program" "$program.private"
		make_starter "$program" "$made_tree${program#"$made"}.private"
	done <"$made/programs"
	rm "$made/programs"
}

# Of the package with the kernel's source, what KVM's modules are made from, into $made/tree.
unpack_source()
{
	package=$(fetch_same --download "linux-source-$kernel_base=$kernel_version") || exit
	dpkg-deb --fsys-tarfile "$package" |
		tar -x -O --wildcards './usr/src/linux-source-*.tar.xz' >"$made/source.tar.xz"
	cat_file "$made/source.tar.xz" | tar -x -C "$made/tree" --strip-components=1 --no-same-owner --wildcards \
		'linux-source-*/virt' "linux-source-*/arch/$arch_name/kvm"
	rm "$made/source.tar.xz"
	[ -f "$made/tree/virt/kvm/kvm_main.c" ] || die "$package: no source of KVM could be unpacked from it"
}

# Headers, build tools and compiler: $headers and $toolchain, trees of packages, which are one where the kernel's architecture is
# this machine's.
fetch_toolchain()
{
	set -- --deps --without "linux-image-$kernel_release"
	for name in $toolchain_without; do
		set -- "$@" --without "$name"
	done
	if [ "$kernel_arch" = amd64 ]; then
		toolchain=$(fetch_same "$@" --tree "linux-headers-$kernel_release=$kernel_version") || exit
		headers=$toolchain
		return
	fi
	headers=$(fetch_same --tree "linux-headers-$kernel_release=$kernel_version") || exit
	# "riscv64-linux-gnu-gcc-14 (Debian ..."
	gcc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="[^ ]*gcc-\([0-9]*\) .*/\1/p' "$headers/usr/src/linux-headers-$kernel_release/.config")
	common=${kernel_release%-*}
	toolchain=$("$here/deb" --suite "$kernel_suite" --arch amd64 "$@" --tree "gcc-$gcc-$(echo "$triplet" | tr _ -)" \
		"linux-headers-$common-common=$kernel_version" "linux-kbuild-$common=$kernel_version") ||
		die "the build tools of the lab's kernel ($kernel_version) must be had for this machine"
}

# Make the small kernel tree, once.
make_tree()
{
	[ ! -d "$made_tree" ] || return 0
	fetch_toolchain
	need_space 400000 "the source of KVM"
	made=$(mktemp -d "$cache/made/.kvm.XXXXXX") || die "cannot write to $cache/made"
	say "unpacking the source of KVM, Linux $kernel_version"
	# The headers of the flavour over those of all; links to the build tools are followed.
	mkdir "$made/tree" "$made/ko"
	cp -rL "$toolchain"/usr/src/linux-headers-*-common/. "$made/tree/" ||
		die "cannot copy the kernel's headers to $made: is the disk full?"
	flavour=$headers/usr/src/linux-headers-$kernel_release
	cp -r "$flavour/include" "$flavour/arch" "$made/tree/" &&
		cp "$flavour/.config" "$flavour/Module.symvers" "$made/tree/" ||
		die "cannot copy the kernel's configuration to $made: is the disk full?"
	unpack_source
	make_starters "$toolchain"
	echo "$compiler" >"$made/compiler"
	mkdir -p "$made/pristine/arch/$arch_name"
	cp -r "$made/tree/virt" "$made/pristine/" && cp -r "$made/tree/arch/$arch_name/kvm" "$made/pristine/arch/$arch_name/" ||
		die "cannot write to $made: is the disk full?"
	# Those of older versions, and of this file before it was changed.
	rm -rf "$cache/made/kvm-${kernel_release}_"*
	mv "$made" "$made_tree" || die "cannot write to $cache/made"
	made=
}

# Undo what a patch has changed: only these files are newer than their objects then.
restore_source()
{
	(cd "$made_tree/pristine" && find . -type f) | while IFS= read -r file; do
		cmp -s "$made_tree/pristine/$file" "$made_tree/tree/$file" ||
			cp "$made_tree/pristine/$file" "$made_tree/tree/$file"
	done
}

# make_modules [PATCH]: set $ko to the directory with kvm.ko (x86: kvm-amd.ko and kvm-intel.ko, too) of
# the kernel of host $host, with PATCH.
make_modules()
{
	ko=$made_tree/ko/$(patch_key "$@")
	[ ! -d "$ko" ] || return 0
	make_cache
	exec 8>"$cache/made/kvm-$kernel_release.lock" && flock 8 || die "cannot lock $cache/made/kvm-$kernel_release.lock"
	make_tree
	restore_source
	[ $# -eq 0 ] || apply_patch "$1" "$made_tree/tree"
	# What a patch leaves unused is no error.
	say "building the modules of Linux $kernel_version${1:+ with $1}"
	(
		PATH=$made_tree/bin:$PATH
		cd "$made_tree/tree" && make -j "$(nproc)" ARCH="$arch_name" M="$PWD/arch/$arch_name/kvm" \
			KERNELRELEASE="$kernel_release" CC="$(cat "$made_tree/compiler")" CONFIG_KVM_WERROR= modules </dev/null
	) >"$run/make.log" 2>&1 || {
		grep -v -E '^ +(CC|AS|LD|UPD) ' "$run/make.log" | head -n 30 | sed 's/^/  | /' >&2
		die "the modules of Linux $kernel_version${1:+ with $1} cannot be built"
	}
	made=$(mktemp -d "$made_tree/ko/.new.XXXXXX") || die "cannot write to $made_tree"
	for module in $module_names; do
		"$made_tree/bin/strip" --strip-debug -o "$made/$module.ko" "$made_tree/tree/arch/$arch_name/kvm/$module.ko" ||
			die "cannot write $made/$module.ko: is the disk full?"
	done
	mv "$made" "$ko" || die "cannot write $ko"
	made=
	exec 8>&-
}
