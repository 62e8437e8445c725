# SPDX-License-Identifier: GPL-2.0-or-later
# docs/behaviours.md out of the headers (JSON, a member a line) and docs/behaviours.tsv; see behaviours.sh.

# A member's text.
function text(line) {
	sub(/^[^:]*: "/, "", line)
	sub(/",?$/, "", line)
	gsub(/\\"/, "\"", line)
	gsub(/\\\\/, "\\", line)
	return line
}

NR == FNR {
	if ($1 == "\"id\":")
		id[++nr] = text($0)
	else if (nr && match($1, /^"(title|needs|fixes|since|seen_failing)":$/))
		header[id[nr], substr($1, 2, length($1) - 3)] = text($0)
	next
}
{ split($0, f, "\t") }
f[1] == "host" {
	host[++hosts] = f[2]
	arch[f[2]] = f[3]
	release[f[2]] = f[4]
	if (f[2] == "native")
		sub(/[-+].*/, "", release[f[2]])
	backend[f[2]] = f[5]
	what[f[2]] = f[6] == "" ? "the development machine's own /dev/kvm" : f[6]
}
f[1] == "cell" {
	verdict[f[2], f[3]] = f[4]
	reason[f[2], f[3]] = f[5]
	# What a probe has measured is another number each time.
	sub(/ \([0-9][^()]*\)$/, "", reason[f[2], f[3]])
}

function cell(s) {
	gsub(/\|/, "\\|", s)
	return s
}

# In lists and tables "<" would begin a tag.
function md(s) {
	gsub(/</, "\\&lt;", s)
	return cell(s)
}

# To its entry in the catalogue, whose heading's anchor has no slash.
function link(name,    anchor) {
	anchor = name
	gsub(/\//, "", anchor)
	return "[" name "](#" anchor ")"
}

# The note for a reason, made when it is new: "s3".
function note(letter, h, why,    key) {
	key = letter SUBSEP why
	if (!(key in number)) {
		number[key] = ++notes[letter]
		note_text[letter, notes[letter]] = why
	}
	note_hosts[letter, number[key]] = note_hosts[letter, number[key]] \
		(index(note_hosts[letter, number[key]] " ", " " h " ") ? "" : " " h)
	return letter number[key]
}

function table(which, name,    h, i, n, line, v, any, letter, k) {
	split("", notes)
	split("", number)
	split("", note_hosts)
	split("", note_text)
	line = "| |"
	any = "|---|"
	for (h = 1; h <= hosts; h++)
		if (arch[host[h]] == which) {
			line = line " " host[h] " |"
			any = any "---|"
			n++
		}
	if (!n)
		return
	print "\n### " name "\n"
	print "| host | kernel | KVM's back-end | |\n|---|---|---|---|"
	for (h = 1; h <= hosts; h++)
		if (arch[host[h]] == which)
			print "| " host[h] " | " release[host[h]] " | " backend[host[h]] " | " md(what[host[h]]) " |"
	print "\n" line "\n" any
	for (i = 1; i <= nr; i++) {
		group = id[i]
		sub(/\/.*/, "", group)
		if (group != "common" && group != which)
			continue
		line = "| " link(id[i]) " |"
		for (h = 1; h <= hosts; h++) {
			if (arch[host[h]] != which)
				continue
			v = verdict[host[h], id[i]]
			if (v == "pass")
				v = "pass"
			else if (v == "skip" || v == "known")
				v = v == "skip" ? "*" note("s", host[h], reason[host[h], id[i]]) "*" : \
					"**" note("f", host[h], reason[host[h], id[i]]) "**"
			else
				v = v == "" ? "not recorded" : "**" toupper(v) "**"
			line = line " " v " |"
		}
		print line
	}
	for (k = 1; k <= 2; k++) {
		letter = k == 1 ? "f" : "s"
		if (!notes[letter])
			continue
		print "\n| | " (k == 1 ? "fails, and rightly, because" : "skipped, because") " | on |\n|---|---|---|"
		for (i = 1; i <= notes[letter]; i++)
			print "| " letter i " | " md(note_text[letter, i]) " | " substr(note_hosts[letter, i], 2) " |"
	}
}

function entry(i,    s) {
	print "\n#### " id[i] "\n"
	print md(header[id[i], "title"]) "\n"
	if (header[id[i], "fixes"] != "") {
		s = header[id[i], "since"]
		print "- about: " md(header[id[i], "fixes"]) (s == "" ? "" : ", since Linux " s)
	}
	if (header[id[i], "needs"] != "") {
		s = header[id[i], "needs"]
		gsub(/,/, ", ", s)
		print "- needs: " md(s)
	}
	s = header[id[i], "seen_failing"]
	print "- seen failing or absent: " (s == "" ? "**not yet**" : md(s))
	print "- [" id[i] ".lua](../guest-tests/behaviours/" id[i] ".lua)"
}

END {
	print "<!-- Written by docs/behaviours.sh: not to be edited. -->"
	print "# Behaviours\n"
	print "What `kvmbed test` judges, and what it said on each host. [scripts.md](scripts.md) tells how a behaviour is written,"
	print "[labs.md](labs.md) what the hosts are."
	print "\n## Verdicts\n"
	print "Made by\n"
	line = "    lab/matrix --record --hosts '"
	for (h = 1; h <= hosts; h++)
		line = line (h == 1 ? "" : " ") host[h]
	print line "'"
	print "\nwhich writes this page anew. Each name leads to what it is about and which release has the fix. A pass is a pass of every"
	print "expectation in the script; what is skipped could not be asked of that host, and a failure is listed in [guest-tests/behaviours/failing](../guest-tests/behaviours/failing), where `make check` wants it too."
	table("x86", "x86")
	table("arm64", "arm64")
	table("riscv", "RISC-V")
	print "\n## The catalogue"
	for (i = 1; i <= nr; i++) {
		group = id[i]
		sub(/\/.*/, "", group)
		if (group != last)
			print "\n### " group
		last = group
		entry(i)
	}
}
