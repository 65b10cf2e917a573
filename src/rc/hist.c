#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/io.h>
#include "edit.h"
#include "sh.h"

enum { MAXHIST = 2000, MAXFILE = 4 << 20 };

static char *line[MAXHIST];
static int nline;
static bool loaded;

/* file gives the name of the history's file, owned by the caller, NULL if there is to be none. */
static char *file(void)
{
	const Value *h = var_value(var_get("history")), *home = var_value(var_get("home"));
	autofree char *lib = NULL;

	if (h != NULL)
		return h->v[0][0] != '\0' ? mem_str(h->v[0]) : NULL;
	if (home == NULL)
		return NULL;
	lib = mem_printf("%s/lib", home->v[0]);
	return child_isdir(lib) ? mem_printf("%s/rchistory", lib) : NULL;
}

static bool remember(const char *s)
{
	if (*s == '\0' || (nline > 0 && strcmp(line[nline - 1], s) == 0))
		return false;
	if (nline == MAXHIST) {
		free(line[0]);
		memmove(line, line + 1, (MAXHIST - 1) * sizeof line[0]);
		nline--;
	}
	line[nline++] = mem_str(s);
	return true;
}

static void load(void)
{
	autofree char *name = file(), *text = NULL;

	loaded = true;
	if (name != NULL)
		text = io_slurp(AT_FDCWD, name, MAXFILE, NULL);
	for (char *s = text, *e; s != NULL && *s != '\0'; s = e) {
		e = s + strcspn(s, "\n");
		if (*e != '\0')
			*e++ = '\0';
		remember(s);
	}
}

int hist_count(void)
{
	if (!loaded)
		load();
	return nline;
}

const char *hist_line(int i)
{
	return line[i];
}

void hist_add(const char *s)
{
	autofree char *name = NULL, *text = NULL;
	autofd int fd = -1;

	(void)hist_count();
	if (!remember(s))
		return;
	name = file();
	if (name == NULL)
		return;
	text = mem_printf("%s\n", s);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) /* a history that cannot be kept is no reason to bother anybody */
		(void)!io_writen(fd, text, strlen(text));
}

int hist_find(int i, const char *s)
{
	while (--i >= 0)
		if (strstr(line[i], s) != NULL)
			return i;
	return -1;
}
