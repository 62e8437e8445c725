-- SPDX-License-Identifier: GPL-2.0-or-later
-- The last look at a vCPU, for whoever reads a failure: its registers, and the instructions at which it stands.
local core, K = ...

local INSTRUCTIONS = 3

-- The architecture's: K.registers(vcpu) gives lines; K.position(vcpu) the guest physical address of the next
-- instruction, its address as the guest sees it, and capstone's numbers of architecture and mode.

-- The bytes of a VM's memory from an address on, as many as there are up to 16.
local function bytes_at(vm, gpa)
	for _, memory in ipairs(vm.memories) do
		local left = memory.gpa + memory.size - gpa
		if gpa >= memory.gpa and left > 0 then
			return memory:read(gpa, math.min(16, left))
		end
	end
end

local function show(vcpu)
	core.print(("%s, registers that are not 0:"):format(vcpu.name))
	for _, line in ipairs(K.registers(vcpu)) do
		core.print("    " .. line)
	end
	local gpa, address, arch, mode = K.position(vcpu)
	local bytes = gpa and bytes_at(vcpu.vm, gpa)
	if not bytes then
		core.print(("    next instruction: at 0x%x, where no memory of the script is"):format(address))
		return
	end
	local lines = core.disassemble(bytes, address, arch, mode)
	if #lines == 0 then
		core.print(("    next instruction: at 0x%x, not one: %s"):format(address, (bytes:gsub(".", function(c)
			return ("%02x "):format(c:byte())
		end))))
	end
	local symbol = K.symbol(vcpu.vm, address)
	if symbol then
		core.print("    in " .. symbol)
	end
	for i = 1, math.min(#lines, INSTRUCTIONS) do
		core.print((i == 1 and "    next instruction: " or "                      ") .. lines[i])
	end
end

-- Nothing here may hide the failure that it belongs to.
function K.dump(vcpu)
	core.end_history()
	local ok, problem = pcall(show, vcpu)
	if not ok then
		core.print(("    %s cannot be shown: %s"):format(vcpu.name, tostring(problem)))
	end
end

-- "NAME = 0x..." of registers of the one-reg interface, several a line.
function K.register_lines(vcpu, wanted)
	local found, lines = {}, {}
	for name, id in pairs(vcpu:reg_names()) do
		if wanted(name, id) then
			local ok, value = pcall(vcpu.reg, vcpu, id)
			if ok and math.type(value) == "integer" and value ~= 0 then
				found[#found + 1] = {id = id, text = ("%s = 0x%x"):format(name, value)}
			end
		end
	end
	table.sort(found, function(a, b)
		return math.ult(a.id, b.id)
	end)
	for i, reg in ipairs(found) do
		local line = (i - 1) // 6 + 1
		lines[line] = lines[line] and lines[line] .. ", " .. reg.text or reg.text
	end
	return lines
end
