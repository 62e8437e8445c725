-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/pmu", arch = "riscv",
	title = "The SBI's PMU: which counters there are, that they count from where they are told to, exactly those of firmware, snapshots, overflow",
	fixes = "RISC-V: KVM: Add skeleton support for perf; snapshots and overflow of the SBI PMU, vcpu_pmu.c",
	seen_failing = "fails where a firmware counter begins with what it had (lab/revert riscv/pmu); absent on riscv64-6.12",
}

local guest = program "pmu.c"
for _, part in ipairs {"count", "firmware", "errors", "snapshot", "overflow"} do
	local vm = kvm.vm()
	local vcpu = vm:vcpu(0)
	-- KVM has it for guests where the host can tell them from itself (kvm_riscv_vcpu_pmu_init()).
	if not vcpu:reg_names().SBI_EXT_PMU then
		expect_errno("ENOENT", vcpu.reg, vcpu, KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_SBI_EXT | KVM_RISCV_SBI_EXT_PMU,
			"a host without Sscofpmf has no PMU for guests")
		skip("this host has no PMU for guests (Sscofpmf)")
	end
	vm:boot(guest, {vcpu = vcpu, args = "part=" .. part})
	vcpu:finish(part .. ": the guest goes through it")
end
