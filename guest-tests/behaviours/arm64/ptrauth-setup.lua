-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/ptrauth-setup", arch = "arm64",
	title = "Pointer authentication for a guest: address and generic keys come together or not at all, and the guest has what it is told",
	seen_failing = "fails with the test of both features taken out: lab/revert arm64/ptrauth-setup; fails with --inject of EBADF into each" ..
		" KVM_ARM_VCPU_INIT, KVM_RUN, KVM_SET_ONE_REG and KVM_GET_ONE_REG, arm64-6.12-max; absent elsewhere",
}

local ADDRESS <const>, GENERIC <const> = KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_GENERIC
local has = host.has "cap:ARM_PTRAUTH_ADDRESS"
expect_eq(host.has "cap:ARM_PTRAUTH_GENERIC", has, "KVM has both or none")

local function init(errno, vcpu, features, reason)
	expect_errno(errno, vcpu.init, vcpu, features, reason)
end

local vm = kvm.vm()
local vcpu = vm:vcpu(0, {bare = true})
init("EINVAL", vcpu, {ADDRESS}, "one comes with the other")
init("EINVAL", vcpu, {GENERIC}, "one comes with the other")
init(has and "OK" or "EINVAL", vcpu, {ADDRESS, GENERIC}, "both are there if the host has them")
if has then
	init("EINVAL", vcpu, {ADDRESS}, "a vCPU keeps its features")
	init("EINVAL", vcpu, {}, "a vCPU keeps its features")
	init("OK", vcpu, {ADDRESS, GENERIC}, "a vCPU keeps its features")
	vm = kvm.vm()
	vcpu = vm:vcpu(0)
	init("EINVAL", vcpu, {ADDRESS, GENERIC}, "a vCPU keeps its features")
else
	init("OK", vcpu, {}, "what failed has left nothing behind")
end

-- The guest tells its ID registers, then sets a key and signs a pointer; the handler tells the class of an exception.
local code = asm {
	at = 0x1000,
	arm64 = [[
			.arch armv8.3-a
		start:	mov x0, #0xd0000
			mov x1, #0x4000
			msr vbar_el1, x1
			isb
			mrs x2, id_aa64isar1_el1
			str x2, [x0]
			mrs x2, s3_0_c0_c6_2
			str x2, [x0, #8]
			mov x3, #0x1234
			msr apiakeylo_el1, x3
			msr apiakeyhi_el1, x3
			mrs x4, sctlr_el1
			orr x4, x4, #1 << 31
			msr sctlr_el1, x4
			isb
			mov x5, #0x8000
			mov x6, #42
			pacia x5, x6
			str x5, [x0, #16]
			autia x5, x6
			str x5, [x0, #24]
			pacga x7, x5, x6
			str x7, [x0, #32]
			b .
	]],
}
local vector = asm {
	at = 0x4200,
	arm64 = [[
			mrs x1, esr_el1
			lsr x1, x1, #26
			str x1, [x0, #40]
			b .
	]],
}
local function fresh(features)
	vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	ram:load(vector)
	vcpu = vm:vcpu(0, {features = features}):start(code.start)
end
local function told(at, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", reason)
	expect_eq(exit.mmio.phys_addr, 0xd0000 + at, reason)
	return vcpu:data()
end

-- ID_AA64ISAR1_EL1: APA, API, GPA, GPI; ID_AA64ISAR2_EL1: APA3, GPA3.
local ISAR1 <const>, ISAR2 <const> = 0xff000ff0, 0xff00
-- The keys of the address half are five pairs, and one for generic ones.
local KEYS <const> = {"APIAKEYLO_EL1", "APIAKEYHI_EL1", "APDBKEYHI_EL1", "APGAKEYLO_EL1", "APGAKEYHI_EL1"}
local function has_key(name)
	return vcpu:reg_names()[name] ~= nil
end

fresh()
for _, name in ipairs(KEYS) do
	expect(not has_key(name), "a vCPU without has no keys")
end
expect_eq(told(0, "it reads its ID register") & ISAR1, 0, "the guest is told that it has none")
expect_eq(told(8, "it reads its ID register") & ISAR2, 0, "the guest is told that it has none")
expect_eq(told(40, "a key is undefined"), 0, "that is the class of an undefined instruction (ESR_EL1.EC)")

if not has then
	return
end
fresh {ADDRESS, GENERIC}
for _, name in ipairs(KEYS) do
	expect(has_key(name), "its keys are registers")
end
vcpu:reg("APGAKEYLO_EL1", 0x55)
local isar1, isar2 <const> = told(0, "it reads its ID register"), told(8, "it reads its ID register")
expect((isar1 & ISAR1) | (isar2 & ISAR2) ~= 0, "the guest is told that it has it")
local signed = told(16, "it signs a pointer")
expect(signed ~= 0x8000 and signed & 0xffffffff == 0x8000, "the signature is in the pointer's upper bits")
expect_eq(told(24, "it authenticates the pointer"), 0x8000, "that takes the signature away")
expect_eq(vcpu:reg("APIAKEYLO_EL1"), 0x1234, "the guest's key can be read")
local generic = told(32, "it signs with the generic key")
expect(generic & 0xffffffff == 0 and generic ~= 0, "a generic signature is in the upper half")
