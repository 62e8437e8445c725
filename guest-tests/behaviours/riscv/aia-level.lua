-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/aia-level", arch = "riscv", needs = "device:RISCV_AIA",
	title = "A level-triggered source of the APLIC waits as long as its line is up, and is made pending by its rise alone",
	seen_failing = "all hosts with an AIA: kvm_riscv_aia_aplic_inject() looks at neither, up to 7.2; passes with lab/additions/riscv/aia-level.patch",
}

-- AIA specification 1.0, 4.7 ("Precise effects on interrupt-pending bits"), a domain that delivers messages: pending is set by a
-- low-to-high transition, and cleared whenever the input is low.
local CONFIG <const>, ADDR <const>, APLIC <const>, IMSIC <const> = KVM_DEV_RISCV_AIA_GRP_CONFIG, KVM_DEV_RISCV_AIA_GRP_ADDR,
	KVM_DEV_RISCV_AIA_GRP_APLIC, KVM_DEV_RISCV_AIA_GRP_IMSIC
local DOMAINCFG <const>, SOURCECFG <const>, SETIP <const>, SETIE <const>, TARGET <const>, EIP0 <const> = 0, 4, 0x1c00, 0x1e00, 0x3004, 0x80
local SOURCE <const>, IDENTITY <const>, HIGH <const>, LOW <const> = 1, 5, 6, 7

for _, sense in ipairs {HIGH, LOW} do
	local name = sense == HIGH and "active high" or "active low"
	local vm = kvm.vm()
	local aia = vm:device(KVM_DEV_TYPE_RISCV_AIA)
	vm:vcpu(0)
	aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_SRCS, 31)
	aia:set_attr(ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, 0xd000000)
	aia:set_attr(ADDR, 1, 0x28000000)
	aia:set_attr(KVM_DEV_RISCV_AIA_GRP_CTRL, KVM_DEV_RISCV_AIA_CTRL_INIT)
	local function line(active)
		vm:irq_line {irq = SOURCE, level = (active == (sense == HIGH)) and 1 or 0}
	end
	line(false)
	aia:set_attr(APLIC, SOURCECFG, sense)
	aia:set_attr(APLIC, TARGET, IDENTITY)
	local function pending()
		return aia:get_attr(APLIC, SETIP, "u32") >> SOURCE & 1
	end

	line(true)
	expect_eq(pending(), 1, name .. ": its line has become active, and nothing lets it go on")
	line(false)
	expect_eq(pending(), 0, name .. ": it never waits while its line is inactive")

	line(true)
	aia:set_attr(APLIC, SETIE, 1 << SOURCE)
	aia:set_attr(APLIC, DOMAINCFG, 1 << 8)
	expect_eq(aia:get_attr(IMSIC, EIP0) >> IDENTITY & 1, 1, name .. ": its message has been sent")
	aia:set_attr(IMSIC, EIP0, 0)
	line(true)
	expect_eq(aia:get_attr(IMSIC, EIP0) >> IDENTITY & 1, 0, name .. ": a line that stays active sends no other message")
	line(false)
	line(true)
	expect_eq(aia:get_attr(IMSIC, EIP0) >> IDENTITY & 1, 1, name .. ": one that becomes active again does")
end
