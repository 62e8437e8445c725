-- SPDX-License-Identifier: GPL-2.0-or-later
behaviour {
	id = "riscv/aia-late-vcpu", arch = "riscv", needs = "device:RISCV_AIA",
	title = "A vCPU made after the AIA's INIT has no IMSIC: its registers are ENODEV, and the kernel lives",
	fixes = "kvm_riscv_aia_imsic_has_attr() and kvm_riscv_aia_imsic_rw_attr() of a vCPU without an IMSIC (right in 7.2)",
	seen_failing = "riscv64-6.12-aia, with the skip taken out: an Oops in kvm_riscv_aia_imsic_has_attr()",
}

-- An Oops may leave locks behind, and the host's log is not fit for others after it.
if not host.at_least("7.2") then
	skip("the kernel lacks the fix, and asking it would be an Oops")
end

local IMSIC <const>, EIDELIVERY <const> = KVM_DEV_RISCV_AIA_GRP_IMSIC, 0x70
local vm = kvm.vm()
local aia = vm:device(KVM_DEV_TYPE_RISCV_AIA)
aia:set_attr(KVM_DEV_RISCV_AIA_GRP_CTRL, KVM_DEV_RISCV_AIA_CTRL_INIT)
vm:vcpu(0)
expect_errno("ENODEV", aia.has_device_attr, aia, {group = IMSIC, attr = EIDELIVERY}, "the vCPU has no IMSIC")
expect_errno("ENODEV", aia.get_attr, aia, IMSIC, EIDELIVERY, "the vCPU has no IMSIC")
expect_errno("ENODEV", aia.set_attr, aia, IMSIC, EIDELIVERY, 0, "the vCPU has no IMSIC")
