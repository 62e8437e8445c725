/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code from assembly text: found as the build made it, or made now; see asm.h. */
#include "script/asm.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what the linker made ---- */

struct file {
	uint8_t *bytes;
	size_t size;
};

#define MOST_BYTES (16 << 20)

static int read_file(const char *path, struct file *out)
{
	FILE *in = fopen(path, "re");
	int r = 0;

	*out = (struct file){0};
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
static const void *part(const struct file *f, uint64_t offset, uint64_t size)
{
	return offset <= f->size && size <= f->size - offset ? f->bytes + offset : NULL;
}

static int take_segments(const struct file *f, const Elf64_Ehdr *head, uint64_t at,
			 struct asm_code *out)
{
	const Elf64_Phdr *p = part(f, head->e_phoff, (uint64_t)head->e_phnum * sizeof(*p));
	uint64_t end = at;

	for (unsigned int i = 0; p && i < head->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_vaddr < at || p[i].p_memsz > MOST_BYTES ||
		    p[i].p_vaddr - at > MOST_BYTES || p[i].p_filesz > p[i].p_memsz ||
		    !part(f, p[i].p_offset, p[i].p_filesz))
			return -EINVAL;
		if (p[i].p_vaddr + p[i].p_memsz > end)
			end = p[i].p_vaddr + p[i].p_memsz;
	}
	out->size = end - at;
	out->bytes = calloc(1, out->size + 1);
	if (!out->bytes)
		return -ENOMEM;
	for (unsigned int i = 0; p && i < head->e_phnum; i++) {
		if (p[i].p_type == PT_LOAD)
			memcpy(out->bytes + (p[i].p_vaddr - at),
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

static int take_symbols(const struct file *f, const Elf64_Ehdr *head, struct asm_code *out)
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
			out->symbols[out->nr_symbols++] = (struct asm_symbol){
				.name = strdup(name),
				.value = symbols[k].st_value,
			};
		}
		return out->symbols ? 0 : -ENOMEM;
	}
	return 0;
}

/* -EINVAL for a file that is none of ours, or for another address. */
static int take_elf(const char *path, uint64_t at, struct asm_code *out)
{
	struct file f;
	int r = read_file(path, &f);
	const Elf64_Ehdr *head = r ? NULL : part(&f, 0, sizeof(*head));

	*out = (struct asm_code){0};
	if (!r && (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
		   head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_entry != at))
		r = -EINVAL;
	if (!r)
		r = take_segments(&f, head, at, out);
	if (!r)
		r = take_symbols(&f, head, out);
	if (r)
		asm_free(out);
	free(f.bytes);
	return r;
}

void asm_free(struct asm_code *code)
{
	for (unsigned int i = 0; i < code->nr_symbols; i++)
		free(code->symbols[i].name);
	free(code->symbols);
	free(code->bytes);
	*code = (struct asm_code){0};
}

/* ---- what the build has made ---- */

/* Seen from the folder of this program: in the build's tree, installed, in a lab; there also of scripts that were brought. */
static const char *const places[] = {"code", "../../lib/kvmbed/code", "../lib/kvmbed/code",
				     "../lib/kvmbed/code.own"};

/* Is @path.s this text, and @path.elf made for this address? -ENOENT if there is no such file, otherwise -EINVAL for no. */
static int take_prebuilt(const char *path, const char *text, uint64_t at, struct asm_code *out)
{
	char name[PATH_MAX * 2];
	struct file f;
	bool same;

	snprintf(name, sizeof(name), "%s.s", path);
	if (read_file(name, &f) || !f.bytes) {
		free(f.bytes);
		return -ENOENT;
	}
	same = f.size == strlen(text) && !memcmp(f.bytes, text, f.size);
	free(f.bytes);
	snprintf(name, sizeof(name), "%s.elf", path);
	return same && !take_elf(name, at, out) ? 0 : -EINVAL;
}

/* The folder "ID" has N.s, the texts as they stand in the script, and N.elf. */
static int find_prebuilt(const char *text, uint64_t at, const char *id, struct asm_code *out)
{
	char self[PATH_MAX], path[PATH_MAX * 2 - 8];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int r = -ENOENT;

	while (n > 0 && self[n - 1] != '/')
		n--;
	for (unsigned int i = 0; *id && n > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		unsigned int number = 1;

		do {
			snprintf(path, sizeof(path), "%.*s%s/%s/%u", (int)n, self, places[i], id,
				 number++);
			r = take_prebuilt(path, text, at, out);
		} while (r == -EINVAL);
		if (!r)
			break;
	}
	return r;
}

/* ---- making it now ---- */

static int run_tool(char *const argv[], int output)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		dup2(output, 1);
		dup2(output, 2);
		execvp(argv[0], argv);
		dprintf(2, "cannot start %s: %s (the package binutils has it)\n", argv[0],
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

/* The line of the script at which @text begins; 1 if it is not found there. */
static int line_of(const char *script, const char *text)
{
	struct file f;
	const char *begin;
	int line = 1;

	if (read_file(script, &f) || !f.bytes)
		return line;
	begin = strstr((const char *)f.bytes, text);
	for (const char *at = (const char *)f.bytes; begin && at < begin; at++)
		line += *at == '\n';
	free(f.bytes);
	return line;
}

static int assemble(const char *folder, const char *text, uint64_t at, const char *script,
		    const char *option, struct asm_code *out, int log)
{
	char source[PATH_MAX], object[PATH_MAX], linked[PATH_MAX], place[64], entry[32];
	char *as[] = {"as", "-o", object, source, (char *)option, NULL};
	char *ld[] = {"ld",
		      "-N",
		      "--build-id=none",
		      "--no-warn-rwx-segments",
		      place,
		      "-e",
		      entry,
		      "-o",
		      linked,
		      object,
		      NULL};
	FILE *f;
	int r;

	snprintf(source, sizeof(source), "%s/code.s", folder);
	snprintf(object, sizeof(object), "%s/code.o", folder);
	snprintf(linked, sizeof(linked), "%s/code.elf", folder);
	snprintf(place, sizeof(place), "-Ttext=0x%" PRIx64, at);
	snprintf(entry, sizeof(entry), "0x%" PRIx64, at);
	f = fopen(source, "we");
	if (!f)
		return -errno;
	/* Errors are to be told at the script's line. */
	fprintf(f, "# %d \"%s\"\n%s\n", line_of(script, text), script, text);
	if (fclose(f))
		return -EIO;
	r = run_tool(as, log);
	if (!r)
		r = run_tool(ld, log);
	if (!r)
		r = take_elf(linked, at, out);
	unlink(source);
	unlink(object);
	unlink(linked);
	return r;
}

static char *read_log(int log)
{
	char text[4096];
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strdup(text);
}

int asm_make(const char *text, uint64_t at, const char *id, const char *path, const char *option,
	     struct asm_code *out, char **messages)
{
	char folder[] = "/tmp/kvmbed-asm.XXXXXX", log_path[sizeof(folder) + 8];
	int log, r;

	*messages = NULL;
	if (!find_prebuilt(text, at, id, out))
		return 0;
	if (!mkdtemp(folder))
		return -errno;
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	log = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	r = log < 0 ? -errno : assemble(folder, text, at, path, option, out, log);
	if (r && log >= 0)
		*messages = read_log(log);
	if (log >= 0)
		close(log);
	unlink(log_path);
	rmdir(folder);
	return r;
}
