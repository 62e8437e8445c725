-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/guest-memfd", needs = {cap.GUEST_MEMFD, cap.USER_MEMORY2},
	title = "KVM_CREATE_GUEST_MEMFD and slots on such a file: what they refuse, and with which errno",
	fixes = "KVM: Add KVM_CREATE_GUEST_MEMFD ioctl() for guest-specific backing memory", since = "6.8",
	seen_failing = "fails with the creation of the second slot left out; no kernel that gets it wrong is known",
}

local PAGE = host.page_size
local vm, other = kvm.vm(), kvm.vm()

-- Before 6.18 only VM types with private memory have it, so that the VM is asked, not the system.
if vm:check_extension(cap.GUEST_MEMFD) == 0 then
	skip("a VM of this type has no guest_memfd")
end

-- ---- the file ----

local function create(of, size, flags)
	local args = struct("kvm_create_guest_memfd", {size = size, flags = flags or 0})
	return kvm.file(of:create_guest_memfd(args))
end
local function not_created(size, flags, reason)
	expect_errno("EINVAL", vm.create_guest_memfd, vm, struct("kvm_create_guest_memfd", {size = size, flags = flags}), reason)
end
not_created(0, 0, "a file of nothing")
not_created(PAGE + 1, 0, "its size is no multiple of a page")
not_created(PAGE - 1, 0, "its size is less than a page")
not_created(-PAGE, 0, "its size is negative")
local known = vm:check_extension(cap.GUEST_MEMFD_FLAGS)
for bit = 0, 63 do
	if known & 1 << bit == 0 then
		not_created(PAGE, 1 << bit, ("bit %d of flags has no meaning here"):format(bit))
	end
end
expect_errno("EFAULT", vm.create_guest_memfd, vm, NULL, "there is nothing at NULL")

local SIZE = 16 * PAGE
-- arm64 takes only files that user space can map as well (kvm_arch_prepare_memory_region()).
local FLAGS = host.arch == "arm64" and GUEST_MEMFD_FLAG_MMAP or 0
local file = create(vm, SIZE, FLAGS)
local foreign = create(other, SIZE)
local _, errno = file:read(8)
expect_eq(errno, "EINVAL", "guest_memfd cannot be read() as a file is")

-- ---- slots on it ----

local pages = vm:memory {slot = 9, gpa = 0x4000000, size = SIZE}.pages
local function slot(changes)
	local region = {
		slot = 1, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0x100000, memory_size = SIZE, userspace_addr = address(pages),
		guest_memfd = file, guest_memfd_offset = 0,
	}
	for key, value in pairs(changes) do
		region[key] = value
	end
	return struct("kvm_userspace_memory_region2", region)
end
local function refused(name, changes, reason)
	expect_errno(name, vm.set_user_memory_region2, vm, slot(changes), reason)
end
local function taken(changes, reason)
	expect_ok(vm.set_user_memory_region2, vm, slot(changes), reason)
end

refused("EINVAL", {flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_LOG_DIRTY_PAGES}, "such memory has no dirty log")
refused("EINVAL", {flags = KVM_MEM_GUEST_MEMFD | 1 << 31}, "that flag does not exist")
refused("EINVAL", {guest_memfd_offset = 1}, "the offset is in the middle of a page")
refused("EINVAL", {guest_memfd_offset = PAGE}, "the slot ends behind the file")
refused("EINVAL", {guest_memfd_offset = -PAGE}, "the offset and the size wrap around")
refused("EINVAL", {guest_memfd = vm}, "that is no guest_memfd")
refused("EINVAL", {guest_memfd = foreign}, "it is another VM's")
refused("EBADF", {guest_memfd = raw(-1)}, "that is no file")
expect_errno("EINVAL", vm.set_user_memory_region, vm, {
	slot = 1, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0x100000, memory_size = SIZE, userspace_addr = address(pages),
}, "the first version of the ioctl has no place for the file")

if FLAGS ~= 0 then
	refused("EINVAL", {guest_memfd = create(vm, SIZE)}, "user space cannot map that file")
end
taken({memory_size = 8 * PAGE}, "the file's first half")
refused("EINVAL", {memory_size = 8 * PAGE, guest_phys_addr = 0x200000}, "a slot on a guest_memfd cannot be moved")
refused("EINVAL", {memory_size = 8 * PAGE}, "nor set again")
-- 6.12's source says EINVAL (107 and 117; no VM type of the default kind has it there), 6.18.44 was seen to, 7.2's says EEXIST.
-- Those between were not read.
local TWICE = host.at_least("7.2") and "EEXIST" or {"EEXIST", "EINVAL"}
refused(TWICE, {slot = 2, guest_phys_addr = 0x300000}, "the file's first half is another slot's")
refused(TWICE, {slot = 2, memory_size = PAGE, guest_memfd_offset = 7 * PAGE, guest_phys_addr = 0x300000}, "as is its last page")
taken({slot = 2, memory_size = 8 * PAGE, guest_memfd_offset = 8 * PAGE, guest_phys_addr = 0x300000}, "the second half is free")
refused("EEXIST", {slot = 3, guest_memfd = create(vm, SIZE, FLAGS), guest_phys_addr = 0x300000}, "slot 2 is there")
taken({slot = 1, memory_size = 0}, "size 0 deletes a slot")
taken({slot = 1, memory_size = 8 * PAGE}, "its part of the file is free again")

-- ---- attributes ----

-- Which pages are private, on VM types that have such pages.
local attributes = vm:check_extension(cap.MEMORY_ATTRIBUTES)
local function set(changes)
	local a = {address = 0x100000, size = PAGE, attributes = 0}
	for key, value in pairs(changes) do
		a[key] = value
	end
	return struct("kvm_memory_attributes", a)
end
if attributes == 0 then
	expect_errno({"ENOTTY", "EINVAL"}, vm.set_memory_attributes, vm, set {attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE},
		"ENOTTY of a kernel without attributes, EINVAL where this VM type has none")
else
	expect_ok(vm.set_memory_attributes, vm, set {attributes = attributes}, "what the capability names")
	expect_errno("EINVAL", vm.set_memory_attributes, vm, set {attributes = ~attributes}, "what it does not name")
	expect_errno("EINVAL", vm.set_memory_attributes, vm, set {flags = 1}, "no flag has a meaning")
	expect_errno("EINVAL", vm.set_memory_attributes, vm, set {size = 0}, "no memory is meant")
	expect_errno("EINVAL", vm.set_memory_attributes, vm, set {address = 1}, "the address is in the middle of a page")
	expect_errno("EINVAL", vm.set_memory_attributes, vm, set {address = -PAGE, size = 2 * PAGE}, "the end wraps around")
end
