-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/one-reg", arch = "riscv",
	title = "A vCPU's registers: each of the list can be read and written back; wrong ids, sizes and values have their errno, before and after the first run",
	fixes = "KVM RISC-V Support (KVM_GET_ONE_REG, KVM_SET_ONE_REG, KVM_GET_REG_LIST)",
	seen_failing = "fails with the test of the isa register taken out (lab/revert riscv/one-reg)",
}

local TYPES <const> = {
	CONFIG = KVM_REG_RISCV_CONFIG, CORE = KVM_REG_RISCV_CORE, CSR = KVM_REG_RISCV_CSR, TIMER = KVM_REG_RISCV_TIMER,
	FP_F = KVM_REG_RISCV_FP_F, FP_D = KVM_REG_RISCV_FP_D, ISA_EXT = KVM_REG_RISCV_ISA_EXT, SBI_EXT = KVM_REG_RISCV_SBI_EXT,
}
local U32 <const>, U64 <const> = KVM_REG_SIZE_U32, KVM_REG_SIZE_U64
local ONES <const> = -1
-- 7.2 has what was changed in between: see each place.
local newer = host.at_least("7.2")

local function id(kind, number, size)
	return KVM_REG_RISCV | (size or U64) | kind | number
end

local function get(errno, vcpu, reg, reason)
	return expect_errno(errno, vcpu.reg, vcpu, reg, reason)
end

local function set(errno, vcpu, reg, value, reason)
	return expect_errno(errno, vcpu.reg, vcpu, reg, value, reason)
end

-- Neither read nor written.
local function neither(errno, vcpu, reg, reason)
	get(errno, vcpu, reg, reason)
	set(errno, vcpu, reg, 0, reason)
end

-- As far as the guest's first instruction, after which the vCPU has run.
local function run(vcpu)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "immediate_exit is set")
	vcpu.kvm_run.immediate_exit = 0
end

local function list_of(vcpu)
	local list = struct("kvm_reg_list", 1024, {n = 1024})
	vcpu:get_reg_list(list)
	return list
end

-- ---- the list ----

local vcpu = kvm.vm():vcpu(0)
local list = list_of(vcpu)
for _, room in ipairs {0, 1, list.n - 1} do
	local short = struct("kvm_reg_list", 1024, {n = room})
	expect_errno("E2BIG", vcpu.get_reg_list, vcpu, short, ("there are more than %d"):format(room))
	expect_eq(short.n, list.n, "the number that there is room needed for is told")
end
expect_ok(vcpu.get_reg_list, vcpu, struct("kvm_reg_list", list.n, {n = list.n}), "that is just enough")
expect_errno("EFAULT", vcpu.get_reg_list, vcpu, NULL, "there is nothing at NULL")

-- All of CORE and CSR, whose number is the ABI's; of the others, as many as the host has.
local count, seen = {}, {}
for i = 0, list.n - 1 do
	local reg = list.reg[i]
	expect(not seen[reg], ("0x%x is listed once"):format(reg))
	expect_eq(reg & KVM_REG_ARCH_MASK, KVM_REG_RISCV, "it is a register of RISC-V")
	seen[reg] = true
	local kind = reg & (KVM_REG_RISCV_TYPE_MASK | (reg & KVM_REG_RISCV_TYPE_MASK == KVM_REG_RISCV_CSR and KVM_REG_RISCV_SUBTYPE_MASK or 0))
	count[kind] = (count[kind] or 0) + 1
