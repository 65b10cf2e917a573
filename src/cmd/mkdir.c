#include <string.h>
#include <base/str.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

int cmd_mkdir(int argc, char **argv)
{
	Args a;
	int k, bad = 0;
	bool parents = false;
	u64 mode = 0777;
	FileInfo f;

	args_init(&a, argc, argv, "mkdir [-p] [-m mode] dir ...");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'p':
			parents = true;
			break;
		case 'm':
			if (str_u64(args_value(&a), 8, 0777, &mode) < 0)
				args_usage(&a);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc == 0)
		args_usage(&a);
	for (int i = 0; i < a.argc; i++) {
		int r = 0;

		if (!parents && file_lstat(a.argv[i], &f) == 0)
			r = werrstr("%s already exists", a.argv[i]);
		else if ((parents ? file_mkdirs : file_mkdir)(a.argv[i], (u32)mode) < 0)
			r = werrstr("can't create %s", rerrstr());
		if (r < 0)
			tool_warn("%s", rerrstr());
		bad |= r < 0;
	}
	return bad;
}
