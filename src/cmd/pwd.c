#include <stdlib.h>
#include <unistd.h>
#include <base/mem.h>
#include "cmds.h"
#include "tool.h"

int cmd_pwd(int argc, char **argv)
{
	autofree char *dir = NULL;
	Args a;

	args_init(&a, argc, argv, "pwd");
	if (args_flag(&a) != 0 || a.argc > 0)
		args_usage(&a);
	dir = getcwd(NULL, 0);
	if (dir == NULL)
		tool_oopsdie("current directory");
	puts(dir);
	return tool_end(0);
}