end
expect_eq(count[KVM_REG_RISCV_CORE], sizeof("kvm_riscv_core") // 8, "31 registers, the program counter, and the mode")
expect_eq(count[KVM_REG_RISCV_CSR], sizeof("kvm_riscv_csr") // 8, "each member of struct kvm_riscv_csr")
expect_eq(count[KVM_REG_RISCV_TIMER], 4, "each member of struct kvm_riscv_timer")
expect_eq(count[KVM_REG_RISCV_FP_F], 33, "32 registers and fcsr")
expect_eq(count[KVM_REG_RISCV_FP_D], 33, "32 registers and fcsr")

-- What was read can be written, or a VMM could not restore what it has saved. After the first run what the guest can have seen
-- stays as it is: the same value is no change, but for SBI_EXT, which is not looked at then.
local STATE <const> = id(KVM_REG_RISCV_TIMER, offsetof("kvm_riscv_timer", "state") // 8)
local function write_back(after)
	for i = 0, list.n - 1 do
		local reg = list.reg[i]
		local kind, value = reg & KVM_REG_RISCV_TYPE_MASK
		if get("OK", vcpu, reg, ("0x%x is listed"):format(reg)) then
			value = vcpu:reg(reg)
		end
		if reg == STATE then
			set("EINVAL", vcpu, reg, value, "no timer runs that could be stopped (kvm_riscv_vcpu_timer_cancel())")
		elseif kind == KVM_REG_RISCV_SBI_EXT and after then
			set("EBUSY", vcpu, reg, value, "the guest may have used the SBI")
		elseif value then
			set("OK", vcpu, reg, value, ("0x%x has that value already"):format(reg))
		end
	end
end
write_back(false)
run(vcpu)
write_back(true)

-- ---- ids that there are not ----

local BAD <const> = 0xffff -- no type has as many
for _, when in ipairs {"before", "after"} do
	vcpu = kvm.vm():vcpu(0)
	if when == "after" then
		run(vcpu)
	end
	for kind = 0, 0xff do
		if kind == 0 or kind > KVM_REG_RISCV_SBI_STATE >> KVM_REG_RISCV_TYPE_SHIFT then
			neither("ENOENT", vcpu, id(kind << KVM_REG_RISCV_TYPE_SHIFT, 0), ("there is no type %d"):format(kind))
		end
	end
	for name, kind in pairs(TYPES) do
		local fp = name:sub(1, 2) == "FP"
		-- An SBI_EXT cannot be written after the first run, whatever its number.
		local written = name == "SBI_EXT" and when == "after" and "EBUSY" or "ENOENT"
		for _, number in ipairs {BAD, 0x7ff, 1 << 32, 1 << 51} do
			local reg = id(kind, number, name == "FP_F" and U32 or U64)
			get("ENOENT", vcpu, reg, ("%s has no register 0x%x"):format(name, number))
			set(written, vcpu, reg, 0, ("%s has no register 0x%x"):format(name, number))
		end
		for size = 0, 8 do
			local bits = size << KVM_REG_SIZE_SHIFT
			if bits ~= (name == "FP_F" and U32 or U64) then
				neither("EINVAL", vcpu, id(kind, 0, bits), ("%s is not %d bytes wide"):format(name, 1 << size))
			end
		end
		local none = struct("kvm_one_reg", {id = id(kind, 0, name == "FP_F" and U32 or U64)})
		expect_errno("EFAULT", vcpu.get_one_reg, vcpu, none, "there is nothing at NULL")
		expect_errno(name == "SBI_EXT" and when == "after" and "EBUSY" or "EFAULT", vcpu.set_one_reg, vcpu, none, "there is nothing at NULL")
		if not fp and name ~= "CONFIG" and name ~= "CORE" and name ~= "TIMER" then
			for subtype = 3, 0xff do
				local reg = id(kind, subtype << KVM_REG_RISCV_SUBTYPE_SHIFT)
				get("ENOENT", vcpu, reg, ("%s has no subtype %d"):format(name, subtype))
				set(written, vcpu, reg, 0, ("%s has no subtype %d"):format(name, subtype))
			end
		end
	end
	neither("EINVAL", vcpu, id(KVM_REG_RISCV_FP_D, 32, U64), "fcsr is 4 bytes wide")
	expect_errno("EFAULT", vcpu.get_one_reg, vcpu, NULL, "there is nothing at NULL")
end

-- ---- CORE ----

local function core(name)
	return id(KVM_REG_RISCV_CORE, name == "mode" and offsetof("kvm_riscv_core", "mode") // 8 or
		offsetof("kvm_riscv_core", "regs") // 8 + offsetof("user_regs_struct", name) // 8)
end

vcpu = kvm.vm():vcpu(0)
expect_eq(vcpu:reg(core "mode"), KVM_RISCV_MODE_S, "a guest begins in supervisor mode")
for n = 0, 31 do
	local reg = id(KVM_REG_RISCV_CORE, n)
	expect_eq(vcpu:reg(reg), 0, "nothing has been set yet")
	set("OK", vcpu, reg, ONES << n, "a general register, or the program counter, takes anything")
end
for n = 0, 31 do
	expect_eq(vcpu:reg(id(KVM_REG_RISCV_CORE, n)), ONES << n, "it is what was written there")
end
for value, mode in pairs {[0] = KVM_RISCV_MODE_U, [1] = KVM_RISCV_MODE_S, [3] = KVM_RISCV_MODE_U} do
	set("OK", vcpu, core "mode", value, "1 is the supervisor mode, all else the user mode")
	expect_eq(vcpu:reg(core "mode"), mode, "1 is the supervisor mode, all else the user mode")
end

-- ---- CSR ----

for _, name in ipairs {"sstatus", "sie", "stvec", "sscratch", "sepc", "scause", "stval", "satp", "senvcfg"} do
	expect_eq(vcpu:csr(name), 0, name .. " begins as 0")
end
-- What a guest's user mode may read of counters is its own business: 6.12 decided for it, 7.2 no longer does.
expect_eq(vcpu:csr "scounteren", newer and 0 or 7, "scounteren begins as 0, or with cycle, time and instret before 7.2")
for _, name in ipairs {"stvec", "sscratch", "sepc", "scause", "stval", "scounteren"} do
	for _, value in ipairs {0x123456789abcdef0, 0} do
		vcpu:csr(name, value)
		expect_eq(vcpu:csr(name), value, name .. " is what was written there")
	end
end
-- The supervisor's software, timer and external interrupt (Privileged Architecture, sip).
local INTERRUPTS <const> = 1 << 1 | 1 << 5 | 1 << 9
for _, value in ipairs {0, 1 << 1, 1 << 5, 1 << 9, INTERRUPTS} do
	vcpu:csr("sip", value)
	expect_eq(vcpu:csr "sip", value, "these interrupts wait")
end
vcpu:csr("sip", INTERRUPTS | 0xd55)
expect_eq(vcpu:csr "sip", INTERRUPTS, "bits of interrupts that a supervisor has not are not kept")
vcpu:csr("sip", 0)

local function csr(subtype, number)
	return id(KVM_REG_RISCV_CSR | subtype, number)
end
neither("ENOENT", vcpu, csr(KVM_REG_RISCV_CSR_GENERAL, sizeof("kvm_riscv_csr") // 8), "struct kvm_riscv_csr ends there")

-- Those of extensions: 6.12 gives zeroes where there is no AIA, and another errno where there is no Smstateen.
local aia = seen[csr(KVM_REG_RISCV_CSR_AIA, 0)]
for n = 0, sizeof("kvm_riscv_aia_csr") // 8 - 1 do
	local reg = csr(KVM_REG_RISCV_CSR_AIA, n)
	if aia then
		set("OK", vcpu, reg, 0x55 + n, "the host has AIA")
		expect_eq(vcpu:reg(reg), 0x55 + n, "it is what was written there")
		set("OK", vcpu, reg, 0, "the host has AIA")
	elseif newer then
		neither("ENOENT", vcpu, reg, "the host has no AIA")
	else
		set("OK", vcpu, reg, 0x55, "the host has no AIA: the value is lost")
		expect_eq(vcpu:reg(reg), 0, "the host has no AIA: the value is lost")
	end
end
neither("ENOENT", vcpu, csr(KVM_REG_RISCV_CSR_AIA, sizeof("kvm_riscv_aia_csr") // 8), "struct kvm_riscv_aia_csr ends there")
local smstateen = csr(KVM_REG_RISCV_CSR_SMSTATEEN, 0)
if seen[smstateen] then
	set("OK", vcpu, smstateen, 1 << 1, "the host has Smstateen")
	expect_eq(vcpu:reg(smstateen), 1 << 1, "it is what was written there")
else
	neither(newer and "ENOENT" or "EINVAL", vcpu, smstateen, "the host has no Smstateen")
end
neither(newer and "ENOENT" or "EINVAL", vcpu, smstateen + 1, "there is one register")

-- ---- FP ----

local function fp(letter, number)
	local kind = letter == "D" and KVM_REG_RISCV_FP_D or KVM_REG_RISCV_FP_F
	return id(kind, number, letter == "D" and number < 32 and U64 or U32)
end
for number = 0, 31 do
	set("OK", vcpu, fp("D", number), 0x4000000000000000 + number, "a register takes anything")
end
set("OK", vcpu, fp("D", 32), 0xe1, "fcsr: round to nearest, inexact")
for number = 0, 31 do
	expect_eq(vcpu:reg(fp("D", number)), 0x4000000000000000 + number, "it is what was written there")
end
expect_eq(vcpu:reg(fp("D", 32)), 0xe1, "it is what was written there")

-- ---- VECTOR ----

-- struct __riscv_v_ext_state: vstart, vl, vtype, vcsr, vlenb, and a pointer that is none of user space's; then the 32 registers.
local VLENB <const>, DATAP <const>, V0 <const> = 4, 5, 6
local function vector(number, size)
	return id(KVM_REG_RISCV_VECTOR, number, size)
end
if seen[vector(VLENB)] then
	local vlenb = vcpu:reg(vector(VLENB))
	expect(vlenb >= 16 and vlenb & vlenb - 1 == 0, "a vector has 128 bits, or twice as many, and so on")
	local size = 0
	while 1 << size < vlenb do
		size = size + 1
	end
	size = size << KVM_REG_SIZE_SHIFT
	set("OK", vcpu, vector(VLENB), vlenb, "it is the host's")
	set("EINVAL", vcpu, vector(VLENB), vlenb * 2, "it is the host's")
	for number = 0, 3 do
		set("OK", vcpu, vector(number), 3 + number, "a vector's control register")
		expect_eq(vcpu:reg(vector(number)), 3 + number, "it is what was written there")
		neither("EINVAL", vcpu, vector(number, U32), "it is 8 bytes wide")
	end
	neither("ENOENT", vcpu, vector(DATAP), "that is the kernel's own")
	for number = 0, 31 do
		set("OK", vcpu, vector(V0 + number, size), string.char(number + 1):rep(vlenb), "a register takes anything")
	end
	for number = 0, 31 do
		expect_eq(vcpu:reg(vector(V0 + number, size)), string.char(number + 1):rep(vlenb), "it is what was written there")
	end
	neither("EINVAL", vcpu, vector(V0, U64), "it is as wide as vlenb says")
	neither("ENOENT", vcpu, vector(V0 + 32, size), "there are 32")
	local without = kvm.vm():vcpu(0)
	without:reg("ISA_EXT_V", 0)
	neither("ENOENT", without, vector(VLENB), "the guest has no V")
	expect_eq(list_of(without).n, list.n - 37, "V's registers are gone from the list")
else
	for _, number in ipairs {0, VLENB, DATAP, V0, V0 + 32} do
		neither("ENOENT", vcpu, vector(number), "the host has no V")
	end
end

-- ---- TIMER ----

local function timer(name)
	return id(KVM_REG_RISCV_TIMER, offsetof("kvm_riscv_timer", name) // 8)
end
local frequency = vcpu:reg(timer "frequency")
expect(frequency > 0, "the time CSR counts")
set("OK", vcpu, timer "frequency", frequency, "it is that of the host")
for _, value in ipairs {0, frequency - 1, frequency * 2} do
	set("EINVAL", vcpu, timer "frequency", value, "KVM cannot make the guest's time run at another pace")
end
local other = vcpu.vm:vcpu(1)
for _, value in ipairs {0, 1 << 40} do
	vcpu:reg(timer "time", value)
	for _, of in ipairs {vcpu, other} do
		local now = of:reg(timer "time")
		expect(now >= value and now < value + 10 * frequency, "the time goes on from what was written, for all vCPUs of the VM")
	end
end
expect_eq(vcpu:reg(timer "compare"), ONES, "a vCPU begins with a timer that never fires")
vcpu:reg(timer "compare", 1 << 50)
expect_eq(vcpu:reg(timer "compare"), 1 << 50, "it is what was written there")
expect_eq(other:reg(timer "compare"), ONES, "each vCPU has its own")
expect_eq(vcpu:reg(timer "state"), KVM_RISCV_TIMER_STATE_OFF, "no timer runs")
neither("ENOENT", vcpu, id(KVM_REG_RISCV_TIMER, 4), "struct kvm_riscv_timer ends there")

-- ---- CONFIG ----

local function config(name)
	return id(KVM_REG_RISCV_CONFIG, offsetof("kvm_riscv_config", name) // 8)
end
local function letters(text)
	local bits = 0
	for letter in text:gmatch "." do
		bits = bits | 1 << letter:byte() - ("a"):byte()
	end
	return bits
end

vcpu = kvm.vm():vcpu(0)
local isa = vcpu:reg(config "isa")
expect_eq(isa & letters "imacfd", letters "imacfd", "RV64GC, as Debian wants it")
expect_eq(isa & letters "h", 0, "KVM has no nested virtualization")
expect_eq(isa & ~letters "abcdefghijklmnopqrstuvwxyz", 0, "letters only")
for bit = 26, 31 do
	set("EINVAL", vcpu, config "isa", isa | 1 << bit, "letters only")
end
-- What cannot be changed is left out of account: letters the host has not, H, and those that no guest can do without.
for _, without in ipairs {"h", "i", "m", "a", "c"} do
	set("OK", vcpu, config "isa", isa ~ letters(without), without .. " is as it was, which is no error")
	expect_eq(vcpu:reg(config "isa"), isa, without .. " is as it was")
end
set("OK", vcpu, config "isa", isa & ~letters "d", "a guest without D")
expect_eq(vcpu:reg(config "isa"), isa & ~letters "d", "a guest without D")
neither("ENOENT", vcpu, fp("D", 0), "the guest has no D")
get("OK", vcpu, fp("F", 0), "the guest has F")
expect_eq(list_of(vcpu).n, list.n - 33, "D's registers are gone from the list")
set("OK", vcpu, config "isa", isa & ~letters "fd", "a guest without F either")
neither("ENOENT", vcpu, fp("F", 0), "the guest has no F")
expect_eq(list_of(vcpu).n, list.n - 66, "F's registers are gone from the list")
set("OK", vcpu, config "isa", isa, "it has not run yet")
expect_eq(vcpu:reg(config "isa"), isa, "all is as before")

for _, name in ipairs {"mvendorid", "marchid", "mimpid"} do
	local before = vcpu:reg(config(name))
	set("OK", vcpu, config(name), before ~ 0x123456789, name .. " can be another machine's")
	expect_eq(vcpu:reg(config(name)), before ~ 0x123456789, "it is what was written there")
end
local satp = vcpu:reg(config "satp_mode")
expect(satp >= 8 and satp <= 10, "Sv39, Sv48 or Sv57")
for _, value in ipairs {satp - 1, satp + 1, 0} do
	set("EINVAL", vcpu, config "satp_mode", value, "it is the host's")
end
-- 6.12 has such a register only where there are such blocks; 7.2 always, and 0 says that there are none (or that it is all the same).
for _, name in ipairs {"zicbom", "zicboz", "zicbop"} do
	local reg = config(name .. "_block_size")
	if seen[reg] then
		local size = vcpu:reg(reg)
		expect(size == 0 and newer or size > 0 and size & size - 1 == 0, name .. "'s block is a power of two")
		set("OK", vcpu, reg, size, "it is the host's")
		set("EINVAL", vcpu, reg, size + 8, "it is the host's")
		set(newer and "OK" or "EINVAL", vcpu, reg, 0, "0 asks for nothing, since 7.2")
	else
		neither("ENOENT", vcpu, reg, "the host has no " .. name)
	end
end
run(vcpu)
for _, name in ipairs {"isa", "mvendorid", "marchid", "mimpid"} do
	local before = vcpu:reg(config(name))
	set("OK", vcpu, config(name), before, "that is no change")
	set("EBUSY", vcpu, config(name), before ~ letters "d", "the guest has run")
	expect_eq(vcpu:reg(config(name)), before, "it stays as it was")
end
