-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/its-tables", arch = "arm64", needs = "device:ARM_VGIC_ITS",
	title = "An ITS: its attributes, registers and commands, MSIs, and its tables saved and restored whatever the memory below",
	fixes = "KVM: arm/arm64: vgic-its: Take the srcu lock when writing to guest memory; Take the srcu lock when parsing the memslots",
	seen_failing = "the missing lock shows on a kernel with PROVE_RCU: lab/revert arm64/its-tables; asked for what 6.1 gives, arm64-5.10 fails 4 " ..
		"expectations and then oopses in vgic_its_save_ite(); fails with --inject of EBADF into KVM_SIGNAL_MSI and others, arm64-6.1",
}

local ADDR <const>, CTRL <const>, ITS_REGS <const> = KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_GRP_ITS_REGS
local DIST_REGS <const>, REDIST_REGS <const> = KVM_DEV_ARM_VGIC_GRP_DIST_REGS, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS
local INIT <const>, RESET <const> = KVM_DEV_ARM_VGIC_CTRL_INIT, KVM_DEV_ARM_ITS_CTRL_RESET
local SAVE <const>, RESTORE <const> = KVM_DEV_ARM_ITS_SAVE_TABLES, KVM_DEV_ARM_ITS_RESTORE_TABLES
local ITS_TYPE <const> = KVM_VGIC_ITS_ADDR_TYPE
local DIST_AT <const>, ITS_AT <const>, REDIST_AT <const>, HOLE <const> = 0x8000000, 0x8080000, 0x80a0000, 0x50000
local newer = host.at_least("6.1")
-- Where guests' addresses end: at 40 bits for a VM that says nothing, at the host's limit if that is less, and always under
-- protected KVM (kvm_init_ipa_range()).
local limit = kvm.system:check_extension(cap.ARM_VM_IPA_SIZE)
local END <const> = 1 << ((host.backend == "protected" or limit < 40) and limit or 40)

-- Arm IHI 0069, chapter 12.
local GITS_CTLR <const>, GITS_IIDR <const>, GITS_TYPER <const>, GITS_CBASER <const> = 0, 4, 8, 0x80
local GITS_CWRITER <const>, GITS_CREADR <const>, GITS_BASER <const>, GITS_TRANSLATER <const> = 0x88, 0x90, 0x100, 0x10040
local GICR_CTLR <const>, GICR_PROPBASER <const>, GICR_PENDBASER <const> = 0, 0x70, 0x78
local VALID <const> = 1 << 63
local FIRST_LPI <const> = 8192

-- The guest is two loads and a store: it takes what is pending, and tells it. 1023 says that nothing is.
local code = asm {
	at = 0x90000000,
	arm64 = [[
	begin:	mov x0, #7
		msr icc_sre_el1, x0
		isb
		mov x0, #0xf0
		msr icc_pmr_el1, x0
		mov x0, #1
		msr icc_igrpen1_el1, x0
		isb
		mov x9, #0x50000
	again:	mrs x0, icc_iar1_el1
		cmp x0, #1023
		b.eq 1f
		msr icc_eoir1_el1, x0
		isb
	1:	str x0, [x9]
		b again
	forever:	b .
	]],
}

-- ---- attributes ----

local function fresh(vcpus)
	local vm = kvm.vm()
	local gic = vm:device(KVM_DEV_TYPE_ARM_VGIC_V3)
	local its = vm:device(KVM_DEV_TYPE_ARM_VGIC_ITS)
	local list = {}
	for id = 0, vcpus - 1 do
		list[id + 1] = vm:vcpu(id)
	end
	gic:set_attr(ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, DIST_AT)
	gic:set_attr(ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, REDIST_AT)
	return vm, gic, its, list
end

