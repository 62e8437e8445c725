-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/sbi", arch = "riscv",
	title = "SBI calls: BASE tells what there is, user space's extensions are forwarded to it, what is unknown or turned off is refused",
	fixes = "KVM RISC-V Support (\"RISC-V: KVM: Add SBI v0.1 support\" and its followers); RISC-V: KVM: Forward SBI DBCN extension to user-space",
	seen_failing = "fails without the answer for a user space that gives none (lab/revert riscv/sbi)",
}

-- SBI specification 2.0, "Binary Encoding" and the chapters of the extensions.
local NOT_SUPPORTED <const> = -2
local BASE <const>, PROBE <const> = 0x10, 3
local EXTENSIONS <const> = {TIME = 0x54494d45, IPI = 0x735049, RFENCE = 0x52464e43, HSM = 0x48534d, SRST = 0x53525354, PMU = 0x504d55,
	DBCN = 0x4442434e, STA = 0x535441, SUSP = 0x53555350, FWFT = 0x46574654, MPXY = 0x4d505859}
local newer = host.at_least("7.2")

local code = asm {
	at = 0x1000,
	riscv = [[
	call:	ecall
	back:	li t0, 0x50000
		sd a0, (t0)
	]],
}

-- A vCPU, with extensions turned on or off: {DBCN = true}.
local function fresh(switches)
	local vm = kvm.vm()
	vm:memory({gpa = 0, size = 0x10000}):load(code)
	local vcpu = vm:vcpu(0)
	for name, on in pairs(switches or {}) do
		vcpu:reg("SBI_EXT_" .. name, on and 1 or 0)
	end
	return vcpu
end

-- What the guest passes: an argument that nothing looks at is a sign of what is left alone.
local function go(vcpu, extension, func, ...)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "what came before ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
	local arguments = {...}
	for n = 0, 5 do
		vcpu:reg("A" .. n, arguments[n + 1] or 0x1000 + n)
	end
	vcpu:reg("A6", func)
	vcpu:reg("A7", extension)
	vcpu:start(code.call)
end

-- Once the guest is behind its call: error and value. All other registers are the guest's.
local function result(vcpu, reason)
	vcpu:run("KVM_EXIT_MMIO", reason)
	for n = 2, 5 do
		expect_eq(vcpu:reg("A" .. n), 0x1000 + n, "a call changes a0 and a1 alone")
	end
	return vcpu:reg "A0", vcpu:reg "A1"
end

local function call(vcpu, ...)
	go(vcpu, ...)
	return result(vcpu, "KVM answers it")
end

local function expect_answer(vcpu, extension, func, error, value, reason)
	local got_error, got_value = call(vcpu, extension, func)
	expect_eq(got_error, error, reason)
	expect_eq(got_value, value, reason)
end

-- A call that leaves the guest, and comes back with an answer of user space's.
local function expect_forwarded(vcpu, reason, extension, func, ...)
	for _, answer in ipairs {false, {0, 0x1122334455667788}, {-3, -1}} do
		go(vcpu, extension, func, ...)
		local sbi = vcpu:run("KVM_EXIT_RISCV_SBI", reason).riscv_sbi
		expect_eq(sbi.extension_id, extension, reason)
		expect_eq(sbi.function_id, func, reason)
		for n = 0, 5 do
			expect_eq(sbi.args[n], (select(n + 1, ...)) or 0x1000 + n, "its arguments are told")
		end
		expect_eq(sbi.ret[0], NOT_SUPPORTED, "that is the answer of a user space that does not know it")
		expect_eq(sbi.ret[1], 0, "that is the answer of a user space that does not know it")
		expect_eq(vcpu:reg "PC", code.call, "the guest is at its call until it is answered")
		if answer then
			sbi.ret[0], sbi.ret[1] = answer[1], answer[2]
		end
		local error, value = result(vcpu, "the guest goes on behind its call")
		expect_eq(error, answer and answer[1] or NOT_SUPPORTED, "it gets user space's answer")
		expect_eq(value, answer and answer[2] or 0, "it gets user space's answer")
	end
end

-- ---- BASE ----

