-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/memslots", arch = "riscv",
	title = "Slots end where the G-stage's page tables do; how many levels these have can be chosen once per VM, since 7.2",
	fixes = "KVM RISC-V Support (kvm_arch_prepare_memory_region()); KVM_CAP_VM_GPA_BITS",
	seen_failing = "fails without the test of the guest's addresses (lab/revert riscv/memslots); absent, but for that, on riscv64-6.12",
}

local PAGE <const> = host.page_size
-- A store and a load at a1, which tell what was there.
local code = asm {
	at = 0x1000,
	riscv = [[
		sd a0, (a1)
		ld a2, (a1)
		li t0, 0x50000
		sd a2, (t0)
	]],
}

local function region(vm, errno, slot, gpa, pages, reason)
	expect_errno(errno, vm.set_user_memory_region, vm, {slot = slot, guest_phys_addr = gpa, memory_size = pages * PAGE, userspace_addr = 0x10000000},
		reason)
end

-- What a VM with addresses of so many bits takes. Whether a slot may have the very last page is left open: no kernel up to 7.2 lets it.
local function judge(vm, bits, tried)
	local limit <const> = 1 << bits
	region(vm, "OK", 1, limit - 2 * PAGE, 1, ("%d bits: a page before the last one"):format(bits))
	region(vm, "EFAULT", 2, limit, 1, ("%d bits: a page behind the last one"):format(bits))
	region(vm, "EFAULT", 2, limit - PAGE, 2, ("%d bits: the second page is behind the last one"):format(bits))
	region(vm, "OK", 2, limit - 4 * PAGE, 1, "a page that will move")
	region(vm, "EFAULT", 2, limit, 1, "it cannot move there, either")
	region(vm, "OK", 2, limit - 4 * PAGE, 0, "it is gone")
	region(vm, "OK", 1, limit - 2 * PAGE, 0, "it is gone")
	if not tried then
		return
	end
	-- A guest gets there as well.
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	local high = vm:memory {gpa = limit - 2 * PAGE, size = PAGE}
	local vcpu = vm:vcpu(0)
	vcpu:reg("A0", 0x0123456789abcdef)
	vcpu:reg("A1", limit - 2 * PAGE + 8)
	vcpu:start(code.at):run("KVM_EXIT_MMIO", "the guest tells what it has read")
	expect_eq(vcpu:data(), 0x0123456789abcdef, "what it wrote there")
	expect_eq(high:u64(limit - 2 * PAGE + 8), 0x0123456789abcdef, "user space sees it, too")
end

local vm = kvm.vm()
local most = vm:check_extension(cap.VM_GPA_BITS)
local LEVELS <const> = {41, 50, 59} -- Sv39x4, Sv48x4, Sv57x4
expect(most == 41 or most == 50 or most == 59, "the widths of addresses that the architecture has")
judge(vm, most, true)

-- ---- fewer bits ----

local function enable(errno, of, bits, reason, flags)
	return expect_errno(errno, of.enable_cap, of, {cap = KVM_CAP_VM_GPA_BITS, flags = flags or 0, args = {bits}}, reason)
end

if not host.at_least("7.2") then
	-- A VM has no KVM_ENABLE_CAP that could be refused.
	for _, bits in ipairs(LEVELS) do
		enable("EINVAL", vm, bits, "this kernel has nothing to enable")
	end
	return
end
for _, bits in ipairs {0, 1, 40, 41, 42, 50, 51, 58, 59} do
	vm = kvm.vm()
	local wanted = bits <= 41 and 41 or bits <= 50 and 50 or 59
	if wanted <= most then
		enable("OK", vm, bits, ("%d bits, or the next that there are"):format(bits))
		expect_eq(vm:check_extension(cap.VM_GPA_BITS), wanted, "they can be asked for")
		judge(vm, wanted, true)
		expect_eq(kvm.system:check_extension(cap.VM_GPA_BITS), most, "others have what they had")
	else
		enable("EINVAL", vm, bits, "the host has not as many")
	end
end
vm = kvm.vm()
for _, bits in ipairs {60, 64, -1} do
	enable("EINVAL", vm, bits, "the architecture has not as many")
end
enable("EINVAL", vm, 41, "no flag has a meaning", 1)
enable("OK", vm, 41, "nothing is there yet")
enable("OK", vm, most, "nor now")
vm:memory {gpa = 0, size = PAGE}
enable("EBUSY", vm, 41, "there is memory")
vm = kvm.vm()
vm:vcpu(0)
enable("EBUSY", vm, most, "there is a vCPU")
