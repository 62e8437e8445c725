-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/memslots-all", timeout = 120,
	title = "As many slots as KVM_CAP_NR_MEMSLOTS says can be made; with all of them one can be used, moved and deleted",
	fixes = "kvm: move KVM_CAP_NR_MEMSLOTS to common code", since = "3.19",
	seen_failing = "fails with KVM_USER_MEM_SLOTS advertised as one more than there are (lab/revert common/memslots-all)",
}

local PAGE = host.page_size
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = math.max(0x10000, PAGE)}
-- Adds 1 to a byte of the place that it finds at 0x2000, then stores to where nothing is; over and over.
local PLACE = 0x2000
local vcpu = vm:vcpu(0):start(ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code32
		again:	mov (0x2000), %ebx
			incb (%ebx)
			movb $1, (0xd0000)
			jmp again
	]],
	arm64 = [[
		again:	mov x0, #0x2000
			ldr w0, [x0]
			ldrb w1, [x0]
			add w1, w1, #1
			strb w1, [x0]
			mov x3, #0xd0000
			strb w1, [x3]
			b again
	]],
	riscv = [[
		again:	li t0, 0x2000
			lwu t0, (t0)
			lbu t1, (t0)
			addi t1, t1, 1
			sb t1, (t0)
			li t3, 0xd0000
			sb t1, (t3)
			j again
	]],
}), host.arch == "x86" and {mode = "protected"} or nil)

-- One page stands behind them all. Each is followed by a hole, so that no two are one.
local BASE, STEP = 0x10000000, 2 * PAGE
local page = vm:memory {slot = 1, gpa = BASE, size = PAGE}
local slots = vm:check_extension(cap.NR_MEMSLOTS)
local region = struct("kvm_userspace_memory_region", {memory_size = PAGE, userspace_addr = page.pages})
local function set(slot, gpa, size)
	region.slot, region.guest_phys_addr, region.memory_size = slot, gpa, size or PAGE
	local value, errno = kvm.ioctl(vm, KVM_SET_USER_MEMORY_REGION, region)
	return errno or value
end

-- Each takes a grace period of SRCU, which lasts milliseconds on an emulated host of more than one CPU. Where all of them
-- would take too long, some of the first and the last ones are made; and where the host has not the memory for them: with
-- shadow paging each takes three pages.
local PATIENCE, SOME = 30, 500
local function available() -- bytes
	return (tonumber((host.read("/proc/meminfo") or ""):match "MemAvailable:%s+(%d+) kB") or 1 << 40) << 10
end
local begun, made, errno, room = host.now(), 2, 0, available()
local slot, left_out = made, nil
while slot < slots and errno == 0 do
	errno = set(slot, BASE + STEP * (slot - 1))
	made = errno == 0 and made + 1 or made
	slot = slot + 1
	local seconds, bytes
	if slot % SOME == 0 and not left_out then
		seconds, bytes = (host.now() - begun) / slot * slots, math.max(room - available(), 0) // slot * slots
	end
	if seconds and (seconds > PATIENCE or bytes > room * 3 // 4) then
		left_out = ("%.0f s, %d MiB"):format(seconds, bytes >> 20)
		slot = math.max(slot, slots - SOME)
		set(slots // 2, BASE + STEP * (slots // 2 - 1))
	end
end
print(("%d slots in %.2f s"):format(made, host.now() - begun))
expect_eq(errno, 0, ("slot %d is one of the %d that the capability names"):format(slot - 1, slots))
if not left_out then
	expect_eq(made, slots, "there are as many slots as it says")
end
expect_eq(set(slots & 0xffff, BASE - STEP), "EINVAL", "and there is no further one")

-- What the guest does at an address: adds to the page's byte, or leaves to user space where nothing is.
local function counts(gpa, reason)
	local before = page:u8(BASE)
	ram:u32(PLACE, gpa)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr, 0xd0000, reason)
	expect_eq(page:u8(BASE), before + 1 & 0xff, reason)
end
local function leaves(gpa, reason)
	ram:u32(PLACE, gpa)
	for _ = 1, 2 do -- its load and its store
		local exit = vcpu:run("KVM_EXIT_MMIO", reason)
		expect_eq(exit.mmio.phys_addr, gpa, reason)
	end
	vcpu:run("KVM_EXIT_MMIO", "the guest goes on")
end

local last, free = slots - 1, BASE + STEP * slots
local place = BASE + STEP * (last - 1)
for _, slot in ipairs {1, 2, slots // 2, last} do
	counts(BASE + STEP * (slot - 1), ("slot %d is memory"):format(slot))
end
leaves(place + PAGE, "behind the last one is nothing")
expect_eq(set(last, free), 0, "the last one is moved")
counts(free, "it is memory there")
leaves(place, "and no more where it was")
expect_eq(set(last, place), 0, "it is moved back")
counts(place, "where it is memory again")
leaves(free, "and not where it was meanwhile")
expect_eq(set(last, place, 0), 0, "it is deleted")
leaves(place, "it is no memory any more")
expect_eq(set(last, place), 0, "it can be made again")
counts(place, "and is memory")
expect_eq(set(slots // 2, BASE + STEP * (slots // 2 - 1), 0), 0, "one in the middle is deleted")
leaves(BASE + STEP * (slots // 2 - 1), "and is no memory any more")

if left_out then
	skip(("the first and the last of %d slots are as they must be; all take too long here, or too much memory (%s)"):format(slots, left_out))
end
