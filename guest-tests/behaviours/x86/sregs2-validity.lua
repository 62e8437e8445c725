-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/sregs2-validity", arch = "x86",
	title = "KVM_SET_SREGS and KVM_SET_SREGS2 refuse control registers that no processor can have",
	fixes = "KVM: x86: Introduce KVM_GET_SREGS2 / KVM_SET_SREGS2", since = "5.14",
	seen_failing = "x86svm-5.10, which takes any CR0: is_valid_cr0 is not there; fails with the test of apic_base taken out: " ..
		"lab/revert x86/sregs2-validity",
}

local PE, NW, CD, PG = 1 << 0, 1 << 29, 1 << 30, 1 << 31
local PAE = 1 << 5
local LME, LMA = 1 << 8, 1 << 10

local vm = kvm.vm()
vm:memory {gpa = 0, size = 0x10000}
local vcpu = vm:vcpu(0)

local ways = {{"sregs", vcpu.get_sregs, vcpu.set_sregs}}
if host.has("cap:SREGS2") then
	ways[2] = {"sregs2", vcpu.get_sregs2, vcpu.set_sregs2}
end

for _, way in ipairs(ways) do
	local name, get, set = table.unpack(way)

	local function refused(change, reason)
		local s = get(vcpu)
		change(s)
		expect_errno("EINVAL", set, vcpu, s, name .. ": " .. reason)
	end
	local before = get(vcpu)

	refused(function(s) s.cr0 = s.cr0 & ~PE | PG end, "CR0.PG without PE")
	refused(function(s) s.cr0 = s.cr0 & ~CD | NW end, "CR0.NW without CD")
	for _, bit in ipairs {32, 33, 47, 62, 63} do
		refused(function(s) s.cr0 = s.cr0 | 1 << bit end, ("CR0 bit %d is reserved"):format(bit))
	end
	for bit = 32, 63 do
		refused(function(s) s.cr4 = s.cr4 | 1 << bit end, ("CR4 bit %d is reserved"):format(bit))
	end
	refused(function(s) s.cr4 = s.cr4 | 1 << 15 end, "CR4 bit 15 is reserved")
	-- Long mode is active when it is enabled and paging is on, and not otherwise.
	refused(function(s) s.efer = s.efer | LMA end, "EFER.LMA without LME")
	refused(function(s)
		s.cr0, s.cr4, s.efer = s.cr0 | PE | PG, s.cr4 | PAE, s.efer | LME
	end, "paging with LME, but LMA is clear")
	refused(function(s)
		s.cr0, s.cr4, s.efer = s.cr0 | PE | PG, s.cr4 & ~PAE, s.efer | LME | LMA
	end, "long mode without PAE")
	refused(function(s)
		s.cs.l = 1
	end, "CS.L outside long mode")
	-- The local APIC's base: bit 8 is the bootstrap processor's, 10 and 11 are the mode.
	for _, bit in ipairs {0, 1, 2, 3, 4, 5, 6, 7, 9, 52, 63} do
		refused(function(s) s.apic_base = s.apic_base | 1 << bit end, ("bit %d of apic_base is reserved"):format(bit))
	end
	refused(function(s) s.apic_base = s.apic_base & ~(1 << 11) | 1 << 10 end, "x2APIC mode of an APIC that is off")
	expect(get(vcpu) == before, name .. ": what was refused has changed nothing")
	-- Reserved bits of EFER: looked at since kvm_is_valid_sregs() asks kvm_valid_efer(). 7.2 has that, and of the stable
	-- kernels 6.12.117; 6.12.107, 6.1.192 and 5.10.262 have not, and 6.18.44 was seen to take them. Others were not read.
	local asks = host.at_least("7.2") or host.at_least("6.12.117") and not host.at_least("6.13")
	for _, bit in ipairs {1, 7, 9, 16, 32, 63} do
		local s = get(vcpu)
		s.efer = s.efer | 1 << bit
		expect_errno(asks and "EINVAL" or {"EINVAL", "OK"}, set, vcpu, s, ("%s: bit %d of EFER is reserved"):format(name, bit))
	end
	expect_ok(set, vcpu, before, name .. ": what was read can be written")
end
