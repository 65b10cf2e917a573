/*
 * The multicall binary: called as `ls` (a link) or as `anthill ls`.  The
 * command is the longest tail of argv[0] that is in the table, so that
 * /bin/ip/ipconfig is ip/ipconfig.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <base/str.h>
#define CMDS_TABLE
#include "cmds.h"

static const Cmd *find(const char *name)
{
	for (size_t i = 0; i < nelem(cmds); i++)
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	return NULL;
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

static int usage(FILE *f)
{
	fprintf(f, "usage: anthill command [arg ...]\ncommands:");
	for (size_t i = 0; i < nelem(cmds); i++)
		fprintf(f, " %s", cmds[i].name);
	fprintf(f, "\n`man anthill` tells what each does.\n");
	return f == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	const Cmd *c;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 1)
		return 2;
	c = bypath(argv[0]);
	if (c != NULL)
		return c->main(argc, argv);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout);
	c = find(argv[1]);
	if (c == NULL) {
		fprintf(stderr, "anthill: no command '%s'; `anthill --help` lists them\n", argv[1]);
		return 2;
	}
	return c->main(argc - 1, argv + 1);
}
