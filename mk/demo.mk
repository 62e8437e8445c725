# SPDX-License-Identifier: GPL-2.0-or-later
# The main job: build for three architectures, run the guests everywhere, show a table.

everything: ## build the VMM and the guests for all three architectures
	$(Q)for arch in $(ARCHS); do $(MAKE) ARCH=$$arch all || exit; done

demo: everything ## boot the guests on this machine and on emulated hosts, and show a table (HOSTS="...")
	$(Q)lab/matrix --guests $(if $(HOSTS),--hosts "$(HOSTS)")

.PHONY: everything demo