local vm, gic, its, vcpus = fresh(1)
for group, attrs in pairs {
	[ADDR] = {[ITS_TYPE] = true, [KVM_VGIC_V3_ADDR_TYPE_DIST] = false, [99] = false},
	[CTRL] = {[INIT] = true, [RESET] = true, [SAVE] = true, [RESTORE] = true, [99] = false, [KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES] = false},
	[ITS_REGS] = {
		[GITS_CTLR] = true, [GITS_IIDR] = true, [GITS_TYPER] = true, [GITS_CBASER] = true, [GITS_CWRITER] = true,
		[GITS_CREADR] = true, [GITS_BASER] = true, [GITS_BASER + 0x38] = true, [GITS_BASER + 0x40] = false, [0xffe8] = true,
		[0x98] = false, [GITS_TRANSLATER] = false, [0x20000] = false,
	},
	[DIST_REGS] = {[0] = false}, [99] = {[0] = false},
} do
	for attr, is in pairs(attrs) do
		expect_errno(is and "OK" or "ENXIO", its.has_device_attr, its, {group = group, attr = attr}, "an ITS has its address, controls and registers")
	end
end
for _, offset in ipairs {GITS_TYPER + 4, GITS_CBASER + 4, GITS_BASER + 1, GITS_CTLR + 2, 0xffe9} do
	for _, call in ipairs {"has_device_attr", "get_device_attr", "set_device_attr"} do
		expect_errno("EINVAL", its[call], its, {group = ITS_REGS, attr = offset, addr = array("u64", 1)}, "a register is accessed as a whole")
	end
end

expect_eq(its:get_attr(ADDR, ITS_TYPE), -1, "it has not been set")
for _, call in ipairs {"get_attr", "set_attr"} do
	expect_errno("ENODEV", its[call], its, ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, call == "set_attr" and ITS_AT or nil, "an ITS has one address")
	expect_errno("ENXIO", its[call], its, ITS_REGS, GITS_TYPER, call == "set_attr" and 0 or nil, "the registers need an address")
end
expect_errno("EFAULT", its.set_device_attr, its, {group = ADDR, attr = ITS_TYPE}, "there is nothing at NULL")
expect_errno("EFAULT", its.get_device_attr, its, {group = ADDR, attr = ITS_TYPE}, "there is nothing at NULL")
for _, offset in ipairs {1, 0x1000, 0x8000} do
	expect_errno("EINVAL", its.set_attr, its, ADDR, ITS_TYPE, ITS_AT + offset, "it begins at 64 KiB")
end
expect_errno("E2BIG", its.set_attr, its, ADDR, ITS_TYPE, END, "guests of this VM have no such addresses")
if newer then
	expect_errno("E2BIG", its.set_attr, its, ADDR, ITS_TYPE, END - 0x10000, "it has two frames of 64 KiB; 5.10 looks at the first one")
end
expect_eq(its:get_attr(ADDR, ITS_TYPE), -1, "what was refused has left nothing")
expect_ok(its.set_attr, its, CTRL, INIT, "the GIC need not be initialised, nor the address set")
expect_ok(its.set_attr, its, ADDR, ITS_TYPE, ITS_AT, "the first one")
expect_errno("EEXIST", its.set_attr, its, ADDR, ITS_TYPE, ITS_AT + 0x20000, "there is one")
expect_eq(its:get_attr(ADDR, ITS_TYPE), ITS_AT, "it can be read")
local second = vm:device(KVM_DEV_TYPE_ARM_VGIC_ITS)
expect_ok(second.set_attr, second, ADDR, ITS_TYPE, 0x9000000, "a VM may have several")
gic:set_attr(CTRL, INIT)
expect_ok(its.set_attr, its, CTRL, INIT, "twice, and after the GIC's, does no harm")
expect_errno("EFAULT", its.get_device_attr, its, {group = ITS_REGS, attr = GITS_TYPER}, "there is nothing at NULL")
expect_errno("EFAULT", its.set_device_attr, its, {group = ITS_REGS, attr = GITS_TYPER}, "there is nothing at NULL")

-- ---- registers ----

local function reg(offset, value)
	if value then
		return its:set_attr(ITS_REGS, offset, value)
	end
	return its:get_attr(ITS_REGS, offset)
end

