# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What a RISC-V guest must find in its device tree: riscv_tree. By fdtget, which
# is libfdt's. The kernel's bindings are named (Documentation/devicetree/bindings).
# Sourced by tests/e2e/dtb.

# of NODE PROPERTY [TYPE]: words of the tree's, "" where there are none.
of() {
	fdtget -d "" ${3:+-t "$3"} "$tree" "$1" "$2" 2>/dev/null
}

below() {
	fdtget -l "$tree" "$1" 2>/dev/null
}

# The node of /soc that is compatible with $1.
device_of() {
	for node in $(below /soc); do
		case " $(of "/soc/$node" compatible) " in
		*" $1 "*) echo "/soc/$node" && return ;;
		esac
	done
}

# is WHAT GOT WANTED
is() {
	[ "$2" = "$3" ] || echo "$1 is '$2', not '$3'"
}

# riscv/cpus.yaml, riscv/extensions.yaml: a node a hart, each with a controller of its own. Sets $external, what a controller of
# all harts must have as its interrupts-extended: each hart's controller, and its external interrupt (9).
harts() {
	is "the number of harts" "$(below /cpus | grep -c '^cpu@')" "$cpus"
	frequency=$(of /cpus timebase-frequency u)
	[ "${frequency:-0}" -gt 0 ] || echo "there is no timebase-frequency"
	external='' n=0
	while [ $n -lt "$cpus" ]; do
		hart=/cpus/$(printf 'cpu@%x' $n)
		is "$hart's reg" "$(of "$hart" reg u)" $n
		is "$hart's device_type" "$(of "$hart" device_type)" cpu
		is "$hart's isa base" "$(of "$hart" riscv,isa-base)" rv64i
		for letter in i m a c; do
			case " $(of "$hart" riscv,isa-extensions) " in
			*" $letter "*) ;;
			*) echo "$hart lacks $letter" ;;
			esac
		done
		case $(of "$hart" mmu-type) in
		riscv,sv39 | riscv,sv48 | riscv,sv57) ;;
		*) echo "$hart has no mmu-type" ;;
		esac
		is "$hart's controller" "$(of "$hart/interrupt-controller" compatible)" riscv,cpu-intc
		is "$hart's controller's cells" "$(of "$hart/interrupt-controller" '#interrupt-cells' u)" 1
		external="$external${external:+ }$(of "$hart/interrupt-controller" phandle u) 9"
		n=$((n + 1))
	done
	phandles=$(echo "$external" | tr ' ' '\n' | sed -n 'p;n' | sort -u | wc -l)
	is "the number of harts' controllers" "$phandles" "$cpus"
}

# The size of $1's only range.
size_of() {
	# shellcheck disable=SC2046 # four cells
	set -- $(of "$1" reg u)
	echo "${4-}"
}

# interrupt-controller/sifive,plic-1.0.0.yaml: a context for each hart, each with its page.
plic() {
	is "the PLIC's contexts" "$(of "$1" interrupts-extended u)" "$external"
	is "the PLIC's size" "$(size_of "$1")" $((0x200000 + 0x1000 * cpus))
	is "the PLIC's cells" "$(of "$1" '#interrupt-cells' u)" 1
	lines=$(of "$1" riscv,ndev u) cells=1 parent=$(of "$1" phandle u)
}

# interrupt-controller/riscv,imsics.yaml and riscv,aplic.yaml: a file for each hart; the APLIC sends it messages.
aia() {
	is "the IMSICs' harts" "$(of "$2" interrupts-extended u)" "$external"
	is "the IMSICs' size" "$(size_of "$2")" $((0x1000 * cpus))
	identities=$(of "$2" riscv,num-ids u)
	[ $((${identities:-0} & 63)) -eq 63 ] || echo "an IMSIC has '$identities' identities, not 63, 127 ..."
	is "the APLIC's parent" "$(of "$1" msi-parent u)" "$(of "$2" phandle u)"
	is "the APLIC's cells" "$(of "$1" '#interrupt-cells' u)" 2
	lines=$(of "$1" riscv,num-sources u) cells=2 parent=$(of "$1" phandle u)
	[ "${lines:-0}" -le "${identities:-0}" ] || echo "there are more sources than identities"
}

# Lines that devices have are lines of the controller; no two devices are at one place.
devices() {
	for node in $(below /soc); do
		# shellcheck disable=SC2046 # numbers
		set -- $(of "/soc/$node" interrupts u)
		[ $(($# % cells)) -eq 0 ] || echo "$node has $# cells of interrupts"
		while [ $# -ge "$cells" ]; do
			[ "$1" -ge 1 ] && [ "$1" -le "$lines" ] || echo "$node has line $1 of $lines"
			shift "$cells"
		done
	done
	{
		for node in $(below /soc); do
			echo "$(of "/soc/$node" reg u) $node"
		done
		for node in $(below / | grep '^memory@'); do
			echo "$(of "/$node" reg u) $node"
		done
	} | awk 'NF >= 5 { printf "%.0f %.0f %s\n", $1 * 4294967296 + $2, $3 * 4294967296 + $4, $5 }' | sort -n |
		awk '$1 < end { print $3 " and " last " are at one place" } { end = $1 + $2; last = $3 }'
}

# riscv_tree FILE OPTIONS: what is wrong with the tree that a run with these options gets.
riscv_tree() {
	tree=$1 cpus=1
	case " $2 " in
	*" --cpus "*) cpus=${2##*--cpus } cpus=${cpus%% *} ;;
	esac
	harts
	plic_at=$(device_of riscv,plic0) aplic_at=$(device_of riscv,aplic) imsics_at=$(device_of riscv,imsics)
	lines=0 cells=1 parent=''
	[ -z "$plic_at" ] || plic "$plic_at"
	[ -z "$aplic_at$imsics_at" ] || aia "$aplic_at" "$imsics_at"
	case $2 in
	*none*) is "its controller" "$plic_at$aplic_at" "" ;;
	*plic*) [ -n "$plic_at" ] && [ -z "$aplic_at" ] || echo "the PLIC was asked for" ;;
	*aia*) [ -n "$aplic_at" ] && [ -z "$plic_at" ] || echo "the AIA was asked for" ;;
	*) [ -n "$plic_at$aplic_at" ] || echo "there is no controller" ;;
	esac
	is "the interrupt parent" "$(of /soc interrupt-parent u)" "$parent"
	devices
	console=$(of /chosen stdout-path)
	[ -n "$(of "${console%%:*}" compatible)" ] || echo "the console '$console' is not there"
}
