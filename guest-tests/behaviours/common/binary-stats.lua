-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/binary-stats", needs = cap.BINARY_STATS_FD,
	title = "KVM_GET_STATS_FD: a header, descriptors that make sense, and values that count",
	fixes = "KVM: stats: Support binary stats retrieval for a VM / a VCPU", since = "5.14",
	seen_failing = "absent on x86svm-5.10; fails with one of the ten exits left out",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code16
			mov $0xd000, %ax
			mov %ax, %es
		again:	movb $1, %es:(0)
			jmp again
	]],
	arm64 = [[
			mov x1, #0xd0000
		again:	strb w0, [x1]
			b again
	]],
	riscv = [[
			li t1, 0xd0000
		again:	sb t0, (t1)
			j again
	]],
}))

local NAME_SIZE = 48 -- KVM_STATS_NAME_SIZE
local TYPES = {
	[KVM_STATS_TYPE_CUMULATIVE] = true, [KVM_STATS_TYPE_INSTANT] = true, [KVM_STATS_TYPE_PEAK] = true,
	[KVM_STATS_TYPE_LINEAR_HIST] = true, [KVM_STATS_TYPE_LOG_HIST] = true,
}

local function check(object, id)
	local stats = object:stats()
	local header, file = stats.header, stats.file
	expect_eq(header.flags, 0, "api.rst: it is always 0")
	expect_eq(header.name_size, NAME_SIZE, "names have so many bytes")
	expect_eq(header.id_offset, sizeof(header), "the id follows the header")
	expect_eq(file:read(NAME_SIZE, header.id_offset):match "^[^\0]*", id, "the id has the process, and a vCPU's number")
	expect_eq(header.desc_offset, header.id_offset + NAME_SIZE, "the descriptors follow the id")
	local one = sizeof("kvm_stats_desc") + NAME_SIZE
	expect_eq(header.data_offset, header.desc_offset + header.num_desc * one, "the values follow the descriptors")

	local names, size = {}, 0
	for _, d in ipairs(stats.list) do
		expect(d.name:find "^[%w_%-]+$", ("%q is a name"):format(d.name))
		expect(not names[d.name], d.name .. " is there once only")
		names[d.name] = true
		expect(TYPES[d.type], d.name .. " is of a type that exists")
		expect(d.unit <= KVM_STATS_UNIT_MAX, d.name .. " has a unit that exists")
		expect(d.base == KVM_STATS_BASE_POW10 or d.base == KVM_STATS_BASE_POW2, d.name .. " counts in powers of 10 or 2")
		local hist = d.type == KVM_STATS_TYPE_LINEAR_HIST or d.type == KVM_STATS_TYPE_LOG_HIST
		expect(hist or d.size == 1, d.name .. " is one value unless it is a histogram")
		expect_eq(d.bucket_size ~= 0, d.type == KVM_STATS_TYPE_LINEAR_HIST, d.name .. ": only a linear histogram has buckets of a size")
		expect_eq(d.offset % 8, 0, d.name .. " is at a multiple of its size")
		size = math.max(size, d.offset + 8 * d.size)
	end
	expect_eq(#file:read(1 << 20, header.data_offset), size, "the file ends behind the last value")
	expect_eq(#file:read(100, header.data_offset + size), 0, "and a read there gives nothing")
	local whole = file:read(1 << 20, 0)
	expect_eq(file:read(10, 30), whole:sub(31, 40), "a read may begin in the middle of the header")
	local _, errno = file:write("x")
	expect_eq(errno, "EBADF", "the file is for reading")
	return stats, whole
end

local process = vm:stats().file:read(NAME_SIZE, sizeof("kvm_stats_header")):match "^kvm%-%d+"
expect(process, "the id of a VM is kvm-PID")
check(vm, process)
local stats = check(vcpu, process .. "/vcpu-0")

local before = stats:values()
for _ = 1, 10 do
	vcpu:run("KVM_EXIT_MMIO", "the guest stores to where nothing is")
end
local after = stats:values()
expect(after.exits - before.exits >= 10, "the vCPU has left its guest ten times")
local other = vm:vcpu(1)
expect_eq(other:stats():values().exits, 0, "one that has not run has not")

-- The file outlives what it tells of.
other:close()
vcpu:close()
vm:close()
expect_eq(stats:values().exits, after.exits, "the file keeps the vCPU's numbers")
