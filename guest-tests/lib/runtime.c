/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start, command line, memory and sized access: the small things of the runtime. */
#include "arch_api.h"
#include "script.h"

struct machine machine = {.cmdline = "", .nr_cpus = 1, .irqchip = "none"};
struct cpu cpus[GUEST_MAX_CPUS];
char boot_stack[GUEST_MAX_CPUS][GUEST_STACK_SIZE] __attribute__((aligned(16)));

void guest_main(uint64_t boot)
{
	for (unsigned int i = 0; i < GUEST_MAX_CPUS; i++) {
		cpus[i].id = i;
		cpus[i].stack_top = boot_stack[i] + GUEST_STACK_SIZE;
	}
	arch_cpu_set(&cpus[0]);
	cpus[0].booted = true;
	cpus[0].up = 1;
	if (!script_init(boot))
		arch_console_init(boot);
	arch_init(boot);
	if (main() != 0)
		report(false, "main() returned a failure");
	guest_exit();
}

unsigned int cpu_id(void)
{
	return arch_cpu()->id;
}

/* ---- Command line ---------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The text after "NAME" or "NAME=", and its length; NULL if the word is not there. The last one counts. */
static const char *find_option(const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	const char *found = NULL;
	const char *word = machine.cmdline, *end;

	for (; *word; word = end) {
		while (is_space(*word))
			word++;
		for (end = word; *end && !is_space(*end); end++)
			;
		if (strncmp(word, name, name_len) ||
		    (word + name_len != end && word[name_len] != '='))
			continue;
		found = word + name_len + (word + name_len != end);
		*len = end - found;
	}
	return found;
}

bool option(const char *name, char *value, size_t size)
{
	size_t len = 0;
	const char *text = find_option(name, &len);

	if (!text || !size)
		return text;
	if (len >= size)
		len = size - 1;
	memcpy(value, text, len);
	value[len] = '\0';
	return true;
}

bool option_is(const char *name, const char *value)
{
	size_t len = 0;
	const char *text = find_option(name, &len);

	return text && len == strlen(value) && !strncmp(text, value, len);
}

uint64_t option_number(const char *name, uint64_t fallback)
{
	char value[24];

	return option(name, value, sizeof(value)) ? parse_number(value) : fallback;
}

/* ---- Memory ---------------------------------------------------------------- */

/* Enough for the boot map of a large machine and what tests map; it lies in the BSS, so it costs nothing unused. */
static char page_pool[128][GUEST_PAGE_SIZE] __attribute__((aligned(GUEST_PAGE_SIZE)));
static unsigned int pages_used;

void *page_alloc(void)
{
	unsigned int n = atomic_add(&pages_used, 1) - 1;

	return n < ARRAY_SIZE(page_pool) ? page_pool[n] : NULL;
}

bool map_range(uint64_t pa, uint64_t size, unsigned int flags)
{
	uint64_t page = pa & -GUEST_PAGE_SIZE;

	for (; page < pa + size; page += GUEST_PAGE_SIZE)
		if (!map_page(page, page, flags))
			return false;
	return true;
}

uint64_t mmio_read(uint64_t va, unsigned int size)
{
	switch (size) {
	case 1:
		return mmio_read8(va);
	case 2:
		return mmio_read16(va);
	case 4:
		return mmio_read32(va);
	default:
		return mmio_read64(va);
	}
}

void mmio_write(uint64_t va, uint64_t value, unsigned int size)
{
	switch (size) {
	case 1:
		mmio_write8(va, value);
		break;
	case 2:
		mmio_write16(va, value);
		break;
	case 4:
		mmio_write32(va, value);
		break;
	default:
		mmio_write64(va, value);
	}
}
