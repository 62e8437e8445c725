-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/vgic-v3-registers", arch = "arm64", needs = "device:ARM_VGIC_V3",
	title = "A GICv3's registers for user space: when they can be had, which are fixed, lines, pending bits and the CPU interface",
	seen_failing = "fails with the test that the GIC is initialised taken out: lab/revert arm64/vgic-v3-registers; asked for what 7.2 gives, " ..
		"arm64-5.10, 6.1 and 6.12 fail",
}

local ADDR <const>, CTRL <const>, INIT <const> = KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT
local DIST <const>, REDIST <const>, SYSREGS <const>, LEVEL <const> = KVM_DEV_ARM_VGIC_GRP_DIST_REGS, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
	KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO
-- Arm IHI 0069, chapter 12.
local GICD_CTLR <const>, GICD_TYPER <const>, GICD_IIDR <const>, GICD_TYPER2 <const> = 0, 4, 8, 0xc
local GICD_ISPENDR <const>, GICD_ICPENDR <const>, SGI_FRAME <const> = 0x200, 0x280, 0x10000
local newer, newest = host.at_least("6.1"), host.at_least("7.2")

local function fresh(vcpus, its)
	local vm = kvm.vm()
	local gic = vm:device(KVM_DEV_TYPE_ARM_VGIC_V3)
	local second = its and vm:device(KVM_DEV_TYPE_ARM_VGIC_ITS)
	for id = 0, vcpus - 1 do
		vm:vcpu(id)
	end
	return gic, vm, second
end

local function get(errno, gic, group, attr, reason)
	expect_errno(errno, gic.get_attr, gic, group, attr, "u32", reason)
end
local function set(errno, gic, group, attr, value, reason)
	expect_errno(errno, gic.set_attr, gic, group, attr, value, reason)
end

-- ---- when ----

local gic, vm = fresh(0)
for _, group in ipairs {DIST, REDIST, SYSREGS, LEVEL} do
	get("EINVAL", gic, group, 0, "there is no vCPU")
	set("EINVAL", gic, group, 0, 0, "there is no vCPU")
end
gic, vm = fresh(2)
for _, group in ipairs {DIST, REDIST, LEVEL} do
	get("EBUSY", gic, group, 0, "the GIC is not initialised")
	set("EBUSY", gic, group, 0, 0, "the GIC is not initialised")
end
-- What a VM is to be like for its guest is said before that, since 6.16.
for _, attr in ipairs {GICD_IIDR, GICD_TYPER2} do
	get(newest and "OK" or "EBUSY", gic, DIST, attr, "7.2 has it before the GIC is initialised")
end
gic:set_attr(CTRL, INIT)
for _, group in ipairs {REDIST, SYSREGS, LEVEL} do
	get("EINVAL", gic, group, 9 << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT, "there is no vCPU with that affinity")
end
get("OK", gic, DIST, 9 << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT, "the distributor is everybody's")
for _, group in ipairs {DIST, REDIST} do
	for _, offset in ipairs {1, 2, 0xf000} do
		expect_errno("ENXIO", gic.has_device_attr, gic, {group = group, attr = offset}, "no register is there")
		-- The document says ENXIO of these, too; vgic_uaccess() says nothing.
		get("OK", gic, group, offset, "what is no register is read as 0")
		set("OK", gic, group, offset, 0, "what is no register ignores writes")
	end
	expect_errno("OK", gic.has_device_attr, gic, {group = group, attr = 8}, "that is a register")
	expect_errno("EFAULT", gic.get_device_attr, gic, {group = group, attr = 8}, "there is nothing at NULL")
	expect_errno("EFAULT", gic.set_device_attr, gic, {group = group, attr = 8}, "there is nothing at NULL")
end

-- ---- what a guest is told ----

local function reg(of, offset, value)
	if value then
		return of:set_attr(DIST, offset, value)
	end
	return of:get_attr(DIST, offset, "u32")
end

