-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/one-reg-guest", arch = "riscv",
	title = "A guest sees the registers that user space has written, and user space those that the guest has, at the first run and later",
	fixes = "KVM RISC-V Support (KVM_GET_ONE_REG, KVM_SET_ONE_REG)",
	seen_failing = "fails where sscratch is not loaded (lab/revert riscv/one-reg-guest)",
}

local TABLE <const>, PAGE_TABLE <const> = 0x3000, 0x4000
-- The guest stores all its registers, gives itself others, and is back.
local code = asm {
	at = 0x1000,
	riscv = [[
	begin:
		.set slot, 8
		.irp r, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
		sd \r, slot(t6)
		.set slot, slot + 8
		.endr
		.irp c, sstatus, sie, stvec, sscratch, sepc, scause, stval, sip, satp, scounteren, 0x10a, time, fcsr
		csrr t0, \c
		sd t0, slot(t6)
		.set slot, slot + 8
		.endr
		.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
		fsd f\n, slot(t6)
		.set slot, slot + 8
		.endr
		.irp f, 4, 5, 6
		li a6, \f
		li a7, 0x10
		ecall
		sd a1, slot(t6)
		.set slot, slot + 8
		.endr

		li t0, -4
		xor t0, t0, t6
		csrc sip, 2
		csrw sepc, t0
		csrw stval, t0
		csrw sscratch, t0
		li t1, 13
		csrw scause, t1
		li t1, 0x200
		csrw sie, t1
		li t1, 0x2040
		csrw stvec, t1
		li t1, 5
		csrw scounteren, t1
		csrw 0x10a, zero
		li t1, 0x40000
		csrc sstatus, t1
		fmv.d.x f7, t0
		li t1, 0x42
		csrw fcsr, t1
		li t0, 0x50000
		sd t0, (t0)
		.irp r, ra, sp, gp, tp, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
		not \r, \r
		.endr
	second:	sd t1, (t0)
	]],
}
-- In the order of the guest's stores, from 32 on.
local CSRS <const> = {"sstatus", "sie", "stvec", "sscratch", "sepc", "scause", "stval", "sip", "satp", "scounteren", "senvcfg"}

local function id(kind, number, size)
	return KVM_REG_RISCV | (size or KVM_REG_SIZE_U64) | kind | number
