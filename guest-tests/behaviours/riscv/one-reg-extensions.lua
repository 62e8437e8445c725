-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/one-reg-extensions", arch = "riscv",
	title = "ISA_EXT and SBI_EXT: which extensions a guest can be given or denied, one by one and 64 at once, until it runs",
	fixes = "KVM RISC-V Support (KVM_REG_RISCV_ISA_EXT, KVM_REG_RISCV_SBI_EXT)",
	seen_failing = "fails with the test that the vCPU has not run taken out (lab/revert riscv/one-reg-extensions)",
}

local newer = host.at_least("7.2")
local MAX <const> = 200 -- far beyond the last extension
local ISA <const>, SBI <const> = KVM_REG_RISCV_ISA_EXT, KVM_REG_RISCV_SBI_EXT
local EN <const>, DIS <const> = KVM_REG_RISCV_ISA_MULTI_EN, KVM_REG_RISCV_ISA_MULTI_DIS -- SBI_EXT's are the same

local function id(kind, number, subtype)
	return KVM_REG_RISCV | KVM_REG_SIZE_U64 | kind | (subtype or 0) | number
end

local function set(errno, vcpu, reg, value, reason)
	return expect_errno(errno, vcpu.reg, vcpu, reg, value, reason)
end

local function run(vcpu)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "immediate_exit is set")
end

-- The extensions of a vCPU that are listed, by number: their value.
local function listed(vcpu, kind)
	local list, found, most = struct("kvm_reg_list", 1024, {n = 1024}), {}, 0
	vcpu:get_reg_list(list)
	for i = 0, list.n - 1 do
		if list.reg[i] & (KVM_REG_RISCV_TYPE_MASK | KVM_REG_RISCV_SUBTYPE_MASK) == kind then
			local number = list.reg[i] & 0xffff
			found[number] = vcpu:reg(list.reg[i])
			most = math.max(most, number)
		end
	end
	return found, most
end

local function bits(found, word)
	local value = 0
	for number, on in pairs(found) do
		if number // 64 == word then
			value = value | on << number % 64
		end
	end
	return value
end

-- ---- what both have in common ----

