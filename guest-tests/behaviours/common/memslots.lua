-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/memslots",
	title = "KVM_SET_USER_MEMORY_REGION creates, moves and deletes slots, and refuses each misuse with its errno",
	fixes = "Documentation: kvm: clarify KVM_SET_USER_MEMORY_REGION",
	seen_failing = "fails with --inject KVM_SET_USER_MEMORY_REGION:ENOMEM:9; no kernel without one of the checks was tried yet",
}

local PAGE = host.page_size
local vm = kvm.vm()
local slots = vm:check_extension(cap.NR_MEMSLOTS)
local a = vm:memory {slot = 0, gpa = 0x100000, size = 16 * PAGE}

expect(slots >= 32, "api.rst: KVM_CAP_NR_MEMSLOTS is the number of slots, and was 32 when it was new")

-- What may be done with a slot that exists.
expect_ok(a.set, a, {}, "the same again changes nothing")
expect_ok(a.set, a, {flags = KVM_MEM_LOG_DIRTY_PAGES}, "dirty logging can be turned on")
expect_ok(a.set, a, {}, "and off")
expect_ok(a.set, a, {gpa = 0x800000}, "a slot can be moved to where nothing is")
expect_ok(a.set, a, {}, "and back")
expect_errno("EINVAL", a.set, a, {size = 8 * PAGE}, "the size of a slot cannot be changed")
expect_errno("EINVAL", a.set, a, {pages = address(a.pages) + PAGE}, "nor can the memory behind it")
if vm:check_extension(cap.READONLY_MEM) > 0 then
	expect_errno("EINVAL", a.set, a, {flags = KVM_MEM_READONLY}, "a slot is read-only from the beginning or never")
end

-- What a new one must not be.
local function refused(errno, changes, reason)
	changes.slot = changes.slot or 1
	changes.gpa = changes.gpa or 0x400000
	expect_errno(errno, a.set, a, changes, reason)
end
refused("EEXIST", {gpa = 0x100000 + 15 * PAGE}, "its first page is the last of slot 0")
refused("EEXIST", {gpa = 0x100000 - 15 * PAGE}, "its last page is the first of slot 0")
refused("EINVAL", {gpa = 0x400001}, "its place is in the middle of a page")
refused("EINVAL", {size = PAGE + 1}, "its size is no multiple of a page")
refused("EINVAL", {pages = address(a.pages) + 1}, "the memory behind it begins in the middle of a page")
refused("EINVAL", {gpa = -PAGE, size = 2 * PAGE}, "its end wraps around")
refused("EINVAL", {pages = raw(1 << 63)}, "there is no user memory at that address")
refused("EINVAL", {size = 1 << 43}, "it has more than 2^31 - 1 pages")
refused("EINVAL", {slot = slots & 0xffff}, "the slots are numbered from 0 to one below KVM_CAP_NR_MEMSLOTS")
refused("EINVAL", {size = 0}, "a slot that does not exist cannot be deleted")
for bit = 2, 31 do
	refused("EINVAL", {flags = 1 << bit}, ("bit %d of flags has no meaning for this ioctl"):format(bit))
end

-- Deleted, its place is free.
expect_ok(a.set, a, {size = 0}, "size 0 deletes a slot")
expect_ok(a.set, a, {slot = 1, gpa = 0x100000 + 15 * PAGE}, "nothing is there any more")
expect_errno("EFAULT", vm.set_user_memory_region, vm, NULL, "there is nothing at NULL")
