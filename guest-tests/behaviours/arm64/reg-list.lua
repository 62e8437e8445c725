-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/reg-list", arch = "arm64",
	title = "KVM_GET_REG_LIST: how it tells its length, that each register can be read and written back, and what each feature adds",
	seen_failing = "fails with the test that the list has room taken out: lab/revert arm64/reg-list; asked for what 7.2 gives, arm64-5.10, " ..
		"6.1 and 6.12 fail; before SP_EL2 had a name, on arm64-7.2-nested",
}

local newer = host.at_least("6.1")
local SIZES <const> = {
	[KVM_REG_ARM_CORE] = "regs", [KVM_REG_ARM_DEMUX] = "cache sizes", [KVM_REG_ARM64_SYSREG] = "system registers",
	[KVM_REG_ARM_FW] = "firmware", [KVM_REG_ARM64_SVE] = "SVE", [KVM_REG_ARM_FW_FEAT_BMAP] = "firmware features",
}

local function kind(id)
	return id & KVM_REG_ARM_COPROC_MASK
end

local function size(id)
	return 1 << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT)
end

-- ---- how long the list is ----

local MARK <const> = 0x5555555555555555

local function list_with(vcpu, n, room)
	local list = struct("kvm_reg_list", room, {n = n})
	for i = 0, room - 1 do
		list.reg[i] = MARK
	end
	local value, errno = kvm.ioctl(vcpu, "KVM_GET_REG_LIST", list)
	return list, value and "OK" or errno
end

local vm = kvm.vm()
local vcpu = vm:vcpu(0, {bare = true})
local _, errno = list_with(vcpu, 1000, 1000)
expect_eq(errno, "ENOEXEC", "the vCPU has had no KVM_ARM_VCPU_INIT, so nobody knows what it has")
expect_errno("ENOEXEC", vcpu.get_one_reg, vcpu, {id = KVM_REG_ARM_PSCI_VERSION}, "the same of one register")
expect_errno("ENOEXEC", vcpu.set_one_reg, vcpu, {id = KVM_REG_ARM_PSCI_VERSION}, "the same of one register")
vcpu:init()
expect_errno("EFAULT", vcpu.get_reg_list, vcpu, NULL, "there is nothing at NULL")

local list
list, errno = list_with(vcpu, 0, 0)
expect_eq(errno, "E2BIG", "there is room for none")
local total = list.n
expect(total > 200, "n says how many there are")
list, errno = list_with(vcpu, total - 1, total)
expect_eq(errno, "E2BIG", "there is room for all but one")
expect_eq(list.n, total, "n says how many there are")
expect_eq(list.reg[0], MARK, "a list that is too short is left alone")
list, errno = list_with(vcpu, total + 10, total + 10)
expect_eq(errno, "OK", "there is more room than needed")
expect_eq(list.n, total, "n says how many there are")
for i = total, total + 9 do
	expect_eq(list.reg[i], MARK, "what is behind the list is left alone")
end
-- The memory ends where the list does.
list, errno = list_with(vcpu, total, total)
expect_eq(errno, "OK", "there is just enough room")

-- ---- each register ----