-- 16 bits of events and devices, less one; 8 bytes a translation entry; physical LPIs; CPUs by number.
expect_eq(reg(GITS_TYPER), 15 << 13 | 15 << 8 | 7 << 4 | 1, "GITS_TYPER says what KVM's ITS has")
for n = 0, 7 do
	local kind = n == 0 and 1 or n == 1 and 4 or 0
	reg(GITS_BASER + 8 * n, -1)
	local value = reg(GITS_BASER + 8 * n)
	expect_eq(value >> 56 & 7, kind, "GITS_BASER0 is of devices, 1 of collections, and there are no others")
	expect_eq(value >> 48 & 31, kind > 0 and 7 or 0, "an entry has 8 bytes")
	expect_eq(value >> 8 & 3, kind > 0 and 2 or 0, "a page has 64 KiB")
	expect_eq(value >> 62 & 1, kind == 1 and 1 or 0, "devices can have tables of two levels")
	reg(GITS_BASER + 8 * n, 0)
end
reg(GITS_CTLR, 1)
expect_eq(reg(GITS_CTLR) & 1, 0, "an ITS without tables cannot be enabled")
expect_errno("EINVAL", its.set_attr, its, ITS_REGS, GITS_IIDR, 1 << 12, "there is one layout of the tables, revision 0")
expect_ok(its.set_attr, its, ITS_REGS, GITS_IIDR, reg(GITS_IIDR), "that is revision 0")
reg(GITS_CBASER, VALID | 0x90000000)
expect_errno("EINVAL", its.set_attr, its, ITS_REGS, GITS_CREADR, 0x1000, "the queue has one page")
reg(GITS_CWRITER, 0x40)
expect_eq(reg(GITS_CREADR), 0, "nothing is read from the queue before the ITS is enabled")
reg(GITS_CREADR, 0x40)
expect_eq(reg(GITS_CREADR), 0x40, "user space can say how far it has been read")
reg(GITS_CBASER, VALID | 0x90000000)
expect_eq(reg(GITS_CREADR) | reg(GITS_CWRITER), 0, "another queue begins at its beginning")

-- ---- a whole machine ----

-- The pieces of memory of the guest and its GIC, 64 KiB each, one behind the other.
local PIECE <const>, USED <const> = 0x10000, 0x2000
local NAMES <const> = {"code", "queue", "devices", "collections", "itt", "config", "pending0", "pending1"}
local PIECES <const> = {}
for n, name in ipairs(NAMES) do
	PIECES[name] = 0x90000000 + (n - 1) * PIECE
end

local Machine = {}
Machine.__index = Machine

-- A machine whose ITS is not set up yet, with what is in the memory of an @old one. Memory is one slot, as each costs time, but
-- for the pieces that are to be @alone.
local function machine(old, alone)
	local m = setmetatable({memory = {}, tail = 0}, Machine)
	m.vm, m.gic, m.its, m.vcpus = fresh(2)
	local first = 1
	alone = alone or {}
	for n, name in ipairs(NAMES) do
		if n == #NAMES or alone[name] or alone[NAMES[n + 1]] then
			local slot = m.vm:memory {gpa = PIECES[NAMES[first]], size = (n + 1 - first) * PIECE}
			for i = first, n do
				m.memory[NAMES[i]] = slot
			end
			first = n + 1
		end
	end
	m.memory.code:load(code)
	for name, gpa in pairs(old and PIECES or {}) do
		m.memory[name]:write(gpa, old.memory[name]:read(gpa, USED))
	end
	m.its:set_attr(ADDR, ITS_TYPE, ITS_AT)
	m.gic:set_attr(CTRL, INIT)
	m.its:set_attr(CTRL, INIT)
	m.gic:set_attr(DIST_REGS, 0, 2)
	for _, vcpu in ipairs(m.vcpus) do
		vcpu:start(code.begin)
	end
	return m
end

function Machine:reg(offset, value)
	if value then
		return self.its:set_attr(ITS_REGS, offset, value)
	end
	return self.its:get_attr(ITS_REGS, offset)
end

-- Both redistributors: where the LPIs' configuration and their pending bits are, 14 bits of LPIs; then LPIs are enabled, or not.
function Machine:redistributors(disabled)
	for cpu = 0, 1 do
		local function set(offset, value)
			self.gic:set_attr(REDIST_REGS, cpu << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT | offset, value)
		end
		set(GICR_PROPBASER, PIECES.config | 13)
		set(GICR_PROPBASER + 4, 0)
		set(GICR_PENDBASER, PIECES["pending" .. cpu])
		set(GICR_PENDBASER + 4, 0)
		set(GICR_CTLR, disabled and 0 or 1)
	end
