#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include "edit.h"
#include "sh.h"

/* start finds where the word that ends at n begins, and whether it is in quotes. */
static size_t start(const char *s, size_t n, bool *quoted)
{
	size_t from = 0;

	*quoted = false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\'') {
			*quoted = !*quoted;
			if (*quoted)
				from = i + 1;
		} else if (!*quoted && strchr(" \t;&|^=`{}()<>", s[i]) != NULL) {
			from = i + 1;
		}
	}
	return from;
}

/* common shortens a to what it has in common with b. */
static void common(char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	/* not in the middle of a rune */
	while (((u8)*a & 0xc0) == 0x80 || ((u8)*b & 0xc0) == 0x80) {
		a--;
		b--;
	}
	*a = '\0';
}

/* scan collects the entries of dir that begin with pre: their number, *best what they share, all their list. */
static int scan(const char *dir, const char *pre, char **best, Buf *all)
{
	char *path = sh_path(dir);
	DIR *d = path != NULL ? opendir(path) : NULL;
	struct dirent *e;
	int n = 0;

	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (!str_prefix(e->d_name, pre) || (e->d_name[0] == '.' && pre[0] != '.'))
			continue;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (n++ == 0)
			*best = mem_str(e->d_name);
		else
			common(*best, e->d_name);
		buf_printf(all, "%s ", e->d_name);
	}
	closedir(d);
	return n;
}

int complete_word(const char *line, size_t n, size_t *from, char **text, char **all)
{
	bool quoted;
	size_t at = start(line, n, &quoted);
	autofree char *word = mem_strn(line + at, n - at), *best = NULL, *dir = NULL, *full = NULL;
	autobuf Buf list = { 0 }, out = { 0 };
	char *slash = strrchr(word, '/'), *pre = slash != NULL ? slash + 1 : word;
	Frame fr = frame_enter();
	int found;

	dir = slash != NULL ? mem_strn(word, (size_t)(slash - word) + 1) : mem_str("");
	found = scan(dir[0] != '\0' ? dir : ".", pre, &best, &list);
	if (found > 0) {
		full = mem_printf("%s%s", dir, best);
		if (full[0] != '\0' || quoted) /* nothing in common is not the empty word */
			word_quote(&out, full);
		if (quoted)
			at--;
		if (found > 1 && out.n > 0 && out.p[0] == '\'')
			out.p[--out.n] = '\0'; /* more is to come */
		else if (found == 1)
			buf_ch(&out, child_isdir(sh_path(full) != NULL ? sh_path(full) : full) ? '/' : ' ');
		/* a quoted folder: the quote is to be closed behind what follows */
		if (found == 1 && out.p[0] == '\'' && out.p[out.n - 1] == '/') {
			out.p[out.n - 2] = '/';
			out.p[--out.n] = '\0';
		}
	}
	frame_leave(fr);
	*from = at;
	*text = buf_take(&out);
	*all = buf_take(&list);
	return found;
}
