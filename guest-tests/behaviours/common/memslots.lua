-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/memslots",
	title = "KVM_SET_USER_MEMORY_REGION creates, moves and deletes slots, and refuses each misuse with its errno",
	fixes = "Documentation: kvm: clarify KVM_SET_USER_MEMORY_REGION",
	seen_failing = "fails with the test that a slot keeps its size taken out: lab/revert common/memslots; " ..
		"asked for EINVAL beyond the physical width, x86svm-5.10 gives success",
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
expect_eq(KVM_MEM_GUEST_MEMFD, 1 << 2, "which is one of them: it is for the second version alone")

-- Beyond what a guest can address, which is 59 bits at most (RISC-V, Sv57x4), 52 on x86; 5.10 has no such check there.
local BEYOND = {x86 = host.at_least("6.1") and "EINVAL" or "OK", arm64 = "EFAULT", riscv = "EFAULT"}
expect_errno(BEYOND[host.arch], a.set, a, {slot = 2, gpa = 1 << 60}, "no guest has so many bits of physical address")
if BEYOND[host.arch] == "OK" then
	a:set {slot = 2, gpa = 1 << 60, size = 0}
end

-- The slot's upper half is its address space: x86 has a second one, for SMM.
local spaces = vm:check_extension(cap.MULTI_ADDRESS_SPACE)
refused("EINVAL", {slot = math.max(spaces, 1) << 16}, "there is no such address space")
if spaces > 1 then
	expect_ok(a.set, a, {slot = 1 << 16}, "the same place in the other address space overlaps nothing")
	expect_ok(a.set, a, {slot = 1 << 16, size = 0}, "and can be deleted there")
end

-- The second version of the ioctl, with plain memory.
if host.has "cap:USER_MEMORY2" then
	local function second(changes)
		local r = {slot = 3, guest_phys_addr = 0x2000000, memory_size = 16 * PAGE, userspace_addr = address(a.pages)}
		for key, value in pairs(changes) do
			r[key] = value
		end
		return struct("kvm_userspace_memory_region2", r)
	end
	expect_ok(vm.set_user_memory_region2, vm, second {}, "it makes slots like the first one")
	expect_errno("EEXIST", vm.set_user_memory_region2, vm, second {slot = 4}, "its place is slot 3's")
	expect_errno("EINVAL", vm.set_user_memory_region2, vm, second {slot = 4, guest_phys_addr = 0x2000001}, "its place is in the middle of a page")
	expect_ok(a.set, a, {slot = 3, gpa = 0x2000000, size = 0}, "the first one deletes what the second one made")
end

-- Deleted, its place is free.
expect_ok(a.set, a, {size = 0}, "size 0 deletes a slot")
expect_ok(a.set, a, {slot = 1, gpa = 0x100000 + 15 * PAGE}, "nothing is there any more")
expect_errno("EFAULT", vm.set_user_memory_region, vm, NULL, "there is nothing at NULL")
