/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which behaviours: ids, globs, files and folders; see test.h. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "msg.h"

/* Where the behaviours are, seen from the folder of this program: in the build's tree, installed, in a lab. */
static const char *const places[] = {
	"../../guest-tests/behaviours",
	"../../lib/kvmbed/behaviours",
	"../lib/kvmbed/behaviours",
};

/* The catalogue's folder, or "" if there is none. */
static void find_catalogue(char *path, size_t size)
{
	const char *given = getenv("KVMBED_BEHAVIOURS");
	char self[PATH_MAX], *slash, real[PATH_MAX];
	ssize_t n;

	*path = '\0';
	if (given) {
		if (realpath(given, real))
			snprintf(path, size, "%s", real);
		return;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return;
	*slash = '\0';
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char candidate[PATH_MAX + 64];

		snprintf(candidate, sizeof(candidate), "%s/%s", self, places[i]);
		if (realpath(candidate, real)) {
			snprintf(path, size, "%s", real);
			return;
		}
	}
}

static struct test *add(struct tests *tests)
{
	struct test *list;

	if (tests->nr == tests->room) {
		list = realloc(tests->list, (tests->room + 64) * sizeof(*list));
		if (!list)
			return NULL;
		tests->list = list;
		tests->room += 64;
	}
	tests->list[tests->nr] = (struct test){0};
	return &tests->list[tests->nr++];
}

static void free_test(struct test *test)
{
	behaviour_free(&test->b);
	free(test->broken);
}

void tests_free(struct tests *tests)
{
	for (unsigned int i = 0; i < tests->nr; i++)
		free_test(&tests->list[i]);
	free(tests->list);
	*tests = (struct tests){0};
}

/* The id that a script's place in the catalogue gives it: its path without the suffix; NULL outside of it. */
static char *id_of_place(const char *path, const char *catalogue)
{
	char real[PATH_MAX];
	size_t n = strlen(catalogue);

	if (!n || !realpath(path, real) || strncmp(real, catalogue, n) != 0 || real[n] != '/')
		return NULL;
	return strndup(real + n + 1, strlen(real + n + 1) - strlen(".lua"));
}

/* The architecture whose folder of the catalogue this id is in; "" for another folder. */
static const char *arch_of_place(const char *id)
{
	static const char *const folders[] = {"x86", "arm64", "riscv"};

	for (unsigned int i = 0; id && i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t n = strlen(folders[i]);

		if (!strncmp(id, folders[i], n) && id[n] == '/')
			return folders[i];
	}
	return "";
}

static int add_script(struct tests *tests, struct engine *engine, const char *path,
		      const char *catalogue)
{
	struct test *test = add(tests);
	char why[512], *id;

	if (!test)
		return -ENOMEM;
	id = id_of_place(path, catalogue);
	if (!engine_header(engine, path, &test->b, why, sizeof(why))) {
		if (id && strcmp(id, test->b.id) != 0 &&
		    asprintf(&test->broken, "%s: its id is %s, but its place says %s", path,
			     test->b.id, id) < 0)
			test->broken = NULL;
		free(id);
		return 0;
	}
	test->broken = strdup(why);
	test->b.path = strdup(path);
	test->b.id = id ? id : strdup(path);
	/* Another architecture's header may name what only that has: then it is no mistake. */
	test->b.arch = strdup(arch_of_place(id));
	return test->broken && test->b.path && test->b.id && test->b.arch ? 0 : -ENOMEM;
}

static bool is_script(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strcmp(name + n - 4, ".lua");
}

