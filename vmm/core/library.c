/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared libraries on demand, over dlopen(3); see library.h. */
#include "library.h"

#include <dlfcn.h>
#include <errno.h>

#include "msg.h"

int library_load(const struct library *library)
{
	void *handle;

	if (library->functions[library->nr - 1])
		return 0;
	handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		msg_error("cannot load %s: %s; Debian has it in the package %s", library->soname,
			  dlerror(), library->package);
		return -ENOENT;
	}
	/* The last one, by which the library counts as loaded, comes last. */
	for (size_t i = 0; i < library->nr; i++) {
		library->functions[i] = dlsym(handle, library->names[i]);
		if (!library->functions[i]) {
			msg_error("%s has no %s: a newer one is needed (Debian's package %s)",
				  library->soname, library->names[i], library->package);
			dlclose(handle);
			return -ENOENT;
		}
	}
	return 0;
}
