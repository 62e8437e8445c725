# SPDX-License-Identifier: GPL-2.0-or-later
# Names that preprocessed C declares, found by reading it: "struct NAME", "member STRUCT NAME" (of the nearest struct
# around it that has a name) and "const NAME" of enumerators. It knows as much of C as UAPI headers use.

{
	sub(/^#.*/, "")
	text = text " " $0
}

function emit_member(name) {
	# An empty struct, which is there for the sake of a flexible array behind it.
	if (name == "" || name ~ /^__empty_/)
		return
	for (d = depth; d > 0 && kind[d] == "struct" && owner[d] == ""; d--)
		;
	if (d > 0 && kind[d] == "struct")
		print "member " owner[d] " " name
}

END {
	gsub(/[][{}();,:=*]/, " & ", text)
	n = split(text, t, /[ \t]+/)
	depth = 0
	last = ""
	for (i = 1; i <= n; i++) {
		w = t[i]
		if (w == "")
			continue
		if (w == "__attribute__" || w == "__extension__" || w == "__aligned__") {
			parens = 0
			if (w == "__attribute__") {
				do {
					i++
					if (t[i] == "(") parens++
					if (t[i] == ")") parens--
				} while (parens > 0 && i < n)
			}
			continue
		}
		if (w == "{") {
			depth++
			kind[depth] = "other"
			owner[depth] = ""
			if (tag == "struct" || tag == "union") {
				kind[depth] = "struct"
				owner[depth] = tagname
				if (tagname != "")
					print "struct " tagname
			} else if (tag == "enum") {
				kind[depth] = "enum"
			}
			tag = ""
			last = ""
			done = 0
			continue
		}
		if (w == "}") {
			if (kind[depth] == "enum" && last != "" && !done)
				print "const " last
			depth--
			last = ""
			done = 0
			continue
		}
		if (w == "struct" || w == "union" || w == "enum") {
			tag = w
			tagname = ""
			continue
		}
		if (w ~ /^[A-Za-z_][A-Za-z_0-9]*$/) {
			if (tag != "" && tagname == "")
				tagname = w
			else
				tag = ""
			last = w
			continue
		}
		tag = ""
		if (depth > 0 && kind[depth] == "struct") {
			if ((w == ";" || w == "," || w == "[" || w == ":") && !done) {
				emit_member(last)
				done = 1
			}
			if (w == ";" || w == ",")
				done = 0
			if (w == ";" || w == ",")
				last = ""
		} else if (depth > 0 && kind[depth] == "enum") {
			if (w == "=" && last != "") {
				print "const " last
				done = 1
			}
			if (w == ",") {
				if (!done && last != "")
					print "const " last
				done = 0
				last = ""
			}
		}
	}
}
