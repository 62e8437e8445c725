-- SPDX-License-Identifier: GPL-2.0-or-later
-- Behaviours and what they expect. A failed expectation is told and counted, and the script goes on.
local core, K = ...

local env = K.env
local host = env.host

K.checks, K.failures = 0, 0

-- ---- telling ----

local MOST_TOLD = 20

local function tell_failure(expected, got, reason)
	K.failures = K.failures + 1
	if K.failures > MOST_TOLD then
		return
	end
	core.print(core.where() .. expected)
	if reason then
		core.print("    because " .. reason)
	end
	for line in got:gmatch "[^\n]+" do
		core.print("    " .. line)
	end
	if K.failures == MOST_TOLD then
		core.print("    (further failures are counted, but not told)")
	end
end

K.tell_failure = tell_failure

-- Ends the script: going on would make no sense.
function K.fail_now(got, reason, expected)
	K.checks = K.checks + 1
	tell_failure(expected or "failed", "got " .. got, reason)
	error(setmetatable({stop = "fail"}, K.Stop), 0)
end

local function shown(value)
	if math.type(value) == "integer" and (value > 9 or value < 0) then
		return ("0x%x (%d)"):format(value, value)
	end
	if type(value) == "string" then
		return ("%q"):format(value)
	end
	return tostring(value)
end

-- The reason comes last, always: it is what makes a verdict worth reading.
local function check_reason(name, reason, example)
	if type(reason) ~= "string" or not reason:find " " then
		K.error("the last argument of %s() is the reason, a sentence, not %s: %s", name,
			type(reason) == "string" and ("%q"):format(reason) or type(reason), example)
	end
end

-- ---- expectations ----

-- expect(CONDITION, REASON)
function env.expect(condition, reason, ...)
	check_reason("expect", reason, 'expect(n > 0, "a guest that runs makes exits")')
	K.checks = K.checks + 1
	if not condition then
		if select("#", ...) > 0 then
			reason = reason:format(...)
		end
		tell_failure("expected something true", "got " .. shown(condition), reason)
	end
	return condition and true or false
end

