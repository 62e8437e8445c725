-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "x86/rsm-shutdown", arch = "x86", needs = cap.X86_SMM,
	title = "RSM from a save area with impossible control registers shuts the processor down, wherever the guest was",
	fixes = "KVM: x86: Emulate triple fault shutdown if RSM emulation fails", since = "5.14",
	seen_failing = "x86svm-5.10, which gives KVM_EXIT_INTERNAL_ERROR",
}

local REAL, WIDE, PDPT, TABLES, SMBASE = 0x1000, 0x2000, 0x4000, 0x8000, 0x30000
local PE, NW, CD, PG = 1 << 0, 1 << 29, 1 << 30, 1 << 31

local again = {
	[REAL] = asm {
		at = 0x1000,
		x86 = [[
			.code16
			again:	out %al, $0x80
				jmp again
		]],
	},
	[WIDE] = asm {
		at = 0x2000,
		x86 = [[
			.code32
			again:	out %al, $0x80
				jmp again
		]],
	},
}
local handler = asm {
	at = 0x38000,
	x86 = [[
		.code16
			out %al, $0x81
			rsm
	]],
}

-- The registers' places in the save area, of AMD's of 64 bits and Intel's of 32.
local AREA = {[64] = {cr0 = 0xff58, cr3 = 0xff50, cr4 = 0xff48}, [32] = {cr0 = 0xfffc, cr4 = 0xff14}}

-- Bits of a physical address.
local width = 36
local supported = kvm.system:get_supported_cpuid()
for i = 0, supported.nent - 1 do
	if supported.entries[i]["function"] == 0x80000008 then
		width = supported.entries[i].eax & 0xff
	end
end

local WRONG = {
	{"CR4 bit 15, which is reserved", "cr4", function(old) return old | 1 << 15 end},
	{"CR0.PG without PE", "cr0", function(old) return (old | PG) & ~PE end},
	{"CR0.NW without CD", "cr0", function(old) return (old | NW) & ~CD end},
	{"a bit of CR3 above the physical addresses", "cr3", function(old) return old | 1 << width end},
}

-- A guest in its SMM handler, with something wrong in the save area.
local function corrupt(mode, bits, wrong)
	local vm = kvm.vm()
	local ram = vm:memory {gpa = 0, size = 0x40000}
	if vm:check_extension(cap.MULTI_ADDRESS_SPACE) > 1 then
		ram:set {slot = 1 << 16}
	end
	local entry = mode == "real" and REAL or WIDE
	ram:load(again[entry])
	ram:load(handler)
	local vcpu = vm:vcpu(0)
	if bits == 32 then
		-- The guest's CPUID decides: without long mode it is Intel's old one.
		vcpu:cpuid {[0x80000001] = function(entry) entry.edx = entry.edx & ~(1 << 29) end}
	end
	vcpu:start(entry, {mode = mode == "pae" and "protected" or mode, tables = mode == "long" and TABLES or nil})
	if mode == "pae" then
		ram:u64(PDPT, PDPT + 0x1000 | 1)
		ram:u64(PDPT + 0x1000, 0x83) -- the first 2 MiB where they are
		local s = vcpu:get_sregs()
		s.cr3, s.cr4, s.cr0 = PDPT, s.cr4 | 1 << 5, s.cr0 | PG
		vcpu:set_sregs(s)
	end
	vcpu:run("KVM_EXIT_IO", "the guest runs")
	vcpu:smi()
	local exit = vcpu:run("KVM_EXIT_IO", "the handler runs")
	expect_eq(exit.io.port, 0x81, "it is the handler")
	ram:u64(PDPT, ram:u64(PDPT) & ~(1 << 5)) -- set by some emulated processors, and alone a reason for a shutdown
	if wrong then
		local place = SMBASE + AREA[bits][wrong[2]]
		local size = bits == 64 and "u64" or "u32"
		ram[size](ram, place, wrong[3](ram[size](ram, place)))
	end
	return vcpu
end

for bits, modes in pairs {[64] = {"real", "protected", "pae", "long"}, [32] = {"real", "protected", "pae"}} do
	for _, mode in ipairs(modes) do
		local what = ("%s mode, save area of %d bits: "):format(mode, bits)
		corrupt(mode, bits):run("KVM_EXIT_IO", what .. "nothing is wrong with it")
		for _, wrong in ipairs(WRONG) do
			if AREA[bits][wrong[2]] then
				local exit = corrupt(mode, bits, wrong):run()
				expect_eq(exit.exit_reason, KVM_EXIT_SHUTDOWN, what .. wrong[1])
			end
		end
	end
end
