# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix out of what hosts gave (lab/matrix says how it is told): format is txt, json, html, or status
# for the exit status alone. The bytes are UTF-8 without control characters.

BEGIN {
	split("pass fail hang crash broken skip known none", order, " ")
	means["pass"] = "all expectations held"
	means["fail"] = "an expectation did not hold, or the kernel reported trouble"
	means["hang"] = "not done within its time"
	means["crash"] = "its process died"
	means["broken"] = "the script is wrong in itself"
	means["skip"] = "this host cannot be asked; not a pass"
	means["known"] = kind == "guests" ? "a known fault of this host's kernel" : "it fails, and rightly: this kernel lacks the fix"
	means["none"] = "no verdict: the host gave no answer"
	run_it = kind == "guests" ? "guest-tests/run --verbose" : "kvmbed test --verbose"
}

function after(n,    s) {
	s = $0
	while (n-- > 0)
		sub(/^[^ ]+ +/, "", s)
	return s
}

/^#host / {
	h = ++hosts
	name[h] = $2
	arch[h] = $3
	status[h] = $4
	seconds[h] = $5 + 0
	text = ""
	next
}
/^#what / { what[h] = after(1); next }
/^#log / { logfile[h] = $2; next }
/^#expect / { new_test($2); verdict[test[$2], h] = "none"; next }
/^#failing / { listed[$2, h] = after(2); next }
/^#err ?/ { sub(/^#err ?/, ""); err[h] = err[h] $0 "\n"; next }
/^# host: release / { release[h] = $4; next }
/^# host: backend / { backend[h] = $4; next }
/^# list: / {
	new_test($3)
	if (kind == "behaviours")
		title[test[$3]] = after(4)
	next
}
/^(KTAP|1\.\.)/ { next }
/^(not )?ok [0-9]+ / { result(); text = ""; next }
{ text = text $0 "\n" }

function new_test(name) {
	if (name in test)
		return
	test[name] = ++tests
	id[tests] = name
	if (length(name) > width)
		width = length(name)
}

