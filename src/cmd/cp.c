#include <stdlib.h>
#include <base/mem.h>
#include "cmds.h"
#include "copy.h"
#include "tool.h"

int cmd_cp(int argc, char **argv)
{
	Args a;
	int k, flags = 0, bad = 0;
	const char *to;
	bool todir;

	args_init(&a, argc, argv, "cp [-gux] from to or cp [-gux] from ... dir");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'g':
			flags |= CopyGroup;
			break;
		case 'u':
			flags |= CopyUser | CopyGroup;
			break;
		case 'x':
			flags |= CopyTimes | CopyMode;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc < 2)
		args_usage(&a);
	to = a.argv[a.argc - 1];
	todir = copy_isdir(to);
	if (a.argc > 2 && !todir)
		tool_die("%s is not a directory", to);
	for (int i = 0; i < a.argc - 1; i++) {
		autofree char *dst = copy_target(a.argv[i], to, todir);

		if (copy_file(a.argv[i], dst, flags) < 0) {
			tool_warn("%s", rerrstr());
			bad = 1;
		}
	}
	return bad;
}
