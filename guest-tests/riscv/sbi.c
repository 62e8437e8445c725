/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SBI calls, those that KVM answers and those that it hands to the VMM (RISC-V
 * Supervisor Binary Interface Specification 2.0; chapters are named below).
 * Options: dbcn=no where the debug console is turned off; input=TEXT where that
 * is what the console is sent.
 */
#include "guest.h"

#define SBI_SUCCESS		  0
#define SBI_ERR_NOT_SUPPORTED	  (-2)
#define SBI_ERR_INVALID_PARAM	  (-3)
#define SBI_ERR_ALREADY_AVAILABLE (-6)

#define LEGACY_PUTCHAR 0x01
#define BASE	       0x10
#define BASE_VERSION   0
#define BASE_IMPL_ID   1
#define BASE_PROBE     3
#define EXPERIMENTAL   0x08000042
#define VENDOR	       0x09000042
#define HSM	       0x48534d
#define HSM_START      0
#define HSM_STATUS     2
#define HSM_STARTED    0
#define HSM_STOPPED    1
#define SRST	       0x53525354
#define DBCN	       0x4442434e
#define DBCN_WRITE     0
#define DBCN_READ      1
#define DBCN_BYTE      2

static void expect(const char *what, struct sbi_ret ret, long error)
{
	report(ret.error == error, "%s: %ld (%ld, value 0x%lx)", what, error, ret.error, ret.value);
}

static bool probe(unsigned long extension)
{
	return sbi_call(BASE, BASE_PROBE, extension, 0, 0).value;
}

/* Base Extension. */
static void test_base(void)
{
	struct sbi_ret version = sbi_call(BASE, BASE_VERSION, 0, 0, 0);

	report(!version.error && version.value >> 24, "specification version %lu.%lu",
	       version.value >> 24, version.value & 0xffffff);
	report_info("implementation %lu", sbi_call(BASE, BASE_IMPL_ID, 0, 0, 0).value);
	report(probe(BASE) && probe(HSM), "extensions that are there are found");
	report(!probe(0x12345678), "one that is not is not");
	expect("a function that base does not have", sbi_call(BASE, 99, 0, 0, 0),
	       SBI_ERR_NOT_SUPPORTED);
}

/* Hart State Management Extension. */
static void test_hsm(void)
{
	const char *status_bug =
		"KVM keeps the error to itself (kvm_sbi_ext_hsm_handler() of Linux "
		"6.12; right in 7.2)";
	struct sbi_ret ret = sbi_call(HSM, HSM_STATUS, hart_id(0), 0, 0);

	report(!ret.error && ret.value == HSM_STARTED, "the boot hart has started");
	ret = sbi_call(HSM, HSM_STATUS, 0x4711, 0, 0);
	report_known(ret.error == SBI_ERR_INVALID_PARAM, ret.error ? NULL : status_bug,
		     "the state of a hart that is not there: %d (%ld)", SBI_ERR_INVALID_PARAM,
		     ret.error);
	expect("starting the boot hart again", sbi_call(HSM, HSM_START, hart_id(0), 0, 0),
	       SBI_ERR_ALREADY_AVAILABLE);
	expect("starting a hart that is not there", sbi_call(HSM, HSM_START, 0x4711, 0, 0),
	       SBI_ERR_INVALID_PARAM);
	if (machine.nr_cpus < 2)
		return;
	ret = sbi_call(HSM, HSM_STATUS, hart_id(1), 0, 0);
	report(!ret.error && ret.value == HSM_STOPPED, "the next hart is stopped");
}

/* System Reset Extension: what it does not know must leave the machine running. */
static void test_srst(void)
{
	report(sbi_call(SRST, 0, 0x1234, 0, 0).error < 0, "a reset of no known type is refused");
	expect("a function that SRST does not have", sbi_call(SRST, 1, 0, 0, 0),
	       SBI_ERR_NOT_SUPPORTED);
}

static void test_refused(void)
{
	struct sbi_ret ret = sbi_call(LEGACY_PUTCHAR, 0, '.', 0x1234, 0);

	expect("an experimental extension", sbi_call(EXPERIMENTAL, 0, 1, 2, 3),
	       SBI_ERR_NOT_SUPPORTED);
	expect("a vendor's extension", sbi_call(VENDOR, 7, 1, 2, 3), SBI_ERR_NOT_SUPPORTED);
	/* Legacy Extensions: a1 is not for them to change. A kernel may be built without them. */
	if (ret.error == SBI_ERR_NOT_SUPPORTED)
		report_skip("legacy console: this kernel has no SBI 0.1");
	else
		report(!ret.error && ret.value == 0x1234, "legacy putchar prints and leaves a1");
}

