-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tdp-roots", arch = "x86", timeout = 120,
	title = "Slots are zapped, logged and moved under a guest that runs; its page tables go, and the kernel has no trouble",
	fixes = "KVM: x86/mmu: Ensure TDP MMU roots are freed after yield",
	seen_failing = "fails with both slots left in place at the end; no kernel without the fix was tried yet",
}

local MIB = 1 << 20
local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
-- 8 MiB at 16 MiB; it moves to 32 MiB and back.
local big = vm:memory {slot = 1, gpa = 16 * MIB, size = 8 * MIB}
-- What is at 16 MiB and at 32 MiB is read and written, whether it is memory or not.
local entry = ram:load(asm {
	at = 0x1000,
	x86 = [[
		.code32
		again:	mov $0x1000000, %ebx
		next:	incb (%ebx)
			incb 0x1000000(%ebx)
			incl (0x3000)
			add $0x1000, %ebx
			cmp $0x1800000, %ebx
			jb next
			jmp again
	]],
})
local vcpus = {vm:vcpu(0):start(entry, {mode = "protected"}), vm:vcpu(1):start(entry, {mode = "protected"})}
vcpus[2]:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}

local statistics = host.has "cap:BINARY_STATS_FD" and vm:stats()
local function pages()
	local v = statistics:values()
	return v.pages_4k + v.pages_2m + v.pages_1g
end

local running = {}
for i, vcpu in ipairs(vcpus) do
	running[i] = thread(vcpu, "KVM_RUN", nil, {times = 1000000})
end
local most = 0
local ROUNDS = 60
for round = 1, ROUNDS do
	big:set {flags = KVM_MEM_LOG_DIRTY_PAGES}
	big:set {}
	big:set {gpa = 32 * MIB}
	big:set {}
	host.sleep(0.002)
	if statistics then
		most = math.max(most, pages())
	end
	big:set {size = 0}
	big:set {}
end
for _, t in ipairs(running) do
	t:kick()
	local _, _, counts = t:join(60)
	for name in pairs(counts) do
		expect(name == "OK" or name == "EINTR", "no other errno came of running: " .. name)
	end
end
expect(ram:u32(0x3000) > 0, "the guest has run")

-- PVM's emulator goes through user space's mapping.
if statistics and host.backend ~= "pvm" then
	expect(most > 0, "the guest's memory was mapped meanwhile")
	big:set {size = 0}
	ram:set {size = 0}
	expect_eq(pages(), 0, "no slot is left, so nothing is mapped")
end
