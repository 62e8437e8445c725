-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/user-plic", arch = "riscv", timeout = 60,
	title = "A PLIC in user space, its outputs on KVM_INTERRUPT: guests take interrupts by priority, threshold and context, again while the level is up, on two harts",
	fixes = "KVM RISC-V Support (KVM_INTERRUPT, \"RISC-V: KVM: Implement VCPU interrupts and requests handling\"); KVMTOOL RISC-V Support (PLIC)",
	seen_failing = "fails where KVM_INTERRUPT takes nothing back (lab/revert riscv/user-plic)",
}

-- RISC-V PLIC specification 1.0.0; its chapters are named. Of each hart's two contexts the first is for machine mode, which a
-- guest has not: nothing is connected there.
local PLIC <const>, TOLD <const>, SOURCES <const> = 0xc000000, 0x50000, 8
local ENABLE <const>, CONTEXT <const> = 0x2000, 0x200000
local function user_context(hart) return 2 * hart + 1 end
local function machine_context(hart) return 2 * hart end

-- s1 is the hart's claim register: its handler claims, tells what, and completes.
local code = asm {
	at = 0x1000,
	riscv = [[
	idle:	sd zero, 8(s0)
		j idle
		.balign 64
	trap:	lw a0, (s1)
		sd a0, (s0)
		sw a0, (s1)
		sret
		.balign 64
	poll:	csrr a0, sip
		sd a0, (s0)
		j poll
		.balign 64
	spin:	addi a1, a1, 1
		csrr a0, sip
		srli a0, a0, 9
		andi a0, a0, 1
		bne a0, a2, spin
		sd a0, (s0)
	]],
}
local SEIE <const>, SIE <const> = 1 << 9, 1 << 1

-- ---- a machine of a PLIC and harts ----

local Machine = {}
Machine.__index = Machine

local function machine(harts, start)
	local m = setmetatable({vm = kvm.vm(), plic = model("plic", {sources = SOURCES, contexts = 2 * harts}), harts = {}, up = {}}, Machine)
	m.vm:memory({gpa = 0, size = 0x10000}):load(code)
	for hart = 0, harts - 1 do
		local vcpu = m.vm:vcpu(hart)
		m.harts[hart] = vcpu
		vcpu:set_mp_state {mp_state = KVM_MP_STATE_RUNNABLE}
		vcpu:reg("S0", TOLD)
		vcpu:reg("S1", PLIC + CONTEXT + 0x1000 * user_context(hart) + 4)
		vcpu:csr("sie", SEIE)
		vcpu:csr("stvec", code.trap)
		vcpu:csr("sstatus", start == "idle" and SIE or 0)
		vcpu:start(code[start])
	end
	return m
end

-- The outputs are the harts' external interrupts.
function Machine:wire()
	for hart, vcpu in pairs(self.harts) do
		local level = self.plic:output(user_context(hart))
		if level ~= self.up[hart] then
			self.up[hart] = level
			vcpu:interrupt {irq = level and KVM_INTERRUPT_SET or KVM_INTERRUPT_UNSET}
		end
	end
end

function Machine:line(source, level)
	self.plic:input(source, level)
	self:wire()
end

function Machine:write(offset, value)
	self.plic:write(offset, value)
	self:wire()
end

function Machine:priority(source, priority) self:write(4 * source, priority) end
function Machine:enable(context, bits) self:write(ENABLE + 0x80 * context, bits) end
function Machine:threshold(context, value) self:write(CONTEXT + 0x1000 * context, value) end
function Machine:claim(context) return (self.plic:read(CONTEXT + 0x1000 * context + 4)) end
function Machine:complete(context, source) self:write(CONTEXT + 0x1000 * context + 4, source) end
function Machine:pending() return (self.plic:read(0x1000)) end

-- An exit of a hart: an access to the PLIC is made, and what it told is given, and whether that was that it is idle.
function Machine:handle(vcpu)
	local mmio = vcpu.kvm_run.mmio
	if mmio.phys_addr == TOLD or mmio.phys_addr == TOLD + 8 then
		return vcpu:data(), mmio.phys_addr ~= TOLD
	elseif mmio.is_write ~= 0 then
		self.plic:write(mmio.phys_addr - PLIC, vcpu:data(), mmio.len)
	else
		vcpu:data((self.plic:read(mmio.phys_addr - PLIC, mmio.len)))
	end
	self:wire()
end

