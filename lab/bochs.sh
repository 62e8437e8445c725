# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# Labs under Bochs, which has Intel's VMX where QEMU has not. The kernel is not booted from an
# image that needs a boot loader and a decompression, both of which Bochs would have to interpret:
# a small option ROM (lab/bochs-rom.S) copies the unpacked kernel and the initramfs from a disk
# and enters the kernel by its PVH entry. The lab's channels are serial lines.
# Sourced by lab/kvmlab, after emulators.sh.

# Where things are in the lab's memory. Table and ROM are known to bochs-rom.S too.
bochs_rom_address=$((0xd0000))
bochs_table=$((0x10000))
bochs_table_sectors=8
bochs_start_info=$((bochs_table + 0x200))
bochs_module_list=$((bochs_table + 0x280))
bochs_memory_map=$((bochs_table + 0x300))
bochs_command_line=$((bochs_table + 0x800))

fetch_bochs()
{
	# Debian's build carries a debugger with GTK, a sound system and more, none of which is used.
	emulator_without="bochs-wx libgtk-3-common libcups2t64 libcolord2 libpulse0 libasound2t64
		adwaita-icon-theme hicolor-icon-theme shared-mime-info fontconfig fontconfig-config
		gcc-14-base readline-common libx11-data libx11-xcb1 libgdk-pixbuf2.0-common liblcms2-2
		dconf-gsettings-backend at-spi2-common xkb-data libthai-data libtiff6 libxtst6 liblzma5
		libpsl5t64 libxml2 libcurl4t64 libgnutls30t64"
	fetch_tree "bochs bochs-term"
	channel_modules=
	make_rom
}

# u64_at FILE OFFSET
u64_at()
{
	od -An --endian=little -tu8 -j "$2" -N 8 "$1" | tr -d ' '
}

# Write numbers in little-endian order: little WIDTH NUMBER...
little()
{
	width=$1
	shift
	for number in "$@"; do
		byte=0
		while [ $byte -lt "$width" ]; do
			# shellcheck disable=SC2059 # the format is the byte
			printf "\\$(printf %03o $((number >> (8 * byte) & 255)))"
			byte=$((byte + 1))
		done
	done
}

# Pad a file with zeros to a multiple of a block size.
pad_to()
{
	truncate -s "%$2" "$1" || die "cannot write $1: is the disk full?"
}

sectors_of()
{
	echo $((($(stat -c %s "$1") + 511) / 512))
}

# Assemble the option ROM, once; sets $rom.
make_rom()
{
	rom=$cache/made/bochs-rom-$(sha256_of "$here/bochs-rom.S" | cut -c1-32)
	[ ! -f "$rom" ] || return 0
	prefix=
	[ "$(host_arch)" = amd64 ] || prefix=x86_64-linux-gnu-
	command -v "${prefix}as" >/dev/null || die "${prefix}as is missing, which makes Bochs' boot ROM: install binutils"
	"${prefix}as" --32 -o "$run/rom.o" "$here/bochs-rom.S" &&
		"${prefix}objcopy" -O binary -j .text "$run/rom.o" "$run/rom" || die "cannot assemble bochs-rom.S"
	# 512 bytes, whose sum is 0: the last one makes it so.
	truncate -s 511 "$run/rom"
	sum=$(od -An -v -tu1 "$run/rom" | awk '{ for (i = 1; i <= NF; i++) sum += $i } END { print sum }')
	little 1 $((-sum & 255)) >>"$run/rom"
	mv "$run/rom" "$rom" || die "cannot write $rom"
}

# The loadable segments of an ELF file: "ADDRESS OFFSET SIZE" a line, by physical address.
elf_segments()
{
	header=$(u64_at "$1" 32)
	count=$(od -An --endian=little -tu2 -j 56 -N 2 "$1" | tr -d ' ')
	while [ "$count" -gt 0 ]; do
		if [ "$(u32_at "$1" "$header")" -eq 1 ]; then
			echo "$(u64_at "$1" $((header + 24))) $(u64_at "$1" $((header + 8))) $(u64_at "$1" $((header + 32)))"
		fi
		header=$((header + 56))
		count=$((count - 1))
	done
}

# The entry point of PVH: the description of an ELF note of owner Xen, type 18.
pvh_entry()
{
	note=$(LC_ALL=C grep -aobP -m 1 '\x04\0\0\0[\x04\x08]\0\0\0\x12\0\0\0Xen\0' "$1" | head -n 1 | cut -d: -f1)
	[ -n "$note" ] || die "$1 has no PVH entry point"
	u32_at "$1" $((note + 16))
}

