# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# The emulators: where they come from and their command lines. One version for all hosts, whatever
# the machine has installed: Debian trixie's, unpacked privately with the libraries it needs and
# run by its own loader.
# Sourced by lab/kvmlab, after lib.sh.

#
# For each emulator NAME: fetch_NAME has its packages unpacked, prepare_NAME makes what a run needs
# beside kernel and initramfs, start_NAME becomes the emulator. Descriptors of the latter: 0 a pipe
# on which nothing comes, 3 control, 4 the job's output, 5 its errors; the kernel's console goes to
# $run/console, what the emulator itself says to $run/emulator.log.

# fetch_tree PACKAGES WITHOUT: sets $emulator_tree.
fetch_tree()
{
	emulator_packages=$1
	set --
	for name in $emulator_without; do
		set -- "$@" --without "$name"
	done
	# shellcheck disable=SC2086 # a list of names
	emulator_tree=$("$here/deb" ${refresh:+$refresh} --deps "$@" --tree $emulator_packages) || exit
	for loader in "$emulator_tree"/usr/lib/*-linux-gnu/ld-linux-*.so.*; do
		break
	done
	emulator_libraries=${loader%/*}
}

# become PROGRAM ARGUMENT...: the emulator takes this process over.
become()
{
	program=$1
	shift
	if [ -n "$emulator_tree" ]; then
		set -- "$loader" --library-path "$emulator_libraries" "$emulator_tree/usr/bin/$program" "$@"
	else
		set -- "$KVMBED_QEMU/$program" "$@"
	fi
	for word in "$@"; do
		printf '%s ' "$(quoted "$word")"
	done >"$run/command"
	exec "$@" >"$run/emulator.log" 2>&1
}

# Kernel arguments for each architecture. The mitigations and the address randomisation cost much
# under emulation and show nothing about KVM. RCU's and the soft lockup detector's limits (21 and
# 20 s) are made 60 s: when this machine is so busy that the emulator does not run for half a minute,
# that is no fault of the lab's kernel. For the same reason the TSC is not watched: a busy machine makes it look unstable, and then
# KVM keeps TSCs by other means.
arch_arguments()
{
	patience="rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30"
	case $kernel_arch in
	amd64) echo "console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off nokaslr edd=off no_timer_check cryptomgr.notests audit=0 selinux=0 apparmor=0 random.trust_cpu=on tsc=reliable $patience" ;;
	arm64) echo "console=ttyAMA0 panic=-1 quiet loglevel=4 nokaslr kpti=off mitigations=off $patience" ;;
	riscv64) echo "console=ttyS0 panic=-1 quiet loglevel=4 $patience" ;;
	esac
}

# --- QEMU ------------------------------------------------------------------------------------

fetch_qemu()
{
	# Its packages depend on more than a machine without display, sound and USB needs.
	emulator_without="ipxe-qemu adduser passwd base-passwd libasound2t64 libbrlapi0.8 libcacard0
		libusb-1.0-0 libusbredirparser1t64 libsasl2-modules-db openssl-provider-legacy libncursesw6
		debconf libcap-ng0 gcc-14-base libsystemd0 libaudit1"
	channel_modules="virtio_pci? virtio_console?"
	case $kernel_arch in
	amd64) qemu=qemu-system-x86_64 ;;
	arm64) qemu=qemu-system-aarch64 ;;
	riscv64) qemu=qemu-system-riscv64 ;;
	esac
	if [ -n "${KVMBED_QEMU:-}" ]; then
		emulator_tree=
		[ -x "$KVMBED_QEMU/$qemu" ] || die "KVMBED_QEMU=$KVMBED_QEMU has no $qemu"
	else
		fetch_tree "qemu-system-x86 qemu-system-arm qemu-system-riscv"
	fi
}

prepare_qemu()
{
	:
}

start_qemu()
{
	set -- "$qemu"
	if [ -n "$emulator_tree" ]; then
		set -- "$@" -L "$emulator_tree/usr/share/qemu" -L "$emulator_tree/usr/share/seabios"
		QEMU_MODULE_DIR=$emulator_libraries/qemu
		export QEMU_MODULE_DIR
	fi
	set -- "$@" -accel tcg,thread=multi -nodefaults -no-user-config -display none -no-reboot \
		-M "$machine" -cpu "$cpu" -smp "$smp" -m "$memory" \
		-chardev "file,id=console,path=$run/console" -serial chardev:console \
		-device virtio-serial-pci,id=channels
	number=0
	for channel in control out err; do
		number=$((number + 1))
		set -- "$@" -chardev "file,id=$channel,path=/dev/fd/$((number + 2))" \
			-device "virtserialport,bus=channels.0,nr=$number,chardev=$channel"
	done
	become "$@" -kernel "$kernel" -initrd "$run/initrd" -append "$arguments"
}