end

function Machine:tables()
	self:reg(GITS_CBASER, VALID | PIECES.queue)
	self:reg(GITS_BASER, VALID | PIECES.devices)
	self:reg(GITS_BASER + 8, VALID | PIECES.collections)
end

function Machine:enable()
	self:reg(GITS_CTLR, 1)
	expect_eq(self:reg(GITS_CTLR) & 1, 1, "the tables are there")
end

-- Chapter 5.3: a command is four doublewords.
function Machine:command(...)
	self.memory.queue:write(PIECES.queue + self.tail, string.pack("<i8i8i8i8", ...))
	self.tail = (self.tail + 32) % 0x1000
	self:reg(GITS_CWRITER, self.tail)
	expect_eq(self:reg(GITS_CREADR), self.tail, "a command is done when GITS_CWRITER has been written")
end

function Machine:mapd(device, bits, itt, valid)
	self:command(0x08 | device << 32, bits - 1, (valid == false and 0 or VALID) | itt, 0)
end

function Machine:mapc(collection, cpu, valid)
	self:command(0x09, 0, (valid == false and 0 or VALID) | cpu << 16 | collection, 0)
end

function Machine:mapti(device, event, lpi, collection)
	self:command(0x0a | device << 32, event | lpi << 32, collection, 0)
end

-- MOVI 1, INT 3, CLEAR 4, INV 0xc, DISCARD 0xf.
function Machine:event_command(number, device, event, collection)
	self:command(number | device << 32, event, collection or 0, 0)
end

-- An LPI's priority and whether it is enabled, for whom it may concern.
function Machine:configure(lpi, on)
	self.memory.config:u8(PIECES.config + lpi - FIRST_LPI, 0xa0 | 2 | (on and 1 or 0))
end

function Machine:msi(device, event, changes)
	local msi = struct("kvm_msi", {
		address_lo = ITS_AT + GITS_TRANSLATER, devid = device, data = event, flags = KVM_MSI_VALID_DEVID,
	})
	for name, value in pairs(changes or {}) do
		msi[name] = value
	end
	return kvm.ioctl(self.vm, "KVM_SIGNAL_MSI", msi)
end

local function expect_msi(wanted, reason, m, ...)
	local value, errno = m:msi(...)
	expect_eq(value or errno, wanted, reason)
end

-- The LPI that a CPU takes next; nil if none is pending.
function Machine:takes(cpu, wanted, reason)
	local vcpu = self.vcpus[cpu + 1]
	vcpu:run("KVM_EXIT_MMIO", reason)
	return expect_eq(vcpu:data(), wanted or 1023, reason)
end

-- Devices, their events, and where those go: {LPI, collection}. Collection 0 is CPU 0's, 5 is CPU 1's.
local COLLECTIONS <const> = {[0] = 0, [5] = 1}
local ITT <const> = {[0x10] = PIECES.itt, [0x21] = PIECES.itt + 0x1000}
local EVENTS <const> = {
	[0x10] = {[0] = {8192, 0}, [3] = {8200, 5}, [31] = {8201, 0}},
	[0x21] = {[0] = {9000, 5}, [1] = {9001, 0}},
}

local function each_event(f)
	for device, events in pairs(EVENTS) do
		for event, to in pairs(events) do
			f(device, event, to[1], to[2])
		end
	end
end

local function whole()
	local m = machine()
	m:redistributors()
	m:tables()
	m:enable()
	for device, itt in pairs(ITT) do
		m:mapd(device, 5, itt)
	end
	for collection, cpu in pairs(COLLECTIONS) do
		m:mapc(collection, cpu)
	end
	each_event(function(device, event, lpi, collection)
		m:configure(lpi, true)
		m:mapti(device, event, lpi, collection)
	end)
	return m
end