-- A security state; affinity routing; of what can be written the group's enable alone.
local ARE_DS <const>, GRP1 <const>, NASSGI <const> = 1 << 4 | 1 << 6, 1 << 1, 1 << 8
local sgis = reg(gic, GICD_TYPER2) & NASSGI
expect_eq(reg(gic, GICD_CTLR), ARE_DS, "the GIC has one security state and affinity routing")
reg(gic, GICD_CTLR, 0xffffffff)
expect_eq(reg(gic, GICD_CTLR), ARE_DS | GRP1 | sgis, "group 1 can be enabled, and SGIs without an active state where the hardware has them (GICv4.1)")
reg(gic, GICD_CTLR, 0)
expect_eq(reg(gic, GICD_CTLR), ARE_DS, "it is off again")
expect_eq(reg(gic, GICD_TYPER), 9 << 19 | 256 // 32 - 1, "256 interrupts, of 10 bits")
reg(gic, GICD_TYPER, 0)
expect_eq(reg(gic, GICD_TYPER), 9 << 19 | 256 // 32 - 1, "it is read-only")
if host.has "device:ARM_VGIC_ITS" then
	local with = fresh(1, true)
	with:set_attr(KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, 96)
	with:set_attr(CTRL, INIT)
	expect_eq(reg(with, GICD_TYPER), 15 << 19 | 1 << 17 | 96 // 32 - 1, "96 interrupts, and LPIs, of 16 bits")
end

-- Product 'K' of Arm, and KVM's own revision: 2 until 5.17, then 3.
local KVM_PRODUCT <const> = 0x4b << 24 | 0x43b
local REVISION <const> = newer and 3 or 2
expect_eq(reg(gic, GICD_IIDR), KVM_PRODUCT | REVISION << 12, "GICD_IIDR names KVM")
for revision = 0, 15 do
	local errno = (revision == REVISION or newer and revision == 2) and "OK" or "EINVAL"
	set(errno, gic, DIST, GICD_IIDR, KVM_PRODUCT | revision << 12, "revision 2 will do since 5.19, for a guest that was made by an older kernel")
	expect_eq(reg(gic, GICD_IIDR) >> 12 & 15, errno == "OK" and revision or REVISION, "what is refused changes nothing")
	gic:set_attr(DIST, GICD_IIDR, KVM_PRODUCT | REVISION << 12)
end
for _, value in ipairs {0, KVM_PRODUCT ~ 1 | REVISION << 12, KVM_PRODUCT ~ 1 << 24 | REVISION << 12} do
	set("EINVAL", gic, DIST, GICD_IIDR, value, "that is not KVM")
end

-- GICD_TYPER2.nASSGIcap: user space can take it away before the GIC is initialised, since 6.16, and never give it.
if sgis == 0 then
	set("OK", gic, DIST, GICD_TYPER2, 0, "it says so already")
	set(newest and "EBUSY" or "EINVAL", gic, DIST, GICD_TYPER2, NASSGI, "the hardware has no such SGIs, and the GIC is initialised")
	local early = fresh(1)
	set(newest and "OK" or "EBUSY", early, DIST, GICD_TYPER2, 0, "7.2 takes it before the GIC is initialised")
	for bit = 0, 31 do
		set(newest and "EINVAL" or "EBUSY", early, DIST, GICD_TYPER2, 1 << bit, "the hardware has nothing of what GICD_TYPER2 tells")
	end
else
	print "this host has GICv4.1, whose SGIs without an active state were not tried"
end

-- ---- lines and pending bits ----

-- The line of SPI 40 and PPI 20 of vCPU 1; level-triggered, so that the line and what was written are two things.
local PPI <const>, SPI <const>, SECOND <const> = 20, 40, 1 << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT
reg(gic, 0xc00 + SPI // 16 * 4, 0)
vm:irq_line {irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | SPI, level = 1}
vm:irq_line {irq = KVM_ARM_IRQ_TYPE_PPI << KVM_ARM_IRQ_TYPE_SHIFT | 1 << KVM_ARM_IRQ_VCPU_SHIFT | PPI, level = 1}
for _, case in ipairs {
	{0, 0, "vCPU 0's private lines are low"},
	{SECOND, 1 << PPI, "vCPU 1's private line is up"},
	{32, 1 << SPI - 32, "the SPI's line is up"},
	{SECOND | 32, 1 << SPI - 32, "the SPI's line is everybody's"},
	{992, 0, "there are no such interrupts"},
} do
	expect_eq(gic:get_attr(LEVEL, case[1], "u32"), case[2], case[3])
end
expect_eq(reg(gic, GICD_ISPENDR + 4), 0, "a line that is up is not latched as pending")
reg(gic, GICD_ISPENDR + 4, 1 << SPI - 32 | 1)
expect_eq(reg(gic, GICD_ISPENDR + 4), 1 << SPI - 32 | 1, "user space sets what is latched")
reg(gic, GICD_ICPENDR + 4, 0xffffffff)
expect_eq(reg(gic, GICD_ISPENDR + 4), 1 << SPI - 32 | 1, "GICD_ICPENDR does nothing for user space")
expect_eq(reg(gic, GICD_ICPENDR + 4), 0, "GICD_ICPENDR is nothing for user space")
reg(gic, GICD_ISPENDR + 4, 0)
expect_eq(reg(gic, GICD_ISPENDR + 4), 0, "user space sets all that is latched, up and down")
gic:set_attr(LEVEL, 32, 1 << 5)
expect_eq(gic:get_attr(LEVEL, 32, "u32"), 1 << 5, "user space sets lines, up and down")
expect_eq(gic:get_attr(LEVEL, SECOND, "u32"), 1 << PPI, "other lines are as they were")
for _, intid in ipairs {1, 16, 31, 33} do
	get("EINVAL", gic, LEVEL, intid, "lines come by 32")
	set("EINVAL", gic, LEVEL, intid, 0, "lines come by 32")
end
for info = 1, 3 do
	local attr = info << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT
	expect_errno("ENXIO", gic.has_device_attr, gic, {group = LEVEL, attr = attr}, "nothing else is told of lines")
	get("EINVAL", gic, LEVEL, attr, "nothing else is told of lines")
end

-- ---- the CPU interface ----

local function icc(op1, crn, crm, op2)
	return 3 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2
end

local ICC_SRE <const>, ICC_CTLR <const>, ICC_PMR <const> = icc(0, 12, 12, 5), icc(0, 12, 12, 4), icc(0, 4, 6, 0)
local REGISTERS <const> = {
	ICC_PMR_EL1 = ICC_PMR, ICC_BPR0_EL1 = icc(0, 12, 8, 3), ICC_AP0R0_EL1 = icc(0, 12, 8, 4), ICC_AP1R0_EL1 = icc(0, 12, 9, 0),
	ICC_BPR1_EL1 = icc(0, 12, 12, 3), ICC_CTLR_EL1 = ICC_CTLR, ICC_SRE_EL1 = ICC_SRE, ICC_IGRPEN0_EL1 = icc(0, 12, 12, 6),
	ICC_IGRPEN1_EL1 = icc(0, 12, 12, 7),
}
for cpu = 0, 1 do
	for name, id in pairs(REGISTERS) do
		local attr = cpu << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT | id
		expect_ok(gic.has_device_attr, gic, {group = SYSREGS, attr = attr}, name .. " is there")
		local value = gic:get_attr(SYSREGS, attr)
		expect_ok(gic.set_attr, gic, SYSREGS, attr, value, name .. " takes its own value")
		expect_eq(gic:get_attr(SYSREGS, attr), value, name .. " takes its own value")
	end
end
gic:set_attr(SYSREGS, ICC_PMR, 0xf0)
expect_eq(gic:get_attr(SYSREGS, ICC_PMR), 0xf0, "the mask of priorities can be set")
expect_eq(gic:get_attr(SYSREGS, SECOND | ICC_PMR), 0, "each vCPU has its own")
expect_eq(gic:get_attr(SYSREGS, ICC_SRE), 7, "there is no other interface but system registers")
for _, value in ipairs {0, 6} do
	set("EINVAL", gic, SYSREGS, ICC_SRE, value, "there is no other interface but system registers")
end
local ctlr = gic:get_attr(SYSREGS, ICC_CTLR)
for _, value in ipairs {ctlr | 7 << 8, ctlr | 7 << 11, ctlr ~ 1 << 14, ctlr ~ 1 << 15} do
	set("EINVAL", gic, SYSREGS, ICC_CTLR, value, "PRIbits and IDbits are not more than the host's, SEIS and A3V the same")
end
expect_errno("ENXIO", gic.has_device_attr, gic, {group = SYSREGS, attr = icc(0, 12, 12, 0)}, "ICC_IAR1_EL1 has no state")
expect_errno({"ENXIO", "ENOENT"}, gic.get_attr, gic, SYSREGS, icc(0, 12, 12, 0), "ICC_IAR1_EL1 has no state; the document says ENXIO")

-- ---- a vCPU is running ----

local code = asm {
	at = 0x80000000,
	arm64 = [[
		b .
	]],
}
gic, vm = fresh(0)
vm:memory({gpa = 0x80000000}):load(code)
local vcpu = vm:vcpu(0):start(code.at)
gic:set_attr(ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x8000000)
gic:set_attr(ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x80a0000)
gic:set_attr(CTRL, INIT)
local running = thread(vcpu, "KVM_RUN")
local last = host.now() + 5
repeat
	host.sleep(0.005)
until not pcall(gic.get_attr, gic, DIST, GICD_TYPER, "u32") or host.now() > last
for group, attr in pairs {[DIST] = GICD_TYPER, [REDIST] = 8, [SYSREGS] = ICC_PMR, [LEVEL] = 0} do
	get("EBUSY", gic, group, attr, "vCPU 0 is running")
	set("EBUSY", gic, group, attr, 0, "vCPU 0 is running")
end
expect_errno("EBUSY", gic.set_attr, gic, CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, "vCPU 0 is running")
running:kick()
running:join()
get("OK", gic, DIST, GICD_TYPER, "it is not any more")
