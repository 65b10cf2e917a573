#include <stdlib.h>
#include <base/mem.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

int cmd_cleanname(int argc, char **argv)
{
	Args a;
	const char *dir = ".";
	int k;

	args_init(&a, argc, argv, "cleanname [-d pwd] name ...");
	while ((k = args_flag(&a)) != 0) {
		if (k != 'd')
			args_usage(&a);
		dir = args_value(&a);
	}
	if (a.argc == 0)
		args_usage(&a);
	for (int i = 0; i < a.argc; i++) {
		autofree char *s = path_join(dir, a.argv[i]);

		puts(s);
	}
	return tool_end(0);
}
