-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/sve-setup", arch = "arm64",
	title = "A vCPU with SVE: its vector lengths are set before KVM_ARM_VCPU_FINALIZE and its registers reached after it; one without has none of it",
	seen_failing = "fails with the test of the feature taken out: lab/revert arm64/sve-setup; fails with --inject of EBADF into each " ..
		"KVM_ARM_VCPU_FINALIZE, KVM_ARM_VCPU_INIT, KVM_RUN, KVM_SET_ONE_REG and KVM_GET_ONE_REG, arm64-6.12-max; absent " ..
		"elsewhere",
}

local SVE <const> = KVM_ARM_VCPU_SVE
-- asm/kvm.h has macros with arguments for these.
local BASE <const> = KVM_REG_ARM64 | KVM_REG_ARM64_SVE
local VLS <const> = BASE | KVM_REG_SIZE_U512 | 0xffff
local function z(n, slice)
	return BASE | KVM_REG_ARM64_SVE_ZREG_BASE | KVM_REG_SIZE_U2048 | n << 5 | (slice or 0)
end
local function p(n, slice)
	return BASE | KVM_REG_ARM64_SVE_PREG_BASE | KVM_REG_SIZE_U256 | n << 5 | (slice or 0)
end
local FFR <const> = BASE | KVM_REG_ARM64_SVE_FFR_BASE | KVM_REG_SIZE_U256
local V0 <const> = KVM_REG_ARM64 | KVM_REG_ARM_CORE | KVM_REG_SIZE_U128 | offsetof("kvm_regs", "fp_regs") // 4

local function fresh(features)
	local vm = kvm.vm()
	return vm:vcpu(0, {features = features}), vm
end

-- A register read and written.
local function both(errno, vcpu, id, value, reason)
	expect_errno(errno, vcpu.reg, vcpu, id, nil, reason)
	expect_errno(errno, vcpu.reg, vcpu, id, value, reason)
end

local function finalize(errno, vcpu, what, reason)
	expect_errno(errno, vcpu.arm_vcpu_finalize, vcpu, what, reason)
end

