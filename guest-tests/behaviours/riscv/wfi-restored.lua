-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/wfi-restored", arch = "riscv",
	title = "WFI does not sleep while an interrupt waits that user space has written to sip, as a restored guest's",
	seen_failing = "all hosts: kvm_riscv_vcpu_general_set_csr() leaves irqs_pending alone, which WFI asks, up to 7.2; passes with " ..
		"lab/additions/riscv/wfi-restored.patch",
}

-- A guest that is saved between the interrupt and its WFI, interrupts off as an operating system's idle loop has them.
local code = asm {
	at = 0x1000,
	riscv = [[
		li s0, 0x50000
		wfi
		csrr a0, sip
		sd a0, (s0)
	]],
}
for name, bit in pairs {software = 1 << 1, external = 1 << 9} do
	local vcpu = kvm.vm():vcpu(0)
	vcpu.vm:memory({gpa = 0, size = 0x10000}):load(code)
	vcpu:start(code.at)
	vcpu:csr("sie", bit)
	vcpu:csr("sip", bit)
	local running = thread(vcpu, "KVM_RUN")
	local late = host.now() + 0.5
	while not running:done() and host.now() < late do
		host.sleep(0.002)
	end
	local awake = expect(running:done(), name .. ": an interrupt waits that sie enables, so WFI ends at once")
	running:kick()
	running:join(5)
	if awake then
		expect_eq(vcpu:data(), bit, name .. ": that is what waits")
	end
end