local function all_arrive(m, when)
	each_event(function(device, event, lpi, collection)
		local cpu = COLLECTIONS[collection]
		local reason = ("%s, event %d of device 0x%x is LPI %d of CPU %d"):format(when, event, device, lpi, cpu)
		expect_msi(1, reason, m, device, event)
		m:takes(cpu, lpi, reason)
		m:takes(cpu, nil, reason .. ", once")
		m:takes(1 - cpu, nil, reason .. ", and not the other's")
	end)
end

-- ---- messages ----

local other = kvm.vm()
expect_errno("EINVAL", kvm.ioctl, other, "KVM_SIGNAL_MSI", {flags = KVM_MSI_VALID_DEVID}, "there is no interrupt controller")
gic = other:device(KVM_DEV_TYPE_ARM_VGIC_V3)
expect_errno("ENODEV", kvm.ioctl, other, "KVM_SIGNAL_MSI", {flags = KVM_MSI_VALID_DEVID}, "the GIC has no ITS")

local m = machine()
expect_msi("EINVAL", "the device's number is missing", m, 0x10, 0, {flags = 0})
expect_msi("EINVAL", "there is no such flag", m, 0x10, 0, {flags = 3})
expect_msi("EINVAL", "no ITS is there", m, 0x10, 0, {address_lo = 0x7000040})
expect_msi("EINVAL", "that is the distributor", m, 0x10, 0, {address_lo = DIST_AT})
expect_msi("EBUSY", "the ITS is not enabled", m, 0x10, 0)
m:redistributors(true)
m:tables()
m:enable()
expect_errno("EBUSY", m.its.set_attr, m.its, ITS_REGS, GITS_CREADR, 0, "the ITS is enabled")
expect_msi(0, "nothing is mapped", m, 0x10, 0)
m:mapd(0x10, 5, PIECES.itt)
m:mapc(0, 0)
m:mapti(0x10, 0, 8192, 0)
expect_msi("EBUSY", "CPU 0 has LPIs disabled", m, 0x10, 0)

m = whole()
all_arrive(m, "by KVM_SIGNAL_MSI")
expect_msi(0, "there is no such event", m, 0x10, 1)
expect_msi(0, "there is no such event", m, 0x10, 32)
expect_msi(0, "there is no such device", m, 0x11, 0)
m:event_command(3, 0x10, 0)
m:takes(0, 8192, "INT is as good as a message")
m:event_command(3, 0x10, 0)
m:event_command(4, 0x10, 0)
m:takes(0, nil, "CLEAR has taken it back")
m:event_command(1, 0x10, 0, 5)
expect_msi(1, "MOVI has moved it to collection 5", m, 0x10, 0)
m:takes(0, nil, "MOVI has moved it away")
m:takes(1, 8192, "MOVI has moved it to CPU 1")
m:configure(8192, false)
m:event_command(0xc, 0x10, 0)
expect_msi(1, "it is mapped, only disabled", m, 0x10, 0)
m:takes(1, nil, "it is disabled")
m:configure(8192, true)
m:event_command(0xc, 0x10, 0)
m:takes(1, 8192, "INV has read that it is enabled")
m:event_command(0xf, 0x10, 0)
expect_msi(0, "DISCARD has unmapped it", m, 0x10, 0)
expect_eq(m.memory.itt:u64(PIECES.itt), 0, "DISCARD clears its entry in memory")
m:mapc(5, 1, false)
expect_msi(0, "its collection is mapped to nobody", m, 0x21, 0)
m:mapc(5, 0)
expect_msi(0, "MAPC with another CPU does not bring back what was unmapped", m, 0x21, 0)
m:mapd(0x21, 5, 0, false)
expect_msi(0, "MAPD has unmapped its device", m, 0x21, 1)

-- ---- a vCPU is running ----

m = whole()
m.vcpus[1]:start(code.forever)
local running = thread(m.vcpus[1], "KVM_RUN")
local last = host.now() + 5
repeat
	host.sleep(0.005)