-- What differs between two structs or arrays, a line each.
local function differences(got, want, path, out)
	for key, value in pairs(got) do
		local other = want[key]
		local here = path .. (math.type(key) and ("[%d]"):format(key) or (path == "" and "" or ".") .. key)
		if core.is_object(value) then
			if value ~= other then
				differences(value, other, here, out)
			end
		elseif value ~= other then
			out[#out + 1] = ("%s: got %s, expected %s"):format(here, shown(value), shown(other))
		end
	end
	return out
end

-- expect_eq(GOT, WANTED, REASON); structs and arrays are compared by their bytes.
function env.expect_eq(got, want, reason)
	check_reason("expect_eq", reason, 'expect_eq(s.flags, 0, "no flag was set")')
	K.checks = K.checks + 1
	if got == want then
		return true
	end
	local type_name = core.is_object(got)
	if type_name and type_name == core.is_object(want) and core.sizeof(got) == core.sizeof(want) then
		tell_failure("expected two equal " .. type_name, table.concat(differences(got, want, "", {}), "\n"), reason)
	else
		tell_failure("expected " .. shown(want), "got " .. shown(got), reason)
	end
	return false
end

local function one_of(names, got)
	if type(names) == "string" then
		return names == got
	end
	for _, name in ipairs(names) do
		if name == got then
			return true
		end
	end
	return false
end

local function check_errnos(names)
	for _, name in ipairs(type(names) == "table" and names or {names}) do
		if name ~= "OK" and (type(name) ~= "string" or not core.is_errno(name)) then
			K.error("there is no errno `%s` (they look like EINVAL; OK is success)", tostring(name))
		end
	end
end

-- expect_errno(ERRNO or {ERRNO, ...}, FUNCTION, ARGUMENT..., REASON): the call fails with that errno. OK is success.
function env.expect_errno(names, fn, ...)
	local n = select("#", ...)
	local arguments = {...}
	check_reason("expect_errno", arguments[n],
		'expect_errno("EINVAL", vcpu.set_sregs, vcpu, s, "CR4 has a reserved bit set")')
	check_errnos(names)
	if type(fn) ~= "function" then
		K.error("the second argument of expect_errno() is a function, such as vcpu.set_sregs")
	end
	K.checks = K.checks + 1
	K.expecting = true
	local ok, value, errno = pcall(fn, table.unpack(arguments, 1, n - 1))
	K.expecting = false
	local got, from = "OK", nil
	if not ok and K.is(value, K.Errno) then
		got, from = value.errno, value.call
	elseif not ok then
		error(value, 0)
	elseif value == nil and type(errno) == "string" and core.is_errno(errno) then
		-- kvm.ioctl() answers so.
		got = errno
	end
	if one_of(names, got) then
		return true
	end
	local wanted = type(names) == "table" and table.concat(names, " or ") or names
	local came = got == "OK" and "got success" .. (math.type(value) == "integer" and value ~= 0 and (" (%d)"):format(value) or "")
		or ("got %s (%s)"):format(got, core.strerror(got))
	-- The call itself: by the end of the script the history may be beyond it.
	local call = core.last_ioctl()
	tell_failure(("expected %s%s"):format(wanted, from and " of " .. from or ""),
		came .. (call and "\nby  " .. call or ""), arguments[n])
	return false
end

-- expect_ok(FUNCTION, ARGUMENT..., REASON): the call succeeds.
function env.expect_ok(fn, ...)
	return env.expect_errno("OK", fn, ...)
end

-- skip(REASON): this host cannot be asked. Not to be used for what a kernel does wrong.
function env.skip(reason)
	check_reason("skip", reason, 'skip("this guest wants a TSC of its own")')
	error(setmetatable({stop = "skip", reason = reason}, K.Stop), 0)
end

-- fail(REASON): ends the script as a failure.
function env.fail(reason)
	check_reason("fail", reason, 'fail("the line was never raised")')
	K.checks = K.checks + 1
	tell_failure("failed", reason)
	error(setmetatable({stop = "fail"}, K.Stop), 0)
end

-- print() goes where failures go.
function env.print(...)
	local out = {}
	for i = 1, select("#", ...) do
		out[i] = tostring((select(i, ...)))
	end
	core.print(table.concat(out, "\t"))
end

-- ---- the header ----

local HEADER = {
	id = "string", title = "string", arch = "string", needs = "any", fixes = "string", since = "string",
	seen_failing = "string", timeout = "number", tags = "table", kvm = "boolean",
}

local ARCHES = {x86 = true, arm64 = true, riscv = true}

local function check_header(header)
	if type(header) ~= "table" then
		K.error("behaviour {...} wants a table: behaviour {id = ..., title = ...}")
	end
	for key, value in pairs(header) do
		local wanted = HEADER[key]
		if not wanted then
			K.error("behaviour {} does not know `%s`: id, title, arch, needs, fixes, since, seen_failing, timeout, tags, kvm",
				tostring(key))
		end
		if wanted ~= "any" and type(value) ~= wanted then
			K.error("%s of a behaviour is a %s", key, wanted)
		end
	end
	for _, tag in ipairs(header.tags or {}) do
		if type(tag) ~= "string" or tag:find "," then
			K.error("tags of a behaviour are words: tags = {\"slow\"}")
		end
	end
	if header.arch and not ARCHES[header.arch] then
		K.error("arch = %q: it is x86, arm64 or riscv, and none for all of them", header.arch)
	end
	if header.since and not header.since:match "^%d+%.%d+" then
		K.error("since = %q: it is a release of Linux, such as 6.7", header.since)
	end
	for _, key in ipairs {"id", "title"} do
		if not header[key] or header[key] == "" then
			K.error("a behaviour needs its %s", key)
		end
	end
end

-- Each need is a capability's number, or a key of `kvmbed caps --has`.
local function needs_of(header)
	local needs = header.needs
	if needs == nil then
		return {}
	end
	if type(needs) ~= "table" then
		needs = {needs}
	end
	for _, need in ipairs(needs) do
		local bad = math.type(need) ~= "integer" and (type(need) ~= "string" and "is no capability and no text" or
			core.check_key(need))
		if bad then
			K.error("needs: `%s` %s", tostring(need), bad)
		end
	end
	return needs
end

local function check_needs(needs)
	for _, need in ipairs(needs) do
		if math.type(need) == "integer" then
			if K.capability(env.kvm.system, need) <= 0 then
				env.skip(("%s is absent"):format(core.cap_name(need)))
			end
		else
			local has, why = env.host.has(need)
			if not has then
				env.skip(("this host %s %s%s"):format(has == nil and "cannot tell whether it has" or "does not have", need,
					why ~= "" and " (" .. why .. ")" or ""))
			end
		end
	end
end

-- ---- running ----

-- What runs a script in a process of its own: "pass", "fail", "skip" or "broken", and a reason.
function K.run(chunk)
	local head
	env.behaviour = function(header)
		check_header(header)
		if head then
			K.error("a script has one behaviour {...}")
		end
		head = header
		K.id = header.id
		if header.arch and header.arch ~= core.arch then
			env.skip("it is for " .. header.arch .. (" hosts only"))
		end
		check_needs(needs_of(header))
	end
	local ok, problem = xpcall(chunk, K.at_script)
	if not ok and K.is(problem, K.Stop) and problem.stop == "skip" then
		-- What it has found so far counts more.
		return K.failures > 0 and "fail" or "skip", problem.reason
	end
	if not ok and K.is(problem, K.Errno) then
		K.checks, K.failures = K.checks + 1, K.failures + 1
		core.print(tostring(problem))
		core.print("    which the script does not expect")
	elseif not ok and not K.is(problem, K.Stop) then
		core.print(type(problem) == "string" and problem or "an error that is no text: " .. tostring(problem))
		return "broken", "the script has an error"
	end
	if K.failures > 0 then
		if K.ran then
			K.dump(K.ran)
		end
		if head.since and not host.at_least(head.since) then
			core.print(("Linux %s, which has the fix, is newer than this kernel"):format(head.since))
		end
		if K.answers() then
			core.print("it asked this host for: " .. K.answers())
		end
		return "fail", ("%d of %d expectations failed"):format(K.failures, K.checks)
	end
	if K.checks == 0 then
		return "broken", "the script expects nothing"
	end
	return "pass", ("%d expectations"):format(K.checks)
end

-- What reads a script's header without running more of it: the header with its needs in words, or nil and why not.
function K.header(chunk, path)
	local found
	local sentinel = {}
	env.behaviour = function(header)
		check_header(header)
		local words = {}
		for i, need in ipairs(needs_of(header)) do
			words[i] = math.type(need) == "integer" and "cap:" .. core.cap_name(need):gsub("^KVM_CAP_", "") or need
		end
		header.needs = table.concat(words, ",")
		header.tags = table.concat(header.tags or {}, ",")
		found = header
		error(sentinel, 0)
	end
	local kvm, print = env.kvm, env.print
	env.print = function() end
	env.kvm = setmetatable({}, {__index = function()
		K.error("behaviour {...} comes first, before anything is done with KVM")
	end})
	local ok, problem = pcall(chunk)
	env.kvm, env.print = kvm, print
	if found then
		return found
	end
	return nil, ok and path .. ": it has no behaviour {...}" or tostring(problem)
end
