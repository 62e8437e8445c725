-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/pmu-reset", arch = "arm64", needs = cap.ARM_PMU_V3,
	title = "A vCPU that is reset while its counters run has them off, and the PMU's registers as at first",
	fixes = "KVM: arm64: Reset the PMU in preemptible context; KVM: arm64: Remove redundant call to kvm_pmu_vcpu_reset()",
	seen_failing = "with the resets taken out (vcpu:init, CPU_ON) it fails 155 of 624 expectations, arm64-6.1; absent on arm64-6.1-nopmu; " ..
		"with the fix taken out a kernel with DEBUG_ATOMIC_SLEEP complains: lab/revert arm64/pmu-reset",
}

local TIMES <const>, STARTS <const> = 12, 50
local CYCLE <const> = 1 << 31

-- The guest tells by how much its cycle counter has moved since the reset, turns on all that a PMU has, and runs on.
-- `on` and `off` are for PSCI: one vCPU starts the other again and again, which turns itself off while its counters run.
local code = asm {
	at = 0x1000,
	arm64 = [[
		start:	mov x0, #0xd0000
			bl stands
			str x2, [x0]
			bl counters
			str x0, [x0, #8]
			b .

		stands:	mrs x1, pmccntr_el0
			mov x3, #1000
		1:	subs x3, x3, #1
			b.ne 1b
			mrs x2, pmccntr_el0
			sub x2, x2, x1
			ret

		counters:
			mov x1, #0x11
			msr pmevtyper0_el0, x1
			mov x1, #-5000
			msr pmccntr_el0, x1
			mov w1, w1
			msr pmevcntr0_el0, x1
			mov x1, #0xffffffff
			msr pmcntenset_el0, x1
			msr pmintenset_el1, x1
			mov x1, #0xf
			msr pmuserenr_el0, x1
			mov x1, #0x41
			msr pmcr_el0, x1
			isb
			mov x3, #2000
		1:	subs x3, x3, #1
			b.ne 1b
			ret

		off:	mov x20, #0x8000
			bl stands
			ldr x1, [x20, #8]
			add x1, x1, x2
			str x1, [x20, #8]
			mrs x2, pmcr_el0
			mrs x3, pmuserenr_el0
			and x2, x2, #1
			orr x2, x2, x3
			ldr x1, [x20, #16]
			orr x1, x1, x2
			str x1, [x20, #16]
			bl counters
			ldr x1, [x20]
			add x1, x1, #1
			str x1, [x20]
			movz x0, #0x8400, lsl #16
			movk x0, #2
			hvc #0
			b .

		on:	mov x19, #50
		1:	movz x0, #0xc400, lsl #16
			movk x0, #3
			mov x1, #1
			adr x2, off
			mov x3, #0
			hvc #0
			cmn x0, #4
			b.eq 1b
			cbnz x0, 2f
			subs x19, x19, #1
			b.ne 1b
		2:	mov x1, #0xd0000
			str x0, [x1]
			b .
	]],
}

local FEATURES <const> = {KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_PSCI_0_2}

local function fresh(vcpus)
	local vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	local list = {}
	for id = 0, vcpus - 1 do
		list[id + 1] = vm:vcpu(id, {features = FEATURES})
	end
	vm:gic()
	for _, vcpu in ipairs(list) do
		vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, 23)
		vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT)
	end
	return ram, list[1], list[2]
end

-- ---- KVM_ARM_VCPU_INIT ----

local _, vcpu = fresh(1)

-- The PMU's registers by name. What the counters themselves hold after a reset the architecture leaves open.
local function registers()
	local values = {}
	for name in pairs(vcpu:reg_names()) do
		if name:find "^PM" and not name:find "^PME?V?CC?NTR" then
			values[name] = vcpu:reg(name)
		end
	end
	return values
end

local first = registers()
expect(first.PMCR_EL0, "the registers are known by their names")
for n = 1, TIMES do
	vcpu:start(code.start)
	local exit = vcpu:run("KVM_EXIT_MMIO", "the guest looks at its cycle counter")
	expect_eq(exit.mmio.phys_addr, 0xd0000, "it tells first")
	expect_eq(vcpu:data(), 0, ("after reset %d the cycle counter stands"):format(n))
	exit = vcpu:run("KVM_EXIT_MMIO", "the guest turns its counters on")
	expect_eq(exit.mmio.phys_addr, 0xd0008, "it tells then")
	expect_eq(vcpu:reg("PMCR_EL0") & 1, 1, "they are on (PMCR_EL0.E)")
	expect(vcpu:reg("PMCNTENSET_EL0") & CYCLE ~= 0, "with the cycle counter")
	-- Half of the times the vCPU has been on its way when it is stopped. The access that it has left for must be over, or it would
	-- end after the reset, by a step of the new PC.
	if n % 2 == 1 then
		vcpu.kvm_run.immediate_exit = 1
		expect_errno("EINTR", vcpu.run, vcpu, "the guest's store is over")
		vcpu.kvm_run.immediate_exit = 0
	else
		local runs <const> = thread(vcpu, "KVM_RUN")
		host.sleep(0.002)
		runs:kick()
		runs:join(5)
	end
	vcpu:init(FEATURES)
	expect_eq(vcpu:reg("PMCR_EL0") & 1, 0, "a reset turns all of them off (PMCR_EL0.E)")
	expect_eq(vcpu:reg("PMUSERENR_EL0"), 0, "a reset takes EL0's rights away")
	for name, value in pairs(registers()) do
		expect_eq(("%s 0x%x"):format(name, value), ("%s 0x%x"):format(name, first[name]), "it is as after the first reset")
	end
	local before <const> = vcpu:reg("PMCCNTR_EL0")
	host.sleep(0.001)
	expect_eq(vcpu:reg("PMCCNTR_EL0"), before, "what is off does not move while user space looks")
	vcpu:reg("PMCCNTR_EL0", 0x123456789)
	expect_eq(vcpu:reg("PMCCNTR_EL0"), 0x123456789, "user space can write what it restores, and nothing is added")
end

-- ---- PSCI: the reset of a vCPU that another one turns on ----

local ram, boss, worker = fresh(2)
worker:set_mp_state {mp_state = KVM_MP_STATE_STOPPED}
boss:start(code.on)
local runs <const> = thread(worker, "KVM_RUN")
local exit = boss:run {expect = "KVM_EXIT_MMIO", reason = "the other vCPU has been started that often", timeout = 20}
expect_eq(exit.mmio.phys_addr, 0xd0000, "the guest tells so")
expect_eq(boss:data(), 0, "each CPU_ON succeeded, or found the vCPU on")
local last <const> = host.now() + 5
while ram:u64(0x8000) < STARTS and host.now() < last do
	host.sleep(0.001)
end
runs:kick()
runs:join(5)
expect_eq(ram:u64(0x8000), STARTS, "it was started that often")
expect_eq(ram:u64(0x8008), 0, "and never was its cycle counter moving then")
expect_eq(ram:u64(0x8010), 0, "or PMCR_EL0.E or PMUSERENR_EL0 set")
