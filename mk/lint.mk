# SPDX-License-Identifier: GPL-2.0-or-later
# Static checks. LINT_TOOLS='clang-format shellcheck' runs those two; LINT_FILES='a.c' looks at that file.

lint: ## clang-format, clang-tidy, cppcheck, shellcheck: what is not installed is said, and skipped
	$(Q)BUILD=$(BUILD) LINT_FILES="$(LINT_FILES)" tests/lint $(LINT_TOOLS)

.PHONY: lint