# A line of KTAP that tells a verdict; text has what was said before it.
function result(    line, v, why, t, tag) {
	line = $0
	v = $1 == "ok" ? "pass" : "fail"
	sub(/^(not )?ok [0-9]+ (- )?/, "", line)
	why = ""
	if (match(line, / # (SKIP|XFAIL|TIMEOUT|ERROR) ?/)) {
		tag = substr(line, RSTART + 3, RLENGTH - 3)
		sub(/ $/, "", tag)
		why = substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
		v = tag == "SKIP" ? "skip" : tag == "XFAIL" ? "known" : tag == "TIMEOUT" ? "hang" : \
			why ~ /^the script / ? "broken" : "crash"
	} else if (v == "fail") {
		why = first_failure(text)
	}
	new_test(line)
	t = test[line]
	if ((line, h) in listed && v == "fail" && listed_why(listed[line, h], text) != "") {
		v = "known"
		why = listed_why(listed[line, h], text)
	} else if ((line, h) in listed && v == "pass") {
		number[h, "unlisted"]++
	}
	verdict[t, h] = v
	reason[t, h] = why
	said[t, h] = text $0 "\n"
}

# The first failed expectation and why it was expected, or the first line.
function first_failure(text,    n, lines, i, s) {
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++)
		if (lines[i] ~ /\.lua:[0-9]+: /) {
			s = lines[i]
			if (lines[i + 1] ~ /^# +because /)
				s = s " " lines[i + 1]
			gsub(/# +/, "", s)
			sub(/^([^ ]*\/)+/, "", s)
			return s
		}
	s = lines[1] (lines[1] ~ /:$/ ? " " lines[2] : "")
	gsub(/# */, "", s)
	return s
}

# A host's own trouble, beyond its tests.
function trouble(h) {
	if (status[h] == "absent")
		return "no usable /dev/kvm"
	if (number[h, "none"])
		return number[h, "none"] " without a verdict (status " status[h] ")"
	if (number[h, "unlisted"])
		return number[h, "unlisted"] " passed that guest-tests/behaviours/failing lists"
	if (status[h] == 1 && !bad(h) && !number[h, "known"])
		return "the tests passed, but the kernel reported trouble"
	return ""
}

function bad(h) {
	return number[h, "fail"] + number[h, "hang"] + number[h, "crash"] + number[h, "broken"]
}

function counts(number_of, between,    i, s) {
	for (i = 1; i in order; i++)
		if (number[number_of, order[i]])
			s = s (s == "" ? "" : between) number[number_of, order[i]] " " order[i]
	return s
}

END {
	for (h = 1; h <= hosts; h++)
		for (t = 1; t <= tests; t++)
			if (status[h] == "absent") {
				delete verdict[t, h]
			} else if ((t, h) in verdict) {
				number[h, verdict[t, h]]++
				number["all", verdict[t, h]]++
			}
	for (h = 1; h <= hosts; h++) {
		if (number[h, "none"])
			worst = 125
		else if (trouble(h) != "" && status[h] != "absent" || bad(h))
			worst = worst ? worst : 1
	}
	if (format == "txt")
		print_text()
	else if (format == "json")
		print_json()
	else if (format == "record")
		print_record()
	else if (format == "html")
		print_html()
	else
		print worst + 0
}

# --- text ------------------------------------------------------------------------------------

function print_text(    h, t, a, archs, notes) {
	printf "%-18s %-28s %-8s %5s  %s\n", "host", "kernel", "back-end", "s", "verdicts"
	for (h = 1; h <= hosts; h++)
		printf "%-18s %-28s %-8s %5d  %s%s\n", name[h], release[h] == "" ? "-" : release[h], \
			backend[h] == "" ? "-" : backend[h], seconds[h], counts(h, ", "), \
			trouble(h) == "" ? "" : (counts(h, "") == "" ? "" : ": ") trouble(h)
	split("x86 arm64 riscv", archs, " ")
	for (a = 1; a <= 3; a++)
		text_table(archs[a])
	for (t = 1; t <= tests; t++)
		for (h = 1; h <= hosts; h++)
			if (((t, h) in verdict) && verdict[t, h] != "pass" && verdict[t, h] != "none")
				printf "%s%s %s on %s%s\n", notes++ ? "" : "\n", verdict[t, h], id[t], name[h], \
					reason[t, h] == "" ? "" : ": " reason[t, h]
	for (h = 1; h <= hosts; h++)
		if (number[h, "none"])
			printf "%snone on %s: %s\n", notes++ ? "" : "\n", name[h], last_line(err[h])
}

function last_line(text,    n, lines) {
	n = split(text, lines, "\n")
	return n > 1 ? lines[n - 1] : "it said nothing"
}

# Not by the format "%-*s", which not every awk has.
function padded(s, width) {
	return sprintf("%-" width "s", s)
}

function text_table(which,    h, t, line, any, v) {
	for (h = 1; h <= hosts; h++)
		any += arch[h] == which
	if (!any)
		return
	printf "\n" padded(which, width)
	for (h = 1; h <= hosts; h++)
		if (arch[h] == which)
			printf "  %s", name[h]
	printf "\n"
	for (t = 1; t <= tests; t++) {
		line = padded(id[t], width)
		any = 0
		for (h = 1; h <= hosts; h++) {
			if (arch[h] != which)
				continue
			v = (t, h) in verdict ? verdict[t, h] : "-"
			any += v != "-"
			line = line "  " padded(v == "pass" || v == "skip" || v == "known" || v == "-" || v == "none" ? v : toupper(v), length(name[h]))
		}
		sub(/ +$/, "", line)
		if (any)
			print line
	}
}

# --- what docs/behaviours.md is made of --------------------------------------------------------

function print_record(    h, t) {
	for (h = 1; h <= hosts; h++) {
		if (status[h] == "absent")
			continue
		printf "host\t%s\t%s\t%s\t%s\t%s\n", name[h], arch[h], release[h], backend[h], what[h]
		for (t = 1; t <= tests; t++)
			if ((t, h) in verdict)
				printf "cell\t%s\t%s\t%s\t%s\n", name[h], id[t], verdict[t, h], reason[t, h]
	}
}

# --- JSON ------------------------------------------------------------------------------------

function json(s) {
	gsub(/["\\]/, "\\\\&", s)
	gsub(/\t/, "\\\\t", s)
	gsub(/\r/, "\\\\r", s)
	gsub(/\n/, "\\\\n", s)
	return "\"" s "\""
}

function json_counts(number_of,    i, s) {
	for (i = 1; i in order; i++)
		s = s (i == 1 ? "" : ", ") "\"" order[i] "\": " number[number_of, order[i]] + 0
	return "{" s "}"
}

function print_json(    h, t, comma) {
	printf "{\n  \"schema\": 1,\n  \"kind\": %s,\n  \"command\": %s,\n  \"hosts\": [", json(kind), json(command)
	for (h = 1; h <= hosts; h++)
		printf "%s\n    {\"name\": %s, \"arch\": %s, \"release\": %s, \"backend\": %s, \"what\": %s, \"status\": %s, \"seconds\": %d, \"trouble\": %s, \"totals\": %s}", \
			h == 1 ? "" : ",", json(name[h]), json(arch[h]), json(release[h]), json(backend[h]), json(what[h]), \
			json(status[h]), seconds[h], json(trouble(h)), json_counts(h)
	printf "\n  ],\n  \"tests\": ["
	for (t = 1; t <= tests; t++)
		printf "%s\n    {\"id\": %s, \"title\": %s}", t == 1 ? "" : ",", json(id[t]), json(title[t])
	printf "\n  ],\n  \"cells\": ["
	for (t = 1; t <= tests; t++)
		for (h = 1; h <= hosts; h++)
			if ((t, h) in verdict) {
				printf "%s\n    {\"test\": %s, \"host\": %s, \"verdict\": \"%s\", \"reason\": %s, \"log\": %s}", \
					comma, json(id[t]), json(name[h]), verdict[t, h], json(reason[t, h]), json(said[t, h])
				comma = ","
			}
	printf "\n  ],\n  \"totals\": %s\n}\n", json_counts("all")
}

# --- the page --------------------------------------------------------------------------------

function html(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	gsub(/"/, "\\&quot;", s)
	return s
}

function command_line(t, h) {
	return (name[h] == "native" ? "" : "lab/kvmlab " name[h] " -- ") run_it " " id[t]
}

function print_html(    h, t, i, any, group, g) {
	print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
	print "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	printf "<title>kvmbed: %s by host</title>\n<style>\n", kind
	print_style()
	printf "</style>\n</head>\n<body>\n<h1>%s by host</h1>\n", kind == "guests" ? "Guest tests" : "Behaviours"
	printf "<p class=\"totals\">%d %s, %d hosts:", tests, kind == "guests" ? "guest tests" : "behaviours", hosts
	for (i = 1; i in order; i++)
		if (number["all", order[i]])
			printf " <span class=\"v %s\">%d %s</span>", order[i], number["all", order[i]], order[i]
	printf "</p>\n<p><label><input type=\"checkbox\" id=\"only\"> only rows that did not pass everywhere</label></p>\n"
	print "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">" (kind == "guests" ? "guest test" : "behaviour") "</th>"
	for (h = 1; h <= hosts; h++)
		printf "<th scope=\"col\" title=\"%s\"><a href=\"#h%d\">%s</a><small>%s<br>%s</small>%s</th>\n", html(what[h]), h, html(name[h]), \
			release[h] == "" ? "kernel unknown" : short(release[h]), backend[h] == "" ? "-" : html(backend[h]), \
			trouble(h) == "" ? "" : "<small class=\"trouble\">" html(trouble(h)) "</small>"
	print "</tr></thead>\n<tbody>"
	for (t = 1; t <= tests; t++) {
		g = id[t]
		if (!sub(/\/.*/, "", g))
			g = ""
		if (g != group)
			printf "<tr class=\"group\"><th scope=\"rowgroup\">%s</th><td colspan=\"%d\"></td></tr>\n", html(g), hosts
		group = g
		any = 0
		for (h = 1; h <= hosts; h++)
			any += ((t, h) in verdict) && verdict[t, h] != "pass"
		printf "<tr%s><th scope=\"row\">%s%s</th>", any ? "" : " class=\"good\"", html(id[t]), \
			title[t] == "" ? "" : "<small>" html(title[t]) "</small>"
		for (h = 1; h <= hosts; h++)
			if ((t, h) in verdict)
				printf "<td id=\"c%d-%d\"><a class=\"v %s\" href=\"#t%d-%d\" title=\"%s\">%s</a></td>", t, h, verdict[t, h], t, h, \
					html(reason[t, h] == "" ? means[verdict[t, h]] : reason[t, h]), verdict[t, h]
			else
				printf "<td class=\"no\" title=\"not for this host\">&middot;</td>"
		print "</tr>"
	}
	print "</tbody>\n<tfoot><tr><th scope=\"row\">counts</th>"
	for (h = 1; h <= hosts; h++)
		printf "<td>%s<br>%d s</td>", counts(h, "<br>"), seconds[h]
	print "</tr></tfoot>\n</table></div>\n<dl>"
	for (i = 1; i in order; i++)
		printf "<dt><span class=\"v %s\">%s</span></dt><dd>%s</dd>\n", order[i], order[i], html(means[order[i]])
	print "<dt>&middot;</dt><dd>not for this host's architecture</dd>\n</dl>"
	printf "<p>Made by <code>%s</code></p>\n", html(command)
	for (h = 1; h <= hosts; h++)
		host_section(h)
	for (t = 1; t <= tests; t++)
		for (h = 1; h <= hosts; h++)
			if ((t, h) in verdict)
				cell_section(t, h)
	print "</body>\n</html>"
}

# Debian's names of releases are long, and what follows the version is alike. As HTML, that may be broken.
function short(release) {
	sub(/-cloud-|-(amd64|arm64|riscv64)$/, " cloud-", release)
	sub(/ cloud-(amd64|arm64|riscv64)?$/, "", release)
	release = html(release)
	gsub(/[+-]/, "&<wbr>", release)
	return release
}

function cell_section(t, h) {
	printf "<section class=\"log\" id=\"t%d-%d\"><p><a class=\"close\" href=\"#c%d-%d\">close</a>", t, h, t, h
	printf "<b>%s</b> on <b>%s</b>: <span class=\"v %s\">%s</span> %s</p>", html(id[t]), html(name[h]), \
		verdict[t, h], verdict[t, h], html(reason[t, h])
	printf "<p>%s%s: %s</p><p><code>%s</code></p>", release[h] == "" ? "" : "Linux " html(release[h]) ", back-end " html(backend[h]) "; ", \
		verdict[t, h], html(means[verdict[t, h]]), html(command_line(t, h))
	printf "<pre>%s</pre></section>\n", verdict[t, h] == "none" ? "The end of what the host said:\n" html(err[h]) : html(said[t, h])
}

function host_section(h) {
	printf "<section class=\"log\" id=\"h%d\"><p><a class=\"close\" href=\"#\">close</a><b>%s</b>: %s</p>", h, html(name[h]), html(what[h])
	printf "<p>Linux %s, back-end %s; status %s after %d s. %s</p>", html(release[h]), html(backend[h]), html(status[h]), seconds[h], html(trouble(h))
	if (h in logfile)
		printf "<p>Its console and kernel log: <a href=\"%s\">%s</a></p>", html(logfile[h]), html(logfile[h])
	printf "<pre>%s</pre></section>\n", err[h] == "" ? "It had nothing else to say." : html(err[h])
}

function print_style() {
	print ":root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --dim: #59636e; --line: #d1d9e0; --head: #f6f8fa; --link: #0550ae;"
	print "  --pass: #dafbe1; --fail: #ffd7d5; --skip: #eaeef2; --known: #fff1c2; --none: #e6dcff; }"
	print "@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --dim: #9198a1; --line: #3d444d; --head: #161b22; --link: #79b8ff;"
	print "  --pass: #12401f; --fail: #7d1a1e; --skip: #2a313c; --known: #5a4300; --none: #3f2d77; } }"
	print "body { margin: 1rem; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }"
	print "h1 { font-size: 1.4rem; margin: 0 0 .5rem; } a { color: var(--link); } small { display: block; color: var(--dim); font-size: .8rem; line-height: 1.3; font-weight: normal; }"
	print ".scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); border-radius: 6px; width: fit-content; max-width: 100%; }"
	print "table { border-collapse: separate; border-spacing: 0; } th, td { padding: .2rem .5rem; border-bottom: 1px solid var(--line); text-align: center; }"
	print "th { text-align: left; background: var(--head); } thead th { position: sticky; top: 0; z-index: 2; vertical-align: top; min-width: 5.5rem; max-width: 8rem; overflow-wrap: anywhere; }"
	print "th:first-child { position: sticky; left: 0; z-index: 1; min-width: min(24rem, 45vw); max-width: 30rem; } thead th:first-child { z-index: 3; }"
	print ".group th, .group td { background: var(--head); color: var(--dim); } tfoot td, tfoot th { border-bottom: 0; color: var(--dim); font-size: .85rem; vertical-align: top; }"
	print ".v { display: inline-block; min-width: 3rem; padding: .05rem .5rem; border-radius: 1rem; color: var(--text); text-decoration: none; text-align: center; background: var(--fail); }"
	print "a.v:hover, a.v:focus { outline: 2px solid var(--link); } .fail, .hang, .crash, .broken { font-weight: bold; } .no { color: var(--dim); } .trouble { color: var(--text); background: var(--fail); }"
	print ".pass { background: var(--pass); } .skip { background: var(--skip); } .known { background: var(--known); } .none { background: var(--none); }"
	print "body:has(#only:checked) tr.good { display: none; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; } dd { margin: 0; }"
	print ".log { display: none; } .log:target { display: block; position: fixed; inset: 4vh 4vw; z-index: 9; overflow: auto; padding: 1rem; background: var(--back);"
	print "  border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 0 0 100vmax rgb(0 0 0 / .5); } .close { float: right; } pre { width: max-content; }"
	print "code, pre { font: 13px/1.45 ui-monospace, monospace; } td:target { outline: 2px solid var(--link); scroll-margin: 12rem; }"
	print "@media print { .scroll { overflow: visible; max-height: none; } }"
}