local vcpu = fresh()
expect_answer(vcpu, BASE, 0, 0, (newer and 3 or 2) << 24, "the specification is 2.0, or 3.0 since 7.2")
expect_answer(vcpu, BASE, 1, 0, 3, "the implementation is KVM")
local major, minor, patch = host.release:match "^(%d+)%.(%d+)%.?(%d*)"
local version = tonumber(major) << 16 | tonumber(minor) << 8 | math.min(tonumber(patch) or 0, 255)
expect_answer(vcpu, BASE, 2, 0, version, "the version is that of the host's kernel")
for _, func in ipairs {7, 99, -1} do
	expect_answer(vcpu, BASE, func, NOT_SUPPORTED, 0, "BASE has functions 0 to 6")
end

local function probe(of, extension)
	local error, value = call(of, BASE, PROBE, extension)
	expect_eq(error, 0, "there is always an answer")
	return value
end

expect_eq(probe(vcpu, BASE), 1, "it is there")
for _, extension in ipairs {9, 0xf, 0x11, 0x12345678, 0x7ffffff, 0xa000000} do
	expect_eq(probe(vcpu, extension), 0, ("there is no extension 0x%x"):format(extension))
	expect_answer(vcpu, extension, 0, NOT_SUPPORTED, 0, ("there is no extension 0x%x"):format(extension))
end
local names = vcpu:reg_names()
for name, extension in pairs(EXTENSIONS) do
	local there = names["SBI_EXT_" .. name] and vcpu:reg("SBI_EXT_" .. name) or 0
	expect_eq(probe(vcpu, extension), there, name .. " is found if its register says that it is on")
end

-- ---- turned off and on ----

for name, extension in pairs(EXTENSIONS) do
	if names["SBI_EXT_" .. name] then
		for _, on in ipairs {false, true} do
			local of = fresh {[name] = on}
			expect_eq(probe(of, extension), on and 1 or 0, name .. " is found if user space has turned it on")
			if not on then
				expect_answer(of, extension, 0, NOT_SUPPORTED, 0, name .. " is turned off")
			end
		end
	end
end
-- A function that there is not: of the extensions that KVM answers by itself.
for _, name in ipairs {"TIME", "IPI", "RFENCE", "SRST", "HSM", "STA"} do
	expect_answer(vcpu, EXTENSIONS[name], 99, NOT_SUPPORTED, 0, name .. " has no function 99")
end

-- ---- for user space ----

local EDGES <const> = {EXPERIMENTAL = {0x8000000, 0x8ffffff}, VENDOR = {0x9000000, 0x9ffffff}}
for name, edges in pairs(EDGES) do
	for _, extension in ipairs {edges[1], edges[1] + 0x4242, edges[2]} do
		expect_forwarded(vcpu, name:lower() .. " extensions are user space's", extension, 7)
		expect_forwarded(vcpu, "so is the question whether there is one", BASE, PROBE, extension)
	end
	local off = fresh {[name] = false}
	expect_answer(off, edges[1], 7, NOT_SUPPORTED, 0, name .. " is turned off")
end

-- The debug console: off until user space says that it will answer.
vcpu = fresh {DBCN = true}
for func, what in pairs {[0] = "writing", "reading", "writing a byte"} do
	expect_forwarded(vcpu, "DBCN, " .. what .. ": the console is user space's", EXTENSIONS.DBCN, func, 4, 0x2000)
end
if newer then
	expect_forwarded(vcpu, "since 7.2 user space says which functions there are", EXTENSIONS.DBCN, 3)
else
	expect_answer(vcpu, EXTENSIONS.DBCN, 3, NOT_SUPPORTED, 0, "DBCN has functions 0 to 2")
end
if names.SBI_EXT_MPXY then
	expect_forwarded(fresh {MPXY = true}, "message proxy: the channels are user space's", EXTENSIONS.MPXY, 1)
end

-- An answer is given once: KVM_RUN that does not enter the guest has given it already.
vcpu = fresh()
go(vcpu, EDGES.VENDOR[1], 0)
vcpu:run("KVM_EXIT_RISCV_SBI", "vendor extensions are user space's").riscv_sbi.ret[0] = 42
vcpu.kvm_run.immediate_exit = 1
for _ = 1, 3 do
	expect_errno("EINTR", vcpu.run, vcpu, "immediate_exit is set")
	expect_eq(vcpu:reg "PC", code.back, "the guest stands behind its call")
	expect_eq(vcpu:reg "A0", 42, "with its answer")
end
