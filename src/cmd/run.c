/*
 * anthill run: an unmodified Linux program with an address of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <node/sup.h>
#include "cmds.h"
#include "gridcmd.h"
#include "tool.h"

extern char **environ;

/*
 * missing says that there is no such program on the host, and so none in the program's view of it; to be known before
 * an address is asked for, which can take long.
 */
static bool missing(const char *name)
{
	const char *path = getenv("PATH");
	autofree char *copy = mem_str(path ? path : "/usr/bin:/bin");
	char *save = NULL;

	if (strchr(name, '/') != NULL)
		return access(name, F_OK) < 0;
	for (char *d = strtok_r(copy, ":", &save); d != NULL; d = strtok_r(NULL, ":", &save)) {
		autofree char *file = mem_printf("%s/%s", d, name);

		if (access(file, F_OK) == 0)
			return false;
	}
	return true;
}

int cmd_run(int argc, char **argv)
{
	static char word[] = "run", none[] = "";
	char *head[4] = { word, none, none, none };
	GridExec x = { .head = head, .nhead = 4, .env = environ };
	const char *grid = NULL;
	Args a;
	int c;

	args_init(&a, argc, argv,
		  "anthill run [-tw] [-g grid] [-s segment] [-a none | -a address/bits [-G gateway]] [-x name=value] -- command [arg ...]");
	while ((c = args_flag(&a)) != 0) {
		if (c == 'g')
			grid = args_value(&a);
		else if (c == 's')
			head[1] = args_value(&a);
		else if (c == 'a')
			head[2] = args_value(&a);
		else if (c == 'G')
			head[3] = args_value(&a);
		else if (c == 'x') {
			char *v = args_value(&a);

			if (strchr(v, '=') == NULL || putenv(v) != 0)
				args_usage(&a);
		} else if (c == 't')
			x.tty = true;
		else if (c == 'w')
			x.writable = true;
		else
			args_usage(&a);
	}
	if (a.argc < 1 || (*head[3] && (!*head[2] || strcmp(head[2], "none") == 0)))
		args_usage(&a);
	x.argv = a.argv;
	x.env = environ;
	c = gridcmd_dial(grid);
	if (!*head[2] && missing(a.argv[0])) {
		tool_warn("%s: file does not exist", a.argv[0]);
		return 127;
	}
	if ((c = grid_exec(c, &x)) < 0) {
		tool_warn("%s", rerrstr());
		return 127;
	}
	return c;
}
