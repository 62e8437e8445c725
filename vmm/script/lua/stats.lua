-- SPDX-License-Identifier: GPL-2.0-or-later
-- Statistics by KVM_GET_STATS_FD: what a VM and a vCPU count, as the kernel describes it.
local core, K = ...

local env = K.env

-- A file that KVM hands out. read() gives what came, or nil and the errno.
local File = {__name = "file"}
File.__index = File

function File:read(size, offset)
	return core.read(self.fd, size, offset)
end

function File:write(text)
	return core.write(self.fd, text)
end

function File:close()
	core.close(self.fd)
end
File.__close = File.close

-- kvm.file(NUMBER): takes over a descriptor that an ioctl has returned.
function env.kvm.file(number)
	return setmetatable({fd = core.fd(number, "file")}, File)
end

-- A struct of the bytes at an offset of a file; `flexible` bytes of a flexible array.
local function struct_at(file, name, offset, flexible)
	local size = core.sizeof(name) + (flexible or 0)
	local text, errno = file:read(size, offset)
	if not text or #text < size then
		K.raise(("read of a %s from the statistics"):format(name), errno or "ENODATA")
	end
	local struct = core.struct(name, flexible)
	core.poke(struct, 0, text)
	return struct
end

-- The descriptors: a list of {name, type, unit, base, exponent, size, offset, bucket_size}.
local function descriptors(file, header)
	local list = {}
	for i = 0, header.num_desc - 1 do
		local one = core.sizeof("kvm_stats_desc") + header.name_size
		local d = struct_at(file, "kvm_stats_desc", header.desc_offset + i * one, header.name_size)
		list[#list + 1] = {
			name = core.bytes(d.name):match "^[^\0]*",
			type = d.flags & env.KVM_STATS_TYPE_MASK, unit = d.flags & env.KVM_STATS_UNIT_MASK,
			base = d.flags & env.KVM_STATS_BASE_MASK, exponent = d.exponent, size = d.size, offset = d.offset,
			bucket_size = d.bucket_size,
		}
	end
	return list
end

local function values(file, header, list)
	local now = {}
	for _, d in ipairs(list) do
		local text = file:read(8 * d.size, header.data_offset + d.offset) or ""
		local found = {}
		for at = 1, #text - 7, 8 do
			found[#found + 1] = string.unpack("<i8", text, at)
		end
		now[d.name] = d.size == 1 and found[1] or found
	end
	return now
end

local Stats = {__name = "stats"}
Stats.__index = Stats

-- stats:values(): by name; of a histogram a list.
function Stats:values()
	return values(self.file, self.header, self.list)
end

-- vm:stats(), vcpu:stats(): {file =, header =, list =}, of which :values() reads what is counted now.
local function stats(object)
	local file = env.kvm.file(object:get_stats_fd())
	local header = struct_at(file, "kvm_stats_header", 0)
	return setmetatable({file = file, header = header, list = descriptors(file, header)}, Stats)
end
K.VM.stats, K.VCPU.stats = stats, stats
