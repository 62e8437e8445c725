-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/mmio", arch = "riscv",
	title = "Each load and store, compressed or not, of each register, leaves the guest with its width and value, and a load gets user space's answer",
	fixes = "KVM RISC-V Support (\"RISC-V: KVM: Handle MMIO exits for VCPU\")",
	seen_failing = "fails where a compressed load is taken for a long one (lab/revert riscv/mmio)",
}

local HOLE <const>, TOLD <const> = 0x50000, 0x60000
local NAMES <const> = {"ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
	"s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"}

-- One access at each label, behind which the guest tells a0 by a store of 8 bytes. Whoever takes an access for longer or
-- shorter than it is goes on in the middle of that jump.
local code = asm {
	at = 0x1000,
	riscv = [[
		.option norvc
		.irp i, lb, lbu, lh, lhu, lw, lwu, ld, sb, sh, sw, sd
	do_\i:	\i a0, 0(s0)
		j told
		.endr
		.irp i, lw, ld, sw, sd
		.option rvc
	do_c_\i: c.\i a0, 0(s0)
		.option norvc
		j told
		.option rvc
	do_c_\i\()sp: c.\i\()sp a0, 8(sp)
		.option norvc
		j told
		.endr

		.irp r, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
	ld_\r:	ld \r, 0(s0)
		mv a0, \r
		j told
	sd_\r:	sd \r, 0(s1)
		j told
		.option rvc
	ldsp_\r: c.ldsp \r, 16(sp)
		.option norvc
		mv a0, \r
		j told
		.option rvc
	sdsp_\r: c.sdsp \r, 16(sp)
		.option norvc
		j told
		.endr
		.irp r, s0, s1, a0, a1, a2, a3, a4, a5
		.option rvc
	cld_\r:	c.ld \r, 0(s0)
		.option norvc
		mv a0, \r
		j told
		.option rvc
	csd_\r:	c.sd \r, 0(s1)
		.option norvc
		j told
		.endr

	far:	lw a0, 0x7f8(s0)
		j told
	near:	lw a0, -0x800(s0)
		j told
	odd_load: lw a0, 1(s0)
		j told
	odd_store: sh a0, 1(s0)
		j told
	atomic:	amoadd.w a0, a0, (s0)
		j told
	reserved: lr.w a0, (s0)
		j told
	fpu:	fld f0, (s0)
		j told
	fetch:	jr s0
		.balign 64
	trap:	csrr a0, scause
	told:	li t0, 0x60000
		sd a0, (t0)
	]],
}

local vm = kvm.vm()
vm:memory({gpa = 0, size = 0x10000}):load(code)
local vcpu = vm:vcpu(0)

-- What has been handled ends, so that the program counter can be set.
local function settle()
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "the access before ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
end

local function go(label, registers)
	settle()
	for name, value in pairs(registers) do
		vcpu:reg(name, value)
	end
	vcpu:start(code[label])
end

-- The access at a label, in words, by its width; a store has a value.
local function expect_access(text, gpa, size, value)
	local exit = vcpu:run("KVM_EXIT_MMIO", text .. ": nothing is there")
	expect_eq(exit.mmio.phys_addr, gpa, text .. ": that is its address")
	expect_eq(exit.mmio.len, size, text .. ": that is its width")
	expect_eq(exit.mmio.is_write ~= 0, value ~= nil, text .. ": loads and stores are told apart")
	if value then
		expect_eq(vcpu:data(), value, text .. ": that is what it stores")
	end
end

local function expect_told(value, reason)
	local exit = vcpu:run("KVM_EXIT_MMIO", "the guest tells a0")
	expect_eq(exit.mmio.phys_addr, TOLD, "the access was one instruction of its own length")
	expect_eq(vcpu:data(), value, reason)
end

local function low(value, size)
	return size == 8 and value or value & (1 << 8 * size) - 1
end

-- ---- widths ----