until not pcall(m.its.get_attr, m.its, ITS_REGS, GITS_TYPER) or host.now() > last
expect_errno("EBUSY", m.its.get_attr, m.its, ITS_REGS, GITS_TYPER, "vCPU 0 is running")
for _, control in ipairs {RESET, SAVE, RESTORE} do
	expect_errno("EBUSY", m.its.set_attr, m.its, CTRL, control, "vCPU 0 is running")
end
running:kick()
running:join()

-- ---- saved and restored ----

local function control(errno, of, number, reason)
	return expect_errno(errno, of.its.set_attr, of.its, CTRL, number, reason)
end

-- What is saved has a layout, revision 0 (Documentation/virt/kvm/devices/arm-vgic-its.rst).
m = whole()
control("OK", m, SAVE, "all tables are in memory")
expect_eq(m.memory.devices:u64(PIECES.devices + 0x10 * 8), VALID | 0x11 << 49 | PIECES.itt >> 8 << 5 | 4, "device 0x10: the next is 0x21")
expect_eq(m.memory.devices:u64(PIECES.devices + 0x21 * 8), VALID | (PIECES.itt + 0x1000) >> 8 << 5 | 4, "device 0x21 is the last")
expect_eq(m.memory.devices:u64(PIECES.devices + 0x11 * 8), 0, "there is no device 0x11")
for event, wanted in pairs {[0] = 3 << 48 | 8192 << 16, [3] = 28 << 48 | 8200 << 16 | 5, [31] = 8201 << 16, [1] = 0} do
	expect_eq(m.memory.itt:u64(PIECES.itt + event * 8), wanted, "an event: the next one, its LPI and its collection")
end
local ctes = {}
for n = 0, 2 do
	ctes[m.memory.collections:u64(PIECES.collections + 8 * n)] = true
end
for _, wanted in ipairs {VALID, VALID | 1 << 16 | 5, 0} do
	expect(ctes[wanted], "each collection with its CPU, in no order, and one that is not valid")
end

