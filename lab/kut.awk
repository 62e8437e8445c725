# SPDX-License-Identifier: GPL-2.0-or-later
# Reads kvm-unit-tests' unittests.cfg (docs/unittests.txt of that suite) and
# prints lab/kut's plan; see lab/kut. Variables: arch, groups, tests, limit.

function trim(s) {
	sub(/^[ \t]+/, "", s)
	sub(/[ \t]+$/, "", s)
	return s
}

# A glob as a regular expression.
function matches(name, glob) {
	gsub(/[.+^$(){}|]/, "\\\\&", glob)
	gsub(/\*/, ".*", glob)
	gsub(/\?/, ".", glob)
	return name ~ ("^" glob "$")
}

function wanted(    i, n, list) {
	if (tests != "") {
		n = split(tests, list, " ")
		for (i = 1; i <= n; i++)
			if (matches(name, list[i]))
				return 1
		return 0
	}
	if (groups ~ /[^ ]/) {
		n = split(groups, list, " ")
		for (i = 1; i <= n; i++)
			if ((" " v["groups"] " ") ~ (" " list[i] " "))
				return 1
		return 0
	}
	return (" " v["groups"] " ") !~ / nodefault /
}

# QEMU's CPU option in kvmbed's words: features are edits of CPUID, the model is what the host supports.
function cpu(model,    i, n, list, edits, word) {
	n = split(model, list, ",")
	edits = ""
	for (i = 2; i <= n; i++) {
		word = list[i]
		if (word ~ /^host-phys-bits(=on)?$/ || word ~ /^migratable=/ || word ~ /^[+-]npt$/)
			continue
		if (word ~ /^vendor=/)
			edits = edits " --cpuid " word
		else if (word ~ /^phys-bits=[0-9]+$/)
			edits = edits " --cpuid " word
		else if (word ~ /^[+-][a-z0-9_.-]+$/)
			edits = edits " --cpuid " word
		else if (word ~ /^host-phys-bits=off$/)
			continue
		else
			left = "QEMU's CPU property " word " has no counterpart"
	}
	return edits
}

# Options of QEMU into options of kvmbed; what cannot be carried over leaves the test out, with the reason.
function translate(params,    i, n, w, opts) {
	n = split(params, w, " ")
	opts = ""
	for (i = 1; i <= n; i++) {
		if (w[i] == "-cpu")
			opts = opts cpu(w[++i])
		else if (w[i] == "-m") {
			size = w[++i]
			opts = opts " --mem " toupper(size)
			have_mem = 1
		} else if (w[i] == "-machine" || w[i] == "-M") {
			i++
			if (w[i] ~ /kernel-irqchip=split/)
				opts = opts " --irqchip split"
			else if (w[i] !~ /^(q35|pit=off|vmport=on|virt)$/ && w[i] !~ /^gic-version=|^accel=/)
				left = "QEMU's machine " w[i] " has no counterpart"
			if (w[i] ~ /vmport=on/)
				left = "VMware's backdoor port is QEMU's own"
		} else if (w[i] == "-enable-kvm" || w[i] == "-overcommit")
			i += w[i] == "-overcommit"
		else if (w[i] == "-device" && w[i + 1] == "edu")
			left = "needs QEMU's edu device"
		else if (w[i] == "-device")
			left = "needs QEMU's device " w[++i]
		else
			left = "QEMU's option " w[i] " has no counterpart"
	}
	return opts
}

# kvmtool's options are kvmbed's too.
function flush(    opts, args, t) {
	if (name == "" || !wanted())
		return
	left = ""
	have_mem = 0
	if (arch ~ /^(arm64|riscv64)$/)
		opts = v["kvmtool_params"]
	else
		opts = translate(v["qemu_params"])
	if (v["arch"] != "" && (" " v["arch"] " ") !~ (" " arch " "))
		left = "for " v["arch"] " only"
	if (v["accel"] == "tcg")
		left = "for QEMU's TCG only"
	if (v["accel"] ~ /tcg/ && arch ~ /x86/)
		left = "for QEMU's TCG only"
	args = v["test_args"]
	gsub(/^['"]|['"]$/, "", args)
	t = limit != "" ? limit : v["timeout"] != "" ? v["timeout"] + 0 : 90
	if (v["timeout"] == "0" && limit == "")
		t = 600
	opts = trim(opts)
	if (!have_mem && arch ~ /x86/)
		opts = trim(opts " --mem 512")
	gsub(/\t/, " ", args)
	printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, v["file"], v["smp"] == "" ? 1 : v["smp"], t, opts == "" ? "-" : opts,
		args == "" ? "-" : args, v["qemu_params"] == "" ? "-" : v["qemu_params"], left, v["check"]
}

/^\[.*\]/ {
	flush()
	name = substr($0, 2, index($0, "]") - 2)
	split("", v)
	next
}
/^[a-z_]+ *=/ {
	key = trim(substr($0, 1, index($0, "=") - 1))
	value = trim(substr($0, index($0, "=") + 1))
	if (key == "extra_params")
		key = "qemu_params"
	# A value in triple quotes goes on over several lines.
	if (value ~ /^"""/) {
		value = substr(value, 4)
		while (value !~ /"""/ && (getline more) > 0) {
			sub(/\\$/, "", value)
			value = value " " more
		}
		sub(/""".*/, "", value)
		gsub(/\\/, "", value)
	}
	v[key] = value
}
END { flush() }