# The disk: table, kernel, initramfs.
prepare_bochs()
{
	disk=$run/disk
	initrd_sectors=$(sectors_of "$run/initrd")
	initrd_size=$(stat -c %s "$run/initrd")
	# As high as the BIOS leaves memory: its ACPI tables take the last 64 KiB.
	memory_end=$(((memory << 20) - 0x10000))
	initrd_address=$(((memory_end - initrd_sectors * 512) & ~0xfff))

	truncate -s $((bochs_table_sectors * 512)) "$disk"
	segments=$(elf_segments "$kernel")
	table=
	while read -r address offset size; do
		[ $((address + size)) -lt "$initrd_address" ] || die "kernel and initramfs do not fit into $memory MB: give the lab more (--mem)"
		table="$table $(sectors_of "$disk") $(((size + 511) / 512)) $address"
		tail -c "+$((offset + 1))" "$kernel" | head -c "$size" >>"$disk"
		pad_to "$disk" 512
	done <<END
$segments
END
	table="$table $(sectors_of "$disk") $initrd_sectors $initrd_address"
	cat "$run/initrd" >>"$disk"
	# Whole cylinders of Bochs' geometry: 16 heads, 63 sectors.
	pad_to "$disk" $((16 * 63 * 512))

	# struct hvm_start_info, hvm_modlist_entry and hvm_memmap_table_entry of Xen's
	# include/public/arch-x86/hvm/start_info.h.
	{
		little 4 "$(pvh_entry "$kernel")" $bochs_start_info 0 0
		# shellcheck disable=SC2086 # numbers
		little 4 $table 0 0 0
	} >"$run/table"
	truncate -s $((bochs_start_info - bochs_table)) "$run/table"
	{
		little 4 $((0x336ec578)) 1 0 1
		little 8 $bochs_module_list $bochs_command_line 0 $bochs_memory_map
		little 4 5 0
	} >>"$run/table"
	truncate -s $((bochs_module_list - bochs_table)) "$run/table"
	little 8 "$initrd_address" "$initrd_size" 0 0 >>"$run/table"
	truncate -s $((bochs_memory_map - bochs_table)) "$run/table"
	# RAM is type 1, reserved 2, ACPI tables 3.
	while read -r address size type; do
		little 8 $((address)) $((size))
		little 4 "$type" 0
	done >>"$run/table" <<END
0        0x9f000                    1
0x9f000  0x1000                     2
0xe0000  0x20000                    2
0x100000 $((memory_end - 0x100000)) 1
$memory_end 0x10000                 3
END
	truncate -s $((bochs_command_line - bochs_table)) "$run/table"
	printf '%s\0' "$arguments kvmlab.channels=serial" >>"$run/table"
	[ "$(sectors_of "$run/table")" -le $bochs_table_sectors ] || die "the kernel's command line is too long"
	dd if="$run/table" of="$disk" conv=notrunc status=none || die "cannot write $disk: is the disk full?"

	# The display library is the one that opens no window and no network port; the emulated sound
	# and speaker would want devices of this machine.
	cat >"$run/bochsrc" <<END
megs: $memory
cpu: model=$cpu, count=$smp, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=utc
romimage: file=$emulator_tree/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=$emulator_tree/usr/share/bochs/VGABIOS-lgpl-latest
optromimage1: file=$rom, address=$(printf '0x%x' $bochs_rom_address)
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=$disk, mode=flat, cylinders=0
com1: enabled=1, mode=file, dev=$run/console
com2: enabled=1, mode=file, dev=/dev/fd/3
com3: enabled=1, mode=file, dev=/dev/fd/4
com4: enabled=1, mode=file, dev=/dev/fd/5
display_library: term
log: $run/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
plugin_ctrl: speaker=0
END
	echo c >"$run/debugger"
}

start_bochs()
{
	BXSHARE=$emulator_tree/usr/share/bochs
	LTDL_LIBRARY_PATH=$emulator_libraries/bochs/plugins
	TERM=vt100
	export BXSHARE LTDL_LIBRARY_PATH TERM
	# Debian's build is the one with the debugger, which waits for "continue".
	become bochs-bin -q -f "$run/bochsrc" -rc "$run/debugger"
}
