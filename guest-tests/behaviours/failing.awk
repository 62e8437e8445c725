# SPDX-License-Identifier: GPL-2.0-or-later
# Is a failure the one that the file beside this one lists? @rule is what that says behind host and id, "/PATTERN/ why"; @text
# what the behaviour printed. Gives the why, or "" if something else has failed too.
function listed_why(rule, text,    pattern, n, line, i, fits) {
	pattern = rule
	sub(/^\//, "", pattern)
	sub(/\/.*/, "", pattern)
	n = split(text, line, "\n")
	for (i = 1; i <= n; i++) {
		if (line[i] !~ /^# +because |^# (WARNING|BUG): / && (i == 1 || line[i - 1] !~ /: the guest's report\(\) failed$/))
			continue
		if (line[i] !~ pattern)
			return ""
		fits = 1
	}
	if (!fits)
		return ""
	sub(/^\/[^\/]*\/ +/, "", rule)
	return rule
}