local function ids_of(of)
	local all = list_with(of, 2000, 2000)
	local ids = {}
	for i = 0, all.n - 1 do
		ids[#ids + 1] = all.reg[i]
	end
	return ids
end

local function as_set(ids)
	local set = {}
	for _, id in ipairs(ids) do
		set[id] = true
	end
	return set
end

-- The vector lengths are settled when there is a list with them.
local READ_ONLY <const> = {[KVM_REG_ARM64_SVE_VLS] = "EPERM"}

local function check_each(of, what)
	local seen, count = {}, {}
	for _, id in ipairs(ids_of(of)) do
		local name = ("%s, register 0x%x"):format(what, id)
		expect(not seen[id], name .. " is there once")
		seen[id] = true
		expect_eq(id & KVM_REG_ARCH_MASK, KVM_REG_ARM64, name .. " is arm64's")
		expect(SIZES[kind(id)], name .. " is of a kind that there is")
		count[kind(id)] = (count[kind(id)] or 0) + 1
		-- A buffer ends before a page that nobody can touch.
		local value = buffer(size(id))
		local reg = struct("kvm_one_reg", {id = id, addr = value})
		if expect_ok(kvm.ioctl, of, "KVM_GET_ONE_REG", reg, name .. " can be read") then
			expect_errno(READ_ONLY[id] or "OK", kvm.ioctl, of, "KVM_SET_ONE_REG", reg, name .. " takes its own value")
		end
	end
	return count
end

local count = check_each(vcpu, "a plain vCPU")
-- X0 to X30, SP, PC, PSTATE, SP_EL1, ELR_EL1, five SPSRs, V0 to V31, FPSR, FPCR.
expect_eq(count[KVM_REG_ARM_CORE], 31 + 3 + 2 + 5 + 32 + 2, "struct kvm_regs has so many members")
expect_eq(count[KVM_REG_ARM_FW], 4, "PSCI's version, and workarounds 1 to 3 of SMCCC")
expect_eq(count[KVM_REG_ARM_FW_FEAT_BMAP] or 0, host.at_least("7.2") and 4 or newer and 3 or 0,
	"standard, standard hypervisor and vendor's calls since 5.19, more of the vendor's since 6.15")
expect_eq(count[KVM_REG_ARM64_SVE] or 0, 0, "nobody has asked for SVE")
local plain = as_set(ids_of(vcpu))
for name, id in pairs {CTL = KVM_REG_ARM_TIMER_CTL, CNT = KVM_REG_ARM_TIMER_CNT, CVAL = KVM_REG_ARM_TIMER_CVAL} do
	expect(plain[id], "the virtual timer's " .. name .. " is there")
end
if host.at_least("6.12") then
	for name, id in pairs {CTL = KVM_REG_ARM_PTIMER_CTL, CNT = KVM_REG_ARM_PTIMER_CNT, CVAL = KVM_REG_ARM_PTIMER_CVAL} do
		expect(plain[id], "the physical timer's " .. name .. " is there since 6.4")
	end
end

-- Neither another vCPU, nor a run, nor a reset changes the list.
local function same(of, reason)
	local ids, other = ids_of(of), {}
	for i = 0, total - 1 do
		other[i + 1] = list.reg[i]
	end
	return expect_eq(table.concat(ids, " "), table.concat(other, " "), reason)
end
same(vm:vcpu(1), "all vCPUs with the same features have the same registers")
vcpu.kvm_run.immediate_exit = 1
expect_errno("EINTR", vcpu.run, vcpu, "nothing is missing")
same(vcpu, "a run adds none")
check_each(vcpu, "a vCPU that has run")
vcpu:init()
same(vcpu, "a reset adds none")

-- ---- ids that are none ----

local function no(wanted, id, reason)
	local value = buffer(4096)
	for _, call in ipairs {"KVM_GET_ONE_REG", "KVM_SET_ONE_REG"} do
		expect_errno(wanted, kvm.ioctl, vcpu, call, struct("kvm_one_reg", {id = id, addr = value}), reason)
	end
end

local U64 <const>, U32 <const> = KVM_REG_ARM64 | KVM_REG_SIZE_U64, KVM_REG_ARM64 | KVM_REG_SIZE_U32
local X0 <const>, LAST <const> = U64 | KVM_REG_ARM_CORE, sizeof("kvm_regs") // 4
no("EINVAL", 0, "it is no architecture's")
no("EINVAL", X0 & ~KVM_REG_ARCH_MASK | KVM_REG_X86, "it is x86's")
no("EINVAL", X0 | 1 << 32, "bits 51:32 are 0")
no("EINVAL", X0 | 1, "that is in the middle of X0")
no("EINVAL", X0 & ~KVM_REG_SIZE_MASK | KVM_REG_SIZE_U32, "X0 has 64 bits")
no("EINVAL", X0 & ~KVM_REG_SIZE_MASK | KVM_REG_SIZE_U128, "X0 has 64 bits")
no("ENOENT", X0 | LAST, "that is behind struct kvm_regs")
no("ENOENT", X0 | 0xffff, "that is behind struct kvm_regs")
no("ENOENT", U64 | KVM_REG_ARM_FW | 0xffff, "the firmware has no such register")
no("ENOENT", U64 | KVM_REG_ARM_FW_FEAT_BMAP | 0xffff, "there is no such map of features")
no("ENOENT", U64 | 0x1f << KVM_REG_ARM_COPROC_SHIFT, "there is no such kind")
no("ENOENT", U64 | KVM_REG_ARM64_SYSREG | 0x3fff, "op0 is 0 there, no system register")
no("ENOENT", U64 | KVM_REG_ARM64_SYSREG | 3 << 14 | 7 << 11 | 15 << 7 | 15 << 3 | 7, "nobody has that system register")
no("ENOENT", U32 | KVM_REG_ARM64_SYSREG | 3 << 14 | 1 << 7, "SCTLR_EL1 has 64 bits")
no("ENOENT", U32 | KVM_REG_ARM_DEMUX | 0x100, "only cache sizes (0) have several values")
no("ENOENT", U64 | KVM_REG_ARM_DEMUX, "a cache size has 32 bits")
no("ENOENT", KVM_REG_ARM64_SVE_VLS, "nobody has asked for SVE")
local somewhere = struct("kvm_one_reg", {id = X0})
expect_errno("EFAULT", kvm.ioctl, vcpu, "KVM_GET_ONE_REG", somewhere, "there is nothing at NULL")
expect_errno("EFAULT", kvm.ioctl, vcpu, "KVM_SET_ONE_REG", somewhere, "there is nothing at NULL")

-- ---- what a feature adds ----

local function names(of)
	local found = {}
	for name in pairs(of:reg_names()) do
		found[name] = true
	end
	return found
end

local PLAIN <const> = names(vm:vcpu(2))

-- Registers as {"X#", 0, 30} and names, in one table; `gone` are those that a plain vCPU has instead.
local function expand(what)
	local out = {}
	for _, one in ipairs(what) do
		if type(one) == "table" then
			for n = one[2], one[3] do
				out[(one[1]:gsub("#", n))] = true
			end
		else
			out[one] = true
		end
	end
	return out
end

local function only(a, b)
	local out = {}
	for name in pairs(a) do
		if not b[name] then
			out[#out + 1] = name
		end
	end
	table.sort(out)
	return table.concat(out, " ")
end

local function adds(feature, of, added, gone)
	local now, wanted = names(of), expand(added)
	for name in pairs(PLAIN) do
		wanted[name] = true
	end
	for name in pairs(expand(gone or {})) do
		wanted[name] = nil
	end
	expect_eq(only(now, wanted), "", feature .. " adds its own registers, and no others")
	expect_eq(only(wanted, now), "", feature .. " adds all of its registers, and takes away only what they are for")
	check_each(of, feature)
end

if host.has "cap:ARM_PMU_V3" then
	local of = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_PMU_V3}})
	-- 5.10 shows them in any case.
	adds("PMU_V3", of, not newer and {} or {
		{"PMEVCNTR#_EL0", 0, 30}, {"PMEVTYPER#_EL0", 0, 30}, "PMCCFILTR_EL0", "PMCCNTR_EL0", "PMCNTENCLR_EL0", "PMCNTENSET_EL0",
		"PMCR_EL0", "PMINTENCLR_EL1", "PMINTENSET_EL1", "PMOVSCLR_EL0", "PMOVSSET_EL0", "PMSELR_EL0", "PMSWINC_EL0", "PMUSERENR_EL0",
	})