end
local TIME <const>, F7 <const>, FCSR <const> = id(KVM_REG_RISCV_TIMER, 1), id(KVM_REG_RISCV_FP_D, 7), id(KVM_REG_RISCV_FP_D, 32, KVM_REG_SIZE_U32)
local function x(number) return id(KVM_REG_RISCV_CORE, number) end
local function config(name) return id(KVM_REG_RISCV_CONFIG, offsetof("kvm_riscv_config", name) // 8) end

local vm = kvm.vm()
local ram = vm:memory {gpa = 0, size = 0x10000}
ram:load(code)
-- Sv39: the first GiB as it is, by one leaf that has been accessed and written (V, R, W, X, A, D).
ram:u64(PAGE_TABLE, 0xcf)
local vcpu = vm:vcpu(0)

-- SPIE, SPP, the FPU on, SUM, MXR: what a supervisor may set without being interrupted or trapped at once.
local SSTATUS <const> = 1 << 5 | 1 << 8 | 1 << 13 | 1 << 18 | 1 << 19
local WRITTEN <const> = {
	{sstatus = SSTATUS, sie = 1 << 1 | 1 << 5 | 1 << 9, stvec = 0x2000, sscratch = 0x0123456789abcdef, sepc = 0x5678, scause = 1 << 63 | 9,
		stval = -2, sip = 1 << 1, satp = 8 << 60 | PAGE_TABLE >> 12, scounteren = 2, senvcfg = 1},
	{sstatus = SSTATUS & ~(1 << 19), sie = 1 << 5, stvec = 0x2100, sscratch = -1, sepc = 0x1234, scause = 15,
		stval = 7, sip = 1 << 9, satp = 0, scounteren = 7, senvcfg = 0},
}

for n, name in ipairs {"mvendorid", "marchid", "mimpid"} do
	vcpu:reg(config(name), 0x1000000 + n)
end

for round, csrs in ipairs(WRITTEN) do
	-- The second time the vCPU is where it was, with nothing else having run there: what is new must get there all the same.
	for n = 1, 30 do
		vcpu:reg(x(n), round << 60 | n << 32 | 0x80000000)
	end
	vcpu:reg(x(31), TABLE)
	vcpu:reg(x(0), code.begin)
	for name, value in pairs(csrs) do
		vcpu:csr(name, value)
	end
	for n = 0, 31 do
		vcpu:reg(id(KVM_REG_RISCV_FP_D, n), round << 52 | n)
	end
	vcpu:reg(FCSR, 0x61)
	vcpu:reg(TIME, round << 40)

	vcpu:run("KVM_EXIT_MMIO", "the guest has stored all that it saw")
	local function saw(n)
		return ram:u64(TABLE + 8 * n)
	end
	for n = 1, 30 do
		expect_eq(saw(n), round << 60 | n << 32 | 0x80000000, ("x%d is what user space wrote"):format(n))
	end
	for i, name in ipairs(CSRS) do
		-- Others of sstatus are read only, or tell what the FPU has been through.
		local mask = name == "sstatus" and SSTATUS & ~(3 << 13) or -1
		expect_eq(saw(31 + i) & mask, csrs[name] & mask, ("round %d: %s is what user space wrote"):format(round, name))
	end
	local now = saw(32 + #CSRS)
	expect(now >= round << 40 and now < (round << 40) + 20 * vcpu:reg(id(KVM_REG_RISCV_TIMER, 0)), "the time goes on from what user space wrote")
	expect_eq(saw(33 + #CSRS), 0x61, "fcsr is what user space wrote")
	for n = 0, 31 do
		expect_eq(saw(34 + #CSRS + n), round << 52 | n, ("f%d is what user space wrote"):format(n))
	end
	for n = 1, 3 do
		expect_eq(saw(65 + #CSRS + n), 0x1000000 + n, "the SBI gives the machine's ids as user space wrote them")
	end

	local new <const> = -4 ~ TABLE
	for name, value in pairs {sepc = new, stval = new, sscratch = new, scause = 13, sie = 0x200, stvec = 0x2040, scounteren = 5, senvcfg = 0} do
		expect_eq(vcpu:csr(name), value, name .. " is what the guest wrote")
	end
	expect_eq(vcpu:csr "sip", round == 2 and 1 << 9 or 0, "the guest has taken its software interrupt back; the external one is not its own")
	expect_eq(vcpu:csr "satp", csrs.satp, "the guest has left satp alone")
	expect_eq(vcpu:csr "sstatus" & 1 << 18, 0, "the guest has taken SUM back")
	expect_eq(vcpu:reg(F7), new, "f7 is what the guest wrote")
	expect_eq(vcpu:reg(FCSR), 0x42, "fcsr is what the guest wrote")

	local before = {}
	for n = 1, 31 do
		before[n] = vcpu:reg(x(n))
	end
	vcpu:run("KVM_EXIT_MMIO", "the guest has turned its registers round")
	for n = 1, 31 do
		expect_eq(vcpu:reg(x(n)), n == 5 and 0x50000 or ~before[n], ("x%d is what the guest has made of it"):format(n))
	end
	expect_eq(vcpu:reg(x(0)), code.second, "the guest stands at its store, which ends when it goes on")
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "the store ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
end

-- ---- the mode ----

-- What a supervisor may do makes a user trap; the trap's handler is a supervisor.
local user = asm {
	at = 0x8000,
	riscv = [[
		csrr t0, sscratch
		.balign 64
	trap:	li t0, 0x50000
		csrr t1, scause
		sd t1, (t0)
		csrr t1, sstatus
		sd t1, (t0)
		csrr t1, sepc
		sd t1, (t0)
	]],
}
for _, mode in ipairs {KVM_RISCV_MODE_U, KVM_RISCV_MODE_S} do
	vcpu = kvm.vm():vcpu(0)
	vcpu.vm:memory({gpa = 0, size = 0x10000}):load(user)
	vcpu:start(user.at)
	vcpu:csr("stvec", user.trap)
	vcpu:csr("scause", 0x55)
	vcpu:reg(id(KVM_REG_RISCV_CORE, offsetof("kvm_riscv_core", "mode") // 8), mode)
	vcpu:run("KVM_EXIT_MMIO", "the guest tells its scause")
	local trapped = mode == KVM_RISCV_MODE_U
	expect_eq(vcpu:data(), trapped and 2 or 0x55, "to a user the CSR is an illegal instruction, to a supervisor it is not")
	vcpu:run("KVM_EXIT_MMIO", "the guest tells its sstatus")
	expect_eq(vcpu:data() & 1 << 8, 0, "SPP: nothing, or a user, was interrupted")
	vcpu:run("KVM_EXIT_MMIO", "the guest tells its sepc")
	expect_eq(vcpu:data(), trapped and user.at or 0, "the program counter of the trap")
	expect_eq(vcpu:reg(id(KVM_REG_RISCV_CORE, offsetof("kvm_riscv_core", "mode") // 8)), KVM_RISCV_MODE_S, "the handler is a supervisor")
end

-- ---- an extension that the guest was denied ----

local fpu = asm {
	at = 0x8000,
	riscv = [[
		fmv.d.x f0, zero
		li t1, 0x55
		j tell
		.balign 64
	trap:	csrr t1, scause
	tell:	li t0, 0x50000
		sd t1, (t0)
	]],
}
-- Before 7.2 such a trap takes the way by the host's firmware, for KVM does not delegate it (KVM_HEDELEG_DEFAULT), and QEMU does not
-- let firmware leave the guest (mstatus.MPV): the guest goes on at an address of the host's.
for _, denied in ipairs(host.at_least("7.2") and {false, true} or {false}) do
	vcpu = kvm.vm():vcpu(0)
	vcpu.vm:memory({gpa = 0, size = 0x10000}):load(fpu)
	vcpu:start(fpu.at)
	vcpu:csr("stvec", fpu.trap)
	vcpu:csr("sstatus", 1 << 13)
	if denied then
		vcpu:reg(config "isa", vcpu:reg(config "isa") & ~(1 << 3 | 1 << 5))
	end
	vcpu:run("KVM_EXIT_MMIO", "the guest tells whether it can use the FPU")
	expect_eq(vcpu:data(), denied and 2 or 0x55, "without F and D what uses the FPU is an illegal instruction")
end