/* All scripts in and below a folder, in the order of their names. */
static int add_folder(struct tests *tests, struct engine *engine, const char *path,
		      const char *catalogue)
{
	struct dirent **entries;
	int nr = scandir(path, &entries, NULL, alphasort), r = 0;

	if (nr < 0) {
		r = -errno;
		msg_error("cannot read the folder %s: %s", path, strerror(-r));
		return r;
	}
	for (int i = 0; i < nr; i++) {
		const char *name = entries[i]->d_name;
		char inside[PATH_MAX];
		struct stat st;

		snprintf(inside, sizeof(inside), "%s/%s", path, name);
		if (!r && *name != '.' && !stat(inside, &st)) {
			if (S_ISDIR(st.st_mode))
				r = add_folder(tests, engine, inside, catalogue);
			else if (is_script(name))
				r = add_script(tests, engine, inside, catalogue);
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}

static bool of_this_arch(const struct test *test)
{
	return !test->b.arch[0] || !strcmp(test->b.arch, arch_name);
}

static bool has(const struct tests *tests, const char *path)
{
	for (unsigned int i = 0; i < tests->nr; i++) {
		if (!strcmp(tests->list[i].b.path, path))
			return true;
	}
	return false;
}

/* Moves it out of the catalogue, unless it is there already. */
static int take(struct tests *tests, struct test *test)
{
	struct test *to;

	if (has(tests, test->b.path))
		return 0;
	to = add(tests);
	if (!to)
		return -ENOMEM;
	*to = *test;
	/* The path stays, for has(). */
	test->b = (struct behaviour){.path = strdup(to->b.path), .id = strdup(to->b.id)};
	test->b.arch = strdup(to->b.arch);
	test->broken = NULL;
	return test->b.path && test->b.id && test->b.arch ? 0 : -ENOMEM;
}

/* Is @operand the folder of the catalogue that this id is in? */
static bool in_folder(const char *id, const char *operand)
{
	size_t n = strlen(operand);

	while (n && operand[n - 1] == '/')
		n--;
	return n && !strncmp(id, operand, n) && id[n] == '/';
}

/* Ids: one that is named is taken whatever its architecture; a pattern or folder gives those of this one. */
static int take_named(struct tests *tests, struct tests *all, const char *operand)
{
	bool pattern = strpbrk(operand, "*?[") != NULL, found = false;
	int r = 0;

	for (unsigned int i = 0; i < all->nr && !r; i++) {
		struct test *test = &all->list[i];

		if (strcmp(operand, test->b.id) != 0 &&
		    !(of_this_arch(test) && (pattern ? !fnmatch(operand, test->b.id, 0)
						     : in_folder(test->b.id, operand))))
			continue;
		found = true;
		r = take(tests, test);
	}
	if (r || found)
		return r;
	msg_error("no behaviour of %s is called `%s`, and no file: see kvmbed test --list",
		  arch_name, operand);
	return -EINVAL;
}

/* Reads all headers; not before somebody needs them. */
static int read_catalogue(struct tests *all, struct engine *engine, const char *catalogue)
{
	return *catalogue && !all->nr ? add_folder(all, engine, catalogue, catalogue) : 0;
}

static int take_operand(struct tests *tests, struct tests *all, struct engine *engine,
			const char *operand, const char *catalogue)
{
	struct stat st;
	int r;

	/* What can only be a path: "./x", "x.lua". "x86" is the catalogue's folder as well. */
	if (!stat(operand, &st)) {
		if (S_ISDIR(st.st_mode))
			return add_folder(tests, engine, operand, catalogue);
		return has(tests, operand) ? 0 : add_script(tests, engine, operand, catalogue);
	}
	if (is_script(operand)) {
		msg_error("cannot read %s: %s", operand, strerror(errno));
		return -EINVAL;
	}
	r = read_catalogue(all, engine, catalogue);
	return r ? r : take_named(tests, all, operand);
}

static int take_all(struct tests *tests, struct tests *all)
{
	int r = 0;

	for (unsigned int i = 0; i < all->nr && !r; i++) {
		if (of_this_arch(&all->list[i]))
			r = take(tests, &all->list[i]);
	}
	return r;
}

static bool has_tag(const struct test *test, const char *tag)
{
	size_t n = strlen(tag);

	for (const char *at = test->b.tags; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, tag, n) && (!at[n] || at[n] == ','))
			return true;
	}
	return false;
}

/* Leaves those with the tag. */
static int keep_tagged(struct tests *tests, const char *tag)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < tests->nr; i++) {
		if (has_tag(&tests->list[i], tag))
			tests->list[kept++] = tests->list[i];
		else
			free_test(&tests->list[i]);
	}
	tests->nr = kept;
	if (kept)
		return 0;
	msg_error("none of the behaviours has the tag `%s`", tag);
	return -EINVAL;
}

int tests_select(struct tests *tests, struct engine *engine, char **operands, int nr,
		 const char *tag)
{
	char catalogue[PATH_MAX];
	struct tests all = {0};
	int r = 0;

	find_catalogue(catalogue, sizeof(catalogue));
	if (!nr)
		r = read_catalogue(&all, engine, catalogue);
	if (!r && !nr && !all.nr) {
		msg_error("no behaviours were found: name a script, or set KVMBED_BEHAVIOURS to "
			  "their folder");
		r = -ENOENT;
	}
	if (!r && !nr)
		r = take_all(tests, &all);
	for (int i = 0; i < nr && !r; i++)
		r = take_operand(tests, &all, engine, operands[i], catalogue);
	if (!r && tag)
		r = keep_tagged(tests, tag);
	if (r == -ENOMEM)
		msg_error("no memory for the list of behaviours");
	tests_free(&all);
	return r;
}
