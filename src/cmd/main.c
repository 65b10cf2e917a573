/*
 * The multicall binary: called as `ls` (a link) or as `anthill ls`.  The
 * command is the longest tail of argv[0] that is in the table, so that
 * /bin/ip/ipconfig is ip/ipconfig.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <os/errstr.h>
#include <os/spawn.h>
#include "cmds.h"

enum { Width = 79 }; /* of a terminal */

static char **args; /* main's */

static const Cmd *find(const char *name)
{
	for (const Cmd *c = cmds; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* typed finds the command that a word names; a suite's main program by the suite's name too: venti is venti/venti. */
static const Cmd *typed(const char *word)
{
	char twice[80];
	const Cmd *c = find(word);

	if (c != NULL || strchr(word, '/') != NULL || (size_t)snprintf(twice, sizeof twice, "%s/%s", word, word) >= sizeof twice)
		return c;
	return find(twice);
}

/* bypath finds the command that a link's path names. */
static const Cmd *bypath(const char *path)
{
	const char *base = path_base(path), *p = base;
	const Cmd *c = NULL;

	if (p > path) {
		for (p--; p > path && p[-1] != '/'; p--)
			;
		c = find(p);
	}
	return c != NULL ? c : find(base);
}

static int by_name(const void *a, const void *b)
{
	const Cmd *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int usage(FILE *f)
{
	const Cmd *list[512];
	size_t n = 0, col = Width;

	for (const Cmd *c = cmds; c->name != NULL && n < nelem(list); c++)
		list[n++] = c;
	qsort(list, n, sizeof list[0], by_name);
	fprintf(f, "usage: %s command [arg ...]\n       %s command --help\ncommands:", cmds_self, cmds_self);
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(list[i]->name) + 1;

		if (col + k > Width)
			fprintf(f, "\n\t%s", list[i]->name), col = 8 + k - 1;
		else
			fprintf(f, " %s", list[i]->name), col += k;
	}
	fprintf(f, "\n`man %s` (in the sources `man -l man/1/anthill.1`) tells what each does.\n", cmds_self);
	return f == stdout ? 0 : 2;
}

const Cmd *cmds_own(char ***argv)
{
	const Cmd *c = bypath((*argv)[0]);

	if (c == NULL && (*argv)[1] != NULL && (c = find((*argv)[1])) != NULL)
		++*argv;
	return c;
}

/* The kernel shows the bytes from main's first argument to the end of its last. */
void cmds_title(char **argv, const char *name)
{
	char *end = args[0], *from = argv[0];
	size_t n;

	proc_name(name);
	for (char **a = args; *a != NULL; a++) {
		if (*a != end)
			return;
		end += strlen(end) + 1;
	}
	n = (size_t)(end - from);
	memmove(args[0], from, n);
	memset(args[0] + n, 0, (size_t)(end - args[0]) - n);
	for (char **a = argv, *p = args[0]; *a != NULL; a++, p += strlen(p) + 1)
		*a = p;
}

int main(int argc, char **argv)
{
	const Cmd *c;

	signal(SIGPIPE, SIG_IGN);
	os_errstr(MTAB_DEVS "/c/errstr");
	args = argv;
	if (argc < 1)
		return 2;
	c = bypath(argv[0]);
	if (c != NULL)
		return c->main(argc, argv);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout);
	c = typed(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
	if (c == NULL) {
		fprintf(stderr, "%s: no command '%s'; `%s --help` lists them\n", cmds_self, argv[1], cmds_self);
		return 2;
	}
	return c->main(argc - 1, argv + 1);
}