local WIDTHS <const> = {b = 1, h = 2, w = 4, d = 8}
local VALUES <const> = {0, 0x0123456789abcdef, 0x7f6f5f4f3f2f1f0f, -1, 0x8080808080808080}
for _, name in ipairs {"lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "c_lw", "c_lwsp", "c_ld", "c_ldsp"} do
	local size = WIDTHS[name:match "^c?_?l(.)"]
	local signed = not name:find "u$" and size < 8
	for _, value in ipairs(VALUES) do
		value = low(value, size)
		-- Those with the highest bit are riscv/mmio-sign's.
		if not signed or value >> 8 * size - 1 == 0 then
			go("do_" .. name, {S0 = HOLE, SP = HOLE, A0 = ~value})
			expect_access(name, HOLE + (name:find "sp$" and 8 or 0), size)
			vcpu:data(value)
			expect_told(value, name .. ": all of the register is user space's answer")
		end
	end
end
for _, name in ipairs {"sb", "sh", "sw", "sd", "c_sw", "c_swsp", "c_sd", "c_sdsp"} do
	local size = WIDTHS[name:match "^c?_?s(.)"]
	for _, value in ipairs(VALUES) do
		go("do_" .. name, {S0 = HOLE, SP = HOLE, A0 = value})
		expect_access(name, HOLE + (name:find "sp$" and 8 or 0), size, low(value, size))
		expect_told(value, name .. ": a store leaves its register alone")
	end
end

-- ---- registers ----

for n, name in ipairs(NAMES) do
	local value = 0x1122334455667700 + n
	for _, how in ipairs {"ld_", "ldsp_", "cld_"} do
		if how ~= "cld_" or n >= 8 and n <= 15 then
			go(how .. name, {S0 = HOLE, SP = HOLE})
			expect_access(how .. name, HOLE + (how == "ldsp_" and 16 or 0), 8)
			vcpu:data(value)
			expect_told(value, ("%s%s: the answer is in x%d"):format(how, name, n))
		end
	end
	for _, how in ipairs {"sd_", "sdsp_", "csd_"} do
		if how ~= "csd_" or n >= 8 and n <= 15 then
			local base, has = how == "sdsp_" and "SP" or "S1", value
			go(how .. name, {[name:upper()] = value})
			if name:upper() == base then
				has = HOLE
			end
			vcpu:reg(base, HOLE)
			expect_access(how .. name, HOLE + (how == "sdsp_" and 16 or 0), 8, has)
			expect_told(vcpu:reg "A0", "a store leaves all registers alone")
		end
	end
end

-- ---- the address, and how often ----

go("far", {S0 = HOLE})
expect_access("far", HOLE + 0x7f8, 4)
go("near", {S0 = HOLE + 0x800})
expect_access("near", HOLE, 4)

-- KVM_RUN ends the load once, whether or not it enters the guest.
vcpu:data(0x55)
for _ = 1, 3 do
	settle()
	expect_eq(vcpu:reg "A0", 0x55, "the answer is there")
	expect_eq(vcpu:reg "PC", code.near + 4, "the guest stands behind its load")
end
expect_told(0x55, "and goes on there")

-- ---- what KVM does not emulate ----

for label, errno in pairs {odd_load = "EIO", odd_store = "EIO", atomic = "EOPNOTSUPP", reserved = "EOPNOTSUPP", fpu = "EOPNOTSUPP"} do
	go(label, {S0 = HOLE})
	vcpu:csr("sstatus", 1 << 13)
	for _ = 1, 2 do
		expect_errno(errno, vcpu.run, vcpu, label .. ": it is not aligned, or does more than load or store a general register")
		expect_eq(vcpu:reg "PC", code[label], "the guest stands at it")
	end
end

-- An instruction that is nowhere: KVM_RUN fails, or the guest has an instruction access fault (1) since 7.2 (gstage_page_fault()).
go("fetch", {S0 = HOLE})
vcpu:csr("stvec", code.trap)
if host.at_least("7.2") then
	expect_told(1, "an instruction access fault")
else
	expect_errno("EOPNOTSUPP", vcpu.run, vcpu, "nothing can be fetched there")
end