/* ---- Debug Console Extension ---------------------------------------------------------- */

static struct sbi_ret dbcn_write(uint64_t gpa, uint64_t len)
{
	return sbi_call(DBCN, DBCN_WRITE, len, gpa, 0);
}

static void test_write(void)
{
	static const char text[] = "written by the debug console\r\n";
	char *page = page_alloc(), *next = page_alloc();
	struct sbi_ret ret = dbcn_write((uint64_t)text, strlen(text));

	report(!ret.error && ret.value == strlen(text), "all of a text is written (%lu of %lu)",
	       ret.value, strlen(text));
	/* Pages come out of one pool, in order. */
	if (next == page + GUEST_PAGE_SIZE) {
		char *at = next - 10;

		memcpy(at, text, sizeof(text));
		ret = dbcn_write((uint64_t)at, strlen(text));
		report(!ret.error && ret.value == strlen(text), "the same across a page's end");
	}
	ret = dbcn_write((uint64_t)text, 0);
	report(!ret.error && ret.value == 0, "nothing is written of nothing");
	ret = sbi_call(DBCN, DBCN_BYTE, 0xffffff00 | '\n', 0, 0);
	report(!ret.error && ret.value == 0,
	       "a byte is written, its register's other bits ignored");
}

static void test_bad_memory(void)
{
	const struct region *ram = &machine.ram[machine.nr_ram - 1];
	uint64_t end = ram->start + ram->size;

	expect("writing from where nothing is", dbcn_write(machine.hole, 4), SBI_ERR_INVALID_PARAM);
	expect("writing beyond the end of RAM", dbcn_write(end - 4, 8), SBI_ERR_INVALID_PARAM);
	expect("writing more than there is", dbcn_write(ram->start, UINT64_MAX),
	       SBI_ERR_INVALID_PARAM);
	expect("writing round the end of addresses", dbcn_write(UINT64_MAX - 3, 8),
	       SBI_ERR_INVALID_PARAM);
	expect("an address above 64 bits", sbi_call(DBCN, DBCN_WRITE, 4, ram->start, 1),
	       SBI_ERR_INVALID_PARAM);
	expect("reading to where nothing is", sbi_call(DBCN, DBCN_READ, 4, machine.hole, 0),
	       SBI_ERR_INVALID_PARAM);
	expect("a function that DBCN does not have", sbi_call(DBCN, 3, 0, 0, 0),
	       SBI_ERR_NOT_SUPPORTED);
}

static char input[64];

static bool read_some(void *arg)
{
	size_t *got = arg;
	struct sbi_ret ret =
		sbi_call(DBCN, DBCN_READ, sizeof(input) - 1 - *got, (uint64_t)input + *got, 0);

	if (!ret.error)
		*got += ret.value;
	return ret.error || strchr(input, '\n');
}

static void test_read(void)
{
	char wanted[sizeof(input)];
	size_t got = 0;

	if (!option("input", wanted, sizeof(wanted))) {
		struct sbi_ret ret = sbi_call(DBCN, DBCN_READ, sizeof(input), (uint64_t)input, 0);

		report(!ret.error && ret.value == 0, "nothing is read when nothing has come");
		return;
	}
	wait_until(read_some, &got, 5 * NSEC_PER_SEC);
	report(!strncmp(input, wanted, strlen(wanted)) && input[strlen(wanted)] == '\n' &&
		       got == strlen(wanted) + 1,
	       "what was sent is read: '%s' (%lu bytes: '%s')", wanted, got, input);
}

int main(void)
{
	test_base();
	test_hsm();
	test_srst();
	test_refused();
	if (option_is("dbcn", "no")) {
		report(!probe(DBCN), "the debug console is not there");
		expect("writing to it", dbcn_write((uint64_t)input, 1), SBI_ERR_NOT_SUPPORTED);
		return 0;
	}
	report(probe(DBCN), "the debug console is there");
	test_write();
	test_bad_memory();
	test_read();
	return 0;
}
