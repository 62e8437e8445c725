-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "common/guest-debug", needs = cap.SET_GUEST_DEBUG,
	seen_failing = "absent on x86, which has its own; the capability of the flags is absent on arm64-5.10; " ..
		"fails with --inject KVM_SET_GUEST_DEBUG:EBUSY:3, arm64-6.12 and riscv64-7.2-aia",
	title = "KVM_SET_GUEST_DEBUG on arm64 and RISC-V: the flags that it takes, and what they do to a guest that stands at a breakpoint",
}

if host.arch == "x86" then
	skip("x86/guest-debug2 is for x86")
end

-- arm64's vectors are at 0x4000; 0x200 further is the one for exceptions of the guest's own level.
local code = asm {
	at = 0x1000,
	arm64 = [[
		start:	mov x0, #0xd0000
			mov x1, #0x4000
			msr vbar_el1, x1
			isb
		first:	nop
		second:	nop
		third:	brk #7
		fourth:	strb w0, [x0]
			b first
	]],
	riscv = [[
			.option norvc
		start:	li t0, 0xd0000
			la t1, on_break
			csrw stvec, t1
		first:	nop
		second:	nop
		third:	ebreak
		fourth:	sb t0, (t0)
			j first
			.balign 4
		on_break:
			sb t0, 3(t0)
			csrr t1, sepc
			addi t1, t1, 4
			csrw sepc, t1
			sret
	]],
}
local VECTOR = asm {
	at = 0x4200,
	arm64 = [[
			strb w0, [x0, #3]
			mrs x1, elr_el1
			add x1, x1, #4
			msr elr_el1, x1
			eret
	]],
	riscv = [[
			nop
	]],
}

local vm, vcpu
local function fresh()
	vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	ram:load(VECTOR)
	vcpu = vm:vcpu(0):start(code.start)
end
local function debug(control, set)
	local d = struct("kvm_guest_debug", {control = control})
	for array, values in pairs(set or {}) do
		for i, value in pairs(values) do
			d.arch[array][i] = value
		end
	end
	return d
end
local function told(what, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr - 0xd0000, what, reason)
end
local function stopped(where, reason)
	local exit = vcpu:run("KVM_EXIT_DEBUG", reason)
	expect_eq(vcpu:reg("PC"), where, "that is where the guest stands")
	return exit
end

-- Nothing asked for: the breakpoint is the guest's own.
fresh()
expect_errno("EFAULT", vcpu.set_guest_debug, vcpu, NULL, "there is nothing at NULL")
told(3, "the guest's handler runs")
told(0, "and the guest goes on")

local ENABLE, STEP = KVM_GUESTDBG_ENABLE, KVM_GUESTDBG_SINGLESTEP

if host.arch == "riscv" then
	-- kvm_arch_vcpu_ioctl_set_guest_debug() looks at one flag, and never fails.
	expect_eq(vm:check_extension(cap.SET_GUEST_DEBUG2), 0, "there are no flags to tell of")
	for bit = 0, 31 do
		expect_ok(vcpu.set_guest_debug, vcpu, debug(1 << bit), "KVM on RISC-V looks at ENABLE only")
	end
	for _, control in ipairs {ENABLE, ENABLE | STEP, -1 & 0xffffffff} do
		fresh()
		vcpu:set_guest_debug(debug(control))
		for _ = 1, 2 do
			stopped(code.third, "with ENABLE a breakpoint leaves the guest, whatever else is asked for")
		end
		vcpu:reg("PC", code.fourth)
		told(0, "stepped over, the guest goes on")
		vcpu:set_guest_debug(debug(-1 & 0xffffffff & ~ENABLE))
		told(3, "without ENABLE the next one is the guest's again")
	end
	return
end

-- ---- arm64: flags ----

local SW, HW = KVM_GUESTDBG_USE_SW_BP, KVM_GUESTDBG_USE_HW
local ALL = ENABLE | SW | STEP | HW
if host.has "cap:SET_GUEST_DEBUG2" then
	expect_eq(vm:check_extension(cap.SET_GUEST_DEBUG2), ALL, "the capability's value has the flags")
end
for bit = 0, 31 do
	local known = ALL & 1 << bit ~= 0
	expect_errno(known and "OK" or "EINVAL", vcpu.set_guest_debug, vcpu, debug(1 << bit),
		known and "it is one of the flags" or ("bit %d is none of the flags"):format(bit))
end

-- ---- arm64: what they do ----

-- Exception classes of ESR_ELx, which kvm_run has: those from a lower level.
local EC = {BREAKPOINT = 0x30, STEP = 0x32, WATCHPOINT = 0x34, BRK = 0x3c}
local function class(exit)
	return exit.debug.arch.hsr >> 26
end

fresh()
vcpu:set_guest_debug(debug(ENABLE | SW))
local exit = stopped(code.third, "BRK leaves the guest")
expect_eq(class(exit), EC.BRK, "the syndrome says so")
expect_eq(exit.debug.arch.hsr & 0xffff, 7, "and has its number")
vcpu:set_guest_debug(debug(SW))
told(3, "without ENABLE it is the guest's again")

fresh()
vcpu:set_guest_debug(debug(ENABLE | STEP))
for address = code.start + 4, code.third, 4 do
	expect_eq(class(stopped(address, "each instruction is a step")), EC.STEP, "the syndrome says so")
end

-- A breakpoint or watchpoint of the processor's: its control enables it (bit 0) for EL1 (bit 1).
for _, kind in ipairs {
	{cap.GUEST_DEBUG_HW_BPS, "dbg_bvr", "dbg_bcr", code.second, 0xf << 5 | 1 << 1 | 1, code.second, EC.BREAKPOINT},
	{cap.GUEST_DEBUG_HW_WPS, "dbg_wvr", "dbg_wcr", 0x3000, 1 << 5 | 2 << 3 | 1 << 1 | 1, code.fourth, EC.WATCHPOINT},
} do
	local capability, address, control, where, enabled, stops, wanted = table.unpack(kind)
	local number = vm:check_extension(capability)
	expect(number >= 2 and number <= 16, "every processor has from 2 to 16 (ID_AA64DFR0_EL1)")
	for i = 0, number - 1 do
		fresh()
		vcpu:set_guest_debug(debug(ENABLE | HW, {[address] = {[i] = where}, [control] = {[i] = enabled}}))
		if wanted == EC.WATCHPOINT then
			vcpu:reg("X0", where)
			vcpu:reg("PC", code.fourth)
		end
		exit = stopped(stops, ("number %d of %d stops the guest"):format(i, number))
		expect_eq(class(exit), wanted, "the syndrome says so")
		if wanted == EC.WATCHPOINT then
			expect_eq(exit.debug.arch.far, where, "and the address")
		end
	end
end
