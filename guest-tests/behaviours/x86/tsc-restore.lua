-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/tsc-restore", arch = "x86",
	title = "A restored TSC is what it was, though the guest had run for less than a second; a second vCPU's is put in step",
	fixes = "KVM: x86/tsc: Don't sync user-written TSC against startup values",
	since = "6.7",
	seen_failing = "fails on x86svm-5.10, x86svm-6.1 and x86vmx-6.1, whose kvm_synchronize_tsc() lacks user_set_tsc",
}
if host.backend == "pvm" then
	skip("PVM's guests have the host's TSC: user space's writes of it do not reach them")
end

local TSC = 0x10
local vm = kvm.vm()
-- The host's own frequency, where a VM can be told: x86/tsc-faster is about another one.
kvm.ioctl(vm, "KVM_SET_TSC_KHZ", 0)
local first = vm:vcpu(0)
local PER_SECOND = first:get_tsc_khz() * 1000

-- A second from what the TSC would be by itself, KVM takes a write for one that is meant to agree with another vCPU's.
local SAVED = PER_SECOND * 9 // 10
first:msr(TSC, SAVED)
expect(first:msr(TSC) >= SAVED, "what user space writes first is restored, whatever the TSC was at the vCPU's creation")

local second = vm:vcpu(1)
host.sleep(0.2)
second:msr(TSC, SAVED)
local before, between, after = first:msr(TSC), second:msr(TSC), first:msr(TSC)
local SLACK = PER_SECOND // 1000 -- where the host's TSC is unstable, KVM goes by its clock
expect(before - SLACK <= between and between <= after + SLACK,
	"the same value for another vCPU, a little later, means the same time")
second:msr(TSC, SAVED + 100 * PER_SECOND)
expect(second:msr(TSC) >= SAVED + 100 * PER_SECOND, "a value that is far from it means what it says")