-- What the guest finds: the length of a vector, after EL1 has got the right to use vectors and has asked for the longest.
-- Without SVE the instruction is undefined, and the handler tells its class.
local code = asm {
	at = 0x1000,
	arm64 = [[
			.arch armv8-a+sve
		start:	mov x0, #0xd0000
			mov x1, #0x4000
			msr vbar_el1, x1
			mov x1, #0x330000
			msr cpacr_el1, x1
			isb
			mrs x2, id_aa64pfr0_el1
			str x2, [x0]
			rdvl x3, #1
			str x3, [x0, #8]
			mov x4, #0xf
			msr zcr_el1, x4
			isb
			rdvl x3, #1
			str x3, [x0, #16]
			b .
	]],
}
local vector = asm {
	at = 0x4200,
	arm64 = [[
			mrs x1, esr_el1
			lsr x1, x1, #26
			str x1, [x0, #24]
			b .
	]],
}

local function start(vcpu, vm)
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	ram:load(vector)
	vcpu:start(code.start)
	local exit = vcpu:run("KVM_EXIT_MMIO", "the guest has read its ID register")
	expect_eq(exit.mmio.phys_addr, 0xd0000, "it tells that first")
	return vcpu:data() >> 32 & 0xf
end

-- ---- of every host ----

local vcpu, vm = kvm.vm():vcpu(0, {bare = true}), nil
finalize("ENOEXEC", vcpu, SVE, "the vCPU has had no KVM_ARM_VCPU_INIT")
vcpu, vm = fresh()
for bit = 0, 31 do
	finalize("EINVAL", vcpu, bit, bit == SVE and "the vCPU has no SVE" or "nothing else has to be finalized")
end
finalize("EINVAL", vcpu, -1, "there is no such feature")
both("ENOENT", vcpu, VLS, ("\0"):rep(64), "the vCPU has no SVE")
both("ENOENT", vcpu, z(0), ("\0"):rep(256), "the vCPU has no SVE")
both("ENOENT", vcpu, p(15), ("\0"):rep(32), "the vCPU has no SVE")
both("ENOENT", vcpu, FFR, ("\0"):rep(32), "the vCPU has no SVE")
both("OK", vcpu, V0, ("\x11"):rep(16), "its vectors are those of every vCPU")
expect_eq(start(vcpu, vm), 0, "the guest is told that it has no SVE (ID_AA64PFR0_EL1.SVE)")
local exit = vcpu:run("KVM_EXIT_MMIO", "the guest tries SVE")
expect_eq(exit.mmio.phys_addr, 0xd0018, "its handler runs")
expect_eq(vcpu:data(), 0, "the instruction is undefined (ESR_EL1.EC)")

if not host.has "cap:ARM_SVE" then
	expect_errno("EINVAL", fresh, {SVE}, "this host has no SVE for guests")
	expect_eq(vcpu.vm:check_extension(cap.ARM_SVE), 0, "the capability says so")
	return
end

-- ---- before KVM_ARM_VCPU_FINALIZE ----

vcpu, vm = fresh {SVE}
both("EPERM", vcpu, z(31), ("\0"):rep(256), "how long it is has not been settled")
both("EPERM", vcpu, p(0), ("\0"):rep(32), "how long it is has not been settled")
both("EPERM", vcpu, FFR, ("\0"):rep(32), "how long it is has not been settled")
for _, id in ipairs {z(0, 1), z(31, 31), p(0, 1), p(15, 31), FFR | 1} do
	both("ENOENT", vcpu, id, ("\0"):rep(id & KVM_REG_SIZE_MASK == KVM_REG_SIZE_U2048 and 256 or 32), "one slice is enough for all lengths")
end
both("EINVAL", vcpu, FFR + (1 << 5), ("\0"):rep(32), "FFR is the last one")
both("EINVAL", vcpu, V0, ("\0"):rep(16), "they are the lower part of SVE's, which has names of its own")
expect_errno("EPERM", vcpu.get_reg_list, vcpu, struct("kvm_reg_list", 1000, {n = 1000}), "which registers there are has not been settled")
vcpu.kvm_run.immediate_exit = 1
expect_errno("EPERM", vcpu.run, vcpu, "it is not complete")
vcpu.kvm_run.immediate_exit = 0

-- ---- the vector lengths ----

-- Bit n: vectors of n + 1 times 16 bytes. The first of 8 words has all there are.
local function lengths(set)
	return string.pack("<i8", set) .. ("\0"):rep(56)
end
local all = string.unpack("<i8", vcpu:reg(VLS))
expect_eq(vcpu:reg(VLS), lengths(all), "16 lengths are all that there can be")
expect(all & 1 == 1 and all & ~0xffff == 0, "the shortest is there, and the longest is 2048 bits")
local function set(errno, value, reason)
	expect_errno(errno, vcpu.reg, vcpu, VLS, value, reason)
end
local longest = 0
for n = 0, 15 do
	if all & 1 << n ~= 0 then
		longest = n
	end
end
for n = 0, 15 do
	local wanted = all & ((2 << n) - 1)
	if n <= longest then
		set("OK", lengths(wanted), ("all that the host has, up to %d bytes"):format(16 * (n + 1)))
		expect_eq(vcpu:reg(VLS), lengths(wanted), "that is what it has now")
	end
	if n > longest or all & 1 << n == 0 then
		set("EINVAL", lengths(all | 1 << n), ("the host has no vectors of %d bytes"):format(16 * (n + 1)))
	elseif n < longest then
		set("EINVAL", lengths(all & ~(1 << n)), ("those of %d bytes cannot be left out alone"):format(16 * (n + 1)))
	end
end
set("EINVAL", lengths(0), "there must be one")
set("EINVAL", lengths(all | 1 << 16), "no architecture has them so long")
set("OK", lengths(all), "what was refused has left nothing behind")
for word = 1, 7 do
	set("EINVAL", lengths(1):sub(1, 8 * word) .. "\1" .. lengths(1):sub(8 * word + 2), "no architecture has them so long")
end
expect_eq(vcpu:reg(VLS), lengths(all), "what was refused changes nothing")

-- ---- after it ----

local function complete(chosen)
	vcpu, vm = fresh {SVE}
	vcpu:reg(VLS, lengths(chosen))
	finalize("OK", vcpu, SVE, "its lengths are as they shall be")
	finalize("EPERM", vcpu, SVE, "it can be done once")
	set("EPERM", lengths(chosen), "it is too late, even for the same")
	expect_eq(vcpu:reg(VLS), lengths(chosen), "they can still be read")
end
for _, chosen in ipairs {1, all} do
	local bytes <const> = 16 * (chosen == 1 and 1 or longest + 1)
	complete(chosen)
	vcpu:init {SVE}
	finalize("EPERM", vcpu, SVE, "a reset does not open it again")
	local names = vcpu:reg_names()
	local n = 0
	for _ in pairs(names) do
		n = n + 1
	end
	expect(n > 32, "the registers are listed")
	for id = 0, 31 do
		local value = string.char(id + 1):rep(256)
		expect_ok(vcpu.reg, vcpu, z(id), value, "Z registers can be written")
		expect_eq(vcpu:reg(z(id)), value:sub(1, bytes) .. ("\0"):rep(256 - bytes), "as far as they go they are read back, and then 0")
	end
	for _, id in ipairs {p(0), p(15), FFR} do
		local value = ("\x55"):rep(32)
		expect_ok(vcpu.reg, vcpu, id, value, "P registers and FFR can be written")
		expect_eq(vcpu:reg(id), value:sub(1, bytes // 8) .. ("\0"):rep(32 - bytes // 8), "as far as they go they are read back, and then 0")
	end
	both("EINVAL", vcpu, V0, ("\0"):rep(16), "they are the lower part of SVE's, which has names of its own")
	vcpu:init {SVE}
	expect_eq(vcpu:reg(z(7)), ("\0"):rep(256), "a reset makes them 0")
	expect_eq(start(vcpu, vm), 1, "the guest is told that it has SVE (ID_AA64PFR0_EL1.SVE)")
	vcpu:run("KVM_EXIT_MMIO", "it uses SVE")
	exit = vcpu:run("KVM_EXIT_MMIO", "it has asked for the longest vectors")
	expect_eq(exit.mmio.phys_addr, 0xd0010, "no instruction was undefined")
	expect_eq(vcpu:data(), bytes, "it gets those that were chosen")
end

-- A vCPU without SVE on such a host was looked at above.
vcpu = fresh {SVE}
expect_errno("EINVAL", vcpu.init, vcpu, "a vCPU keeps its features")
expect_ok(vcpu.init, vcpu, {SVE}, "a vCPU keeps its features")