-- The registers of an ITS, in the order in which they are to be restored.
local function registers_of(of)
	local list = {}
	for _, offset in ipairs {GITS_CBASER, GITS_BASER, GITS_BASER + 8, GITS_CREADR, GITS_CWRITER, GITS_IIDR} do
		list[#list + 1] = {offset, of:reg(offset)}
	end
	return list
end

-- Has an ITS begin anew with the registers of another, and the tables in memory; RESTORE is to give that errno.
local function load(of, old, errno, reason)
	control("OK", of, RESET, "as it was made")
	for _, register in ipairs(registers_of(old)) do
		of:reg(table.unpack(register))
	end
	control(errno, of, RESTORE, reason)
	of:reg(GITS_CTLR, old:reg(GITS_CTLR))
	of.tail = old.tail
end

-- A new VM with the state of an old one.
local function move(old, alone)
	local new = machine(old, alone)
	new:redistributors()
	load(new, old, "OK", "what was saved is restored")
	return new
end

-- One message waits at each CPU.
expect_msi(1, "it is mapped", m, 0x10, 31)
expect_msi(1, "it is mapped", m, 0x21, 0)
local function save_pending()
	expect_ok(m.gic.set_attr, m.gic, CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, "what is pending is in memory")
end
save_pending()
expect_eq(m.memory.pending0:u8(PIECES.pending0 + 8201 // 8), 1 << 8201 % 8, "LPI 8201 waits for CPU 0")
expect_eq(m.memory.pending1:u8(PIECES.pending1 + 9000 // 8), 1 << 9000 % 8, "LPI 9000 waits for CPU 1")
local new = move(m)
new:takes(0, 8201, "in the new VM it still waits")
new:takes(1, 9000, "in the new VM it still waits")
new:takes(0, nil, "nothing else waits")
all_arrive(new, "in a new VM")
new:mapti(0x21, 7, 9007, 0)
new:configure(9007, true)
new:event_command(0xc, 0x21, 7)
expect_msi(1, "the queue goes on where it was", new, 0x21, 7)
new:takes(0, 9007, "the queue goes on where it was")
m:takes(0, 8201, "in the old VM it waits, too")
m:takes(1, 9000, "in the old VM it waits, too")
all_arrive(m, "in the old VM")
save_pending()

-- From a restored one the same comes out again.
local before = m.memory.itt:read(PIECES.itt, USED)
new = move(m)
new.memory.itt:write(PIECES.itt, ("\0"):rep(USED))
control("OK", new, SAVE, "it is saved again")
expect(new.memory.itt:read(PIECES.itt, USED) == before, "the same comes out again")
control("EEXIST", new, RESTORE, "the collections are mapped already")
control("OK", new, RESET, "as it was made")
expect_eq(new:reg(GITS_CTLR) & 1, 0, "a reset ITS is not enabled")
expect_eq((new:reg(GITS_BASER) | new:reg(GITS_BASER + 8)) >> 63, 0, "a reset ITS has no tables")
expect_eq(new:reg(GITS_CBASER) | new:reg(GITS_CREADR) | new:reg(GITS_CWRITER), 0, "a reset ITS has no queue")
control("OK", new, SAVE, "there is nothing to save")
control("OK", new, RESTORE, "there is nothing to restore")

-- Events whose collection is mapped to nobody any more are saved as none. 5.10 oopses in vgic_its_save_ite() and keeps the locks,
-- so that it is not asked.
if newer then
	local partly = whole()
	partly:mapc(5, 1, false)
	control("OK", partly, SAVE, "a save is possible at any time")
	expect_eq(partly.memory.itt:u64(PIECES.itt + 3 * 8), 0, "event 3 has no collection")
	partly = move(partly)
	for _, case in ipairs {{0x10, 0, 1}, {0x10, 3, 0}, {0x10, 31, 1}, {0x21, 0, 0}, {0x21, 1, 1}} do
		expect_msi(case[3], "what is mapped is restored, and the rest is not", partly, case[1], case[2])
	end
end

-- ---- tables with something wrong in them ----

-- All of it is refused, and nothing is mapped then.
new = move(m)
local function wrong(errno, piece, offset, value, reason)
	local at, was = PIECES[piece] + offset, new.memory[piece]:u64(PIECES[piece] + offset)
	new.memory[piece]:u64(at, value)
	load(new, m, errno, reason)
	if newer then
		expect_msi(0, "what is refused leaves nothing mapped", new, 0x10, 0)
	end
	new.memory[piece]:u64(at, was)
end

wrong("EINVAL", "collections", 0, VALID | 9 << 16, "there is no CPU 9")
wrong("EEXIST", "collections", 16, m.memory.collections:u64(PIECES.collections), "a collection is there twice")
wrong("EINVAL", "itt", 0, 3 << 48 | 8192 << 16 | 7, "there is no collection 7")
wrong("EINVAL", "itt", 0, 3 << 48 | 8191 << 16, "LPIs begin at 8192")
wrong("EINVAL", "itt", 0, 32 << 48 | 8192 << 16, "the next event is beyond the device's 32")
if newer then
	wrong("EINVAL", "devices", 0x10 * 8, VALID | PIECES.itt >> 8 << 5 | 16, "an event's number has 16 bits at most; 5.10 does not look")
end
load(new, m, "OK", "nothing is wrong any more")
all_arrive(new, "after tables that were wrong")

-- ---- memory that is missing, or not to be written ----

local function gone(memory)
	memory:set {size = 0}
	return memory.set, memory, {}
end

local function read_only(memory)
	memory:set {size = 0}
	memory:set {flags = KVM_MEM_READONLY}
	return function()
		memory:set {size = 0}
		memory:set {}
	end
end

local function protected(memory)
	memory:protect "r"
	return memory.protect, memory, "rw"
end

new = move(m, {queue = true, devices = true, collections = true, itt = true, pending0 = true})
-- Devices whose table is gone are left out since 7.2, and 6.12.117: a save must be possible.
for _, case in ipairs {
	{gone, "devices", host.at_least("6.12.117") and "OK" or "EINVAL", "EFAULT"},
	{gone, "itt", "EFAULT", "EFAULT"},
	{gone, "collections", "EFAULT", "EFAULT"},
	{read_only, "devices", "EFAULT", "OK"},
	{read_only, "itt", "EFAULT", "OK"},
	{read_only, "collections", "EFAULT", "OK"},
	{protected, "devices", "EFAULT", "OK"},
	{protected, "itt", "EFAULT", "OK"},
	{protected, "collections", "EFAULT", "OK"},
} do
	local how, piece, save, restore = table.unpack(case)
	local why = ("the memory of the %s is %s"):format(piece, how == gone and "missing" or "not to be written")
	local undo = table.pack(how(new.memory[piece]))
	control(save, new, SAVE, why)
	expect_msi(1, "what is mapped stays so", new, 0x10, 0)
	new:takes(0, 8192, "what is mapped stays so")
	load(new, m, restore, why)
	if newer or restore == "OK" then
		expect_msi(restore == "OK" and 1 or 0, "it is restored all or not at all", new, 0x10, 0)
	end
	undo[1](table.unpack(undo, 2, undo.n))
	load(new, m, "OK", "the memory is back")
end
local undo = table.pack(gone(new.memory.pending0))
expect_errno("EFAULT", new.gic.set_attr, new.gic, CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, "the memory of the pending bits is missing")
undo[1](table.unpack(undo, 2, undo.n))

-- What is saved is written: the log of dirty pages has it.
new.memory.itt:set {flags = KVM_MEM_LOG_DIRTY_PAGES}
control("OK", new, SAVE, "all tables are in memory")
local bitmap = array("u64", 1)
new.vm:get_dirty_log {slot = new.memory.itt.slot, dirty_bitmap = bitmap}
expect_eq(bitmap[0], host.page_size == 4096 and 3 or 1, "both devices' events were written")

-- Commands of a queue that is gone are skipped.
gone(new.memory.queue)
new:reg(GITS_CWRITER, new.tail + 64)
expect_eq(new:reg(GITS_CREADR), new.tail + 64, "what cannot be read is skipped")
all_arrive(new, "without a queue")

-- ---- memslots that change meanwhile ----

local ROUNDS <const> = 10
new = move(m)
local spare = new.vm:memory {gpa = 0xa0000000, size = 0x4000, slot = 20}
local function slot(number, gpa, size)
	return {new.vm, "KVM_SET_USER_MEMORY_REGION", {
		slot = number, guest_phys_addr = gpa, memory_size = size, userspace_addr = spare.pages,
	}}
end
local function set(of, group, attr)
	return {of, "KVM_SET_DEVICE_ATTR", {group = group, attr = attr}}
end
local writer = array("u64", {(new.tail + 32) % 0x1000})
new.memory.queue:write(PIECES.queue + new.tail, string.pack("<i8i8i8i8", 3 | 0x21 << 32, 1, 0, 0))
local created, deleted, moved, back, saved, pending, sent, written = race(ROUNDS,
	slot(21, 0xb0000000, 0x4000), slot(21, 0xb0000000, 0), slot(20, 0xa0000000, 0x4000), slot(20, 0xa0100000, 0x4000),
	set(new.its, CTRL, SAVE), set(new.gic, CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES),
	{new.vm, "KVM_SIGNAL_MSI", {
		address_lo = ITS_AT + GITS_TRANSLATER, devid = 0x10, data = 3, flags = KVM_MSI_VALID_DEVID,
	}},
	{new.its, "KVM_SET_DEVICE_ATTR", {group = ITS_REGS, attr = GITS_CWRITER, addr = writer}})
expect_eq(created.OK, ROUNDS, "a slot is made, or there already")
expect((deleted.OK or 0) + (deleted.EINVAL or 0) == ROUNDS, "it is deleted, or not there")
expect(moved.OK == ROUNDS and back.OK == ROUNDS, "a slot is moved, or there already")
for name, one in pairs {["the tables are saved"] = saved, ["the pending bits are saved"] = pending, ["the message is sent"] = sent,
	["the queue goes on"] = written} do
	expect_eq(one.OK, ROUNDS, name .. ", whatever other slots do")
end
new.tail = (new.tail + 32) % 0x1000
new:takes(1, 8200, "the messages have arrived, as one")
new:takes(1, nil, "the messages have arrived, as one")
new:takes(0, 9001, "INT was in the queue")
all_arrive(new, "after all that")
