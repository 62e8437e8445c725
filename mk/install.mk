# SPDX-License-Identifier: GPL-2.0-or-later
# Installation, under DESTDIR and PREFIX.

install: all ## install kvmbed, its guests and manual page (DESTDIR, PREFIX)
	install -D -m 755 $(O)/kvmbed $(DESTDIR)$(PREFIX)/bin/kvmbed
	install -D -m 755 $(O)/kvmbed-test $(DESTDIR)$(PREFIX)/libexec/kvmbed/kvmbed-test
	install -D -m 644 docs/kvmbed.1 $(DESTDIR)$(PREFIX)/share/man/man1/kvmbed.1
	install -d $(DESTDIR)$(PREFIX)/lib/kvmbed/guests
	install -m 644 $(GUEST_ELF) $(DESTDIR)$(PREFIX)/lib/kvmbed/guests
	install -D -m 755 guest-tests/run $(DESTDIR)$(PREFIX)/lib/kvmbed/guest-tests/run
	install -D -m 644 guest-tests/list $(DESTDIR)$(PREFIX)/lib/kvmbed/guest-tests/list
	cd guest-tests/behaviours && find . -name '*.lua' -exec install -D -m 644 '{}' '$(abspath $(DESTDIR)$(PREFIX)/lib/kvmbed/behaviours)/{}' \;
	cd $(RUNTIME) && find . -type f | while read -r f; do install -D -m 644 $$f '$(abspath $(DESTDIR)$(PREFIX)/lib/kvmbed/guest-lib)/'$$f || exit; done
	cd $(O)/code && find . -name '*.[csS]' -o -name '*.elf' | while read -r f; do \
		install -D -m 644 $$f '$(abspath $(DESTDIR)$(PREFIX)/lib/kvmbed/code)/'$$f || exit; done

.PHONY: install