local function common(kind, last)
	local vcpu = kvm.vm():vcpu(0)
	local found, most = listed(vcpu, kind)
	expect(most > 0 and most <= last, "each that is listed is known")
	for number = 0, MAX do
		if found[number] then
			expect(found[number] == 0 or found[number] == 1, "an extension is there for the guest, or not")
			set("OK", vcpu, id(kind, number), found[number], "that is no change")
			set("EINVAL", vcpu, id(kind, number), 2, "it is there or not")
		else
			expect_errno("ENOENT", vcpu.reg, vcpu, id(kind, number), "what the host lacks, no guest has")
		end
	end
	-- 64 at once: what is on, and the opposite of that, with ones for what there is not.
	for word = 0, last // 64 do
		local on = bits(found, word)
		if word > most // 64 and word > 0 then
			-- Whether there is a word more depends on how many this kernel knows, not on how many the host has.
			break
		end
		expect_eq(vcpu:reg(id(kind, word, EN)), on, "a bit for each that is on")
		expect_eq(vcpu:reg(id(kind, word, DIS)), ~on, "a bit for each that is off")
		set("OK", vcpu, id(kind, word, EN), on, "that is no change")
		set("OK", vcpu, id(kind, word, DIS), ~on, "that is no change")
		expect_eq(vcpu:reg(id(kind, word, EN)), on, "all is as before")
	end
	for _, subtype in ipairs {EN, DIS} do
		for _, word in ipairs {last // 64 + 1, 0xff} do
			expect_errno("ENOENT", vcpu.reg, vcpu, id(kind, word, subtype), "there are not as many")
			set("ENOENT", vcpu, id(kind, word, subtype), 0, "there are not as many")
		end
	end
	return vcpu, found
end

-- ---- ISA ----

local E = {}
for _, name in ipairs {"A", "C", "D", "F", "H", "I", "M", "SVPBMT", "SSTC", "ZICBOM", "ZICBOZ", "SSAIA", "V", "SMSTATEEN", "SSCOFPMF", "SMNPM",
	"SVADE", "SVADU", "ZCLSD", "ZILSD"} do
	E[name] = _ENV["KVM_RISCV_ISA_EXT_" .. name]
end

local vcpu, isa = common(ISA, KVM_RISCV_ISA_EXT_MAX - 1)
for _, name in ipairs {"I", "M", "A", "F", "D", "C"} do
	expect_eq(isa[E[name]], 1, name .. ": the host runs Debian, and its guests have what it has")
end
expect_eq(isa[E.H], 0, "KVM has no nested virtualization")

-- Those that can be denied to a guest: there is a bit of the hypervisor's for them, or of the FPU's. AIA goes by Smstateen's bits.
-- SVADE and SVADU are for each other to decide; whether KVM has hardware updates of page tables is not to be seen from here.
local CAN_GO <const> = {[E.D] = true, [E.F] = true, [E.V] = true, [E.SVPBMT] = true, [E.ZICBOM] = true, [E.ZICBOZ] = true, [E.SMSTATEEN] = true,
	[E.SMNPM] = true, [E.ZCLSD] = true, [E.ZILSD] = true, [E.SSAIA] = isa[E.SMSTATEEN] ~= nil}
for number, on in pairs(isa) do
	if number == E.H then
		set("EINVAL", vcpu, id(ISA, number), 1, "KVM has no nested virtualization")
	elseif number == E.SVADE or number == E.SVADU then
		set({"OK", "EINVAL"}, vcpu, id(ISA, number), 1 - on, "it depends on how the host's page tables are updated")
	elseif on == 1 and CAN_GO[number] then
		set("OK", vcpu, id(ISA, number), 0, ("extension %d can be denied to the guest"):format(number))
		expect_eq(vcpu:reg(id(ISA, number)), 0, "it is off")
		set("OK", vcpu, id(ISA, number), 1, "and it can be given back")
		expect_eq(vcpu:reg(id(ISA, number)), 1, "it is on")
	elseif on == 1 then
		set("EINVAL", vcpu, id(ISA, number), 0, ("nothing takes extension %d away from a guest"):format(number))
		expect_eq(vcpu:reg(id(ISA, number)), 1, "it is on")
	end
end

-- 64 at once: those that cannot be changed are passed over in silence.
vcpu = kvm.vm():vcpu(0)
isa = listed(vcpu, ISA)
local fixed = bits(isa, 0)
for number in pairs(CAN_GO) do
	fixed = number < 64 and fixed & ~(1 << number) or fixed
end
set("OK", vcpu, id(ISA, 0, DIS), -1, "some of them can be denied")
expect_eq(vcpu:reg(id(ISA, 0, EN)) & fixed, fixed, "the others are still there")
expect_eq(vcpu:reg(id(ISA, 0, EN)) & (1 << E.F | 1 << E.D), 0, "these are gone")
expect_errno("ENOENT", vcpu.reg, vcpu, KVM_REG_RISCV | KVM_REG_SIZE_U32 | KVM_REG_RISCV_FP_F, "the guest has no F")
set("OK", vcpu, id(ISA, 0, EN), 1 << E.F | 1 << E.D | 1 << E.H, "some of them can be given")
expect_eq(vcpu:reg(id(ISA, 0, EN)) & (1 << E.F | 1 << E.D | 1 << E.H), 1 << E.F | 1 << E.D, "those that can")
set("OK", vcpu, id(ISA, 0, DIS), 1 << E.D, "one of them")
expect_eq(vcpu:reg(id(ISA, E.D)), 0, "it is off when it is asked for alone, too")

-- The letters are CONFIG's isa as well.
local CONFIG <const> = KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CONFIG
expect_eq(vcpu:reg(CONFIG) >> 3 & 1, 0, "D is off there")
vcpu:reg(CONFIG, vcpu:reg(CONFIG) | 1 << 3)
expect_eq(vcpu:reg(id(ISA, E.D)), 1, "D was turned on there")

-- Once it has run.
isa = listed(vcpu, ISA)
run(vcpu)
for number, on in pairs(isa) do
	set("OK", vcpu, id(ISA, number), on, "that is no change")
	set("EBUSY", vcpu, id(ISA, number), 1 - on, "the guest has run")
end
local on = vcpu:reg(id(ISA, 0, EN))
for _, subtype in ipairs {EN, DIS} do
	set("OK", vcpu, id(ISA, 0, subtype), -1, "what cannot be changed is passed over in silence")
	expect_eq(vcpu:reg(id(ISA, 0, EN)), on, "nothing has changed")
end

-- ---- SBI ----

local S = {}
for _, name in ipairs {"V01", "TIME", "IPI", "RFENCE", "SRST", "HSM", "PMU", "EXPERIMENTAL", "VENDOR", "DBCN", "STA", "SUSP", "FWFT", "MPXY"} do
	S[name] = _ENV["KVM_RISCV_SBI_EXT_" .. name]
end

local sbi
vcpu, sbi = common(SBI, KVM_RISCV_SBI_EXT_MAX - 1)
-- What user space must have asked for before it comes is off.
for _, name in ipairs {"V01", "TIME", "IPI", "RFENCE", "SRST", "HSM", "EXPERIMENTAL", "VENDOR"} do
	expect_eq(sbi[S[name]], 1, name .. " is on")
end
for _, name in ipairs {"DBCN", "SUSP", "MPXY"} do
	expect_eq(sbi[S[name]], (name == "DBCN" or newer) and 0 or nil, name .. " is off, for user space must answer it")
end
for number, is in pairs(sbi) do
	set("OK", vcpu, id(SBI, number), 1 - is, "each can be turned on and off")
	expect_eq(vcpu:reg(id(SBI, number)), 1 - is, "it is as it was written")
	set("OK", vcpu, id(SBI, number), is, "and back")
end
for _, number in ipairs {KVM_RISCV_SBI_EXT_MAX, 63, 0xffff} do
	set("ENOENT", vcpu, id(SBI, number), 0, "there is no such extension")
	set("EINVAL", vcpu, id(SBI, number), 2, "the value is looked at first")
end
local all = 0
for number in pairs(sbi) do
	all = all | 1 << number
end
set("OK", vcpu, id(SBI, 0, DIS), -1, "those that there are not are passed over")
expect_eq(vcpu:reg(id(SBI, 0, EN)), 0, "all are off")
set("OK", vcpu, id(SBI, 0, EN), -1, "those that there are not are passed over")
expect_eq(vcpu:reg(id(SBI, 0, EN)), all, "all are on")
run(vcpu)
for number in pairs(sbi) do
	expect_eq(vcpu:reg(id(SBI, number)), 1, "it can still be read")
	set("EBUSY", vcpu, id(SBI, number), 1, "the guest has run, and even the same is a change")
end
for _, subtype in ipairs {EN, DIS} do
	set("EBUSY", vcpu, id(SBI, 0, subtype), 0, "the guest has run")
end
