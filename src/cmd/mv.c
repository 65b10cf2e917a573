#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include "cmds.h"
#include "copy.h"
#include "tool.h"

/* Across file systems (and for a union's copies, which say the same) a file is copied and then removed. */
static int move(const char *from, const char *to)
{
	FileInfo f;

	if (file_lstat(from, &f) < 0)
		return -1;
	if (f.type != 'd' && copy_isdir(to))
		return werrstr("%s is a directory", to);
	if (copy_same(from, to) && f.type != 'l')
		return werrstr("%s and %s are the same file", from, to);
	if (rename(from, to) == 0)
		return 0;
	os_werr("can't move %s to %s", from, to);
	if (strstr(rerrstr(), errtext(Exdev)) == NULL)
		return -1;
	if (f.type != '-')
		return werrstr("%s: only files can be moved to another file system", from);
	if (copy_file(from, to, CopyTimes | CopyMode) < 0)
		return -1;
	return unlink(from) < 0 ? os_werr("can't remove %s", from) : 0;
}

int cmd_mv(int argc, char **argv)
{
	Args a;
	const char *to;
	bool todir;
	int bad = 0;

	args_init(&a, argc, argv, "mv from to or mv from ... dir");
	if (args_flag(&a) != 0 || a.argc < 2)
		args_usage(&a);
	to = a.argv[a.argc - 1];
	todir = copy_isdir(to);
	if (a.argc > 2 && !todir)
		tool_die("%s is not a directory", to);
	for (int i = 0; i < a.argc - 1; i++) {
		autofree char *dst = copy_target(a.argv[i], to, todir);

		if (move(a.argv[i], dst) < 0) {
			tool_warn("%s", rerrstr());
			bad = 1;
		}
	}
	return bad;
}
