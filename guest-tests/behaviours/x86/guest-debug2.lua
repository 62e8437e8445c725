-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/guest-debug2", arch = "x86", needs = cap.SET_GUEST_DEBUG2,
	title = "KVM_CAP_SET_GUEST_DEBUG2 tells the flags of KVM_SET_GUEST_DEBUG, and each of them does what it says",
	fixes = "KVM: x86: advertise KVM_CAP_SET_GUEST_DEBUG2", since = "5.13",
	seen_failing = "absent on x86svm-5.10; fails with EBUSY taken out: lab/revert x86/guest-debug2",
}

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}

local mask = vm:check_extension(cap.SET_GUEST_DEBUG2)
local EVERYWHERE = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP | KVM_GUESTDBG_USE_HW_BP |
	KVM_GUESTDBG_INJECT_BP | KVM_GUESTDBG_INJECT_DB
expect_eq(mask & EVERYWHERE, EVERYWHERE, "these flags are older than the capability")
expect_eq(mask & ~(EVERYWHERE | KVM_GUESTDBG_BLOCKIRQ), 0, "others do not exist")
if host.at_least("6.1") then
	expect_eq(mask, 0x1f0003, "with BLOCKIRQ, which came later than the capability")
end

-- The handlers of vectors 1 and 3 tell by a store to where nothing is.
local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0xd000, %ax
			mov %ax, %ds
		first:	nop
		second:	nop
		third:	int3
		fourth:	nop
			movb $0, (0)
			jmp first
		detect:	mov $0xd000, %ax
			mov %ax, %ds
		access:	mov %dr0, %eax
			movb $7, (7)
			jmp access
		on_db:	movb $1, (1)
			iret
		on_bp:	movb $3, (3)
			iret
	]],
}
local entry = ram:load(code)
ram:u16(1 * 4, code.on_db)
ram:u16(3 * 4, code.on_bp)
local int3 = host.has("probe:real-int3")
local breakpoint = host.has("probe:sw-breakpoint")

local DR6_FIXED = 0xffff0ff0
local DR6_STEP = 1 << 14

local function debug(control, registers)
	local d = struct("kvm_guest_debug", {control = control})
	for number, value in pairs(registers or {}) do
		d.arch.debugreg[number] = value
	end
	return d
end

local vcpu
local function fresh()
	vcpu = vm:vcpu(vcpu and vcpu.id + 1 or 0):start(entry)
end
local function stopped(where, what, reason)
	local exit = vcpu:run("KVM_EXIT_DEBUG", reason)
	expect_eq(exit.debug.arch.pc, where, "that is where the guest stands")
	for name, value in pairs(what) do
		expect_eq(exit.debug.arch[name], value, name .. " tells why")
	end
end
local function told(what, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr - 0xd0000, what, reason)
end

-- Nothing asked for: the guest has its exceptions for itself.
fresh()
if int3 then
	told(3, "INT3 is the guest's own")
	told(0, "and it goes on behind it")
end

-- Single step: an exit behind each instruction, without the guest's handler.
fresh()
vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP))
for _, where in ipairs {entry + 3, code.first, code.second, code.third} do
	stopped(where, {exception = 1, dr6 = DR6_FIXED | DR6_STEP}, "each instruction is a step")
end
expect_eq(vcpu:get_regs().rflags & 1 << 8, 0, "the guest's own TF is not set")

-- A hardware breakpoint for execution: address in DR0 to DR3, enabled in DR7.
for number = 0, 3 do
	fresh()
	vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
		{[number] = code.second, [7] = 0x400 | 2 << 2 * number}))
	stopped(code.second, {exception = 1, dr6 = DR6_FIXED | 1 << number}, "the breakpoint is there")
end

-- DR7's general detect: an exit before the guest touches a debug register, dr6 bit 13. KVM on SVM leaves it to the
-- processor, whose check comes before the intercept; QEMU's makes the intercept first. PVM's emulator looks at the guest's DR7.
local qemu = (host.read("/sys/class/dmi/id/sys_vendor") or ""):find "QEMU"
local guarded = host.backend == "vmx" or host.backend == "svm" and not qemu
for _, general_detect in ipairs(guarded and {0, 1 << 13} or {0}) do
	fresh()
	vcpu:set_regs {rip = code.detect, rflags = 2}
	vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, {[7] = 0x400 | general_detect}))
	if general_detect ~= 0 then
		stopped(code.access, {exception = 1, dr6 = DR6_FIXED | 1 << 13}, "the debug registers are guarded")
		vcpu:set_guest_debug(debug(0))
	end
	told(7, "the guest may touch them")
end

if breakpoint then
	-- A software breakpoint: INT3 is user space's.
	fresh()
	vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP))
	stopped(code.third, {exception = 3}, "INT3 leaves the guest before it is done")
	-- It was the guest's own after all: a debugger hands it on.
	vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_BP))
	expect_errno("EBUSY", vcpu.set_guest_debug, vcpu, debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_BP),
		"one is waiting already")
	vcpu:set_guest_debug(debug(0))
	told(3, "its handler runs")
	told(0, "and the guest goes on behind INT3")
else
	print("software breakpoints do not exit here: the processor does not intercept INT3")
end

-- A debug exception from outside: the guest gets it as if it had happened.
fresh()
vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP))
stopped(entry + 3, {}, "one step")
stopped(code.first, {}, "and another, which sets DS")
vcpu:set_guest_debug(debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_DB))
expect_errno("EBUSY", vcpu.set_guest_debug, vcpu, debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_DB),
	"one is waiting already")
vcpu:set_guest_debug(debug(0))
told(1, "its handler runs")

-- Flags that do not exist are not looked at.
fresh()
for bit = 0, 31 do
	if 1 << bit & (EVERYWHERE | KVM_GUESTDBG_BLOCKIRQ) == 0 then
		expect_ok(vcpu.set_guest_debug, vcpu, debug(1 << bit), "KVM on x86 looks at the flags that it knows only")
	end
end
expect_errno("EFAULT", vcpu.set_guest_debug, vcpu, NULL, "there is nothing at NULL")
