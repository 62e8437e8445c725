# SPDX-License-Identifier: GPL-2.0-or-later
# Finds the assembly texts of one script and writes each as OUT/N.s, and to standard output "N ADDRESS LINE" of each:
# asm [[...]], asm {at = 0x1000, [[...]]}, asm {at = 0x1000, x86 = [[...]], ...} for the architecture ARCH. What is
# not written so plainly is left to be assembled when the script runs.

{ text = text $0 "\n" }

function count_lines(part,    copy) {
	copy = part
	return gsub(/\n/, "", copy)
}

# Takes what matches off the rest; false if it does not begin so.
function eat(pattern) {
	if (!match(rest, "^(" pattern ")"))
		return 0
	eaten = substr(rest, 1, RLENGTH)
	rest = substr(rest, RLENGTH + 1)
	return 1
}

function blanks() {
	while (eat("[ \t\n]+") || eat("--[^\n]*\n"))
		;
}

# A long bracket of Lua, [[...]]: into body and its first line's number.
function bracket(    end, level) {
	if (!eat("\\[=*\\["))
		return 0
	level = substr(eaten, 2, length(eaten) - 2)
	end = index(rest, "]" level "]")
	if (!end)
		return 0
	body_line = 1 + count_lines(substr(text, 1, length(text) - length(rest)))
	body = substr(rest, 1, end - 1)
	rest = substr(rest, end + 2 + length(level))
	# Lua drops a line end that comes first.
	if (substr(body, 1, 1) == "\n") {
		body = substr(body, 2)
		body_line++
	}
	return 1
}

function emit() {
	number++
	file = OUT "/" number ".s"
	printf "%s", body >file
	close(file)
	print number, (at == "" ? "0" : at), body_line
}

function block(    key) {
	at = ""
	blanks()
	if (bracket()) {
		emit()
		return
	}
	if (!eat("\\(?[ \t\n]*\\{"))
		return
	while (1) {
		blanks()
		if (eat("at[ \t]*=[ \t]*(0x[0-9a-fA-F]+|[0-9]+)[ \t]*,")) {
			at = eaten
			sub(/.*=[ \t]*/, "", at)
			sub(/[ \t]*,$/, "", at)
		} else if (eat("[a-z0-9]+[ \t]*=[ \t\n]*")) {
			key = eaten
			sub(/[ \t\n]*=.*/, "", key)
			if (!bracket())
				return
			if (key == ARCH)
				emit()
		} else if (bracket()) {
			emit()
		} else if (!eat(",")) {
			return
		}
	}
}

END {
	rest = text
	while (match(rest, /(^|[^A-Za-z0-9_."'])asm[ \t\n]*[({[]/)) {
		rest = substr(rest, RSTART + RLENGTH - 1)
		block()
	}
}
