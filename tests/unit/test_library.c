/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Libraries on demand: what is there is found, what is not is explained. */
#include "tests/unit/unit.h"
#include "tests/unit/messages.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "library.h"

static void a_library_is_loaded_once(void **state)
{
	static const char *const names[] = {"cos", "sqrt"};
	void *functions[2] = {NULL};
	const struct library m = {"libm.so.6", "libc6", names, functions, 2};
	double (*root)(double);

	assert_int_equal(library_load(&m), 0);
	memcpy(&root, &functions[1], sizeof(root));
	assert_true(root(9) == 3);
	/* What is loaded is left alone. */
	functions[0] = NULL;
	assert_int_equal(library_load(&m), 0);
	assert_null(functions[0]);
}

static void a_missing_library_is_named_with_its_package(void **state)
{
	static const char *const names[] = {"cos"};
	void *functions[1] = {NULL};
	const struct library none = {"libkvmbed-none.so.7", "libkvmbed-none7", names, functions, 1};
	const char *said;

	messages_begin();
	assert_int_equal(library_load(&none), -ENOENT);
	said = messages_end();
	assert_said(said, "cannot load libkvmbed-none.so.7: ");
	assert_said(said, "package libkvmbed-none7");
	assert_null(functions[0]);
}

static void a_missing_function_is_named(void **state)
{
	static const char *const names[] = {"cos", "kvmbed_none", "sqrt"};
	void *functions[3] = {NULL};
	const struct library m = {"libm.so.6", "libc6", names, functions, 3};

	/* Also the second time: it does not count as loaded. */
	for (unsigned int i = 0; i < 2; i++) {
		messages_begin();
		assert_int_equal(library_load(&m), -ENOENT);
		assert_said(messages_end(), "libm.so.6 has no kvmbed_none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_is_loaded_once),
		cmocka_unit_test(a_missing_library_is_named_with_its_package),
		cmocka_unit_test(a_missing_function_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
