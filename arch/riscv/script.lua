-- SPDX-License-Identifier: GPL-2.0-or-later
-- What scripts have on RISC-V alone.
local _, K = ...

-- A vCPU runs as it is made.
function K.prepare_vcpu() end
