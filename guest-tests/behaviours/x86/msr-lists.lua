-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/msr-lists", arch = "x86",
	title = "KVM_GET_MSRS and KVM_SET_MSRS go up to the first MSR that they cannot do, and say how far they came",
	seen_failing = "fails with the stop taken out: lab/revert x86/msr-lists",
}

-- Three that every vCPU has, and one that none has.
local CS, ESP, EIP, NONE = 0x174, 0x175, 0x176, 0xd0d0d0d0
local MOST = 255 -- MAX_IO_MSRS is one more

local vcpu = kvm.vm():vcpu(0)

-- The list, and what the ioctl returned.
local function io(ioctl, entries)
	local list = struct("kvm_msrs", {nmsrs = #entries, entries = entries})
	local value, errno = kvm.ioctl(vcpu, ioctl, list)
	return value or errno, list
end
local function set(...)
	return (io("KVM_SET_MSRS", {...}))
end
local function msr(index, data)
	return {index = index, data = data or 0}
end

for round, case in ipairs {
	{msr(CS, 1), msr(ESP, 2), msr(EIP, 3)},
	{msr(CS, 4), msr(ESP, 5), msr(NONE), msr(EIP, 6)},
	{msr(CS, 7), msr(NONE), msr(ESP, 8), msr(EIP, 9)},
	{msr(NONE), msr(CS, 10), msr(ESP, 11), msr(EIP, 12)},
	{},
} do
	local good = #case
	for i, entry in ipairs(case) do
		if entry.index == NONE then
			good = i - 1
			break
		end
	end
	local before = {[CS] = vcpu:msr(CS), [ESP] = vcpu:msr(ESP), [EIP] = vcpu:msr(EIP)}
	expect_eq(set(table.unpack(case)), good, ("list %d: so many are before the first that does not exist"):format(round))
	for i, entry in ipairs(case) do
		if entry.index ~= NONE then
			expect_eq(vcpu:msr(entry.index), i <= good and entry.data or before[entry.index],
				("list %d: what comes before it is written, what comes after it is not"):format(round))
		end
	end
	local count, list = io("KVM_GET_MSRS", case)
	expect_eq(count, good, ("list %d: reading stops there, too"):format(round))
	for i, entry in ipairs(case) do
		expect_eq(list.entries[i - 1].data, i <= good and vcpu:msr(entry.index) or entry.data,
			("list %d: what comes before it is read, the rest is left"):format(round))
	end
end

-- How long a list may be.
for _, ioctl in ipairs {"KVM_GET_MSRS", "KVM_SET_MSRS"} do
	local entries = {}
	for i = 1, MOST do
		entries[i] = msr(CS, 1)
	end
	expect_eq((io(ioctl, entries)), MOST, ioctl .. ": the longest list")
	entries[MOST + 1] = msr(CS, 1)
	expect_eq((io(ioctl, entries)), "E2BIG", ioctl .. ": one more")
	local list = struct("kvm_msrs", 2, {nmsrs = 3, entries = {msr(CS), msr(ESP)}})
	expect_eq(select(2, kvm.ioctl(vcpu, ioctl, list)), "EFAULT", ioctl .. ": the list ends before nmsrs does")
	expect_eq(select(2, kvm.ioctl(vcpu, ioctl, NULL)), "EFAULT", ioctl .. ": there is nothing at NULL")
end

-- The lists of MSRs tell how long they are where there is no room for them.
for _, ioctl in ipairs {"KVM_GET_MSR_INDEX_LIST", "KVM_GET_MSR_FEATURE_INDEX_LIST"} do
	local none = struct("kvm_msr_list", 0, {nmsrs = 0})
	expect_eq(select(2, kvm.ioctl(kvm.system, ioctl, none)), "E2BIG", ioctl .. ": there is no room")
	local count = none.nmsrs
	expect(count > 1, ioctl .. ": the number of MSRs is given all the same")
	expect_eq(select(2, kvm.ioctl(kvm.system, ioctl, struct("kvm_msr_list", count - 1, {nmsrs = count - 1}))), "E2BIG", ioctl .. ": one less")
	expect_eq((kvm.ioctl(kvm.system, ioctl, struct("kvm_msr_list", count, {nmsrs = count}))), 0, ioctl .. ": just enough room")
	expect_eq(select(2, kvm.ioctl(kvm.system, ioctl, struct("kvm_msr_list", count - 1, {nmsrs = count}))), "EFAULT",
		ioctl .. ": the list ends before nmsrs does")
end
