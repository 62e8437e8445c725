-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/pmu-stopped", arch = "riscv",
	title = "A counter that has been stopped stands still, however often it is read",
	fixes = "pmu_ctr_read(): what has been counted is added once (right in 7.2)",
	seen_failing = "riscv64-6.12-aia, whose kernel lacks the fix: each read adds all that has been counted",
}

local vm = kvm.vm()
local vcpu = vm:vcpu(0)
if not vcpu:reg_names().SBI_EXT_PMU then
	skip("this host has no PMU for guests (Sscofpmf)")
end
vm:boot(program "pmu.c", {vcpu = vcpu, args = "part=stopped"})
local told = vcpu:finish("the guest reads its counter three times")
expect(told.first > 0, "it has counted")
expect_eq(told.second, told.first, "a stopped counter stands still")
expect_eq(told.third, told.first, "a stopped counter stands still")