-- Lets all harts run until each is idle and has no interrupt. All leave the guest before the first of them is answered, so that
-- both of two that were interrupted have come to their claim. Gives what they told in that order, as {hart, value}; after each,
-- done(hart, value) may act.
function Machine:run(done)
	local told, busy = {}, {}
	for hart in pairs(self.harts) do
		busy[hart] = true
	end
	while next(busy) and #told < 200 do
		for hart, vcpu in pairs(self.harts) do
			if busy[hart] then
				vcpu:run("KVM_EXIT_MMIO", "a hart leaves for the PLIC, or to tell something")
			end
		end
		for hart = 0, #self.harts do
			if busy[hart] then
				local value, idle = self:handle(self.harts[hart])
				busy[hart] = not idle or nil
				if value and not idle then
					told[#told + 1] = {hart, value}
					if done then
						done(hart, value)
					end
				end
			end
		end
		for hart in pairs(self.harts) do
			busy[hart] = busy[hart] or self.up[hart] or nil
		end
	end
	return told
end

local function sources_of(told, hart)
	local list = {}
	for _, t in ipairs(told) do
		if not hart or t[1] == hart then
			list[#list + 1] = t[2]
		end
	end
	return table.concat(list, " ")
end

-- ---- one hart ----

-- Priorities ("Interrupt Priorities"): the highest first, of equal ones the lowest number; 0 never. Each line falls when it is served.
local m = machine(1, "idle")
local context = user_context(0)
for source, priority in ipairs {3, 7, 1, 7, 0, 3, 2} do
	m:priority(source, priority)
	m:line(source, true)
end
m:enable(context, 0xfe)
local function serve(_, source) m:line(source, false) end
expect_eq(sources_of(m:run(serve)), "2 4 1 6 7 3", "by priority, then by number; the one with priority 0 never")
m:line(5, false)

-- Thresholds ("Priority Thresholds"): up to it nothing comes.
m = machine(1, "idle")
m:enable(context, 0xfe)
for source = 1, 7 do
	m:priority(source, source)
	m:line(source, true)
end
for _, t in ipairs {{7, ""}, {5, "7 6"}, {4, "5"}, {4, ""}, {0, "4 3 2 1"}} do
	m:threshold(context, t[1])
	expect_eq(sources_of(m:run(serve)), t[2], ("threshold %d"):format(t[1]))
end

-- Enables: what is not enabled waits, and comes when it is.
m = machine(1, "idle")
m:priority(3, 1)
m:line(3, true)
expect_eq(sources_of(m:run(serve)), "", "it is not enabled")
expect_eq(m:pending(), 1 << 3, "it waits")
m:enable(context, 1 << 3)
expect_eq(sources_of(m:run(serve)), "3", "now it is")
expect_eq(m:pending(), 0, "it no longer waits")

-- A level that stays up is a new interrupt after each completion ("Interrupt Gateways").
for _, times in ipairs {1, 2, 5} do
	local n = 0
	m:line(3, true)
	local told = m:run(function(_, source)
		n = n + 1
		if n == times then
			m:line(source, false)
		end
	end)
	expect_eq(#told, times, "as often as its level is up at the completion")
end

-- ---- both contexts of a hart ----

m = machine(1, "poll")
local vcpu = m.harts[0]
-- What the guest reads of sip.
local function seip(of)
	of:run("KVM_EXIT_MMIO", "the guest tells its sip")
	return of:data() & SEIE ~= 0
end
m:priority(2, 1)
m:enable(machine_context(0), 1 << 2)
m:line(2, true)
expect(m.plic:output(machine_context(0)), "the machine's context has it")
expect(not seip(vcpu), "the guest's has not")
m:enable(context, 1 << 2)
expect(seip(vcpu), "now both have it")
expect_eq(m:claim(machine_context(0)), 2, "the machine's context is first")
m:wire()
expect(not seip(vcpu), "one claim takes it from both")
expect_eq(m:claim(context), 0, "there is nothing more to claim")
m:complete(context, 2)
expect(seip(vcpu), "either context may complete it, and the level is still up")
m:line(2, false)
expect_eq(m:claim(context), 2, "what waits goes on waiting when the level falls")
m:complete(context, 2)
expect(not seip(vcpu), "it has been served")

-- ---- KVM_INTERRUPT from another thread, while the guest runs ----

m = machine(1, "spin")
vcpu = m.harts[0]
for round = 1, 20 do
	local level = round % 2
	vcpu:reg("A2", level)
	vcpu:start(code.spin)
	local running = thread(vcpu, "KVM_RUN")
	host.sleep(0.005)
	expect(not running:done(), "the guest spins until its external interrupt changes")
	vcpu:interrupt {irq = level == 1 and KVM_INTERRUPT_SET or KVM_INTERRUPT_UNSET}
	-- Taking it back does not kick the guest out (kvm_riscv_vcpu_unset_interrupt()): it sees that at its next exit, at the latest
	-- when the host's timer ticks.
	if not expect_eq(running:join(5), 0, level == 1 and "the guest sees it" or "the guest sees that it is gone") then
		running:kick()
		running:join(5)
		break
	end
	vcpu.kvm_run.immediate_exit = 1
	expect_errno("EINTR", vcpu.run, vcpu, "the store ends, and no more")
	vcpu.kvm_run.immediate_exit = 0
end

-- ---- two harts ----

m = machine(2, "idle")
for source = 1, 4 do
	m:priority(source, 1)
end
m:enable(user_context(0), 1 << 1 | 1 << 3)
m:enable(user_context(1), 1 << 2 | 1 << 3 | 1 << 4)
m:threshold(user_context(1), 0)
m:line(1, true)
m:line(2, true)
m:line(4, true)
local told = m:run(serve)
expect_eq(sources_of(told, 0), "1", "hart 0 gets what is enabled for it")
expect_eq(sources_of(told, 1), "2 4", "hart 1 gets what is enabled for it")
-- Enabled for both: both are interrupted, one of them claims it, and the other one gets 0.
for _ = 1, 20 do
	m:line(3, true)
	expect_eq(sources_of(m:run(serve)), "3 0", "one hart has it, and the other one came too late")
end
expect_eq(m.plic:odd_accesses(), 0, "all accesses were words")
