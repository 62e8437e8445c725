# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# The emulators: where they come from and their command lines. One version for all hosts, whatever
# the machine has installed: Debian trixie's, unpacked privately with the libraries it needs and
# run by its own loader.
# Sourced by lab/kvmlab, after lib.sh.

# QEMU's packages depend on more than a machine without display, sound and USB needs.
qemu_packages="qemu-system-x86 qemu-system-arm qemu-system-riscv"
qemu_without="ipxe-qemu adduser passwd base-passwd libasound2t64 libbrlapi0.8 libcacard0 libusb-1.0-0
	libusbredirparser1t64 libsasl2-modules-db openssl-provider-legacy libncursesw6 debconf libcap-ng0
	gcc-14-base libsystemd0 libaudit1"

fetch_emulator()
{
	set -- --deps
	for name in $qemu_without; do
		set -- "$@" --without "$name"
	done
	# shellcheck disable=SC2086 # a list of names
	emulator_tree=$("$here/deb" ${refresh:+$refresh} "$@" --tree $qemu_packages) || exit
}

# Kernel arguments for each architecture. The mitigations and the address randomisation cost much
# under emulation and show nothing about KVM.
arch_arguments()
{
	case $kernel_arch in
	amd64) echo "console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off nokaslr edd=off no_timer_check cryptomgr.notests audit=0 selinux=0 apparmor=0 random.trust_cpu=on" ;;
	arm64) echo "console=ttyAMA0 panic=-1 quiet loglevel=4 nokaslr kpti=off mitigations=off" ;;
	riscv64) echo "console=ttyS0 panic=-1 quiet loglevel=4" ;;
	esac
}

# start_qemu: become the emulator. Descriptors: 3 control, 4 the job's output, 5 its errors.
start_qemu()
{
	case $kernel_arch in
	amd64)
		program=qemu-system-x86_64
		set -- -accel tcg,thread=multi
		;;
	arm64)
		program=qemu-system-aarch64
		set --
		;;
	riscv64)
		program=qemu-system-riscv64
		set --
		;;
	esac
	for loader in "$emulator_tree"/usr/lib/*-linux-gnu/ld-linux-*.so.*; do
		break
	done
	set -- "$loader" --library-path "${loader%/*}" "$emulator_tree/usr/bin/$program" "$@" \
		-L "$emulator_tree/usr/share/qemu" -L "$emulator_tree/usr/share/seabios" \
		-nodefaults -no-user-config -display none -no-reboot \
		-M "$machine" -cpu "$cpu" -smp "$smp" -m "$memory" \
		-chardev "file,id=console,path=$run/console.log" -serial chardev:console \
		-device virtio-serial-pci,id=channels
	number=0
	for channel in control:/dev/fd/3 out:/dev/fd/4 err:/dev/fd/5 "files:$run/files.tar" "log:$run/dmesg.log"; do
		number=$((number + 1))
		set -- "$@" -chardev "file,id=${channel%%:*},path=${channel#*:}" \
			-device "virtserialport,bus=channels.0,nr=$number,chardev=${channel%%:*}"
	done
	set -- "$@" -kernel "$kernel" -initrd "$run/initrd" -append "$arguments"
	printf '%s\n' "$*" >"$run/command"
	QEMU_MODULE_DIR=$(echo "$emulator_tree"/usr/lib/*-linux-gnu/qemu)
	export QEMU_MODULE_DIR
	exec "$@" </dev/null >"$run/emulator.log" 2>&1
}
