-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "arm64/run-errors", arch = "arm64",
	title = "KVM_RUN refuses a vCPU, SVE, GIC or PMU that is not ready, each with its errno, and says which access it cannot decode",
	fixes = "KVM: Documentation: Add arm64 KVM_RUN error codes",
	seen_failing = "asked for EINVAL of a PMU without its initialisation, and for EIO of a GIC that cannot be mapped, arm64-5.10 gives EINTR; " ..
		"fails with --inject KVM_RUN:EBADF:N for each N, arm64-6.1",
}

local GRP_ADDR, GRP_CTRL = KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL
local DIST, REDIST = 0x8000000, 0x80a0000

-- The first KVM_RUN. immediate_exit leaves only the checks before the guest's first instruction: EINTR says that they passed.
local function first_run(errno, vcpu, reason)
	vcpu.kvm_run.immediate_exit = 1
	expect_errno(errno, vcpu.run, vcpu, reason)
	vcpu.kvm_run.immediate_exit = 0
end

-- ---- the vCPU ----

local vm = kvm.vm()
local vcpu = vm:vcpu(0, {bare = true})
first_run("ENOEXEC", vcpu, "the vCPU has had no KVM_ARM_VCPU_INIT")
vcpu:init()
first_run("EINTR", vcpu, "now it has, and the failed KVM_RUN has left nothing behind")

if host.has "cap:ARM_SVE" then
	vcpu = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_SVE}})
	first_run("EPERM", vcpu, "the vector lengths of SVE are still open")
	vcpu:arm_vcpu_finalize(KVM_ARM_VCPU_SVE)
	first_run("EINTR", vcpu, "now they are not, and the failed KVM_RUN has left nothing behind")
end

-- ---- the GIC ----

-- A VM with vCPUs and a GIC that has these addresses, {type, address}, in that order.
local function gic(kind, addresses, init, vcpus)
	local of = kvm.vm()
	local device = of:device(kind)
	for id = 0, vcpus or 0 do
		vcpu = of:vcpu(id)
	end
	for _, address in ipairs(addresses) do
		device:set_attr(GRP_ADDR, table.unpack(address))
	end
	if init then
		device:set_attr(GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT)
	end
	return vcpu
end

-- 6.1 and later kill a VM whose GIC cannot be mapped; 5.10 takes the GIC away (kvm_vgic_map_resources()).
local function refused(errno, of, reason)
	first_run(errno, of, reason)
	if host.at_least("6.1") then
		first_run("EIO", of, "the VM is dead since its GIC could not be mapped")
	end
end

if host.has "device:ARM_VGIC_V3" then
	local V3 = KVM_DEV_TYPE_ARM_VGIC_V3
	local dist, redist = {KVM_VGIC_V3_ADDR_TYPE_DIST, DIST}, {KVM_VGIC_V3_ADDR_TYPE_REDIST, REDIST}
	-- Bits 63:52 count the redistributors of a region, bits 11:0 number it.
	local one = {KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, REDIST | 1 << 52}
	refused("ENXIO", gic(V3, {}, true), "the GICv3 has no addresses")
	refused("ENXIO", gic(V3, {dist}, true), "the redistributors have no address")
	refused("ENXIO", gic(V3, {redist}, true), "the distributor has no address")
	refused("ENXIO", gic(V3, {dist, one}, true, 1), "there are two vCPUs and room for one redistributor")
	-- The other way round is refused at once.
	refused("EINVAL", gic(V3, {redist, {KVM_VGIC_V3_ADDR_TYPE_DIST, REDIST}}, true), "distributor and redistributor are at one place")
	refused("EBUSY", gic(V3, {dist, redist}, false), "the GICv3 has not been initialised")
	refused("ENXIO", gic(V3, {redist}, false), "the addresses are looked at before that")
	first_run("EINTR", gic(V3, {dist, redist}, true), "nothing is missing")
	first_run("EINTR", gic(V3, {dist, one}, true), "nothing is missing")
end

