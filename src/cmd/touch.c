#include <fcntl.h>
#include <unistd.h>
#include <os/clock.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

static int touch(const char *path, i64 when, bool create)
{
	FileInfo f;

	if (create && file_stat(path, &f) < 0) {
		autofd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return os_werr("cannot create %s", path);
	}
	return file_times(path, FILENOTIME, when);
}

int cmd_touch(int argc, char **argv)
{
	Args a;
	bool create = true;
	i64 when = clock_wallns();
	int k, bad = 0;

	args_init(&a, argc, argv, "touch [-c] [-t time] file ...");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'c':
			create = false;
			break;
		case 't':
			when = args_number(&a, 0, INT64_MAX / 1000000000) * 1000000000;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc == 0)
		args_usage(&a);
	for (int i = 0; i < a.argc; i++)
		if (touch(a.argv[i], when, create) < 0) {
			tool_warn("%s", rerrstr());
			bad = 1;
		}
	return bad;
}
