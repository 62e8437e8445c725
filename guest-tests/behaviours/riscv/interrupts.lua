-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/interrupts", arch = "riscv",
	title = "One guest program takes the same interrupts in the same order from our PLIC and from the in-kernel AIA, emulated or by the host's files",
	fixes = "RISC-V: KVM: Add in-kernel emulation of AIA APLIC; RISC-V: KVM: Add in-kernel virtualization of AIA IMSIC",
	seen_failing = "fails where setipnum does not make a level pending again (lab/revert riscv/interrupts)",
}

local PLIC <const>, APLIC <const>, IMSIC <const>, SOURCES <const>, IDS <const> = 0xc000000, 0xd000000, 0x28000000, 31, 63
local CONFIG <const> = KVM_DEV_RISCV_AIA_GRP_CONFIG

-- Each gives a function that sets a line, and the words that tell the guest where the controller is.
local function with_plic(vm)
	local plic, up = model("plic", {sources = SOURCES, contexts = 1}), false
	vm:attach(plic, {gpa = PLIC, size = 0x4000000})
	vm:wire(function(vcpu)
		if plic:output() ~= up then
			up = not up
			vcpu:interrupt {irq = up and KVM_INTERRUPT_SET or KVM_INTERRUPT_UNSET}
		end
	end)
	return function(line, level)
		plic:input(line, level)
	end, ("plic=0x%x"):format(PLIC)
end

local function with_aia(mode)
	return function(vm)
		local aia = vm:device(KVM_DEV_TYPE_RISCV_AIA)
		aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_MODE, mode)
		aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_IDS, IDS)
		aia:set_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_SRCS, SOURCES)
		aia:set_attr(KVM_DEV_RISCV_AIA_GRP_ADDR, KVM_DEV_RISCV_AIA_ADDR_APLIC, APLIC)
		aia:set_attr(KVM_DEV_RISCV_AIA_GRP_ADDR, 1, IMSIC)
		aia:set_attr(KVM_DEV_RISCV_AIA_GRP_CTRL, KVM_DEV_RISCV_AIA_CTRL_INIT)
		return function(line, level)
			vm:irq_line {irq = line, level = level and 1 or 0}
		end, ("aia=0x%x,0x%x"):format(APLIC, IMSIC)
	end
end

-- What the guest takes in each of its parts, as text. In one of them a line stays up for so many turns.
local function follow(controller)
	local vm = kvm.vm()
	local vcpu = vm:vcpu(0)
	local set, args = controller(vm)
	vm:boot(program "interrupts.c", {vcpu = vcpu, args = args})
	local parts, part, stays = {}, nil, 0
	local function lines(bits, level)
		for line = 1, 4 do
			if bits >> line & 1 == 1 then
				set(line, level)
			end
		end
	end
	repeat
		local value, name = vcpu:hear(nil, "the guest goes through its parts")
		if name == "raise" or name == "lower" then
			lines(value, name == "raise")
		elseif name == "took" then
			part[#part + 1] = value
			if stays > 0 then
				stays = stays - 1
			else
				set(value, false)
			end
		else
			part = {}
			parts[#parts + 1] = {name, part}
			stays = name == "up as the handler runs" and 3 or 0
		end
	until name == "the end" or part and #part > 50
	vcpu:finish("and it ends")
	local text = {}
	for _, p in ipairs(parts) do
		text[p[1]] = table.concat(p[2], " ")
	end
	return text
end

-- By the PLIC specification; lines have one priority, and by the AIA specification identities have those of their numbers.
local WANTED <const> = {
	["each line alone"] = "1 2 3 4",
	["all at once, the highest first"] = "1 2 3 4",
	["up and down again before it is taken"] = "2",
	["up as the handler runs"] = "1 1 1 1 3",
	disabled = "1 3 4",
	["enabled while it is up"] = "2",
	["the end"] = "",
}
local controllers = {["our PLIC"] = with_plic}
if host.has "device:RISCV_AIA" then
	controllers["the AIA, emulated"] = with_aia(KVM_DEV_RISCV_AIA_MODE_EMUL)
	if kvm.vm():device(KVM_DEV_TYPE_RISCV_AIA):get_attr(CONFIG, KVM_DEV_RISCV_AIA_CONFIG_MODE, "u32") ~= KVM_DEV_RISCV_AIA_MODE_EMUL then
		controllers["the AIA with files of the host's"] = with_aia(KVM_DEV_RISCV_AIA_MODE_HWACCEL)
	end
end
for name, controller in pairs(controllers) do
	local text = follow(controller)
	for part, wanted in pairs(WANTED) do
		expect_eq(text[part], wanted, ("%s: %s"):format(name, part))
	end
end
