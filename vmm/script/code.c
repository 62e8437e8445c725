/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest code: what the linker made of it, where the build put it, and the tools that make it now; see code.h. */
#include "script/code.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---- */

#define MOST_BYTES (16 << 20)

int code_read_file(const char *path, struct code_file *out)
{
	FILE *in = fopen(path, "re");
	int r = 0;

	*out = (struct code_file){0};
	if (!in)
		return -errno;
	out->bytes = malloc(MOST_BYTES + 1);
	if (!out->bytes) {
		r = -ENOMEM;
	} else {
		out->size = fread(out->bytes, 1, MOST_BYTES, in);
		out->bytes[out->size] = '\0';
		r = ferror(in) ? -EIO : 0;
	}
	fclose(in);
	return r;
}

/* @size bytes at @offset, or NULL if the file does not have them. */
static const void *part(const struct code_file *f, uint64_t offset, uint64_t size)
{
	return offset <= f->size && size <= f->size - offset ? f->bytes + offset : NULL;
}

/* Where the image begins and ends in the guest. */
static int take_range(const struct code_file *f, const Elf64_Phdr *p, unsigned int nr,
		      struct code *out)
{
	uint64_t end = 0;

	out->at = UINT64_MAX;
	for (unsigned int i = 0; i < nr; i++) {
		if (p[i].p_type != PT_LOAD || !p[i].p_memsz)
			continue;
		if (p[i].p_memsz > MOST_BYTES || p[i].p_vaddr > UINT64_MAX - MOST_BYTES ||
		    p[i].p_filesz > p[i].p_memsz || !part(f, p[i].p_offset, p[i].p_filesz))
			return -EINVAL;
		if (p[i].p_vaddr < out->at)
			out->at = p[i].p_vaddr;
		if (p[i].p_vaddr + p[i].p_memsz > end)
			end = p[i].p_vaddr + p[i].p_memsz;
	}
	if (!end)
		out->at = 0;
	out->size = end - out->at;
	return out->size > MOST_BYTES ? -EINVAL : 0;
}

static int take_segments(const struct code_file *f, const Elf64_Ehdr *head, struct code *out)
{
	const Elf64_Phdr *p = part(f, head->e_phoff, (uint64_t)head->e_phnum * sizeof(*p));
	int r = p ? take_range(f, p, head->e_phnum, out) : -EINVAL;

	if (r)
		return r;
	out->entry = head->e_entry;
	out->bytes = calloc(1, out->size + 1);
	if (!out->bytes)
		return -ENOMEM;
	for (unsigned int i = 0; i < head->e_phnum; i++) {
		if (p[i].p_type == PT_LOAD && p[i].p_memsz)
			memcpy(out->bytes + (p[i].p_vaddr - out->at),
			       part(f, p[i].p_offset, p[i].p_filesz), p[i].p_filesz);
	}
	return 0;
}

static bool is_label(const Elf64_Sym *s, const char *name)
{
	unsigned int type = ELF64_ST_TYPE(s->st_info);

	/* The linker's own begin with an underscore, mapping symbols with a dollar. */
	return s->st_shndx != SHN_UNDEF && type != STT_SECTION && type != STT_FILE && *name &&
	       *name != '$' && *name != '_';
}

static int take_symbols(const struct code_file *f, const Elf64_Ehdr *head, struct code *out)
{
	const Elf64_Shdr *s = part(f, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*s));

	for (unsigned int i = 0; s && i < head->e_shnum; i++) {
		uint64_t nr = s[i].sh_size / sizeof(Elf64_Sym);
		const Elf64_Sym *symbols = part(f, s[i].sh_offset, s[i].sh_size);
		const Elf64_Shdr *text = s[i].sh_link < head->e_shnum ? &s[s[i].sh_link] : NULL;

		if (s[i].sh_type != SHT_SYMTAB)
			continue;
		if (!symbols || !text || !part(f, text->sh_offset, text->sh_size))
			return -EINVAL;
		out->symbols = calloc(nr + 1, sizeof(*out->symbols));
		for (uint64_t k = 0; out->symbols && k < nr; k++) {
			const char *name = (const char *)f->bytes + text->sh_offset;

			if (symbols[k].st_name >= text->sh_size)
				continue;
			name += symbols[k].st_name;
			if (!is_label(&symbols[k], name))
				continue;
			out->symbols[out->nr_symbols++] = (struct code_symbol){
				.name = strdup(name),
				.value = symbols[k].st_value,
			};
		}
		return out->symbols ? 0 : -ENOMEM;
	}
	return 0;
}

int code_read(const char *path, struct code *out)
{
	struct code_file f;
	int r = code_read_file(path, &f);
	const Elf64_Ehdr *head = r ? NULL : part(&f, 0, sizeof(*head));

	*out = (struct code){0};
	if (!r && (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
		   head->e_ident[EI_CLASS] != ELFCLASS64))
		r = -EINVAL;
	if (!r)
		r = take_segments(&f, head, out);
	if (!r)
		r = take_symbols(&f, head, out);
	if (r)
		code_free(out);
	free(f.bytes);
	return r;
}

void code_free(struct code *code)
{
	for (unsigned int i = 0; i < code->nr_symbols; i++)
		free(code->symbols[i].name);
	free(code->symbols);
	free(code->bytes);
	*code = (struct code){0};
}

bool code_same_file(const char *path, const void *bytes, size_t size)
{
	struct code_file f;
	bool same = !code_read_file(path, &f) && f.bytes && f.size == size &&
		    !memcmp(f.bytes, bytes, size);

	free(f.bytes);
	return same;
}

/* ---- beside the program ---- */

int code_beside(const char *const *places, const char *name, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	while (n > 0 && self[n - 1] != '/')
		n--;
	for (; n > 0 && *places; places++) {
		int len = snprintf(path, size, "%.*s%s/%s", (int)n, self, *places, name);

		if (len > 0 && (size_t)len < size && !access(path, R_OK))
			return 0;
	}
	return -ENOENT;
}

/* ---- tools ---- */

int code_run_tool(char *const argv[], int output)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		dup2(output, 1);
		dup2(output, 2);
		execvp(argv[0], argv);
		dprintf(2, "cannot start %s: %s (the packages gcc and binutils have it)\n", argv[0],
			strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EINVAL;
}

static char *read_log(int log)
{
	char text[4096];
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strdup(text);
}

int code_make(int (*make)(const char *folder, int log, void *arg), void *arg, char **messages)
{
	char folder[] = "/tmp/kvmbed-code.XXXXXX", log_path[sizeof(folder) + 8];
	int log, r;

	*messages = NULL;
	if (!mkdtemp(folder))
		return -errno;
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	log = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	r = log < 0 ? -errno : make(folder, log, arg);
	if (r && log >= 0)
		*messages = read_log(log);
	if (log >= 0)
		close(log);
	unlink(log_path);
	rmdir(folder);
	return r;
}
