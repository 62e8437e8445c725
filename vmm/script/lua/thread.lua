-- SPDX-License-Identifier: GPL-2.0-or-later
-- Threads: an ioctl that goes on while the script does something else, kicks, races; an ioctl by another process.
local core, K = ...

local env = K.env

local Thread = {__name = "thread"}
Thread.__index = Thread

-- Makes the ioctl return: KVM_RUN with EINTR.
function Thread:kick()
	core.kick(self.handle)
end

-- Only the signal that kick() sends too, without the flag.
function Thread:signal()
	core.send_signal(self.handle)
end

function Thread:done()
	return core.is_done(self.handle)
end

local DEFAULT_WAIT = 10

-- thread:join([SECONDS]): what the ioctl returned, or nil and the errno. It is a failure if it does not return in time.
function Thread:join(seconds)
	local value, errno, counts = core.join(self.handle, seconds or DEFAULT_WAIT)
	if value == false then
		K.fail_now(("%s of %s did not return within %s s"):format(self.what, self.object.name, seconds or DEFAULT_WAIT))
	end
	return value, errno, counts
end

local function ioctl_named(name)
	local info, near = core.ioctl_info(name)
	if not info then
		K.error("there is no ioctl %s%s", tostring(name), near and (": did you mean " .. near .. "?") or "")
	end
	return info
end

local function argument_for(info, argument)
	if type(argument) == "table" and info.type and not info.int then
		return core.struct(info.type, argument)
	end
	if type(argument) == "string" then
		return core.buffer(argument)
	end
	return argument
end

local OPTIONS = {blocked = true, times = true}

-- thread(OBJECT, IOCTL [, ARGUMENT [, OPTIONS]]): the ioctl in a thread of its own, begun at once. OPTIONS: `times` it is
-- made; `blocked`: the thread has all its signals blocked.
function env.thread(object, name, argument, options)
	options = options or {}
	K.checked_options(options, OPTIONS, "thread()")
	local info = ioctl_named(name)
	local page
	if name == "KVM_RUN" then
		page = object.kvm_run
		rawset(object, "ran", true)
		-- It cannot be asked as long as it runs.
		K.ran = nil
	end
	return setmetatable({
		handle = core.thread(object.fd, info.number, argument_for(info, argument), page, options.times or 1,
			options.blocked),
		object = object, what = name,
	}, Thread)
end

-- race(TIMES, {OBJECT, IOCTL, ARGUMENT}, {...}): the ioctls at the same time, TIMES times. For each a table of how often
-- it gave which errno ("OK" for success).
function env.race(times, ...)
	local flat = {}
	for _, one in ipairs {...} do
		local info = ioctl_named(one[2])
		local argument = argument_for(info, one[3])
		table.move({one[1].fd, info.number, argument == nil and 0 or argument}, 1, 3, #flat + 1, flat)
	end
	return core.race(times, table.unpack(flat))
end

-- kvm.foreign_ioctl(OBJECT, IOCTL [, ARGUMENT]): as kvm.ioctl(), but made by another process, a child: its memory is a copy
-- of ours. What the kernel writes there is lost with it.
function env.kvm.foreign_ioctl(object, name, argument)
	local info = ioctl_named(name)
	return core.foreign_ioctl(object.fd, info.number, argument_for(info, argument))
end