end
if host.has "cap:ARM_SVE" then
	local of = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_SVE}})
	local _, refused = list_with(of, 2000, 2000)
	expect_eq(refused, "EPERM", "the vector lengths are still open")
	local vls = buffer(64)
	local reg = struct("kvm_one_reg", {id = KVM_REG_ARM64_SVE_VLS, addr = vls})
	expect_ok(kvm.ioctl, of, "KVM_GET_ONE_REG", reg, "the vector lengths that the host has")
	expect_ok(kvm.ioctl, of, "KVM_SET_ONE_REG", reg, "all of them")
	expect_errno("EPERM", kvm.ioctl, of, "KVM_GET_ONE_REG", struct("kvm_one_reg", {id = KVM_REG_ARM64_SVE_ZREG_BASE |
		KVM_REG_ARM64 | KVM_REG_ARM64_SVE | KVM_REG_SIZE_U2048, addr = buffer(256)}), "Z0 has no length yet")
	of:arm_vcpu_finalize(KVM_ARM_VCPU_SVE)
	adds("SVE", of, {{"Z#", 0, 31}, {"P#", 0, 15}, "FFR", "SVE_VLS", "ZCR_EL1"}, {{"V#", 0, 31}})
end
if host.has "cap:ARM_PTRAUTH_ADDRESS" and host.has "cap:ARM_PTRAUTH_GENERIC" then
	local of = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_GENERIC}})
	local keys = {}
	for _, key in ipairs {"IA", "IB", "DA", "DB", "GA"} do
		keys[#keys + 1], keys[#keys + 2] = ("AP%sKEYLO_EL1"):format(key), ("AP%sKEYHI_EL1"):format(key)
	end
	adds("PTRAUTH", of, keys)
end
if host.has "cap:ARM_MTE" then
	local with = kvm.vm()
	with:enable_cap {cap = KVM_CAP_ARM_MTE}
	adds("MTE", with:vcpu(0), {"GCR_EL1", "RGSR_EL1", "TFSR_EL1", "TFSRE0_EL1"})
end
if host.has "cap:ARM_EL2" then
	local of = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_HAS_EL2}})
	local now = names(of)
	expect_eq(only(PLAIN, now), "", "EL2 takes nothing away")
	for name in pairs(now) do
		expect(PLAIN[name] or name:find "_EL2$" or name == "SP_EL1" or name:find "^CNT.*_EL[02]$", "EL2 adds its own registers, and not " .. name)
	end
	for _, name in ipairs {"HCR_EL2", "VTTBR_EL2", "VTCR_EL2", "SCTLR_EL2", "CNTVOFF_EL2", "SP_EL2"} do
		expect(now[name], "EL2 has its " .. name)
	end
	check_each(of, "EL2")
end
