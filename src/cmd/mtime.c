#include <os/file.h>
#include "cmds.h"
#include "tool.h"

int cmd_mtime(int argc, char **argv)
{
	Args a;
	FileInfo f;
	int bad = 0;

	args_init(&a, argc, argv, "mtime file ...");
	if (args_flag(&a) != 0 || a.argc == 0)
		args_usage(&a);
	for (int i = 0; i < a.argc; i++)
		if (file_stat(a.argv[i], &f) < 0) {
			tool_warn("%s", rerrstr());
			bad = 1;
		} else {
			printf("%11lld %s\n", (long long)(f.mtime / 1000000000), a.argv[i]);
		}
	return tool_end(bad);
}
