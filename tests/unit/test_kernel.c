/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What records of /dev/kmsg say of trouble. */
#include "cli/test/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

/* What is found in these records, which end with NULL. */
static char *found(const char *const *records)
{
	char *text;
	int ends[2];

	/* As /dev/kmsg, a read gives one record. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	for (; *records; records++)
		assert_int_equal(write(ends[0], *records, strlen(*records)), strlen(*records));
	text = kernel_trouble_in(ends[1]);
	close(ends[0]);
	close(ends[1]);
	return text;
}

#define FOUND(...) found((const char *const[]){__VA_ARGS__, NULL})

static void test_trouble(void **state)
{
	char *text = FOUND("6,1,10,-;kvm: all is well\n",
			   "4,2,20,-;WARNING: CPU: 0 PID: 1 at kvm_main.c:1\n SUBSYSTEM=x\n",
			   "4,3,30,c;Call Trace:\n");

	assert_non_null(text);
	assert_string_equal(text, "WARNING: CPU: 0 PID: 1 at kvm_main.c:1\nCall Trace:\n");
	free(text);
}

static void test_nothing(void **state)
{
	assert_null(FOUND("6,1,10,-;kvm: all is well\n"));
	assert_null(FOUND("no record at all"));
	assert_null(FOUND("4,1,10,-"));
}

/* Facility 1, user space: 12 is its warning. */
static void test_users(void **state)
{
	char *text;

	assert_null(FOUND("12,1,10,-;WARNING: somebody says so\n"));
	text = FOUND("12,1,10,-;BUG: somebody says so\n", "2,2,20,-;BUG: the kernel says so\n",
		     "12,3,30,-;and somebody else\n");
	assert_non_null(text);
	assert_string_equal(text, "BUG: the kernel says so\n");
	free(text);
}

static void test_many(void **state)
{
	const char *records[101];
	char *text;
	unsigned int lines = 0;

	for (int i = 0; i < 100; i++)
		records[i] = "1,1,1,-;Kernel panic - not syncing\n";
	records[100] = NULL;
	text = found(records);
	assert_non_null(text);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 40);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