if host.has "device:ARM_VGIC_V2" then
	local V2 = KVM_DEV_TYPE_ARM_VGIC_V2
	local dist, cpu = {KVM_VGIC_V2_ADDR_TYPE_DIST, DIST}, {KVM_VGIC_V2_ADDR_TYPE_CPU, DIST + 0x10000}
	refused("ENXIO", gic(V2, {}, true), "the GICv2 has no addresses")
	refused("ENXIO", gic(V2, {dist}, true), "the CPU interface has no address")
	refused("ENXIO", gic(V2, {cpu}, false), "the distributor has no address")
	refused("EINVAL", gic(V2, {dist, {KVM_VGIC_V2_ADDR_TYPE_CPU, DIST}}, true), "distributor and CPU interface are at one place")
	first_run("EINTR", gic(V2, {dist, cpu}, true), "nothing is missing")
	first_run("EINTR", gic(V2, {dist, cpu}, false), "a GICv2 needs no initialisation by hand, as in its first days")
end

-- ---- the PMU ----

if host.has "cap:ARM_PMU_V3" then
	vcpu = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_PMU_V3}})
	-- kvm_arm_pmu_v3_enable() of 5.10 lets a vCPU run without the PMU that it was to have.
	first_run(host.at_least("6.1") and "EINVAL" or "EINTR", vcpu, "the PMU has not been initialised")
	vcpu = kvm.vm():vcpu(0, {features = {KVM_ARM_VCPU_PMU_V3}})
	vcpu:set_attr(KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT)
	first_run("EINTR", vcpu, "now it has, and without a GIC it needs no interrupt")
end

-- ---- memory ----

-- A store of two registers has no syndrome that tells which ones, so that KVM cannot decode it; one alone has.
local HOLE <const> = 0x50000
local code = asm {
	at = 0x1000,
	arm64 = [[
			mov x2, #0x50000
			mov x3, #0x8000
		pair:	stp x0, x1, [x2, #0x10]
		after:	strb w0, [x2, #0x20]
		store:	str x0, [x3]
			strb w0, [x2, #0x30]
	]],
}
local ram
vm = kvm.vm()
ram = vm:memory {gpa = 0, size = 0x8000}
local page = vm:memory {gpa = 0x8000, size = host.page_size, slot = 1}
vcpu = vm:vcpu(0):start(ram:load(code))
for _ = 1, 2 do
	expect_errno("ENOSYS", vcpu.run, vcpu, "nothing is there, and the syndrome does not tell what is stored")
	expect_eq(vcpu:reg("PC"), code.pair, "the guest stands before the store")
end

if host.has "cap:ARM_NISV_TO_USER" then
	local wanted = struct("kvm_enable_cap", {cap = KVM_CAP_ARM_NISV_TO_USER, flags = 1})
	expect_errno("EINVAL", vm.enable_cap, vm, wanted, "no flag of KVM_ENABLE_CAP has a meaning")
	wanted.flags = 0
	expect_ok(vm.enable_cap, vm, wanted, "user space wants to decode such accesses, even of a VM that has run")
	local exit = vcpu:run("KVM_EXIT_ARM_NISV", "user space has asked for it")
	expect_eq(exit.arm_nisv.fault_ipa, HOLE + 0x10, "that is where the store goes")
	expect_eq(exit.arm_nisv.esr_iss & 1 << 24, 0, "the syndrome says that it is not valid (ESR_ELx.ISV)")
	expect_eq(vcpu:reg("PC"), code.pair, "the guest stands before the store")
end

-- User space may go on behind it.
vcpu:reg("PC", code.after)
local exit = vcpu:run("KVM_EXIT_MMIO", "a store of one register can be decoded")
expect_eq(exit.mmio.phys_addr, HOLE + 0x20, "that is where it goes")

page:protect("r")
for _ = 1, 2 do
	expect_errno("EFAULT", vcpu.run, vcpu, "the guest stores to memory that user space itself cannot write")
	expect_eq(vcpu:reg("PC"), code.store, "the guest stands before the store")
end
page:protect("rw")
exit = vcpu:run("KVM_EXIT_MMIO", "now it can, and the guest goes on")
expect_eq(exit.mmio.phys_addr, HOLE + 0x30, "that is the next store without memory")
