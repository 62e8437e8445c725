-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/suppressed-eoi", arch = "x86", needs = {cap.SPLIT_IRQCHIP, cap.IRQ_ROUTING, cap.X2APIC_API},
	title = "A guest that suppresses the broadcast of EOIs: no KVM_EXIT_IOAPIC_EOI if user space has asked for that, else as ever",
	fixes = "KVM: x86: Add x2APIC \"features\" to control EOI broadcast suppression",
	seen_failing = "the flags are absent on x86svm-6.12 and older ones, where the EOI leaves the guest all the same; " ..
		"fails with the flag's effect taken out: lab/revert x86/suppressed-eoi",
}

local VECTOR, GSI, PINS = 0x51, 5, 24
local ENABLE, DISABLE = KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST, KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST
-- Of the spurious vector register: enable, spurious vector, and "no broadcast".
local SVR, NO_BROADCAST = 0x1ff, 1 << 12

local code = asm {
	at = 0x1000,
	x86 = [[
		.code16
		start:	mov $0x8000, %sp
			mov $0x803, %ecx	# version register
			rdmsr
			mov %eax, (0x2000)
			mov $0x80f, %ecx	# spurious vector register
			mov $0x11ff, %eax
			xor %edx, %edx
			wrmsr
			rdmsr
			mov %eax, (0x2004)
			mov $0, %al
			out %al, $0x80
			sti
		wait:	hlt
			jmp wait
		on_irq:	mov $1, %al
			out %al, $0x80
			mov $0x80b, %ecx	# EOI
			xor %eax, %eax
			xor %edx, %edx
			wrmsr
			mov $2, %al
			out %al, $0x80
			iret
	]],
}

local function api(of, flags)
	return of.enable_cap, of, {cap = KVM_CAP_X2APIC_API, args = {flags}}
end
local function refuses(reason, enable, of, what)
	expect_errno("EINVAL", enable, of, what, reason)
end

-- The flags: nil for what comes by itself. `advertised`: the guest may suppress; `exits`: user space is told of the EOI.
local function check(name, flags, advertised, exits)
	local vm = kvm.vm()
	vm:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {PINS}}
	if flags then
		local enable, of, what = api(vm, flags)
		expect_ok(enable, of, what, name .. ": a split irqchip has it")
	end
	local ram = vm:memory {gpa = 0, size = 0x10000}
	ram:load(code)
	ram:u16(VECTOR * 4, code.on_irq)
	local vcpu = vm:vcpu(0):start(code.start)
	local s = vcpu:get_sregs()
	s.apic_base = s.apic_base | 1 << 10 -- x2APIC: its registers are MSRs, within real mode's reach
	vcpu:set_sregs(s)
	vm:set_gsi_routing(struct("kvm_irq_routing", {nr = 1, entries = {
		{gsi = GSI, type = KVM_IRQ_ROUTING_MSI, u = {msi = {address_lo = 0xfee00000, data = VECTOR | 3 << 14}}},
	}}))
	local function told(what, reason)
		vcpu:run("KVM_EXIT_IO", name .. ": " .. reason)
		expect_eq(vcpu:data(), what, name .. ": " .. reason)
	end

	told(0, "the local APIC is on")
	expect_eq(ram:u32(0x2000) & 1 << 24 ~= 0, advertised, name .. ": the version register tells whether broadcasts can be suppressed")
	expect_eq(ram:u32(0x2004), advertised and SVR | NO_BROADCAST or SVR, name .. ": and if not, the bit stays clear")
	for _ = 1, 3 do
		vm:irq_line {irq = GSI, level = 1}
		told(1, "the handler runs")
		if exits then
			local exit = vcpu:run("KVM_EXIT_IOAPIC_EOI", name .. ": its EOI is for user space's I/O APIC")
			expect_eq(exit.eoi.vector, VECTOR, name .. ": that is the vector")
		end
		told(2, exits and "the handler goes on" or "the EOI is not for user space")
	end
end

-- Left alone KVM says that broadcasts can be suppressed, and sends them all the same (kvm_ioapic_send_eoi()).
check("as it was before the flags", nil, true, true)

local flags = kvm.vm():check_extension(cap.X2APIC_API)
if not kvm.system:check_extension(cap.X2APIC_API) or kvm.system:check_extension(cap.X2APIC_API) & ENABLE == 0 then
	for _, flag in ipairs {ENABLE, DISABLE} do
		refuses("the capability's value has no such flag", api(kvm.vm(), flag))
	end
	return
end
expect_eq(flags & (ENABLE | DISABLE), DISABLE, "a VM without a split irqchip cannot enable it")
refuses("there is no split irqchip", api(kvm.vm(), ENABLE))
local whole = kvm.vm()
whole:create_irqchip()
refuses("the kernel's I/O APIC has no register for an EOI", api(whole, ENABLE))
local split = kvm.vm()
split:enable_cap {cap = KVM_CAP_SPLIT_IRQCHIP, args = {PINS}}
refuses("either or", api(split, ENABLE | DISABLE))
refuses("that flag does not exist", api(split, 1 << 31))
check("enabled", ENABLE, true, false)
check("disabled", DISABLE, false, true)
