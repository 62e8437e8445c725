-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/one-reg-sip", arch = "riscv",
	title = "The waiting interrupts that user space writes to sip are those that it reads: counter overflow (LCOFIP) too",
	fixes = "vsip_to_hvip(), hvip_to_vsip(): LCOFIP keeps its place (right in 7.2)",
	seen_failing = "riscv64-6.12 and riscv64-6.12-aia, whose kernel lacks the fix: bit 13 is read as 13 and 14",
}

-- sip's bits are hvip's one lower, but for LCOFIP, which is bit 13 in both (Privileged Architecture, hvip; Sscofpmf).
local INTERRUPTS <const> = {[1] = "software", [5] = "timer", [9] = "external", [13] = "counter overflow"}
local vcpu = kvm.vm():vcpu(0)
for bit, name in pairs(INTERRUPTS) do
	vcpu:csr("sip", 1 << bit)
	expect_eq(vcpu:csr "sip", 1 << bit, name .. " waits, and nothing else")
	vcpu:csr("sip", 0)
	expect_eq(vcpu:csr "sip", 0, name .. " no longer waits")
end
